/* What is asked of a witness next, for each answer that it may give; and the packets about it. */
#include "sink/witness_turn.h"

#include <criterion/criterion.h>

#include "sink/witness_message.h"
#include "tests/support/bytes.h"

#define AGAIN_US 60000000u /* longer than any delay */

static enum witness_result answer(struct witness_turn *t, unsigned status, const char *body, uint64_t now)
{
	struct witness_answer a = { .status = status, .is_size = status == 409, .body = span_str(body) };
	return witness_turn_answer(t, &a, now);
}

Test(witness_turn, a_new_witness_is_offered_the_log_without_a_proof_and_then_with_one)
{
	struct witness_turn t;
	witness_turn_init(&t, 1);
	cr_assert_eq(witness_turn_next(&t, 0, 0), WITNESS_STEP_WAIT, "there is nothing to offer");
	cr_assert_eq(witness_turn_next(&t, 5, 0), WITNESS_STEP_POST);
	cr_assert_eq(witness_turn_next(&t, 6, 0), WITNESS_STEP_WAIT, "one request at a time");
	cr_assert_eq(answer(&t, 200, "", 0), WITNESS_RESULT_COSIGNED);
	cr_assert_eq(witness_turn_next(&t, 5, 0), WITNESS_STEP_WAIT, "what is cosigned is not offered again");
	cr_assert_eq(witness_turn_next(&t, 8, 0), WITNESS_STEP_PROVE);
	cr_assert(t.held == 5 && t.size == 8);
	cr_assert_not(witness_turn_proven(&t, 4, 8));
	cr_assert_not(witness_turn_proven(&t, 5, 9));
	cr_assert(witness_turn_proven(&t, 5, 8));
	cr_assert_not(witness_turn_proven(&t, 5, 8), "it is posted once");
	cr_assert_eq(answer(&t, 200, "", 0), WITNESS_RESULT_COSIGNED);
}

Test(witness_turn, a_witness_that_holds_another_size_gets_the_proof_from_there)
{
	struct witness_turn t;
	witness_turn_init(&t, 1);
	cr_assert_eq(witness_turn_next(&t, 9, 0), WITNESS_STEP_POST);
	cr_assert_eq(answer(&t, 409, "4\n", 0), WITNESS_RESULT_AGAIN);
	cr_assert_eq(witness_turn_next(&t, 10, 0), WITNESS_STEP_PROVE);
	cr_assert(t.held == 4 && t.size == 10, "with the newest offer");
	cr_assert(witness_turn_proven(&t, 4, 10));
	cr_assert_eq(answer(&t, 200, "", 0), WITNESS_RESULT_COSIGNED);
	cr_assert_eq(t.cosigned, 10);
}

Test(witness_turn, a_witness_that_holds_what_is_offered_signs_it_once_more)
{
	struct witness_turn t;
	witness_turn_init(&t, 1);
	cr_assert_eq(witness_turn_next(&t, 9, 0), WITNESS_STEP_POST);
	cr_assert_eq(answer(&t, 409, "9\n", 0), WITNESS_RESULT_AGAIN);
	cr_assert_eq(witness_turn_next(&t, 9, 0), WITNESS_STEP_POST);
	cr_assert_eq(t.held, t.size);
	cr_assert_eq(answer(&t, 200, "", 0), WITNESS_RESULT_COSIGNED);
}

Test(witness_turn, a_size_beyond_the_log_is_told_and_its_checkpoint_asked_for)
{
	struct witness_turn t;
	witness_turn_init(&t, 1);
	cr_assert_eq(witness_turn_next(&t, 9, 0), WITNESS_STEP_POST);
	cr_assert_eq(answer(&t, 409, "9223372036854775807\n", 0), WITNESS_RESULT_AHEAD);
	cr_assert_eq(witness_turn_next(&t, 9, 0), WITNESS_STEP_WAIT, "not at once");
	cr_assert_eq(witness_turn_next(&t, 9, AGAIN_US), WITNESS_STEP_GET);
	cr_assert_eq(answer(&t, 404, "", AGAIN_US), WITNESS_RESULT_NONE);
	cr_assert_eq(witness_turn_next(&t, 9, AGAIN_US), WITNESS_STEP_POST, "and offered again");
}

Test(witness_turn, a_checkpoint_that_does_not_continue_what_it_holds_is_asked_for)
{
	struct witness_turn t;
	witness_turn_init(&t, 1);
	cr_assert_eq(witness_turn_next(&t, 9, 0), WITNESS_STEP_POST);
	cr_assert_eq(answer(&t, 422, "", 0), WITNESS_RESULT_DIFFERS);
	cr_assert_eq(witness_turn_next(&t, 9, AGAIN_US), WITNESS_STEP_GET);
	cr_assert_eq(answer(&t, 200, "note", AGAIN_US), WITNESS_RESULT_LATEST);
}

Test(witness_turn, a_witness_that_names_one_size_after_the_other_is_left_alone)
{
	struct witness_turn t;
	witness_turn_init(&t, 1);
	unsigned proofs = 0;
	for (uint64_t now = 0; now < 3600000000; now += 1000) {
		switch (witness_turn_next(&t, 1000, now)) {
		case WITNESS_STEP_PROVE:
			proofs++;
			cr_assert(witness_turn_proven(&t, t.held, t.size));
			answer(&t, 409, proofs % 2 ? "7\n" : "8\n", now);
			break;
		case WITNESS_STEP_POST:
			answer(&t, 409, "7\n", now);
			break;
		case WITNESS_STEP_GET:
		case WITNESS_STEP_WAIT:
			break;
		}
	}
	cr_assert_leq(proofs, 1200u, "no more than three in each half of the longest delay, on average");
	cr_assert_geq(proofs, 200u);
}

Test(witness_turn, what_is_no_size_or_no_answer_waits_longer_each_time)
{
	static const char *const sizes[] = { "", "x", "07\n", "7", "-1\n", "7\n\n", "9223372036854775808\n" };
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct witness_turn t;
		witness_turn_init(&t, i);
		cr_assert_eq(witness_turn_next(&t, 9, 0), WITNESS_STEP_POST);
		cr_assert_eq(answer(&t, 409, sizes[i], 0), WITNESS_RESULT_FAILED, "%s", sizes[i]);
	}
	static const unsigned statuses[] = { 0, 201, 204, 301, 400, 403, 404, 413, 429, 500, 503 };
	struct witness_turn t;
	witness_turn_init(&t, 7);
	uint64_t now = 0, before = 0;
	for (size_t i = 0; i < ARRAY_SIZE(statuses); i++) {
		cr_assert_eq(witness_turn_next(&t, 9, now), WITNESS_STEP_POST);
		cr_assert_eq(answer(&t, statuses[i], "7\n", now), WITNESS_RESULT_FAILED);
		cr_assert_leq(t.until_us - now, 15000000u);
		cr_assert(i < 3 || i > 6 || t.until_us - now >= before / 2, "it grows");
		before = t.until_us - now;
		cr_assert_eq(witness_turn_next(&t, 9, t.until_us - 1), WITNESS_STEP_WAIT);
		now = t.until_us;
	}
	struct witness_answer untyped = { .status = 409, .body = TEXT("3\n") };
	cr_assert_eq(witness_turn_next(&t, 9, now), WITNESS_STEP_POST);
	cr_assert_eq(witness_turn_answer(&t, &untyped, now), WITNESS_RESULT_FAILED);
}

Test(witness_turn, the_first_question_comes_before_all_offers_and_is_asked_until_it_is_answered)
{
	struct witness_turn t;
	witness_turn_init(&t, 1);
	witness_turn_ask(&t);
	cr_assert_eq(witness_turn_next(&t, 9, 0), WITNESS_STEP_GET);
	cr_assert_eq(answer(&t, 500, "", 0), WITNESS_RESULT_FAILED);
	cr_assert_eq(witness_turn_next(&t, 9, AGAIN_US), WITNESS_STEP_GET);
	cr_assert_eq(answer(&t, 200, "note", AGAIN_US), WITNESS_RESULT_LATEST);
	cr_assert_eq(witness_turn_next(&t, 9, AGAIN_US), WITNESS_STEP_POST);
}

Test(witness_turn, a_witness_that_can_t_be_asked_is_offered_the_log_all_the_same)
{
	struct witness_turn t;
	witness_turn_init(&t, 1);
	witness_turn_ask(&t);
	cr_assert_eq(witness_turn_next(&t, 0, 0), WITNESS_STEP_GET);
	witness_turn_ask_no_more(&t);
	cr_assert_eq(answer(&t, 500, "", 0), WITNESS_RESULT_FAILED);
	cr_assert_eq(witness_turn_next(&t, 9, AGAIN_US), WITNESS_STEP_POST);
	/* And what it was asked for a better reason is tried once. */
	cr_assert_eq(answer(&t, 422, "", AGAIN_US), WITNESS_RESULT_DIFFERS);
	witness_turn_ask_no_more(&t);
	cr_assert_eq(witness_turn_next(&t, 9, 2 * AGAIN_US), WITNESS_STEP_GET);
	cr_assert_eq(answer(&t, 500, "", 2 * AGAIN_US), WITNESS_RESULT_FAILED);
	cr_assert_eq(witness_turn_next(&t, 9, 3 * AGAIN_US), WITNESS_STEP_POST);
}

Test(witness_message, packets_are_read_as_they_were_written_and_others_are_refused)
{
	struct witness_message m = {
		.type = WITNESS_PROOF, .witness = 3, .old = 5, .size = UINT64_MAX, .bytes = TEXT("hash")
	};
	struct witness_message got;
	cleanup_buf struct buf b = { 0 };
	witness_message_put(&b, &m);
	cr_assert_eq(witness_message_parse(buf_span(&b), &got), 0);
	cr_assert(got.type == m.type && got.witness == 3 && got.old == 5 && got.size == UINT64_MAX &&
	          span_is(got.bytes, "hash"));
	for (size_t n = 0; n < 18; n++)
		cr_assert_eq(witness_message_parse((struct span){ b.data, n }, &got), -EBADMSG);
	for (unsigned type = 0; type < 256; type++) {
		b.data[0] = (uint8_t)type;
		bool known = type >= WITNESS_ASK && type <= WITNESS_FAILED;
		cr_assert_eq(witness_message_parse(buf_span(&b), &got) == 0, known);
	}
	cleanup_buf struct buf longest = { 0 };
	cr_assert_not_null(buf_extend(&longest, WITNESS_PACKET_MAX + 1));
	longest.data[0] = WITNESS_ASK;
	cr_assert_eq(witness_message_parse((struct span){ longest.data, WITNESS_PACKET_MAX }, &got), 0);
	cr_assert_eq(witness_message_parse(buf_span(&longest), &got), -EBADMSG);
}
