#include "audit/assembler.h"

#include "audit/serial.h"
#include "evidence/audit_type.h"

#include <sys/queue.h>

/* An ended event's memory is kept for the next one unless it grew beyond this. */
#define KEEP_BYTES 4096

struct packed {
	uint16_t type;
	uint32_t len;
};

struct slot {
	TAILQ_ENTRY(slot) link;
	struct audit_stamp stamp;
	struct buf bytes; /* struct packed, text; one after the other */
	size_t count;
	size_t dropped;
	bool part; /* holds a record that belongs to a system call's event */
	uint64_t first_us;
	uint64_t last_us;
};

TAILQ_HEAD(slot_list, slot);

struct audit_assembler {
	struct audit_assembler_config config;
	struct audit_assembler_stats stats;
	struct audit_serial serial;
	struct slot_list busy; /* oldest first */
	struct slot_list idle;
	size_t bytes; /* held by the busy slots */
	struct audit_line lines[AUDIT_EVENT_MAX_RECORDS];
	struct slot slots[];
};

int audit_assembler_new(const struct audit_assembler_config *config, struct audit_assembler **ret)
{
	size_t slots = config->max_events ? config->max_events : 256;
	struct audit_assembler *a = calloc(1, sizeof(*a) + slots * sizeof(struct slot));
	if (!a)
		return -ENOMEM;
	a->config = *config;
	a->config.max_events = slots;
	if (a->config.timeout_us == 0)
		a->config.timeout_us = 2000000;
	if (a->config.settle_us == 0)
		a->config.settle_us = 100000;
	if (a->config.max_bytes == 0)
		a->config.max_bytes = (size_t)4 << 20;
	TAILQ_INIT(&a->busy);
	TAILQ_INIT(&a->idle);
	for (size_t i = 0; i < slots; i++)
		TAILQ_INSERT_TAIL(&a->idle, &a->slots[i], link);
	*ret = a;
	return 0;
}

void audit_assembler_free(struct audit_assembler *a)
{
	if (!a)
		return;
	for (size_t i = 0; i < a->config.max_events; i++)
		buf_done(&a->slots[i].bytes);
	free(a);
}

void audit_assembler_freep(struct audit_assembler **a)
{
	audit_assembler_free(*a);
}

static void give_out(struct audit_assembler *a, const struct audit_assembled *event)
{
	a->stats.events++;
	a->stats.ended[event->end]++;
	a->stats.incomplete += event->incomplete;
	a->config.on_event(a->config.context, event);
}

/* An event of one record needs no slot and no copy. */
static void give_out_single(struct audit_assembler *a, const struct audit_stamp *stamp,
                            struct audit_line line, uint64_t now_us)
{
	give_out(a, &(struct audit_assembled){
	                    .stamp = stamp ? *stamp : (struct audit_stamp){ 0 },
	                    .lines = &line,
	                    .count = 1,
	                    .end = AUDIT_END_SINGLE,
	                    .malformed = !stamp,
	                    .first_us = now_us,
	            });
}

static void unpack(struct audit_assembler *a, const struct slot *slot)
{
	const uint8_t *at = slot->bytes.data;
	for (size_t i = 0; i < slot->count; i++) {
		struct packed head;
		memcpy(&head, at, sizeof(head));
		at += sizeof(head);
		a->lines[i] = (struct audit_line){ head.type, { at, head.len } };
		at += head.len;
	}
}

/* Told by the end mark alone, where there are such. */
static bool marks_left_out(const struct audit_assembler *a)
{
	return a->config.recorded && a->stats.eoe == 0;
}

static bool is_incomplete(const struct audit_assembler *a, const struct slot *slot, enum audit_end end)
{
	if (!slot->part || end == AUDIT_END_EOE || end == AUDIT_END_TITLE)
		return false;
	return end == AUDIT_END_EVICTED || !marks_left_out(a);
}

static void end_slot(struct audit_assembler *a, struct slot *slot, enum audit_end end)
{
	unpack(a, slot);
	give_out(a, &(struct audit_assembled){
	                    .stamp = slot->stamp,
	                    .lines = a->lines,
	                    .count = slot->count,
	                    .dropped = slot->dropped,
	                    .end = end,
	                    .incomplete = is_incomplete(a, slot, end),
	                    .first_us = slot->first_us,
	            });
	a->bytes -= slot->bytes.len;
	/* Records may hold secrets, which only what became of the event is rid of. */
	if (slot->bytes.len)
		explicit_bzero(slot->bytes.data, slot->bytes.len);
	if (slot->bytes.cap > KEEP_BYTES)
		buf_done(&slot->bytes);
	buf_reset(&slot->bytes);
	TAILQ_REMOVE(&a->busy, slot, link);
	TAILQ_INSERT_HEAD(&a->idle, slot, link);
}

static struct slot *find(struct audit_assembler *a, const struct audit_stamp *stamp)
{
	struct slot *slot;
	/* Records of an event come close together, so it is nearly always among the newest. */
	TAILQ_FOREACH_REVERSE(slot, &a->busy, slot_list, link)
	{
		if (slot->stamp.serial == stamp->serial && slot->stamp.ms == stamp->ms)
			return slot;
	}
	return NULL;
}

static struct slot *start(struct audit_assembler *a, const struct audit_stamp *stamp, uint64_t now_us)
{
	if (TAILQ_EMPTY(&a->idle))
		end_slot(a, TAILQ_FIRST(&a->busy), AUDIT_END_EVICTED);
	struct slot *slot = TAILQ_FIRST(&a->idle);
	TAILQ_REMOVE(&a->idle, slot, link);
	TAILQ_INSERT_TAIL(&a->busy, slot, link);
	slot->stamp = *stamp;
	slot->count = 0;
	slot->dropped = 0;
	slot->part = false;
	slot->first_us = now_us;
	return slot;
}

/* The kernel's memory of the event goes on, ours has an end: its first records are kept. */
static bool append(struct slot *slot, uint16_t type, struct span text)
{
	if (slot->count == AUDIT_EVENT_MAX_RECORDS || slot->bytes.len + text.len > AUDIT_EVENT_MAX_BYTES)
		return false;
	size_t before = slot->bytes.len;
	struct packed head = { .type = type, .len = (uint32_t)text.len };
	buf_put(&slot->bytes, &head, sizeof(head));
	buf_put(&slot->bytes, text.data, text.len);
	if (buf_err(&slot->bytes)) {
		slot->bytes.len = before;
		slot->bytes.err = 0;
		return false;
	}
	slot->count++;
	return true;
}

static void drop_empty(struct audit_assembler *a, struct slot *slot)
{
	a->stats.lost_events++;
	TAILQ_REMOVE(&a->busy, slot, link);
	TAILQ_INSERT_HEAD(&a->idle, slot, link);
}

static void collect(struct audit_assembler *a, const struct audit_stamp *stamp, uint16_t type,
                    struct span text, uint64_t now_us)
{
	struct slot *slot = find(a, stamp);
	if (!slot)
		slot = start(a, stamp, now_us);
	size_t before = slot->bytes.len;
	if (!append(slot, type, text)) {
		if (slot->count == 0) {
			drop_empty(a, slot);
			return;
		}
		slot->dropped++;
		a->stats.dropped_records++;
	}
	a->bytes += slot->bytes.len - before;
	slot->last_us = now_us;
	slot->part = slot->part || audit_type_shape(type) == AUDIT_SHAPE_PART;
	if (type == AUDIT_TYPE_PROCTITLE && marks_left_out(a))
		end_slot(a, slot, AUDIT_END_TITLE);
	while (a->bytes > a->config.max_bytes)
		end_slot(a, TAILQ_FIRST(&a->busy), AUDIT_END_EVICTED);
}

/* A log daemon numbers its own records (1200 to 1299) by itself, from a random start. */
static bool numbered_by_kernel(uint16_t type)
{
	return type < 1200 || type > 1299;
}

void audit_assembler_push(struct audit_assembler *a, uint16_t type, struct span text, uint64_t now_us)
{
	struct audit_stamp stamp;
	struct span body;
	a->stats.records++;
	if (text.len > AUDIT_RECORD_MAX_BYTES) {
		a->stats.oversize++;
		return;
	}
	if (audit_record_stamp(text, &stamp, &body) < 0) {
		a->stats.malformed++;
		give_out_single(a, NULL, (struct audit_line){ type, text }, now_us);
		return;
	}
	if (numbered_by_kernel(type))
		audit_serial_seen(&a->serial, stamp.serial, now_us);
	if (type == AUDIT_TYPE_EOE) {
		struct slot *slot = find(a, &stamp);
		a->stats.eoe++;
		a->stats.lone_eoe += !slot;
		if (slot)
			end_slot(a, slot, AUDIT_END_EOE);
		return;
	}
	if (audit_type_shape(type) == AUDIT_SHAPE_SINGLE)
		give_out_single(a, &stamp, (struct audit_line){ type, text }, now_us);
	else
		collect(a, &stamp, type, text, now_us);
}

void audit_assembler_tick(struct audit_assembler *a, uint64_t now_us)
{
	struct slot *slot = TAILQ_FIRST(&a->busy);
	while (slot) {
		struct slot *next = TAILQ_NEXT(slot, link);
		if (slot->part && now_us - slot->first_us >= a->config.timeout_us)
			end_slot(a, slot, AUDIT_END_TIMEOUT);
		else if (!slot->part && now_us - slot->last_us >= a->config.settle_us)
			end_slot(a, slot, AUDIT_END_SETTLED);
		slot = next;
	}
	if (now_us > a->config.timeout_us)
		audit_serial_expire(&a->serial, now_us - a->config.timeout_us);
}

void audit_assembler_flush(struct audit_assembler *a, uint64_t now_us)
{
	while (!TAILQ_EMPTY(&a->busy))
		end_slot(a, TAILQ_FIRST(&a->busy), AUDIT_END_FLUSHED);
	audit_serial_expire(&a->serial, now_us);
}

bool audit_assembler_waiting(const struct audit_assembler *a)
{
	return !TAILQ_EMPTY(&a->busy) || a->serial.open > 0;
}

struct audit_assembler_stats audit_assembler_stats(const struct audit_assembler *a)
{
	struct audit_assembler_stats stats = a->stats;
	stats.missing_serials = a->serial.missing;
	return stats;
}
