#include "drill/report.h"

#include "lib/text.h"

static const char head[] =
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>swornlog drill</title>\n"
        "<meta name=\"viewport\" content=\"width=device-width\">\n<style>\n"
        "body{font:15px/1.45 system-ui,sans-serif;margin:2em auto;max-width:76em;padding:0 "
        "1em;color:#1b1b1b}\n"
        "table{border-collapse:collapse;width:100%}\nth,td{text-align:left;vertical-align:top;padding:.4em "
        ".6em;"
        "border-bottom:1px solid #ddd}\nth{position:sticky;top:0;background:#fff}\n"
        "td.caught{color:#0a6b2d;font-weight:600}td.missed,td.noisy,td.failed,td.pending{color:#b00020;"
        "font-weight:600}td.impossible{color:#7a5a00}\n.small{color:#555;font-size:13px}\n"
        "</style></head><body>\n";

/* All text is ours or a verifier's, and yet nothing in it is taken for markup. */
static void put_text(struct buf *b, const char *s)
{
	cleanup_buf struct buf safe = { 0 };
	text_put_escaped(&safe, span_str(s));
	for (size_t i = 0; i < safe.len; i++) {
		switch (safe.data[i]) {
		case '<':
			buf_put_str(b, "&lt;");
			break;
		case '>':
			buf_put_str(b, "&gt;");
			break;
		case '&':
			buf_put_str(b, "&amp;");
			break;
		default:
			buf_put_u8(b, safe.data[i]);
		}
	}
}

static void put_cell(struct buf *b, const char *class, const char *text)
{
	buf_printf(b, "<td class=\"%s\">", class);
	put_text(b, text);
	buf_put_str(b, "</td>");
}

static void put_row(struct buf *b, const struct result *r)
{
	buf_put_str(b, "<tr>");
	put_cell(b, outcome_name(r->outcome), outcome_name(r->outcome));
	buf_put_str(b, "<td><b>");
	put_text(b, r->sin->name);
	buf_put_str(b, "</b><br><span class=\"small\">");
	put_text(b, r->sin->words);
	buf_put_str(b, "</span></td>");
	put_cell(b, "", r->sin->check.words);
	if (r->outcome == OUTCOME_CAUGHT)
		buf_printf(b, "<td>%u.%u s of %u s</td>", r->caught_ms / 1000, r->caught_ms / 100 % 10,
		           r->sin->within_s);
	else
		buf_put_str(b, "<td></td>");
	put_cell(b, "small", r->what);
	put_cell(b, "small", r->sin->controls);
	buf_put_str(b, "</tr>\n");
}

void report_put_html(struct buf *b, const struct drill_report *r)
{
	buf_put_str(b, head);
	buf_put_str(b, "<h1>Drill</h1>\n<p><b>");
	report_put_sum(b, r);
	buf_put_str(b, "</b><br><span class=\"small\">");
	text_put_time_us(b, r->time_us);
	buf_printf(b, ", %llu s, swornlog %s, on %s</span></p>\n", (unsigned long long)(r->took_ms / 1000),
	           r->version, r->on_store ? "a copy of a store" : "a scratch fleet of real processes");
	buf_put_str(b, "<table><tr><th>outcome</th><th>sin</th><th>must be caught by</th><th>after</th>"
	               "<th>what was found</th><th>evidence for</th></tr>\n");
	for (size_t i = 0; i < r->count; i++)
		put_row(b, &r->result[i]);
	buf_put_str(
	        b,
	        "</table>\n<p class=\"small\">Each sin has a control run, the same steps without the sin, "
	        "that must stay quiet. Control ids name requirements in the standards; their texts are not "
	        "quoted.</p>\n</body></html>\n");
}
