/* One line of an audit.rules file: it is refused with a reason, or has a verdict; what is kept can be read
 * again. */
#include "cli/import_out.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_kept(const struct auditctl_rule *rule, const struct coverage *cover,
                       struct auditctl_rule *again)
{
	struct buf b = { 0 };
	const char *why;
	if (import_put_rule(&b, rule, cover) == 0) {
		struct span text = { b.data, b.len };
		if (b.len <= AUDITCTL_LINE_MAX && memchr(b.data, '\\', b.len) == NULL &&
		    memchr(b.data, '"', b.len) == NULL && memchr(b.data, '\'', b.len) == NULL &&
		    (auditctl_parse(text, again, &why) < 0 || again->form != rule->form))
			abort();
	}
	buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct auditctl_rule rule, again;
	static struct coverage cover;
	static struct import_out out;
	const char *why = NULL;
	if (auditctl_parse((struct span){ data, size }, &rule, &why) < 0) {
		if (!why)
			abort();
		return 0;
	}
	coverage_of(&rule, size % 2 ? MACHINE_X86_64 : MACHINE_AARCH64, &cover);
	if (cover.verdict == COVERAGE_UNSUPPORTED && !cover.why)
		abort();
	if (cover.verdict == COVERAGE_RULE)
		check_kept(&rule, &cover, &again);
	memset(&out, 0, sizeof(out));
	(void)import_out_take(&out, &rule, &cover);
	import_out_done(&out);
	return 0;
}
