#include "evidence/proof_roll.h"

void proof_roll_init(struct proof_roll *r, const struct genesis *g, const char *host)
{
	*r = (struct proof_roll){ .host = host };
	roll_init(&r->roll, g);
}

void proof_roll_done(struct proof_roll *r)
{
	roll_done(&r->roll);
}

/* A head with which the statement would be in order. */
static struct log_point fitting_head(const struct statement *s)
{
	struct log_point head = { 0 };
	if (s->kind == STATEMENT_RE_ENROL)
		head = s->point;
	if (s->kind == STATEMENT_ROTATE)
		head = (struct log_point){ .epoch = s->point.epoch, .size = s->point.size + 1 };
	return head;
}

const char *proof_roll_take(struct proof_roll *r, const struct statement *s, uint64_t index, uint64_t time_us)
{
	struct log_point head = fitting_head(s);
	if (statement_about_host(s->kind) && strcmp(s->host, r->host) != 0)
		return "a statement about another host";
	const char *why = roll_refuses(&r->roll, s, r->enrolled ? &r->standing : NULL, &head, time_us);
	if (why)
		return why;
	if (roll_take(&r->roll, s, &r->standing, index, time_us) < 0)
		return "out of memory";
	if (statement_gives_identity(s->kind)) {
		r->enrolled = true;
		r->identity_index = index;
	}
	return NULL;
}
