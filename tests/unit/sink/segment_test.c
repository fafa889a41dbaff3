#include "sink/segment.h"

#include <stdio.h>

#include "tests/unit/sink/kit.h"

static const char segment[] = "store/segment/00000000000000000001.segment";

/* A store whose first journal is closed: batches of b and a, interleaved. */
static void make(struct kit *k, struct host_log h[2])
{
	kit_new(k);
	k->options.journal_max_bytes = 8000;
	cr_assert_eq(kit_open(k), 0);
	kit_host(k, "b", &h[0]);
	kit_host(k, "a", &h[1]);
	while (k->core->journal.file.number == 1) {
		cr_assert_eq(kit_append(k, &h[0], &(struct host_log_batch){ .events = 2 }), 200);
		cr_assert_eq(kit_append(k, &h[1], &(struct host_log_batch){ .events = 2 }), 200);
		cr_assert_geq(core_rotate(k->core), 0);
	}
}

/* Walk a segment's records; each row of the index must be where it says. */
static void check_index(const uint8_t *p, size_t n)
{
	struct record_file f;
	cr_assert_eq(record_parse_file_header((struct span){ p, n }, &f), 0);
	cr_assert(f.segment && f.number == 1);
	cr_assert_eq(memcmp(p + n - 8, "swlsegm1", 8), 0);
	struct cursor c, rows;
	cursor_init(&c, p + n - SEGMENT_FOOTER_BYTES, 8);
	uint64_t at = cursor_u64be(&c);
	enum record_type type;
	struct span payload;
	size_t count;
	cr_assert_gt(record_parse((struct span){ p + at, n - at }, &f, at, &type, &payload), 0);
	cr_assert_eq(type, RECORD_INDEX);
	cr_assert_eq(index_open(payload, &rows, &count), 0);
	cr_assert_geq(count, 4);
	struct index_row row;
	uint64_t expected = RECORD_FILE_HEADER;
	char before[200] = "";
	while (index_next(&rows, &row)) {
		char key[200];
		struct batch b;
		cr_assert_eq(row.offset, expected);
		cr_assert_eq(record_parse((struct span){ p + row.offset, n - row.offset }, &f, row.offset,
		                          &type, &payload),
		             (ssize_t)row.length);
		cr_assert_eq(batch_parse(payload, &b), (ssize_t)payload.len);
		cr_assert(span_equal(b.origin_text, row.origin) && b.first == row.first &&
		          b.count == row.count);
		snprintf(key, sizeof(key), "%.*s %020llu", (int)row.origin.len, row.origin.data,
		         (unsigned long long)row.first);
		cr_assert(strcmp(before, key) < 0, "sorted by origin and first");
		strcpy(before, key);
		expected = row.offset + row.length;
	}
}

Test(segment, a_closed_journal_becomes_a_segment_host_by_host)
{
	cleanup_kit struct kit k;
	struct host_log h[2];
	make(&k, h);
	struct core *c = k.core;
	cr_assert_eq(segment_make(k.env, c->store.journal, c->store.segment, 1), 0);
	size_t n;
	uint8_t *p = fault_env_content(k.env, segment, &n);
	cr_assert_not_null(p);
	check_index(p, n);
	cr_assert_eq(core_drop_journal(c, 1), 0);
	kit_reopen(&k);
	cr_assert_eq(kit_append(&k, &h[0], &(struct host_log_batch){ .events = 2 }), 200);
	cr_assert_eq(k.core->first_closed, 2);
}

Test(segment, a_damaged_journal_is_not_rewritten)
{
	cleanup_kit struct kit k;
	struct host_log h[2];
	make(&k, h);
	size_t n;
	uint8_t *p = fault_env_content(k.env, "store/journal/00000000000000000001.journal", &n);
	for (size_t i = 0; i < n; i += 97) {
		p[i] ^= 1;
		cr_assert_eq(segment_make(k.env, k.core->store.journal, k.core->store.segment, 1), -EBADMSG,
		             "byte %zu", i);
		cr_assert_not(fault_env_exists(k.env, segment));
		p[i] ^= 1;
	}
}

Test(segment, a_journal_whose_segment_is_there_is_removed_at_the_start)
{
	cleanup_kit struct kit k;
	struct host_log h[2];
	make(&k, h);
	cr_assert_eq(segment_make(k.env, k.core->store.journal, k.core->store.segment, 1), 0);
	kit_reopen(&k);
	cr_assert_not(fault_env_exists(k.env, "store/journal/00000000000000000001.journal"));
	cr_assert(fault_env_exists(k.env, segment));
}

Test(segment, a_full_disk_leaves_no_unfinished_file)
{
	cleanup_kit struct kit k;
	struct host_log h[2];
	make(&k, h);
	fault_env_space(k.env, 500);
	cr_assert_eq(segment_make(k.env, k.core->store.journal, k.core->store.segment, 1), -ENOSPC);
	cr_assert_not(fault_env_exists(k.env, segment));
	cleanup_free char *names = NULL;
	size_t len = 1;
	cr_assert_eq(k.env->list(k.env, k.core->store.segment, &names, &len), 0);
	cr_assert_eq(len, 0);
}
