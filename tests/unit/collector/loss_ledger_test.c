#include "collector/loss_ledger.h"

#include <criterion/criterion.h>

static struct loss_ledger ledger;

static void add(uint8_t reason, uint8_t exactness, uint16_t kind, uint64_t count, uint64_t since)
{
	struct intake_loss loss = {
		.reason = reason, .exactness = exactness, .kind = kind, .count = count, .since_boot_us = since
	};
	loss_ledger_add(&ledger, &loss);
}

Test(loss_ledger, equal_losses_add_up_under_their_earliest_time)
{
	add(LOSS_PIPE_FULL, EXACT, KIND_OPEN, 1, 20);
	add(LOSS_PIPE_FULL, EXACT, KIND_OPEN, 2, 10);
	const struct intake_loss *first = loss_ledger_first(&ledger);
	cr_assert_eq(first->count, 3);
	cr_assert_eq(first->since_boot_us, 10);
	loss_ledger_remove_first(&ledger);
	cr_assert_null(loss_ledger_first(&ledger));
}

Test(loss_ledger, different_losses_stay_apart_in_their_order)
{
	add(LOSS_PIPE_FULL, EXACT, KIND_OPEN, 1, 0);
	add(LOSS_PIPE_FULL, LOWER_BOUND, KIND_OPEN, 2, 0);
	add(LOSS_RING_FULL, EXACT, KIND_OPEN, 3, 0);
	add(LOSS_PIPE_FULL, EXACT, KIND_EXEC, 4, 0);
	for (uint64_t i = 1; i <= 4; i++) {
		cr_assert_eq(loss_ledger_first(&ledger)->count, i);
		loss_ledger_remove_first(&ledger);
	}
}

Test(loss_ledger, a_detail_survives_the_removal_of_those_before_it)
{
	add(LOSS_PIPE_FULL, EXACT, KIND_OPEN, 1, 0);
	struct intake_loss loss = { .reason = LOSS_SEALER_DOWN, .detail = { (const uint8_t *)"why", 3 } };
	loss_ledger_add(&ledger, &loss);
	loss_ledger_remove_first(&ledger);
	cr_assert(span_is(loss_ledger_first(&ledger)->detail, "why"));
}

Test(loss_ledger, without_a_line_left_counts_are_still_kept_by_exactness)
{
	uint64_t exact = 0, found = 0;
	for (uint16_t kind = 1; kind <= 500; kind++) {
		add(LOSS_PIPE_FULL, EXACT, kind, kind, 0);
		exact += kind;
		add(LOSS_AUDIT_SOCKET, LOWER_BOUND, kind, 1, 0);
	}
	cr_assert_leq(ledger.count, LOSS_LEDGER_LINES);
	for (const struct intake_loss *l; (l = loss_ledger_first(&ledger)); loss_ledger_remove_first(&ledger))
		found += l->exactness == EXACT ? l->count : 0;
	cr_assert_eq(found, exact);
}
