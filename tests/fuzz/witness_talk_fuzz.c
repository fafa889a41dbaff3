/* Any packets between the sink and its process for witnesses, and any answers of a witness: what is taken is
 * written back to the same bytes, there is one request at a time, and nothing is offered twice. */
#include "sink/witness_message.h"
#include "sink/witness_turn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void try_packet(struct span in)
{
	cleanup_buf struct buf b = { 0 };
	struct witness_message m;
	if (witness_message_parse(in, &m) < 0)
		return;
	witness_message_put(&b, &m);
	must(buf_err(&b) == 0 && span_equal((struct span){ b.data, b.len }, in));
}

/* What is due is done, and the next bytes are its answer. */
static void do_step(struct witness_turn *t, struct cursor *c, uint64_t offered, uint64_t now)
{
	static const unsigned statuses[] = { 0, 200, 404, 409, 409, 409, 422, 500 };
	enum witness_step step = witness_turn_next(t, offered, now);
	if (step == WITNESS_STEP_WAIT)
		return;
	must(witness_turn_next(t, offered, now) == WITNESS_STEP_WAIT);
	if (step == WITNESS_STEP_PROVE) {
		must(t->held > 0 && t->held < t->size);
		if (cursor_u8(c) & 1) {
			witness_turn_fail(t, now);
			return;
		}
		must(witness_turn_proven(t, t->held, t->size));
	}
	must(step == WITNESS_STEP_GET || t->size > t->cosigned);
	uint8_t how = cursor_u8(c);
	size_t n = MIN((size_t)cursor_u8(c), cursor_left(c));
	struct witness_answer a = { .status = statuses[how % 8],
		                    .is_size = how & 8,
		                    .body = cursor_bytes(c, n) };
	enum witness_result r = witness_turn_answer(t, &a, now);
	must(r != WITNESS_RESULT_COSIGNED || (a.status == 200 && t->held == t->size));
	must(r != WITNESS_RESULT_AHEAD || t->held > t->size);
	must(t->until_us <= now + 15000000);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor c;
	struct witness_turn t;
	uint64_t offered = 0, now = 0;
	try_packet((struct span){ data, size });
	cursor_init(&c, data, size);
	witness_turn_init(&t, 1);
	for (int i = 0; i < 1000 && cursor_left(&c) > 0; i++) {
		uint8_t what = cursor_u8(&c);
		offered += what >> 5;
		now += (uint64_t)(what & 7) * 4000000;
		if (what & 8)
			witness_turn_ask(&t);
		if (what & 16)
			witness_turn_ask_no_more(&t);
		do_step(&t, &c, offered, now);
	}
	return 0;
}
