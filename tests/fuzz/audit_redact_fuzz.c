/* Any bytes as an audit record of each treatment: the result is bounded, and can be parsed. */
#include "audit/redact.h"

#include "tests/support/shipped_rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct redact *rules(void)
{
	static struct redact *shipped;
	if (!shipped)
		shipped = shipped_rules();
	return shipped;
}

/* The input's first half and second half as two records of one event. */
static void check(struct audit_redaction *x, uint16_t type, const uint8_t *data, size_t size)
{
	struct audit_line lines[] = { { type, { data, size / 2 } },
		                      { type, { data + size / 2, size - size / 2 } } };
	struct audit_assembled event = { .lines = lines, .count = 2 }, out;
	if (audit_redact(x, rules(), &event, &out))
		abort();
	if (out.count != 2 || out.redacted != (out.lines != lines))
		abort();
	for (size_t i = 0; i < 2; i++) {
		struct audit_iterator it;
		struct audit_item item;
		audit_iterator_init(&it, out.lines[i].text);
		while (audit_iterator_next(&it, &item))
			;
		if (out.lines[i].text.len > size * 14 + 64)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint16_t types[] = { 1309, 1327, 1123, 1302 };
	struct audit_redaction *x;
	if (audit_redaction_new(&x))
		abort();
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		check(x, types[i], data, size);
	audit_redaction_free(x);
	return 0;
}
