/* A stream of records of any type at any time, up to the encoded event: nothing is lost without being
 * counted, and every event is a valid one. Input: type u16be, milliseconds passed u8, length u8, text; again
 * and again.
 */
#include "audit/event.h"
#include "lib/cbor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct tally {
	uint64_t events;
	uint64_t records;
	struct buf fields;
};

static void on_event(void *context, const struct audit_assembled *e)
{
	struct tally *t = context;
	struct audit_event_config config = { 0 };
	struct intake_event event;
	struct cursor c;
	t->events++;
	t->records += e->count;
	if (e->count == 0 || audit_event_build(&config, e, 0, e->first_us, &t->fields, &event) < 0)
		abort();
	cursor_init(&c, event.fields.data, event.fields.len);
	cbor_skip(&c);
	if (cursor_finish(&c) < 0 || event.fields.len > AUDIT_FIELDS_MAX_BYTES)
		abort();
}

static void feed(struct audit_assembler *a, const uint8_t *data, size_t size)
{
	struct cursor c;
	uint64_t now_us = 0;
	cursor_init(&c, data, size);
	while (cursor_left(&c) >= 4) {
		uint16_t type = cursor_u16be(&c);
		now_us += (uint64_t)cursor_u8(&c) * 1000;
		size_t len = cursor_u8(&c);
		struct span text = cursor_bytes(&c, MIN(len, cursor_left(&c)));
		audit_assembler_push(a, type, text, now_us);
		if (now_us % 7 == 0)
			audit_assembler_tick(a, now_us);
	}
	audit_assembler_flush(a, now_us);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tally tally = { 0 };
	struct audit_assembler *a = NULL;
	struct audit_assembler_config config = {
		.on_event = on_event, .context = &tally, .max_events = 4, .max_bytes = 512
	};
	if (audit_assembler_new(&config, &a) < 0)
		return 0;
	feed(a, data, size);
	struct audit_assembler_stats s = audit_assembler_stats(a);
	if (s.events != tally.events || audit_assembler_waiting(a) ||
	    s.records != tally.records + s.eoe + s.dropped_records + s.oversize + s.lost_events)
		abort();
	audit_assembler_free(a);
	buf_done(&tally.fields);
	return 0;
}
