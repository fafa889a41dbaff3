#include "verify/finding.h"

#include <stdarg.h>
#include <stdio.h>

static const struct {
	const char *name;
	bool fault;
} verdicts[VERDICT_COUNT] = {
	[VERDICT_ALTERED] = { "altered", true },
	[VERDICT_MISSING] = { "missing", true },
	[VERDICT_TRUNCATED] = { "truncated", true },
	[VERDICT_TORN] = { "torn", true },
	[VERDICT_FORKED] = { "forked", true },
	[VERDICT_WRONGLY_SEALED] = { "wrongly-sealed", true },
	[VERDICT_ROLLED_BACK] = { "rolled-back", true },
	[VERDICT_CLONED] = { "cloned", true },
	[VERDICT_SPLIT_VIEW] = { "split-view", true },
	[VERDICT_UNWITNESSED] = { "unwitnessed", true },
	[VERDICT_UNENROLLED] = { "unenrolled", true },
	[VERDICT_MALFORMED] = { "malformed", true },
	[VERDICT_REVOKED] = { "revoked", true },
	[VERDICT_UNRECEIPTED] = { "unreceipted", true },
	[VERDICT_EPOCH] = { "epoch", false },
	[VERDICT_LOSS] = { "loss", false },
	[VERDICT_SILENT] = { "silent", false },
	[VERDICT_LATE] = { "late", false },
	[VERDICT_CLOCK] = { "clock", false },
	[VERDICT_REMARK] = { "remark", false },
};

const char *verdict_name(enum verdict v)
{
	return verdicts[v].name;
}

bool verdict_is_fault(enum verdict v)
{
	return verdicts[v].fault;
}

void findings_done(struct findings *f)
{
	free(f->list);
	*f = (struct findings){ 0 };
}

static bool make_room(struct findings *f)
{
	if (f->len < f->cap)
		return true;
	if (f->cap >= FINDINGS_LISTED)
		return false;
	size_t cap = MIN(MAX(f->cap * 2, (size_t)16), (size_t)FINDINGS_LISTED);
	struct finding *grown = reallocarray(f->list, cap, sizeof(*grown));
	if (!grown)
		return false;
	f->list = grown;
	f->cap = cap;
	return true;
}

void findings_add(struct findings *f, const struct finding *one)
{
	f->count[one->verdict]++;
	if (make_room(f))
		f->list[f->len++] = *one;
}

/* The list whose next finding comes first; n: none is left. */
static size_t next_list(struct findings *const *from, const size_t *at, size_t n)
{
	size_t best = n;
	for (size_t i = 0; i < n; i++) {
		if (at[i] == from[i]->len)
			continue;
		if (best == n || from[i]->list[at[i]].order < from[best]->list[at[best]].order)
			best = i;
	}
	return best;
}

void findings_merge(struct findings *f, struct findings *const *from, size_t n)
{
	size_t at[FINDINGS_LISTS_MAX] = { 0 };
	assert(n <= FINDINGS_LISTS_MAX);
	for (size_t i = 0; i < n; i++) {
		for (int v = 0; v < VERDICT_COUNT; v++)
			f->count[v] += from[i]->count[v];
	}
	for (size_t i = next_list(from, at, n); i < n && make_room(f); i = next_list(from, at, n))
		f->list[f->len++] = from[i]->list[at[i]++];
}

uint64_t findings_total(const struct findings *f)
{
	uint64_t n = 0;
	for (int v = 0; v < VERDICT_COUNT; v++)
		n += f->count[v];
	return n;
}

uint64_t findings_faults(const struct findings *f)
{
	uint64_t n = 0;
	for (int v = 0; v < VERDICT_COUNT; v++)
		if (verdicts[v].fault)
			n += f->count[v];
	return n;
}

static void copy_text(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from ? from : "");
}

void find(struct findings *f, enum verdict v, const struct place *at, const char *fmt, ...)
{
	struct finding one = {
		.verdict = v,
		.has_offset = at->has_offset,
		.offset = at->offset,
		.has_index = at->has_index,
		.first = at->first,
		.last = at->last,
		.order = f->order,
	};
	copy_text(one.file, sizeof(one.file), at->file);
	copy_text(one.origin, sizeof(one.origin), at->origin);
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(one.reason, sizeof(one.reason), fmt, ap);
	va_end(ap);
	findings_add(f, &one);
}
