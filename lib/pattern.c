#include "lib/pattern.h"

#include <stdio.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

/* What the shipped patterns need is 3 steps a byte; nested repetition reaches any limit. */
#define STEPS_BASE     4096u
#define STEPS_PER_BYTE 64u
#define DEPTH_MAX      4096u
#define HEAP_MAX_KIB   4096u
#define NESTING_MAX    32u

/* No JIT: it needs memory that is writable and executable, which the process that reads hostile bytes is
 * denied. */
struct pattern {
	pcre2_code *code;
	pcre2_match_data *match;
	pcre2_match_context *limits;
};

static void free_pattern(struct pattern **p)
{
	pattern_free(*p);
}

static void free_compile(pcre2_compile_context **context)
{
	pcre2_compile_context_free(*context);
}

static int compile(struct pattern *p, const char *text, char *error, size_t error_size)
{
	int code;
	PCRE2_SIZE at;
	pcre2_compile_context *context cleanup(free_compile) = pcre2_compile_context_create(NULL);
	if (!context)
		return -ENOMEM;
	pcre2_set_max_pattern_length(context, PATTERN_MAX_BYTES);
	pcre2_set_parens_nest_limit(context, NESTING_MAX);
	p->code =
	        pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED,
	                      PCRE2_NEVER_UTF | PCRE2_NEVER_UCP | PCRE2_DOLLAR_ENDONLY, &code, &at, context);
	if (p->code)
		return 0;
	PCRE2_UCHAR words[160];
	pcre2_get_error_message(code, words, sizeof(words));
	snprintf(error, error_size, "%s, at byte %zu of the pattern", (const char *)words, at);
	return -EINVAL;
}

int pattern_new(const char *text, struct pattern **ret, char *error, size_t error_size)
{
	uint32_t groups = 0;
	struct pattern *p cleanup(free_pattern) = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	int err = compile(p, text, error, error_size);
	if (err)
		return err;
	pcre2_pattern_info(p->code, PCRE2_INFO_CAPTURECOUNT, &groups);
	if (groups > PATTERN_GROUPS) {
		snprintf(error, error_size, "more than %d groups that capture", PATTERN_GROUPS);
		return -EINVAL;
	}
	p->match = pcre2_match_data_create(PATTERN_GROUPS + 1, NULL);
	p->limits = pcre2_match_context_create(NULL);
	if (!p->match || !p->limits)
		return -ENOMEM;
	pcre2_set_depth_limit(p->limits, DEPTH_MAX);
	pcre2_set_heap_limit(p->limits, HEAP_MAX_KIB);
	*ret = TAKE_PTR(p);
	return 0;
}

void pattern_free(struct pattern *p)
{
	if (!p)
		return;
	pcre2_match_context_free(p->limits);
	pcre2_match_data_free(p->match);
	pcre2_code_free(p->code);
	free(p);
}

static void take_groups(const PCRE2_SIZE *at, size_t count, struct pattern_match *ret)
{
	/* \K may put the start behind the end. */
	*ret = (struct pattern_match){ .start = MIN(at[0], at[1]), .end = at[1] };
	for (size_t i = 1; i < count; i++) {
		if (at[2 * i] == PCRE2_UNSET)
			continue;
		ret->group[ret->count].start = MIN(at[2 * i], at[2 * i + 1]);
		ret->group[ret->count++].end = at[2 * i + 1];
	}
}

enum pattern_outcome pattern_find(struct pattern *p, struct span text, size_t from, bool cut,
                                  struct pattern_match *ret)
{
	pcre2_set_match_limit(p->limits, (uint32_t)MIN(STEPS_BASE + text.len * STEPS_PER_BYTE, UINT32_MAX));
	int n = pcre2_match(p->code, text.len ? text.data : (PCRE2_SPTR) "", text.len, from,
	                    cut ? PCRE2_PARTIAL_SOFT : 0, p->match, p->limits);
	const PCRE2_SIZE *at = pcre2_get_ovector_pointer(p->match);
	if (n == PCRE2_ERROR_NOMATCH)
		return PATTERN_NONE;
	if (n == PCRE2_ERROR_PARTIAL) {
		*ret = (struct pattern_match){ .start = at[0], .end = text.len };
		return PATTERN_CUT;
	}
	if (n <= 0)
		return PATTERN_LIMIT;
	take_groups(at, (size_t)n, ret);
	return PATTERN_FOUND;
}
