#include "verify/store.h"

#include <fcntl.h>
#include <stdio.h>
#include <time.h>

#include "lib/env.h"
#include "verify/listing.h"
#include "verify/statements.h"
#include "verify/store_file.h"
#include "verify/window.h"

#define CHECKPOINT_FILE "fleet/checkpoint"

/* Tiles come before the checkpoint that covers them: so long may it take to follow. */
#define PUBLISH_WAIT_MS 2000
#define PUBLISH_STEP_MS 50

struct verifier {
	const struct verify_options *options;
	struct genesis genesis;
	struct findings findings;
	struct fleet_tree *tree;
	struct tiles *tiles;
	struct hosts hosts;
	struct fleet_check fleet;
	struct store_check check;
	struct witnessed witnessed;
};

static void verifier_done(struct verifier *v)
{
	fleet_check_done(&v->fleet);
	hosts_done(&v->hosts);
	tiles_free(v->tiles);
	fleet_tree_free(v->tree);
	findings_done(&v->findings);
}

static int verifier_init(struct verifier *v, const struct verify_options *o)
{
	v->options = o;
	int r = genesis_parse(o->anchor, &v->genesis);
	if (r < 0)
		return r == -ENOMEM ? r : -EKEYREJECTED;
	r = fleet_tree_new(&v->tree);
	if (r == 0)
		r = tiles_new(o->dirfd, &v->findings, &v->tiles);
	if (r == 0)
		r = hosts_init(&v->hosts, &v->genesis, &v->findings, v->tree, o->only);
	if (r < 0)
		return r;
	v->hosts.structure = o->structure;
	fleet_check_init(&v->fleet, &v->genesis, o->anchor, &v->findings, &v->hosts, v->tree, v->tiles);
	v->check = (struct store_check){
		.dirfd = o->dirfd,
		.findings = &v->findings,
		.hosts = &v->hosts,
		.fleet = &v->fleet,
		.jobs = o->jobs,
		.progress = o->progress,
		.progress_ctx = o->progress_ctx,
	};
	return 0;
}

/* What can't be read because of what it is, rather than because of trouble here. */
static bool is_odd(int r)
{
	return r == -ELOOP || r == -EINVAL || r == -EFBIG || r == -ENODATA || r == -ENXIO;
}

static int check_genesis(struct verifier *v)
{
	struct place at = { .file = "genesis" };
	cleanup_buf struct buf bytes = { 0 };
	int r = window_read_file(v->options->dirfd, "genesis", NOTE_MAX_BYTES, &bytes);
	if (r == -ENOENT) {
		find(&v->findings, VERDICT_MISSING, &at, "the store has no genesis statement");
		return 0;
	}
	if (r < 0 && !is_odd(r))
		return r;
	if (r < 0 || !span_equal((struct span){ bytes.data, bytes.len }, v->options->anchor))
		find(&v->findings, VERDICT_ALTERED, &at,
		     "not the genesis statement that was given as anchor");
	return 0;
}

static uint64_t published_size(struct span note)
{
	struct note n;
	struct checkpoint c;
	return note_parse(note, &n) == 0 && checkpoint_parse(n.text, &c) == 0 ? c.size : 0;
}

static int read_published(struct verifier *v, struct buf *note)
{
	buf_reset(note);
	int r = window_read_file(v->options->dirfd, CHECKPOINT_FILE, NOTE_MAX_BYTES, note);
	if (r < 0 && r != -ENOENT && !is_odd(r))
		return r;
	if (r < 0)
		buf_reset(note);
	return 0;
}

static void take_published(struct verifier *v, struct span note)
{
	fleet_check_expect(&v->fleet, note);
}

/* Under the key that the statements name for it, so only when all have been read. */
static void judge_published(struct verifier *v)
{
	uint64_t size = v->fleet.published.size;
	struct span note = { v->fleet.published_note.data, v->fleet.published_note.len };
	if (v->options->policy && size)
		witnessed_judge(v->options->policy, statements_log_key(&v->hosts, size), note,
		                CHECKPOINT_FILE, &v->findings, &v->witnessed);
}

static int check_published(struct verifier *v)
{
	cleanup_buf struct buf note = { 0 };
	int r = read_published(v, &note);
	for (int waited = 0; r == 0 && waited < PUBLISH_WAIT_MS; waited += PUBLISH_STEP_MS) {
		if (published_size((struct span){ note.data, note.len }) >= tiles_extent(v->tiles))
			break;
		nanosleep(&(struct timespec){ .tv_nsec = PUBLISH_STEP_MS * 1000 * 1000 }, NULL);
		r = read_published(v, &note);
	}
	if (r < 0)
		return r;
	if (note.len == 0)
		find(&v->findings, VERDICT_MISSING, &(struct place){ .file = CHECKPOINT_FILE },
		     "the published checkpoint is not there");
	else
		take_published(v, (struct span){ note.data, note.len });
	return 0;
}

static void report_gap(struct verifier *v, uint64_t first, uint64_t last)
{
	char path[STORE_PATH_MAX];
	store_path(true, first, path);
	find(&v->findings, VERDICT_MISSING, &(struct place){ .file = path },
	     "files number %llu to %llu of the store are gone", (unsigned long long)first,
	     (unsigned long long)last);
}

/* A journal that is a segment by now is read as that. */
static int check_file(struct verifier *v, const struct store_file *file, bool last)
{
	int r = store_file_check(&v->check, file->segment, file->number, last && !file->segment);
	if (r == -ENOENT && !file->segment)
		r = store_file_check(&v->check, true, file->number, false);
	if (r == -ENOENT) {
		report_gap(v, file->number, file->number);
		return 0;
	}
	if (r == 0 && file->segment && file->journal)
		r = store_file_spare(&v->check, file->number);
	return r;
}

static int check_files(struct verifier *v)
{
	cleanup_listing struct listing l = { 0 };
	int r = listing_read(v->options->dirfd, &v->findings, &l);
	bool journals = false;
	uint64_t next = 1;
	for (size_t i = 0; r == 0 && i < l.len; i++) {
		const struct store_file *file = &l.file[i];
		if (file->number != next)
			report_gap(v, next, file->number - 1);
		if (file->segment && journals) {
			char path[STORE_PATH_MAX];
			store_path(true, file->number, path);
			find(&v->findings, VERDICT_ALTERED, &(struct place){ .file = path },
			     "a segment behind a journal");
		}
		journals = journals || !file->segment;
		r = check_file(v, file, i + 1 == l.len);
		next = file->number + 1;
	}
	if (r == 0 && l.len == 0)
		find(&v->findings, VERDICT_MISSING, &(struct place){ 0 },
		     "the store has no journals and no segments");
	return r;
}

/* `<host>.<epoch>.<size>.<k>`: a host's name may hold dots, too. */
static struct span forked_host(const char *name)
{
	struct span s = { (const uint8_t *)name, strlen(name) };
	for (int parts = 0; parts < 3; parts++) {
		const uint8_t *dot = s.len ? memrchr(s.data, '.', s.len) : NULL;
		s.len = dot ? (size_t)(dot - s.data) : 0;
	}
	return s;
}

static void report_fork(struct verifier *v, const char *name)
{
	char file[FINDING_FILE_MAX];
	char label[LABEL_MAX + 1] = "";
	struct span host = forked_host(name);
	snprintf(file, sizeof(file), "forks/%.120s", name);
	if (label_ok(host))
		memcpy(label, host.data, host.len);
	host_find(&v->hosts, hosts_find(&v->hosts, label), VERDICT_FORKED,
	          &(struct place){ .file = file, .origin = label },
	          "the sink keeps a batch that it refused: a second history");
}

/* Step 10. */
static int check_forks(struct verifier *v)
{
	cleanup_free char *names = NULL;
	size_t len = 0;
	cleanup_close int fd =
	        openat(v->options->dirfd, "forks", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? 0 : -errno;
	int r = env_system()->list(env_system(), fd, &names, &len);
	for (const char *name = names; r == 0 && name && name < names + len; name += strlen(name) + 1) {
		if (!listing_is_unfinished(name))
			report_fork(v, name);
	}
	return r;
}

static int run(struct verifier *v)
{
	int r = check_genesis(v);
	if (r == 0)
		r = check_published(v);
	if (r == 0)
		r = check_files(v);
	if (r == 0)
		r = hosts_finish(&v->hosts);
	if (r == 0)
		r = fleet_check_finish(&v->fleet);
	if (r == 0)
		judge_published(v);
	if (r < 0)
		return r;
	if (!v->fleet.broken)
		tiles_finish(v->tiles);
	return check_forks(v);
}

int verify_store(const struct verify_options *o, struct report *ret)
{
	cleanup(verifier_done) struct verifier v = { 0 };
	cleanup_report struct report report = { .unwitnessed = true };
	int r = verifier_init(&v, o);
	if (r == 0)
		r = run(&v);
	if (r == 0)
		r = report_take_hosts(&report, &v.hosts, o->machine_boot_id);
	if (r < 0)
		return r;
	for (size_t i = 0; o->views && i < v.hosts.log_key_len; i++)
		views_trust(o->views, &v.hosts.log_key[i].key);
	if (o->views && !v.fleet.broken)
		r = views_add_store(o->views, o->input, TAKE_PTR(v.tree), &v.hosts.generations,
		                    (struct span){ v.fleet.note.data, v.fleet.note.len });
	if (r < 0)
		return r;
	report.structure = o->structure;
	report.witnessed = v.witnessed;
	report.unwitnessed = !v.witnessed.quorum;
	memcpy(report.fleet, v.genesis.fleet, sizeof(report.fleet));
	report.findings = v.findings;
	v.findings = (struct findings){ 0 };
	report.files = v.check.files;
	report.bytes = v.check.bytes;
	report.fleet_size = v.fleet.next_index;
	report.commits = v.fleet.commits;
	report.checkpoints = v.fleet.notes_seen;
	report.enrolments = v.fleet.enrolments;
	report.fleet_time_us = v.fleet.time_us;
	*ret = report;
	report = (struct report){ 0 };
	return 0;
}
