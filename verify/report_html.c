#include "verify/report_html.h"

#include <stdio.h>

#include "lib/text.h"

static const char style[] =
        ":root{color-scheme:light dark}"
        "body{font:15px/1.45 system-ui,sans-serif;margin:1.5em;max-width:none}"
        "table{border-collapse:collapse;margin:.5em 0 1.5em}"
        "th,td{border:1px solid #8886;padding:.15em .45em;text-align:left;vertical-align:top}"
        "td.n{text-align:right;font-variant-numeric:tabular-nums}"
        "caption{text-align:left;font-weight:600;padding:.3em 0}"
        ".wide{overflow-x:auto}"
        ".days td{text-align:center;min-width:1.6em;font-weight:700}"
        ".days thead th{writing-mode:vertical-rl;font-weight:400}"
        ".days th[scope=row]{white-space:nowrap}"
        ".ok{background:#1a7f3722}.bad{background:#d1242f55}.look{background:#bf870055}.none{background:none}"
        ".verdict{font-size:1.15em;font-weight:600;padding:.4em .6em;display:inline-block}"
        ".w{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}"
        "td .v{font-weight:600;white-space:nowrap}"
        "@media print{.wide{overflow:visible}}";

static void put(struct buf *b, const char *text)
{
	text_put_html(b, span_str(text));
}

static void put_cell(struct buf *b, uint64_t n)
{
	buf_printf(b, "<td class=\"n\">%llu</td>", (unsigned long long)n);
}

void report_html_begin(struct buf *b, const char *title)
{
	buf_put_str(b, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	               "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
	               "'unsafe-inline'\">\n"
	               "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>");
	put(b, title);
	buf_printf(b, "</title>\n<style>%s</style>\n</head>\n<body>\n<main>\n", style);
}

void report_html_end(struct buf *b)
{
	buf_put_str(b, "</main>\n</body>\n</html>\n");
}

static bool faulty(uint32_t verdicts)
{
	for (int v = 0; v < VERDICT_COUNT; v++) {
		if (verdicts >> v & 1 && verdict_is_fault((enum verdict)v))
			return true;
	}
	return false;
}

/* What a day shows besides a fault: a letter each, for who can't tell the colours. */
static const struct {
	enum verdict verdict;
	char letter;
} letters[] = {
	{ VERDICT_LOSS, 'L' },
	{ VERDICT_SILENT, 'S' },
	{ VERDICT_LATE, 'T' },
	{ VERDICT_CLOCK, 'C' },
};

static void put_words(struct buf *b, const struct day *d)
{
	const char *comma = "";
	for (int v = 0; v < VERDICT_COUNT; v++) {
		if (!(d->verdicts >> v & 1) || v == VERDICT_REMARK)
			continue;
		buf_printf(b, "%s%s", comma, verdict_name((enum verdict)v));
		comma = ", ";
	}
	if (d->new_key)
		buf_printf(b, "%skey change", comma);
	else if (!*comma)
		buf_put_str(b, d->entries ? "verified" : "no entries");
	buf_printf(b, "; %llu entries", (unsigned long long)d->entries);
}

static void put_signs(struct buf *b, const struct day *d)
{
	bool any = faulty(d->verdicts);
	buf_put_str(b, any ? "\xe2\x9c\x97" : "");
	for (size_t i = 0; i < ARRAY_SIZE(letters); i++) {
		if (!(d->verdicts >> letters[i].verdict & 1))
			continue;
		buf_put_u8(b, (uint8_t)letters[i].letter);
		any = true;
	}
	if (d->new_key)
		buf_put_u8(b, 'K');
	else if (!any)
		buf_put_str(b, d->entries ? "\xe2\x9c\x93" : "\xc2\xb7");
}

static void put_day(struct buf *b, const struct day *d)
{
	bool look = (d->verdicts & ~(1u << VERDICT_REMARK)) || d->new_key;
	const char *class = faulty(d->verdicts) ? "bad" : look ? "look" : d->entries ? "ok" : "none";
	buf_printf(b, "<td class=\"%s\" title=\"", class);
	put_words(b, d);
	buf_put_str(b, "\"><span aria-hidden=\"true\">");
	put_signs(b, d);
	buf_put_str(b, "</span><span class=\"w\">");
	put_words(b, d);
	buf_put_str(b, "</span></td>");
}

struct range {
	uint32_t first, last;
	bool any, cut;
};

static struct range find_range(const struct report *r)
{
	struct range range = { .first = UINT32_MAX };
	for (size_t i = 0; i < r->row_count; i++) {
		const struct days *d = &r->row[i].days;
		if (!d->len)
			continue;
		range.any = true;
		range.first = MIN(range.first, d->day[0].number);
		range.last = MAX(range.last, d->day[d->len - 1].number);
	}
	if (range.any && range.last - range.first >= HTML_DAYS_MAX) {
		range.first = range.last - HTML_DAYS_MAX + 1;
		range.cut = true;
	}
	return range;
}

static void put_row_days(struct buf *b, const struct report_row *row, const struct range *range)
{
	static const struct day nothing = { 0 };
	const struct days *d = &row->days;
	size_t at = 0;
	for (uint32_t day = range->first;; day++) {
		while (at < d->len && d->day[at].number < day)
			at++;
		put_day(b, at < d->len && d->day[at].number == day ? &d->day[at] : &nothing);
		if (day == range->last)
			return;
	}
}

static void put_picture(struct buf *b, const struct report *r)
{
	struct range range = find_range(r);
	if (!range.any)
		return;
	buf_put_str(b, "<div class=\"wide\"><table class=\"days\">\n<caption>Hosts and days (UTC");
	buf_put_str(b, r->spool ? ", by the host's clock" : ", by the sink's clock");
	if (range.cut)
		buf_printf(b, "; the newest %d days", HTML_DAYS_MAX);
	buf_put_str(b, ")</caption>\n<thead><tr><th scope=\"col\">host</th>");
	for (uint32_t day = range.first;; day++) {
		buf_put_str(b, "<th scope=\"col\">");
		day_put(b, day);
		buf_put_str(b, "</th>");
		if (day == range.last)
			break;
	}
	buf_put_str(b, "</tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < r->row_count; i++) {
		buf_put_str(b, "<tr><th scope=\"row\">");
		put(b, r->row[i].label);
		buf_put_str(b, "</th>");
		put_row_days(b, &r->row[i], &range);
		buf_put_str(b, "</tr>\n");
	}
	buf_put_str(
	        b,
	        "</tbody></table></div>\n<p>\xe2\x9c\x93 verified \xc2\xb7 \xe2\x9c\x97 a gap or another "
	        "fault \xc2\xb7 L loss that the host declared \xc2\xb7 S silent \xc2\xb7 T late \xc2\xb7 C "
	        "clock \xc2\xb7 K key change \xc2\xb7 a dot: no entries. Each cell has its words.</p>\n");
}

static void put_time_cell(struct buf *b, uint64_t wall_us)
{
	buf_put_str(b, "<td>");
	if (wall_us)
		text_put_time_us(b, wall_us);
	buf_put_str(b, "</td>");
}

static void put_row(struct buf *b, const struct report_row *row)
{
	char words[ROW_WORDS_MAX];
	buf_put_str(b, "<tr><th scope=\"row\">");
	put(b, row->label);
	buf_put_str(b, "</th>");
	buf_printf(b, "<td class=\"%s\"><span class=\"v\">",
	           faulty(row->verdicts)                     ? "bad"
	           : row->verdicts & ~(1u << VERDICT_REMARK) ? "look"
	           : row->batches                            ? "ok"
	                                                     : "none");
	put(b, report_row_words(row, words));
	buf_put_str(b, "</span></td>");
	put_cell(b, row->entries);
	put_cell(b, row->batches);
	put_cell(b, row->epochs);
	put_cell(b, row->signatures);
	put_cell(b, row->gaps);
	put_cell(b, row->lost);
	put_cell(b, row->silences);
	put_time_cell(b, row->first_wall_us);
	put_time_cell(b, row->last_wall_us);
	buf_put_str(b, "</tr>\n");
}

static void put_hosts(struct buf *b, const struct report *r)
{
	static const char *const columns[] = { "host",   "verdict",    "entries", "batches",
		                               "epochs", "signatures", "gaps",    "lost",
		                               "silent", "from",       "to" };
	buf_put_str(b, "<div class=\"wide\"><table>\n<caption>Hosts</caption>\n<thead><tr>");
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
		buf_printf(b, "<th scope=\"col\">%s</th>", columns[i]);
	buf_put_str(b, "</tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < r->row_count; i++)
		put_row(b, &r->row[i]);
	buf_put_str(b, "</tbody></table></div>\n");
}

static void put_finding(struct buf *b, const struct finding *f)
{
	buf_printf(b, "<tr><td class=\"%s\"><span class=\"v\">%s</span></td><td>",
	           verdict_is_fault(f->verdict) ? "bad" : "look", verdict_name(f->verdict));
	put(b, f->origin);
	buf_put_str(b, "</td><td>");
	if (f->has_index && f->first == f->last)
		buf_printf(b, "%llu", (unsigned long long)f->first);
	else if (f->has_index)
		buf_printf(b, "%llu to %llu", (unsigned long long)f->first, (unsigned long long)f->last);
	buf_put_str(b, "</td><td>");
	put(b, f->file);
	if (f->has_offset)
		buf_printf(b, " at %llu", (unsigned long long)f->offset);
	buf_put_str(b, "</td><td>");
	put(b, f->reason);
	buf_put_str(b, "</td></tr>\n");
}

static void put_findings(struct buf *b, const struct findings *f)
{
	uint64_t total = findings_total(f);
	if (!total)
		return;
	buf_printf(b,
	           "<div class=\"wide\"><table>\n<caption>Findings: %llu</caption>\n<thead><tr>"
	           "<th scope=\"col\">verdict</th><th scope=\"col\">log</th><th scope=\"col\">entries</th>"
	           "<th scope=\"col\">file</th><th scope=\"col\">reason</th></tr></thead>\n<tbody>\n",
	           (unsigned long long)total);
	for (size_t i = 0; i < f->len; i++)
		put_finding(b, &f->list[i]);
	buf_put_str(b, "</tbody></table></div>\n");
	if (total > f->len)
		buf_printf(b, "<p>... and %llu findings more</p>\n", (unsigned long long)(total - f->len));
}

static void put_heading(struct buf *b, const char *path, unsigned number)
{
	buf_put_str(b, number ? "<h2>" : "<h1>");
	if (number)
		buf_printf(b, "Input %u: ", number);
	put(b, path);
	buf_put_str(b, number ? "</h2>\n" : "</h1>\n");
}

static void put_verdict(struct buf *b, const struct report *r)
{
	cleanup_buf struct buf line = { 0 };
	report_put_verdict(&line, r);
	buf_printf(b, "<p class=\"verdict %s\">", report_clean(r) ? "ok" : "bad");
	text_put_html(b, (struct span){ line.data, line.len });
	buf_put_str(b, "</p>\n");
}

static void put_about(struct buf *b, const struct report *r)
{
	buf_put_str(b, "<p>Fleet ");
	put(b, r->fleet);
	buf_printf(b, ": %llu entries in %llu batches, %llu signatures of hosts",
	           (unsigned long long)r->entries, (unsigned long long)r->batches,
	           (unsigned long long)r->signatures);
	if (!r->spool) {
		buf_printf(b, "; fleet log of %llu entries, newest ", (unsigned long long)r->fleet_size);
		text_put_time_us(b, r->fleet_time_us);
	}
	if (r->witnessed.signers) {
		buf_printf(b, "; fleet entries below %llu cosigned by ",
		           (unsigned long long)r->witnessed.size);
		put(b, r->witnessed.names);
	}
	buf_put_str(b, ".</p>\n");
}

void report_html_put(struct buf *b, const struct report *r, const char *path, unsigned number)
{
	put_heading(b, path, number);
	put_verdict(b, r);
	put_picture(b, r);
	put_about(b, r);
	put_hosts(b, r);
	put_findings(b, &r->findings);
}

void report_html_put_file(struct buf *b, const char *path, unsigned number, const char *words)
{
	put_heading(b, path, number);
	buf_put_str(b, "<p>");
	put(b, words);
	buf_put_str(b, "</p>\n");
}

void report_html_put_views(struct buf *b, const struct views_result *v)
{
	buf_put_str(b, "<h2>All of them compared</h2>\n");
	buf_printf(b,
	           "<p class=\"verdict %s\">%s</p>\n<p>%zu stores, %zu signed checkpoints, %zu fleet heads "
	           "in seals.</p>\n",
	           report_views_clean(v) ? "ok" : "bad",
	           report_views_clean(v)                   ? "No two contradict each other"
	           : v->findings.count[VERDICT_SPLIT_VIEW] ? "The fleet log was shown in two histories"
	                                                   : "A store ends before what others have seen",
	           v->stores, v->signed_heads, v->seal_heads);
	put_findings(b, &v->findings);
}
