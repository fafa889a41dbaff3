/* Any bytes as arguments and as text: places in order and within, and what follows a secret's option never
 * stays. */
#include "lib/redact.h"

#include "tests/support/shipped_rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct redact *rules(void)
{
	static struct redact *shipped;
	if (!shipped)
		shipped = shipped_rules();
	return shipped;
}

static void check(enum redact_form form, struct span in, size_t cut)
{
	struct redact_hits hits;
	cleanup_buf struct buf out = { 0 };
	redact_find(rules(), form, in, cut, &hits);
	size_t at = 0;
	for (size_t i = 0; i < hits.count; i++) {
		const struct redact_hit *h = &hits.item[i];
		if (h->start < at || h->end <= h->start || h->end > in.len ||
		    !redact_rule_name(rules(), h->rule))
			abort();
		at = h->end;
	}
	redact_put(&out, in, &hits);
	if (buf_err(&out) || (hits.count == 0 && !span_equal(in, (struct span){ out.data, out.len })))
		abort();
}

/* "--password\0<input>\0": whatever the input is, it goes, unless it is an option itself. */
static void check_planted(const uint8_t *data, size_t size)
{
	static const char option[] = "--password";
	cleanup_buf struct buf b = { 0 };
	struct redact_hits hits;
	if (size == 0 || data[0] == '-' || memchr(data, 0, size))
		return;
	buf_put(&b, option, sizeof(option));
	buf_put(&b, data, size);
	redact_find(rules(), REDACT_ARGV, (struct span){ b.data, b.len }, REDACT_WHOLE, &hits);
	if (hits.count != 1 || hits.item[0].start > sizeof(option) || hits.item[0].end != b.len)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check(REDACT_ARGV, (struct span){ data, size }, REDACT_WHOLE);
	check(REDACT_ARGV, (struct span){ data, size }, REDACT_CUT_LAST);
	check(REDACT_TEXT, (struct span){ data, size }, REDACT_WHOLE);
	check_planted(data, size);
	return 0;
}
