#include "collector/outlet.h"

#include <criterion/criterion.h>

#include <sys/socket.h>
#include <unistd.h>

static struct outlet *outlet;
static int peer = -1;
static unsigned restarts;
static uint32_t own_pid;
static struct buf received;

/* The account that the other end keeps. */
static struct seen {
	uint64_t events, exact, unknown, postures, goodbyes, rules, refused;
	bool resumed;
	uint64_t lost_by_kind[64];
	struct intake_counts counts;
} * seen;

static void on_restart(void *context maybe_unused)
{
	restarts++;
}

static void on_own_process(void *context maybe_unused, uint32_t pid)
{
	own_pid = pid;
}

static void connect_pair(void)
{
	int fds[2];
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	int size = 4096;
	cr_assert_eq(setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)), 0);
	outlet_connect_fd(outlet, fds[0]);
	peer = fds[1];
}

static void setup(void)
{
	struct outlet_config config = { .queue_bytes = 1,
		                        .on_restart = on_restart,
		                        .on_own_process = on_own_process };
	cr_assert_eq(outlet_new(&config, &outlet), 0);
	seen = calloc(1, sizeof(*seen));
	connect_pair();
}

static void teardown(void)
{
	outlet_free(outlet);
	close_fd(&peer);
	buf_done(&received);
	free(seen);
}

static void count_frame(const struct intake_frame *f)
{
	switch (f->type) {
	case INTAKE_EVENT:
		seen->events++;
		break;
	case INTAKE_LOSS:
		seen->unknown += f->loss.exactness == UNKNOWN;
		if (f->loss.exactness == EXACT) {
			seen->exact += f->loss.count;
			seen->lost_by_kind[f->loss.kind] += f->loss.count;
		}
		break;
	case INTAKE_COUNTS:
		seen->counts = f->counts;
		break;
	case INTAKE_POSTURE:
		seen->postures++;
		break;
	case INTAKE_GOODBYE:
		seen->goodbyes++;
		break;
	case INTAKE_RULES:
		seen->rules += !f->rules.refused;
		seen->refused += f->rules.refused;
		break;
	case INTAKE_RESUMED:
		seen->resumed = seen->events == 0 && seen->exact == 0 && seen->postures == 0;
		break;
	}
}

/* Reads what there is; true if there was something. */
static bool read_peer(void)
{
	static struct intake_frame frame;
	uint8_t bytes[65536];
	ssize_t n = recv(peer, bytes, sizeof(bytes), MSG_DONTWAIT);
	if (n <= 0)
		return false;
	buf_put(&received, bytes, (size_t)n);
	ssize_t used;
	while ((used = intake_parse((struct span){ received.data, received.len }, &frame)) > 0) {
		count_frame(&frame);
		buf_consume(&received, (size_t)used);
	}
	cr_assert_eq(used, 0);
	return true;
}

static void drain(void)
{
	do
		outlet_ready(outlet);
	while (read_peer());
}

static bool put(uint16_t kind, size_t size)
{
	cleanup_buf struct buf b = { 0 };
	buf_put(&b, "\xa1\x00\x59", 3);
	buf_put_u16be(&b, (uint16_t)size);
	memset(buf_extend(&b, size), 'x', size);
	struct intake_event event = { .kind = kind, .boot_us = 5, .fields = { b.data, b.len } };
	return outlet_put(outlet, &event);
}

static void settle(void)
{
	struct intake_counts *counts = calloc(1, sizeof(*counts));
	outlet_settle(outlet, counts);
	free(counts);
}

static void check_totals(void)
{
	struct outlet_totals t = outlet_totals(outlet);
	cr_assert_eq(t.emitted, t.filtered + t.lost + t.sent);
}

TestSuite(outlet, .init = setup, .fini = teardown);

Test(outlet, an_event_arrives_and_the_account_says_so)
{
	cr_assert(put(KIND_OPEN, 300));
	outlet_filter(outlet, 1);
	settle();
	drain();
	cr_assert_eq(seen->events, 1);
	cr_assert_eq(seen->counts.emitted, 2);
	cr_assert_eq(seen->counts.filtered, 1);
	cr_assert_eq(seen->counts.sent, 1);
	cr_assert_eq(seen->counts.lost, 0);
}

Test(outlet, a_full_pipe_loses_exactly_what_it_declares_afterwards)
{
	uint64_t refused = 0, made = 0;
	for (; made < 4000; made++)
		refused += !put(made % 2 ? KIND_OPEN : KIND_UNLINK, 300);
	cr_assert_gt(refused, 0);
	check_totals();
	drain();
	settle();
	drain();
	cr_assert_eq(seen->events, made - refused);
	cr_assert_eq(seen->exact, refused);
	cr_assert_eq(seen->lost_by_kind[KIND_OPEN] + seen->lost_by_kind[KIND_UNLINK], refused);
	cr_assert_eq(seen->counts.emitted, made);
	cr_assert_eq(seen->counts.lost, refused);
	cr_assert_eq(seen->counts.sent, seen->events);
	check_totals();
}

Test(outlet, events_are_taken_again_only_when_half_the_queue_is_free)
{
	while (put(KIND_OPEN, 300))
		;
	outlet_ready(outlet);
	read_peer();
	cr_assert_not(put(KIND_OPEN, 300));
	drain();
	cr_assert(put(KIND_OPEN, 300));
	drain();
	cr_assert_eq(seen->exact, 2);
}

Test(outlet, a_slow_reader_gets_an_account_that_adds_up)
{
	uint64_t made = 0, refused = 0;
	for (int round = 0; round < 300; round++) {
		for (int i = 0; i < 20; i++, made++)
			refused += !put(KIND_OPEN, (size_t)(256 + i * 40));
		settle();
		outlet_ready(outlet);
		read_peer();
	}
	drain();
	settle();
	drain();
	cr_assert_gt(refused, 0);
	cr_assert_eq(seen->events + seen->exact, made);
	cr_assert_eq(seen->exact, refused);
	cr_assert_eq(seen->counts.emitted, made);
}

Test(outlet, an_event_too_large_for_an_entry_is_lost_and_declared)
{
	cr_assert_not(put(KIND_EXEC, OUTLET_FIELDS_MAX));
	settle();
	drain();
	cr_assert_eq(seen->lost_by_kind[KIND_EXEC], 1);
	cr_assert_eq(seen->counts.lost, 1);
}

Test(outlet, losses_from_before_the_outlet_enter_the_account_if_they_are_exact)
{
	outlet_lose(outlet,
	            &(struct intake_loss){ .reason = LOSS_RING_FULL, .exactness = EXACT, .count = 7 });
	outlet_lose(outlet, &(struct intake_loss){
	                            .reason = LOSS_AUDIT_SOCKET, .exactness = LOWER_BOUND, .count = 9 });
	settle();
	drain();
	cr_assert_eq(seen->counts.emitted, 7);
	cr_assert_eq(seen->counts.lost, 7);
}

Test(outlet, when_the_sealer_goes_away_what_had_not_left_is_lost_and_declared_to_the_next)
{
	for (int i = 0; i < 100; i++)
		cr_assert(put(KIND_OPEN, 300));
	outlet_ready(outlet);
	uint64_t queued = outlet_queued(outlet);
	cr_assert_gt(queued, 0);
	close_fd(&peer);
	outlet_ready(outlet);
	cr_assert_eq(restarts, 1);
	cr_assert_eq(outlet_fd(outlet), -1);
	check_totals();
	struct outlet_totals t = outlet_totals(outlet);
	cr_assert_eq(t.emitted, 100);
	cr_assert_gt(t.lost, 0);

	connect_pair();
	settle();
	drain();
	cr_assert_eq(seen->exact, t.lost);
	cr_assert_eq(seen->unknown, 1);
	cr_assert_eq(seen->counts.emitted, 100);
	cr_assert_eq(seen->counts.sent, 100 - t.lost);
}

Test(outlet, a_loss_that_had_not_left_is_declared_again)
{
	for (int i = 0; i < 100; i++)
		put(KIND_OPEN, 300);
	outlet_ready(outlet);
	outlet_lose(outlet,
	            &(struct intake_loss){
	                    .reason = LOSS_RING_FULL, .exactness = EXACT, .kind = KIND_EXEC, .count = 7 });
	settle();
	close_fd(&peer);
	outlet_ready(outlet);
	connect_pair();
	settle();
	drain();
	cr_assert_eq(seen->lost_by_kind[KIND_EXEC], 7);
	cr_assert_eq(seen->counts.lost, seen->exact);
}

Test(outlet, without_a_sealer_events_gather_for_the_next)
{
	close_fd(&peer);
	outlet_ready(outlet);
	cr_assert(put(KIND_OPEN, 300));
	connect_pair();
	drain();
	cr_assert_eq(seen->events, 1);
	cr_assert_eq(seen->unknown, 0);
}

Test(outlet, what_has_not_left_can_be_told_at_any_moment)
{
	uint64_t made = 0, refused = 0;
	static uint8_t text[60000];
	struct intake_rules rules = { .text = { text, sizeof(text) } };
	cr_assert_eq(outlet_set_rules(outlet, &rules), 0);
	cr_assert_eq(outlet_undelivered(outlet), 0);
	for (int round = 0; round < 300; round++) {
		for (int i = 0; i < 20; i++, made++)
			refused += !put(KIND_OPEN, (size_t)(256 + i * 40));
		outlet_ready(outlet);
		settle();
		read_peer();
		cr_assert_geq(outlet_undelivered(outlet) + seen->events + seen->exact, made);
	}
	drain();
	settle();
	drain();
	cr_assert_gt(refused, 0);
	cr_assert_eq(outlet_undelivered(outlet), 0);
}

Test(outlet, what_was_filtered_has_left_with_the_account_of_it)
{
	outlet_filter(outlet, 5);
	outlet_ready(outlet);
	cr_assert_eq(outlet_undelivered(outlet), 5);
	settle();
	drain();
	cr_assert_eq(seen->counts.filtered, 5);
	cr_assert_eq(outlet_undelivered(outlet), 0);
}

Test(outlet, that_it_goes_on_is_said_before_all_else)
{
	outlet_lose(outlet,
	            &(struct intake_loss){ .reason = LOSS_RING_FULL, .exactness = EXACT, .count = 7 });
	outlet_resumed(outlet);
	cr_assert(put(KIND_OPEN, 300));
	settle();
	drain();
	cr_assert(seen->resumed);
	cr_assert_eq(seen->exact, 7);
}

Test(outlet, posture_is_told_in_every_stream)
{
	cr_assert_eq(outlet_set_posture(outlet, (struct span){ (const uint8_t *)"\xa0", 1 }), 0);
	drain();
	cr_assert_eq(seen->postures, 1);
	close_fd(&peer);
	outlet_ready(outlet);
	connect_pair();
	drain();
	cr_assert_eq(seen->postures, 2);
}

Test(outlet, rules_are_told_in_every_stream_and_refused_ones_once)
{
	struct intake_rules rules = { .text = { (const uint8_t *)"kinds: {}", 9 } },
	                    bad = { .refused = true };
	cr_assert_eq(outlet_set_rules(outlet, &rules), 0);
	cr_assert(outlet_refuse_rules(outlet, &bad));
	drain();
	cr_assert(seen->rules == 1 && seen->refused == 1);
	close_fd(&peer);
	outlet_ready(outlet);
	connect_pair();
	drain();
	cr_assert(seen->rules == 2 && seen->refused == 1);
}

Test(outlet, rules_that_found_no_room_are_told_when_there_is_some)
{
	static uint8_t text[INTAKE_RULES_MAX_BYTES];
	struct intake_rules rules = { .text = { text, sizeof(text) } };
	while (put(KIND_OPEN, 300))
		;
	cr_assert_eq(outlet_set_rules(outlet, &rules), 0);
	drain();
	cr_assert_eq(seen->rules, 0);
	settle();
	drain();
	cr_assert_eq(seen->rules, 1);
}

Test(outlet, a_goodbye_leaves_nothing_unknown)
{
	put(KIND_OPEN, 300);
	outlet_goodbye(outlet);
	drain();
	cr_assert_eq(seen->goodbyes, 1);
}

Test(outlet, the_sealer_names_the_agents_processes)
{
	cr_assert_eq(send(peer, "\x01\x00\x00", 3, 0), 3);
	outlet_ready(outlet);
	cr_assert_eq(own_pid, 0);
	cr_assert_eq(send(peer, "\x12\x34", 2, 0), 2);
	outlet_ready(outlet);
	cr_assert_eq(own_pid, 0x1234);
}

Test(outlet, anything_else_from_the_sealer_ends_the_connection)
{
	cr_assert_eq(send(peer, "\x02\x00\x00\x00\x01", 5, 0), 5);
	outlet_ready(outlet);
	cr_assert_eq(outlet_fd(outlet), -1);
}

Test(outlet, attempts_to_connect_are_spaced)
{
	struct outlet_config config = { .path = "/nonexistent/socket" };
	struct outlet *lonely;
	cr_assert_eq(outlet_new(&config, &lonely), 0);
	outlet_tick(lonely, 1);
	outlet_tick(lonely, 2);
	cr_assert_eq(outlet_fd(lonely), -1);
	outlet_free(lonely);
}
