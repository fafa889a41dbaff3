#include "collector/watch.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "collector/glob.h"

static struct span span(const char *s)
{
	return span_str(s);
}

static bool fits(const char *pattern, const char *text)
{
	return glob_match(span(pattern), span(text)) == GLOB_YES;
}

Test(glob, a_star_stays_within_a_component)
{
	cr_expect(fits("/a/*.db", "/a/x.db"));
	cr_expect(fits("/a/*.db", "/a/.db"));
	cr_expect(fits("/a/*b*b", "/a/abbab"));
	cr_expect_not(fits("/a/*.db", "/a/x/y.db"));
	cr_expect_not(fits("/a/*.db", "/a/x.dbx"));
	cr_expect(fits("*", ""));
}

Test(glob, two_stars_cross_slashes)
{
	cr_expect(fits("/a/**.db", "/a/x/y/z.db"));
	cr_expect(fits("/**/b/*.c", "/x/y/b/b/z.c"));
	cr_expect_not(fits("/**/b/*.c", "/x/y/b/q/z.c"));
	cr_expect(fits("/a/**", "/a/"));
}

Test(glob, single_bytes_sets_and_escapes)
{
	cr_expect(fits("/a?c", "/abc"));
	cr_expect_not(fits("/a?c", "/a/c"));
	cr_expect(fits("/[a-c]x", "/bx"));
	cr_expect_not(fits("/[a-c]x", "/dx"));
	cr_expect(fits("/[!a-c]x", "/dx"));
	cr_expect_not(fits("/a[!b]c", "/a/c"));
	cr_expect(fits("/[]]x", "/]x"));
	cr_expect(fits("/a\\*b", "/a*b"));
	cr_expect_not(fits("/a\\*b", "/axb"));
}

Test(glob, faulty_patterns_are_known)
{
	cr_expect(glob_ok(span("/a[b]\\*c")));
	cr_expect_not(glob_ok(span("/a[b")));
	cr_expect_not(glob_ok(span("/a\\")));
}

Test(glob, a_pattern_that_takes_too_long_is_given_up)
{
	static char text[4000];
	memset(text, 'a', sizeof(text) - 1);
	enum glob_verdict v = glob_match(span("**a*a**a*a**a*b"), span(text));
	cr_expect(v == GLOB_TOO_LONG || v == GLOB_NO);
}

Test(glob, the_fixed_part_is_a_directory)
{
	cr_expect_eq(glob_fixed(span("/a/b*c")), 2);
	cr_expect_eq(glob_fixed(span("/*")), 0);
	cr_expect_eq(glob_fixed(span("/a/b\\*")), 2);
}

static char error[512];
static const struct yaml_errors errors = { "c", error, sizeof(error) };
static struct watch w;

static int parse(const char *text)
{
	struct yaml_tree *tree;
	cr_assert_eq(yaml_tree_parse(span(text), &errors, &tree), 0, "%s", error);
	int r = watch_parse(&errors, yaml_tree_root(tree), &w);
	yaml_tree_free(tree);
	return r;
}

static void refused(const char *text, const char *message)
{
	memset(&w, 0, sizeof(w));
	cr_expect_eq(parse(text), -EINVAL, "%s", text);
	cr_expect_str_eq(error, message);
	cr_expect_null(w.paths);
}

static uint32_t match(const char *path)
{
	return watch_match(&w, span(path));
}

Test(watch, a_path_labels_itself_and_all_below)
{
	struct label_names names = { 0 };
	cr_assert_eq(parse("- label: phi\n  paths: [/srv/phi/]\n- label: secrets\n  paths: [/etc/shadow]\n"),
	             0);
	cr_assert_eq(watch_bind(&w, &names), 0);
	cr_expect_eq(match("/srv/phi"), 1);
	cr_expect_eq(match("/srv/phi/a/b"), 1);
	cr_expect_eq(match("/srv/phix"), 0);
	cr_expect_eq(match("/srv"), 0);
	cr_expect_eq(match("/etc/shadow"), 2);
	cr_expect_str_eq(names.names[1], "secrets");
	watch_done(&w);
}

Test(watch, a_pattern_labels_what_fits_and_all_below)
{
	struct label_names names = { 0 };
	cr_assert_eq(parse("- label: a\n  paths: ['/home/*/.ssh', '/x/**.key']\n- label: b\n  paths: [/]\n"),
	             0, "%s", error);
	cr_assert_eq(watch_bind(&w, &names), 0);
	cr_expect_eq(match("/home/u/.ssh"), 3);
	cr_expect_eq(match("/home/u/.ssh/id"), 3);
	cr_expect_eq(match("/home/u/.sshx"), 2);
	cr_expect_eq(match("/x/y/z.key"), 3);
	cr_expect_eq(match("/"), 2);
	watch_done(&w);
}

Test(watch, a_label_keeps_its_bit)
{
	struct label_names names = { 0 };
	cr_assert_eq(parse("- label: a\n  paths: [/a]\n- label: b\n  paths: [/b]\n"), 0);
	cr_assert_eq(watch_bind(&w, &names), 0);
	watch_done(&w);
	cr_assert_eq(parse("- label: b\n  paths: [/b]\n"), 0);
	cr_assert_eq(watch_bind(&w, &names), 0);
	cr_expect_eq(w.labels, 2);
	watch_done(&w);
}

Test(watch, too_many_labels_are_refused_and_nothing_changes)
{
	struct label_names names = { 0 }, before;
	for (unsigned i = 0; i < WATCH_LABELS_MAX; i++)
		snprintf(names.names[names.count++], sizeof(names.names[0]), "l%u", i);
	before = names;
	cr_assert_eq(parse("- label: l3\n  paths: [/a]\n- label: new\n  paths: [/b]\n"), 0);
	cr_expect_eq(watch_bind(&w, &names), -E2BIG);
	cr_expect_eq(memcmp(&names, &before, sizeof(names)), 0);
	watch_done(&w);
}

Test(watch, faulty_rules_are_refused)
{
	refused("label: x\n", "c:1: 'watch': expected a list, not 'key: value' lines");
	refused("- paths: [/a]\n", "c:1: 'label' is missing here: it must be given");
	refused("- label: x\n", "c:1: 'paths' is missing here: it must be given");
	refused("- label: X\n  paths: [/a]\n",
	        "c:1: 'label': expected 1 to 63 of a-z, 0-9, '.', '_' and '-'");
	refused("- label: x\n  paths: [a]\n", "c:2: 'paths': expected an absolute path (beginning with /)");
	refused("- label: x\n  paths: [/a/../b]\n",
	        "c:2: 'paths': a path here has no '//', '.' or '..' in it");
	refused("- label: x\n  paths: ['/a[']\n",
	        "c:2: 'paths': a '[' without its ']', or a '\\' at the end");
	refused("- label: x\n  path: [/a]\n", "c:2: unknown key 'path' (did you mean 'paths'?)");
}

Test(watch, symbolic_links_are_followed_when_the_rules_are_read)
{
	char dir[] = "/tmp/watch_test.XXXXXX", path[64], text[256];
	cr_assert(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/real", dir);
	cr_assert_eq(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/link", dir);
	cr_assert_eq(symlink("real", path), 0);
	snprintf(text, sizeof(text), "- label: x\n  paths: [%s/link, '%s/link/*.k']\n", dir, dir);
	struct label_names names = { 0 };
	cr_assert_eq(parse(text), 0, "%s", error);
	cr_assert_eq(watch_bind(&w, &names), 0);
	cr_assert_eq(watch_resolve(&w), 0);
	cr_expect_eq(w.count, 4);
	snprintf(path, sizeof(path), "%s/real/a", dir);
	cr_expect_eq(match(path), 1);
	watch_done(&w);
	snprintf(path, sizeof(path), "%s/link", dir);
	unlink(path);
	snprintf(path, sizeof(path), "%s/real", dir);
	rmdir(path);
	rmdir(dir);
}

static const char *tidy(const char *path)
{
	static char out[128];
	cleanup_buf struct buf b = { 0 };
	rule_path_tidy(&b, span(path));
	snprintf(out, sizeof(out), "%.*s", (int)b.len, (const char *)b.data);
	return out;
}

Test(watch, a_tidy_path_has_no_detours)
{
	cr_expect_str_eq(tidy("/a/./b//c/../d"), "/a/b/d");
	cr_expect_str_eq(tidy("/../.."), "/");
	cr_expect_str_eq(tidy("/a/.."), "/");
	cr_expect_str_eq(tidy("/a/..b"), "/a/..b");
}
