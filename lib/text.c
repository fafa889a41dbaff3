#include "lib/text.h"

#include <time.h>

#include <openssl/evp.h>

int text_decimal(struct span s, uint64_t *ret)
{
	if (s.len == 0 || s.len > 19 || (s.data[0] == '0' && s.len > 1))
		return -EBADMSG;
	uint64_t v = 0;
	for (size_t i = 0; i < s.len; i++) {
		if (s.data[i] < '0' || s.data[i] > '9')
			return -EBADMSG;
		v = v * 10 + (uint64_t)(s.data[i] - '0');
	}
	if (v > INT64_MAX)
		return -EBADMSG;
	*ret = v;
	return 0;
}

/* OpenSSL writes base64 with a NUL behind it, so room for one more is made and given back. */
void text_put_base64(struct buf *b, const void *p, size_t n)
{
	size_t encoded = (n + 2) / 3 * 4;
	uint8_t *at = buf_extend(b, encoded + 1);
	if (!at)
		return;
	EVP_EncodeBlock(at, p, (int)n);
	b->len--;
}

static int base64_value(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* EVP_DecodeBlock takes white space and loose padding, so the canonical form is checked here. */
static int decode_quad(const uint8_t q[4], bool last, uint8_t out[3], size_t *ret_len)
{
	size_t pad = !last || q[3] != '=' ? 0 : q[2] != '=' ? 1 : 2;
	uint32_t v = 0;
	for (size_t i = 0; i < 4; i++) {
		int d = i < 4 - pad ? base64_value(q[i]) : 0;
		if (d < 0)
			return -EBADMSG;
		v = v << 6 | (uint32_t)d;
	}
	if ((pad == 1 && (v & 0xff)) || (pad == 2 && (v & 0xffff)))
		return -EBADMSG;
	out[0] = (uint8_t)(v >> 16);
	out[1] = (uint8_t)(v >> 8);
	out[2] = (uint8_t)v;
	*ret_len = 3 - pad;
	return 0;
}

/* Check all of s, and count what it decodes to. */
static int base64_length(struct span s, size_t *ret)
{
	if (s.len % 4 != 0)
		return -EBADMSG;
	size_t total = 0;
	for (size_t i = 0; i < s.len; i += 4) {
		uint8_t out[3];
		size_t n;
		if (decode_quad(s.data + i, i + 4 == s.len, out, &n) < 0)
			return -EBADMSG;
		total += n;
	}
	*ret = total;
	return 0;
}

/* The first `room` bytes of what a checked s decodes to. */
static void base64_write(struct span s, uint8_t *at, size_t room)
{
	for (size_t i = 0; i < s.len && room > 0; i += 4) {
		uint8_t out[3];
		size_t n = 0;
		(void)decode_quad(s.data + i, i + 4 == s.len, out, &n);
		n = MIN(n, room);
		memcpy(at, out, n);
		at += n;
		room -= n;
	}
}

int text_base64(struct span s, struct buf *ret)
{
	size_t n;
	if (base64_length(s, &n) < 0)
		return -EBADMSG;
	uint8_t *at = buf_extend(ret, n);
	if (!at)
		return buf_err(ret);
	base64_write(s, at, n);
	return 0;
}

int text_base64_exact(struct span s, void *out, size_t n)
{
	size_t len;
	if (base64_length(s, &len) < 0 || len != n)
		return -EBADMSG;
	base64_write(s, out, n);
	return 0;
}

int text_base64_start(struct span s, void *out, size_t room, size_t *ret_len)
{
	int r = base64_length(s, ret_len);
	if (r == 0)
		base64_write(s, out, MIN(room, *ret_len));
	return r;
}

static const char digits[] = "0123456789abcdef";

void text_put_hex(struct buf *b, const void *p, size_t n)
{
	const uint8_t *at = p;
	for (size_t i = 0; i < n; i++) {
		buf_put_u8(b, (uint8_t)digits[at[i] >> 4]);
		buf_put_u8(b, (uint8_t)digits[at[i] & 15]);
	}
}

static int hex_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int text_hex_exact(struct span s, void *out, size_t n)
{
	if (s.len != 2 * n)
		return -EBADMSG;
	for (size_t i = 0; i < s.len; i++) {
		if (hex_value(s.data[i]) < 0)
			return -EBADMSG;
	}
	uint8_t *at = out;
	for (size_t i = 0; i < n; i++)
		at[i] = (uint8_t)(hex_value(s.data[2 * i]) << 4 | hex_value(s.data[2 * i + 1]));
	return 0;
}

struct span text_split(struct span s, char sep, struct span *rest)
{
	const uint8_t *at = s.len ? memchr(s.data, sep, s.len) : NULL;
	if (!at) {
		*rest = (struct span){ 0 };
		return s;
	}
	size_t n = (size_t)(at - s.data);
	*rest = (struct span){ at + 1, s.len - n - 1 };
	return (struct span){ s.data, n };
}

/* Length of the UTF-8 sequence at the head of s and its code point; 0 if it is not valid. */
static size_t utf8_next(struct span s, uint32_t *ret)
{
	uint8_t c = s.data[0];
	if (c < 0x80) {
		*ret = c;
		return 1;
	}
	size_t n = c >= 0xf0 && c < 0xf8 ? 4 : c >= 0xe0 && c < 0xf0 ? 3 : c >= 0xc0 && c < 0xe0 ? 2 : 0;
	if (n == 0 || s.len < n)
		return 0;
	uint32_t v = c & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((s.data[i] & 0xc0) != 0x80)
			return 0;
		v = v << 6 | (s.data[i] & 0x3fu);
	}
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	if (v < least[n] || v > 0x10ffff || (v >= 0xd800 && v <= 0xdfff))
		return 0;
	*ret = v;
	return n;
}

bool text_is_utf8(struct span s)
{
	while (s.len > 0) {
		uint32_t v;
		size_t n = utf8_next(s, &v);
		if (n == 0)
			return false;
		s.data += n;
		s.len -= n;
	}
	return true;
}

/* Controls, and characters that reorder, hide or fake what a person sees on a terminal. */
static bool misleading(uint32_t v)
{
	return v < 0x20 || (v >= 0x7f && v <= 0x9f) || v == 0xad || v == 0x61c ||
	       (v >= 0x200b && v <= 0x200f) || (v >= 0x2028 && v <= 0x202e) || (v >= 0x2060 && v <= 0x206f) ||
	       v == 0xfeff || (v >= 0xfff9 && v <= 0xfffb) || (v >= 0xe0000 && v <= 0xe007f);
}

static void put_hex_escape(struct buf *b, struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		buf_printf(b, "\\x%02x", s.data[i]);
}

void text_put_escaped(struct buf *b, struct span s)
{
	while (s.len > 0) {
		uint32_t v;
		size_t n = utf8_next(s, &v);
		struct span one = { s.data, MAX(n, (size_t)1) };
		if (n == 0)
			put_hex_escape(b, one);
		else if (v == '\n')
			buf_put_str(b, "\\n");
		else if (v == '\t')
			buf_put_str(b, "\\t");
		else if (v == '\\')
			buf_put_str(b, "\\\\");
		else if (misleading(v))
			put_hex_escape(b, one);
		else
			buf_put(b, one.data, one.len);
		s.data += one.len;
		s.len -= one.len;
	}
}

static void put_json_escape(struct buf *b, uint32_t v)
{
	if (v < 0x10000) {
		buf_printf(b, "\\u%04x", v);
		return;
	}
	v -= 0x10000;
	buf_printf(b, "\\u%04x\\u%04x", 0xd800 + (v >> 10), 0xdc00 + (v & 0x3ff));
}

void text_put_json(struct buf *b, struct span s)
{
	while (s.len > 0) {
		uint32_t v;
		size_t n = utf8_next(s, &v);
		if (n == 0)
			put_json_escape(b, s.data[0]);
		else if (v == '"' || v == '\\')
			buf_printf(b, "\\%c", (char)v);
		else if (misleading(v))
			put_json_escape(b, v);
		else
			buf_put(b, s.data, n);
		n = MAX(n, (size_t)1);
		s.data += n;
		s.len -= n;
	}
}

void text_put_time_us(struct buf *b, uint64_t wall_us)
{
	time_t s = (time_t)(wall_us / 1000000);
	struct tm t;
	if (!gmtime_r(&s, &t)) {
		buf_put_str(b, "(no such time)");
		return;
	}
	buf_printf(b, "%04d-%02d-%02dT%02d:%02d:%02d.%06uZ", t.tm_year + 1900, t.tm_mon + 1, t.tm_mday,
	           t.tm_hour, t.tm_min, t.tm_sec, (unsigned)(wall_us % 1000000));
}

void text_put_html(struct buf *b, struct span s)
{
	cleanup_buf struct buf safe = { 0 };
	text_put_escaped(&safe, s);
	for (size_t i = 0; i < safe.len; i++) {
		if (strchr("&<>\"'", safe.data[i]) && safe.data[i])
			buf_printf(b, "&#%u;", safe.data[i]);
		else
			buf_put_u8(b, safe.data[i]);
	}
	if (buf_err(&safe) && !b->err)
		b->err = safe.err;
}
