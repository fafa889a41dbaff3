/* Losses that are known but not yet in a sealed entry. Bounded: what finds no row of its own joins one of its
 * reason. */
#ifndef SWORNLOG_SEALER_LEDGER_H
#define SWORNLOG_SEALER_LEDGER_H

#include "evidence/seal.h"

#define LEDGER_ROWS       64
#define LEDGER_DETAIL_MAX 120

struct ledger_row {
	uint8_t reason;
	uint8_t exactness;
	uint16_t kind;
	uint64_t count;
	uint64_t since_boot_us; /* 0: unknown */
	char detail[LEDGER_DETAIL_MAX + 1];
};

struct ledger {
	size_t count;
	struct ledger_row row[LEDGER_ROWS];
};

/* `detail` may be NULL. A row of the same reason, kind and exactness grows; exactness only gets worse when
 * rows must be joined. */
void ledger_add(struct ledger *l, uint8_t reason, uint8_t exactness, uint16_t kind, uint64_t count,
                uint64_t since_boot_us, const char *detail);
/* The loss entry that a row becomes. Points into the row. */
struct loss ledger_loss(const struct ledger_row *r);

#endif
