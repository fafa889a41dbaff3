#include "collector/self_probe.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define OWN   100
#define CHILD 101
#define INODE 77

struct world {
	struct self_probe *probe;
	uint64_t now_us;
	unsigned verdicts;
	enum self_probe_id last;
	bool works;
};

static void on_verdict(void *context, enum self_probe_id id, bool works)
{
	struct world *w = context;
	w->verdicts++;
	w->last = id;
	w->works = works;
}

static struct world world(void)
{
	struct world w = { .now_us = 1000 };
	return w;
}

static void open_world(struct world *w)
{
	struct self_probe_config config = { OWN, on_verdict, w };
	cr_assert_eq(self_probe_new(&config, &w->probe), 0);
}

struct sent {
	struct bpf_view view;
	struct bpf_exec_record exec;
	struct bpf_exit_record exit;
	struct bpf_fork_record fork;
	struct {
		struct bpf_file_record file;
		char name[64];
	} file;
};

static void send_exec(struct world *w, const char *argv, uint64_t inode)
{
	struct sent s = { .exec = { .head = { .program = BPF_PROGRAM_EXEC, .tgid = CHILD },
		                    .inode = inode } };
	s.view = (struct bpf_view){ .exec = &s.exec };
	s.view.text[BPF_EXEC_ARGV] = span_str(argv);
	self_probe_record(w->probe, &s.view);
}

static void send_exit(struct world *w, uint32_t status)
{
	struct sent s = { .exit = { .head = { .program = BPF_PROGRAM_EXIT, .tgid = CHILD },
		                    .status = status } };
	s.view = (struct bpf_view){ .exit = &s.exit };
	self_probe_record(w->probe, &s.view);
}

static void send_fork(struct world *w, uint32_t child)
{
	struct sent s = { .fork = { .head = { .program = BPF_PROGRAM_FORK, .tgid = OWN },
		                    .child_tgid = child } };
	s.view = (struct bpf_view){ .fork = &s.fork };
	self_probe_record(w->probe, &s.view);
}

static void send_file(struct world *w, uint32_t tgid, const char *name)
{
	struct sent s = { .file.file.head = { .program = BPF_PROGRAM_FILE, .tgid = tgid } };
	s.file.file.head.size = sizeof(s.file);
	snprintf(s.file.name, sizeof(s.file.name), "%s", name);
	s.view = (struct bpf_view){ .head = &s.file.file.head };
	self_probe_record(w->probe, &s.view);
}

static void begin(struct world *w)
{
	cr_assert(self_probe_due(w->probe, w->now_us));
	self_probe_begun(w->probe, CHILD, INODE, true, w->now_us);
}

static void send_all_but_exec(struct world *w)
{
	send_fork(w, CHILD);
	send_exit(w, SELF_PROBE_EXIT_CODE << 8);
	send_file(w, OWN, self_probe_marker(w->probe));
}

static void fail_exec(struct world *w)
{
	begin(w);
	send_all_but_exec(w);
	w->now_us += SELF_PROBE_DEADLINE_US;
	cr_assert_not(self_probe_due(w->probe, w->now_us));
	w->now_us += SELF_PROBE_AGAIN_US;
}

Test(self_probe, a_round_that_all_comes_back_from_is_followed_by_the_next_half_a_minute_later)
{
	struct world w = world();
	open_world(&w);
	cr_assert_str_eq(self_probe_verdict(w.probe, SELF_PROBE_EXEC), "untried");
	begin(&w);
	send_exec(&w, self_probe_marker(w.probe), INODE);
	send_all_but_exec(&w);
	w.now_us += SELF_PROBE_EVERY_US - 1;
	cr_assert_not(self_probe_due(w.probe, w.now_us));
	cr_assert_str_eq(self_probe_verdict(w.probe, SELF_PROBE_EXEC), "ok");
	cr_assert(self_probe_due(w.probe, w.now_us + 1));
	cr_assert_eq(w.verdicts, 0);
	self_probe_free(w.probe);
}

Test(self_probe, two_rounds_without_its_record_condemn_a_mechanism_and_the_first_acquits_it)
{
	struct world w = world();
	open_world(&w);
	fail_exec(&w);
	cr_assert_eq(w.verdicts, 0);
	fail_exec(&w);
	cr_assert(w.verdicts == 1 && w.last == SELF_PROBE_EXEC && !w.works);
	cr_assert_not(self_probe_works(w.probe, SELF_PROBE_EXEC));
	cr_assert(self_probe_works(w.probe, SELF_PROBE_FILE));
	w.now_us += SELF_PROBE_EVERY_US;
	begin(&w);
	send_exec(&w, self_probe_marker(w.probe), INODE);
	send_all_but_exec(&w);
	cr_assert_not(self_probe_due(w.probe, w.now_us));
	cr_assert(w.verdicts == 2 && w.works && self_probe_works(w.probe, SELF_PROBE_EXEC));
	self_probe_free(w.probe);
}

Test(self_probe, a_record_with_wrong_content_does_not_count)
{
	struct world w = world();
	open_world(&w);
	for (int round = 0; round < 2; round++) {
		begin(&w);
		send_exec(&w, "another marker", INODE);
		send_exec(&w, self_probe_marker(w.probe), INODE + 1);
		send_exit(&w, 0);
		send_fork(&w, CHILD + 1);
		send_file(&w, OWN + 1, self_probe_marker(w.probe));
		send_file(&w, OWN, "something else");
		w.now_us += SELF_PROBE_DEADLINE_US;
		cr_assert_not(self_probe_due(w.probe, w.now_us));
		w.now_us += SELF_PROBE_AGAIN_US;
	}
	cr_assert_eq(w.verdicts, 4);
	self_probe_free(w.probe);
}

Test(self_probe, a_round_in_which_records_were_lost_proves_nothing)
{
	struct world w = world();
	open_world(&w);
	for (int round = 0; round < 5; round++) {
		begin(&w);
		self_probe_lost(w.probe);
		w.now_us += SELF_PROBE_EVERY_US;
	}
	cr_assert_eq(w.verdicts, 0);
	self_probe_free(w.probe);
}

Test(self_probe, what_could_not_be_done_is_not_expected)
{
	struct world w = world();
	open_world(&w);
	for (int round = 0; round < 3; round++) {
		cr_assert(self_probe_due(w.probe, w.now_us));
		self_probe_begun(w.probe, 0, INODE, false, w.now_us);
		w.now_us += SELF_PROBE_EVERY_US;
	}
	cr_assert_eq(w.verdicts, 0);
	self_probe_free(w.probe);
}

Test(self_probe, audit_is_condemned_when_its_record_does_not_come_twice)
{
	struct world w = world();
	open_world(&w);
	for (int round = 0; round < 2; round++) {
		cr_assert(self_probe_audit_due(w.probe, w.now_us));
		self_probe_audit_begun(w.probe, 60000, w.now_us);
		cr_assert_not(self_probe_audit_due(w.probe, w.now_us));
		self_probe_audit_set(w.probe, 1);
		w.now_us += SELF_PROBE_DEADLINE_US;
		(void)self_probe_due(w.probe, w.now_us);
		w.now_us += SELF_PROBE_AGAIN_US;
	}
	cr_assert(w.verdicts == 1 && w.last == SELF_PROBE_AUDIT && !w.works);
	w.now_us += SELF_PROBE_AUDIT_EVERY_US;
	self_probe_audit_begun(w.probe, 60000, w.now_us);
	self_probe_audit_set(w.probe, 60000);
	(void)self_probe_due(w.probe, w.now_us);
	cr_assert(w.verdicts == 2 && w.works);
	cr_assert_not(self_probe_audit_due(w.probe, w.now_us + SELF_PROBE_AGAIN_US));
	self_probe_free(w.probe);
}

Test(self_probe, doubt_makes_the_next_round_come_at_once)
{
	struct world w = world();
	open_world(&w);
	begin(&w);
	send_exec(&w, self_probe_marker(w.probe), INODE);
	send_all_but_exec(&w);
	self_probe_hurry(w.probe);
	cr_assert(self_probe_due(w.probe, w.now_us + 1));
	self_probe_free(w.probe);
}
