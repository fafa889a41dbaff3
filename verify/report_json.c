#include "lib/text.h"
#include "verify/report.h"

static void put_string(struct buf *b, const char *s)
{
	struct span text = { (const uint8_t *)s, strlen(s) };
	cleanup_buf struct buf safe = { 0 };
	buf_put_u8(b, '"');
	if (!text_is_utf8(text)) {
		text_put_escaped(&safe, text);
		text = (struct span){ safe.data, safe.len };
	}
	text_put_json(b, text);
	buf_put_u8(b, '"');
}

static void put_number(struct buf *b, const char *name, uint64_t v)
{
	buf_printf(b, "\"%s\":%llu,", name, (unsigned long long)v);
}

static void put_bool(struct buf *b, const char *name, bool v)
{
	buf_printf(b, "\"%s\":%s,", name, v ? "true" : "false");
}

static void put_time(struct buf *b, const char *name, uint64_t wall_us)
{
	if (!wall_us) {
		buf_printf(b, "\"%s\":null,", name);
		return;
	}
	buf_printf(b, "\"%s\":\"", name);
	text_put_time_us(b, wall_us);
	buf_put_str(b, "\",");
}

static void put_words(struct buf *b, uint32_t verdicts)
{
	const char *comma = "";
	buf_put_str(b, "\"verdicts\":[");
	for (int v = 0; v < VERDICT_COUNT; v++) {
		if (!(verdicts >> v & 1))
			continue;
		buf_printf(b, "%s\"%s\"", comma, verdict_name((enum verdict)v));
		comma = ",";
	}
	buf_put_u8(b, ']');
}

static void put_days(struct buf *b, const struct days *d)
{
	buf_put_str(b, ",\"days\":[");
	for (size_t i = 0; i < d->len; i++) {
		const struct day *day = &d->day[i];
		buf_put_str(b, i ? ",{" : "{");
		buf_put_str(b, "\"day\":\"");
		day_put(b, day->number);
		buf_put_str(b, "\",");
		put_number(b, "entries", day->entries);
		put_bool(b, "key_change", day->new_key);
		put_words(b, day->verdicts);
		buf_put_u8(b, '}');
	}
	buf_put_u8(b, ']');
}

static void put_row(struct buf *b, const struct report_row *row)
{
	buf_put_str(b, "{\"host\":");
	put_string(b, row->label);
	buf_put_u8(b, ',');
	put_bool(b, "looked_at", row->selected);
	put_number(b, "entries", row->entries);
	put_number(b, "batches", row->batches);
	put_number(b, "epochs", row->epochs);
	put_time(b, "from", row->first_wall_us);
	put_time(b, "to", row->last_wall_us);
	put_number(b, "signatures", row->signatures);
	put_number(b, "gaps", row->gaps);
	put_number(b, "lost", row->lost);
	put_number(b, "silences", row->silences);
	put_bool(b, "same_machine", row->same_machine);
	put_words(b, row->verdicts);
	put_days(b, &row->days);
	buf_put_u8(b, '}');
}

void report_put_finding_json(struct buf *b, const struct finding *f)
{
	buf_printf(b, "{\"verdict\":\"%s\",", verdict_name(f->verdict));
	put_bool(b, "fault", verdict_is_fault(f->verdict));
	if (f->file[0]) {
		buf_put_str(b, "\"file\":");
		put_string(b, f->file);
		buf_put_u8(b, ',');
	}
	if (f->has_offset)
		put_number(b, "offset", f->offset);
	if (f->origin[0]) {
		buf_put_str(b, "\"log\":");
		put_string(b, f->origin);
		buf_put_u8(b, ',');
	}
	if (f->has_index) {
		put_number(b, "first", f->first);
		put_number(b, "last", f->last);
	}
	buf_put_str(b, "\"reason\":");
	put_string(b, f->reason);
	buf_put_u8(b, '}');
}

static void put_counts(struct buf *b, const struct findings *f)
{
	const char *comma = "";
	buf_put_str(b, "\"counts\":{");
	for (int v = 0; v < VERDICT_COUNT; v++) {
		if (!f->count[v])
			continue;
		buf_printf(b, "%s\"%s\":%llu", comma, verdict_name((enum verdict)v),
		           (unsigned long long)f->count[v]);
		comma = ",";
	}
	buf_put_str(b, "},");
}

static void put_witnessed(struct buf *b, const struct witnessed *w)
{
	if (!w->asked)
		return;
	buf_put_str(b, "\"witnessed\":{");
	put_bool(b, "quorum", w->quorum);
	put_number(b, "size", w->size);
	put_number(b, "witnesses", w->signers);
	put_time(b, "newest", w->time_s > UINT64_MAX / 1000000 ? 0 : w->time_s * 1000000);
	buf_put_str(b, "\"names\":");
	put_string(b, w->names);
	buf_put_str(b, "},");
}

static void put_verdict(struct buf *b, const struct report *r)
{
	cleanup_buf struct buf line = { 0 };
	report_put_verdict(&line, r);
	put_bool(b, "verified", report_clean(r));
	buf_put_str(b, "\"verdict\":\"");
	text_put_json(b, (struct span){ line.data, line.len });
	buf_put_str(b, "\",");
	put_bool(b, "structure_only", r->structure);
	put_bool(b, "content_hashed", !r->not_hashed);
	put_bool(b, "same_machine", r->same_machine);
	put_bool(b, "unwitnessed", r->unwitnessed);
	put_witnessed(b, &r->witnessed);
}

void report_put_json(struct buf *b, const struct report *r)
{
	buf_put_u8(b, '{');
	put_verdict(b, r);
	buf_printf(b, "\"kind\":\"%s\",\"fleet\":", r->spool ? "spool" : "store");
	put_string(b, r->fleet);
	buf_put_u8(b, ',');
	put_number(b, "files", r->files);
	put_number(b, "bytes", r->bytes);
	put_number(b, "entries", r->entries);
	put_number(b, "batches", r->batches);
	put_number(b, "signatures", r->signatures);
	put_number(b, "fleet_entries", r->fleet_size);
	put_number(b, "commits", r->commits);
	put_number(b, "checkpoints", r->checkpoints);
	put_number(b, "enrolments", r->enrolments);
	put_number(b, "receipted_size", r->receipted_size);
	put_number(b, "unreceipted_batches", r->unreceipted_batches);
	put_time(b, "newest", r->fleet_time_us);
	put_counts(b, &r->findings);
	buf_put_str(b, "\"hosts\":[");
	for (size_t i = 0; i < r->row_count; i++) {
		buf_put_str(b, i ? "," : "");
		put_row(b, &r->row[i]);
	}
	buf_put_str(b, "],\"findings\":[");
	for (size_t i = 0; i < r->findings.len; i++) {
		buf_put_str(b, i ? "," : "");
		report_put_finding_json(b, &r->findings.list[i]);
	}
	buf_put_str(b, "]}\n");
}
