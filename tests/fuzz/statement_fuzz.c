/* Any bytes as a statement, also behind a good fleet's genesis: nothing is taken that people did not sign. */
#include "evidence/statement.h"
#include "tests/support/host_log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = { data, size };
	static struct test_fleet fleet;
	static struct genesis good;
	enum statement_kind kind;
	struct genesis g;
	struct enrolment e;
	if (!good.fleet[0]) {
		test_fleet_init(&fleet, "acme");
		if (genesis_parse((struct span){ fleet.genesis_note.data, fleet.genesis_note.len }, &good) <
		    0)
			abort();
	}
	(void)!statement_kind(in, &kind);
	if (genesis_parse(in, &g) == 0 && (g.admin_count == 0 || g.auditor_count == 0 ||
	                                   g.admin_count + g.auditor_count > STATEMENT_MAX_PEOPLE))
		abort();
	return enrolment_parse(in, &good, &e) == 0 ? -1 : 0;
}
