/* Any bytes as an entry's body: seal, epoch and loss fields are read within bounds, and what is written from
 * them reads the same. */
#include "evidence/seal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct entry parse_again(const struct buf *b)
{
	struct entry e;
	if (buf_err(b) || entry_parse_body((struct span){ b->data, b->len }, &e) < 0)
		abort();
	return e;
}

static void try_seal(const struct entry *e)
{
	cleanup_buf struct buf b = { 0 };
	struct seal s, again;
	if (seal_parse(e, &s) < 0)
		return;
	seal_put_body(&b, &s, e->time_us);
	struct entry second = parse_again(&b);
	if (seal_parse(&second, &again) < 0 || again.first != s.first || again.account.lost != s.account.lost)
		abort();
}

static void try_epoch(const struct entry *e)
{
	cleanup_buf struct buf b = { 0 };
	struct epoch_start s, again;
	if (epoch_parse(e, &s) < 0)
		return;
	epoch_put_body(&b, &s, e->time_us);
	struct entry second = parse_again(&b);
	if (epoch_parse(&second, &again) < 0 || again.abandoned_count != s.abandoned_count)
		abort();
}

static void try_loss(const struct entry *e)
{
	cleanup_buf struct buf b = { 0 };
	struct loss l, again;
	if (loss_parse(e, &l) < 0)
		return;
	loss_put_body(&b, &l, e->time_us);
	struct entry second = parse_again(&b);
	if (loss_parse(&second, &again) < 0 || again.count != l.count)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* The kinds are tried on any fields, so that the fuzzer need not find the body's head first. */
	static const uint64_t kinds[] = { KIND_SEAL, KIND_EPOCH, KIND_LOSS };
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct entry e = { .kind = kinds[i], .process = ENTRY_NO_PROCESS, .fields = { data, size } };
		try_seal(&e);
		try_epoch(&e);
		try_loss(&e);
	}
	return 0;
}
