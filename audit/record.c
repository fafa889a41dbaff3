#include "audit/record.h"

#define ENRICHED_MARK 0x1d

static struct span from(struct span s, size_t at)
{
	return (struct span){ s.data + at, s.len - at };
}

static bool take_number(struct span *s, uint64_t max, uint64_t *ret)
{
	uint64_t v = 0;
	size_t n = 0;
	for (; n < s->len && s->data[n] >= '0' && s->data[n] <= '9'; n++) {
		v = v * 10 + (uint64_t)(s->data[n] - '0');
		if (v > max)
			return false;
	}
	if (n == 0)
		return false;
	*s = from(*s, n);
	*ret = v;
	return true;
}

static bool take_byte(struct span *s, uint8_t byte)
{
	if (s->len == 0 || s->data[0] != byte)
		return false;
	*s = from(*s, 1);
	return true;
}

int audit_record_stamp(struct span text, struct audit_stamp *ret, struct span *ret_body)
{
	uint64_t seconds, ms, serial;
	if (!span_starts(text, "audit("))
		return -EBADMSG;
	struct span s = from(text, strlen("audit("));
	if (!take_number(&s, UINT32_MAX, &seconds) || !take_byte(&s, '.') || !take_number(&s, 999, &ms) ||
	    !take_byte(&s, ':') || !take_number(&s, UINT32_MAX, &serial) || !take_byte(&s, ')'))
		return -EBADMSG;
	/* Some daemons' records go without the colon. */
	take_byte(&s, ':');
	*ret = (struct audit_stamp){ .ms = seconds * 1000 + ms, .serial = (uint32_t)serial };
	*ret_body = s;
	return 0;
}

void audit_iterator_init(struct audit_iterator *it, struct span body)
{
	*it = (struct audit_iterator){ .rest = body };
}

static size_t find_byte(struct span s, uint8_t byte)
{
	const uint8_t *at = s.len > 0 ? memchr(s.data, byte, s.len) : NULL;
	return at ? (size_t)(at - s.data) : s.len;
}

static size_t find_last_byte(struct span s, uint8_t byte)
{
	const uint8_t *at = s.len > 0 ? memrchr(s.data, byte, s.len) : NULL;
	return at ? (size_t)(at - s.data) : s.len;
}

static bool is_separator(uint8_t c)
{
	return c == ' ' || c == ',' || c == '(' || c == '\n' || c == '\0' || c == ENRICHED_MARK;
}

static bool ends_bare(uint8_t c)
{
	return c == ' ' || c == '\n' || c == '\0' || c == ENRICHED_MARK;
}

/* To the next token. At the end of the nested part the outer one goes on. */
static bool skip_separators(struct audit_iterator *it)
{
	for (;;) {
		while (it->rest.len > 0 && is_separator(it->rest.data[0])) {
			/* In a program's own text the byte means nothing. */
			if (it->rest.data[0] == ENRICHED_MARK && !it->nested)
				it->enriched = true;
			it->rest = from(it->rest, 1);
		}
		if (it->rest.len > 0)
			return true;
		if (!it->nested)
			return false;
		it->rest = it->outer;
		it->nested = false;
	}
}

/* The kernel puts a program's text between msg=' and ' without escaping: only the last quote of the record is
 * the kernel's own, every one before it may be part of the claim. */
static void enter_nested(struct audit_iterator *it)
{
	struct span text = from(it->rest, 1);
	size_t end = find_last_byte(text, '\'');
	if (end == text.len)
		it->malformed = true;
	it->outer = end == text.len ? (struct span){ text.data + text.len, 0 } : from(text, end + 1);
	it->rest = (struct span){ text.data, end };
	it->nested = true;
}

static struct span take_quoted(struct audit_iterator *it, uint8_t quote)
{
	struct span text = from(it->rest, 1);
	size_t end = find_byte(text, quote);
	if (end == text.len)
		it->malformed = true;
	it->rest = from(text, MIN(end + 1, text.len));
	return (struct span){ text.data, end };
}

/* Old records are prose: `(hostname=?, addr=?, res=success)'`. */
static struct span strip_prose(struct span value)
{
	while (value.len > 0 && (value.data[value.len - 1] == ',' || value.data[value.len - 1] == ';'))
		value.len--;
	if (value.len > 0 && value.data[value.len - 1] == ')' && find_byte(value, '(') == value.len)
		value.len--;
	return value;
}

static bool looks_hex(struct span value)
{
	if (value.len == 0 || value.len % 2 != 0)
		return false;
	for (size_t i = 0; i < value.len; i++) {
		uint8_t c = value.data[i];
		if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'F')))
			return false;
	}
	return true;
}

static void take_value(struct audit_iterator *it, struct audit_item *item)
{
	uint8_t first = it->rest.len > 0 ? it->rest.data[0] : 0;
	if (first == '"' || (first == '\'' && !it->nested)) {
		item->value = take_quoted(it, first);
		item->form = AUDIT_FORM_QUOTED;
		return;
	}
	size_t end = 0;
	while (end < it->rest.len && !ends_bare(it->rest.data[end]))
		end++;
	item->value = strip_prose((struct span){ it->rest.data, end });
	item->form = looks_hex(item->value) ? AUDIT_FORM_HEX : AUDIT_FORM_BARE;
	it->rest = from(it->rest, end);
}

bool audit_iterator_next(struct audit_iterator *it, struct audit_item *ret)
{
	struct span word = { 0 };
	while (skip_separators(it)) {
		size_t end = 0;
		while (end < it->rest.len && it->rest.data[end] != '=' && !ends_bare(it->rest.data[end]))
			end++;
		struct span token = { it->rest.data, end };
		bool key = end > 0 && end < it->rest.len && it->rest.data[end] == '=';
		if (!key) {
			word = token;
			it->rest = from(it->rest, MAX(end, (size_t)1));
			continue;
		}
		it->rest = from(it->rest, end + 1);
		if (span_is(token, "msg") && !it->nested && !it->enriched && it->rest.len > 0 &&
		    it->rest.data[0] == '\'') {
			enter_nested(it);
			word = (struct span){ 0 };
			continue;
		}
		*ret = (struct audit_item){
			.key = token, .word = word, .nested = it->nested, .enriched = it->enriched
		};
		take_value(it, ret);
		return true;
	}
	return false;
}

bool audit_value_absent(const struct audit_item *item)
{
	return item->value.len == 0 || span_is(item->value, "?") || span_is(item->value, "(null)") ||
	       span_is(item->value, "(none)");
}

int audit_value_number(const struct audit_item *item, uint32_t *ret)
{
	struct span s = item->value;
	uint64_t v;
	if (span_is(s, "-1")) {
		*ret = UINT32_MAX;
		return 0;
	}
	if (!take_number(&s, UINT32_MAX, &v) || s.len != 0)
		return -EBADMSG;
	*ret = (uint32_t)v;
	return 0;
}

size_t audit_value_bytes(const struct audit_item *item)
{
	return item->form == AUDIT_FORM_HEX ? item->value.len / 2 : item->value.len;
}

static uint8_t nibble(uint8_t c)
{
	return (uint8_t)(c <= '9' ? c - '0' : c - 'A' + 10);
}

size_t audit_value_decode(const struct audit_item *item, size_t max, uint8_t *ret)
{
	const uint8_t *in = item->value.data;
	size_t n = MIN(max, audit_value_bytes(item));
	if (item->form != AUDIT_FORM_HEX) {
		if (n > 0)
			memcpy(ret, in, n);
		return n;
	}
	for (size_t i = 0; i < n; i++)
		ret[i] = (uint8_t)(nibble(in[2 * i]) << 4 | nibble(in[2 * i + 1]));
	return n;
}
