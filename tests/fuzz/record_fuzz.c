/* Any bytes as a journal's beginning, and as the payload of its records: what was taken is written back to
 * the same bytes. */
#include "evidence/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ROWS 64

static void must(bool ok)
{
	if (!ok)
		abort();
}

static bool same(const struct buf *b, struct span in)
{
	return buf_err(b) == 0 && span_equal((struct span){ b->data, b->len }, in);
}

static void try_file(struct span in)
{
	cleanup_buf struct buf b = { 0 };
	struct record_file f;
	size_t at = RECORD_FILE_HEADER;
	if (in.len < at || record_parse_file_header((struct span){ in.data, at }, &f) < 0)
		return;
	record_put_file_header(&b, &f);
	for (;;) {
		enum record_type type;
		struct span payload, rest = { in.data + at, in.len - at };
		ssize_t n = record_parse(rest, &f, at, &type, &payload);
		if (n <= 0)
			break;
		record_put(&b, &f, at, type, payload);
		at += (size_t)n;
	}
	must(same(&b, (struct span){ in.data, at }));
}

static void try_fleet(struct span in)
{
	cleanup_buf struct buf b = { 0 };
	struct fleet_record r;
	struct record_head heads[ROWS];
	size_t n = 0;
	if (fleet_record_parse(in, &r) < 0)
		return;
	while (n < ROWS && record_next_head(&r.heads, &heads[n]))
		n++;
	if (cursor_left(&r.heads) > 0)
		return;
	must(n == r.head_count && cursor_finish(&r.heads) == 0);
	fleet_record_put(&b, r.index, r.entry, heads, n, r.note);
	must(same(&b, in));
}

static void try_index(struct span in)
{
	cleanup_buf struct buf b = { 0 };
	struct cursor c;
	struct index_row rows[ROWS];
	size_t want, n = 0;
	if (index_open(in, &c, &want) < 0)
		return;
	while (n < ROWS && index_next(&c, &rows[n]))
		n++;
	if (cursor_finish(&c) < 0 || n != want)
		return;
	index_put(&b, rows, n);
	must(same(&b, in));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = { data, size };
	try_file(in);
	try_fleet(in);
	try_index(in);
	return 0;
}
