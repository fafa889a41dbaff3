#include "tests/unit/collector/records.h"

static struct made m;

static int check(size_t size)
{
	struct bpf_view view = { 0 };
	int err = bpf_record_check(m.bytes, size, &view);
	if (err)
		cr_assert_null(view.head);
	return err;
}

static void make_rename(void)
{
	struct bpf_file_record *r = made_file(&m, 7, 82, KIND_RENAME);
	made_string(&m, &r->strings[BPF_FILE_NAME], "old", 3, 0);
	made_path(&m, &r->strings[BPF_FILE_BASE], "/home/a", 0);
	made_string(&m, &r->strings[BPF_FILE_TARGET], "new", 3, 0);
}

static struct span path_of(const char *components, size_t len, struct buf *b)
{
	buf_reset(b);
	bpf_path_put(b, (struct span){ (const uint8_t *)components, len });
	return (struct span){ b->data, b->len };
}

Test(bpf_record, strings_are_found_in_the_order_of_the_table)
{
	make_rename();
	struct bpf_view view = made_view(&m);
	cr_assert(span_is(view.text[BPF_FILE_NAME], "old"));
	cr_assert(span_is(view.text[BPF_FILE_TARGET], "new"));
	cr_assert_eq(view.text[BPF_FILE_XATTR].len, 0);
}

Test(bpf_record, every_cut_of_a_record_is_refused)
{
	make_rename();
	for (size_t size = 0; size < m.len; size++)
		cr_assert_eq(check(size), -EBADMSG);
	cr_assert_eq(check(m.len), 0);
}

Test(bpf_record, a_size_that_is_not_the_records_own_is_refused)
{
	make_rename();
	((struct bpf_record *)(void *)m.bytes)->size--;
	cr_assert_eq(check(m.len), -EBADMSG);
}

Test(bpf_record, an_unknown_program_is_refused)
{
	make_rename();
	((struct bpf_record *)(void *)m.bytes)->program = BPF_PROGRAMS;
	cr_assert_eq(check(m.len), -EBADMSG);
}

Test(bpf_record, a_string_longer_than_the_record_is_refused)
{
	make_rename();
	((struct bpf_file_record *)(void *)m.bytes)->strings[BPF_FILE_NAME].len = UINT32_MAX;
	cr_assert_eq(check(m.len), -EBADMSG);
}

Test(bpf_record, a_string_that_is_absent_has_no_length)
{
	make_rename();
	((struct bpf_file_record *)(void *)m.bytes)->strings[BPF_FILE_NAME].present = 0;
	cr_assert_eq(check(m.len), -EBADMSG);
}

Test(bpf_record, bytes_that_belong_to_no_string_are_refused)
{
	made_begin(&m, sizeof(struct bpf_exit_record), BPF_PROGRAM_EXIT, KIND_EXIT, 7);
	cr_assert_eq(check(m.len), 0);
	m.len++;
	((struct bpf_record *)(void *)m.bytes)->size++;
	cr_assert_eq(check(m.len), -EBADMSG);
}

Test(bpf_record, components_come_last_first)
{
	cleanup_buf struct buf b = { 0 };
	cr_assert(span_is(path_of("\1\0c\2\0bb\1\0a", 10, &b), "/a/bb/c"));
}

Test(bpf_record, no_component_is_the_root)
{
	cleanup_buf struct buf b = { 0 };
	cr_assert(span_is(path_of("", 0, &b), "/"));
}

Test(bpf_record, a_component_ends_at_its_first_nul)
{
	cleanup_buf struct buf b = { 0 };
	cr_assert(span_is(path_of("\5\0ab\0xy\1\0r", 10, &b), "/r/ab"));
}

Test(bpf_record, a_component_that_does_not_fit_is_left_out)
{
	cleanup_buf struct buf b = { 0 };
	cr_assert(span_is(path_of("\1\0c\377\0b", 6, &b), "/c"));
	cr_assert(span_is(path_of("\1", 1, &b), "/"));
}
