/* Any bytes as the rules of collection: rules, or a sentence. */
#include "collector/rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char error[160] = "";
	struct rules *rules = NULL;
	int r = rules_parse("fuzz", (struct span){ data, size }, &rules, error, sizeof(error));
	if (r < 0 ? !error[0] || rules : !rules)
		abort();
	rules_free(rules);
	return 0;
}
