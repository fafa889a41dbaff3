#include "tests/unit/registrar/kit.h"

static struct kit k;

static void setup(void)
{
	kit_init(&k);
}

static void teardown(void)
{
	kit_done(&k);
}

TestSuite(ledger, .init = setup, .fini = teardown);

static struct statement enrolment(const char *host)
{
	struct statement s = {
		.kind = STATEMENT_ENROL, .fleet = "acme", .time_s = 1795507200, .has_token = true
	};
	struct signer identity;
	char name[KEY_NAME_MAX + 1];
	snprintf(s.host, sizeof(s.host), "%s", host);
	snprintf(name, sizeof(name), "acme/host/%s", host);
	test_signer(name, &identity);
	s.identity = identity.key;
	sha256(host, strlen(host), &s.certificate);
	s.token = k.token;
	return s;
}

static int reopen(void)
{
	char error[256];
	ledger_free(k.r.ledger);
	k.r.ledger = NULL;
	int dir = k.env->open(k.env, AT_FDCWD, "joined", O_RDONLY | O_DIRECTORY, 0);
	return ledger_open(k.env, dir, "acme", &k.r.ledger, error, sizeof(error));
}

Test(ledger, what_is_added_is_there_after_a_restart)
{
	struct statement a = enrolment("web1"), b = enrolment("web1.enrol.tmp"), got;
	cr_assert_eq(ledger_add(k.r.ledger, &a), 0);
	cr_assert_eq(ledger_add(k.r.ledger, &b), 0);
	cr_expect_eq(ledger_add(k.r.ledger, &a), -EEXIST);
	cr_assert_eq(reopen(), 0);
	cr_expect_eq(ledger_used(k.r.ledger, &k.token), 2);
	cr_assert(ledger_find(k.r.ledger, "web1", &got));
	cr_expect(key_equal(&got.identity, &a.identity) && hash_equal(&got.certificate, &a.certificate) &&
	          got.time_s == a.time_s);
	cr_expect(ledger_find(k.r.ledger, "web1.enrol.tmp", &got));
	cr_expect_not(ledger_find(k.r.ledger, "web2", &got));
}

Test(ledger, unfinished_files_carry_no_meaning)
{
	fault_env_put(k.env, "joined/web9.enrol.tmp", "half", 4);
	cr_assert_eq(reopen(), 0);
}

Test(ledger, what_it_did_not_write_stops_it)
{
	cleanup_buf struct buf text = { 0 };
	struct statement a = enrolment("web1");
	statement_put_text(&text, &a);
	fault_env_put(k.env, "joined/web2.enrol", text.data, text.len);
	cr_expect_eq(reopen(), -EBADMSG, "another name");
	fault_env_remove(k.env, "joined/web2.enrol");
	fault_env_put(k.env, "joined/web1.enrol", text.data, text.len - 1);
	cr_expect_eq(reopen(), -EBADMSG, "cut");
}
