#include "lib/http.h"

#include "lib/text.h"

#define MAX_FIELDS 64

static bool is_token_byte(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c != '\0' && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_token(struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (!is_token_byte(s.data[i]))
			return false;
	}
	return s.len > 0;
}

/* Visible ASCII, and spaces and tabs where a field's value may hold them. */
static bool is_text(struct span s, bool blanks)
{
	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.data[i];
		if ((c < 0x21 || c > 0x7e) && !(blanks && (c == ' ' || c == '\t')))
			return false;
	}
	return true;
}

static bool is_word(struct span s, const char *word)
{
	return s.len == strlen(word) && strncasecmp((const char *)s.data, word, s.len) == 0;
}

static struct span trim(struct span s)
{
	while (s.len > 0 && (s.data[0] == ' ' || s.data[0] == '\t')) {
		s.data++;
		s.len--;
	}
	while (s.len > 0 && (s.data[s.len - 1] == ' ' || s.data[s.len - 1] == '\t'))
		s.len--;
	return s;
}

/* A line without its CRLF. */
static struct span line(struct cursor *c)
{
	struct span s = cursor_line(c);
	if (c->err || s.len == 0 || s.data[s.len - 1] != '\r') {
		cursor_fail(c);
		return (struct span){ NULL, 0 };
	}
	s.len--;
	return s;
}

static int parse_request_line(struct span s, struct http_head *h)
{
	struct span rest, version;
	h->method = text_split(s, ' ', &rest);
	h->target = text_split(rest, ' ', &version);
	if (!is_token(h->method) || h->target.len == 0 || !is_text(h->target, false) ||
	    !span_is(version, "HTTP/1.1"))
		return -EBADMSG;
	return 0;
}

static int take_length(struct http_head *h, struct span value)
{
	if (h->has_length || text_decimal(value, &h->length) < 0)
		return -EBADMSG;
	h->has_length = true;
	return 0;
}

static int take_wanted(struct http_head *h, struct span value)
{
	if (h->field.data || value.len == 0)
		return -EBADMSG;
	h->field = value;
	return 0;
}

static int take_connection(struct http_head *h, struct span value)
{
	h->close = h->close || !is_word(value, "keep-alive");
	return 0;
}

static int take_expect(struct http_head *h, struct span value)
{
	h->expects = is_word(value, "100-continue");
	return h->expects ? 0 : -EBADMSG;
}

static int refuse(struct http_head *h maybe_unused, struct span value maybe_unused)
{
	return -EBADMSG;
}

static int take_field(struct http_head *h, const char *wanted, struct span name, struct span value)
{
	static const struct {
		const char *name;
		int (*take)(struct http_head *h, struct span value);
	} fields[] = {
		{ "content-length", take_length },
		{ "connection", take_connection },
		{ "expect", take_expect },
		{ "transfer-encoding", refuse },
		{ "upgrade", refuse },
	};
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		if (is_word(name, fields[i].name))
			return fields[i].take(h, value);
	}
	return wanted && is_word(name, wanted) ? take_wanted(h, value) : 0;
}

static int parse_field(struct http_head *h, const char *wanted, struct span s)
{
	const uint8_t *colon = memchr(s.data, ':', s.len);
	if (!colon)
		return -EBADMSG;
	struct span name = { s.data, (size_t)(colon - s.data) };
	struct span value = trim((struct span){ colon + 1, s.len - name.len - 1 });
	if (!is_token(name) || !is_text(value, true))
		return -EBADMSG;
	return take_field(h, wanted, name, value);
}

ssize_t http_parse_head(struct span in, const char *field, struct http_head *ret)
{
	struct span window = { in.data, MIN(in.len, (size_t)HTTP_MAX_HEAD) };
	const uint8_t *end = window.len ? memmem(window.data, window.len, "\r\n\r\n", 4) : NULL;
	if (!end)
		return in.len >= HTTP_MAX_HEAD ? -EMSGSIZE : 0;
	size_t length = (size_t)(end - in.data) + 4;
	struct cursor c;
	struct http_head h = { 0 };
	cursor_init(&c, in.data, length);
	int r = parse_request_line(line(&c), &h);
	for (unsigned n = 0; r == 0 && n <= MAX_FIELDS; n++) {
		struct span s = line(&c);
		if (!c.err && s.len == 0 && cursor_left(&c) == 0) {
			*ret = h;
			return (ssize_t)length;
		}
		r = c.err ? -EBADMSG : parse_field(&h, field, s);
	}
	return -EBADMSG;
}

static const char *reason(unsigned status)
{
	static const struct {
		unsigned status;
		const char *words;
	} reasons[] = {
		{ 200, "OK" },
		{ 202, "Accepted" },
		{ 400, "Bad Request" },
		{ 403, "Forbidden" },
		{ 404, "Not Found" },
		{ 405, "Method Not Allowed" },
		{ 409, "Conflict" },
		{ 413, "Content Too Large" },
		{ 422, "Unprocessable Content" },
		{ 429, "Too Many Requests" },
		{ 503, "Service Unavailable" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++) {
		if (reasons[i].status == status)
			return reasons[i].words;
	}
	return "Unknown";
}

static void put_head(struct buf *b, const struct http_answer *a, size_t length, bool close)
{
	buf_printf(b, "HTTP/1.1 %u %s\r\n", a->status, reason(a->status));
	buf_printf(b, "Content-Type: %s\r\n", a->type ? a->type : "text/plain; charset=utf-8");
	if (a->status == 405)
		buf_printf(b, "Allow: %s\r\n", a->allow ? a->allow : "POST");
	buf_printf(b, "Content-Length: %zu\r\n%s\r\n", length, close ? "Connection: close\r\n" : "");
}

void http_put_head(struct buf *b, unsigned status, size_t length, bool close)
{
	put_head(b, &(struct http_answer){ .status = status }, length, close);
}

void http_answer_done(struct http_answer *a)
{
	buf_done(&a->body);
}

void http_answer_say(struct http_answer *a, unsigned status, const char *sentence)
{
	buf_reset(&a->body);
	a->status = status;
	a->type = NULL;
	buf_printf(&a->body, "%s\n", sentence);
}

void http_put_answer(struct buf *b, const struct http_answer *a, bool close)
{
	put_head(b, a, a->body.len, close);
	if (a->body.err)
		b->err = b->err ? b->err : a->body.err;
	buf_put(b, a->body.data, a->body.len);
}
