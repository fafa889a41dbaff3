/* Any bytes as a statement, also behind a good fleet's genesis: nothing is taken that people did not sign,
 * and what can be read is written the same. */
#include "evidence/statement.h"
#include "tests/support/host_log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Signatures are left out, or nothing but the seeds would get this far. */
static void read_text(struct span in)
{
	cleanup_buf struct buf again = { 0 };
	struct statement s;
	struct span line;
	if (statement_parse_text(in, &s) < 0 || s.kind == STATEMENT_UNKNOWN)
		return;
	statement_put_text(&again, &s);
	if (!span_equal((struct span){ again.data, again.len }, in))
		abort();
	while (line_take(&s.from, &line) || line_take(&s.policy, &line))
		;
	(void)statement_host_fits(s.hosts, s.host);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = { data, size };
	static struct test_fleet fleet;
	static struct genesis good;
	enum statement_kind kind;
	struct genesis g;
	struct statement s;
	if (!good.fleet[0]) {
		test_fleet_init(&fleet, "acme");
		if (genesis_parse((struct span){ fleet.genesis_note.data, fleet.genesis_note.len }, &good) <
		    0)
			abort();
	}
	(void)!statement_kind(in, &kind);
	read_text(in);
	if (genesis_parse(in, &g) == 0 && (g.admin_count == 0 || g.auditor_count == 0 ||
	                                   g.admin_count + g.auditor_count > STATEMENT_MAX_PEOPLE))
		abort();
	return statement_parse(in, &good, &s) == 0 ? -1 : 0;
}
