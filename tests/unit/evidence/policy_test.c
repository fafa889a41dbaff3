#include "evidence/policy.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "evidence/cosignature.h"
#include "tests/support/bytes.h"
#include "tests/support/host_log.h"

#define ROOT       "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define CHECKPOINT "acme/log\n5\n" ROOT "\n"
#define TIME       1795507200
#define WITNESSES  6

static const char *const names[WITNESSES] = { "x1", "x2", "x3", "y1", "y2", "y3" };

static void cosigner(size_t i, struct signer *ret)
{
	cleanup_buf struct buf name = { 0 };
	buf_printf(&name, "witness.example/%zu", i);
	buf_put_u8(&name, 0);
	test_cosigner((const char *)name.data, ret);
}

/* A policy of the log acme/log and witnesses x1 to y3, and what else is given. */
static void put_policy(struct buf *b, size_t witnesses, const char *rest)
{
	struct signer log;
	test_signer("acme/log", &log);
	buf_put_str(b, "# who vouches for acme\n\nlog ");
	key_put(b, &log.key);
	buf_put_u8(b, '\n');
	for (size_t i = 0; i < witnesses; i++) {
		struct signer w;
		cosigner(i, &w);
		buf_printf(b, "witness %s ", names[i]);
		key_put(b, &w.key);
		buf_put_u8(b, '\n');
	}
	buf_put_str(b, rest);
}

static struct policy *policy_of(size_t witnesses, const char *rest)
{
	cleanup_buf struct buf b = { 0 };
	char error[256] = "";
	struct policy *p = NULL;
	put_policy(&b, witnesses, rest);
	cr_assert_eq(policy_parse(buf_span(&b), &p, error, sizeof(error)), 0, "%s", error);
	return p;
}

/* A checkpoint of acme/log, cosigned by the witnesses whose bits are set, each a second after the one before.
 */
static void put_checkpoint(struct buf *b, unsigned mask)
{
	struct signer log, w;
	test_signer("acme/log", &log);
	const struct signer *signers[] = { &log };
	cr_assert_eq(note_put(b, TEXT(CHECKPOINT), signers, 1), 0);
	for (size_t i = 0; i < WITNESSES; i++) {
		if (!(mask & 1u << i))
			continue;
		cosigner(i, &w);
		cr_assert_eq(cosignature_put(b, TEXT(CHECKPOINT), TIME + i, &w), 0);
	}
}

static bool reaches(const struct policy *p, unsigned mask)
{
	cleanup_buf struct buf b = { 0 };
	struct policy_verdict v;
	put_checkpoint(&b, mask);
	cr_assert_eq(policy_check(p, buf_span(&b), NULL, &v), 0);
	cr_assert_eq(v.cosigned, mask);
	return v.quorum;
}

Test(policy, two_levels_of_groups_are_counted)
{
	cleanup_policy struct policy *p = policy_of(6, "group X 2 x1 x2 x3\ngroup Y any y1 y2 y3\n"
	                                               "group X-and-Y all X Y\nquorum X-and-Y\n");
	for (unsigned mask = 0; mask < 64; mask++) {
		bool want = __builtin_popcount(mask & 7) >= 2 && (mask & 56) != 0;
		cr_expect_eq(reaches(p, mask), want, "mask %u", mask);
	}
}

Test(policy, a_quorum_may_be_one_witness_or_nobody)
{
	cleanup_policy struct policy *one = policy_of(2, "quorum x2\n");
	cleanup_policy struct policy *nobody = policy_of(0, "quorum none\n");
	cr_expect(reaches(one, 2));
	cr_expect_not(reaches(one, 1));
	cr_expect_not(reaches(one, 0));
	cr_expect_not(policy_is_open(one));
	cr_expect(reaches(nobody, 0));
	cr_expect(policy_is_open(nobody));
}

Test(policy, all_and_any_and_a_number_say_how_many)
{
	cleanup_policy struct policy *all = policy_of(3, "group g all x1 x2 x3\nquorum g\n");
	cleanup_policy struct policy *any = policy_of(3, "group g any x1 x2 x3\nquorum g\n");
	cleanup_policy struct policy *two = policy_of(3, "group g 2 x1 x2 x3\nquorum g\n");
	for (unsigned mask = 0; mask < 8; mask++) {
		int n = __builtin_popcount(mask);
		cr_expect_eq(reaches(all, mask), n == 3);
		cr_expect_eq(reaches(any, mask), n >= 1);
		cr_expect_eq(reaches(two, mask), n >= 2);
	}
}

Test(policy, the_verdict_says_who_signed_and_when)
{
	cleanup_policy struct policy *p = policy_of(3, "group g any x1 x2 x3\nquorum g\n");
	cleanup_buf struct buf b = { 0 };
	struct policy_verdict v;
	put_checkpoint(&b, 5);
	cr_assert_eq(policy_check(p, buf_span(&b), NULL, &v), 0);
	cr_assert_eq(v.cosigned, 5);
	cr_assert_eq(v.time_s[0], TIME);
	cr_assert_eq(v.time_s[1], 0);
	cr_assert_eq(v.time_s[2], TIME + 2);
	cr_assert_eq(v.checkpoint.size, 5);
	cr_assert(span_is(v.checkpoint.origin, "acme/log"));
}

Test(policy, a_second_line_of_a_witness_counts_once_and_strangers_not_at_all)
{
	cleanup_policy struct policy *p = policy_of(2, "group g 2 x1 x2\nquorum g\n");
	cleanup_buf struct buf b = { 0 };
	struct policy_verdict v;
	struct signer w, stranger;
	put_checkpoint(&b, 1);
	cosigner(0, &w);
	cosigner(9, &stranger);
	cr_assert_eq(cosignature_put(&b, TEXT(CHECKPOINT), TIME + 9, &w), 0);
	cr_assert_eq(cosignature_put(&b, TEXT(CHECKPOINT), TIME, &stranger), 0);
	cr_assert_eq(policy_check(p, buf_span(&b), NULL, &v), 0);
	cr_assert_not(v.quorum);
	cr_assert_eq(v.cosigned, 1);
	cr_assert_eq(v.time_s[0], TIME);
}

static int checked(const struct policy *p, const struct buf *b, const struct key *log)
{
	struct policy_verdict v = { .cosigned = 77 };
	int r = policy_check(p, buf_span(b), log, &v);
	if (r < 0)
		cr_assert_eq(v.cosigned, 77);
	return r;
}

Test(policy, a_cosignature_that_does_not_verify_rejects_the_checkpoint)
{
	cleanup_policy struct policy *p = policy_of(2, "group g any x1 x2\nquorum g\n");
	cleanup_buf struct buf b = { 0 };
	struct signer w;
	put_checkpoint(&b, 1);
	cosigner(1, &w);
	cr_assert_eq(cosignature_put(&b, TEXT("acme/log\n6\n" ROOT "\n"), TIME, &w), 0);
	cr_assert_eq(checked(p, &b, NULL), -EBADMSG);
}

Test(policy, witnesses_alone_are_not_enough_the_log_must_have_signed)
{
	cleanup_policy struct policy *p = policy_of(1, "quorum x1\n");
	cleanup_buf struct buf b = { 0 };
	struct signer w;
	cosigner(0, &w);
	buf_put_str(&b, CHECKPOINT "\n");
	cr_assert_eq(cosignature_put(&b, TEXT(CHECKPOINT), TIME, &w), 0);
	cr_assert_eq(checked(p, &b, NULL), -ENOKEY);
}

Test(policy, a_log_signs_its_own_origin_alone)
{
	cleanup_policy struct policy *p = policy_of(0, "quorum none\n");
	struct signer log;
	test_signer("acme/log", &log);
	const struct signer *signers[] = { &log };
	cleanup_buf struct buf b = { 0 }, text = { 0 };
	cr_assert_eq(note_put(&b, TEXT("acme/lag\n5\n" ROOT "\n"), signers, 1), 0);
	cr_assert_eq(checked(p, &b, NULL), -ENOKEY);
	cr_assert_eq(note_put(&text, TEXT("no checkpoint\n"), signers, 1), 0);
	cr_assert_eq(checked(p, &text, NULL), -EBADMSG);
	cr_assert_eq(checked(p, &(struct buf){ 0 }, NULL), -EBADMSG);
}

Test(policy, a_log_known_from_elsewhere_must_be_listed_where_logs_are)
{
	struct signer log, other;
	char error[256];
	test_signer("acme/log", &log);
	test_signer("acme/lag", &other);
	cleanup_policy struct policy *listed = policy_of(0, "quorum none\n");
	cleanup_policy struct policy *open = NULL, *foreign = NULL;
	cleanup_buf struct buf b = { 0 }, text = { 0 };
	cr_assert_eq(policy_parse(TEXT("quorum none\n"), &open, error, sizeof(error)), 0);
	buf_put_str(&text, "log ");
	key_put(&text, &other.key);
	buf_put_str(&text, "\nquorum none\n");
	cr_assert_eq(policy_parse(buf_span(&text), &foreign, error, sizeof(error)), 0);
	put_checkpoint(&b, 0);
	cr_expect_eq(checked(listed, &b, &log.key), 0);
	cr_expect_eq(checked(listed, &b, &other.key), -ENOKEY);
	cr_expect_eq(checked(open, &b, &log.key), 0);
	cr_expect_eq(checked(open, &b, NULL), -ENOKEY);
	cr_expect_eq(checked(foreign, &b, &log.key), -ENOKEY);
	cr_expect_eq(checked(foreign, &b, NULL), -ENOKEY);
}

Test(policy, blanks_comments_and_urls_are_taken_as_they_come)
{
	struct signer log, w;
	cleanup_buf struct buf b = { 0 };
	cleanup_policy struct policy *p = NULL;
	char error[256] = "";
	test_signer("acme/log", &log);
	cosigner(0, &w);
	buf_put_str(&b, " \t \n\t# caf\xc3\xa9 \xff\n  log\t ");
	key_put(&b, &log.key);
	buf_put_str(&b, "  https://log.example/ \nwitness caf\xc3\xa9 ");
	key_put(&b, &w.key);
	buf_put_str(&b, " https://w.example/in\nquorum caf\xc3\xa9\t\n#\n");
	cr_assert_eq(policy_parse(buf_span(&b), &p, error, sizeof(error)), 0, "%s", error);
	cr_assert_str_eq(policy_log(p, 0)->url, "https://log.example/");
	cr_assert(key_equal(&policy_log(p, 0)->key, &log.key));
	cr_assert_null(policy_log(p, 1));
	cr_assert_str_eq(policy_witness(p, 0)->name, "caf\xc3\xa9");
	cr_assert_str_eq(policy_witness(p, 0)->url, "https://w.example/in");
	cr_assert(key_equal(&policy_witness(p, 0)->key, &w.key));
	cr_assert_null(policy_witness(p, 1));
}

static void refused(const char *rest, const char *want)
{
	cleanup_buf struct buf b = { 0 };
	struct policy *p = NULL;
	char error[256] = "";
	put_policy(&b, 3, rest);
	cr_expect_eq(policy_parse(buf_span(&b), &p, error, sizeof(error)), -EINVAL, "%s", rest);
	cr_expect_str_eq(error, want);
	cr_assert_null(p);
}

/* What is given begins at line 7. */
Test(policy, what_is_wrong_is_said_with_its_line)
{
	static const char *const cases[][2] = {
		{ "", "there is no quorum line" },
		{ "quorum none", "line 7: the last line does not end with a newline" },
		{ "quorum none\nquorum none\n", "line 8: a second quorum line" },
		{ "quorum none x1\n", "line 7: 'x1' is one word too many" },
		{ "quorum\n", "line 7: the quorum is missing: the name of a witness or group, or none" },
		{ "quorum g\ngroup g any x1\n", "line 7: 'g' is no witness or group of a line above" },
		{ "Quorum none\n", "line 7: 'Quorum' is not log, witness, group or quorum" },
		{ "quorum none\r\n", "line 7: a control character, 0x0d" },
		{ "# \x7f\nquorum none\n", "line 7: a control character, 0x7f" },
		{ "group g all\n", "line 7: the group 'g' has no members" },
		{ "group g 0 x1\n", "line 7: '0' is not all, any or a number from 1" },
		{ "group g 02 x1 x2\n", "line 7: '02' is not all, any or a number from 1" },
		{ "group g most x1 x2\n", "line 7: 'most' is not all, any or a number from 1" },
		{ "group g 3 x1 x2\n", "line 7: 3 of 2 members can't be had" },
		{ "group g all x1 x1\n", "line 7: 'x1' is a member already: a name counts once" },
		{ "group g all x1\ngroup h all x1 x2\n",
		  "line 8: 'x1' is a member already: a name counts once" },
		{ "group g all g\n", "line 7: 'g' is no witness or group of a line above" },
		{ "group g all x1 none\n", "line 7: 'none' is no witness or group of a line above" },
		{ "group none all x1\n", "line 7: 'none' is no name for a group: it stands for no quorum" },
		{ "group x1 all x2\n", "line 7: the name 'x1' is taken already" },
		{ "group\n", "line 7: a group needs a name" },
		{ "witness\n", "line 7: a witness needs a name" },
		{ "witness w\n", "line 7: a verifier key is missing: <name>+<id>+<base64>" },
		{ "witness w nonsense\n", "line 7: 'nonsense' is no verifier key of type 0x01 or 0x04" },
		{ "log\n", "line 7: a verifier key is missing: <name>+<id>+<base64>" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		refused(cases[i][0], cases[i][1]);
}

static void refused_key(const char *before, const struct key *k, const char *want)
{
	cleanup_buf struct buf rest = { 0 };
	buf_put_str(&rest, before);
	key_put(&rest, k);
	buf_put_str(&rest, "\nquorum none\n");
	buf_put_u8(&rest, 0);
	refused((const char *)rest.data, want);
}

Test(policy, a_key_has_one_role_and_stands_once)
{
	struct signer log, w, other;
	test_signer("acme/log", &log);
	cosigner(0, &w);
	test_signer("other/log", &other);
	refused_key("log ", &log.key, "line 7: the key of 'acme/log' is a log's already");
	refused_key("log ", &w.key,
	            "line 7: the key 'witness.example/0' is of type 0x04: a log has one of type 0x01");
	refused_key("witness w ", &other.key,
	            "line 7: the key 'other/log' is of type 0x01: a witness has one of type 0x04");
	refused_key("witness w ", &w.key,
	            "line 7: the key of 'witness.example/0' is that of witness 'x1' already");
	struct key again;
	cr_assert_eq(key_make("another.name", KEY_TYPE_COSIGNATURE, &w.key.pub, &again), 0);
	refused_key("witness w ", &again,
	            "line 7: the key of 'another.name' is that of witness 'x1' already");
	cr_assert_eq(key_make("both", KEY_TYPE_COSIGNATURE, &log.key.pub, &again), 0);
	refused_key("witness w ", &again, "line 7: the key of 'both' is a log's already");
}

Test(policy, hostile_words_are_shown_escaped_and_short)
{
	cleanup_buf struct buf line = { 0 };
	struct policy *p = NULL;
	char error[256] = "";
	cr_assert_eq(policy_parse(TEXT("\x9b\x31mred\n"), &p, error, sizeof(error)), -EINVAL);
	cr_assert_str_eq(error, "line 1: '\\x9b1mred' is not log, witness, group or quorum");
	for (int i = 0; i < 1000; i++)
		buf_put_u8(&line, 'x');
	buf_put_str(&line, "\n");
	cr_assert_eq(policy_parse(buf_span(&line), &p, error, sizeof(error)), -EINVAL);
	cr_assert_lt(strlen(error), 160);
}

Test(policy, counts_and_bytes_are_bounded)
{
	char error[256];
	struct policy *p = NULL;
	cleanup_buf struct buf b = { 0 };
	struct signer w;
	for (int i = 0; i <= POLICY_MAX_WITNESSES; i++) {
		cosigner((size_t)i, &w);
		buf_printf(&b, "witness w%d ", i);
		key_put(&b, &w.key);
		buf_put_u8(&b, '\n');
	}
	cr_assert_eq(policy_parse(buf_span(&b), &p, error, sizeof(error)), -EINVAL);
	cr_assert_str_eq(error, "line 33: more than 32 witnesses");
	buf_reset(&b);
	while (b.len <= POLICY_MAX_BYTES)
		buf_put_str(&b, "#\n");
	cr_assert_eq(policy_parse(buf_span(&b), &p, error, sizeof(error)), -EFBIG);
}

Test(policy, as_many_logs_witnesses_and_groups_as_the_published_format_asks_for_fit)
{
	char error[256] = "", name[32];
	cleanup_buf struct buf b = { 0 }, note = { 0 };
	cleanup_policy struct policy *p = NULL;
	struct signer s;
	for (int i = 0; i < 32; i++) {
		snprintf(name, sizeof(name), "log.example/%d", i);
		test_signer(name, &s);
		buf_put_str(&b, "log ");
		key_put(&b, &s.key);
		cosigner((size_t)i, &s);
		buf_printf(&b, "\nwitness w%d ", i);
		key_put(&b, &s.key);
		buf_printf(&b, "\ngroup g%d 1 w%d%s", i, i, i ? "" : "\n");
		if (i)
			buf_printf(&b, " g%d\n", i - 1);
	}
	buf_put_str(&b, "quorum g31\n");
	cr_assert_eq(policy_parse(buf_span(&b), &p, error, sizeof(error)), 0, "%s", error);
	const char *text = "log.example/31\n5\n" ROOT "\n";
	test_signer("log.example/31", &s);
	const struct signer *signers[] = { &s };
	cr_assert_eq(note_put(&note, span_str(text), signers, 1), 0);
	cosigner(0, &s);
	cr_assert_eq(cosignature_put(&note, span_str(text), TIME, &s), 0);
	struct policy_verdict v;
	cr_assert_eq(policy_check(p, buf_span(&note), NULL, &v), 0);
	cr_assert(v.quorum);
}
