#include "collector/glob.h"

#define STEPS_MAX (1u << 18)

/* One element of a pattern that stands for one byte. */
struct element {
	size_t len; /* in the pattern */
	bool fits;
};

/* The set that begins at p[0] = '['. len 0 if it is not closed. */
static struct element match_set(struct span p, uint8_t c)
{
	size_t i = 1;
	bool not_in = i < p.len && (p.data[i] == '!' || p.data[i] == '^'), in = false;
	i += not_in;
	for (size_t first = i; i < p.len; i++) {
		if (p.data[i] == ']' && i > first)
			return (struct element){ i + 1, c != '/' && in != not_in };
		uint8_t from = p.data[i], to = from;
		if (i + 2 < p.len && p.data[i + 1] == '-' && p.data[i + 2] != ']') {
			to = p.data[i + 2];
			i += 2;
		}
		in = in || (from <= c && c <= to);
	}
	return (struct element){ 0 };
}

static struct element match_one(struct span p, uint8_t c)
{
	switch (p.data[0]) {
	case '?':
		return (struct element){ 1, c != '/' };
	case '[':
		return match_set(p, c);
	case '\\':
		return p.len > 1 ? (struct element){ 2, p.data[1] == c } : (struct element){ 0 };
	default:
		return (struct element){ 1, p.data[0] == c };
	}
}

/* Where a star stood, and how much it has taken so far. */
struct star {
	bool set;
	size_t pattern, text;
};

struct walk {
	struct span pattern, text;
	size_t p, t;
	struct star one, any; /* * and ** */
};

static bool at_star(const struct walk *w)
{
	return w->p < w->pattern.len && w->pattern.data[w->p] == '*';
}

static void take_star(struct walk *w)
{
	bool any = w->p + 1 < w->pattern.len && w->pattern.data[w->p + 1] == '*';
	w->p += any ? 2 : 1;
	struct star star = { true, w->p, w->t };
	if (any)
		w->any = star;
	w->one = any ? (struct star){ 0 } : star;
}

static bool take_one(struct walk *w)
{
	if (w->p == w->pattern.len)
		return false;
	struct span rest = { w->pattern.data + w->p, w->pattern.len - w->p };
	struct element e = match_one(rest, w->text.data[w->t]);
	if (!e.len || !e.fits)
		return false;
	w->p += e.len;
	w->t++;
	return true;
}

/* Give the last star one byte more, and go on from there. */
static bool give_more(struct walk *w)
{
	struct star *star = w->one.set && w->text.data[w->one.text] != '/' ? &w->one : &w->any;
	if (!star->set)
		return false;
	if (star == &w->any)
		w->one = (struct star){ 0 };
	w->t = ++star->text;
	w->p = star->pattern;
	return true;
}

enum glob_verdict glob_match(struct span pattern, struct span text)
{
	struct walk w = { .pattern = pattern, .text = text };
	unsigned steps = 0;
	while (w.t < text.len) {
		if (steps++ == STEPS_MAX)
			return GLOB_TOO_LONG;
		if (at_star(&w))
			take_star(&w);
		else if (!take_one(&w) && !give_more(&w))
			return GLOB_NO;
	}
	while (at_star(&w))
		w.p++;
	return w.p == pattern.len ? GLOB_YES : GLOB_NO;
}

static bool is_special(uint8_t c)
{
	return c == '*' || c == '?' || c == '[' || c == '\\';
}

bool glob_is_pattern(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (is_special(s.data[i]))
			return true;
	return false;
}

bool glob_ok(struct span pattern)
{
	for (size_t i = 0; i < pattern.len;) {
		struct span rest = { pattern.data + i, pattern.len - i };
		size_t len = rest.data[0] == '*' ? 1 : match_one(rest, 0).len;
		if (!len)
			return false;
		i += len;
	}
	return true;
}

size_t glob_fixed(struct span pattern)
{
	size_t slash = 0;
	for (size_t i = 0; i < pattern.len && !is_special(pattern.data[i]); i++)
		if (pattern.data[i] == '/')
			slash = i;
	return slash;
}
