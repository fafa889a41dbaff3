#include "sealer/witnessed.h"

#include "lib/file.h"

#define WITNESSED_FILE "witnessed"
#define SECOND_US      1000000u

/* A policy that asks for nobody has nothing to miss. */
static bool is_watched(const struct sealer *s)
{
	return s->options.policy && !policy_is_open(s->options.policy);
}

static void hold(struct sealer *s, const struct policy_verdict *v)
{
	s->witnesses = (unsigned)__builtin_popcount(v->cosigned);
	s->witnessed_time_s = 0;
	for (size_t i = 0; i < POLICY_MAX_WITNESSES; i++) {
		if (v->cosigned >> i & 1)
			s->witnessed_time_s = MAX(s->witnessed_time_s, v->time_s[i]);
	}
	witnessing_covered(&s->witnessing, v->checkpoint.size);
}

/* The receipt has shown that the log signed it: the policy may name any of its keys, or none at all. */
static int judge(const struct sealer *s, struct span note, struct policy_verdict *ret)
{
	int r = policy_check(s->options.policy, note, NULL, ret);
	return r == -ENOKEY ? policy_check(s->options.policy, note, s->options.log_key, ret) : r;
}

int witnessed_load(struct sealer *s)
{
	cleanup_buf struct buf note = { 0 };
	struct policy_verdict v;
	/* A heartbeat may be all that asks the sink for news. */
	witnessing_init(&s->witnessing, MAX(s->options.witness_within_us, 2 * s->options.heartbeat_us));
	if (!is_watched(s))
		return 0;
	int r = file_read(s->options.log.env, s->options.spool_fd, WITNESSED_FILE, NOTE_MAX_BYTES, &note);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	/* What another policy found good enough is worth nothing under this one. */
	if (judge(s, (struct span){ note.data, note.len }, &v) == 0 && v.quorum)
		hold(s, &v);
	return 0;
}

void witnessed_expect(struct sealer *s, const struct receipt *r)
{
	if (is_watched(s))
		witnessing_receipt(&s->witnessing, r->index + 1, sealer_now_us(s));
}

int witnessed_take(struct sealer *s, const struct receipt *r)
{
	struct policy_verdict v;
	if (!is_watched(s))
		return 0;
	witnessed_expect(s, r);
	if (r->witnessed.len == 0 || judge(s, r->witnessed, &v) < 0 || !v.quorum ||
	    v.checkpoint.size <= s->witnessing.size)
		return witnessed_look(s);
	/* Not durable here: the next receipt brings another. */
	if (file_replace(s->options.log.env, s->options.spool_fd, WITNESSED_FILE, r->witnessed, 0640) == 0)
		hold(s, &v);
	return witnessed_look(s);
}

int witnessed_look(struct sealer *s)
{
	switch (witnessing_look(&s->witnessing, sealer_now_us(s))) {
	case WITNESSING_LATE:
		return sealer_note(s, AGENT_UNWITNESSED, NULL);
	case WITNESSING_AGAIN:
		return sealer_note(s, AGENT_WITNESSED_AGAIN, NULL);
	case WITNESSING_SAME:
		break;
	}
	return 0;
}

static const char *state_word(const struct sealer *s)
{
	if (!s->options.policy)
		return "no policy";
	if (!is_watched(s))
		return "not asked for";
	if (s->witnessing.late)
		return "late";
	return s->witnessing.size ? "quorum" : "none yet";
}

void witnessed_put_status(const struct sealer *s, struct buf *b)
{
	int64_t now_s = (int64_t)(s->options.log.env->wall_us(s->options.log.env) / SECOND_US);
	buf_printf(b,
	           "\"witnessed\": \"%s\", \"witnessed_size\": %llu, \"witnessed_age_s\": %lld, "
	           "\"witnesses\": %u, ",
	           state_word(s), (unsigned long long)s->witnessing.size,
	           s->witnessed_time_s ? (long long)now_s - (long long)s->witnessed_time_s : -1LL,
	           s->witnesses);
}
