#include "verify/days.h"

#include "lib/text.h"

void days_done(struct days *d)
{
	free(d->day);
	*d = (struct days){ 0 };
}

/* Index of the day, or of where it would stand; most are the last one. */
static size_t place_of(const struct days *d, uint32_t number)
{
	size_t i = d->len;
	while (i > 0 && d->day[i - 1].number >= number)
		i--;
	return i;
}

static int grow(struct days *d)
{
	if (d->len < d->cap)
		return 0;
	size_t cap = MAX(d->cap * 2, (size_t)8);
	struct day *grown = reallocarray(d->day, cap, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	d->day = grown;
	d->cap = cap;
	return 0;
}

int days_turn(struct days *d, uint64_t time_us)
{
	uint32_t number = (uint32_t)MIN(time_us / DAY_US, (uint64_t)UINT32_MAX);
	size_t i = place_of(d, number);
	bool known = i < d->len && d->day[i].number == number;
	if (!known && d->len == DAYS_KEPT) {
		d->today = 0;
		return 0;
	}
	int r = known ? 0 : grow(d);
	if (r < 0)
		return r;
	if (!known) {
		memmove(&d->day[i + 1], &d->day[i], (d->len - i) * sizeof(*d->day));
		d->day[i] = (struct day){ .number = number };
		d->len++;
	}
	d->today = i + 1;
	return 0;
}

void days_end(struct days *d)
{
	d->today = 0;
}

struct day *days_today(const struct days *d)
{
	return d->today ? &d->day[d->today - 1] : NULL;
}

int days_mark(struct days *d, uint64_t from_us, uint64_t to_us, uint32_t verdicts)
{
	uint64_t first = from_us / DAY_US, last = to_us / DAY_US;
	for (uint64_t i = first; i <= last && i - first < DAYS_KEPT; i++) {
		int r = days_turn(d, i * DAY_US);
		if (r < 0)
			return r;
		struct day *day = days_today(d);
		if (day)
			day->verdicts |= verdicts;
	}
	days_end(d);
	return 0;
}

void day_put(struct buf *b, uint32_t number)
{
	cleanup_buf struct buf text = { 0 };
	text_put_time_us(&text, number * DAY_US);
	const uint8_t *end = text.len ? memchr(text.data, 'T', text.len) : NULL;
	if (end)
		buf_put(b, text.data, (size_t)(end - text.data));
}
