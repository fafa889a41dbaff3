#include "lib/redact.h"

#include <ctype.h>
#include <stdio.h>

#include "lib/redact_scan.h"

#define MARK_BEGIN "[redacted:"
/* A vector of very many strings that all hold a trigger. */
#define PATTERN_CALLS_MAX 2048
#define TRIGGERS_MAX      2048
#define VARIANTS_MAX      64 /* of the spellings of a name */

/* Behind a name: `=value`, `": "value"`, `', 'value': 'x'`; quoted, quoted within quotes, or bare up to white
 * space or to what looks like the next assignment. */
#define ASSIGNED                                                                                             \
	"(?:(?:%5D|\\])?[ \\t]*=(?![=>~])[ \\t]*"                                                            \
	"|\\\\*[\"']\\]?\\s*(?:=>?|:|,(?:\\s*\\\\*[\"']value\\\\*[\"']\\s*:)?)\\s*)"                         \
	"(?:\\\\+\"((?:[^\"\\\\]|\\\\[^\"])*+)|\"((?:[^\"\\\\]|\\\\[\\s\\S])*+)|'((?:[^'\\\\]|\\\\[\\s\\S])" \
	"*+)"                                                                                                \
	"|((?:(?![&,;][\\w.\\[\\]%-]+=)[^\\s\"'\\0])++))"

static const struct redact_rule built_in[REDACT_BUILT_IN] = {
	[REDACT_LITERAL] = { .name = "literal" },
	[REDACT_LIMIT] = { .name = "limit" },
};

struct trigger_list {
	size_t count;
	struct keyword item[TRIGGERS_MAX];
	char text[TRIGGERS_MAX][KEYWORD_MAX_BYTES + 1];
};

static int add_trigger(struct trigger_list *list, const char *word, size_t owner)
{
	size_t len = strlen(word);
	if (len == 0 || len > KEYWORD_MAX_BYTES)
		return -EINVAL;
	if (list->count == TRIGGERS_MAX)
		return -E2BIG;
	char *text = list->text[list->count];
	memcpy(text, word, len + 1);
	list->item[list->count++] = (struct keyword){ text, (uint8_t)owner };
	return 0;
}

static int add_triggers(struct trigger_list *list, const char *const *words, size_t owner)
{
	int err = 0;
	for (; !err && *words; words++)
		err = add_trigger(list, *words, owner);
	return err;
}

/* Every dash within a name may be nothing, or one of three bytes. */
static int add_name_triggers(struct trigger_list *list, const char *name, size_t owner)
{
	static const char separators[] = "-_.";
	size_t dashes = 0, variants = 1;
	name += name[0] == '-';
	for (const char *c = name; *c; c++)
		dashes += *c == '-';
	while (dashes--)
		variants *= sizeof(separators);
	if (variants > VARIANTS_MAX || strlen(name) > KEYWORD_MAX_BYTES)
		return -EINVAL;
	int err = 0;
	for (size_t v = 0; v < variants && !err; v++) {
		char word[KEYWORD_MAX_BYTES + 1];
		size_t len = 0, choice = v;
		for (const char *c = name; *c; c++) {
			if (*c != '-') {
				word[len++] = *c;
				continue;
			}
			if (separators[choice % sizeof(separators)])
				word[len++] = separators[choice % sizeof(separators)];
			choice /= sizeof(separators);
		}
		word[len] = '\0';
		err = add_trigger(list, word, owner);
	}
	return err;
}

static int list_triggers(struct redact *r, size_t i, struct trigger_list *list)
{
	const struct redact_rule *rule = r->rules[i].rule;
	int err = 0;
	if (rule->names) {
		for (const char *const *name = rule->names; !err && *name; name++)
			err = add_name_triggers(list, *name, i);
		return err;
	}
	if (rule->programs)
		return add_triggers(list, rule->programs, i);
	if (rule->triggers)
		return add_triggers(list, rule->triggers, i);
	if (rule->options)
		return add_triggers(list, rule->options, i);
	r->always.bits[i / 64] |= UINT64_C(1) << (i % 64);
	return 0;
}

static int put_name_pattern(struct buf *b, const char *name)
{
	if (*name == '-') {
		buf_put_str(b, "(?<![a-z])");
		name++;
	}
	if (!*name)
		return -EINVAL;
	for (; *name; name++) {
		if (*name == '-')
			buf_put_str(b, "[_.-]?");
		else if (islower((unsigned char)*name) || isdigit((unsigned char)*name))
			buf_put_u8(b, (uint8_t)*name);
		else
			return -EINVAL;
	}
	return 0;
}

static int compile_names(const struct redact_rule *rule, struct pattern **ret, char *error, size_t error_size)
{
	cleanup_buf struct buf text = { 0 };
	buf_put_str(&text, "(?i)(?:");
	for (const char *const *name = rule->names; *name; name++) {
		if (name > rule->names)
			buf_put_u8(&text, '|');
		if (put_name_pattern(&text, *name)) {
			snprintf(error, error_size,
			         "a name is made of lower-case letters, digits and dashes");
			return -EINVAL;
		}
	}
	buf_put_str(&text, ")" ASSIGNED);
	buf_put_u8(&text, '\0');
	int err = buf_err(&text);
	return err ? err : pattern_new((const char *)text.data, ret, error, error_size);
}

static int compile_rule(struct redact *r, const struct redact_rule *rule, char *error, size_t error_size)
{
	if (r->count == REDACT_RULES_MAX) {
		snprintf(error, error_size, "more than %d rules", REDACT_RULES_MAX - REDACT_BUILT_IN);
		return -EINVAL;
	}
	char why[256] = "";
	int err = 0;
	if (!!rule->options + !!rule->names + !!rule->pattern != 1) {
		snprintf(why, sizeof(why), "one of options, names and pattern is needed");
		err = -EINVAL;
	}
	size_t i = r->count++;
	r->rules[i].rule = rule;
	if (!err && rule->pattern)
		err = pattern_new(rule->pattern, &r->rules[i].pattern, why, sizeof(why));
	if (!err && rule->names)
		err = compile_names(rule, &r->rules[i].pattern, why, sizeof(why));
	if (err == -EINVAL)
		snprintf(error, error_size, "redaction rule '%s': %s", rule->name, why);
	return err;
}

static int compile_triggers(struct redact *r, char *error, size_t error_size)
{
	cleanup_free struct trigger_list *list = calloc(1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	int err = add_trigger(list, MARK_BEGIN, REDACT_LITERAL);
	for (size_t i = REDACT_BUILT_IN; !err && i < r->count; i++) {
		err = list_triggers(r, i, list);
		if (err == -EINVAL)
			snprintf(error, error_size,
			         "redaction rule '%s': a program, option, name or trigger that is empty, has "
			         "more than %d bytes or too many dashes",
			         r->rules[i].rule->name, KEYWORD_MAX_BYTES);
	}
	if (!err)
		err = keyword_set_new(list->item, list->count, &r->triggers);
	if (err == -E2BIG) {
		snprintf(error, error_size, "the redaction rules have too many words");
		err = -EINVAL;
	}
	return err;
}

static void free_redact(struct redact **r)
{
	redact_free(*r);
}

int redact_new(const struct redact_rule *const *rules, size_t count, struct redact **ret, char *error,
               size_t error_size)
{
	struct redact *r cleanup(free_redact) = calloc(1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	for (size_t i = 0; i < REDACT_BUILT_IN; i++)
		r->rules[r->count++].rule = &built_in[i];
	int err = pattern_new("\\" MARK_BEGIN, &r->rules[REDACT_LITERAL].pattern, error, error_size);
	for (size_t i = 0; i < count && !err; i++)
		err = compile_rule(r, rules[i], error, error_size);
	if (!err)
		err = compile_triggers(r, error, error_size);
	if (!err)
		*ret = TAKE_PTR(r);
	return err;
}

void redact_free(struct redact *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->count; i++)
		pattern_free(r->rules[i].pattern);
	keyword_set_free(r->triggers);
	buf_done(&r->out);
	free(r);
}

const char *redact_rule_name(const struct redact *r, uint16_t rule)
{
	return rule < r->count ? r->rules[rule].rule->name : NULL;
}

static void remove_hit(struct redact_hits *hits, size_t i)
{
	hits->count--;
	memmove(&hits->item[i], &hits->item[i + 1], (hits->count - i) * sizeof(hits->item[0]));
}

/* Takes in what overlaps; what was found first keeps its name, unless it was only a literal. */
static void absorb(struct redact_hits *hits, struct redact_hit *hit)
{
	for (size_t i = hits->count; i-- > 0;) {
		const struct redact_hit *old = &hits->item[i];
		if (old->end <= hit->start || old->start >= hit->end)
			continue;
		hit->start = MIN(hit->start, old->start);
		hit->end = MAX(hit->end, old->end);
		if (old->rule != REDACT_LITERAL)
			hit->rule = old->rule;
		remove_hit(hits, i);
	}
}

void redact_scan_add(struct redact_scan *s, size_t start, size_t end, size_t rule)
{
	struct redact_hits *hits = s->hits;
	struct redact_hit hit = { start, end, (uint16_t)rule };
	if (start >= end || s->overflow)
		return;
	absorb(hits, &hit);
	if (hits->count == REDACT_HITS_MAX) {
		s->overflow = true;
		return;
	}
	size_t at = hits->count++;
	for (; at > 0 && hits->item[at - 1].start > hit.start; at--)
		hits->item[at] = hits->item[at - 1];
	hits->item[at] = hit;
}

static void add_match(struct redact_scan *s, size_t base, const struct pattern_match *m, size_t rule)
{
	for (size_t i = 0; i < m->count; i++)
		redact_scan_add(s, base + m->group[i].start, base + m->group[i].end, rule);
	if (m->count == 0)
		redact_scan_add(s, base + m->start, base + m->end, rule);
}

static void run_pattern(struct redact_scan *s, size_t rule, size_t start, size_t end, bool cut)
{
	struct span text = { s->in.data + start, end - start };
	size_t from = 0;
	while (from <= text.len && !s->overflow) {
		struct pattern_match m;
		if (++s->pattern_calls > PATTERN_CALLS_MAX) {
			s->overflow = true;
			return;
		}
		switch (pattern_find(s->r->rules[rule].pattern, text, from, cut, &m)) {
		case PATTERN_NONE:
			return;
		case PATTERN_LIMIT:
			redact_scan_add(s, start, end, REDACT_LIMIT);
			return;
		case PATTERN_CUT:
			redact_scan_add(s, start + m.start, end, rule);
			return;
		case PATTERN_FOUND:
			add_match(s, start, &m, rule);
			from = MAX(m.end, from + 1);
		}
	}
}

static void run_patterns(struct redact_scan *s, size_t start, size_t end, bool cut)
{
	struct keyword_hits hits = s->r->always;
	keyword_find(s->r->triggers, (struct span){ s->in.data + start, end - start }, &hits);
	for (size_t i = 0; i < s->r->count; i++) {
		if (!s->r->rules[i].pattern || !keyword_hit(&s->candidates, (unsigned)i))
			continue;
		/* A program is named elsewhere in the vector. */
		bool here = s->r->rules[i].rule->programs ? redact_scan_armed(s, i)
		                                          : keyword_hit(&hits, (unsigned)i);
		if (here)
			run_pattern(s, i, start, end, cut);
	}
}

static void scan_argv(struct redact_scan *s, size_t cut)
{
	redact_scan_argv_words(s);
	for (size_t at = 0, end; at < s->in.len && !s->overflow; at = end + 1) {
		const uint8_t *nul = memchr(s->in.data + at, 0, s->in.len - at);
		end = nul ? (size_t)(nul - s->in.data) : s->in.len;
		run_patterns(s, at, end, cut && (end + 1 >= s->in.len || end - at >= cut));
	}
}

void redact_find(struct redact *r, enum redact_form form, struct span in, size_t cut, struct redact_hits *ret)
{
	ret->count = 0;
	struct keyword_hits candidates = r->always;
	keyword_find(r->triggers, in, &candidates);
	if (!keyword_hits_any(&candidates) || in.len == 0)
		return;
	struct redact_scan s = { .r = r, .in = in, .candidates = candidates, .hits = ret };
	if (form == REDACT_ARGV) {
		scan_argv(&s, cut);
	} else {
		redact_scan_text_words(&s, 0, in.len);
		run_patterns(&s, 0, in.len, cut != REDACT_WHOLE);
	}
	if (s.overflow) {
		ret->count = 1;
		ret->item[0] = (struct redact_hit){ 0, in.len, REDACT_LIMIT };
	}
}

void redact_put_mark(struct buf *b, const struct redact_hit *hit)
{
	buf_printf(b, MARK_BEGIN "%zu]", hit->rule == REDACT_LITERAL ? 0 : hit->end - hit->start);
}

void redact_put(struct buf *b, struct span in, const struct redact_hits *hits)
{
	size_t at = 0;
	for (size_t i = 0; i < hits->count; i++) {
		buf_put(b, in.data + at, hits->item[i].start - at);
		redact_put_mark(b, &hits->item[i]);
		at = hits->item[i].end;
	}
	buf_put(b, in.data + at, in.len - at);
}

int redact_apply(struct redact *r, enum redact_form form, struct span in, size_t cut, struct span *ret,
                 bool *marked)
{
	struct redact_hits hits = { 0 };
	if (r)
		redact_find(r, form, in, cut, &hits);
	if (hits.count == 0) {
		*ret = in;
		return 0;
	}
	buf_reset(&r->out);
	redact_put(&r->out, in, &hits);
	int err = buf_err(&r->out);
	if (err)
		return err;
	*ret = (struct span){ r->out.data, r->out.len };
	*marked = true;
	return 0;
}
