/* Labels, counting and exclusions, as the rules have them. */
#include "tests/unit/collector/normaliser_world.h"

static struct label_names labels;

TestSuite(normalise_rules, .init = setup, .fini = teardown);

static void watch(const char *text)
{
	char error[256];
	cr_assert_eq(rules_parse("c", span_str(text), &rules, error, sizeof(error)), 0, "%s", error);
	cr_assert_eq(watch_bind(&rules->watch, &labels), 0);
	normaliser_set_rules(normaliser, rules, &labels);
}

static bool labelled(size_t i, const char *name)
{
	struct cursor c;
	return field(fields(i), FILE_LABELS, &c) && cbor_array(&c) == 1 && span_is(cbor_bytes(&c), name);
}

static struct bpf_file_record *make_read(const char *path, uint32_t by_object)
{
	struct bpf_file_record *r = make_open(O_RDONLY, 0);
	r->head.kind = KIND_READ;
	r->result = 5;
	r->labels = by_object;
	m.len = sizeof(*r);
	made_path(&m, &r->strings[BPF_FILE_OBJECT], path, 0);
	return r;
}

#define WATCH_PHI "watch:\n  - label: phi\n    paths: [/srv/phi, /data/*.db]\n"

Test(normalise_rules, a_labelled_read_is_told_with_its_label)
{
	watch(WATCH_PHI);
	make_read("/srv/phi/x", 0);
	feed();
	cr_assert_eq(event(1)->kind, KIND_READ);
	cr_assert(field_is(fields(1), FILE_PATH, "/srv/phi/x"));
	cr_assert(labelled(1, "phi"));
	cr_assert(field_int(fields(1), FILE_RESULT, 0));
	cr_assert(field_absent(fields(1), FILE_MARKS));
	cr_assert(field_absent(fields(1), FILE_COUNT));
}

Test(normalise_rules, a_read_that_only_looked_labelled_makes_no_event)
{
	watch(WATCH_PHI);
	make_read("/data/x.txt", 0);
	feed();
	cr_assert_eq(kept_count, 0);
	cr_assert_eq(filtered_count, 0);
}

Test(normalise_rules, a_label_of_the_object_holds_under_another_name_and_says_so)
{
	watch(WATCH_PHI);
	make_read("/tmp/hard-link", 1);
	feed();
	cr_assert(labelled(1, "phi"));
	cr_assert(field_int(fields(1), FILE_MARKS, ENTRY_MARK_BY_OBJECT));
	make_read("/tmp/other", 1u << 7);
	feed();
	cr_assert_eq(kept_count, 2, "a label that is not in force");
}

Test(normalise_rules, the_kernel_learns_an_object_that_a_pattern_labels)
{
	watch(WATCH_PHI);
	make_read("/data/x.db", 0);
	feed();
	cr_assert_eq(learnt.calls, 1);
	cr_assert_eq(learnt.inode, 12);
	cr_assert_eq(learnt.labels, 1);
	make_read("/data/x.db", 1);
	feed();
	cr_assert_eq(learnt.calls, 1);
}

Test(normalise_rules, nothing_is_learnt_from_names_in_a_mount_namespace_that_anybody_may_make)
{
	watch(WATCH_PHI);
	make_read("/data/x.db", 0)->marks = BPF_MARK_FOREIGN;
	feed();
	cr_assert(labelled(1, "phi"));
	cr_assert_eq(learnt.calls, 0);
}

Test(normalise_rules, a_denied_read_is_labelled_by_the_name_made_tidy)
{
	watch(WATCH_PHI);
	struct bpf_file_record *r = made_file(&m, 10, CALL_OPENAT, KIND_READ);
	r->args[0] = CWD;
	r->result = -EACCES;
	made_string(&m, &r->strings[BPF_FILE_NAME], "../phi/./x", 10, 0);
	made_path(&m, &r->strings[BPF_FILE_BASE], "/srv/other", 0);
	feed();
	cr_assert(labelled(1, "phi"));
	cr_assert(field_int(fields(1), FILE_RESULT, -EACCES));
}

Test(normalise_rules, repeated_reads_are_counted_and_told_at_the_end)
{
	watch(WATCH_PHI);
	for (int i = 0; i < 1000; i++) {
		make_read("/srv/phi/x", 0)->result = 3 + i;
		head()->boot_ns += (uint64_t)i * 1000;
		feed();
	}
	cr_assert_eq(kept_count, 2);
	cr_assert_eq(filtered_count, 999);
	make_exit(10, 0);
	feed();
	cr_assert_eq(kept_count, 4);
	cr_assert_eq(event(2)->kind, KIND_READ);
	cr_assert_eq(event(2)->process, event(1)->process);
	cr_assert(field_int(fields(2), FILE_COUNT, 999));
	cr_assert(field_int(fields(2), FILE_FIRST, BOOT_NS / 1000 + 1));
	cr_assert(field_int(fields(2), FILE_LAST, BOOT_NS / 1000 + 999));
	cr_assert(field_is(fields(2), FILE_PATH, "/srv/phi/x"));
	cr_assert_eq(event(3)->kind, KIND_EXIT);
}

#define REPEATS "repeats:\n  interval_s: 10\n  kinds: [open, chmod]\n"

static void open_at(uint64_t after_us)
{
	make_open(O_WRONLY, 0);
	head()->boot_ns += after_us * 1000;
	feed();
}

Test(normalise_rules, opens_are_counted_where_the_rules_say_so)
{
	watch(REPEATS);
	for (uint64_t i = 0; i < 1000; i++)
		open_at(i);
	make_unlink(10, "/etc", "x");
	feed();
	make_unlink(10, "/etc", "x");
	feed();
	cr_assert_eq(kept_count, 4);
	cr_assert_eq(filtered_count, 999);
	cr_assert_eq(event(1)->kind, KIND_OPEN);
	make_exec(10, 1, "/bin/other");
	feed();
	cr_assert_eq(event(4)->kind, KIND_REPEATS);
	cr_assert_eq(event(4)->process, event(1)->process);
	cr_assert_eq(event(4)->sensors, SENSOR_BPF_TRACEPOINT);
	cr_assert(field_int(fields(4), FILE_REPEATED, KIND_OPEN));
	cr_assert(field_int(fields(4), FILE_COUNT, 999));
	cr_assert(field_int(fields(4), FILE_FIRST, BOOT_NS / 1000 + 1));
	cr_assert(field_int(fields(4), FILE_LAST, BOOT_NS / 1000 + 999));
	cr_assert(field_int(fields(4), FILE_RESULT, 3));
	cr_assert(field_is(fields(4), FILE_PATH, "/etc/shadow"));
	cr_assert_eq(event(5)->kind, KIND_EXEC);
}

Test(normalise_rules, what_was_counted_is_told_after_the_interval_and_when_the_rules_change)
{
	watch(REPEATS);
	open_at(0);
	open_at(1);
	normaliser_tick(normaliser, BOOT_NS / 1000 + 9999999);
	cr_assert_eq(kept_count, 2);
	normaliser_tick(normaliser, BOOT_NS / 1000 + 10000000);
	cr_assert_eq(kept_count, 3);
	cr_assert_eq(event(2)->kind, KIND_REPEATS);
	open_at(2);
	rules_free(rules);
	watch("");
	cr_assert_eq(kept_count, 4);
	cr_assert(field_int(fields(3), FILE_COUNT, 1));
	open_at(3);
	cr_assert_eq(event(4)->kind, KIND_OPEN);
}

Test(normalise_rules, labelled_data_and_other_results_are_not_counted_as_repeats)
{
	watch(WATCH_PHI REPEATS);
	for (int i = 0; i < 3; i++) {
		struct bpf_file_record *r = make_open(O_WRONLY, 0);
		m.len = sizeof(*r);
		made_path(&m, &r->strings[BPF_FILE_OBJECT], "/srv/phi/x", 0);
		feed();
	}
	for (int i = 0; i < 3; i++) {
		make_open(O_WRONLY, 0)->result = 3 + i;
		feed();
	}
	cr_assert_eq(kept_count, 7);
	cr_assert_eq(filtered_count, 0);
}

Test(normalise_rules, the_count_stands_before_attributes)
{
	watch(REPEATS);
	for (int i = 0; i < 3; i++) {
		make_attributes();
		feed();
	}
	normaliser_flush(normaliser);
	cr_assert_eq(kept_count, 3);
	struct cursor c;
	cursor_init(&c, fields(2).data, fields(2).len);
	cbor_skip(&c);
	cr_assert(!c.err && cursor_left(&c) == 0);
	cr_assert(field_int(fields(2), FILE_COUNT, 2));
	cr_assert(field_int(fields(2), FILE_ATTRIBUTES, 0x10));
	cr_assert(field_int(fields(2), FILE_REPEATED, KIND_CHMOD));
}

Test(normalise_rules, what_changes_labelled_data_carries_the_label_too)
{
	watch(WATCH_PHI);
	make_open(O_WRONLY, 0);
	feed();
	cr_assert(field_absent(fields(1), FILE_LABELS));
	struct bpf_file_record *r = make_open(O_WRONLY, 0);
	m.len = sizeof(*r);
	made_path(&m, &r->strings[BPF_FILE_OBJECT], "/srv/phi/x", 0);
	feed();
	cr_assert(labelled(2, "phi"));
}

#define EXCLUDE_B "exclude:\n  - reason: builds\n    paths: [/b]\n"

Test(normalise_rules, an_excluded_event_is_counted_and_describes_nobody)
{
	watch(EXCLUDE_B);
	struct bpf_file_record *r = make_open(O_WRONLY, 0);
	m.len = sizeof(*r);
	made_path(&m, &r->strings[BPF_FILE_OBJECT], "/b/x", 0);
	feed();
	cr_assert_eq(kept_count, 0);
	cr_assert_eq(filtered_count, 1);
	cr_assert_eq(rules->exclude.rules[0].left_out, 1);
}

Test(normalise_rules, a_name_that_may_lead_elsewhere_is_not_excluded)
{
	watch(EXCLUDE_B);
	make_unlink(10, "/b", "x");
	feed();
	cr_assert_eq(filtered_count, 1, "a plain name in a directory that the kernel knows");
	make_unlink(10, "/b", "link/x");
	feed();
	make_unlink(10, "/", "b/x");
	feed();
	make_unlink(10, "/b", "..");
	feed();
	cr_assert_eq(filtered_count, 1);
	make_open(O_WRONLY, BPF_MARK_SHARED);
	struct bpf_file_record *r = (void *)m.bytes;
	m.len = sizeof(*r);
	made_path(&m, &r->strings[BPF_FILE_OBJECT], "/b/x", 0);
	feed();
	cr_assert_eq(filtered_count, 1, "an unsure object");
}

Test(normalise_rules, names_in_a_mount_namespace_that_anybody_may_make_are_not_excluded)
{
	watch(EXCLUDE_B);
	struct bpf_file_record *r = make_open(O_WRONLY, BPF_MARK_FOREIGN);
	m.len = sizeof(*r);
	made_path(&m, &r->strings[BPF_FILE_OBJECT], "/b/x", 0);
	feed();
	cr_assert_eq(filtered_count, 0);
}

Test(normalise_rules, labelled_data_is_never_excluded)
{
	watch(WATCH_PHI "exclude:\n  - reason: all of root\n    uid: 0\n");
	struct bpf_file_record *r = make_open(O_WRONLY, 0);
	feed();
	cr_assert_eq(filtered_count, 1);
	m.len = sizeof(*r);
	make_open(O_WRONLY, 0);
	m.len = sizeof(*r);
	made_path(&m, &r->strings[BPF_FILE_OBJECT], "/srv/phi/x", 0);
	feed();
	cr_assert_eq(filtered_count, 1);
	cr_assert(labelled(1, "phi"));
}
