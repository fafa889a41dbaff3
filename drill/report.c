#include "drill/report.h"

#include <stdio.h>

#include "lib/text.h"

#define RED    "\033[31m"
#define GREEN  "\033[32m"
#define YELLOW "\033[33m"
#define PLAIN  "\033[0m"

size_t report_count(const struct drill_report *r, enum outcome o)
{
	size_t n = 0;
	for (size_t i = 0; i < r->count; i++)
		n += r->result[i].outcome == o;
	return n;
}

bool report_good(const struct drill_report *r)
{
	for (size_t i = 0; i < r->count; i++)
		if (!outcome_is_good(r->result[i].outcome))
			return false;
	return true;
}

void report_put_sum(struct buf *b, const struct drill_report *r)
{
	buf_printf(b, "%zu of %zu sins caught, each by the check that must", report_count(r, OUTCOME_CAUGHT),
	           r->count);
	for (int o = OUTCOME_MISSED; o < OUTCOME_COUNT; o++) {
		size_t n = report_count(r, (enum outcome)o);
		if (n)
			buf_printf(b, "; %zu %s", n, outcome_name((enum outcome)o));
	}
	if (report_count(r, OUTCOME_NOISY) == 0)
		buf_put_str(b, "; control runs quiet");
}

static const char *colour_of(enum outcome o)
{
	if (o == OUTCOME_CAUGHT)
		return GREEN;
	return o == OUTCOME_IMPOSSIBLE ? YELLOW : RED;
}

void report_put_line(struct buf *b, const struct result *r, bool colour)
{
	const struct sin *s = r->sin;
	buf_printf(b, "%s%-10s%s %-21s %-31s", colour ? colour_of(r->outcome) : "", outcome_name(r->outcome),
	           colour ? PLAIN : "", s->name, s->check.words);
	if (r->outcome == OUTCOME_CAUGHT)
		buf_printf(b, " %3u.%u s of %2u  ", r->caught_ms / 1000, r->caught_ms / 100 % 10,
		           s->within_s);
	else
		buf_printf(b, " %-13s ", "");
	text_put_escaped(b, span_str(r->what));
	buf_put_u8(b, '\n');
}

static void put_string(struct buf *b, const char *name, const char *value)
{
	buf_printf(b, "\"%s\":\"", name);
	text_put_json(b, span_str(value));
	buf_put_u8(b, '"');
}

static void put_result(struct buf *b, const struct result *r)
{
	buf_put_u8(b, '{');
	put_string(b, "sin", r->sin->name);
	buf_put_u8(b, ',');
	put_string(b, "words", r->sin->words);
	buf_put_u8(b, ',');
	put_string(b, "check", r->sin->check.words);
	buf_put_u8(b, ',');
	put_string(b, "outcome", outcome_name(r->outcome));
	buf_printf(b, ",\"caught_ms\":%u,\"within_ms\":%u,", r->caught_ms, r->sin->within_s * 1000);
	put_string(b, "what", r->what);
	buf_put_u8(b, ',');
	put_string(b, "controls", r->sin->controls);
	buf_put_u8(b, '}');
}

void report_put_drill_json(struct buf *b, const struct drill_report *r)
{
	buf_printf(b, "{\"good\":%s,\"target\":\"%s\",\"time\":\"", report_good(r) ? "true" : "false",
	           r->on_store ? "store" : "scratch");
	text_put_time_us(b, r->time_us);
	buf_printf(b, "\",\"took_ms\":%llu,\"version\":\"%s\",\"counts\":{", (unsigned long long)r->took_ms,
	           r->version);
	for (int o = OUTCOME_CAUGHT; o < OUTCOME_COUNT; o++)
		buf_printf(b, "%s\"%s\":%zu", o == OUTCOME_CAUGHT ? "" : ",", outcome_name((enum outcome)o),
		           report_count(r, (enum outcome)o));
	buf_put_str(b, "},\"results\":[");
	for (size_t i = 0; i < r->count; i++) {
		buf_put_str(b, i ? "," : "");
		put_result(b, &r->result[i]);
	}
	buf_put_str(b, "]}\n");
}

/* Seconds, as statements have them. */
static void put_second(struct buf *b, uint64_t time_us)
{
	cleanup_buf struct buf text = { 0 };
	text_put_time_us(&text, time_us);
	buf_put(b, text.data, MIN(text.len, (size_t)19));
	buf_put_u8(b, 'Z');
}

void report_put_statement(struct buf *b, const struct drill_report *r, const char *fleet)
{
	buf_printf(b, "swornlog-statement/v1\ndrill\nfleet %s\ntime ", fleet);
	put_second(b, r->time_us);
	buf_printf(b, "\nversion %s\ntarget %s\n", r->version, r->on_store ? "store" : "scratch");
	for (size_t i = 0; i < r->count; i++) {
		const struct result *one = &r->result[i];
		buf_printf(b, "sin %s %s %u %u %s\n", one->sin->name, outcome_name(one->outcome),
		           one->outcome == OUTCOME_CAUGHT ? one->caught_ms : 0, one->sin->within_s * 1000,
		           one->sin->check.words);
	}
}
