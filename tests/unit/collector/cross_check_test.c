#include "collector/cross_check.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define ARMED_US  1000
#define SECOND_US 1000000ULL

struct world {
	struct cross_check *check;
	unsigned confirmed, disagreed, counts;
	uint64_t counted;
	enum cross_check_sensor by;
	struct exec_seen last, other;
};

static void on_confirmed(void *context, const struct exec_seen *bpf, const struct exec_seen *audit)
{
	struct world *w = context;
	w->confirmed++;
	w->last = *bpf;
	w->other = *audit;
}

static void on_disagreement(void *context, enum cross_check_sensor by, const struct exec_seen *exec)
{
	struct world *w = context;
	w->disagreed++;
	w->by = by;
	w->last = *exec;
}

static void on_count(void *context, enum cross_check_sensor by, uint64_t count)
{
	struct world *w = context;
	w->counts++;
	w->by = by;
	w->counted += count;
}

static void open_world(struct world *w)
{
	struct cross_check_config config = { on_confirmed, on_disagreement, on_count, w };
	*w = (struct world){ 0 };
	cr_assert_eq(cross_check_new(&config, &w->check), 0);
	cross_check_arm(w->check, true, ARMED_US);
}

static struct exec_seen exec_of(uint32_t pid, const char *comm)
{
	struct exec_seen e = {
		.pid = pid, .ppid = 10, .start_us = ARMED_US + 1, .number = pid + 1000, .serial = pid + 5
	};
	e.comm_len = strlen(comm);
	memcpy(e.comm, comm, e.comm_len);
	return e;
}

static bool bpf(struct world *w, uint32_t pid, const char *comm, uint64_t now_us)
{
	struct exec_seen e = exec_of(pid, comm);
	uint32_t serial = 0;
	if (cross_check_bpf(w->check, &e, &serial)) {
		cr_assert_eq(serial, pid + 5);
		return true;
	}
	cross_check_sent(w->check, &e, now_us);
	return false;
}

static void audit(struct world *w, uint32_t pid, const char *comm, uint64_t now_us)
{
	struct exec_seen e = exec_of(pid, comm);
	cross_check_audit(w->check, &e, now_us);
}

static void tick(struct world *w, uint64_t now_us)
{
	static const bool behind[CROSS_CHECK_SENSORS];
	cross_check_tick(w->check, behind, now_us);
}

Test(cross_check, what_audit_has_told_of_already_is_one_event)
{
	struct world w;
	open_world(&w);
	audit(&w, 5, "ls", 2000);
	cr_assert(bpf(&w, 5, "ls", 2100));
	tick(&w, 60 * SECOND_US);
	cr_assert(w.disagreed == 0 && w.confirmed == 0);
	cr_assert_eq(cross_check_counts(w.check).agreed, 1);
	cross_check_free(w.check);
}

Test(cross_check, what_audit_tells_of_later_is_confirmed_under_its_number)
{
	struct world w;
	open_world(&w);
	cr_assert_not(bpf(&w, 5, "ls", 2000));
	audit(&w, 5, "ls", 2100);
	cr_assert_eq(w.confirmed, 1);
	cr_assert(w.last.number == 1005 && w.other.serial == 10);
	tick(&w, 60 * SECOND_US);
	cr_assert_eq(w.disagreed, 0);
	cross_check_free(w.check);
}

Test(cross_check, another_process_or_another_program_is_another_exec)
{
	struct world w;
	open_world(&w);
	audit(&w, 5, "ls", 2000);
	cr_assert_not(bpf(&w, 6, "ls", 2000));
	cr_assert_not(bpf(&w, 5, "sh", 2000));
	cr_assert(bpf(&w, 5, "ls", 2000));
	cr_assert_not(bpf(&w, 5, "ls", 2000), "each is used once");
	cross_check_free(w.check);
}

Test(cross_check, what_one_sensor_alone_saw_is_told_after_its_time)
{
	struct world w;
	open_world(&w);
	bpf(&w, 5, "ls", 2000);
	tick(&w, 2000 + CROSS_CHECK_WAIT_US - 1);
	cr_assert_eq(w.disagreed, 0);
	tick(&w, 2000 + CROSS_CHECK_WAIT_US);
	cr_assert(w.disagreed == 1 && w.by == CROSS_CHECK_BPF && w.last.pid == 5);
	audit(&w, 6, "ls", 4 * SECOND_US);
	tick(&w, 8 * SECOND_US);
	cr_assert(w.disagreed == 2 && w.by == CROSS_CHECK_AUDIT && w.last.pid == 6);
	tick(&w, 20 * SECOND_US);
	cr_assert_eq(w.disagreed, 2);
	cross_check_free(w.check);
}

Test(cross_check, an_exec_that_audit_has_good_reason_to_miss_is_no_disagreement)
{
	struct world w;
	open_world(&w);
	struct exec_seen old = exec_of(5, "ls"), helper = exec_of(6, "modprobe");
	old.start_us = ARMED_US - 1;
	helper.ppid = 2;
	cross_check_sent(w.check, &old, 2000);
	cross_check_sent(w.check, &helper, 2000);
	tick(&w, 8 * SECOND_US);
	cr_assert_eq(w.disagreed, 0);
	cr_assert_eq(cross_check_counts(w.check).unproven, 2);
	cross_check_free(w.check);
}

Test(cross_check, who_was_born_before_the_rules_is_confirmed_all_the_same_if_audit_tells_of_him)
{
	struct world w;
	open_world(&w);
	struct exec_seen old = exec_of(5, "ls");
	old.start_us = ARMED_US - 1;
	cross_check_sent(w.check, &old, 2000);
	audit(&w, 5, "ls", 2000);
	cr_assert_eq(w.confirmed, 1);
	cross_check_free(w.check);
}

Test(cross_check, a_loss_of_the_other_sensor_excuses_it_and_one_long_ago_does_not)
{
	struct world w;
	open_world(&w);
	bpf(&w, 5, "ls", SECOND_US);
	audit(&w, 6, "ls", SECOND_US);
	cross_check_lost(w.check, CROSS_CHECK_AUDIT, 2 * SECOND_US);
	tick(&w, 9 * SECOND_US);
	cr_assert(w.disagreed == 1 && w.by == CROSS_CHECK_AUDIT, "audit's loss does not excuse BPF");
	bpf(&w, 7, "ls", 30 * SECOND_US);
	tick(&w, 60 * SECOND_US);
	cr_assert(w.disagreed == 2 && w.last.pid == 7);
	cross_check_free(w.check);
}

Test(cross_check, while_a_sensor_is_behind_its_events_are_waited_for)
{
	struct world w;
	static const bool behind[] = { [CROSS_CHECK_BPF] = false, [CROSS_CHECK_AUDIT] = true };
	open_world(&w);
	bpf(&w, 5, "ls", SECOND_US);
	cross_check_tick(w.check, behind, 20 * SECOND_US);
	cr_assert_eq(w.disagreed, 0);
	audit(&w, 5, "ls", 21 * SECOND_US);
	cr_assert_eq(w.confirmed, 1);
	bpf(&w, 6, "ls", 22 * SECOND_US);
	cross_check_tick(w.check, behind, 22 * SECOND_US + CROSS_CHECK_BEHIND_US);
	cr_assert_eq(w.disagreed, 1, "but not for ever");
	cross_check_free(w.check);
}

Test(cross_check, disagreements_are_told_at_a_rate_and_the_rest_is_counted_exactly)
{
	struct world w;
	open_world(&w);
	for (uint32_t pid = 1; pid <= 100; pid++)
		bpf(&w, pid, "ls", SECOND_US);
	tick(&w, 5 * SECOND_US);
	cr_assert_eq(w.disagreed, CROSS_CHECK_RATE);
	tick(&w, 20 * SECOND_US);
	cr_assert(w.disagreed + w.counted == 100 && w.counts == 1);
	cr_assert_eq(cross_check_counts(w.check).alone[CROSS_CHECK_BPF], 100);
	tick(&w, 40 * SECOND_US);
	cr_assert_eq(w.counts, 1);
	cross_check_free(w.check);
}

Test(cross_check, nothing_is_expected_where_the_rules_are_not_in_force)
{
	struct world w;
	open_world(&w);
	bpf(&w, 5, "ls", SECOND_US);
	cross_check_arm(w.check, false, 2 * SECOND_US);
	bpf(&w, 6, "ls", 2 * SECOND_US);
	audit(&w, 7, "ls", 2 * SECOND_US);
	tick(&w, 60 * SECOND_US);
	cr_assert_eq(w.disagreed, 0);
	cr_assert_eq(cross_check_counts(w.check).unproven, 1);
	cross_check_free(w.check);
}

Test(cross_check, what_does_not_fit_is_counted_as_unproven)
{
	struct world w;
	open_world(&w);
	for (uint32_t pid = 1; pid <= CROSS_CHECK_PENDING + 7; pid++)
		bpf(&w, pid, "ls", SECOND_US);
	cr_assert_eq(cross_check_counts(w.check).unproven, 7);
	for (uint32_t pid = 8; pid <= CROSS_CHECK_PENDING + 7; pid++)
		audit(&w, pid, "ls", SECOND_US);
	cr_assert_eq(w.confirmed, CROSS_CHECK_PENDING);
	cross_check_free(w.check);
}
