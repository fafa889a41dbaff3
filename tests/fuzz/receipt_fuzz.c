/* Any bytes as a receipt, a conflict, a fleet log entry: what was taken is written back to the same bytes,
 * and proves nothing by chance. */
#include "evidence/fleet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same(const struct buf *b, struct span in)
{
	if (buf_err(b) || !span_equal((struct span){ b->data, b->len }, in))
		abort();
}

static void try_receipt(struct span in)
{
	cleanup_buf struct buf entry = { 0 }, b = { 0 };
	struct receipt r;
	struct fleet_head held = { 0 }, head;
	static const struct key nobody = { .name = "nobody", .type = KEY_TYPE_ED25519 };
	if (receipt_parse(in, &entry, &r) < 0)
		return;
	receipt_put(&b, &r);
	same(&b, in);
	if (receipt_check(&r, &nobody, &held, &head) == RECEIPT_OK)
		abort();
}

static void try_conflict(struct span in)
{
	cleanup_buf struct buf b = { 0 };
	struct conflict c;
	if (conflict_parse(in, &c) < 0)
		return;
	conflict_put(&b, &c);
	same(&b, in);
}

static void try_entry(struct span in)
{
	cleanup_buf struct buf b = { 0 };
	struct fleet_entry e;
	if (fleet_parse_entry(in, &e) < 0)
		return;
	fleet_put_entry(&b, &e);
	if (buf_err(&b) == 0)
		same(&b, in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = { data, size };
	try_receipt(in);
	try_conflict(in);
	try_entry(in);
	return 0;
}
