#include "verify/scan.h"

#include "lib/cursor.h"

int scan_open(struct scan *s, struct window *w)
{
	struct span head;
	int r = window_get(w, 0, RECORD_FILE_HEADER, &head);
	if (r == -ENODATA)
		return -EBADMSG;
	if (r < 0)
		return r;
	struct record_file file;
	r = record_parse_file_header(head, &file);
	if (r < 0)
		return r;
	*s = (struct scan){ .window = w, .file = file, .at = RECORD_FILE_HEADER, .limit = w->size };
	if (file.segment)
		s->limit = MAX(w->size, (uint64_t)(RECORD_FILE_HEADER + SEGMENT_FOOTER_BYTES)) -
		           SEGMENT_FOOTER_BYTES;
	return 0;
}

void scan_rewind(struct scan *s)
{
	s->at = RECORD_FILE_HEADER;
}

int scan_next(struct scan *s, struct scan_record *ret, enum scan_state *ret_state)
{
	if (s->at >= s->limit) {
		*ret_state = s->at == s->limit ? SCAN_END : SCAN_CUT;
		return 0;
	}
	uint64_t left = s->limit - s->at;
	*ret_state = SCAN_CUT;
	if (left < RECORD_HEAD_BYTES)
		return 0;
	struct span head;
	int r = window_get(s->window, s->at, RECORD_HEAD_BYTES, &head);
	if (r < 0)
		return r == -ENODATA ? 0 : r;
	struct cursor c;
	cursor_init(&c, head.data, head.len);
	struct scan_record record = { .type = cursor_u8(&c), .offset = s->at };
	uint32_t n = cursor_u32be(&c);
	if (record.type < RECORD_BATCH || record.type > RECORD_INDEX || n > RECORD_MAX_PAYLOAD) {
		*ret_state = SCAN_BROKEN;
		return 0;
	}
	record.length = (uint64_t)n + RECORD_OVERHEAD;
	if (record.length > left)
		return 0;
	s->at += record.length;
	*ret = record;
	*ret_state = SCAN_RECORD;
	return 0;
}

int scan_bytes(const struct scan *s, const struct scan_record *record, struct span *ret)
{
	struct span whole;
	int r = window_get(s->window, record->offset, (size_t)record->length, &whole);
	if (r == 0)
		*ret = (struct span){ whole.data + RECORD_HEAD_BYTES, whole.len - RECORD_OVERHEAD };
	return r;
}

int scan_payload(const struct scan *s, const struct scan_record *record, struct span *ret, bool *ret_intact)
{
	struct span whole, payload;
	int r = window_get(s->window, record->offset, (size_t)record->length, &whole);
	if (r < 0)
		return r;
	enum record_type type;
	*ret_intact = record_parse(whole, &s->file, record->offset, &type, &payload) > 0;
	*ret = (struct span){ whole.data + RECORD_HEAD_BYTES, whole.len - RECORD_OVERHEAD };
	return 0;
}

/* True for a fleet record that ends a commit group. */
static int ends_group(const struct scan *s, const struct scan_record *record, bool *ret)
{
	struct span payload;
	bool intact;
	*ret = false;
	int r = scan_payload(s, record, &payload, &intact);
	if (r < 0)
		return r;
	struct fleet_record f;
	*ret = fleet_record_parse(payload, &f) == 0 && f.note.data;
	return 0;
}

int scan_find_end(const struct scan *from, struct scan_end *ret)
{
	struct scan s = *from;
	struct scan_end end = { .complete = RECORD_FILE_HEADER };
	scan_rewind(&s);
	for (;;) {
		struct scan_record record;
		int r = scan_next(&s, &record, &end.state);
		if (r < 0)
			return r;
		if (end.state != SCAN_RECORD)
			break;
		bool complete = record.type == RECORD_SNAPSHOT && record.offset == RECORD_FILE_HEADER;
		if (record.type == RECORD_FLEET)
			r = ends_group(&s, &record, &complete);
		if (r < 0)
			return r;
		if (complete)
			end.complete = s.at;
	}
	end.stopped = s.at;
	*ret = end;
	return 0;
}
