#include "sink/replay.h"

#include <stdio.h>

#include "sink/replay_group.h"
#include "sink/snapshot.h"
#include "sink/tail.h"

/* One replay under way. */
struct replaying {
	struct core *core;
	struct journal_reader reader;
	struct replay_group group;
	struct fleet_head published; /* the log must come by this head */
	uint64_t base, end;          /* of the complete groups */
	uint64_t broken;             /* where the first record is that is not whole */
};

static void replaying_done(struct replaying *p)
{
	journal_reader_done(&p->reader);
	replay_group_done(&p->group);
}

static int check_snapshot_note(struct core *c, const struct snapshot *s)
{
	struct checkpoint k;
	struct hash root;
	if (s->fleet.size == 0)
		return s->note.len == 0 ? 0 : -EBADMSG;
	if (roll_check_note(&c->roll, s->note, false, &k) < 0)
		return -EBADMSG;
	frontier_root(&s->fleet, &root);
	if (k.size != s->fleet.size || !hash_equal(&k.root, &root))
		return -EBADMSG;
	return core_set_generation(c, k.generation);
}

/* What is published may be signed by a key that the journal names only further on: any that the sink holds,
 * or that the snapshot knows. */
static int open_log(struct replaying *p, const struct snapshot *s)
{
	struct core *c = p->core;
	const struct signer *next = c->options.next_signer;
	const struct key *keys[4] = { &c->roll.log, &c->options.signer->key };
	size_t n = 2;
	if (c->roll.has_former)
		keys[n++] = &c->roll.former;
	if (next)
		keys[n++] = &next->key;
	return fleet_log_open(c->env, c->store.fleet, keys, n, &s->fleet, s->note, &c->log, &p->published);
}

static int read_snapshot(struct replaying *p)
{
	struct core *c = p->core;
	enum record_type type;
	struct span payload;
	struct snapshot s;
	int r = journal_reader_next(&p->reader, &type, &payload);
	if (r < 0)
		return r;
	if (r == 0 || type != RECORD_SNAPSHOT)
		return -EBADMSG;
	r = snapshot_parse(payload, &s, &c->hosts, &c->roll);
	if (r == 0)
		r = check_snapshot_note(c, &s);
	if (r == 0)
		r = open_log(p, &s);
	p->base = p->end = p->reader.offset;
	return r;
}

/* The log must have been at the published size at some group's end, with that root. */
static int check_published(const struct replaying *p, uint64_t size_before)
{
	const struct frontier *f = &p->core->log.frontier;
	if (p->published.size <= size_before || p->published.size > f->size)
		return 0;
	struct hash root;
	frontier_root(f, &root);
	return f->size == p->published.size && hash_equal(&root, &p->published.root) ? 0 : -EBADMSG;
}

static int end_group(struct replaying *p)
{
	uint64_t before = p->core->log.frontier.size;
	int r = replay_group_apply(&p->group, p->core);
	if (r == 0)
		r = check_published(p, before);
	replay_group_reset(&p->group);
	p->end = p->reader.offset;
	return r;
}

/* 0 when all that is whole was read. */
static int read_groups(struct replaying *p)
{
	for (;;) {
		enum record_type type;
		struct span payload;
		uint64_t offset = p->reader.offset;
		int r = journal_reader_next(&p->reader, &type, &payload);
		p->broken = offset;
		if (r == 0 || r == -EBADMSG)
			return 0;
		if (r > 0)
			r = replay_group_add(&p->group, type, payload, offset);
		if (r > 0)
			r = end_group(p);
		if (r < 0)
			return r;
	}
}

/* Only a torn write is cut off: cutting more would unsay what was said. */
static int check_tail(struct replaying *p)
{
	uint64_t size = p->core->log.frontier.size;
	if (p->published.size > size)
		return -EBADMSG;
	if (p->end == p->reader.size)
		return 0;
	return tail_check(&p->reader, p->broken, size);
}

static int check_last_note(const struct core *c)
{
	struct checkpoint k;
	if (c->log.frontier.size == 0)
		return 0;
	return roll_check_note(&c->roll, (struct span){ c->log.note.data, c->log.note.len }, false, &k);
}

int replay(struct core *c, uint64_t number, char *error, size_t error_size)
{
	cleanup(replaying_done) struct replaying p = { .core = c, .reader.fd = -1 };
	const char *where = "its beginning";
	int r = journal_reader_open(c->env, c->store.journal, number, &p.reader);
	if (r == 0)
		r = read_snapshot(&p);
	if (r == 0) {
		where = "a commit group";
		r = read_groups(&p);
	}
	if (r == 0) {
		where = "its end";
		r = check_tail(&p);
	}
	if (r == 0) {
		where = "its last checkpoint";
		r = check_last_note(c);
	}
	if (r == 0) {
		where = "opening it for appending";
		r = journal_open(c->env, c->store.journal, number, p.base, p.end, &c->journal);
	}
	if (r < 0)
		snprintf(error, error_size, "journal %llu can't be used (%s, offset %llu): %s",
		         (unsigned long long)number, where, (unsigned long long)p.end,
		         r == -EBADMSG ? "it does not fit together with itself or with the fleet log's tiles"
		                       : strerror(-r));
	return r;
}
