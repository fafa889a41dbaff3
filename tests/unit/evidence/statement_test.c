#include "evidence/statement.h"

#include <stdio.h>

#include <criterion/criterion.h>

#include "tests/support/bytes.h"
#include "tests/support/host_log.h"
#include "tests/support/statements.h"

#define HEAD "swornlog-statement/v1\n"
#define GENESIS                                                                                              \
	HEAD "genesis\nfleet acme\ntime 2026-11-24T08:00:00Z\nlog $L\nadmin $A\nauditor $O\nneed enrol 1 "   \
	     "1\n"
#define ENROL                                                                                                \
	HEAD "enrol\nfleet acme\ntime 2026-11-24T08:01:00Z\nhost web1\nidentity $I\ncertificate " HEX "\n"
#define HEX "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static int genesis_of(const char *text, const char *by)
{
	cleanup_buf struct buf note = { 0 };
	struct genesis g = { .time_s = 77 };
	test_statement(&note, text, by);
	int r = genesis_parse(buf_span(&note), &g);
	cr_assert(r == 0 || g.time_s == 77);
	return r;
}

static struct genesis two_and_two(const char *need)
{
	cleanup_buf struct buf note = { 0 }, text = { 0 };
	struct genesis g;
	buf_printf(&text,
	           HEAD
	           "genesis\nfleet acme\ntime 2026-11-24T08:00:00Z\nlog $L\nadmin $A\nadmin $B\nauditor $O\n"
	           "auditor $P\nneed enrol %s\n",
	           need);
	buf_put_u8(&text, 0);
	test_statement(&note, (const char *)text.data, "ABOP");
	cr_assert_eq(genesis_parse(buf_span(&note), &g), 0);
	return g;
}

static int enrolment_of(const struct genesis *g, const char *text, const char *by)
{
	cleanup_buf struct buf note = { 0 };
	struct statement e = { .time_s = 77 };
	test_statement(&note, text, by);
	int r = enrolment_parse(buf_span(&note), g, &e);
	cr_assert(r == 0 || e.time_s == 77);
	return r;
}

Test(statement, a_genesis_yields_keys_people_and_their_number)
{
	cleanup_buf struct buf note = { 0 };
	struct genesis g;
	struct signer log, ada, otto;
	test_statement(&note, GENESIS, "AO");
	cr_assert_eq(genesis_parse(buf_span(&note), &g), 0);
	test_cast('L', &log);
	test_cast('A', &ada);
	test_cast('O', &otto);
	cr_assert_str_eq(g.fleet, "acme");
	cr_assert_eq(g.time_s, 1795507200);
	cr_assert(key_equal(&g.log, &log.key));
	cr_assert(g.admin_count == 1 && g.auditor_count == 1 && g.need[STATEMENT_ENROL].admins == 1 &&
	          g.need[STATEMENT_ENROL].auditors == 1);
	cr_assert(key_equal(&g.people[0], &ada.key) && key_equal(&g.people[1], &otto.key));
}

Test(statement, the_writers_make_the_texts_of_the_format)
{
	cleanup_buf struct buf want = { 0 }, got = { 0 }, note = { 0 };
	struct genesis g;
	test_statement(&note, GENESIS, "AO");
	cr_assert_eq(genesis_parse(buf_span(&note), &g), 0);
	test_statement_text(&want, GENESIS);
	genesis_put_text(&got, &g);
	cr_assert(bytes_equal(buf_span(&got), buf_span(&want)));

	struct statement e = {
		.kind = STATEMENT_ENROL, .fleet = "acme", .time_s = 1795507260, .host = "web1"
	};
	struct signer identity;
	test_cast('I', &identity);
	e.identity = identity.key;
	bytes_from_hex(HEX, e.certificate.b, 32);
	buf_reset(&want);
	buf_reset(&got);
	test_statement_text(&want, ENROL);
	statement_put_text(&got, &e);
	cr_assert(bytes_equal(buf_span(&got), buf_span(&want)));
}

Test(statement, everybody_whom_a_genesis_names_must_have_signed_it)
{
	cr_assert_eq(genesis_of(GENESIS, "OA"), 0);
	cr_assert_eq(genesis_of(GENESIS, "LOA"), 0); /* the log's line is a stranger's here */
	cr_assert_eq(genesis_of(GENESIS, "A"), -ENOKEY);
	cr_assert_eq(genesis_of(GENESIS, "O"), -ENOKEY);
	cr_assert_eq(genesis_of(GENESIS, "L"), -ENOKEY);
	cr_assert_eq(genesis_of(GENESIS, "AP"), -ENOKEY);
	cr_assert_eq(genesis_of(GENESIS, "AA"), -ENOKEY);
	cr_assert_eq(genesis_of(GENESIS, ""), -EBADMSG);
}

#define WITH(people, need)                                                                                   \
	HEAD "genesis\nfleet acme\ntime 2026-11-24T08:00:00Z\n" people "need enrol " need "\n"

Test(statement, a_genesis_that_does_not_make_sense_is_refused)
{
	static const char *const wrong[] = {
		WITH("log $L\nadmin $A\nauditor $O\n", "0 0"),
		WITH("log $L\nadmin $A\nauditor $O\n", "2 0"),
		WITH("log $L\nadmin $A\nauditor $O\n", "0 2"),
		WITH("log $L\nadmin $A\nauditor $O\n", "9223372036854775807 9223372036854775807"),
		WITH("log $L\nadmin $A\nauditor $O\n", "1"),
		WITH("log $L\nadmin $A\nauditor $O\n", "1 1 1"),
		WITH("log $L\nadmin $A\nauditor $O\n", "01 1"),
		WITH("log $L\nadmin $A\n", "1 0"),
		WITH("log $L\nauditor $O\n", "0 1"),
		WITH("admin $A\nauditor $O\n", "1 1"),
		WITH("log $L\nauditor $O\nadmin $A\n", "1 1"),
		WITH("log $A\nadmin $A\nauditor $O\n", "1 1"),
		WITH("log $L\nadmin $A\nadmin $A\nauditor $O\n", "1 1"),
		WITH("log $L\nadmin $X\nauditor $O\n", "1 1"),
		WITH("log $L\nadmin $Y\nauditor $O\n", "1 1"),
		WITH("log $L\nadmin $O\nauditor $A\n", "1 1"),
		WITH("log $L\nlog $L\nadmin $A\nauditor $O\n", "1 1"),
		WITH("log $L\nadmin $A\nauditor $O\nextra x\n", "1 1"),
		WITH("log  $L\nadmin $A\nauditor $O\n", "1 1"),
		WITH("log $L \nadmin $A\nauditor $O\n", "1 1"),
		GENESIS "extra\n",
		HEAD "genesis\nfleet Acme\ntime 2026-11-24T08:00:00Z\nlog $L\nadmin $A\nauditor $O\nneed "
		     "enrol 1 1\n",
		HEAD "genesis\nfleet evil\ntime 2026-11-24T08:00:00Z\nlog $L\nadmin $A\nauditor $O\nneed "
		     "enrol 1 1\n",
		HEAD "genesis\ntime 2026-11-24T08:00:00Z\nfleet acme\nlog $L\nadmin $A\nauditor $O\nneed "
		     "enrol 1 1\n",
		HEAD "enrol\nfleet acme\ntime 2026-11-24T08:00:00Z\nlog $L\nadmin $A\nauditor $O\nneed enrol "
		     "1 1\n",
		"swornlog-statement/v2\ngenesis\nfleet acme\ntime 2026-11-24T08:00:00Z\nlog $L\nadmin "
		"$A\nauditor $O\nneed "
		"enrol 1 1\n",
	};
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		cr_expect_eq(genesis_of(wrong[i], "AOXYL"), -EBADMSG, "case %zu", i);
}

Test(statement, an_administrator_may_not_be_an_auditor_under_another_name)
{
	struct signer ada;
	struct key again;
	test_cast('A', &ada);
	cr_assert_eq(key_make("acme/auditor/ada", KEY_TYPE_ED25519, &ada.secret.public_key, &again), 0);
	struct genesis g = two_and_two("1 1");
	g.people[3] = again;
	cleanup_buf struct buf text = { 0 }, note = { 0 };
	genesis_put_text(&text, &g);
	buf_put_u8(&text, 0);
	test_statement(&note, (const char *)text.data, "ABO");
	struct signer renamed = ada;
	renamed.key = again;
	cr_assert_eq(note_put_signature(&note, (struct span){ text.data, text.len - 1 }, &renamed), 0);
	cr_assert_eq(genesis_parse(buf_span(&note), &g), -EBADMSG);
}

static int at_time(const char *time)
{
	cleanup_buf struct buf text = { 0 };
	buf_printf(&text, HEAD "genesis\nfleet acme\ntime %s\nlog $L\nadmin $A\nauditor $O\nneed enrol 1 1\n",
	           time);
	buf_put_u8(&text, 0);
	return genesis_of((const char *)text.data, "AO");
}

Test(statement, there_is_one_text_for_one_time)
{
	cr_assert_eq(at_time("1970-01-01T00:00:00Z"), 0);
	cr_assert_eq(at_time("2028-02-29T23:59:59Z"), 0);
	static const char *const wrong[] = { "",
		                             "2026-11-24",
		                             "2026-11-24 08:00:00Z",
		                             "2026-11-24T08:00:00",
		                             "2026-11-24T08:00:00z",
		                             "2026-11-24T08:00:60Z",
		                             "2026-11-24T24:00:00Z",
		                             "2026-13-24T08:00:00Z",
		                             "2026-11-31T08:00:00Z",
		                             "2027-02-29T08:00:00Z",
		                             "1969-12-31T23:59:59Z",
		                             "2026-11-24T8:00:000Z",
		                             " 2026-11-24T08:00:0Z",
		                             "2026-11-24T08:00:00Z ",
		                             "+026-11-24T08:00:00Z" };
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		cr_expect_eq(at_time(wrong[i]), -EBADMSG, "'%s'", wrong[i]);
}

Test(statement, an_enrolment_yields_host_key_and_certificate)
{
	struct genesis g = two_and_two("1 1");
	cleanup_buf struct buf note = { 0 };
	struct statement e;
	struct signer identity;
	test_statement(&note, ENROL, "AO");
	test_cast('I', &identity);
	cr_assert_eq(enrolment_parse(buf_span(&note), &g, &e), 0);
	cr_assert_str_eq(e.fleet, "acme");
	cr_assert_str_eq(e.host, "web1");
	cr_assert_eq(e.time_s, 1795507260);
	cr_assert(key_equal(&e.identity, &identity.key));
	cr_assert_eq(e.certificate.b[31], 0xff);
}

Test(statement, an_enrolment_takes_as_many_of_each_as_the_genesis_asks_for)
{
	static const struct {
		const char *need, *by;
		int want;
	} all[] = {
		{ "1 1", "AO", 0 },        { "1 1", "BP", 0 },       { "1 1", "ABOP", 0 },
		{ "1 1", "A", -ENOKEY },   { "1 1", "O", -ENOKEY },  { "1 1", "AB", -ENOKEY },
		{ "1 1", "OP", -ENOKEY },  { "2 1", "AO", -ENOKEY }, { "2 1", "ABO", 0 },
		{ "2 2", "ABO", -ENOKEY }, { "2 2", "ABOP", 0 },     { "0 1", "O", 0 },
		{ "0 2", "OP", 0 },        { "1 0", "B", 0 },        { "1 1", "LI", -ENOKEY },
		{ "2 0", "AA", -ENOKEY },  { "1 1", "ALIO", 0 },
	};
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		struct genesis g = two_and_two(all[i].need);
		cr_expect_eq(enrolment_of(&g, ENROL, all[i].by), all[i].want, "need %s, signed %s",
		             all[i].need, all[i].by);
	}
}

Test(statement, a_signature_over_another_enrolment_is_refused)
{
	struct genesis g = two_and_two("1 0");
	struct signer ada;
	cleanup_buf struct buf note = { 0 };
	struct statement e;
	test_cast('A', &ada);
	test_statement(&note, ENROL, "B");
	cr_assert_eq(note_put_signature(&note, TEXT("another text\n"), &ada), 0);
	cr_assert_eq(enrolment_parse(buf_span(&note), &g, &e), -EBADMSG);
}

Test(statement, an_enrolment_into_another_fleet_is_refused)
{
	cleanup_test_fleet struct test_fleet other;
	test_fleet_init(&other, "evil");
	struct genesis g = two_and_two("1 1");
	cr_assert_eq(enrolment_of(&other.genesis, ENROL, "AO"), -EPERM);
	cr_assert_eq(enrolment_of(&g,
	                          HEAD
	                          "enrol\nfleet evil\ntime 2026-11-24T08:01:00Z\nhost web1\nidentity $I\n"
	                          "certificate " HEX "\n",
	                          "AO"),
	             -EBADMSG);
}

#define ENROLS(rest) HEAD "enrol\nfleet acme\ntime 2026-11-24T08:01:00Z\n" rest

Test(statement, other_enrolments_are_refused)
{
	struct genesis g = two_and_two("1 1");
	static const char *const wrong[] = {
		ENROLS("host web2\nidentity $I\ncertificate " HEX "\n"),
		ENROLS("host web1\nidentity $Z\ncertificate " HEX "\n"),
		ENROLS("host web1\nidentity $A\ncertificate " HEX "\n"),
		ENROLS("host Web1\nidentity $I\ncertificate " HEX "\n"),
		ENROLS("host web1\nidentity $I\ncertificate " HEX "0\n"),
		ENROLS("host web1\nidentity $I\ncertificate 00112233\n"),
		ENROLS("host web1\nidentity $I\ncertificate \n"),
		ENROLS("host web1\nidentity $I\n"),
		ENROLS("identity $I\nhost web1\ncertificate " HEX "\n"),
		ENROLS("host web1\nidentity $I\ncertificate " HEX "\nmore x\n"),
		HEAD
		"genesis\nfleet acme\ntime 2026-11-24T08:01:00Z\nhost web1\nidentity $I\ncertificate " HEX
		"\n",
	};
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		cr_expect_eq(enrolment_of(&g, wrong[i], "AO"), -EBADMSG, "case %zu", i);
}

static int kind_of(const char *text, enum statement_kind *ret)
{
	cleanup_buf struct buf note = { 0 };
	test_statement(&note, text, "A");
	return statement_kind(buf_span(&note), ret);
}

Test(statement, the_kind_is_told_by_the_text_alone)
{
	enum statement_kind kind;
	cr_assert_eq(kind_of(GENESIS, &kind), 0);
	cr_assert_eq(kind, STATEMENT_GENESIS);
	cr_assert_eq(kind_of(ENROL, &kind), 0);
	cr_assert_eq(kind, STATEMENT_ENROL);
	cr_assert_eq(kind_of(HEAD "grant\nfleet acme\ntime 2026-11-24T08:00:00Z\n", &kind), 0);
	cr_assert_eq(kind, STATEMENT_UNKNOWN);
	kind = STATEMENT_GENESIS;
	cr_assert_eq(kind_of("hello\n", &kind), -EBADMSG);
	cr_assert_eq(kind_of(HEAD, &kind), -EBADMSG);
	cr_assert_eq(kind, STATEMENT_GENESIS);
	cr_assert_eq(statement_kind(TEXT(HEAD "genesis\n"), &kind), -EBADMSG);
}

Test(statement, a_text_is_at_most_8192_bytes)
{
	enum statement_kind kind;
	cleanup_buf struct buf text = { 0 };
	buf_put_str(&text, HEAD "future\nfleet acme\ntime 2026-11-24T08:00:00Z\n");
	while (text.len < 8191)
		buf_put_u8(&text, 'x');
	buf_put(&text, "\n\0", 2);
	cr_assert_eq(kind_of((const char *)text.data, &kind), 0);
	text.len -= 2;
	buf_put(&text, "x\n\0", 3);
	cr_assert_eq(kind_of((const char *)text.data, &kind), -EBADMSG);
}

/* n administrators and one auditor, all signed. */
static int with_people(size_t n)
{
	cleanup_buf struct buf text = { 0 }, note = { 0 }, head = { 0 };
	struct signer people[40];
	test_statement_text(&text, HEAD "genesis\nfleet acme\ntime 2026-11-24T08:00:00Z\nlog $L\n");
	for (size_t i = 0; i < n + 1; i++) {
		char name[64];
		snprintf(name, sizeof(name), "acme/%s/p%zu", i < n ? "admin" : "auditor", i);
		test_signer(name, &people[i]);
		buf_put_str(&text, i < n ? "admin " : "auditor ");
		key_put(&text, &people[i].key);
		buf_put_u8(&text, '\n');
	}
	buf_put_str(&text, "need enrol 1 1\n");
	buf_put(&note, text.data, text.len);
	buf_put_u8(&note, '\n');
	for (size_t i = 0; i < n + 1; i++)
		cr_assert_eq(note_put_signature(&note, buf_span(&text), &people[i]), 0);
	struct genesis g;
	return genesis_parse(buf_span(&note), &g);
}

Test(statement, thirty_two_people_are_the_most)
{
	cr_assert_eq(with_people(31), 0);
	cr_assert_eq(with_people(32), -EBADMSG);
}
