#include "lib/redact_config.h"

#include <criterion/criterion.h>

static char error[512];
static struct redact_config *config;

static int parse(const char *text)
{
	struct yaml_errors e = { "r.yaml", error, sizeof(error) };
	struct yaml_tree *tree = NULL;
	config = NULL;
	error[0] = '\0';
	cr_assert_eq(yaml_tree_parse(span_str(text), &e, &tree), 0, "%s", error);
	int err = redact_config_parse(&e, yaml_tree_root(tree), &config);
	yaml_tree_free(tree);
	return err;
}

static void becomes(const char *text, const char *want)
{
	struct span in = { (const uint8_t *)text, strlen(text) }, out;
	bool marked = false;
	cr_assert_eq(redact_apply(redact_config_engine(config), REDACT_TEXT, in, REDACT_WHOLE, &out, &marked),
	             0);
	cr_expect(span_is(out, want), "%.*s", (int)out.len, (const char *)out.data);
}

Test(redact_config, nothing_means_the_shipped_rules)
{
	cr_assert_eq(parse(""), 0);
	becomes("mysql -phunter2", "mysql -p[redacted:7]");
	redact_config_free(config);
}

Test(redact_config, shipped_rules_are_switched_off_by_name)
{
	cr_assert_eq(parse("disable: [mysql]\n"), 0, "%s", error);
	becomes("mysql -phunter2 --password=x", "mysql -phunter2 --password=[redacted:1]");
	redact_config_free(config);
}

Test(redact_config, all_of_it_is_switched_off)
{
	cr_assert_eq(parse("enabled: false\n"), 0, "%s", error);
	cr_expect_null(redact_config_engine(config));
	becomes("--password=x [redacted:1]", "--password=x [redacted:1]");
	redact_config_free(config);
}

Test(redact_config, own_rules_outlive_the_file)
{
	cr_assert_eq(
	        parse("rules:\n"
	              "  - {name: acme, pattern: 'acme_([0-9a-f]{8})', triggers: [acme_]}\n"
	              "  - {name: deploy, programs: [deployctl], subcommand: up, options: [-k], value: next, "
	              "after: ':'}\n"
	              "  - {name: german, names: [kennwort, -pin]}\n"),
	        0, "%s", error);
	becomes("acme_0123abcd deployctl -k a:b up -k a:b -ka:b",
	        "acme_[redacted:8] deployctl -k a:b up -k a:[redacted:1] -ka:b");
	becomes("--kennwort x --pin=1", "--kennwort [redacted:1] --pin=[redacted:1]");
	redact_config_free(config);
}

Test(redact_config, says_what_is_wrong)
{
	static const struct {
		const char *text, *message;
	} bad[] = {
		{ "- a\n", "r.yaml:1: 'redact': expected 'key: value' lines, not a list" },
		{ "enabled: maybe\n", "r.yaml:1: 'enabled': expected true or false, not 'maybe'" },
		{ "enable: true\n", "r.yaml:1: unknown key 'enable' (did you mean 'enabled'?)" },
		{ "disable:\n  - mysqll\n",
		  "r.yaml:2: unknown shipped rule 'mysqll' (did you mean 'mysql'?)" },
		{ "rules:\n  - {pattern: a}\n", "r.yaml:2: 'name' is missing here: it must be given" },
		{ "rules:\n  - {name: x}\n",
		  "r.yaml:2: rule 'x' needs one of 'options', 'names' and 'pattern'" },
		{ "rules:\n  - {name: x, pattern: a, names: [b]}\n",
		  "r.yaml:2: rule 'x' needs one of 'options', 'names' and 'pattern'" },
		{ "rules:\n  - {name: x, options: [-k], subcommand: up}\n",
		  "r.yaml:2: rule 'x' has a 'subcommand' and no 'programs'" },
		{ "rules:\n  - {name: x, options: []}\n", "r.yaml:2: 'options': expected 1 to 256 words" },
		{ "rules:\n  - {name: x, options: [-k], after: ab}\n",
		  "r.yaml:2: 'after': expected a single byte" },
		{ "rules:\n  - {name: x, options: [-k], value: none}\n",
		  "r.yaml:2: 'value': expected one of attached, next, both, not 'none'" },
		{ "rules:\n  - {name: x, pattern: '('}\n",
		  "r.yaml:1: redaction rule 'x': missing closing parenthesis, at byte 1 of the pattern" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		cr_expect_eq(parse(bad[i].text), -EINVAL, "%s", bad[i].text);
		cr_expect_str_eq(error, bad[i].message);
		cr_expect_null(config);
	}
}
