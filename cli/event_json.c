#include "cli/event_text.h"

#include "cli/field.h"
#include "lib/cbor.h"
#include "lib/text.h"

#define MAX_DEPTH 8

static void put_bytes(struct buf *b, struct span s, enum field_form form)
{
	if (form == FORM_HEX) {
		buf_put_u8(b, '"');
		text_put_hex(b, s.data, s.len);
		buf_put_u8(b, '"');
	} else if (form == FORM_ADDRESS && (s.len == 4 || s.len == 16)) {
		buf_put_u8(b, '"');
		(void)field_put_address(b, s);
		buf_put_u8(b, '"');
	} else if (text_is_utf8(s)) {
		buf_put_u8(b, '"');
		text_put_json(b, s);
		buf_put_u8(b, '"');
	} else {
		buf_put_str(b, "{\"hex\":\"");
		text_put_hex(b, s.data, s.len);
		buf_put_str(b, "\"}");
	}
}

static void put_any(struct buf *b, struct cursor *c, enum field_form form, int depth)
{
	int64_t prev = -1;
	const char *comma = "";
	if (depth > MAX_DEPTH) {
		cursor_fail(c);
		return;
	}
	switch (cbor_peek(c)) {
	case CBOR_UINT:
		buf_printf(b, "%llu", (unsigned long long)cbor_uint(c));
		break;
	case CBOR_NEGINT:
		buf_printf(b, "%lld", (long long)cbor_int(c));
		break;
	case CBOR_BYTES:
		put_bytes(b, cbor_bytes(c), form);
		break;
	case CBOR_BOOL:
		buf_put_str(b, cbor_bool(c) ? "true" : "false");
		break;
	case CBOR_NULL:
		(void)cbor_null(c);
		buf_put_str(b, "null");
		break;
	case CBOR_ARRAY:
		buf_put_u8(b, '[');
		for (size_t n = cbor_array(c); n > 0 && !c->err; n--, comma = ",") {
			buf_put_str(b, comma);
			put_any(b, c, form, depth + 1);
		}
		buf_put_u8(b, ']');
		break;
	case CBOR_MAP:
		buf_put_u8(b, '{');
		for (size_t n = cbor_map(c); n > 0 && !c->err; n--, comma = ",") {
			buf_printf(b, "%s\"%llu\":", comma, (unsigned long long)cbor_key(c, &prev));
			put_any(b, c, form, depth + 1);
		}
		buf_put_u8(b, '}');
		break;
	case CBOR_NONE:
		cursor_fail(c);
		break;
	}
}

static void put_bits(struct buf *b, uint64_t bits, const char *(*name_of)(unsigned bit))
{
	const char *comma = "";
	buf_put_u8(b, '[');
	for (unsigned i = 0; i < 64; i++) {
		const char *name = name_of(i);
		if (!(bits >> i & 1))
			continue;
		if (name)
			buf_printf(b, "%s\"%s\"", comma, name);
		else
			buf_printf(b, "%s%llu", comma, 1ull << i);
		comma = ",";
	}
	buf_put_u8(b, ']');
}

static void put_value(struct buf *b, struct cursor *c, const struct field_row *row)
{
	enum field_form form = row ? row->form : FORM_ANY;
	if (cbor_peek(c) == CBOR_UINT && form == FORM_MARKS) {
		put_bits(b, cbor_uint(c), field_mark_name);
		return;
	}
	if (cbor_peek(c) == CBOR_UINT && form == FORM_SENSORS) {
		put_bits(b, cbor_uint(c), field_sensor_name);
		return;
	}
	if (cbor_peek(c) == CBOR_UINT && form == FORM_WORD) {
		uint64_t v = cbor_uint(c);
		const char *word = row->word(v);
		if (word)
			buf_printf(b, "\"%s\"", word);
		else
			buf_printf(b, "%llu", (unsigned long long)v);
		return;
	}
	put_any(b, c, form, 0);
}

static void put_fields(struct buf *b, const struct entry *e)
{
	struct cursor c;
	int64_t prev = -1;
	const char *comma = "";
	buf_put_str(b, ",\"fields\":{");
	cursor_init(&c, e->fields.data, e->fields.len);
	for (size_t n = cbor_map(&c); n > 0 && !c.err; n--, comma = ",") {
		uint64_t key = cbor_key(&c, &prev);
		const struct field_row *row = field_find(e->kind, key);
		if (row)
			buf_printf(b, "%s\"%s\":", comma, row->name);
		else
			buf_printf(b, "%s\"field_%llu\":", comma, (unsigned long long)key);
		struct span acl = field_acl(e->kind, key, c);
		put_value(b, &c, row);
		if (acl.len) {
			buf_put_str(b, ",\"acl\":");
			put_bytes(b, acl, FORM_TEXT);
		}
	}
	buf_put_u8(b, '}');
}

static void put_actor(struct buf *b, const struct event *e)
{
	const struct actor *a = e->actor;
	if (e->entry->process == ENTRY_NO_PROCESS)
		return;
	buf_printf(b, ",\"actor\":{\"index\":%llu", (unsigned long long)e->entry->process);
	if (a) {
		buf_printf(b, ",\"pid\":%llu", (unsigned long long)a->pid);
		if (a->exe[0]) {
			buf_put_str(b, ",\"exe\":");
			put_bytes(b, span_str(a->exe), FORM_TEXT);
		}
		if (a->has_uid)
			buf_printf(b, ",\"uid\":%llu", (unsigned long long)a->uid);
		if (a->has_auid)
			buf_printf(b, ",\"auid\":%llu", (unsigned long long)a->auid);
		if (a->has_session)
			buf_printf(b, ",\"session\":%llu", (unsigned long long)a->session);
	}
	buf_put_u8(b, '}');
}

void event_put_json(struct buf *b, const struct event *e)
{
	const char *kind = entry_kind_name(e->entry->kind);
	buf_printf(b, "{\"host\":\"%s\",\"epoch\":%u,\"index\":%llu,\"time\":\"", e->origin->host,
	           e->origin->epoch, (unsigned long long)e->index);
	text_put_time_us(b, e->wall_us);
	buf_printf(b, "\",\"wall_us\":%llu,\"boot_us\":%llu,", (unsigned long long)e->wall_us,
	           (unsigned long long)e->boot_us);
	if (kind)
		buf_printf(b, "\"kind\":\"%s\",\"sensors\":", kind);
	else
		buf_printf(b, "\"kind\":%llu,\"sensors\":", (unsigned long long)e->entry->kind);
	put_bits(b, e->entry->sensors, field_sensor_name);
	put_actor(b, e);
	put_fields(b, e->entry);
	buf_put_str(b, "}\n");
}
