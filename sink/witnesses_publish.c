#include <poll.h>

#include "lib/log.h"
#include "sink/witnesses_state.h"

/* How long publication waits for the quorum: with the interval it stays below what verifiers allow. */
#define HOLD_US ((uint64_t)3000000)
/* How long the end may wait for the last cosignatures. */
#define FINISH_US ((uint64_t)2000000)

static void offer(struct witnesses *w)
{
	struct witness_message m = { .type = WITNESS_OFFER,
		                     .size = w->round.size,
		                     .bytes = { w->round.note.data, w->round.note.len } };
	/* Where the process is behind, the next offer says more. */
	int r = witness_process_send(&w->process, &m);
	if (r < 0 && r != -EAGAIN)
		witnesses_lost(w);
}

static int begin_round(struct witnesses *w, struct core *core)
{
	int r = witnesses_begin_round(w, core, (struct span){ core->log.note.data, core->log.note.len });
	if (r == -ENOKEY) {
		if (!w->unlisted)
			log_error("the policy does not name the key that the log is signed with: nothing is "
			          "offered "
			          "to witnesses; give the sink a policy that does, and start it again");
		w->unlisted = true;
		return core_publish(core);
	}
	if (r < 0)
		return r;
	w->round_us = core->env->boot_us(core->env);
	w->improved = false;
	offer(w);
	/* A policy may be content with the log's own signature. */
	return w->round.quorum ? witnesses_take_quorum(w, core) : 0;
}

static void give_up_waiting(struct witnesses *w)
{
	w->quorum_is_usual = false;
	if (!w->late)
		log_warning(
		        "the witnesses that have signed in time are not the policy's quorum: checkpoints are "
		        "published without it, and offered again and again");
	w->late = true;
}

int witnesses_publish(struct witnesses *w, struct core *core)
{
	bool over = core->env->boot_us(core->env) - w->round_us >= HOLD_US;
	bool unpublished = w->round.size > core->log.published;
	int r = 0;
	if (w->lost)
		return core_publish(core);
	if (w->round.size > 0 && !w->round.quorum && over)
		give_up_waiting(w);
	if (w->round.size > 0 && (w->round.quorum || over) && (w->improved || unpublished))
		r = witnesses_publish_round(w, core);
	if (r == 0 && !w->quorum_is_usual)
		r = core_publish(core);
	bool open = w->round.size > 0 && !w->round.quorum && !over;
	if (r == 0 && !open && core->log.frontier.size > w->round.size)
		r = begin_round(w, core);
	return r;
}

int witnesses_finish(struct witnesses *w, struct core *core)
{
	struct pollfd p = { .fd = w->process.fd, .events = POLLIN };
	uint64_t end = env_now_us() + FINISH_US;
	if (w->lost || !w->quorum_is_usual)
		return core_publish(core);
	int r = begin_round(w, core);
	while (r == 0 && env_now_us() < end && !(w->round.quorum && witnesses_all_signed(w))) {
		if (poll(&p, 1, 50) < 0 && errno != EINTR)
			break;
		r = witnesses_read(w, core);
	}
	if (r == -ESTALE)
		return r;
	return witnesses_publish_round(w, core);
}
