#include "verify/report.h"

#include <stdio.h>

#include "lib/text.h"

void report_done(struct report *r)
{
	for (size_t i = 0; i < r->row_count; i++)
		days_done(&r->row[i].days);
	free(r->row);
	findings_done(&r->findings);
	*r = (struct report){ 0 };
}

static void take_host(struct report_row *row, struct log_host *host)
{
	*row = (struct report_row){
		.entries = host->entries,
		.batches = host->batches,
		.epochs = host->epoch_count,
		.signatures = host->signatures,
		.gaps = host->gaps,
		.lost = host->lost,
		.silences = host->silences,
		.first_wall_us = host->first_wall_us,
		.last_wall_us = host->last_wall_us,
		.verdicts = host->verdicts,
		.same_machine = host->same_machine,
		.selected = host->selected,
	};
	memcpy(row->label, host->label, sizeof(row->label));
	row->days = host->days;
	host->days = (struct days){ 0 };
}

int report_take_hosts(struct report *r, struct hosts *h, const uint8_t *machine)
{
	r->row = calloc(MAX(h->count, (size_t)1), sizeof(*r->row));
	if (!r->row)
		return -ENOMEM;
	for (size_t i = 0; i < h->count; i++) {
		struct report_row *row = &r->row[i];
		take_host(row, h->host[i]);
		if (machine && h->sink_boots == 0 && row->batches)
			row->same_machine = memcmp(machine, h->host[i]->boot_id, 16) == 0;
		r->same_machine |= row->same_machine;
		r->entries += row->entries;
		r->batches += row->batches;
		r->signatures += row->signatures;
	}
	r->row_count = h->count;
	return 0;
}

bool report_clean(const struct report *r)
{
	return findings_faults(&r->findings) == 0;
}

static void put_counts(struct buf *b, const struct findings *f, bool faults, const char *before)
{
	const char *comma = before;
	for (int v = 0; v < VERDICT_COUNT; v++) {
		if (!f->count[v] || verdict_is_fault((enum verdict)v) != faults || v == VERDICT_REMARK)
			continue;
		buf_printf(b, "%s%llu %s", comma, (unsigned long long)f->count[v],
		           verdict_name((enum verdict)v));
		comma = ", ";
	}
}

static void put_witnessed(struct buf *b, const struct report *r)
{
	const struct witnessed *w = &r->witnessed;
	if (!w->signers)
		buf_put_str(b, "; no witness");
	else if (r->unwitnessed)
		buf_printf(b, "; no quorum of witnesses, only %u", w->signers);
	else if (w->size < r->fleet_size)
		buf_printf(b, "; witnessed, but for the newest %llu fleet entries",
		           (unsigned long long)(r->fleet_size - w->size));
	else
		buf_put_str(b, "; witnessed");
}

void report_put_verdict(struct buf *b, const struct report *r)
{
	buf_put_str(b, !report_clean(r) ? "NOT verified" : r->structure ? "structure verified" : "verified");
	put_counts(b, &r->findings, true, ": ");
	if (r->structure)
		buf_put_str(b, r->not_hashed ? ", content not re-hashed" : ", content re-hashed, not read");
	put_counts(b, &r->findings, false, "; declared: ");
	if (r->same_machine)
		buf_put_str(b, "; sink on the same machine");
	if (r->spool && r->unreceipted_batches)
		buf_printf(b, "; a spool, %llu batches not receipted yet",
		           (unsigned long long)r->unreceipted_batches);
	else if (r->spool)
		buf_put_str(b, r->receipted_size ? "; a spool, all receipted" : "; an empty spool");
	put_witnessed(b, r);
}

#define RED    "\033[31m"
#define GREEN  "\033[32m"
#define YELLOW "\033[33m"
#define BOLD   "\033[1m"
#define PLAIN  "\033[0m"

static void paint(struct buf *b, bool colour, const char *code)
{
	if (colour)
		buf_put_str(b, code);
}

static void put_second(struct buf *b, uint64_t wall_us)
{
	cleanup_buf struct buf text = { 0 };
	if (wall_us)
		text_put_time_us(&text, wall_us);
	else
		buf_put_str(&text, "-");
	/* Seconds are enough for a table. */
	if (text.len > 20)
		memcpy(text.data + 19, "Z", 1);
	int n = (int)MIN(text.len, (size_t)20);
	if (!text.err)
		buf_printf(b, "%-20.*s", n, (const char *)text.data);
}

const char *report_row_words(const struct report_row *row, char words[ROW_WORDS_MAX])
{
	size_t len = 0, size = ROW_WORDS_MAX;
	if (!row->selected)
		return "not looked at";
	if (row->batches == 0 && row->verdicts == 0)
		return "no entries";
	words[0] = 0;
	for (int v = 0; v < VERDICT_COUNT; v++) {
		if (!(row->verdicts >> v & 1) || v == VERDICT_REMARK)
			continue;
		int n = snprintf(words + len, size - len, "%s%s", len ? "," : "",
		                 verdict_name((enum verdict)v));
		len = MIN(len + (size_t)MAX(n, 0), size - 1);
	}
	return len ? words : "ok";
}

static const char *row_colour(const struct report_row *row)
{
	for (int v = 0; v < VERDICT_COUNT; v++) {
		if (row->verdicts >> v & 1 && verdict_is_fault((enum verdict)v))
			return RED;
	}
	return row->verdicts & ~(1u << VERDICT_REMARK) ? YELLOW : GREEN;
}

static int label_width(const struct report *r)
{
	size_t width = strlen("host");
	for (size_t i = 0; i < r->row_count; i++)
		width = MAX(width, strlen(r->row[i].label));
	return (int)width;
}

static void put_row(struct buf *b, const struct report_row *row, int width, bool colour)
{
	char words[ROW_WORDS_MAX];
	buf_printf(b, "%-*s %12llu %9llu %6llu ", width, row->label, (unsigned long long)row->entries,
	           (unsigned long long)row->batches, (unsigned long long)row->epochs);
	put_second(b, row->first_wall_us);
	buf_put_u8(b, ' ');
	put_second(b, row->last_wall_us);
	buf_printf(b, " %10llu %5llu %8llu %7llu ", (unsigned long long)row->signatures,
	           (unsigned long long)row->gaps, (unsigned long long)row->lost,
	           (unsigned long long)row->silences);
	paint(b, colour, row_colour(row));
	buf_put_str(b, report_row_words(row, words));
	paint(b, colour, PLAIN);
	buf_put_u8(b, '\n');
}

static void put_place(struct buf *b, const struct finding *f)
{
	if (f->origin[0])
		buf_printf(b, " %s", f->origin);
	if (f->has_index && f->first == f->last)
		buf_printf(b, " [%llu]", (unsigned long long)f->first);
	else if (f->has_index)
		buf_printf(b, " [%llu..%llu]", (unsigned long long)f->first, (unsigned long long)f->last);
	if (!f->file[0])
		return;
	buf_put_str(b, " in ");
	/* File names come from the folder that is being judged. */
	text_put_escaped(b, span_str(f->file));
	if (f->has_offset)
		buf_printf(b, " at %llu", (unsigned long long)f->offset);
}

void report_put_finding(struct buf *b, const struct finding *f, bool colour)
{
	paint(b, colour, verdict_is_fault(f->verdict) ? RED : YELLOW);
	buf_printf(b, "%-15s", verdict_name(f->verdict));
	paint(b, colour, PLAIN);
	put_place(b, f);
	buf_printf(b, ": %s\n", f->reason);
}

static void put_witnesses(struct buf *b, const struct report *r)
{
	const struct witnessed *w = &r->witnessed;
	if (!w->signers)
		return;
	buf_printf(b, "witnesses of fleet entries 0 to %llu: ", (unsigned long long)(w->size - 1));
	text_put_escaped(b, span_str(w->names));
	buf_put_str(b, "; newest cosignature ");
	text_put_time_us(b, w->time_s * 1000000);
	buf_put_u8(b, '\n');
}

static void put_fleet(struct buf *b, const struct report *r)
{
	buf_printf(b, "%s of fleet %s: %llu files, %llu bytes", r->spool ? "spool" : "store", r->fleet,
	           (unsigned long long)r->files, (unsigned long long)r->bytes);
	if (!r->spool)
		buf_printf(b, "; fleet log of %llu entries, %llu commits, %llu checkpoints, %llu enrolments",
		           (unsigned long long)r->fleet_size, (unsigned long long)r->commits,
		           (unsigned long long)r->checkpoints, (unsigned long long)r->enrolments);
	buf_put_u8(b, '\n');
	put_witnesses(b, r);
	buf_put_u8(b, '\n');
}

void report_put_text(struct buf *b, const struct report *r, bool colour)
{
	int width = label_width(r);
	put_fleet(b, r);
	paint(b, colour, BOLD);
	buf_printf(b, "%-*s %12s %9s %6s %-20s %-20s %10s %5s %8s %7s %s\n", width, "host", "entries",
	           "batches", "epochs", "from", "to", "signatures", "gaps", "lost", "silent", "verdict");
	paint(b, colour, PLAIN);
	for (size_t i = 0; i < r->row_count; i++)
		put_row(b, &r->row[i], width, colour);
	buf_put_u8(b, '\n');
	for (size_t i = 0; i < r->findings.len; i++)
		report_put_finding(b, &r->findings.list[i], colour);
	uint64_t total = findings_total(&r->findings);
	if (total > r->findings.len)
		buf_printf(b, "... and %llu findings more\n", (unsigned long long)(total - r->findings.len));
	if (total)
		buf_put_u8(b, '\n');
	paint(b, colour, report_clean(r) ? GREEN : RED);
	report_put_verdict(b, r);
	paint(b, colour, PLAIN);
	buf_put_u8(b, '\n');
}
