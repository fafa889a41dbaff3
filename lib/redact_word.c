#include <ctype.h>

#include "lib/redact_scan.h"

#define NO_RULE   SIZE_MAX
#define NO_MATCH  SIZE_MAX
#define NEXT_WORD (SIZE_MAX - 1) /* of an option's value */
/* -c, -lc, -xec: the string behind it is a command line. */
#define COMMAND_FLAG_MAX 5

/* A word may be asked for by the one before it. */
struct words {
	struct redact_scan *s;
	bool text;     /* words end at white space, and may be quoted */
	size_t limit;  /* end of the string that is walked over */
	size_t wanted; /* rule whose value the next word is, or NO_RULE */
};

struct word {
	size_t start, end; /* in the input, without what quotes or separates it */
	size_t stop;       /* with that */
	struct span span;
	bool quoted;
};

bool redact_is_space(uint8_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r') || c == '\0';
}

static bool has_space(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (redact_is_space(s.data[i]))
			return true;
	return false;
}

static bool one_of(uint8_t c, const char *set)
{
	return c && strchr(set, c);
}

static struct span part(const struct redact_scan *s, size_t start, size_t end)
{
	return (struct span){ s->in.data + start, end - start };
}

/* Where the quote that opens at `at` closes, or `limit`. */
static size_t closing_quote(const struct words *w, size_t at, bool escaped)
{
	const uint8_t *d = w->s->in.data;
	uint8_t quote = d[at];
	for (size_t i = at + 1; i < w->limit; i++) {
		if (d[i] == '\\' && quote == '"' && !escaped)
			i++;
		else if (d[i] == quote)
			return i;
	}
	return w->limit;
}

/* A value ends with its string; in text, at white space outside its quotes. */
static size_t value_end(const struct words *w, size_t at)
{
	const uint8_t *d = w->s->in.data;
	if (!w->text)
		return w->limit;
	size_t quote = at, least = at;
	while (quote < w->limit && d[quote] == '\\')
		quote++;
	if (quote < w->limit && one_of(d[quote], "'\"")) {
		size_t close = closing_quote(w, quote, quote > at);
		least = at = close < w->limit ? close + 1 : quote + 1;
	}
	while (at < w->limit && !redact_is_space(d[at]))
		at++;
	/* These belong to whoever quotes the whole. */
	while (at > least && one_of(d[at - 1], "'\"\\"))
		at--;
	return at;
}

static size_t take_value(const struct words *w, size_t rule, size_t at)
{
	size_t end = value_end(w, at), start = at;
	char after = w->s->r->rules[rule].rule->after;
	if (after) {
		const uint8_t *found = memchr(w->s->in.data + at, after, end - at);
		start = found ? (size_t)(found - w->s->in.data) + 1 : end;
	}
	redact_scan_add(w->s, start, end, rule);
	return end;
}

/* Another option, and so not the value that an option before it waits for: "--x", "-x", "-". */
static bool is_option(struct span word)
{
	if (word.len == 0 || word.data[0] != '-')
		return false;
	return word.len <= 2 || (word.data[1] == '-' && isalnum(word.data[2]));
}

static bool is_base_name(struct span word, const char *name)
{
	size_t len = strlen(name);
	if (word.len < len || memcmp(word.data + word.len - len, name, len) != 0)
		return false;
	return word.len == len || one_of(word.data[word.len - len - 1], "/=;|&(`'\"");
}

static void arm(struct redact_scan *s, size_t i, struct span word)
{
	const struct redact_rule *rule = s->r->rules[i].rule;
	if (!rule->programs || s->armed[i] == REDACT_ARMED)
		return;
	if (s->armed[i] == REDACT_PROGRAM_SEEN) {
		if (span_is(word, rule->subcommand))
			s->armed[i] = REDACT_ARMED;
		return;
	}
	for (const char *const *p = rule->programs; *p; p++)
		if (is_base_name(word, *p))
			s->armed[i] = rule->subcommand ? REDACT_PROGRAM_SEEN : REDACT_ARMED;
}

bool redact_scan_armed(const struct redact_scan *s, size_t rule)
{
	return !s->r->rules[rule].rule->programs || s->armed[rule] == REDACT_ARMED;
}

/* "-vvk": where the letter is, behind a dash and letters; 0: nowhere. */
static size_t find_in_cluster(struct span word, uint8_t letter)
{
	if (word.len < 2 || word.data[0] != '-')
		return 0;
	for (size_t i = 1; i < word.len && isalpha(word.data[i]); i++)
		if (word.data[i] == letter)
			return i;
	return 0;
}

static size_t attached_or_next(struct span word, size_t at)
{
	return at < word.len ? at : NEXT_WORD;
}

/* Where the option's value begins in the word, which may be its end; or NEXT_WORD, or NO_MATCH. */
static size_t match_option(const struct redact_rule *rule, const char *option, struct span word)
{
	size_t len = strlen(option);
	bool letter = len == 2 && option[0] == '-';
	if (letter && (rule->places & REDACT_CLUSTER)) {
		size_t at = find_in_cluster(word, (uint8_t)option[1]);
		return at ? attached_or_next(word, at + 1) : NO_MATCH;
	}
	if (!span_starts(word, option))
		return NO_MATCH;
	if (option[len - 1] == ':')
		return len;
	if (letter || word.len == len)
		return attached_or_next(word, len);
	return word.data[len] == '=' ? len + 1 : NO_MATCH;
}

static bool ends_in_name(struct span text, const char *name)
{
	size_t at = text.len;
	bool begins = name[0] == '-';
	for (size_t i = strlen(name); i > begins; i--) {
		if (name[i - 1] == '-') {
			at -= at && one_of(text.data[at - 1], "-_.");
			continue;
		}
		if (at == 0 || tolower(text.data[at - 1]) != name[i - 1])
			return false;
		at--;
	}
	return !begins || at == 0 || !isalpha(text.data[at - 1]);
}

static bool ends_in_any(struct span text, const char *const *names)
{
	for (const char *const *name = names; *name; name++)
		if (ends_in_name(text, *name))
			return true;
	return false;
}

/* "--ask-pass" and its like stand alone. */
static bool stands_alone(struct span name)
{
	static const char *const fronts[] = { "no-",  "no_",     "with-", "without-", "use-", "ask-",
		                              "has-", "prompt-", "read-", "require-", "skip-" };
	for (size_t i = 0; i < ARRAY_SIZE(fronts); i++)
		if (span_starts(name, fronts[i]))
			return true;
	return false;
}

static bool is_identifier(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!isalnum(s.data[i]) && !one_of(s.data[i], "_.-"))
			return false;
	return s.len > 0;
}

/* As match_option, for --name=value, NAME=value, --env=NAME=value, --name value. */
static size_t match_name(const struct redact_rule *rule, struct span word)
{
	size_t at = 0;
	while (at < word.len && word.data[at] == '-')
		at++;
	bool dashed = at > 0;
	for (;;) {
		struct span rest = { word.data + at, word.len - at };
		const uint8_t *equals = rest.len ? memchr(rest.data, '=', rest.len) : NULL;
		struct span name = { rest.data, equals ? (size_t)(equals - rest.data) : rest.len };
		if (!is_identifier(name) || (!equals && (!dashed || stands_alone(name))))
			return NO_MATCH;
		bool found = ends_in_any(name, rule->names);
		at += name.len + 1;
		if (found)
			return equals ? at : NEXT_WORD;
		if (!equals || !dashed)
			return NO_MATCH;
		dashed = false;
	}
}

static size_t match_rule(const struct redact_rule *rule, struct span word)
{
	if (rule->names)
		return match_name(rule, word);
	size_t at = NO_MATCH;
	for (const char *const *option = rule->options; at == NO_MATCH && option && *option; option++)
		at = match_option(rule, *option, word);
	return at;
}

/* In text, -p"my secret" is -p to who stops at quotes; "-p" is nothing but that. */
static bool quote_follows(const struct words *w, const struct word *word)
{
	return w->text && word->end < w->limit && !word->quoted && one_of(w->s->in.data[word->end], "'\"");
}

/* True if the rule has something to say of the word; *ret_next is where to go on. */
static bool try_rule(struct words *w, size_t i, const struct word *word, size_t *ret_next)
{
	const struct redact_rule *rule = w->s->r->rules[i].rule;
	unsigned places = rule->names ? REDACT_ATTACHED | REDACT_NEXT : rule->places;
	size_t at = match_rule(rule, word->span);
	if (at == NO_MATCH)
		return false;
	if (at == NEXT_WORD && quote_follows(w, word))
		at = word->span.len;
	if (!(places & (at == NEXT_WORD ? REDACT_NEXT : REDACT_ATTACHED)))
		return false;
	if (at != NEXT_WORD) {
		*ret_next = take_value(w, i, word->start + at);
		return true;
	}
	w->wanted = i;
	*ret_next = word->stop;
	return true;
}

/* As try_rule, for all rules. `from` is where the word begins with what quotes it. */
static bool take_word(struct words *w, size_t from, const struct word *word, size_t *ret_next)
{
	struct redact_scan *s = w->s;
	size_t wanted = w->wanted;
	w->wanted = NO_RULE;
	if (wanted != NO_RULE && !is_option(word->span)) {
		*ret_next = take_value(w, wanted, from);
		return true;
	}
	for (size_t i = REDACT_BUILT_IN; i < s->r->count; i++) {
		if (!keyword_hit(&s->candidates, (unsigned)i))
			continue;
		arm(s, i, word->span);
		if (redact_scan_armed(s, i) && try_rule(w, i, word, ret_next))
			return true;
	}
	return false;
}

static struct word trim(const struct redact_scan *s, size_t start, size_t stop)
{
	const uint8_t *d = s->in.data;
	struct word word = { .start = start, .end = stop, .stop = stop };
	while (word.start < stop && one_of(d[word.start], "'\"`({[;|&$\\"))
		word.quoted |= one_of(d[word.start++], "'\"");
	while (word.end > word.start && one_of(d[word.end - 1], "'\"`)}];,\\"))
		word.end--;
	word.span = part(s, word.start, word.end);
	return word;
}

void redact_scan_text_words(struct redact_scan *s, size_t start, size_t end)
{
	struct words w = { .s = s, .text = true, .limit = end, .wanted = NO_RULE };
	size_t at = start;
	while (at < end && !s->overflow) {
		if (redact_is_space(s->in.data[at])) {
			at++;
			continue;
		}
		size_t stop = at;
		while (stop < end && !redact_is_space(s->in.data[stop]))
			stop++;
		struct word word = trim(s, at, stop);
		if (take_word(&w, at, &word, &stop))
			stop = MAX(stop, at + 1);
		at = stop;
	}
}

static bool is_command_flag(struct span s)
{
	if (s.len < 2 || s.len > COMMAND_FLAG_MAX || s.data[0] != '-' || s.data[s.len - 1] != 'c')
		return false;
	return find_in_cluster(s, 'c') > 0;
}

void redact_scan_argv_words(struct redact_scan *s)
{
	struct words w = { .s = s, .wanted = NO_RULE };
	bool command = false;
	for (size_t at = 0, next; at < s->in.len && !s->overflow; at = w.limit + 1) {
		const uint8_t *nul = memchr(s->in.data + at, 0, s->in.len - at);
		w.limit = nul ? (size_t)(nul - s->in.data) : s->in.len;
		struct word word = { at, w.limit, w.limit, part(s, at, w.limit), false };
		bool line = has_space(word.span);
		bool taken = !(command && line) && take_word(&w, at, &word, &next);
		command = is_command_flag(word.span);
		if (!taken && line)
			redact_scan_text_words(s, at, w.limit);
	}
}
