#include "collector/ring_account.h"

#include <criterion/criterion.h>

#define CPUS 2

static struct intake_loss losses[16];
static size_t loss_count;

static void on_loss(void *context maybe_unused, const struct intake_loss *loss)
{
	losses[loss_count++ % ARRAY_SIZE(losses)] = *loss;
}

static struct ring_account *account;
static void *streams;
static struct bpf_counts counts[CPUS * BPF_PROGRAMS];

static void setup(void)
{
	loss_count = 0;
	memset(counts, 0, sizeof(counts));
	streams = calloc(1, ring_account_bytes(CPUS));
	cr_assert_eq(ring_account_new(CPUS, streams, &account), 0);
}

static void teardown(void)
{
	ring_account_free(account);
	free(streams);
}

static bool record(uint16_t cpu, uint8_t program, uint64_t sequence)
{
	struct bpf_record head = { .cpu = cpu, .program = program, .kind = KIND_OPEN, .sequence = sequence };
	return ring_account_record(account, &head);
}

static void settle(void)
{
	ring_account_settle(account, counts, 42, on_loss, NULL);
}

TestSuite(ring_account, .init = setup, .fini = teardown);

Test(ring_account, numbers_without_a_gap_are_no_loss)
{
	cr_assert(record(0, BPF_PROGRAM_FILE, 1));
	cr_assert(record(0, BPF_PROGRAM_FILE, 2));
	cr_assert(record(1, BPF_PROGRAM_FILE, 1));
	cr_assert(record(0, BPF_PROGRAM_EXEC, 1));
	settle();
	cr_assert_eq(loss_count, 0);
}

Test(ring_account, what_the_program_dropped_is_declared_once_by_kind)
{
	struct bpf_counts *c = &counts[1 * BPF_PROGRAMS + BPF_PROGRAM_FILE];
	cr_assert(record(1, BPF_PROGRAM_FILE, 1));
	c->sequence[BPF_RING_FILES] = 6;
	c->dropped[KIND_OPEN] = 3;
	c->dropped[KIND_UNLINK] = 1;
	cr_assert(record(1, BPF_PROGRAM_FILE, 6));
	settle();
	settle();
	cr_assert_eq(loss_count, 2);
	cr_assert_eq(losses[0].reason, LOSS_RING_FULL);
	cr_assert_eq(losses[0].exactness, EXACT);
	cr_assert_eq(losses[0].kind, KIND_OPEN);
	cr_assert_eq(losses[0].count, 3);
	cr_assert_eq(losses[0].since_boot_us, 42);
	cr_assert_eq(losses[1].kind, KIND_UNLINK);
	cr_assert_eq(losses[1].count, 1);
}

Test(ring_account, drops_are_declared_before_a_gap_shows_them)
{
	counts[BPF_PROGRAM_EXEC].dropped[KIND_OPEN] = 2;
	settle();
	cr_assert_eq(loss_count, 1);
	cr_assert(record(0, BPF_PROGRAM_EXEC, 3));
	settle();
	cr_assert_eq(loss_count, 1);
}

Test(ring_account, a_number_missing_though_nothing_was_dropped_is_a_gap)
{
	counts[BPF_PROGRAM_FILE].dropped[KIND_OPEN] = 1;
	cr_assert(record(0, BPF_PROGRAM_FILE, 5));
	settle();
	settle();
	cr_assert_eq(loss_count, 2);
	cr_assert_eq(losses[1].reason, LOSS_RING_GAP);
	cr_assert_eq(losses[1].count, 3);
}

Test(ring_account, each_ring_has_numbers_of_its_own)
{
	struct bpf_record urgent = { .program = BPF_PROGRAM_FILE, .kind = KIND_CREDENTIALS, .sequence = 1 };
	counts[BPF_PROGRAM_FILE].dropped[KIND_OPEN] = 4;
	cr_assert(record(0, BPF_PROGRAM_FILE, 5));
	cr_assert(ring_account_record(account, &urgent));
	urgent.sequence = 4;
	cr_assert(ring_account_record(account, &urgent));
	settle();
	cr_assert_eq(loss_count, 2);
	cr_assert_eq(losses[0].reason, LOSS_RING_FULL);
	cr_assert_eq(losses[1].reason, LOSS_RING_GAP);
	cr_assert_eq(losses[1].count, 2);
}

Test(ring_account, another_account_goes_on_where_one_ended)
{
	counts[BPF_PROGRAM_FILE].dropped[KIND_OPEN] = 2;
	cr_assert(record(0, BPF_PROGRAM_FILE, 1));
	settle();
	ring_account_free(account);
	cr_assert_eq(ring_account_new(CPUS, streams, &account), 0);
	cr_assert_not(record(0, BPF_PROGRAM_FILE, 1));
	cr_assert(record(0, BPF_PROGRAM_FILE, 4));
	counts[BPF_PROGRAM_FILE].dropped[KIND_OPEN] = 3;
	cr_assert(record(0, BPF_PROGRAM_FILE, 6));
	settle();
	cr_assert_eq(loss_count, 2);
	cr_assert_eq(losses[1].reason, LOSS_RING_FULL);
	cr_assert_eq(losses[1].count, 1);
}

Test(ring_account, a_number_that_came_before_or_a_foreign_cpu_is_refused)
{
	cr_assert(record(0, BPF_PROGRAM_FILE, 2));
	cr_assert_not(record(0, BPF_PROGRAM_FILE, 2));
	cr_assert_not(record(0, BPF_PROGRAM_FILE, 1));
	cr_assert_not(record(CPUS, BPF_PROGRAM_FILE, 1));
}

Test(ring_account, the_high_water_mark_of_a_cpu_is_over_all_its_streams)
{
	struct intake_counts *into = calloc(1, sizeof(*into));
	cr_assert(record(1, BPF_PROGRAM_FILE, 10));
	cr_assert(record(1, BPF_PROGRAM_EXIT, 5));
	ring_account_high_water(account, into);
	cr_assert_eq(into->cpus, CPUS);
	cr_assert_eq(into->high_water[0], 0);
	cr_assert_eq(into->high_water[1], 15);
	free(into);
}
