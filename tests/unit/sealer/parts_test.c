/* The sealer's small parts: ledger, field maps, process index, latency, epoch file, key slots. */
#include <criterion/criterion.h>
#include <fcntl.h>

#include "sealer/epoch_file.h"
#include "sealer/fields.h"
#include "sealer/latency.h"
#include "sealer/ledger.h"
#include "sealer/process_index.h"
#include "sealer/slots.h"
#include "tests/support/fault_env.h"

static uint64_t total(const struct ledger *l)
{
	uint64_t n = 0;
	for (size_t i = 0; i < l->count; i++)
		n += l->row[i].count;
	return n;
}

Test(ledger, adds_up_losses_of_one_reason_kind_and_exactness)
{
	struct ledger l = { 0 };
	ledger_add(&l, LOSS_RING_FULL, EXACT, KIND_OPEN, 3, 50, "first");
	ledger_add(&l, LOSS_RING_FULL, EXACT, KIND_OPEN, 4, 40, "second");
	ledger_add(&l, LOSS_RING_FULL, EXACT, KIND_EXEC, 1, 0, NULL);
	cr_assert_eq(l.count, 2);
	cr_assert_eq(l.row[0].count, 7);
	cr_assert_eq(l.row[0].since_boot_us, 40);
	cr_assert_str_eq(l.row[0].detail, "first");
	struct loss loss = ledger_loss(&l.row[0]);
	cr_assert(loss.has_count && loss.has_since);
}

Test(ledger, loses_no_count_when_it_is_full)
{
	struct ledger l = { 0 };
	for (uint16_t kind = 0; kind < 3 * LEDGER_ROWS; kind++)
		ledger_add(&l, LOSS_RING_FULL, EXACT, kind, 2, 0, NULL);
	cr_assert_eq(l.count, LEDGER_ROWS);
	cr_assert_eq(total(&l), 6 * LEDGER_ROWS);
}

Test(ledger, has_no_count_for_what_is_unknown)
{
	struct ledger l = { 0 };
	ledger_add(&l, LOSS_COLLECTOR_DOWN, UNKNOWN, 0, 99, 0, NULL);
	cr_assert_not(ledger_loss(&l.row[0]).has_count);
}

static void put(struct span map, uint64_t parent, uint64_t previous, int expected, const void *bytes,
                size_t n)
{
	struct buf b = { 0 };
	cr_assert_eq(fields_put_process(&b, map, parent, previous), expected);
	if (expected == 0) {
		cr_assert_eq(b.len, n);
		cr_assert_arr_eq(b.data, bytes, n);
	}
	buf_done(&b);
}

Test(fields, puts_leaf_indices_where_the_order_of_keys_wants_them)
{
	/* {0: 1, 4: h'61', 22: 2} */
	static const uint8_t map[] = { 0xa3, 0x00, 0x01, 0x04, 0x41, 0x61, 0x16, 0x02 };
	static const uint8_t both[] = { 0xa5, 0x00, 0x01, 0x03, 0x18, 0x63, 0x04,
		                        0x41, 0x61, 0x15, 0x07, 0x16, 0x02 };
	static const uint8_t one[] = { 0xa4, 0x00, 0x01, 0x04, 0x41, 0x61, 0x15, 0x07, 0x16, 0x02 };
	struct span m = { map, sizeof(map) };
	put(m, 99, 7, 0, both, sizeof(both));
	put(m, ENTRY_NO_PROCESS, 7, 0, one, sizeof(one));
	put(m, ENTRY_NO_PROCESS, ENTRY_NO_PROCESS, 0, map, sizeof(map));
}

Test(fields, refuses_maps_that_have_the_key_already_or_are_malformed)
{
	static const uint8_t taken[] = { 0xa1, 0x03, 0x01 };
	static const uint8_t cut[] = { 0xa2, 0x00, 0x01 };
	static const uint8_t disordered[] = { 0xa2, 0x04, 0x01, 0x00, 0x01 };
	put((struct span){ taken, sizeof(taken) }, 1, 1, -EBADMSG, NULL, 0);
	put((struct span){ cut, sizeof(cut) }, 1, 1, -EBADMSG, NULL, 0);
	put((struct span){ disordered, sizeof(disordered) }, 1, 1, -EBADMSG, NULL, 0);
	struct buf b = { 0 };
	cr_assert_eq(fields_put_one(&b, (struct span){ taken, sizeof(taken) }, 3, "x"), -EBADMSG);
	buf_done(&b);
}

Test(fields, a_byte_string_goes_in_between_the_keys)
{
	static const uint8_t map[] = { 0xa2, 0x03, 0x01, 0x08, 0x02 };
	static const uint8_t whole[] = { 0xa3, 0x03, 0x01, 0x07, 0x41, 'x', 0x08, 0x02 };
	struct buf b = { 0 };
	cr_assert_eq(fields_put_one(&b, (struct span){ map, sizeof(map) }, 7, "x"), 0);
	cr_assert_eq(b.len, sizeof(whole));
	cr_assert_arr_eq(b.data, whole, sizeof(whole));
	buf_done(&b);
}

Test(process_index, finds_what_was_set_and_not_removed)
{
	struct process_index *p;
	cr_assert_eq(process_index_new(&p), 0);
	for (uint64_t n = 1; n <= 5000; n++)
		process_index_set(p, n * 7919, n);
	for (uint64_t n = 1; n <= 5000; n += 2)
		process_index_remove(p, n * 7919);
	for (uint64_t n = 1; n <= 5000; n++)
		cr_assert_eq(process_index_get(p, n * 7919), n % 2 ? ENTRY_NO_PROCESS : n, "number %llu",
		             (unsigned long long)n);
	cr_assert_eq(process_index_get(p, 0), ENTRY_NO_PROCESS);
	process_index_free(p);
}

Test(process_index, stays_bounded_and_forgets_the_oldest_first)
{
	struct process_index *p;
	uint64_t last = 3 * PROCESS_INDEX_MAX;
	cr_assert_eq(process_index_new(&p), 0);
	for (uint64_t n = 1; n <= last; n++)
		process_index_set(p, n, n);
	cr_assert_eq(process_index_get(p, last), last);
	cr_assert_eq(process_index_get(p, last - PROCESS_INDEX_MAX / 4), last - PROCESS_INDEX_MAX / 4);
	cr_assert_eq(process_index_get(p, 1), ENTRY_NO_PROCESS);
	process_index_free(p);
}

Test(latency, gives_percentiles_within_a_quarter)
{
	struct latency l = { 0 };
	cr_assert_eq(latency_percentile_us(&l, 99), 0);
	for (uint64_t us = 1; us <= 10000; us++)
		latency_add(&l, us);
	uint64_t p50 = latency_percentile_us(&l, 50), p99 = latency_percentile_us(&l, 99);
	cr_assert(p50 >= 5000 && p50 <= 6250, "%llu", (unsigned long long)p50);
	cr_assert(p99 >= 9900 && p99 <= 10000, "%llu", (unsigned long long)p99);
	cr_assert_eq(l.max_us, 10000);
	latency_add(&l, UINT64_MAX);
	cr_assert_eq(l.max_us, UINT64_MAX);
}

struct place {
	struct env *env;
	int fd;
};

static void place_init(struct place *p)
{
	p->env = fault_env_new();
	p->fd = p->env->open(p->env, AT_FDCWD, "/", O_RDONLY | O_DIRECTORY, 0);
	cr_assert_geq(p->fd, 0);
}

static void place_done(struct place *p)
{
	p->env->close(p->env, p->fd);
	fault_env_free(p->env);
}

Test(epoch_file, comes_back_as_it_was_written_and_refuses_anything_else)
{
	struct place p;
	uint32_t epoch;
	struct buf body = { 0 };
	static const uint8_t bytes[] = { 1, 2, 3 };
	place_init(&p);
	cr_assert_eq(epoch_file_read(p.env, p.fd, &epoch, &body), -ENOENT);
	cr_assert_eq(epoch_file_write(p.env, p.fd, 7, (struct span){ bytes, 3 }), 0);
	cr_assert_eq(epoch_file_read(p.env, p.fd, &epoch, &body), 0);
	cr_assert_eq(epoch, 7);
	cr_assert_arr_eq(body.data, bytes, 3);
	static const char *const wrong[] = { "",
		                             "swornlog-epoch/v1\n0\nAQID\n",
		                             "swornlog-epoch/v1\n7\nAQID",
		                             "swornlog-epoch/v1\n7\nAQID\nx\n",
		                             "swornlog-epoch/v1\n4294967296\nAQID\n",
		                             "swornlog-epoch/v2\n7\nAQID\n" };
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		fault_env_put(p.env, "epoch", wrong[i], strlen(wrong[i]));
		cr_assert_eq(epoch_file_read(p.env, p.fd, &epoch, &body), -EBADMSG, "%s", wrong[i]);
	}
	buf_done(&body);
	place_done(&p);
}

Test(slots, take_any_changed_byte_for_an_empty_slot)
{
	struct place p;
	struct slots s;
	struct slot slot = { .generation = 5, .epoch = 2 }, got[2];
	size_t n;
	place_init(&p);
	for (int i = 0; i < 3; i++)
		frontier_add(&slot.tree, &(struct hash){ { (uint8_t)i } });
	cr_assert_eq(ed25519_generate(env_system(), &slot.secret), 0);
	cr_assert_eq(slots_open(p.env, p.fd, &s), 0);
	cr_assert_eq(slots_write(&s, &slot), 0);
	cr_assert_eq(slots_read(&s, got), 0);
	cr_assert_eq(got[0].generation, 0);
	cr_assert_eq(got[1].generation, 5);
	cr_assert_eq(got[1].epoch, 2);
	cr_assert_eq(got[1].tree.size, 3);
	cr_assert_arr_eq(got[1].secret.seed, slot.secret.seed, 32);

	uint8_t *keys = fault_env_content(p.env, "keys", &n);
	cr_assert_eq(n, SLOTS_BYTES);
	for (size_t i = SLOT_BYTES; i < SLOTS_BYTES; i++) {
		keys[i] ^= 1;
		cr_assert_eq(slots_read(&s, got), 0);
		cr_assert_eq(got[1].generation, 0, "byte %zu", i);
		keys[i] ^= 1;
	}
	cr_assert_eq(slots_erase(&s, 5), 0);
	cr_assert_eq(slots_read(&s, got), 0);
	cr_assert_eq(got[1].generation, 0);
	slots_close(&s);
	place_done(&p);
}
