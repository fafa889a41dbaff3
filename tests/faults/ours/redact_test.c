/* Redaction without memory: the event is refused, and never let through as it is. */
#include <criterion/criterion.h>

#include "audit/redact.h"
#include "lib/redact_config.h"
#include "tests/faults/ours/ours.h"
#include "tests/support/bytes.h"

__attribute__((weak)) int __lsan_do_recoverable_leak_check(void);

static struct span secret_argv(void)
{
	static const char argv[] = "mysql\0-phunter2";
	return (struct span){ (const uint8_t *)argv, sizeof(argv) };
}

static bool holds_secret(struct span s)
{
	return memmem(s.data, s.len, "hunter2", 7);
}

static int parse_rules(struct redact_config **ret)
{
	char error[256];
	struct yaml_errors e = { "r.yaml", error, sizeof(error) };
	struct yaml_tree *tree = NULL;
	struct span text =
	        TEXT("rules:\n  - {name: own, names: [kennwort]}\n  - {name: two, options: [--key]}\n");
	int r = yaml_tree_parse(text, &e, &tree);
	if (r == 0)
		r = redact_config_parse(&e, yaml_tree_root(tree), ret);
	yaml_tree_free(tree);
	return r;
}

static int redact_argv(struct redact *rules)
{
	struct span out = { 0 };
	bool marked = false;
	int r = redact_apply(rules, REDACT_ARGV, secret_argv(), REDACT_WHOLE, &out, &marked);
	cr_assert(r != 0 || (marked && !holds_secret(out)));
	return r;
}

static int redact_record(struct redact *rules)
{
	struct audit_line line = { 1309, TEXT("audit(1.000:1): argc=2 a0=\"mysql\" a1=\"-phunter2\"") };
	struct audit_assembled event = { .lines = &line, .count = 1 }, out;
	struct audit_redaction *x = NULL;
	int r = audit_redaction_new(&x);
	if (r == 0)
		r = audit_redact(x, rules, &event, &out);
	cr_assert(r != 0 || (out.redacted && !holds_secret(out.lines[0].text)));
	audit_redaction_free(x);
	return r;
}

static int run(void)
{
	struct redact_config *config = NULL;
	int r = parse_rules(&config);
	cr_assert(r == 0 ? config != NULL : !config);
	if (r == 0)
		r = redact_argv(redact_config_engine(config));
	if (r == 0)
		r = redact_record(redact_config_engine(config));
	redact_config_free(config);
	return r;
}

Test(ours, redaction_without_memory_lets_nothing_through)
{
	uint64_t n = 0;
	bool failed;
	do {
		alloc_fail(++n, ALLOC_ONCE);
		int r = run();
		failed = alloc_failed();
		cr_assert(r == 0 || (failed && r == -ENOMEM), "allocation %llu: %d", (unsigned long long)n,
		          r);
	} while (failed);
	cr_assert_gt(n, 10, "redaction takes memory");
	if (__lsan_do_recoverable_leak_check)
		cr_assert_eq(__lsan_do_recoverable_leak_check(), 0);
}
