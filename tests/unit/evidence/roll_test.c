#include "evidence/roll.h"

#include <stdio.h>

#include <criterion/criterion.h>

#include "tests/support/bytes.h"
#include "tests/support/host_log.h"
#include "tests/support/statements.h"

#define NOW_US 1795507200000000 /* 2026-11-24T08:00:00Z */
#define HEX    "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

struct kit {
	struct genesis genesis;
	struct roll roll;
	struct standing host; /* of web1 */
	bool enrolled;
	struct log_point head; /* its newest committed one */
	uint64_t index, now_us;
	unsigned second; /* of the next statement */
	const char *why; /* the last one was refused */
};

static void kit_init(struct kit *k)
{
	cleanup_buf struct buf note = { 0 };
	*k = (struct kit){ .now_us = NOW_US, .second = 1 };
	test_statement(&note,
	               "swornlog-statement/v1\ngenesis\nfleet acme\ntime 2026-11-24T08:00:00Z\nlog $L\n"
	               "admin $A\nauditor $O\nneed enrol 1 1\nregistrar $R\nnext-log-key #M\n",
	               "AO");
	cr_assert_eq(genesis_parse(buf_span(&note), &k->genesis), 0);
	roll_init(&k->roll, &k->genesis);
}

static void kit_done(struct kit *k)
{
	roll_done(&k->roll);
}
#define cleanup_kit cleanup(kit_done)

/* State it, at the next second; true if it is taken. */
static bool state_at(struct kit *k, const char *time, const char *kind, const char *lines, const char *by)
{
	cleanup_buf struct buf text = { 0 }, note = { 0 };
	struct statement s;
	buf_printf(&text, "swornlog-statement/v1\n%s\nfleet acme\ntime %s\n%s", kind, time, lines);
	buf_put_u8(&text, 0);
	test_statement(&note, (const char *)text.data, by);
	cr_assert_eq(statement_parse(buf_span(&note), &k->genesis, &s), 0, "%s", (const char *)text.data);
	bool web1 = strcmp(s.host, "web1") == 0;
	struct standing other = { 0 };
	k->why = roll_refuses(&k->roll, &s, web1 && k->enrolled ? &k->host : NULL, &k->head, k->now_us);
	if (k->why)
		return false;
	cr_assert_eq(roll_take(&k->roll, &s, web1 ? &k->host : &other, ++k->index, k->now_us), 0);
	k->enrolled = k->enrolled || web1;
	return true;
}

static bool state(struct kit *k, const char *kind, const char *lines)
{
	char time[32];
	snprintf(time, sizeof(time), "2026-11-24T08:00:%02uZ", k->second++);
	return state_at(k, time, kind, lines, strstr(lines, "\ntoken ") ? "R" : "AO");
}

#define HOST(key) "host web1\nidentity $" key "\ncertificate " HEX "\n"
#define TOKEN     "token " HEX "\n"

static bool is_identity(const struct kit *k, char letter)
{
	struct signer s;
	test_cast(letter, &s);
	return key_equal(&k->host.identity, &s.key);
}

static void commit(struct kit *k, uint32_t epoch, uint64_t size)
{
	k->head = (struct log_point){ .epoch = epoch, .size = size, .root.b = { 1 } };
}

#define ROOT "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

Test(roll, a_host_and_a_key_are_enrolled_once)
{
	cleanup_kit struct kit k;
	kit_init(&k);
	cr_assert(state(&k, "enrol", HOST("I")));
	cr_assert(is_identity(&k, 'I'));
	cr_expect_not(state(&k, "enrol", HOST("J")), "the name is taken");
	cr_expect_not(state(&k, "enrol", HOST("I")));
	struct signer web1;
	struct key key;
	test_cast('I', &web1);
	cr_assert_eq(key_make("acme/host/web2", KEY_TYPE_ED25519, &web1.secret.public_key, &key), 0);
	struct statement s = { .kind = STATEMENT_ENROL, .host = "web2", .identity = key };
	cr_expect_str_eq(roll_refuses(&k.roll, &s, NULL, &k.head, NOW_US),
	                 "the identity key is in use, or was");
	s.identity.pub = k.genesis.people[0].pub;
	cr_expect_not_null(roll_refuses(&k.roll, &s, NULL, &k.head, NOW_US), "a person's key");
	s.identity.pub = k.genesis.registrar.pub;
	cr_expect_not_null(roll_refuses(&k.roll, &s, NULL, &k.head, NOW_US), "the registrar's key");
	s.identity.pub = k.genesis.log.pub;
	cr_expect_not_null(roll_refuses(&k.roll, &s, NULL, &k.head, NOW_US), "the log's key");
}

Test(roll, what_is_about_a_host_that_nobody_enrolled_is_refused)
{
	cleanup_kit struct kit k;
	kit_init(&k);
	commit(&k, 1, 7);
	cr_expect_not(state(&k, "re-enrol", HOST("I") "follows 1 7 " ROOT "\n"));
	cr_expect_not(state(&k, "rotate", HOST("I") "announced 1 1\n"));
	cr_expect_not(state(&k, "revoke", "host web1\nidentity $I\nat 1 7 " ROOT "\nreason x\n"));
	cr_expect_not(state(&k, "retire", "host web1\nreason x\n"));
	cr_expect_not(state(&k, "close", "host web1\nepoch 2\nreason x\n"));
}

Test(roll, a_rotation_waits_for_its_announcement)
{
	cleanup_kit struct kit k;
	kit_init(&k);
	cr_assert(state(&k, "enrol", HOST("I")));
	cr_expect_not(state(&k, "rotate", HOST("J") "announced 1 4\n"), "nothing has come yet");
	commit(&k, 1, 4);
	cr_expect_not(state(&k, "rotate", HOST("J") "announced 1 4\n"), "entry 4 has not");
	commit(&k, 1, 5);
	cr_expect_not(state(&k, "rotate", HOST("I") "announced 1 4\n"), "the key is no new one");
	cr_expect_not(state(&k, "rotate", HOST("J") "announced 2 0\n"));
	cr_assert(state(&k, "rotate", HOST("J") "announced 1 4\n"));
	cr_assert(is_identity(&k, 'J'));
	cr_expect_not(state(&k, "rotate", HOST("I") "announced 1 4\n"), "a key does not come back");
	cr_expect(state(&k, "rotate", HOST("K") "announced 1 2\n"));
}

Test(roll, a_statement_is_not_put_in_a_second_time)
{
	cleanup_kit struct kit k;
	kit_init(&k);
	const char *retire = "host web1\nreason moved\n";
	cr_assert(state(&k, "enrol", HOST("I")));
	cr_assert(state_at(&k, "2026-11-24T08:10:00Z", "retire", retire, "AO"));
	cr_assert(state_at(&k, "2026-11-24T08:20:00Z", "re-enrol",
	                   HOST("J") "follows 0 0 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n", "AO"));
	cr_expect_not(state_at(&k, "2026-11-24T08:10:00Z", "retire", retire, "AO"));
	cr_expect_not(state_at(&k, "2026-11-24T08:20:00Z", "retire", retire, "AO"));
	cr_assert_not(k.host.retired);
	cr_expect(state_at(&k, "2026-11-24T08:20:01Z", "retire", retire, "AO"));
}

Test(roll, what_has_a_receipt_is_not_disowned)
{
	cleanup_kit struct kit k;
	kit_init(&k);
	cr_assert(state(&k, "enrol", HOST("I")));
	commit(&k, 2, 7);
	static const char *const wrong[] = {
		"host web1\nidentity $I\nat 2 6 " ROOT "\nreason x\n",
		"host web1\nidentity $I\nat 1 99 " ROOT "\nreason x\n",
		"host web1\nidentity $I\nat 0 0 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\nreason x\n",
		"host web1\nidentity $I\nat 2 7 AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\nreason x\n",
		"host web1\nidentity $J\nat 2 7 " ROOT "\nreason x\n",
	};
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		cr_expect_not(state(&k, "revoke", wrong[i]), "case %zu", i);
	cr_assert_not(k.host.revoked);
	cr_assert(state(&k, "revoke", "host web1\nidentity $I\nat 2 7 " ROOT "\nreason x\n"));
	cr_expect_not(standing_quarantines(&k.host, 2, 7));
	cr_expect_not(standing_quarantines(&k.host, 1, 1000));
	cr_expect(standing_quarantines(&k.host, 2, 8));
	cr_expect(standing_quarantines(&k.host, 3, 1));
	cr_expect(standing_takes(&k.host, 2), "it is kept all the same");
}

Test(roll, a_second_revocation_takes_nothing_back)
{
	cleanup_kit struct kit k;
	kit_init(&k);
	cr_assert(state(&k, "enrol", HOST("I")));
	commit(&k, 1, 7);
	cr_assert(state(&k, "revoke", "host web1\nidentity $I\nat 1 9 " ROOT "\nreason x\n"));
	cr_assert(state(&k, "revoke", "host web1\nidentity $I\nat 1 8 " ROOT "\nreason x\n"));
	cr_assert(state(&k, "revoke", "host web1\nidentity $I\nat 5 1 " ROOT "\nreason x\n"));
	cr_expect(standing_quarantines(&k.host, 1, 9));
	cr_expect_not(state(&k, "rotate", HOST("J") "announced 1 4\n"), "a revoked key names no new one");
}

Test(roll, a_new_enrolment_links_the_old_log_and_ends_it)
{
	cleanup_kit struct kit k;
	kit_init(&k);
	cr_assert(state(&k, "enrol", HOST("I")));
	commit(&k, 2, 7);
	cr_assert(state(&k, "revoke", "host web1\nidentity $I\nat 2 7 " ROOT "\nreason x\n"));
	cr_assert(state(&k, "retire", "host web1\nreason x\n"));
	cr_expect_not(standing_takes(&k.host, 3));
	cr_expect_not(state(&k, "re-enrol", HOST("J") "follows 2 6 " ROOT "\n"));
	cr_expect_not(state(&k, "re-enrol", HOST("I") "follows 2 7 " ROOT "\n"), "with the same key");
	cr_assert(state(&k, "re-enrol", HOST("J") "follows 2 7 " ROOT "\n"));
	cr_assert(is_identity(&k, 'J'));
	cr_expect_not(standing_quarantines(&k.host, 3, 1));
	cr_expect(standing_takes(&k.host, 3));
	cr_expect_not(standing_takes(&k.host, 2));
}

#define TOKEN_OF(count, until, hosts) TOKEN "count " count "\nuntil " until "\nhosts " hosts "\n"
#define LATER                         "2026-11-24T09:00:00Z"

Test(roll, a_token_holds_for_its_count_its_hosts_and_its_time)
{
	cleanup_kit struct kit k;
	kit_init(&k);
	cr_expect_not(state(&k, "enrol", HOST("I") TOKEN), "not stated yet");
	cr_assert(state(&k, "token", TOKEN_OF("1", LATER, "web*")));
	cr_expect_not(state(&k, "token", TOKEN_OF("9", LATER, "*")), "stated before");
	k.now_us = NOW_US + 3601 * 1000000ull;
	cr_expect_not(state(&k, "enrol", HOST("I") TOKEN), "past its time");
	k.now_us = NOW_US + 3600 * 1000000ull;
	cr_assert(state(&k, "enrol", HOST("I") TOKEN));
	cr_assert(k.host.has_token && k.host.token.b[1] == 0x11);
	cr_expect_not(state(&k, "enrol", "host web2\nidentity $Z\ncertificate " HEX "\n" TOKEN), "used up");
}

Test(roll, a_groups_token_does_not_take_over_a_hosts_name)
{
	cleanup_kit struct kit k, own;
	kit_init(&k);
	cr_assert(state(&k, "token", TOKEN_OF("5", LATER, "*")));
	cr_assert(state(&k, "enrol", HOST("I") TOKEN));
	cr_expect_not(state(&k, "enrol", HOST("J") TOKEN));
	commit(&k, 1, 7);
	cr_expect_not(state(&k, "re-enrol", HOST("J") "follows 1 7 " ROOT "\n" TOKEN));
	kit_init(&own);
	cr_assert(state(&own, "enrol", HOST("I")));
	commit(&own, 1, 7);
	cr_assert(state(&own, "token", TOKEN_OF("5", LATER, "web2")));
	cr_expect_not(state(&own, "re-enrol", HOST("J") "follows 1 7 " ROOT "\n" TOKEN), "for other hosts");
	kit_done(&own);
	kit_init(&own);
	cr_assert(state(&own, "enrol", HOST("I")));
	commit(&own, 1, 7);
	cr_assert(state(&own, "token", TOKEN_OF("5", LATER, "web1")));
	cr_expect(state(&own, "re-enrol", HOST("J") "follows 1 7 " ROOT "\n" TOKEN));
	kit_done(&own);
}

Test(roll, the_logs_key_is_followed_by_the_one_that_was_prepared)
{
	cleanup_kit struct kit k;
	kit_init(&k);
	struct signer second;
	test_cast('M', &second);
	cr_expect_not(state(&k, "log-key", "log $N\nnext #L\noverlap 60\n"));
	cr_expect_not(state(&k, "log-key", "log $L\nnext #L\noverlap 60\n"));
	cr_assert(state(&k, "log-key", "log $M\nnext #N\noverlap 60\n"));
	cr_assert(key_equal(&k.roll.log, &second.key));
	cr_assert(k.roll.has_former && key_equal(&k.roll.former, &k.genesis.log));
	cr_assert_eq(k.roll.log_index, 1);
	cr_assert_eq(k.roll.overlap_end_us, NOW_US + 60000000);
	cr_expect_not(state(&k, "log-key", "log $M\nnext #L\noverlap 60\n"), "a second time");
	cr_expect(state(&k, "log-key", "log $N\nnext #L\noverlap 60\n"));
	cr_expect_not(state(&k, "log-key", "log $L\nnext #L\noverlap 60\n"), "keys don't come back");
}

Test(roll, without_a_prepared_key_there_is_no_new_one)
{
	cleanup_kit struct kit k;
	kit_init(&k);
	k.roll.has_next = false;
	cr_expect_not(state(&k, "log-key", "log $M\nnext #N\noverlap 60\n"));
}

Test(roll, the_newest_policy_holds)
{
	cleanup_kit struct kit k;
	kit_init(&k);
	cr_assert(state_at(&k, "2026-11-24T08:00:01Z", "policy", "policy one\n", "AO"));
	cr_assert(state_at(&k, "2026-11-24T08:00:02Z", "policy", "policy two\n", "AO"));
	cr_expect_not(state_at(&k, "2026-11-24T08:00:01Z", "policy", "policy one\n", "AO"), "put in again");
	cr_assert(span_is((struct span){ k.roll.policy.data, k.roll.policy.len }, "policy two\n"));
}

Test(roll, a_statement_from_the_future_waits)
{
	cleanup_kit struct kit k;
	kit_init(&k);
	cr_expect_not(state_at(&k, "2026-11-25T08:00:01Z", "enrol", HOST("I"), "AO"));
	cr_expect_not(state_at(&k, "9999-12-31T23:59:59Z", "policy", "policy x\n", "AO"));
	cr_expect(state_at(&k, "2026-11-25T08:00:00Z", "enrol", HOST("I"), "AO"));
}
