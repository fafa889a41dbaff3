#include "cli/event_text.h"

#include <fcntl.h>
#include <stdio.h>

#include "cli/field.h"
#include "lib/cbor.h"
#include "lib/text.h"

#define MAX_DEPTH 8

#define DIM   "\033[2m"
#define CYAN  "\033[36m"
#define BOLD  "\033[1m"
#define PLAIN "\033[0m"

static void paint(struct buf *b, bool colour, const char *code)
{
	if (colour)
		buf_put_str(b, code);
}

/* Quoted where the eye could not tell its end. */
static void put_text(struct buf *b, struct span s)
{
	bool quote = s.len == 0;
	for (size_t i = 0; i < s.len; i++)
		quote = quote || s.data[i] == ' ' || s.data[i] == '"' || s.data[i] == '=' || s.data[i] == ',';
	if (!quote) {
		text_put_escaped(b, s);
		return;
	}
	buf_put_u8(b, '"');
	while (s.len > 0) {
		const uint8_t *at = memchr(s.data, '"', s.len);
		size_t n = at ? (size_t)(at - s.data) : s.len;
		text_put_escaped(b, (struct span){ s.data, n });
		if (at)
			buf_put_str(b, "\\\"");
		n += at ? 1 : 0;
		s.data += n;
		s.len -= n;
	}
	buf_put_u8(b, '"');
}

static bool printable(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.data[i] < ' ' || s.data[i] > '~')
			return false;
	return true;
}

static void put_bytes(struct buf *b, struct span s, enum field_form form)
{
	if (form == FORM_HEX || (form == FORM_PRINTABLE && !printable(s)))
		text_put_hex(b, s.data, s.len);
	else if (form != FORM_ADDRESS || !field_put_address(b, s))
		put_text(b, s);
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
		buf_printf(b, form == FORM_BITS ? "0x%llx" : "%llu", (unsigned long long)cbor_uint(c));
		break;
	case CBOR_NEGINT:
		buf_printf(b, "%lld", (long long)cbor_int(c));
		break;
	case CBOR_BYTES:
		put_bytes(b, cbor_bytes(c), form);
		break;
	case CBOR_BOOL:
		buf_put_str(b, cbor_bool(c) ? "yes" : "no");
		break;
	case CBOR_NULL:
		(void)cbor_null(c);
		buf_put_str(b, "-");
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
			buf_printf(b, "%s%llu:", comma, (unsigned long long)cbor_key(c, &prev));
			put_any(b, c, form, depth + 1);
		}
		buf_put_u8(b, '}');
		break;
	case CBOR_NONE:
		cursor_fail(c);
		break;
	}
}

static void put_open_flags(struct buf *b, uint64_t flags)
{
	static const struct {
		uint64_t bit;
		const char *name;
	} names[] = {
		{ O_CREAT, "O_CREAT" },         { O_EXCL, "O_EXCL" },         { O_TRUNC, "O_TRUNC" },
		{ O_APPEND, "O_APPEND" },       { O_NOCTTY, "O_NOCTTY" },     { O_NONBLOCK, "O_NONBLOCK" },
		{ O_DIRECTORY, "O_DIRECTORY" }, { O_NOFOLLOW, "O_NOFOLLOW" }, { O_CLOEXEC, "O_CLOEXEC" },
		{ O_PATH, "O_PATH" },           { O_TMPFILE, "O_TMPFILE" },   { O_SYNC, "O_SYNC" },
		{ O_DSYNC, "O_DSYNC" },         { O_DIRECT, "O_DIRECT" },     { O_NOATIME, "O_NOATIME" },
		{ 0100000, "O_LARGEFILE" },
	};
	static const char *const access[] = { "O_RDONLY", "O_WRONLY", "O_RDWR", "3" };
	buf_put_str(b, access[flags & O_ACCMODE]);
	flags &= ~(uint64_t)O_ACCMODE;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if ((flags & names[i].bit) != names[i].bit)
			continue;
		buf_printf(b, "|%s", names[i].name);
		flags &= ~names[i].bit;
	}
	if (flags)
		buf_printf(b, "|0x%llx", (unsigned long long)flags);
}

static void put_bits(struct buf *b, uint64_t bits, const char *(*name_of)(unsigned bit))
{
	const char *bar = "";
	for (unsigned i = 0; i < 64; i++) {
		const char *name = name_of(i);
		if (!(bits >> i & 1))
			continue;
		if (name)
			buf_printf(b, "%s%s", bar, name);
		else
			buf_printf(b, "%s%llu", bar, 1ull << i);
		bar = "|";
	}
}

static void put_result(struct buf *b, struct cursor *c)
{
	int64_t v = cbor_int(c);
	const char *name = v < 0 && v > -4096 ? strerrorname_np((int)-v) : NULL;
	if (name)
		buf_printf(b, "-%s", name);
	else
		buf_printf(b, "%lld", (long long)v);
}

/* A form that wants a number, on something else, shows what is there. */
static void put_value(struct buf *b, struct cursor *c, const struct field_row *row)
{
	enum field_form form = row ? row->form : FORM_ANY;
	enum cbor_type type = cbor_peek(c);
	bool number =
	        form >= FORM_RESULT && (type == CBOR_UINT || (form == FORM_RESULT && type == CBOR_NEGINT));
	if (!number) {
		put_any(b, c, form, 0);
		return;
	}
	if (form == FORM_RESULT) {
		put_result(b, c);
		return;
	}
	uint64_t v = cbor_uint(c);
	const char *word = form == FORM_WORD ? row->word(v) : NULL;
	if (form == FORM_OCTAL)
		buf_printf(b, "%04llo", (unsigned long long)v);
	else if (form == FORM_OPEN_FLAGS)
		put_open_flags(b, v);
	else if (form == FORM_BITS)
		buf_printf(b, "0x%llx", (unsigned long long)v);
	else if (form == FORM_DEVICE)
		buf_printf(b, "%llu:%llu", (unsigned long long)(v >> 20), (unsigned long long)(v & 0xfffff));
	else if (form == FORM_MARKS)
		put_bits(b, v, field_mark_name);
	else if (form == FORM_SENSORS)
		put_bits(b, v, field_sensor_name);
	else if (word)
		buf_put_str(b, word);
	else
		buf_printf(b, "%llu", (unsigned long long)v);
}

static void put_field(struct buf *b, struct cursor *c, uint64_t kind, uint64_t key, bool subject,
                      unsigned style)
{
	bool colour = style & EVENT_COLOUR;
	const struct field_row *row = field_find(kind, key);
	struct cursor value = *c;
	cbor_skip(c);
	if (c->err || (key == field_subject(kind)) != subject)
		return;
	if (row && row->detail && !(style & EVENT_WHOLE))
		return;
	buf_put_u8(b, ' ');
	if (subject) {
		paint(b, colour, BOLD);
	} else {
		paint(b, colour, DIM);
		if (row)
			buf_printf(b, "%s=", row->name);
		else
			buf_printf(b, "field_%llu=", (unsigned long long)key);
		paint(b, colour, PLAIN);
	}
	struct span acl = field_acl(kind, key, value);
	put_value(b, &value, row);
	if (subject)
		paint(b, colour, PLAIN);
	if (acl.len) {
		buf_put_str(b, " acl=");
		put_text(b, acl);
	}
}

static void put_fields(struct buf *b, const struct entry *e, bool subject, unsigned style)
{
	struct cursor c;
	int64_t prev = -1;
	cursor_init(&c, e->fields.data, e->fields.len);
	for (size_t n = cbor_map(&c); n > 0 && !c.err; n--)
		put_field(b, &c, e->kind, cbor_key(&c, &prev), subject, style);
}

static void put_actor(struct buf *b, const struct event *e, bool colour)
{
	const struct actor *a = e->actor;
	if (e->entry->process == ENTRY_NO_PROCESS)
		return;
	paint(b, colour, DIM);
	buf_put_str(b, " by");
	if (!a) {
		buf_printf(b, " process entry %llu", (unsigned long long)e->entry->process);
	} else {
		buf_printf(b, " pid=%llu", (unsigned long long)a->pid);
		if (a->exe[0]) {
			buf_put_str(b, " exe=");
			put_text(b, span_str(a->exe));
		}
		if (a->has_uid)
			buf_printf(b, " uid=%llu", (unsigned long long)a->uid);
		if (a->has_auid)
			buf_printf(b, " auid=%llu", (unsigned long long)a->auid);
		if (a->has_session)
			buf_printf(b, " session=%llu", (unsigned long long)a->session);
	}
	paint(b, colour, PLAIN);
}

void event_put_line(struct buf *b, const struct event *e, unsigned style)
{
	bool colour = style & EVENT_COLOUR;
	const char *kind = entry_kind_name(e->entry->kind);
	text_put_time_us(b, e->wall_us);
	buf_printf(b, " %s ", e->origin->host);
	paint(b, colour, CYAN);
	if (kind)
		buf_put_str(b, kind);
	else
		buf_printf(b, "kind_%llu", (unsigned long long)e->entry->kind);
	paint(b, colour, PLAIN);
	put_fields(b, e->entry, true, style);
	put_fields(b, e->entry, false, style);
	put_actor(b, e, colour);
	buf_put_u8(b, '\n');
}
