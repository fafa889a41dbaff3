#include "audit/event.h"

#include "evidence/audit_type.h"
#include "lib/cbor.h"

#include <strings.h>

/* Array of two, type, length of the text: at most 1 + 3 + 3 bytes. */
#define RECORD_OVERHEAD 8
/* Room for the fields beside the records: six strings, ten numbers. */
#define FACTS_MAX_BYTES (6 * (AUDIT_FIELD_MAX_BYTES + 4) + 10 * 10 + 16)

static_assert(AUDIT_FIELDS_MAX_BYTES > FACTS_MAX_BYTES + AUDIT_RECORD_MAX_BYTES + RECORD_OVERHEAD,
              "the first record of an event always fits");

enum fact_type { FACT_NUMBER, FACT_STRING, FACT_HEXABLE, FACT_OUTCOME };

/* Whose word is taken for a field of a record that a program sent. */
enum fact_scope {
	SCOPE_KERNEL, /* only what the kernel wrote itself */
	SCOPE_ANY,    /* the program's claim too */
};

struct fact_rule {
	const char *key;
	uint8_t field; /* enum audit_field */
	uint8_t type;
	uint8_t scope;
};

/* The first value found counts. Keys of one field may have several names. */
static const struct fact_rule rules[] = {
	{ "pid", AUDIT_PID, FACT_NUMBER, SCOPE_KERNEL },
	{ "uid", AUDIT_UID, FACT_NUMBER, SCOPE_KERNEL },
	{ "auid", AUDIT_LOGINUID, FACT_NUMBER, SCOPE_KERNEL },
	{ "ses", AUDIT_SESSION, FACT_NUMBER, SCOPE_KERNEL },
	{ "op", AUDIT_OP, FACT_STRING, SCOPE_ANY },
	{ "acct", AUDIT_ACCOUNT, FACT_HEXABLE, SCOPE_ANY },
	{ "exe", AUDIT_EXE, FACT_HEXABLE, SCOPE_ANY },
	{ "hostname", AUDIT_HOSTNAME, FACT_STRING, SCOPE_ANY },
	{ "addr", AUDIT_ADDRESS, FACT_STRING, SCOPE_ANY },
	{ "terminal", AUDIT_TERMINAL, FACT_STRING, SCOPE_ANY },
	{ "tty", AUDIT_TERMINAL, FACT_STRING, SCOPE_KERNEL },
	{ "res", AUDIT_SUCCESS, FACT_OUTCOME, SCOPE_ANY },
	{ "result", AUDIT_SUCCESS, FACT_OUTCOME, SCOPE_ANY },
	{ "success", AUDIT_SUCCESS, FACT_OUTCOME, SCOPE_ANY },
};

struct outcome {
	const char *word;
	bool success;
};

static const struct outcome outcomes[] = {
	{ "success", true }, { "yes", true }, { "1", true },  { "failed", false },
	{ "fail", false },   { "no", false }, { "0", false },
};

struct facts {
	struct audit_item items[AUDIT_MARKS];
	uint32_t numbers[AUDIT_MARKS];
	bool present[AUDIT_MARKS];
	bool success;
	uint64_t marks;
};

static bool read_outcome(const struct audit_item *item, bool *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(outcomes); i++) {
		size_t n = strlen(outcomes[i].word);
		if (item->value.len == n &&
		    strncasecmp((const char *)item->value.data, outcomes[i].word, n) == 0) {
			*ret = outcomes[i].success;
			return true;
		}
	}
	return false;
}

static bool unset_allowed(uint8_t field)
{
	return field == AUDIT_LOGINUID || field == AUDIT_SESSION;
}

static bool read_fact(struct facts *f, const struct fact_rule *rule, const struct audit_item *item)
{
	uint32_t number;
	if (audit_value_absent(item))
		return false;
	switch ((enum fact_type)rule->type) {
	case FACT_NUMBER:
		if (audit_value_number(item, &number) < 0)
			return false;
		if (unset_allowed(rule->field) && number == UINT32_MAX)
			return false;
		f->numbers[rule->field] = number;
		return true;
	case FACT_OUTCOME:
		return read_outcome(item, &f->success);
	case FACT_STRING:
		/* Never escaped by those who write it: what looks like hex is a name that looks like hex. */
		f->items[rule->field] = *item;
		if (item->form == AUDIT_FORM_HEX)
			f->items[rule->field].form = AUDIT_FORM_BARE;
		return true;
	case FACT_HEXABLE:
		f->items[rule->field] = *item;
		return true;
	}
	return false;
}

static void take_item(struct facts *f, const struct audit_item *item)
{
	/* An old LOGIN record: "old auid=4294967295 new auid=0". */
	if (item->enriched || span_is(item->word, "old"))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		const struct fact_rule *rule = &rules[i];
		if (f->present[rule->field] || !span_is(item->key, rule->key) ||
		    (item->nested && rule->scope == SCOPE_KERNEL))
			continue;
		f->present[rule->field] = read_fact(f, rule, item);
		return;
	}
}

static void read_line(struct facts *f, const struct audit_line *line)
{
	struct audit_stamp stamp;
	struct audit_iterator it;
	struct audit_item item;
	struct span body;
	if (audit_record_stamp(line->text, &stamp, &body) < 0) {
		f->marks |= ENTRY_MARK_MALFORMED;
		return;
	}
	audit_iterator_init(&it, body);
	while (audit_iterator_next(&it, &item))
		take_item(f, &item);
	if (it.malformed)
		f->marks |= ENTRY_MARK_MALFORMED;
}

static void read_facts(struct facts *f, const struct audit_assembled *event)
{
	for (size_t i = 0; i < event->count; i++)
		read_line(f, &event->lines[i]);
	f->present[AUDIT_TYPE] = true;
	f->present[AUDIT_SERIAL] = f->present[AUDIT_TIME] = !event->malformed;
	f->present[AUDIT_RECORDS] = true;
	if (event->incomplete)
		f->marks |= ENTRY_MARK_INCOMPLETE;
	if (event->dropped > 0)
		f->marks |= ENTRY_MARK_TRUNCATED;
	if (event->redacted)
		f->marks |= ENTRY_MARK_REDACTED;
	for (size_t field = AUDIT_OP; field <= AUDIT_TERMINAL; field++) {
		if (f->present[field] && audit_value_bytes(&f->items[field]) > AUDIT_FIELD_MAX_BYTES)
			f->marks |= ENTRY_MARK_STRING_TRUNCATED;
	}
}

static void put_string(const struct audit_item *item, struct buf *b)
{
	uint8_t text[AUDIT_FIELD_MAX_BYTES];
	cbor_put_bytes(b, text, audit_value_decode(item, sizeof(text), text));
}

static size_t encoded_bytes(const struct audit_line *line)
{
	return line->text.len + RECORD_OVERHEAD;
}

/* How many records fit, from the first on. */
static size_t fitting(const struct audit_assembled *event)
{
	size_t room = AUDIT_FIELDS_MAX_BYTES - FACTS_MAX_BYTES, n = 0;
	while (n < event->count && encoded_bytes(&event->lines[n]) <= room)
		room -= encoded_bytes(&event->lines[n++]);
	return n;
}

static void put_records(const struct audit_assembled *event, size_t count, struct buf *b)
{
	cbor_put_array(b, count);
	for (size_t i = 0; i < count; i++) {
		cbor_put_array(b, 2);
		cbor_put_uint(b, event->lines[i].type);
		cbor_put_bytes(b, event->lines[i].text.data, event->lines[i].text.len);
	}
}

static void put_field(const struct facts *f, const struct audit_assembled *event, size_t records,
                      enum audit_field field, struct buf *b)
{
	switch (field) {
	case AUDIT_TYPE:
		cbor_put_uint(b, event->lines[0].type);
		break;
	case AUDIT_SERIAL:
		cbor_put_uint(b, event->stamp.serial);
		break;
	case AUDIT_TIME:
		cbor_put_uint(b, event->stamp.ms);
		break;
	case AUDIT_RECORDS:
		put_records(event, records, b);
		break;
	case AUDIT_PID:
	case AUDIT_UID:
	case AUDIT_LOGINUID:
	case AUDIT_SESSION:
		cbor_put_uint(b, f->numbers[field]);
		break;
	case AUDIT_OP:
	case AUDIT_ACCOUNT:
	case AUDIT_EXE:
	case AUDIT_HOSTNAME:
	case AUDIT_ADDRESS:
	case AUDIT_TERMINAL:
		put_string(&f->items[field], b);
		break;
	case AUDIT_SUCCESS:
		cbor_put_bool(b, f->success);
		break;
	case AUDIT_MARKS:
		cbor_put_uint(b, f->marks);
		break;
	}
}

static void put_fields(const struct facts *f, const struct audit_assembled *event, size_t records,
                       struct buf *b)
{
	size_t pairs = f->marks != 0;
	for (size_t field = 0; field < AUDIT_MARKS; field++)
		pairs += f->present[field];
	cbor_put_map(b, pairs);
	for (size_t field = 0; field <= AUDIT_MARKS; field++) {
		if (field == AUDIT_MARKS ? f->marks == 0 : !f->present[field])
			continue;
		cbor_put_uint(b, field);
		put_field(f, event, records, (enum audit_field)field, b);
	}
}

static uint64_t boot_time(const struct audit_assembled *event, int64_t wall_minus_boot_us, uint64_t now_us)
{
	int64_t boot_us;
	if (event->malformed ||
	    __builtin_sub_overflow((int64_t)(event->stamp.ms * 1000), wall_minus_boot_us, &boot_us) ||
	    boot_us < 0)
		return event->first_us;
	return MIN((uint64_t)boot_us, now_us);
}

enum entry_kind audit_event_kind(const struct audit_assembled *event)
{
	for (size_t i = 0; i < event->count; i++) {
		enum entry_kind kind = audit_type_kind(event->lines[i].type);
		if (kind != KIND_AUDIT_OTHER)
			return kind;
	}
	return KIND_AUDIT_OTHER;
}

int audit_event_build(const struct audit_event_config *config, const struct audit_assembled *event,
                      int64_t wall_minus_boot_us, uint64_t now_us, struct buf *fields,
                      struct intake_event *ret)
{
	struct facts facts = { 0 };
	size_t records = fitting(event);
	if (records == 0)
		return -EMSGSIZE;
	read_facts(&facts, event);
	if (records < event->count)
		facts.marks |= ENTRY_MARK_TRUNCATED;
	buf_reset(fields);
	put_fields(&facts, event, records, fields);
	int r = buf_err(fields);
	if (r < 0)
		return r;
	uint64_t boot_us = boot_time(event, wall_minus_boot_us, now_us);
	uint64_t process = INTAKE_NO_PROCESS;
	if (config->process && facts.present[AUDIT_PID])
		process = config->process(config->context, facts.numbers[AUDIT_PID], boot_us);
	*ret = (struct intake_event){
		.kind = (uint16_t)audit_event_kind(event),
		.sensors = SENSOR_AUDIT,
		.boot_us = boot_us,
		.process = process,
		.fields = { fields->data, fields->len },
	};
	return 0;
}
