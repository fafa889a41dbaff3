#include "collector/rules.h"

#include <criterion/criterion.h>

static struct rules *rules;
static char error[512];

static int parse(const char *text)
{
	return rules_parse("c.yaml", (struct span){ (const uint8_t *)text, strlen(text) }, &rules, error,
	                   sizeof(error));
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

Test(audit_section, a_line_that_is_no_rule_is_named)
{
	cr_assert_eq(parse("audit:\n  rules:\n    - -w /etc/passwd\n    - -D all\n"), -EINVAL);
	cr_assert_str_eq(error, "c.yaml:4: audit rule: expected -a, -A or -w first");
	cr_assert_eq(parse("audit:\n  exec: maybe\n"), -EINVAL);
	cr_assert_eq(parse("audit:\n  rules: -D\n"), -EINVAL);
	cr_assert_eq(parse("audit:\n  exce: true\n"), -EINVAL);
}
