#include "collector/rules.h"

#include <stdio.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "evidence/entry.h"

static char error[512];
static struct rules *rules;

static int parse(const char *text)
{
	error[0] = '\0';
	rules = NULL;
	return rules_parse("c.yaml", span_str(text), &rules, error, sizeof(error));
}

static void accepted(const char *text)
{
	cr_assert_eq(parse(text), 0, "%s", error);
}

static void refused(const char *text, const char *message)
{
	cr_expect_eq(parse(text), -EINVAL, "%s", text);
	cr_expect_str_eq(error, message);
	cr_expect_null(rules);
}

static void done(void)
{
	rules_free(rules);
	rules = NULL;
}

Test(rules, nothing_means_the_defaults)
{
	accepted("");
	cr_expect(kinds_wanted(&rules->kinds, KIND_OPEN));
	cr_expect_not(kinds_wanted(&rules->kinds, 96));
	done();
}

Test(rules, repeats_are_of_file_events_and_of_none_by_default)
{
	accepted("");
	cr_expect_not(rules->repeats.kinds[KIND_OPEN]);
	done();
	accepted("repeats:\n  kinds: [open, close]\n");
	cr_expect(rules->repeats.kinds[KIND_OPEN] && rules->repeats.kinds[KIND_CLOSE]);
	cr_expect_not(rules->repeats.kinds[KIND_CHMOD]);
	cr_expect_eq(rules->repeats.interval_us, 60000000);
	done();
	accepted("repeats:\n  kinds: [chmod]\n  interval_s: 5\n");
	cr_expect_eq(rules->repeats.interval_us, 5000000);
	done();
	refused("repeats:\n  interval_s: 0\n  kinds: [open]\n",
	        "c.yaml:2: 'interval_s': 0 is out of range: expected 1 to 3600");
	refused("repeats:\n  kinds: [exec]\n", "c.yaml:2: unknown or not countable kind 'exec'");
	refused("repeats:\n  kinds: [read]\n", "c.yaml:2: unknown or not countable kind 'read'");
	refused("repeats:\n  interval_s: 5\n", "c.yaml:2: 'kinds' is missing here: it must be given");
}

Test(rules, an_absent_file_means_the_defaults_and_a_fixed_digest)
{
	struct hash nothing;
	sha256(NULL, 0, &nothing);
	cr_assert_eq(rules_load("/nowhere/c.yaml", &rules, error, sizeof(error)), 0);
	cr_expect(hash_equal(&rules->digest, &nothing));
	done();
}

Test(rules, the_digest_is_of_the_files_bytes)
{
	char path[] = "/tmp/rules_test.XXXXXX";
	int fd = mkstemp(path);
	cr_assert(fd >= 0);
	cr_assert_eq(write(fd, "kinds: {}\n", 10), 10);
	close(fd);
	struct hash want;
	sha256("kinds: {}\n", 10, &want);
	cr_assert_eq(rules_load(path, &rules, error, sizeof(error)), 0, "%s", error);
	unlink(path);
	cr_expect(hash_equal(&rules->digest, &want));
	done();
}

Test(rules, unknown_sections_are_refused_with_the_nearest_name)
{
	refused("kind: {}\n", "c.yaml:1: unknown section 'kind' (did you mean 'kinds'?)");
	refused("- kinds\n", "c.yaml:1: expected sections ('watch:' and the like)");
}

Test(rules, optional_kinds_are_switched)
{
	accepted("kinds:\n  chmod: false\n  open: true\n");
	cr_expect_not(kinds_wanted(&rules->kinds, KIND_CHMOD));
	cr_expect(kinds_wanted(&rules->kinds, KIND_OPEN));
	cr_expect(kinds_wanted(&rules->kinds, KIND_CHOWN));
	done();
}

Test(rules, what_must_always_be_told_cannot_be_switched)
{
	refused("kinds:\n  exec: false\n", "c.yaml:2: 'exec' is always told: it can't be switched");
	refused("kinds:\n  audit_login: false\n",
	        "c.yaml:2: 'audit_login' is always told: it can't be switched");
	for (uint64_t kind = 0; kind < 300; kind++)
		if (kind < 20 || (kind >= 50 && kind < 96) || kind > 98)
			cr_expect_not(kinds_optional(kind), "%ju", (uintmax_t)kind);
}

Test(rules, faulty_switches_are_refused)
{
	refused("kinds:\n  chmdo: false\n", "c.yaml:2: unknown kind 'chmdo' (did you mean 'chmod'?)");
	refused("kinds:\n  chmod: no\n", "c.yaml:2: 'chmod': expected true or false, not 'no'");
	refused("kinds: [chmod]\n", "c.yaml:1: 'kinds': expected 'key: value' lines, not a list");
}
