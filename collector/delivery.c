#include "collector/delivery.h"

void delivery_put(struct delivery *d, size_t bytes)
{
	d->put_bytes += bytes;
}

void delivery_gone(struct delivery *d, size_t bytes)
{
	d->gone_bytes += bytes;
}

void delivery_mark(struct delivery *d, uint64_t count)
{
	if (d->gone_bytes < d->mark_bytes)
		return;
	d->gone = d->mark_count;
	d->mark_bytes = d->put_bytes;
	d->mark_count = count;
	if (d->gone_bytes >= d->mark_bytes)
		d->gone = d->mark_count;
}

void delivery_restart(struct delivery *d, uint64_t count)
{
	d->gone_bytes = d->mark_bytes = d->put_bytes;
	d->gone = d->mark_count = count;
}
