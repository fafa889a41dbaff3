#include "collector/loss_ledger.h"

/* The last lines are kept for losses that find no line of their own: one an exactness. */
#define SHARED_LINES (UNKNOWN + 1)

static struct loss_line *find_line(struct loss_ledger *l, const struct intake_loss *loss, bool any_kind)
{
	for (size_t i = 0; i < l->count; i++) {
		struct intake_loss *have = &l->lines[i].loss;
		bool same = have->reason == loss->reason && have->kind == loss->kind;
		bool shared = any_kind && have->kind == 0;
		if (have->exactness == loss->exactness && (same || shared))
			return &l->lines[i];
	}
	return NULL;
}

static struct loss_line *new_line(struct loss_ledger *l, const struct intake_loss *loss)
{
	struct loss_line *line = &l->lines[l->count++];
	size_t len = MIN(loss->detail.len, (size_t)LOSS_DETAIL_KEPT);
	line->loss = *loss;
	line->loss.count = 0;
	if (len)
		memcpy(line->detail, loss->detail.data, len);
	line->loss.detail.len = len;
	return line;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	if (a == 0 || b == 0)
		return 0;
	return MIN(a, b);
}

void loss_ledger_add(struct loss_ledger *l, const struct intake_loss *loss)
{
	struct intake_loss wanted = *loss;
	struct loss_line *line = find_line(l, &wanted, false);
	if (!line && l->count >= LOSS_LEDGER_LINES - SHARED_LINES) {
		wanted.kind = 0;
		line = find_line(l, &wanted, true);
	}
	if (!line)
		line = new_line(l, &wanted);
	line->loss.count += loss->count;
	line->loss.since_boot_us = earlier(line->loss.since_boot_us, loss->since_boot_us);
}

const struct intake_loss *loss_ledger_first(struct loss_ledger *l)
{
	if (l->count == 0)
		return NULL;
	/* Lines move when one before them goes. */
	l->lines[0].loss.detail.data = l->lines[0].detail;
	return &l->lines[0].loss;
}

void loss_ledger_remove_first(struct loss_ledger *l)
{
	if (l->count == 0)
		return;
	l->count--;
	memmove(l->lines, l->lines + 1, l->count * sizeof(l->lines[0]));
}
