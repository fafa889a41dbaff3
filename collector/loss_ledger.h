/* Losses that wait for room to be declared, gathered by reason, exactness and kind. */
#ifndef SWORNLOG_COLLECTOR_LOSS_LEDGER_H
#define SWORNLOG_COLLECTOR_LOSS_LEDGER_H

#include "evidence/intake.h"

#define LOSS_LEDGER_LINES 128
#define LOSS_DETAIL_KEPT  64

struct loss_line {
	struct intake_loss loss; /* its detail points below */
	uint8_t detail[LOSS_DETAIL_KEPT];
};

/* Zeroed: empty. */
struct loss_ledger {
	size_t count;
	struct loss_line lines[LOSS_LEDGER_LINES];
};

/* Counts of equal losses add up; the earliest `since` and the first detail stay. When all lines are taken,
 * losses of one exactness share a line of any kind. */
void loss_ledger_add(struct loss_ledger *l, const struct intake_loss *loss);
/* The line added first, or NULL. Valid until the next call. */
const struct intake_loss *loss_ledger_first(struct loss_ledger *l);
void loss_ledger_remove_first(struct loss_ledger *l);

#endif
