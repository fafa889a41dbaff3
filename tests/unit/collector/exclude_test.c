#include "collector/exclude.h"

#include <criterion/criterion.h>

#include "evidence/entry.h"

static char error[512];
static const struct yaml_errors errors = { "c", error, sizeof(error) };
static struct exclude x;

static struct span span(const char *s)
{
	return span_str(s);
}

static int parse(const char *text)
{
	struct yaml_tree *tree;
	cr_assert_eq(yaml_tree_parse(span(text), &errors, &tree), 0, "%s", error);
	int r = exclude_parse(&errors, yaml_tree_root(tree), &x);
	yaml_tree_free(tree);
	return r;
}

static void refused(const char *text, const char *message)
{
	cr_expect_eq(parse(text), -EINVAL, "%s", text);
	cr_expect_str_eq(error, message);
	exclude_done(&x);
}

static struct exclude_event event(uint16_t kind, const char *path)
{
	return (struct exclude_event){ .kind = kind,
		                       .uid = 1000,
		                       .cgroup = 7,
		                       .exe = span("/usr/bin/cc"),
		                       .paths = { span(path) },
		                       .path_count = 1 };
}

static bool left_out(struct exclude_event e)
{
	return exclude_match(&x, &e) != NULL;
}

static void done(void)
{
	exclude_done(&x);
}

TestSuite(exclude, .fini = done);

Test(exclude, all_that_is_asked_for_must_hold)
{
	cr_assert_eq(parse("- reason: builds\n  kinds: [open, unlink]\n  paths: [/b]\n  exe: [/usr/bin/cc]\n"
	                   "  uid: 1000\n  cgroup: 7\n  result: succeeded\n"),
	             0, "%s", error);
	struct exclude_event e = event(KIND_OPEN, "/b/x");
	cr_expect(left_out(e));
	e.kind = KIND_CHMOD;
	cr_expect_not(left_out(e));
	e = event(KIND_OPEN, "/c/x");
	cr_expect_not(left_out(e));
	e = event(KIND_OPEN, "/b/x");
	e.exe = span("/usr/bin/ccx");
	cr_expect_not(left_out(e));
	e = event(KIND_OPEN, "/b/x");
	e.uid = 0;
	cr_expect_not(left_out(e));
	e = event(KIND_OPEN, "/b/x");
	e.cgroup = 0;
	cr_expect_not(left_out(e));
	e = event(KIND_OPEN, "/b/x");
	e.failed = true;
	cr_expect_not(left_out(e));
}

Test(exclude, every_path_of_the_event_must_lie_there)
{
	cr_assert_eq(parse("- reason: builds\n  paths: [/b, /t/*.o]\n"), 0, "%s", error);
	struct exclude_event e = event(KIND_RENAME, "/b/x");
	e.paths[1] = span("/t/x.o");
	e.path_count = 2;
	cr_expect(left_out(e));
	e.paths[1] = span("/etc/passwd");
	cr_expect_not(left_out(e));
	e.path_count = 0;
	cr_expect_not(left_out(e), "nobody vouches for a path");
}

Test(exclude, what_matters_is_never_left_out)
{
	cr_assert_eq(parse("- reason: everything of this user\n  uid: 1000\n"), 0, "%s", error);
	for (uint16_t kind = 0; kind < 200; kind++) {
		bool may =
		        kind == 20 || (kind >= 32 && kind <= 44) || kind == 48 || (kind >= 96 && kind <= 98);
		cr_expect_eq(left_out(event(kind, "/x")), may, "%u", kind);
	}
}

Test(exclude, faulty_exclusions_are_refused)
{
	refused("- uid: 3\n", "c:1: 'reason' is missing here: it must be given");
	refused("- reason: x\n", "c:1: this would leave out everything: say what");
	refused("- reason: x\n  kinds: [exec]\n", "c:2: unknown or always told kind 'exec'");
	refused("- reason: x\n  kinds: [read]\n", "c:2: unknown or always told kind 'read'");
	refused("- reason: x\n  paths: []\n", "c:2: 'paths': expected 1 to 64 paths");
	refused("- reason: x\n  uid: root\n",
	        "c:2: 'uid': expected a whole number from 0 to 4294967294, not 'root'");
	refused("- reason: x\n  result: ok\n",
	        "c:2: 'result': expected one of any, succeeded, failed, not 'ok'");
	refused("- reason: x\n  user: 3\n", "c:2: unknown key 'user'");
}

Test(exclude, a_cgroup_that_is_not_there_is_nobodys)
{
	cr_assert_eq(parse("- reason: x\n  cgroup: /no-such-group\n"), 0, "%s", error);
	struct exclude_event e = event(KIND_OPEN, "/b/x");
	cr_expect_not(left_out(e));
	e.cgroup = 0;
	cr_expect_not(left_out(e));
}
