#include "verify/pass.h"

static int take_index(struct pass *w, const struct scan_record *record)
{
	struct span payload;
	size_t rows;
	int r = pass_payload(w, record, &payload);
	if (r < 0)
		return r;
	buf_put(&w->index, payload.data, payload.len);
	if (buf_err(&w->index))
		return buf_err(&w->index);
	if (index_open((struct span){ w->index.data, w->index.len }, &w->rows, &rows) < 0)
		pass_find(w, VERDICT_ALTERED, record->offset, "not an index");
	else
		w->rows_left = rows;
	if (w->scan.at != w->scan.limit)
		pass_find(w, VERDICT_ALTERED, record->offset, "records behind the index");
	return 0;
}

static int check_footer(struct pass *w, uint64_t index_offset)
{
	static const char magic[8] = "swlsegm1";
	struct span footer;
	int r = window_get(&w->window, w->scan.limit, SEGMENT_FOOTER_BYTES, &footer);
	if (r == -ENODATA) {
		pass_find(w, VERDICT_TRUNCATED, w->scan.limit, "the segment has no footer");
		return 0;
	}
	if (r < 0)
		return r;
	struct cursor c;
	cursor_init(&c, footer.data, footer.len);
	uint64_t offset = cursor_u64be(&c);
	struct span m = cursor_bytes(&c, sizeof(magic));
	if (offset != index_offset || memcmp(m.data, magic, sizeof(magic)) != 0)
		pass_find(w, VERDICT_ALTERED, w->scan.limit, "the footer does not name the index");
	return 0;
}

struct first_pass {
	uint64_t group; /* under way, from 1 */
	bool in_fleet;  /* fleet records have come, and their checkpoint not yet */
	bool any;
	uint64_t index_offset;
};

static void check_segment_order(struct pass *w, struct first_pass *p, const struct scan_record *record)
{
	if (record->type == RECORD_SNAPSHOT)
		pass_find(w, VERDICT_ALTERED, record->offset, "a snapshot in a segment");
	if (record->type == RECORD_BATCH && p->any)
		pass_find(w, VERDICT_ALTERED, record->offset, "a batch behind fleet records");
	p->any = p->any || record->type == RECORD_FLEET;
}

static void check_journal_order(struct pass *w, struct first_pass *p, const struct scan_record *record)
{
	bool first = record->offset == RECORD_FILE_HEADER;
	if ((record->type == RECORD_SNAPSHOT) != first)
		pass_find(w, VERDICT_ALTERED, record->offset,
		          first ? "the journal does not begin with a snapshot" : "a second snapshot");
	if (record->type == RECORD_INDEX)
		pass_find(w, VERDICT_ALTERED, record->offset, "an index in a journal");
	if (record->type == RECORD_BATCH && p->in_fleet)
		pass_find(w, VERDICT_ALTERED, record->offset, "the commit group before has no checkpoint");
}

static int first_pass_record(struct pass *w, struct first_pass *p, const struct scan_record *record)
{
	struct place at = pass_place(w, record->offset);
	struct span payload;
	bool note;
	if (w->scan.file.segment)
		check_segment_order(w, p, record);
	else
		check_journal_order(w, p, record);
	if (record->type == RECORD_INDEX && w->scan.file.segment && p->index_offset == 0) {
		p->index_offset = record->offset;
		return take_index(w, record);
	}
	if (record->type == RECORD_BATCH || record->type == RECORD_INDEX)
		return 0;
	int r = pass_payload(w, record, &payload);
	if (r < 0)
		return r;
	if (record->type == RECORD_SNAPSHOT) {
		snapshot_check(w->store, &at, payload);
		return 0;
	}
	r = fleet_check_record(w->store->fleet, &at, payload, p->group, &note);
	p->in_fleet = !note;
	p->group += note ? 1 : 0;
	return r;
}

static void check_first_end(struct pass *w, const struct first_pass *p, enum scan_state state)
{
	if (state == SCAN_BROKEN)
		pass_find(w, VERDICT_ALTERED, w->scan.at,
		          "no record begins here: the rest of the file can't be read");
	else if (state == SCAN_CUT)
		pass_find(w, VERDICT_ALTERED, w->scan.at, "the file ends inside a record");
	else if (p->in_fleet)
		pass_find(w, VERDICT_ALTERED, w->scan.at, "the last commit group has no checkpoint");
	else if (w->scan.file.segment && p->index_offset == 0)
		pass_find(w, VERDICT_ALTERED, w->scan.at, "the segment has no index");
}

int pass_fleet(struct pass *w)
{
	struct first_pass p = { .group = 1 };
	enum scan_state state;
	for (;;) {
		struct scan_record record;
		int r = scan_next(&w->scan, &record, &state);
		if (r < 0)
			return r;
		if (state != SCAN_RECORD)
			break;
		r = first_pass_record(w, &p, &record);
		if (r < 0)
			return r;
	}
	check_first_end(w, &p, state);
	return w->scan.file.segment && p.index_offset ? check_footer(w, p.index_offset) : 0;
}
