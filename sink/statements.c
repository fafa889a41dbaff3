#include "sink/statements.h"

#include <stdio.h>

static struct span name_of(const struct statement *s)
{
	return span_str(s->host);
}

/* Why the roll refuses it, or NULL. *ret_host is its host; NULL if it is not enrolled. */
static const char *refusal(const struct core *c, const struct statement *s, uint64_t time_us,
                           struct host **ret_host)
{
	struct log_point head = { 0 };
	struct host *h = hosts_find(&c->hosts, name_of(s));
	if (h)
		head = (struct log_point){ .epoch = h->head.epoch,
			                   .size = h->head.size,
			                   .root = h->head.root };
	*ret_host = h;
	return roll_refuses(&c->roll, s, h ? &h->standing : NULL, &head, time_us);
}

static int enter(struct core *c, const struct statement *s, struct span note, struct host *h, uint64_t index,
                 uint64_t time_us)
{
	struct standing nobody = { 0 };
	int r = 0;
	if (s->kind == STATEMENT_ENROL)
		r = hosts_add(&c->hosts, name_of(s), &h);
	if (r == 0)
		r = roll_take(&c->roll, s, h ? &h->standing : &nobody, index, time_us);
	if (r == 0)
		r = roll_keep(&c->roll, s, note);
	if (r == 0 && s->kind == STATEMENT_LOG_KEY)
		r = core_set_generation(c, c->generation);
	/* The log goes on under the new key. */
	if (r == 0 && h && statement_gives_identity(s->kind))
		h->chain.identity = s->identity;
	return r;
}

int statements_apply(struct core *c, struct span note, uint64_t index, uint64_t time_us)
{
	struct statement s;
	struct host *h;
	int r = index == 0 ? -EBADMSG : statement_parse(note, &c->genesis, &s);
	if (r == -ENOMEM)
		return r;
	if (r < 0 || s.kind == STATEMENT_UNKNOWN || refusal(c, &s, time_us, &h))
		return 0;
	return enter(c, &s, note, h, index, time_us);
}

static int read_statement(const struct core *c, struct span bytes, struct statement *ret,
                          const char **ret_why)
{
	enum statement_kind kind;
	int r = bytes.len > STATEMENT_MAX_BYTES ? -EBADMSG : statement_kind(bytes, &kind);
	*ret_why = "not a statement";
	if (r < 0)
		return r;
	*ret_why = kind == STATEMENT_GENESIS ? "a fleet has one genesis statement"
	                                     : "a kind that is not known here";
	if (kind == STATEMENT_GENESIS || kind == STATEMENT_UNKNOWN)
		return -EBADMSG;
	r = statement_parse(bytes, &c->genesis, ret);
	*ret_why = r == -ENOKEY  ? "not signed by as many people as the genesis statement asks for"
	           : r == -EPERM ? "made for another fleet"
	                         : "malformed, or a signature does not verify";
	return r;
}

/* A statement may be good by itself, and not where it would stand. */
static const char *place_refuses(const struct core *c, const struct statement *s, uint64_t time_us,
                                 struct host **ret_host)
{
	const char *why = refusal(c, s, time_us, ret_host);
	if (!why && s->kind == STATEMENT_LOG_KEY && !core_signer(c, &s->log))
		why = "the sink does not hold the new key: name its file as log_next_key, and start it anew";
	return why;
}

static int commit_statement(struct core *c, const struct statement *s, const struct fleet_entry *e,
                            struct host *h, uint64_t *ret_index)
{
	/* Where the entry will stand: after those that are planned already. */
	uint64_t index = c->log.frontier.size + c->commit.planned_count;
	int r = commit_plan(&c->commit, e, false);
	if (r < 0)
		return r;
	c->handing_on = s->kind == STATEMENT_LOG_KEY ? s : NULL;
	r = core_commit(c);
	c->handing_on = NULL;
	if (r == 0)
		r = enter(c, s, e->note, h, index, e->time_us);
	if (r == 0)
		*ret_index = index;
	return r;
}

int statements_submit(struct core *c, struct span bytes, uint64_t *ret_index, char *error, size_t error_size)
{
	const char *why;
	struct statement s;
	struct host *h;
	struct fleet_entry e = { .kind = FLEET_STATEMENT, .time_us = c->env->wall_us(c->env), .note = bytes };
	int r = read_statement(c, bytes, &s, &why);
	if (r < 0) {
		snprintf(error, error_size, "%s", r == -ENOMEM ? strerror(ENOMEM) : why);
		return r;
	}
	/* What is under way first: a statement speaks of heads that are committed. */
	if (c->commit.staged_count > 0)
		r = core_commit(c);
	why = r == 0 ? place_refuses(c, &s, e.time_us, &h) : NULL;
	if (why) {
		snprintf(error, error_size, "%s", why);
		return -EPERM;
	}
	if (r == 0)
		r = commit_statement(c, &s, &e, h, ret_index);
	if (r < 0)
		snprintf(error, error_size, "not stored: %s", strerror(-r));
	return r;
}
