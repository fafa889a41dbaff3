#include "verify/pass.h"

static void check_sorted(struct pass *w, const struct scan_record *record, const struct batch *b)
{
	char origin[ORIGIN_MAX + 1];
	origin_format(&b->origin, origin);
	int order = strcmp(w->before_origin, origin);
	if (order > 0 || (order == 0 && w->before_first >= b->first))
		pass_find(w, VERDICT_ALTERED, record->offset, "the batches of the segment are not in order");
	memcpy(w->before_origin, origin, sizeof(origin));
	w->before_first = b->first;
}

static void check_row(struct pass *w, const struct scan_record *record, const struct batch *b)
{
	struct index_row row;
	if (!index_next(&w->rows, &row)) {
		pass_find(w, VERDICT_ALTERED, record->offset, "the index does not list the batch");
		return;
	}
	w->rows_left -= w->rows_left ? 1 : 0;
	if (!span_equal(row.origin, b->origin_text) || row.first != b->first || row.count != b->count ||
	    row.offset != record->offset || row.length != record->length)
		pass_find(w, VERDICT_ALTERED, record->offset, "the index lists another batch here");
}

static int second_pass_batch(struct pass *w, const struct scan_record *record, uint64_t group)
{
	struct place at = pass_place(w, record->offset);
	struct span payload;
	struct batch b;
	int r = pass_payload(w, record, &payload);
	if (r == 0)
		r = hosts_batch(w->store->hosts, &at, payload, w->scan.file.segment ? 0 : group, &b);
	if (r < 0 || !w->scan.file.segment || !b.bytes.data)
		return r;
	check_sorted(w, record, &b);
	check_row(w, record, &b);
	return 0;
}

/* The group of a batch is told by the checkpoints behind it. */
static int ends_group(const struct pass *w, const struct scan_record *record, bool *ret)
{
	struct span payload;
	struct fleet_record f;
	bool intact;
	int r = scan_payload(&w->scan, record, &payload, &intact);
	*ret = r == 0 && fleet_record_parse(payload, &f) == 0 && f.note.data;
	return r;
}

int pass_batches(struct pass *w)
{
	uint64_t group = 1, start = w->store->bytes;
	scan_rewind(&w->scan);
	for (;;) {
		struct scan_record record;
		enum scan_state state;
		bool ends = false;
		int r = scan_next(&w->scan, &record, &state);
		if (r < 0)
			return r;
		if (state != SCAN_RECORD)
			break;
		if (record.type == RECORD_BATCH)
			r = second_pass_batch(w, &record, group);
		else if (record.type == RECORD_FLEET && !w->scan.file.segment)
			r = ends_group(w, &record, &ends);
		if (r < 0)
			return r;
		group += ends ? 1 : 0;
		if (w->store->progress)
			w->store->progress(w->store->progress_ctx, start + w->scan.at);
	}
	if (w->scan.file.segment && (w->rows_left || w->rows.err))
		pass_find(w, VERDICT_MISSING, w->scan.limit, "the index lists batches that are not there");
	coverage_end_file(w->store->hosts, w->path);
	return 0;
}
