#include "verify/export.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "evidence/fleet.h"
#include "lib/env.h"
#include "verify/leaf_reader.h"
#include "verify/tiles.h"
#include "verify/window.h"

#define CHECKPOINT_FILE "fleet/checkpoint"

struct given {
	char host[LABEL_MAX + 1];
	struct key key;
};

struct work {
	const struct export_request *request;
	struct export_report *report;
	struct roll roll;
	struct given *given; /* identities, in the order of their statements */
	size_t given_count, given_cap;
	struct buf note;
	struct checkpoint head;
};

void export_report_done(struct export_report *r)
{
	findings_done(&r->findings);
	free(r->row);
}

static void work_done(struct work *w)
{
	roll_done(&w->roll);
	free(w->given);
	buf_done(&w->note);
}

static bool has(int dirfd, const char *path)
{
	return faccessat(dirfd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

bool looks_like_export(int dirfd)
{
	return has(dirfd, "genesis") && has(dirfd, CHECKPOINT_FILE) && has(dirfd, "fleet/policy") &&
	       !has(dirfd, "journal") && !has(dirfd, "segment");
}

static void fault(struct work *w, enum verdict v, const char *file, const char *why)
{
	find(&w->report->findings, v, &(struct place){ .file = file }, "%s", why);
}

static bool is_trouble(int r)
{
	return r == -ENOMEM || r == -EIO || r == -EACCES;
}

/* --- the fleet log */

static int give(struct work *w, const struct statement *s)
{
	if (w->given_count == w->given_cap) {
		size_t cap = MAX(w->given_cap * 2, (size_t)16);
		struct given *grown = reallocarray(w->given, cap, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		w->given = grown;
		w->given_cap = cap;
	}
	struct given *g = &w->given[w->given_count++];
	*g = (struct given){ .key = s->identity };
	memcpy(g->host, s->host, sizeof(g->host));
	return 0;
}

/* Who signs is asked here; in which order hosts may be spoken of, only of a store (section 15). */
static int take_statement(struct work *w, const struct fleet_entry *e, uint64_t index)
{
	struct statement s;
	struct standing nobody = { 0 };
	const struct log_point none = { 0 };
	int r = statement_parse(e->note, w->request->genesis, &s);
	if (r == -ENOMEM)
		return r;
	if (r < 0) {
		fault(w, VERDICT_WRONGLY_SEALED, "fleet", "a statement does not verify, and has no effect");
		return 0;
	}
	if (statement_gives_identity(s.kind))
		return give(w, &s);
	if (s.kind != STATEMENT_LOG_KEY || roll_refuses(&w->roll, &s, NULL, &none, e->time_us))
		return 0;
	return roll_take(&w->roll, &s, &nobody, index, e->time_us);
}

static int take_entry(struct work *w, struct span entry, uint64_t index)
{
	struct fleet_entry e;
	if (fleet_parse_entry(entry, &e) < 0) {
		fault(w, VERDICT_MALFORMED, "fleet", "not a fleet log entry");
		return 0;
	}
	if (index == 0 && (e.kind != FLEET_STATEMENT || !span_equal(e.note, w->request->anchor)))
		fault(w, VERDICT_FORKED, "fleet", "the fleet log begins with another genesis statement");
	return index > 0 && e.kind == FLEET_STATEMENT ? take_statement(w, &e, index) : 0;
}

static int walk_fleet(struct work *w, struct tiles *tiles, struct frontier *tree)
{
	cleanup_leaf_reader struct leaf_reader leaves = {
		.dirfd = w->request->dirfd, .folder = "fleet", .size = w->head.size, .bundles = true
	};
	int r = 0;
	while (r == 0 && leaves.at < leaves.size) {
		struct hash leaf;
		struct span entry;
		r = leaf_reader_next(&leaves, &leaf, &entry);
		if (r < 0)
			break;
		merkle_leaf(entry, &leaf); /* what the tile says is compared by tiles_add */
		frontier_add(tree, &leaf);
		r = tiles_add(tiles, entry, &leaf);
		if (r == 0)
			r = take_entry(w, entry, tree->size - 1);
	}
	return r;
}

static int check_signed(struct work *w)
{
	struct checkpoint c;
	struct policy_verdict verdict;
	struct span note = { w->note.data, w->note.len };
	if (checkpoint_verify_fleet(note, &w->roll.log, false, &c) < 0)
		fault(w, VERDICT_WRONGLY_SEALED, CHECKPOINT_FILE, "not signed by the fleet log");
	if (!w->request->policy)
		return 0;
	int r = policy_check(w->request->policy, note, &w->roll.log, &verdict);
	if (r == -ENOMEM)
		return r;
	w->report->witnessed = r == 0 && verdict.quorum && !policy_is_open(w->request->policy);
	if (r < 0 || !verdict.quorum)
		fault(w, VERDICT_UNWITNESSED, CHECKPOINT_FILE, "not cosigned as the policy asks");
	return 0;
}

static int check_fleet(struct work *w)
{
	static const char *const beside[] = { "policy" };
	const struct tiles_place where = { .folder = "fleet", .beside = beside, .beside_count = 1 };
	cleanup_tiles struct tiles *tiles = NULL;
	struct frontier tree = { 0 };
	struct hash root;
	int r = tiles_new_at(w->request->dirfd, &where, &w->report->findings, &tiles);
	if (r < 0)
		return r;
	tiles_expect(tiles, w->head.size);
	r = walk_fleet(w, tiles, &tree);
	if (is_trouble(r))
		return r;
	frontier_root(&tree, &root);
	if (r < 0)
		fault(w, VERDICT_MISSING, "fleet",
		      "a tile or bundle is gone, or not as long as it should be");
	else if (!hash_equal(&root, &w->head.root))
		fault(w, VERDICT_ALTERED, "fleet", "the entries do not make the checkpoint's root");
	else
		tiles_finish(tiles);
	w->report->fleet_size = tree.size;
	return check_signed(w);
}

/* --- hosts */

static int check_log(struct work *w, const struct origin *o)
{
	struct export_report *r = w->report;
	cleanup_free struct key *keys = calloc(w->given_count + 1, sizeof(*keys));
	size_t n = 0;
	if (!keys)
		return -ENOMEM;
	for (size_t i = 0; i < w->given_count; i++) {
		if (strcmp(w->given[i].host, o->host) == 0)
			keys[n++] = w->given[i].key;
	}
	if (r->row_count == r->row_cap) {
		size_t cap = MAX(r->row_cap * 2, (size_t)16);
		struct export_row *grown = reallocarray(r->row, cap, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		r->row = grown;
		r->row_cap = cap;
	}
	const struct export_host host = { .dirfd = w->request->dirfd,
		                          .origin = o,
		                          .identity = keys,
		                          .identity_count = n,
		                          .findings = &r->findings };
	return export_host_check(&host, &r->row[r->row_count++]);
}

static int list(int dirfd, const char *path, char **ret, size_t *ret_len)
{
	cleanup_close int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : env_system()->list(env_system(), fd, ret, ret_len);
}

static int check_host(struct work *w, const char *label)
{
	cleanup_free char *names = NULL;
	size_t len = 0;
	char path[LABEL_MAX + 8] = "host/", text[ORIGIN_MAX + 1];
	strncat(path, label, LABEL_MAX);
	int r = list(w->request->dirfd, path, &names, &len);
	if (r < 0 && !is_trouble(r)) {
		fault(w, VERDICT_ALTERED, path, "not a folder of a host's logs");
		return 0;
	}
	for (const char *name = names; r == 0 && name && name < names + len; name += strlen(name) + 1) {
		struct origin o;
		int n = snprintf(text, sizeof(text), "%s/host/%s/%s", w->request->genesis->fleet, label,
		                 name);
		struct span origin = { (const uint8_t *)text, (size_t)n };
		if (n < 0 || (size_t)n >= sizeof(text) || origin_parse(origin, &o) < 0)
			fault(w, VERDICT_ALTERED, path, "a name that is no epoch");
		else
			r = check_log(w, &o);
	}
	return r;
}

static int check_hosts(struct work *w)
{
	cleanup_free char *names = NULL;
	size_t len = 0;
	int r = list(w->request->dirfd, "host", &names, &len);
	if (r == -ENOENT)
		return 0;
	for (const char *name = names; r == 0 && name && name < names + len; name += strlen(name) + 1) {
		if (!label_ok(span_str(name)))
			fault(w, VERDICT_ALTERED, "host", "a name that is no host's");
		else if (!w->request->host || strcmp(w->request->host, name) == 0)
			r = check_host(w, name);
	}
	return r;
}

/* --- all of it */

static int open_export(struct work *w)
{
	cleanup_buf struct buf genesis = { 0 };
	struct note n;
	int r = window_read_file(w->request->dirfd, "genesis", NOTE_MAX_BYTES, &genesis);
	if (is_trouble(r))
		return r;
	if (r < 0 || !span_equal((struct span){ genesis.data, genesis.len }, w->request->anchor))
		fault(w, VERDICT_ALTERED, "genesis", "not the genesis statement that was given as anchor");
	r = window_read_file(w->request->dirfd, CHECKPOINT_FILE, NOTE_MAX_BYTES, &w->note);
	if (is_trouble(r))
		return r;
	if (r < 0 || note_parse((struct span){ w->note.data, w->note.len }, &n) < 0 ||
	    checkpoint_parse(n.text, &w->head) < 0) {
		fault(w, VERDICT_MISSING, CHECKPOINT_FILE, "no checkpoint of the fleet log");
		w->head.size = 0;
	}
	return 0;
}

int verify_export(const struct export_request *q, struct export_report *ret)
{
	cleanup_export_report struct export_report report = { 0 };
	cleanup(work_done) struct work w = { .request = q, .report = &report };
	roll_init(&w.roll, q->genesis);
	int r = open_export(&w);
	if (r == 0)
		r = check_fleet(&w);
	if (r == 0)
		r = check_hosts(&w);
	if (r < 0)
		return r;
	*ret = report;
	report = (struct export_report){ 0 };
	return 0;
}
