/* Any bytes as the rules of collection: rules, and words for them, or a sentence. */
#include "collector/rules_report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* For a terminal, whatever the rules hold. */
static void describe(const struct rules *rules)
{
	cleanup_buf struct buf b = { 0 };
	rules_report(rules, &b);
	rules_warn(rules, &b);
	for (size_t i = 0; i < b.len; i++)
		if (b.data[i] == 0x7f || (b.data[i] < ' ' && b.data[i] != '\n'))
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char error[160] = "";
	struct rules *rules = NULL;
	int r = rules_parse("fuzz", (struct span){ data, size }, &rules, error, sizeof(error));
	if (r < 0 ? !error[0] || rules : !rules)
		abort();
	if (rules)
		describe(rules);
	rules_free(rules);
	return 0;
}
