#include "cli/explain.h"

#include "cli/event_text.h"
#include "cli/explain_lines.h"
#include "lib/text.h"

static const char *const state_names[] = { "proven", "FAILED", "open" };
static const char *const state_colours[] = { "\033[32m", "\033[31;1m", "\033[33m" };

bool proof_view_good(const struct proof_view *v)
{
	return v->failed == PROOF_STEPS && !v->policy_fault;
}

static bool witnessed(const struct proof_view *v)
{
	return v->policy && !v->policy_fault && !policy_is_open(v->policy);
}

/* What no proof of one entry can say. */
static const char *const never[] = {
	"that what the host reported is true: who ruled its kernel then could make it say anything",
	"that the host's clock was right: only that it was sealed before the commit",
	"that nothing else happened, or that nothing was lost: the whole log tells, 'swornlog verify STORE'",
	"that the host's key was not revoked or replaced by a statement that this file leaves out",
};
static const char rewritten[] =
        "that the sink's operator showed nobody another history: no witness that you named has cosigned";

/* --- the entry itself */

static int actor_of(const struct proof_view *v, struct actors **actors, const struct actor **ret)
{
	*ret = NULL;
	if (!v->proof->has_process)
		return 0;
	int r = actors_new(actors);
	if (r < 0)
		return r;
	actors_take(*actors, &v->facts->origin, v->proof->process.index, &v->facts->process);
	*ret = actors_find(*actors, &v->facts->origin, v->proof->process.index);
	return 0;
}

static uint64_t moved(uint64_t base, int64_t offset)
{
	uint64_t sum;
	if (__builtin_add_overflow(base, offset, &sum))
		return offset < 0 ? 0 : UINT64_MAX;
	return sum;
}

static int put_event(struct buf *b, const struct proof_view *v, bool json, unsigned style)
{
	const struct proof_facts *f = v->facts;
	cleanup_actors struct actors *actors = NULL;
	const struct actor *actor;
	int r = actor_of(v, &actors, &actor);
	if (r < 0)
		return r;
	struct event e = { .origin = &f->origin,
		           .index = v->proof->entry.index,
		           .wall_us = moved(f->seal.clock.wall_us, f->entry.time_us),
		           .boot_us = moved(f->seal.clock.boot_us, f->entry.time_us),
		           .entry = &f->entry,
		           .actor = actor };
	if (json)
		event_put_json(b, &e);
	else
		event_put_line(b, &e, style);
	return 0;
}

/* --- as text */

static void put_lines(struct buf *b, const struct explanation *a, bool colour)
{
	for (size_t i = 0; i < a->count; i++) {
		const struct line *l = &a->line[i];
		buf_printf(b, "%s%-6s%s  %-10s ", colour ? state_colours[l->state] : "",
		           state_names[l->state], colour ? "\033[0m" : "", l->part);
		text_put_escaped(b, (struct span){ l->words.data, l->words.len });
		buf_put_u8(b, '\n');
	}
}

static void put_limits(struct buf *b, const struct proof_view *v)
{
	buf_put_str(b, "\nnot proven\n");
	for (size_t i = 0; i < ARRAY_SIZE(never); i++)
		buf_printf(b, "  - %s\n", never[i]);
	if (!witnessed(v))
		buf_printf(b, "  - %s\n", rewritten);
}

static const char *verdict_of(const struct proof_view *v)
{
	if (v->failed != PROOF_STEPS)
		return "NOT PROVEN";
	if (v->policy_fault)
		return "NOT WITNESSED as the policy asks";
	return witnessed(v) ? "proven, and witnessed" : "proven; no witness";
}

int explain_put_text(struct buf *b, const struct proof_view *v, bool colour)
{
	cleanup(explanation_done) struct explanation a = { 0 };
	explanation_make(&a, v);
	buf_printf(b, "proof of entry %llu of ", (unsigned long long)(v->proof->entry.index));
	text_put_escaped(b, v->proof->origin);
	buf_put_str(b, "\n\n");
	put_lines(b, &a, colour);
	if (v->failed == PROOF_STEPS) {
		buf_put_str(b, "\nthe entry\n  ");
		int r = put_event(b, v, false, EVENT_WHOLE | (colour ? EVENT_COLOUR : 0u));
		if (r < 0)
			return r;
		put_limits(b, v);
	}
	const char *end = colour ? "\033[0m" : "";
	const char *start = !colour ? "" : proof_view_good(v) ? state_colours[PROVEN] : state_colours[FAILED];
	buf_printf(b, "\n%s%s%s\n", start, verdict_of(v), end);
	return buf_err(b);
}

/* --- as JSON */

static void put_string(struct buf *b, struct span s)
{
	cleanup_buf struct buf safe = { 0 };
	if (!text_is_utf8(s)) {
		text_put_escaped(&safe, s);
		s = (struct span){ safe.data, safe.len };
	}
	buf_put_u8(b, '"');
	text_put_json(b, s);
	buf_put_u8(b, '"');
}

static void put_words(struct buf *b, const char *s)
{
	put_string(b, span_str(s));
}

static void put_steps(struct buf *b, const struct explanation *a)
{
	buf_put_str(b, ",\"steps\":[");
	for (size_t i = 0; i < a->count; i++) {
		const struct line *l = &a->line[i];
		buf_printf(b, "%s{\"part\":\"%s\",\"state\":\"%s\",\"words\":", i ? "," : "", l->part,
		           l->state == FAILED ? "failed" : state_names[l->state]);
		put_string(b, (struct span){ l->words.data, l->words.len });
		buf_put_u8(b, '}');
	}
	buf_put_u8(b, ']');
}

static void put_not_proven(struct buf *b, const struct proof_view *v)
{
	buf_put_str(b, ",\"not_proven\":[");
	for (size_t i = 0; i < ARRAY_SIZE(never); i++) {
		buf_put_str(b, i ? "," : "");
		put_words(b, never[i]);
	}
	if (!witnessed(v)) {
		buf_put_u8(b, ',');
		put_words(b, rewritten);
	}
	buf_put_u8(b, ']');
}

static int put_proven(struct buf *b, const struct proof_view *v)
{
	cleanup_buf struct buf event = { 0 };
	int r = put_event(&event, v, true, 0);
	if (r < 0 || buf_err(&event))
		return r < 0 ? r : buf_err(&event);
	buf_put_str(b, ",\"committed\":\"");
	text_put_time_us(b, v->facts->commit_time_us);
	buf_put_str(b, "\",\"entry\":");
	buf_put(b, event.data, event.len - 1); /* without its newline */
	put_not_proven(b, v);
	return 0;
}

int explain_put_json(struct buf *b, const struct proof_view *v)
{
	cleanup(explanation_done) struct explanation a = { 0 };
	explanation_make(&a, v);
	buf_printf(b, "{\"verified\":%s,\"witnessed\":%s,\"verdict\":", proof_view_good(v) ? "true" : "false",
	           v->failed == PROOF_STEPS && witnessed(v) ? "true" : "false");
	put_words(b, verdict_of(v));
	buf_put_str(b, ",\"origin\":");
	put_string(b, v->proof->origin);
	buf_printf(b, ",\"index\":%llu", (unsigned long long)(v->proof->entry.index));
	put_steps(b, &a);
	int r = v->failed == PROOF_STEPS ? put_proven(b, v) : 0;
	if (r < 0)
		return r;
	buf_put_str(b, "}\n");
	return buf_err(b);
}
