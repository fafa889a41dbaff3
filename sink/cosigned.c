#include "sink/cosigned.h"

void cosigned_init(struct cosigned *c, const struct policy *policy, const struct key *log)
{
	*c = (struct cosigned){ .policy = policy, .log = log };
}

void cosigned_done(struct cosigned *c)
{
	buf_done(&c->note);
}

static int judge(struct cosigned *c, size_t len)
{
	struct policy_verdict v;
	int r = policy_check(c->policy, (struct span){ c->note.data, len }, c->log, &v);
	if (r < 0)
		return r;
	c->size = v.checkpoint.size;
	c->witnesses = v.cosigned;
	c->quorum = v.quorum;
	return 0;
}

int cosigned_begin(struct cosigned *c, struct span note)
{
	c->size = 0;
	c->witnesses = 0;
	c->quorum = false;
	buf_reset(&c->note);
	buf_put(&c->note, note.data, note.len);
	return buf_err(&c->note) ? buf_err(&c->note) : judge(c, note.len);
}

/* The line takes part as the last one of the note, and only if it makes this witness, and no other, one that
 * has signed. */
int cosigned_add(struct cosigned *c, size_t witness, struct span line)
{
	struct cosigned before = *c;
	uint32_t bit = (uint32_t)1 << witness;
	if (c->size == 0 || witness >= POLICY_MAX_WITNESSES)
		return -EBADMSG;
	if (c->witnesses & bit)
		return 0;
	buf_put(&c->note, line.data, line.len);
	int r = buf_err(&c->note);
	if (r == 0)
		r = judge(c, c->note.len);
	if (r == 0 && c->size == before.size && c->witnesses == (before.witnesses | bit))
		return 1;
	c->note.len = before.note.len;
	c->note.err = 0;
	c->size = before.size;
	c->witnesses = before.witnesses;
	c->quorum = before.quorum;
	return r < 0 ? r : -EBADMSG;
}
