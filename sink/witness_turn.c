#include "sink/witness_turn.h"

#define FIRST_DELAY_US 500000u
#define LAST_DELAY_US  15000000u
/* A witness that two sizes in a row don't suit has no size, or another sink. */
#define CONFLICTS_MAX 2

void witness_turn_init(struct witness_turn *t, uint64_t seed)
{
	*t = (struct witness_turn){ 0 };
	backoff_init(&t->backoff, FIRST_DELAY_US, LAST_DELAY_US, seed);
}

void witness_turn_ask(struct witness_turn *t)
{
	t->asked = t->insist = true;
}

void witness_turn_ask_no_more(struct witness_turn *t)
{
	t->asked = t->asked && !t->insist;
	t->insist = false;
}

static enum witness_step begin(struct witness_turn *t, bool getting, enum witness_step step)
{
	t->getting = getting;
	t->state = step == WITNESS_STEP_PROVE ? TURN_WAITS_FOR_PROOF : TURN_BUSY;
	return step;
}

enum witness_step witness_turn_next(struct witness_turn *t, uint64_t offered, uint64_t now_us)
{
	if (t->state != TURN_IDLE || now_us < t->until_us)
		return WITNESS_STEP_WAIT;
	if (t->asked)
		return begin(t, true, WITNESS_STEP_GET);
	if (offered <= t->cosigned)
		return WITNESS_STEP_WAIT;
	t->size = offered;
	/* What is above the offer is said by the witness itself, in its answer to an offer without a proof.
	 */
	bool provable = t->held > 0 && t->held < offered;
	return begin(t, false, provable ? WITNESS_STEP_PROVE : WITNESS_STEP_POST);
}

bool witness_turn_proven(struct witness_turn *t, uint64_t old, uint64_t size)
{
	if (t->state != TURN_WAITS_FOR_PROOF || old != t->held || size != t->size)
		return false;
	t->state = TURN_BUSY;
	return true;
}

void witness_turn_fail(struct witness_turn *t, uint64_t now_us)
{
	t->state = TURN_IDLE;
	t->conflicts = 0;
	t->until_us = now_us + backoff_next(&t->backoff, 0);
}

static enum witness_result fail(struct witness_turn *t, uint64_t now_us, enum witness_result r)
{
	witness_turn_fail(t, now_us);
	return r;
}

static void succeed(struct witness_turn *t)
{
	t->state = TURN_IDLE;
	t->conflicts = 0;
	t->until_us = 0;
	backoff_reset(&t->backoff);
}

static enum witness_result take_latest(struct witness_turn *t, const struct witness_answer *a,
                                       uint64_t now_us)
{
	bool answered = a->status == 200 || a->status == 404;
	t->asked = t->insist && !answered;
	if (!answered)
		return fail(t, now_us, WITNESS_RESULT_FAILED);
	succeed(t);
	return a->status == 200 ? WITNESS_RESULT_LATEST : WITNESS_RESULT_NONE;
}

static enum witness_result take_size(struct witness_turn *t, const struct witness_answer *a, uint64_t now_us)
{
	uint64_t size;
	if (!a->is_size || witness_parse_size(a->body, &size) < 0 || ++t->conflicts > CONFLICTS_MAX)
		return fail(t, now_us, WITNESS_RESULT_FAILED);
	t->held = size;
	if (size <= t->size) {
		t->state = TURN_IDLE;
		return WITNESS_RESULT_AGAIN;
	}
	/* Its signed word for that is wanted, when it had time to think it over. */
	t->asked = true;
	return fail(t, now_us, WITNESS_RESULT_AHEAD);
}

enum witness_result witness_turn_answer(struct witness_turn *t, const struct witness_answer *a,
                                        uint64_t now_us)
{
	if (t->getting)
		return take_latest(t, a, now_us);
	switch (a->status) {
	case 200:
		t->held = t->cosigned = t->size;
		succeed(t);
		return WITNESS_RESULT_COSIGNED;
	case 409:
		return take_size(t, a, now_us);
	case 422:
		t->asked = true;
		return fail(t, now_us, WITNESS_RESULT_DIFFERS);
	default:
		return fail(t, now_us, WITNESS_RESULT_FAILED);
	}
}
