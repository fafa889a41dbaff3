#include "cli/options.h"

#include <stdio.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "cli/command.h"

static struct {
	bool json;
	const char *anchor;
	uint64_t lines;
	struct option_list hosts;
	const char *argument[2];
	size_t count;
	int status;
} got;

static bool parse(const char *words, bool anchor_required)
{
	const struct option_row rows[] = {
		{ "json", OPTION_FLAG, &got.json, NULL, .help = "as JSON" },
		{ "anchor", OPTION_TEXT, &got.anchor, "FILE", "trust this", .required = anchor_required },
		{ "lines", OPTION_UINT, &got.lines, "N", "so many", .min = 1, .max = 10 },
		{ "host", OPTION_LIST, &got.hosts, "NAME", .help = "only these" },
	};
	const struct usage usage = { "swornlog x", "STORE", "Does x.", rows, ARRAY_SIZE(rows), 1, 2 };
	static char copy[4096];
	char *argv[64] = { (char[]){ "x" } };
	int argc = 1;
	memset(&got, 0, sizeof(got));
	snprintf(copy, sizeof(copy), "%s", words);
	for (char *w = strtok(copy, " "); w; w = strtok(NULL, " "))
		argv[argc++] = w;
	return options_parse(&usage, argc, argv, got.argument, &got.count, &got.status);
}

static void silence(void)
{
	cr_assert_not_null(freopen("/dev/null", "w", stdout));
	cr_assert_not_null(freopen("/dev/null", "w", stderr));
}

TestSuite(options, .init = silence);

Test(options, options_and_arguments_come_in_any_order)
{
	cr_assert(parse("store --json --anchor g other --lines=3", false));
	cr_expect(got.json);
	cr_expect_str_eq(got.anchor, "g");
	cr_expect_eq(got.lines, 3);
	cr_expect_eq(got.count, 2);
	cr_expect_str_eq(got.argument[1], "other");
}

Test(options, a_list_takes_every_value)
{
	cr_assert(parse("--host a --host=b store", false));
	cr_expect_eq(got.hosts.count, 2);
	cr_expect_str_eq(got.hosts.item[1], "b");
}

Test(options, two_dashes_end_the_options)
{
	cr_assert(parse("-- --json -", false));
	cr_expect_not(got.json);
	cr_expect_str_eq(got.argument[0], "--json");
	cr_expect_str_eq(got.argument[1], "-");
}

static void refused(const char *words)
{
	cr_expect_not(parse(words, false), "%s", words);
	cr_expect_eq(got.status, COMMAND_USAGE, "%s", words);
}

Test(options, what_is_wrong_is_refused)
{
	refused("");
	refused("a b c");
	refused("store --jsno");
	refused("store --jso");
	refused("store -json");
	refused("store --json=yes");
	refused("store --json --json");
	refused("store --anchor");
	refused("store --anchor=");
	refused("store --lines 0");
	refused("store --lines 11");
	refused("store --lines -1");
	refused("store --lines 3x");
}

Test(options, a_required_option_must_be_there)
{
	cr_expect_not(parse("store", true));
	cr_expect_eq(got.status, COMMAND_USAGE);
	cr_expect(parse("store --anchor g", true));
}

Test(options, a_list_is_bounded)
{
	char words[2048] = "store";
	for (int i = 0; i <= OPTION_LIST_MAX; i++)
		strcat(words, " --host=a");
	refused(words);
}

Test(options, help_ends_well)
{
	cr_expect_not(parse("--help", true));
	cr_expect_eq(got.status, COMMAND_OK);
}
