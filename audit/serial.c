#include "audit/serial.h"

static void remove_gap(struct audit_serial *s, size_t i)
{
	memmove(&s->gaps[i], &s->gaps[i + 1], (s->open - i - 1) * sizeof(s->gaps[0]));
	s->open--;
}

static void give_up(struct audit_serial *s, size_t i)
{
	s->missing += s->gaps[i].count;
	remove_gap(s, i);
}

static void add_gap(struct audit_serial *s, struct audit_serial_gap gap)
{
	if (gap.count == 0)
		return;
	if (s->open == AUDIT_SERIAL_GAPS)
		give_up(s, 0);
	s->gaps[s->open++] = gap;
}

/* A number below the highest: it closes a gap, wholly or in part. */
static void fill(struct audit_serial *s, uint32_t serial)
{
	for (size_t i = 0; i < s->open; i++) {
		struct audit_serial_gap gap = s->gaps[i];
		uint32_t offset = serial - gap.first;
		if (offset >= gap.count)
			continue;
		struct audit_serial_gap after = { serial + 1, gap.count - offset - 1, gap.since_us };
		s->gaps[i].count = offset;
		if (offset == 0)
			remove_gap(s, i);
		add_gap(s, after);
		return;
	}
}

static void restart(struct audit_serial *s, uint32_t serial)
{
	s->restarts += s->started;
	s->started = true;
	s->highest = serial;
}

void audit_serial_seen(struct audit_serial *s, uint32_t serial, uint64_t now_us)
{
	uint32_t ahead = serial - s->highest;
	uint32_t behind = s->highest - serial;
	if (!s->started || MIN(ahead, behind) > AUDIT_SERIAL_MAX_JUMP) {
		restart(s, serial);
		return;
	}
	if (behind <= AUDIT_SERIAL_MAX_JUMP) {
		fill(s, serial);
		return;
	}
	add_gap(s, (struct audit_serial_gap){ s->highest + 1, ahead - 1, now_us });
	s->highest = serial;
}

void audit_serial_expire(struct audit_serial *s, uint64_t before_us)
{
	/* A split gap is appended with its old time, so the order is not by age. */
	for (size_t i = 0; i < s->open;) {
		if (s->gaps[i].since_us <= before_us)
			give_up(s, i);
		else
			i++;
	}
}
