#include "verify/fleet.h"

#include <stdio.h>

#include "lib/text.h"
#include "verify/statements.h"

#define CHECKPOINT_FILE "fleet/checkpoint"
#define SINK_STEP_US    1000000
#define PUBLISH_LATE_US (10u * 1000 * 1000)

void fleet_check_init(struct fleet_check *k, const struct genesis *g, struct span genesis_bytes,
                      struct findings *f, struct hosts *hosts, struct fleet_tree *tree, struct tiles *tiles)
{
	*k = (struct fleet_check){ .genesis = g,
		                   .genesis_bytes = genesis_bytes,
		                   .findings = f,
		                   .hosts = hosts,
		                   .tree = tree,
		                   .tiles = tiles };
	fleet_log_name(g->fleet, k->name);
}

void fleet_check_done(struct fleet_check *k)
{
	buf_done(&k->note);
	buf_done(&k->notes);
	buf_done(&k->published_note);
	free(k->pending);
}

/* From here on roots can't fit, and hosts' fleet heads can't be compared. */
static void break_tree(struct fleet_check *k)
{
	k->broken = true;
	k->hosts->tree = NULL;
}

static void check_index(struct fleet_check *k, const struct place *at, uint64_t index)
{
	struct place here = *at;
	if (index == k->next_index)
		return;
	if (index > k->next_index) {
		here.first = k->next_index;
		here.last = index - 1;
		find(k->findings, VERDICT_MISSING, &here, "entries of the fleet log are gone");
	} else {
		find(k->findings, VERDICT_ALTERED, &here, "a fleet entry is out of place: %llu was due",
		     (unsigned long long)k->next_index);
	}
	break_tree(k);
}

static int take_statement(struct fleet_check *k, const struct place *at, const struct fleet_entry *e,
                          uint64_t index)
{
	size_t hosts = k->hosts->count;
	k->statements++;
	if (index == 0) {
		if (!span_equal(e->note, k->genesis_bytes))
			find(k->findings, VERDICT_FORKED, at,
			     "the fleet log begins with another genesis statement");
		return 0;
	}
	int r = statements_take(k->hosts, at, e->note, index, e->time_us);
	k->enrolments += k->hosts->count - hosts;
	return r;
}

static void take_boot_id(struct fleet_check *k, struct span detail)
{
	static const char word[] = "boot=";
	const uint8_t *at = detail.len ? memmem(detail.data, detail.len, word, strlen(word)) : NULL;
	if (!at)
		return;
	char hex[32];
	size_t n = 0;
	for (at += strlen(word); at < detail.data + detail.len && n < sizeof(hex) && *at != ' '; at++) {
		if (*at != '-')
			hex[n++] = (char)*at;
	}
	struct hosts *h = k->hosts;
	uint8_t id[16];
	if (text_hex_exact((struct span){ (const uint8_t *)hex, n }, id, sizeof(id)) < 0)
		return;
	size_t slot = MIN(h->sink_boots, ARRAY_SIZE(h->sink_boot_id) - 1);
	if (slot < h->sink_boots)
		memmove(h->sink_boot_id[0], h->sink_boot_id[1], sizeof(h->sink_boot_id) - sizeof(id));
	else
		h->sink_boots++;
	memcpy(h->sink_boot_id[slot], id, sizeof(id));
}

/* A host's label or origin at the head of a detail. */
static struct log_host *named_host(const struct fleet_check *k, struct span detail)
{
	struct span rest;
	struct span word = text_split(detail, ' ', &rest);
	struct origin o;
	if (origin_parse(word, &o) == 0)
		return hosts_find(k->hosts, o.host);
	char label[LABEL_MAX + 1] = "";
	if (!label_ok(word))
		return NULL;
	memcpy(label, word.data, word.len);
	return hosts_find(k->hosts, label);
}

/* The log goes on under another name, from what the copy had. */
static int take_restored(struct fleet_check *k, const struct place *at, struct span detail)
{
	struct restored r;
	struct hash root;
	struct key key;
	if (restored_parse(detail, &k->genesis->log, &r) < 0 ||
	    generation_key(&k->genesis->log, r.generation, &key) < 0) {
		find(k->findings, VERDICT_MALFORMED, at, "the entry that the sink was restored is malformed");
		return 0;
	}
	if (r.former != generations_newest(&k->hosts->generations) || r.size != at->first)
		find(k->findings, VERDICT_ALTERED, at,
		     "the entry that the sink was restored does not fit its place");
	int e = k->broken || r.size > fleet_tree_size(k->tree) ? 0 : fleet_tree_root(k->tree, r.size, &root);
	if (e < 0)
		return e;
	if (!k->broken && r.size <= fleet_tree_size(k->tree) && !hash_equal(&root, &r.root))
		find(k->findings, VERDICT_ALTERED, at,
		     "the entry that the sink was restored names another log than the one before it");
	if (generations_add(&k->hosts->generations, &r) < 0) {
		find(k->findings, VERDICT_MALFORMED, at,
		     "the sink was restored more often than is kept here");
		return 0;
	}
	find(k->findings, VERDICT_REMARK, at,
	     "the sink was restored from a copy of %llu fleet entries: generation %llu begins",
	     (unsigned long long)r.size, (unsigned long long)r.generation);
	memcpy(k->name, key.name, sizeof(k->name));
	return 0;
}

static int take_sink(struct fleet_check *k, const struct place *at, const struct fleet_entry *e)
{
	struct log_host *host = named_host(k, e->detail);
	k->others++;
	k->stopped = e->what == SINK_STOPPED;
	if (e->what == SINK_STARTED) {
		take_boot_id(k, e->detail);
		k->hosts->sink_started_us = e->time_us;
	}
	if (e->what == SINK_RESTORED)
		return take_restored(k, at, e->detail);
	if (e->what == SINK_FORK_REFUSED)
		host_find(k->hosts, host, VERDICT_FORKED, at, "host %s: the sink refused a second history",
		          host ? host->label : "(unnamed)");
	return 0;
}

/* Step 4. */
static int take_commit(struct fleet_check *k, const struct place *at, const struct fleet_entry *e,
                       const struct fleet_record *record, uint64_t group)
{
	struct cursor c = record->heads;
	struct record_head head;
	struct span before = { 0 };
	struct frontier tree = { 0 };
	bool sorted = true;
	k->commits++;
	while (record_next_head(&c, &head)) {
		struct hash leaf;
		if (head.origin.len == 0 || head.origin.len > ORIGIN_MAX || head.size > INT64_MAX) {
			find(k->findings, VERDICT_MALFORMED, at, "a commit names something that is no head");
			return 0;
		}
		int order = memcmp(before.data ? before.data : head.origin.data, head.origin.data,
		                   MIN(before.len, head.origin.len));
		sorted = sorted && (order < 0 || (order == 0 && before.len < head.origin.len));
		before = head.origin;
		commit_leaf(head.origin, head.size, &head.root, &leaf);
		frontier_add(&tree, &leaf);
		int r = coverage_head(k->hosts, at, &head, record->index, group);
		if (r < 0)
			return r;
	}
	struct hash root;
	frontier_root(&tree, &root);
	if (!sorted)
		find(k->findings, VERDICT_ALTERED, at, "the commit's heads are not in order");
	if (tree.size != e->heads || !hash_equal(&root, &e->root))
		find(k->findings, VERDICT_ALTERED, at, "the commit's heads do not make its root");
	return 0;
}

/* The sink's clock, by which silence and lateness are judged. */
static void check_clock(struct fleet_check *k, const struct place *at, uint64_t time_us)
{
	if (k->last_time_us > time_us && k->last_time_us - time_us > SINK_STEP_US)
		find(k->findings, VERDICT_CLOCK, at, "the sink's clock went back by %llu s",
		     (unsigned long long)((k->last_time_us - time_us) / 1000000));
	k->last_time_us = time_us;
	k->time_us = MAX(k->time_us, time_us);
	k->hosts->time_us = time_us;
}

static int take_entry(struct fleet_check *k, const struct place *at, const struct fleet_record *record,
                      uint64_t group)
{
	struct fleet_entry e;
	if (fleet_parse_entry(record->entry, &e) < 0) {
		find(k->findings, VERDICT_MALFORMED, at, "not a fleet log entry");
		return 0;
	}
	check_clock(k, at, e.time_us);
	if (record->index == k->published.size)
		k->uncovered_time_us = e.time_us;
	if (record->index == 0 && e.kind != FLEET_STATEMENT)
		find(k->findings, VERDICT_FORKED, at,
		     "the fleet log does not begin with the genesis statement");
	if (e.kind != FLEET_COMMIT && record->head_count)
		find(k->findings, VERDICT_ALTERED, at, "heads beside an entry that is no commit");
	k->stopped = false;
	switch (e.kind) {
	case FLEET_COMMIT:
		return take_commit(k, at, &e, record, group);
	case FLEET_STATEMENT:
		return take_statement(k, at, &e, record->index);
	case FLEET_SINK:
		return take_sink(k, at, &e);
	case FLEET_ANNOUNCE:
		k->others++;
		return announced_take(k->hosts, at, e.note, record->index);
	case FLEET_READ:
	case FLEET_ALERT:
		k->others++;
		return 0;
	default:
		find(k->findings, VERDICT_MALFORMED, at, "a fleet log entry of an unknown type");
		return 0;
	}
}

static int take_note(struct fleet_check *k, const struct place *at, const struct fleet_record *record)
{
	struct note n;
	struct checkpoint c;
	struct hash root;
	k->notes_seen++;
	int r = fleet_keep_note(k, at, record);
	/* One that can't be read has no good signature either. */
	if (r < 0 || note_parse(record->note, &n) < 0 || checkpoint_parse(n.text, &c) < 0)
		return r;
	if (!span_is(c.origin, k->name))
		find(k->findings, VERDICT_WRONGLY_SEALED, at, "the checkpoint bears the name of another log");
	if (c.size != record->index + 1)
		find(k->findings, VERDICT_ALTERED, at, "the checkpoint's size %llu does not fit its place",
		     (unsigned long long)c.size);
	if (k->broken || c.size != fleet_tree_size(k->tree))
		return 0;
	frontier_root(fleet_tree_frontier(k->tree), &root);
	if (!hash_equal(&root, &c.root)) {
		find(k->findings, VERDICT_ALTERED, at, "the entries do not hash to the checkpoint's root");
		break_tree(k);
	}
	return 0;
}

static int grow(struct fleet_check *k, struct span entry)
{
	struct hash leaf;
	if (k->broken)
		return 0;
	merkle_leaf(entry, &leaf);
	int r = fleet_tree_add(k->tree, &leaf);
	if (r == 0 && k->tiles)
		r = tiles_add(k->tiles, entry, &leaf);
	return r;
}

int fleet_check_record(struct fleet_check *k, const struct place *at, struct span payload, uint64_t group,
                       bool *ret_note)
{
	struct fleet_record record;
	struct place here = *at;
	*ret_note = false;
	if (fleet_record_parse(payload, &record) < 0 || record.index > INT64_MAX) {
		find(k->findings, VERDICT_ALTERED, at, "not a fleet record");
		break_tree(k);
		return 0;
	}
	here.origin = k->name;
	here.has_index = true;
	here.first = here.last = record.index;
	check_index(k, &here, record.index);
	k->next_index = record.index + 1;
	int r = grow(k, record.entry);
	if (r == 0)
		r = take_entry(k, &here, &record, group);
	*ret_note = record.note.data != NULL;
	if (r == 0 && record.note.data)
		r = take_note(k, &here, &record);
	return r;
}

void fleet_check_expect(struct fleet_check *k, struct span note)
{
	struct note n;
	struct checkpoint c;
	if (note_parse(note, &n) < 0 || checkpoint_parse(n.text, &c) < 0 ||
	    generation_parse(c.origin, &k->genesis->log, &c.generation) < 0) {
		find(k->findings, VERDICT_WRONGLY_SEALED, &(struct place){ .file = CHECKPOINT_FILE },
		     "the published checkpoint is not one of the fleet log");
		return;
	}
	buf_put(&k->published_note, note.data, note.len);
	k->published = c;
	k->published.origin = (struct span){ 0 };
	if (k->tiles)
		tiles_expect(k->tiles, c.size);
}

/* Tiles are written before the checkpoint that covers them, and both each second: a checkpoint that is
 * further behind was put back. */
static bool published_stale(const struct fleet_check *k, uint64_t size)
{
	uint64_t published = k->published.size;
	if (published == size)
		return false;
	if (k->stopped || (k->tiles && tiles_extent(k->tiles) > published))
		return true;
	return k->time_us > k->uncovered_time_us && k->time_us - k->uncovered_time_us > PUBLISH_LATE_US;
}

int fleet_check_finish(struct fleet_check *k)
{
	struct place at = { .file = CHECKPOINT_FILE, .origin = k->name };
	uint64_t size = fleet_tree_size(k->tree), published = k->published.size;
	struct span note = { k->published_note.data, k->published_note.len };
	if (buf_err(&k->published_note))
		return buf_err(&k->published_note);
	if (published > 0 && statements_check_note(k->hosts, note, published, 0, true) < 0) {
		find(k->findings, VERDICT_WRONGLY_SEALED, &at,
		     "the published checkpoint is not signed by the fleet log");
		return 0;
	}
	if (k->broken || published == 0)
		return 0;
	if (published > size) {
		find(k->findings, VERDICT_TRUNCATED, &at,
		     "the published checkpoint has size %llu, but only %llu entries are here",
		     (unsigned long long)published, (unsigned long long)size);
		return 0;
	}
	struct hash root;
	int r = fleet_tree_root(k->tree, published, &root);
	if (r < 0)
		return r;
	if (!hash_equal(&root, &k->published.root))
		find(k->findings, VERDICT_FORKED, &at,
		     "the published checkpoint has another root for size %llu",
		     (unsigned long long)published);
	if (k->published.generation != generations_at(&k->hosts->generations, published))
		find(k->findings, VERDICT_WRONGLY_SEALED, &at,
		     "the published checkpoint bears the name of another generation of the log");
	if (published_stale(k, size))
		find(k->findings, VERDICT_TRUNCATED, &at,
		     "the published checkpoint was put back to size %llu, behind the %llu entries that were "
		     "published",
		     (unsigned long long)published, (unsigned long long)size);
	return 0;
}
