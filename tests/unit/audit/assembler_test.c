#include "audit/assembler.h"
#include "audit/serial.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define SYSCALL   1300
#define PATH      1302
#define CWD       1307
#define EOE       1320
#define PROCTITLE 1327
#define LOGIN     1006
#define USER_AUTH 1100
#define SECOND    1000000ULL

/* What the callback saw, newest last. */
struct seen {
	size_t events;
	uint32_t serial[600];
	size_t count[600];
	size_t dropped[600];
	enum audit_end end[600];
	bool incomplete[600];
	bool malformed[600];
	char last_text[64];
	uint64_t first_us;
	size_t records;
};

static void on_event(void *context, const struct audit_assembled *e)
{
	struct seen *s = context;
	cr_assert_lt(s->events, ARRAY_SIZE(s->serial));
	cr_assert_gt(e->count, 0);
	size_t i = s->events++;
	s->serial[i] = e->stamp.serial;
	s->count[i] = e->count;
	s->dropped[i] = e->dropped;
	s->end[i] = e->end;
	s->incomplete[i] = e->incomplete;
	s->malformed[i] = e->malformed;
	s->first_us = e->first_us;
	s->records += e->count;
	struct span text = e->lines[e->count - 1].text;
	snprintf(s->last_text, sizeof(s->last_text), "%.*s", (int)MIN(text.len, sizeof(s->last_text) - 1),
	         (const char *)text.data);
}

static struct seen seen;

static struct audit_assembler *new_assembler(size_t max_events, size_t max_bytes)
{
	struct audit_assembler *a = NULL;
	seen = (struct seen){ 0 };
	struct audit_assembler_config config = {
		.on_event = on_event, .context = &seen, .max_events = max_events, .max_bytes = max_bytes
	};
	cr_assert_eq(audit_assembler_new(&config, &a), 0);
	return a;
}

static void push(struct audit_assembler *a, uint16_t type, uint32_t serial, uint64_t now_us)
{
	char line[64];
	int n = snprintf(line, sizeof(line), "audit(1.000:%u): type=%u", serial, type);
	audit_assembler_push(a, type, (struct span){ (const uint8_t *)line, (size_t)n }, now_us);
}

Test(audit_assembler, a_record_of_user_space_is_an_event_at_once)
{
	cleanup_audit_assembler struct audit_assembler *a = new_assembler(0, 0);
	push(a, USER_AUTH, 9, 5);
	cr_assert_eq(seen.events, 1);
	cr_assert_eq(seen.serial[0], 9);
	cr_assert_eq(seen.end[0], AUDIT_END_SINGLE);
	cr_assert_not(seen.incomplete[0]);
	cr_assert_str_eq(seen.last_text, "audit(1.000:9): type=1100");
	cr_assert_not(audit_assembler_waiting(a));
}

Test(audit_assembler, an_end_mark_ends_its_event_and_no_other)
{
	cleanup_audit_assembler struct audit_assembler *a = new_assembler(0, 0);
	push(a, SYSCALL, 1, 0);
	push(a, SYSCALL, 2, 1);
	push(a, CWD, 1, 2);
	push(a, PATH, 2, 3);
	push(a, PATH, 1, 4);
	push(a, EOE, 2, 5);
	cr_assert_eq(seen.events, 1);
	cr_assert_eq(seen.serial[0], 2);
	cr_assert_eq(seen.count[0], 2);
	cr_assert_eq(seen.end[0], AUDIT_END_EOE);
	cr_assert_eq(seen.first_us, 1);
	push(a, EOE, 1, 6);
	cr_assert_eq(seen.count[1], 3);
	cr_assert_not(seen.incomplete[1]);
	cr_assert_not(audit_assembler_waiting(a));
}

Test(audit_assembler, one_serial_in_two_milliseconds_makes_two_events)
{
	cleanup_audit_assembler struct audit_assembler *a = new_assembler(0, 0);
	static const char one[] = "audit(1.000:1): ", other[] = "audit(1.001:1): ";
	audit_assembler_push(a, SYSCALL, (struct span){ (const uint8_t *)one, sizeof(one) - 1 }, 0);
	audit_assembler_push(a, SYSCALL, (struct span){ (const uint8_t *)other, sizeof(other) - 1 }, 0);
	audit_assembler_flush(a, 1);
	cr_assert_eq(seen.events, 2);
}

Test(audit_assembler, a_kernel_record_alone_settles_and_is_complete)
{
	cleanup_audit_assembler struct audit_assembler *a = new_assembler(0, 0);
	push(a, LOGIN, 1, 0);
	audit_assembler_tick(a, SECOND / 20);
	cr_assert_eq(seen.events, 0);
	audit_assembler_tick(a, SECOND / 10);
	cr_assert_eq(seen.events, 1);
	cr_assert_eq(seen.end[0], AUDIT_END_SETTLED);
	cr_assert_not(seen.incomplete[0]);
}

Test(audit_assembler, a_kernel_record_in_a_system_call_waits_for_the_end_mark)
{
	cleanup_audit_assembler struct audit_assembler *a = new_assembler(0, 0);
	push(a, LOGIN, 1, 0);
	push(a, SYSCALL, 1, 10);
	audit_assembler_tick(a, SECOND);
	cr_assert_eq(seen.events, 0);
	push(a, EOE, 1, SECOND + 1);
	cr_assert_eq(seen.events, 1);
	cr_assert_eq(seen.count[0], 2);
}

Test(audit_assembler, an_event_whose_end_does_not_come_times_out_as_incomplete)
{
	cleanup_audit_assembler struct audit_assembler *a = new_assembler(0, 0);
	push(a, SYSCALL, 1, 0);
	push(a, CWD, 1, SECOND);
	audit_assembler_tick(a, 2 * SECOND - 1);
	cr_assert_eq(seen.events, 0);
	audit_assembler_tick(a, 2 * SECOND);
	cr_assert_eq(seen.events, 1);
	cr_assert_eq(seen.end[0], AUDIT_END_TIMEOUT);
	cr_assert(seen.incomplete[0]);
	push(a, EOE, 1, 2 * SECOND + 1);
	cr_assert_eq(audit_assembler_stats(a).lone_eoe, 1);
	cr_assert_eq(audit_assembler_stats(a).incomplete, 1);
}

static struct audit_assembler *new_recorded(void)
{
	struct audit_assembler *a = NULL;
	seen = (struct seen){ 0 };
	struct audit_assembler_config config = { .on_event = on_event, .context = &seen, .recorded = true };
	cr_assert_eq(audit_assembler_new(&config, &a), 0);
	return a;
}

Test(audit_assembler, in_a_log_without_end_marks_the_title_ends_an_event)
{
	cleanup_audit_assembler struct audit_assembler *a = new_recorded();
	push(a, SYSCALL, 1, 0);
	push(a, PROCTITLE, 1, 1);
	cr_assert_eq(seen.events, 1);
	cr_assert_eq(seen.count[0], 2);
	cr_assert_eq(seen.end[0], AUDIT_END_TITLE);
	cr_assert_not(seen.incomplete[0]);
	push(a, SYSCALL, 2, 2);
	audit_assembler_flush(a, 3);
	cr_assert_eq(seen.end[1], AUDIT_END_FLUSHED);
	cr_assert_not(seen.incomplete[1]);
	cr_assert_not(audit_assembler_waiting(a));
}

Test(audit_assembler, in_a_log_with_end_marks_only_they_end_an_event)
{
	cleanup_audit_assembler struct audit_assembler *a = new_recorded();
	push(a, SYSCALL, 1, 0);
	push(a, EOE, 1, 1);
	push(a, SYSCALL, 2, 2);
	push(a, PROCTITLE, 2, 3);
	cr_assert_eq(seen.events, 1);
	audit_assembler_flush(a, 4);
	cr_assert_eq(seen.events, 2);
	cr_assert(seen.incomplete[1]);
}

Test(audit_assembler, more_events_than_allowed_evict_the_oldest)
{
	cleanup_audit_assembler struct audit_assembler *a = new_assembler(2, 0);
	push(a, SYSCALL, 1, 0);
	push(a, SYSCALL, 2, 0);
	push(a, SYSCALL, 3, 0);
	cr_assert_eq(seen.events, 1);
	cr_assert_eq(seen.serial[0], 1);
	cr_assert_eq(seen.end[0], AUDIT_END_EVICTED);
	cr_assert(seen.incomplete[0]);
	audit_assembler_flush(a, 1);
	cr_assert_eq(seen.events, 3);
	cr_assert_eq(audit_assembler_stats(a).ended[AUDIT_END_FLUSHED], 2);
}

Test(audit_assembler, more_bytes_than_allowed_evict_the_oldest)
{
	cleanup_audit_assembler struct audit_assembler *a = new_assembler(0, 100);
	for (uint32_t serial = 1; serial <= 10; serial++)
		push(a, SYSCALL, serial, 0);
	cr_assert_geq(seen.events, 6);
	cr_assert_eq(seen.serial[0], 1);
	audit_assembler_flush(a, 1);
	cr_assert_eq(seen.events, 10);
}

Test(audit_assembler, an_endless_event_keeps_its_first_records_and_counts_the_rest)
{
	cleanup_audit_assembler struct audit_assembler *a = new_assembler(0, 0);
	push(a, SYSCALL, 1, 0);
	for (int i = 0; i < 1000; i++)
		push(a, PATH, 1, 0);
	push(a, EOE, 1, 0);
	cr_assert_eq(seen.count[0], AUDIT_EVENT_MAX_RECORDS);
	cr_assert_eq(seen.dropped[0], 1001 - AUDIT_EVENT_MAX_RECORDS);
	cr_assert_eq(audit_assembler_stats(a).dropped_records, seen.dropped[0]);
}

Test(audit_assembler, an_event_of_large_records_stops_at_its_byte_limit)
{
	cleanup_audit_assembler struct audit_assembler *a = new_assembler(0, 0);
	static uint8_t text[AUDIT_RECORD_MAX_BYTES + 1];
	memset(text, 'a', sizeof(text));
	memcpy(text, "audit(1.000:1): ", 16);
	for (int i = 0; i < 10; i++)
		audit_assembler_push(a, PATH, (struct span){ text, AUDIT_RECORD_MAX_BYTES }, 0);
	audit_assembler_push(a, PATH, (struct span){ text, AUDIT_RECORD_MAX_BYTES + 1 }, 0);
	push(a, EOE, 1, 0);
	cr_assert_eq(seen.count[0] + seen.dropped[0], 10);
	cr_assert_leq(seen.count[0], AUDIT_EVENT_MAX_BYTES / AUDIT_RECORD_MAX_BYTES);
	cr_assert_eq(audit_assembler_stats(a).oversize, 1);
}

Test(audit_assembler, a_record_without_a_stamp_is_kept_as_malformed)
{
	cleanup_audit_assembler struct audit_assembler *a = new_assembler(0, 0);
	static const char text[] = "this is no audit record";
	audit_assembler_push(a, SYSCALL, (struct span){ (const uint8_t *)text, sizeof(text) - 1 }, 3);
	cr_assert_eq(seen.events, 1);
	cr_assert(seen.malformed[0]);
	cr_assert_str_eq(seen.last_text, text);
	cr_assert_eq(audit_assembler_stats(a).malformed, 1);
}

Test(audit_assembler, serial_numbers_that_never_come_are_counted_once_they_are_late)
{
	cleanup_audit_assembler struct audit_assembler *a = new_assembler(0, 0);
	push(a, USER_AUTH, 10, 0);
	push(a, USER_AUTH, 14, 0);
	push(a, USER_AUTH, 12, SECOND);
	cr_assert(audit_assembler_waiting(a));
	audit_assembler_tick(a, 2 * SECOND);
	cr_assert_eq(audit_assembler_stats(a).missing_serials, 0);
	audit_assembler_tick(a, 2 * SECOND + 1);
	cr_assert_eq(audit_assembler_stats(a).missing_serials, 2);
	cr_assert_not(audit_assembler_waiting(a));
}

Test(audit_assembler, serial_numbers_roll_over_without_a_gap)
{
	cleanup_audit_assembler struct audit_assembler *a = new_assembler(0, 0);
	static const uint32_t serials[] = { UINT32_MAX - 1, 0, UINT32_MAX, 1, 2 };
	for (size_t i = 0; i < ARRAY_SIZE(serials); i++)
		push(a, USER_AUTH, serials[i], 0);
	audit_assembler_flush(a, 10 * SECOND);
	cr_assert_eq(audit_assembler_stats(a).missing_serials, 0);
}

Test(audit_assembler, a_log_daemons_own_numbers_make_no_gap)
{
	cleanup_audit_assembler struct audit_assembler *a = new_assembler(0, 0);
	push(a, USER_AUTH, 10, 0);
	push(a, 1200, 7798, 0);
	push(a, USER_AUTH, 11, 0);
	audit_assembler_flush(a, 10 * SECOND);
	cr_assert_eq(audit_assembler_stats(a).missing_serials, 0);
}

Test(audit_assembler, all_records_pushed_are_accounted_for)
{
	cleanup_audit_assembler struct audit_assembler *a = new_assembler(8, 2000);
	static const uint16_t types[] = { SYSCALL, PATH, CWD, EOE, LOGIN, USER_AUTH, 9999 };
	uint32_t random = 1;
	for (int i = 0; i < 500; i++) {
		random = random * 1664525 + 1013904223;
		push(a, types[(random >> 16) % ARRAY_SIZE(types)], (random >> 24) % 16, (uint64_t)i * 1000);
		if (i % 50 == 0)
			audit_assembler_tick(a, (uint64_t)i * 1000);
	}
	audit_assembler_flush(a, SECOND);
	struct audit_assembler_stats stats = audit_assembler_stats(a);
	uint64_t ended = 0;
	for (size_t i = 0; i < ARRAY_SIZE(stats.ended); i++)
		ended += stats.ended[i];
	cr_assert_eq(stats.records, 500);
	cr_assert_eq(ended, stats.events);
	cr_assert_eq(stats.events, seen.events);
	cr_assert_eq(stats.records,
	             seen.records + stats.eoe + stats.dropped_records + stats.oversize + stats.lost_events);
}

Test(audit_serial, a_number_in_the_middle_of_a_gap_splits_it)
{
	struct audit_serial s = { 0 };
	audit_serial_seen(&s, 1, 0);
	audit_serial_seen(&s, 10, 0);
	audit_serial_seen(&s, 5, 0);
	cr_assert_eq(s.open, 2);
	for (uint32_t serial = 2; serial < 10; serial++)
		audit_serial_seen(&s, serial, 0);
	cr_assert_eq(s.open, 0);
	cr_assert_eq(s.missing, 0);
}

Test(audit_serial, more_gaps_than_can_be_remembered_count_at_once)
{
	struct audit_serial s = { 0 };
	for (uint32_t i = 0; i <= AUDIT_SERIAL_GAPS + 1; i++)
		audit_serial_seen(&s, i * 2, 0);
	cr_assert_eq(s.open, AUDIT_SERIAL_GAPS);
	cr_assert_eq(s.missing, 1);
}

Test(audit_serial, splitting_a_gap_when_there_is_no_room_loses_no_number)
{
	struct audit_serial s = { 0 };
	for (uint32_t i = 0; i <= AUDIT_SERIAL_GAPS; i++)
		audit_serial_seen(&s, i * 4, 0);
	audit_serial_seen(&s, 4 * AUDIT_SERIAL_GAPS - 2, 0);
	audit_serial_expire(&s, 1);
	cr_assert_eq(s.open, 0);
	cr_assert_eq(s.missing, 3 * AUDIT_SERIAL_GAPS - 1);
}

Test(audit_serial, a_wild_jump_starts_anew)
{
	struct audit_serial s = { 0 };
	audit_serial_seen(&s, 5, 0);
	audit_serial_seen(&s, 0x80000000, 0);
	cr_assert_eq(s.restarts, 1);
	cr_assert_eq(s.open, 0);
	cr_assert_eq(s.highest, 0x80000000);
}
