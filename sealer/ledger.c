#include "sealer/ledger.h"

#include <stdio.h>

static struct ledger_row *find_row(struct ledger *l, uint8_t reason, uint8_t exactness, uint16_t kind)
{
	for (size_t i = 0; i < l->count; i++) {
		struct ledger_row *r = &l->row[i];
		if (r->reason == reason && r->exactness == exactness && r->kind == kind)
			return r;
	}
	return NULL;
}

static struct ledger_row *new_row(struct ledger *l, uint8_t reason, uint8_t exactness, uint16_t kind)
{
	if (l->count == LEDGER_ROWS)
		return NULL;
	struct ledger_row *r = &l->row[l->count++];
	*r = (struct ledger_row){ .reason = reason, .exactness = exactness, .kind = kind };
	return r;
}

/* Any row will do when there is no room: its reason and kind then say less, and the count still adds up. */
static struct ledger_row *joined_row(struct ledger *l, uint8_t exactness)
{
	struct ledger_row *r = &l->row[LEDGER_ROWS - 1];
	r->kind = 0;
	r->exactness = MAX(r->exactness, exactness);
	return r;
}

void ledger_add(struct ledger *l, uint8_t reason, uint8_t exactness, uint16_t kind, uint64_t count,
                uint64_t since_boot_us, const char *detail)
{
	struct ledger_row *r = find_row(l, reason, exactness, kind);
	if (!r)
		r = new_row(l, reason, exactness, kind);
	if (!r)
		r = joined_row(l, exactness);
	if (exactness != UNKNOWN && __builtin_add_overflow(r->count, count, &r->count))
		r->count = UINT64_MAX;
	if (since_boot_us && (r->since_boot_us == 0 || since_boot_us < r->since_boot_us))
		r->since_boot_us = since_boot_us;
	if (detail && !r->detail[0])
		snprintf(r->detail, sizeof(r->detail), "%s", detail);
}

struct loss ledger_loss(const struct ledger_row *r)
{
	return (struct loss){
		.reason = r->reason,
		.has_count = r->exactness != UNKNOWN,
		.count = r->count,
		.exactness = r->exactness,
		.kind = r->kind,
		.has_since = r->since_boot_us != 0,
		.since_boot_us = r->since_boot_us,
		.detail = { (const uint8_t *)r->detail, strlen(r->detail) },
	};
}
