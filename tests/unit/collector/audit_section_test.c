#include "collector/rules.h"

#include <criterion/criterion.h>

static struct rules *rules;
static char error[512];

static int parse(const char *text)
{
	return rules_parse("c.yaml", span_str(text), &rules, error, sizeof(error));
}

Test(audit_section, no_section_brings_no_rules)
{
	cr_assert_eq(parse(""), 0);
	cr_assert(!rules->audit.exec && rules->audit.rules.count == 0);
	rules_free(rules);
}

Test(audit_section, exec_rules_come_after_further_lines)
{
	cr_assert_eq(parse("audit:\n  exec: true\n  rules:\n    - -w /etc/passwd -p wa -k accounts\n"), 0,
	             "%s", error);
	cr_assert(rules->audit.exec && rules->audit.rules.count >= 2);
	rules_free(rules);
}

static bool same_as(const char *one, const char *other)
{
	cr_assert_eq(parse(one), 0, "%s", error);
	struct rules *first = rules;
	cr_assert_eq(parse(other), 0, "%s", error);
	bool same = audit_section_equal(&first->audit, &rules->audit);
	rules_free(first);
	rules_free(rules);
	return same;
}

Test(audit_section, a_change_is_seen_in_each_part_and_in_no_other_section)
{
	static const char watch[] = "audit:\n  rules:\n    - -w /etc/passwd -p wa\n";
	cr_expect(same_as("", "kinds:\n  open: false\n"));
	cr_expect(same_as(watch,
	                  "kinds:\n  open: false\naudit:\n  exec: false\n  rules: [-w /etc/passwd -p wa]\n"));
	cr_expect_not(same_as("", watch));
	cr_expect_not(same_as(watch, "audit:\n  exec: true\n  rules:\n    - -w /etc/passwd -p wa\n"));
	cr_expect_not(same_as(watch, "audit:\n  rules:\n    - -w /etc/passwd -p w\n"));
}

Test(audit_section, a_line_that_is_no_rule_is_named)
{
	cr_assert_eq(parse("audit:\n  rules:\n    - -w /etc/passwd\n    - -D all\n"), -EINVAL);
	cr_assert_str_eq(error, "c.yaml:4: audit rule: expected -a, -A or -w first");
	cr_assert_eq(parse("audit:\n  exec: maybe\n"), -EINVAL);
	cr_assert_eq(parse("audit:\n  rules: -D\n"), -EINVAL);
	cr_assert_eq(parse("audit:\n  exce: true\n"), -EINVAL);
}
