#include "sealer/witnessing.h"

void witnessing_init(struct witnessing *w, uint64_t within_us)
{
	*w = (struct witnessing){ .within_us = within_us };
}

/* Half of the marks span the whole bound, so that they never run out before it does. */
static bool joins(const struct witnessing *w, const struct witnessing_mark *newest, uint64_t now_us)
{
	return w->count == WITNESSING_MARKS ||
	       now_us - newest->since_us < w->within_us / (WITNESSING_MARKS / 2);
}

void witnessing_receipt(struct witnessing *w, uint64_t size, uint64_t now_us)
{
	struct witnessing_mark *newest = w->count ? &w->mark[w->count - 1] : NULL;
	if (size <= w->size)
		return;
	if (newest && joins(w, newest, now_us)) {
		newest->size = MAX(newest->size, size);
		return;
	}
	w->mark[w->count++] = (struct witnessing_mark){ .since_us = now_us, .size = size };
}

void witnessing_covered(struct witnessing *w, uint64_t size)
{
	size_t kept = 0;
	w->size = MAX(w->size, size);
	for (size_t i = 0; i < w->count; i++) {
		if (w->mark[i].size > w->size)
			w->mark[kept++] = w->mark[i];
	}
	w->count = kept;
}

enum witnessing_change witnessing_look(struct witnessing *w, uint64_t now_us)
{
	bool was = w->late;
	w->late = w->count > 0 && now_us - w->mark[0].since_us > w->within_us;
	if (w->late == was)
		return WITNESSING_SAME;
	return w->late ? WITNESSING_LATE : WITNESSING_AGAIN;
}
