#include "sink/core.h"

#include <stdio.h>

#include "evidence/generation.h"

#include "sink/replay.h"
#include "sink/segment.h"
#include "sink/silence.h"
#include "sink/snapshot.h"

static struct core *core_new(const struct env *env, const struct core_options *options)
{
	struct core *c = calloc(1, sizeof(*c));
	if (!c)
		return NULL;
	c->env = env;
	c->options = *options;
	c->journal.fd = -1;
	c->store = (struct store){
		.env = env, .dir = -1, .journal = -1, .segment = -1, .fleet = -1, .forks = -1, .lock = -1
	};
	return c;
}

void core_free(struct core *c)
{
	if (!c)
		return;
	commit_done(&c->commit);
	fleet_log_done(&c->log);
	hosts_done(&c->hosts);
	roll_done(&c->roll);
	if (c->journal.fd >= 0)
		journal_done(&c->journal);
	store_done(&c->store);
	chain_scratch_free(c->scratch);
	buf_done(&c->cosigned);
	free(c);
}

const struct signer *core_signer(const struct core *c, const struct key *k)
{
	const struct signer *own[] = { c->options.signer, c->options.next_signer };
	for (size_t i = 0; i < ARRAY_SIZE(own); i++) {
		if (own[i] && key_equal(&own[i]->key, k))
			return own[i];
	}
	return NULL;
}

void core_freep(struct core **c)
{
	core_free(*c);
}

static int put_snapshot(const struct core *c, struct buf *b)
{
	struct snapshot s = { .fleet = c->log.frontier, .note = { c->log.note.data, c->log.note.len } };
	snapshot_put(b, &s, &c->hosts, &c->roll);
	return buf_err(b);
}

static int begin_store(struct core *c)
{
	cleanup_free char *names = NULL;
	cleanup_buf struct buf snapshot = { 0 };
	size_t len;
	/* A fleet log without a journal is a store that lost something, not a new one. */
	int r = c->env->list(c->env, c->store.fleet, &names, &len);
	if (r == 0 && len > 0)
		r = -EBADMSG;
	if (r == 0)
		r = put_snapshot(c, &snapshot);
	return r < 0 ? r
	             : journal_create(c->env, c->store.journal, 1,
	                              (struct span){ snapshot.data, snapshot.len });
}

/* Crash window of a rewrite: the segment is whole, for it got its name last, and the journal is still there.
 */
static int drop_rewritten(struct core *c, uint64_t first, uint64_t last)
{
	int r = first <= last ? c->env->dirsync(c->env, c->store.segment) : 0;
	for (uint64_t n = first; r == 0 && n <= last; n++)
		r = core_drop_journal(c, n);
	return r;
}

/* Which journals there are; *ret_newest is the one to go on with. */
static int find_journals(struct core *c, uint64_t *ret_newest)
{
	uint64_t first = 0, newest = 0, first_segment = 0, segments = 0;
	int r = store_numbers(c->env, c->store.journal, JOURNAL_SUFFIX, &first, &newest);
	if (r == 0)
		r = store_numbers(c->env, c->store.segment, SEGMENT_SUFFIX, &first_segment, &segments);
	if (r < 0)
		return r;
	if (first_segment > 1)
		return -EBADMSG;
	if (newest == 0 && segments == 0) {
		c->first_closed = *ret_newest = 1;
		return begin_store(c);
	}
	if (first == 0 || first > segments + 1 || newest <= segments)
		return -EBADMSG;
	c->first_closed = segments + 1;
	*ret_newest = newest;
	return drop_rewritten(c, first, segments);
}

static void mark_heard(struct core *c)
{
	for (size_t i = 0; i < c->hosts.count; i++)
		c->hosts.row[i]->heard_us = c->env->boot_us(c->env);
}

static int plan_genesis(struct core *c)
{
	if (c->log.frontier.size > 0)
		return 0;
	struct fleet_entry e = { .kind = FLEET_STATEMENT,
		                 .time_us = c->env->wall_us(c->env),
		                 .note = c->options.genesis };
	return commit_plan(&c->commit, &e, true);
}

/* The detail that the caller gave, and what the store's file system does for segments. */
static int note_started(struct core *c, struct span begun)
{
	cleanup_buf struct buf detail = { 0 };
	buf_put(&detail, begun.data, begun.len);
	c->at_rest = at_rest_probe(c->env, c->store.segment, c->options.at_rest);
	buf_put_str(&detail, detail.len ? " at-rest=" : "at-rest=");
	at_rest_put(&detail, c->options.at_rest, c->at_rest);
	return buf_err(&detail) ? buf_err(&detail)
	                        : core_note(c, SINK_STARTED, (struct span){ detail.data, detail.len });
}

static int open_journals(struct core *c, char *error, size_t error_size)
{
	uint64_t newest;
	int r = find_journals(c, &newest);
	if (r < 0) {
		snprintf(error, error_size, "journals and segments can't be used: %s",
		         r == -EBADMSG ? "unknown files, or some are missing" : strerror(-r));
		return r;
	}
	r = replay(c, newest, error, error_size);
	if (r < 0)
		return r;
	if (!core_signer(c, &c->roll.log)) {
		snprintf(error, error_size,
		         "neither log_key nor log_next_key is the key that the fleet log is signed with now");
		return -EKEYREJECTED;
	}
	mark_heard(c);
	return 0;
}

int core_set_generation(struct core *c, uint64_t generation)
{
	int r = generation_key(&c->roll.log, generation, &c->log_key);
	if (r == 0)
		c->generation = generation;
	return r;
}

static int check_genesis(struct core *c, char *error, size_t error_size)
{
	int r = genesis_parse(c->options.genesis, &c->genesis);
	if (r < 0) {
		snprintf(error, error_size, "the genesis statement does not verify");
		return r;
	}
	roll_init(&c->roll, &c->genesis);
	r = core_set_generation(c, 1);
	if (r < 0)
		return r;
	/* Which of them is in force, the journal says. */
	if (core_signer(c, &c->genesis.log) ||
	    (c->genesis.has_next_log && strcmp(c->options.signer->key.name, c->genesis.log.name) == 0))
		return 0;
	snprintf(error, error_size, "the fleet log's key is not the one that the genesis statement names");
	return -EKEYREJECTED;
}

int core_open(const struct env *env, const struct core_options *options, struct core **ret, char *error,
              size_t error_size)
{
	cleanup(core_freep) struct core *c = core_new(env, options);
	if (!c)
		return -ENOMEM;
	int r = check_genesis(c, error, error_size);
	if (r < 0)
		return r;
	r = chain_scratch_new(&c->scratch);
	if (r < 0)
		return r;
	r = store_open(env, options->store, options->min_free_bytes, options->genesis, &c->store, error,
	               error_size);
	if (r == 0)
		r = open_journals(c, error, error_size);
	if (r == 0)
		*ret = TAKE_PTR(c);
	return r;
}

int core_begin(struct core *c, struct span detail, char *error, size_t error_size)
{
	int r = plan_genesis(c);
	if (r == 0)
		r = note_started(c, detail);
	if (r == 0)
		r = core_commit(c);
	/* What witnesses have signed is not replaced by what they have not. */
	if (r == 0 && !c->asks_witnesses)
		r = core_publish(c);
	/* A full disk is no reason not to run: appends are refused until there is room. */
	if (r == -ENOSPC || r == -EDQUOT)
		r = 0;
	if (r < 0)
		snprintf(error, error_size, "journal or fleet log can't be written: %s", strerror(-r));
	return r;
}

int core_set_witnessed(struct core *c, uint64_t size, struct span note)
{
	buf_reset(&c->cosigned);
	buf_put(&c->cosigned, note.data, note.len);
	c->witnessed = buf_err(&c->cosigned) ? 0 : size;
	return buf_err(&c->cosigned);
}

static int end_commit(struct core *c, int r)
{
	if (r == 0) {
		c->counts.batches += c->staged_counts.batches;
		c->counts.entries += c->staged_counts.entries;
		c->counts.bytes += c->staged_counts.bytes;
		c->counts.commits++;
	}
	c->staged_counts = (struct core_counts){ 0 };
	return r;
}

/* One of the sink's keys under the name that the log has now. */
static int name_signer(const struct core *c, const struct key *key, struct signer *ret)
{
	const struct signer *own = core_signer(c, key);
	if (!own)
		return -EKEYREJECTED;
	ret->secret = own->secret;
	return generation_key(&own->key, c->generation, &ret->key);
}

/* Signed by the key in force behind the group's last entry; for a while by the one before it too. */
static int build_group(struct core *c)
{
	const struct roll *l = &c->roll;
	const struct statement *next = c->handing_on;
	uint64_t now = c->env->wall_us(c->env);
	struct signer named[2];
	const struct signer *signers[] = { &named[0], &named[1] };
	size_t n = 1;
	bool overlaps = next ? next->overlap_s > 0 : l->has_former && now <= l->overlap_end_us;
	int r = name_signer(c, next ? &next->log : &l->log, &named[0]);
	if (r == 0 && overlaps && name_signer(c, next ? &l->log : &l->former, &named[1]) == 0)
		n++;
	if (r == 0)
		r = commit_build(&c->commit, &c->journal, &c->log, signers, n, now);
	for (size_t i = 0; i < ARRAY_SIZE(named); i++)
		signer_wipe(&named[i]);
	return r;
}

static int write_group(struct core *c)
{
	int r = store_room(&c->store);
	if (r == 0)
		r = build_group(c);
	if (r == 0)
		r = journal_append(&c->journal, (struct span){ c->commit.group.data, c->commit.group.len });
	return r;
}

int core_commit(struct core *c)
{
	if (c->dead)
		return -EIO;
	if (commit_is_empty(&c->commit))
		return 0;
	int r = write_group(c);
	if (r < 0) {
		c->dead = c->journal.dead;
		commit_abort(&c->commit);
		return end_commit(c, c->dead ? -EIO : r);
	}
	r = commit_apply(&c->commit, &c->log, c->env->boot_us(c->env));
	/* Durable, but memory does not know it: only a start anew can read it back. */
	if (r < 0)
		c->dead = true;
	return end_commit(c, c->dead ? -EIO : 0);
}

int core_note(struct core *c, enum sink_what what, struct span detail)
{
	struct fleet_entry e = {
		.kind = FLEET_SINK, .time_us = c->env->wall_us(c->env), .what = what, .detail = detail
	};
	return commit_plan(&c->commit, &e, true);
}

int core_publish_as(struct core *c, uint64_t size, struct span note)
{
	int r = store_room(&c->store);
	return r < 0 ? r : fleet_log_publish(&c->log, size, note);
}

int core_publish(struct core *c)
{
	if (c->log.published == c->log.frontier.size)
		return 0;
	return core_publish_as(c, c->log.frontier.size, (struct span){ c->log.note.data, c->log.note.len });
}

/* A journal that may have its name, or may get it back after a crash, would be taken for the newest one. */
static int forget_journal(struct core *c, uint64_t number, int r)
{
	char name[JOURNAL_NAME_MAX];
	journal_name(number, name);
	int gone = c->env->unlink(c->env, c->store.journal, name);
	if (gone == 0 || gone == -ENOENT)
		gone = c->env->dirsync(c->env, c->store.journal);
	c->dead = gone < 0;
	return c->dead ? -EIO : r;
}

static int begin_journal(struct core *c)
{
	cleanup_buf struct buf snapshot = { 0 };
	struct journal next;
	uint64_t number = c->journal.file.number + 1;
	int r = put_snapshot(c, &snapshot);
	if (r < 0)
		return r;
	r = journal_create(c->env, c->store.journal, number, (struct span){ snapshot.data, snapshot.len });
	if (r < 0)
		return forget_journal(c, number, r);
	uint64_t base = RECORD_FILE_HEADER + RECORD_OVERHEAD + snapshot.len;
	r = journal_open(c->env, c->store.journal, number, base, base, &next);
	if (r < 0) {
		/* The new journal is the one that a start would go on with: this one is closed all the same.
		 */
		c->dead = true;
		return -EIO;
	}
	journal_done(&c->journal);
	c->journal = next;
	return 1;
}

int core_rotate(struct core *c)
{
	bool large = c->journal.size - c->journal.base >= c->options.journal_max_bytes;
	if (c->dead || !large || c->unhashed_hosts > 0 || !commit_is_empty(&c->commit))
		return 0;
	/* From here on the snapshot stands for all entries before it, so their tiles must be there. */
	int r = core_publish(c);
	if (r == 0)
		r = store_room(&c->store);
	return r < 0 ? r : begin_journal(c);
}

int core_drop_journal(struct core *c, uint64_t number)
{
	char name[JOURNAL_NAME_MAX];
	journal_name(number, name);
	int r = c->env->unlink(c->env, c->store.journal, name);
	if (r < 0 && r != -ENOENT)
		return r;
	c->first_closed = MAX(c->first_closed, number + 1);
	return 0;
}

int core_watch(struct core *c)
{
	size_t at = 0;
	int count = 0;
	struct host *h;
	uint64_t now = c->env->boot_us(c->env);
	while ((h = silence_next(&c->hosts, now, c->options.silent_after_us, &at))) {
		int r = core_note(c, SINK_HOST_SILENT, (struct span){ (uint8_t *)h->name, strlen(h->name) });
		if (r < 0)
			return r;
		count++;
	}
	return count;
}

int core_stop(struct core *c)
{
	int r = core_note(c, SINK_STOPPED, (struct span){ NULL, 0 });
	if (r == 0)
		r = core_commit(c);
	return r < 0 || c->asks_witnesses ? r : core_publish(c);
}
