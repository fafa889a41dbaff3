#include "evidence/line.h"

#include <time.h>

#include "lib/address_range.h"
#include "lib/text.h"

#define POLICY_LINE_MAX 1000

struct span line_get(struct cursor *c, const char *word)
{
	struct span rest;
	struct span line = cursor_line(c);
	if (c->err || !span_is(text_split(line, ' ', &rest), word) || rest.len == 0) {
		cursor_fail(c);
		return (struct span){ 0 };
	}
	return rest;
}

bool line_next_is(const struct cursor *c, const char *word)
{
	struct span left = { c->at, cursor_left(c) };
	size_t n = strlen(word);
	return !c->err && span_starts(left, word) && left.len > n &&
	       (left.data[n] == ' ' || left.data[n] == '\n');
}

void line_number(struct cursor *c, struct span value, uint64_t *ret)
{
	if (!c->err && text_decimal(value, ret) < 0)
		cursor_fail(c);
}

void line_hash(struct cursor *c, struct span value, struct hash *ret)
{
	if (!c->err && text_base64_exact(value, ret->b, sizeof(ret->b)) < 0)
		cursor_fail(c);
}

bool line_take(struct span *lines, struct span *ret_value)
{
	struct cursor c;
	cursor_init(&c, lines->data, lines->len);
	struct span line = cursor_line(&c);
	if (c.err)
		return false;
	(void)text_split(line, ' ', ret_value);
	*lines = (struct span){ c.at, cursor_left(&c) };
	return true;
}

#define TIME_BYTES 32

static void format_time(time_t t, char ret[TIME_BYTES])
{
	struct tm tm;
	if (!gmtime_r(&t, &tm) || strftime(ret, TIME_BYTES, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		memcpy(ret, "1970-01-01T00:00:00Z", sizeof("1970-01-01T00:00:00Z"));
}

/* Written back and compared, so that there is one text for one time. */
static int parse_time(struct span s, uint64_t *ret)
{
	char text[TIME_BYTES] = "", again[TIME_BYTES];
	struct tm tm = { 0 };
	if (s.len != strlen("2026-11-24T08:00:00Z"))
		return -EBADMSG;
	memcpy(text, s.data, s.len);
	const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);
	time_t t = timegm(&tm);
	if (!end || *end || t < 0)
		return -EBADMSG;
	format_time(t, again);
	if (!span_is(s, again))
		return -EBADMSG;
	*ret = (uint64_t)t;
	return 0;
}

static int parse_label(struct span s, char *ret)
{
	if (!label_ok(s))
		return -EBADMSG;
	memcpy(ret, s.data, s.len);
	return 0;
}

static int parse_key(struct span s, struct key *ret)
{
	return key_parse(s, ret) == 0 && ret->type == KEY_TYPE_ED25519 ? 0 : -EBADMSG;
}

static int parse_epoch(struct span s, struct log_point *ret)
{
	uint64_t epoch;
	if (text_decimal(s, &epoch) < 0 || epoch > UINT32_MAX)
		return -EBADMSG;
	ret->epoch = (uint32_t)epoch;
	return 0;
}

static int parse_point(struct span s, bool head, struct log_point *ret)
{
	struct span rest;
	struct log_point p = { 0 };
	struct span epoch = text_split(s, ' ', &rest);
	struct span size = text_split(rest, ' ', &rest);
	if (parse_epoch(epoch, &p) < 0 || text_decimal(size, &p.size) < 0)
		return -EBADMSG;
	if (head ? text_base64_exact(rest, p.root.b, sizeof(p.root.b)) < 0 : rest.data != NULL)
		return -EBADMSG;
	*ret = p;
	return 0;
}

static int parse_pattern(struct span s, char *ret)
{
	if (s.len == 0 || s.len > LINE_PATTERN_MAX)
		return -EBADMSG;
	for (size_t i = 0; i < s.len; i++) {
		uint8_t b = s.data[i];
		if (!(b >= 'a' && b <= 'z') && !(b >= '0' && b <= '9') && b != '.' && b != '-' && b != '*')
			return -EBADMSG;
	}
	memcpy(ret, s.data, s.len);
	return 0;
}

static int parse_value(struct span s, enum line_form form, void *ret)
{
	struct hash *hash = ret;
	switch (form) {
	case LINE_LABEL:
		return parse_label(s, ret);
	case LINE_KEY:
		return parse_key(s, ret);
	case LINE_HASH:
		return text_hex_exact(s, hash->b, sizeof(hash->b));
	case LINE_DECIMAL:
		return text_decimal(s, ret);
	case LINE_TIME:
		return parse_time(s, ret);
	case LINE_HEAD:
		return parse_point(s, true, ret);
	case LINE_ENTRY:
		return parse_point(s, false, ret);
	case LINE_EPOCH:
		return parse_epoch(s, ret);
	case LINE_PATTERN:
		return parse_pattern(s, ret);
	case LINE_RANGES:
	case LINE_POLICY:
		break;
	}
	return -EBADMSG;
}

static bool printable(struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.data[i] < 0x20 || s.data[i] > 0x7e)
			return false;
	}
	return true;
}

static bool repeated_ok(struct span line, const struct line_row *row)
{
	struct address_range range;
	struct span value;
	struct span word = text_split(line, ' ', &value);
	if (!span_is(word, row->word))
		return false;
	if (row->form == LINE_RANGES)
		return address_range_parse(value, &range) == 0;
	return (value.data == NULL || value.len > 0) && value.len <= POLICY_LINE_MAX && printable(value);
}

static void get_repeated(struct cursor *c, const struct line_row *row, struct span *ret)
{
	const uint8_t *from = c->at;
	size_t count = 0, most = row->form == LINE_RANGES ? LINE_RANGES_MAX : LINE_POLICY_MAX;
	for (; line_next_is(c, row->word); count++) {
		if (count == most || !repeated_ok(cursor_line(c), row))
			cursor_fail(c);
	}
	if (count == 0 && row->form == LINE_POLICY)
		cursor_fail(c);
	if (!c->err)
		*ret = (struct span){ from, (size_t)(c->at - from) };
}

static void get_row(struct cursor *c, const struct line_row *row, uint8_t *out)
{
	void *value = out + row->offset;
	if (row->form == LINE_RANGES || row->form == LINE_POLICY) {
		get_repeated(c, row, value);
		return;
	}
	if (row->optional && !line_next_is(c, row->word))
		return;
	struct span text = line_get(c, row->word);
	if (c->err || parse_value(text, row->form, value) < 0)
		cursor_fail(c);
	else if (row->optional)
		*(bool *)(out + row->has) = true;
}

void lines_get(struct cursor *c, const struct line_row *row, size_t n, void *out)
{
	for (size_t i = 0; i < n; i++)
		get_row(c, &row[i], out);
}

static void put_point(struct buf *b, const struct log_point *p, enum line_form form)
{
	buf_printf(b, "%u", p->epoch);
	if (form == LINE_EPOCH)
		return;
	buf_printf(b, " %llu", (unsigned long long)p->size);
	if (form == LINE_ENTRY)
		return;
	buf_put_u8(b, ' ');
	text_put_base64(b, p->root.b, sizeof(p->root.b));
}

static void put_value(struct buf *b, enum line_form form, const void *value)
{
	const struct hash *hash = value;
	const uint64_t *number = value;
	char time[TIME_BYTES];
	switch (form) {
	case LINE_LABEL:
	case LINE_PATTERN:
		buf_put_str(b, value);
		break;
	case LINE_KEY:
		key_put(b, value);
		break;
	case LINE_HASH:
		text_put_hex(b, hash->b, sizeof(hash->b));
		break;
	case LINE_DECIMAL:
		buf_printf(b, "%llu", (unsigned long long)*number);
		break;
	case LINE_TIME:
		format_time((time_t)*number, time);
		buf_put_str(b, time);
		break;
	case LINE_HEAD:
	case LINE_ENTRY:
	case LINE_EPOCH:
		put_point(b, value, form);
		break;
	case LINE_RANGES:
	case LINE_POLICY:
		break;
	}
}

void lines_put(struct buf *b, const struct line_row *row, size_t n, const void *in)
{
	const uint8_t *base = in;
	for (size_t i = 0; i < n; i++) {
		const void *value = base + row[i].offset;
		const struct span *lines = value;
		if (row[i].form == LINE_RANGES || row[i].form == LINE_POLICY) {
			buf_put(b, lines->data, lines->len);
			continue;
		}
		if (row[i].optional && !*(const bool *)(base + row[i].has))
			continue;
		buf_printf(b, "%s ", row[i].word);
		put_value(b, row[i].form, value);
		buf_put_u8(b, '\n');
	}
}
