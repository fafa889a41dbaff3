#include <poll.h>
#include <stdio.h>

#include "lib/file.h"
#include "lib/log.h"
#include "sink/witnesses_state.h"

/* When enough have answered, the others get this long. */
#define REST_US ((uint64_t)1000000)

struct asking {
	uint32_t askable;  /* witnesses with an address */
	uint32_t answered; /* that hold nothing that does not fit */
	uint64_t begun_us;
	uint64_t enough_us; /* since when enough have answered; 0: not yet */
};

static bool is_over(const struct witnesses *w, const struct asking *a, uint64_t now_us)
{
	return a->answered == a->askable || now_us - a->begun_us >= w->options.patience_us ||
	       (a->enough_us && now_us - a->enough_us >= REST_US);
}

static int take_latest(struct witnesses *w, struct core *core, struct asking *a,
                       const struct witness_message *m, enum witnesses_verdict *ret)
{
	int r = m->bytes.len ? witnesses_judge(w, core, m->witness, m->bytes, ret) : 0;
	if (r == -EBADMSG) {
		log_warning("witness %s: %s", witnesses_name(w, m->witness), w->witness[m->witness].words);
		return 0;
	}
	if (r == 0 && *ret == WITNESSES_FINE)
		a->answered |= (uint32_t)1 << m->witness;
	return r;
}

static int take_message(struct witnesses *w, struct core *core, struct asking *a,
                        const struct witness_message *m, enum witnesses_verdict *ret)
{
	char words[WITNESS_WORDS_MAX];
	if (m->witness >= w->count || (m->type != WITNESS_LATEST && m->type != WITNESS_FAILED))
		return -EPIPE;
	if (m->type == WITNESS_LATEST)
		return take_latest(w, core, a, m, ret);
	snprintf(words, sizeof(words), "%.*s", (int)MIN(m->bytes.len, sizeof(words) - 1),
	         (const char *)m->bytes.data);
	witnesses_note_failure(w, m->witness, words);
	return 0;
}

static int listen_to(struct witnesses *w, struct core *core, struct asking *a, enum witnesses_verdict *ret)
{
	struct pollfd p = { .fd = w->process.fd, .events = POLLIN };
	int r = 0;
	while (r == 0 && *ret == WITNESSES_FINE && !is_over(w, a, env_now_us())) {
		struct witness_message m;
		if (poll(&p, 1, 100) < 0 && errno != EINTR)
			return -errno;
		int got = witness_process_receive(&w->process, w->packet, &m);
		r = got > 0 ? take_message(w, core, a, &m, ret) : got;
		if (!a->enough_us && policy_met(w->policy, a->answered))
			a->enough_us = env_now_us();
	}
	return r;
}

/* What was published before this start, with the lines that it has: receipts can speak of it at once. */
static int take_published(struct witnesses *w, struct core *core)
{
	cleanup_buf struct buf note = { 0 };
	int r = file_read(core->env, core->store.fleet, "checkpoint", NOTE_MAX_BYTES, &note);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	r = witnesses_begin_round(w, core, (struct span){ note.data, note.len });
	if (r < 0)
		return r == -ENOMEM ? r : 0;
	return w->round.quorum ? witnesses_take_quorum(w, core) : 0;
}

static void explain(const struct witnesses *w, const struct asking *a, enum witnesses_verdict v, char *error,
                    size_t error_size)
{
	static const char what_to_do[] =
	        "Nothing was signed. If this store is a copy that was put back, run `swornlog-sink restore`; "
	        "if another sink runs on a copy of it, stop one of them for good";
	if (v == WITNESSES_TOO_FEW)
		snprintf(error, error_size,
		         "only %d of %d witnesses say what they hold of this log, and the policy asks for "
		         "more: nothing was signed. Mend them or their addresses in the policy; "
		         "start_without_witnesses: true does without",
		         __builtin_popcount(a->answered), __builtin_popcount(a->askable));
	else if (v == WITNESSES_BEHIND)
		snprintf(error, error_size, "%s, and this store is older. %s", w->trouble, what_to_do);
	else
		snprintf(error, error_size, "%s, and this store has another history. %s", w->trouble,
		         what_to_do);
}

int witnesses_ask(struct witnesses *w, struct core *core, enum witnesses_verdict *ret, struct buf *detail,
                  char *error, size_t error_size)
{
	struct asking a = { .begun_us = env_now_us() };
	enum witnesses_verdict v = WITNESSES_FINE;
	for (size_t i = 0; i < w->count; i++)
		a.askable |= policy_witness(w->policy, i)->url ? (uint32_t)1 << i : 0;
	int r = witness_process_send(&w->process, &(struct witness_message){ .type = WITNESS_ASK });
	if (r == 0)
		r = listen_to(w, core, &a, &v);
	if (r < 0) {
		snprintf(error, error_size, "witnesses can't be asked: %s", strerror(-r));
		return r;
	}
	if (v == WITNESSES_FINE && !policy_met(w->policy, a.answered) && !w->options.start_without)
		v = WITNESSES_TOO_FEW;
	*ret = v;
	if (v != WITNESSES_FINE) {
		explain(w, &a, v, error, error_size);
		return 0;
	}
	core->asks_witnesses = true;
	buf_printf(detail, "witnesses=%d/%d", __builtin_popcount(a.answered), __builtin_popcount(a.askable));
	r = take_published(w, core);
	return r < 0 ? r : buf_err(detail);
}
