#include "lib/certificate_check.h"
#include "tests/unit/registrar/kit.h"

#define LATE "2026-11-25T08:00:00Z"

static struct kit k;
static struct kit_host web1, web2, db;

static void setup(void)
{
	kit_init(&k);
	kit_put_token(&k, "1", LATE, "");
	kit_host_init(&web1, "web1");
	kit_host_init(&web2, "web2");
	kit_host_init(&db, "db");
}

static void teardown(void)
{
	kit_host_done(&web1);
	kit_host_done(&web2);
	kit_host_done(&db);
	kit_done(&k);
}

TestSuite(join, .init = setup, .fini = teardown);

static void expect_grant(const struct buf *body, const struct kit_host *h)
{
	struct grant g;
	struct statement s;
	char uri[128];
	struct certificate_wanted want = { .ca = k.r.issuer.ca, .uri = uri };
	snprintf(uri, sizeof(uri), "swornlog://acme/host/%s", h->name);
	cr_assert_eq(certificate_key_spki(h->key, &want.spki), 0);
	cr_assert_eq(grant_parse(buf_span(body), &g), 0);
	cr_expect(span_equal(g.genesis, buf_span(&k.genesis)) && span_equal(g.ca, buf_span(&k.ca_pem)));
	cr_expect_eq(certificate_check(g.certificate, &want), CERTIFICATE_GOOD);
	cr_assert_eq(enrolment_parse(g.enrol, &k.r.genesis, &s), 0);
	cr_expect_str_eq(s.host, h->name);
	cr_expect(key_equal(&s.identity, &h->identity.key) && hash_equal(&s.certificate, &want.spki));
	cr_expect(s.has_token && hash_equal(&s.token, &k.token));
}

Test(join, a_host_with_a_token_gets_all_that_it_needs)
{
	cleanup_buf struct buf body = { 0 };
	cr_assert_eq(kit_join(&k, &web1, &k.secret, &body), 200);
	expect_grant(&body, &web1);
	cr_expect(k.sink.knows_token, "the token's statement went in first");
	cr_expect_eq(k.sink.count, 1);
}

Test(join, the_same_host_may_ask_again_and_gets_the_same_statement)
{
	cleanup_buf struct buf once = { 0 }, again = { 0 };
	struct grant a, b;
	cr_assert_eq(kit_join(&k, &web1, &k.secret, &once), 200);
	fault_env_tick(k.env, 7200000000);
	cr_assert_eq(kit_join(&k, &web1, &k.secret, &again), 200);
	cr_assert(grant_parse(buf_span(&once), &a) == 0 && grant_parse(buf_span(&again), &b) == 0);
	cr_expect(span_equal(a.enrol, b.enrol));
	cr_expect_eq(ledger_used(k.r.ledger, &k.token), 1);
	cr_expect_eq(k.sink.count, 1);
}

Test(join, a_token_is_not_used_beyond_its_count)
{
	cr_expect_eq(kit_join(&k, &web1, &k.secret, NULL), 200);
	kit_refuses(&k, &web2, 403, "token-spent");
	kit_put_token(&k, "2", LATE, "");
	cr_expect_eq(kit_join(&k, &web2, &k.secret, NULL), 200);
	cr_expect_eq(k.sink.count, 2);
}

Test(join, a_use_counts_even_if_the_sink_was_away)
{
	k.sink.away = true;
	kit_refuses(&k, &web1, 503, "unavailable");
	cr_expect_eq(ledger_used(k.r.ledger, &k.token), 0, "nothing is used before the sink was asked");
	k.sink.away = false;
	cr_expect_eq(kit_join(&k, &web1, &k.secret, NULL), 200);
}

Test(join, a_token_has_its_time_its_hosts_and_its_addresses)
{
	kit_refuses(&k, &db, 403, "token-other-host");
	kit_put_token(&k, "1", "2026-11-24T07:59:59Z", "");
	kit_refuses(&k, &web1, 403, "token-expired");
	kit_put_token(&k, "1", "2026-11-24T08:00:00Z", "from 192.0.3.0/24\nfrom 2001:db8::/32\n");
	kit_refuses(&k, &web1, 403, "token-other-address");
	kit_put_token(&k, "1", "2026-11-24T08:00:00Z", "from 192.0.3.0/24\nfrom 192.0.2.0/24\n");
	cr_expect_eq(kit_join(&k, &web1, &k.secret, NULL), 200);
	cr_expect_eq(ledger_used(k.r.ledger, &k.token), 1);
}

Test(join, a_secret_that_nobody_stated_is_refused)
{
	cleanup_buf struct buf body = { 0 };
	struct token_secret other = { { 1, 2, 3 } };
	cr_expect_eq(kit_join(&k, &web1, &other, &body), 403);
	cr_expect_not_null(memmem(body.data, body.len, "token-unknown", 13));
	cr_expect_eq(kit_join(&k, &web1, NULL, NULL), 400);
	cr_expect_eq(k.sink.asked, 0);
}

Test(join, a_statement_that_an_administrator_did_not_sign_is_no_token)
{
	cleanup_buf struct buf path = { 0 };
	size_t n;
	buf_put_str(&path, "tokens/");
	text_put_hex(&path, k.token.b, 32);
	buf_put(&path, ".token", 7);
	uint8_t *now = fault_env_content(k.env, (const char *)path.data, &n);
	cleanup_buf struct buf changed = { 0 };
	buf_put(&changed, now, n);
	uint8_t *count = memmem(changed.data, changed.len, "count 1", 7);
	count[6] = '9';
	fault_env_put(k.env, (const char *)path.data, changed.data, changed.len);
	kit_refuses(&k, &web1, 403, "token-unknown");
}

Test(join, a_name_that_is_taken_stays_with_its_keys)
{
	struct kit_host other;
	kit_put_token(&k, "9", LATE, "");
	cr_expect_eq(kit_join(&k, &web1, &k.secret, NULL), 200);
	kit_host_init(&other, "web1");
	kit_refuses(&k, &other, 409, "host-taken");
	EVP_PKEY *key = other.key;
	other.identity = web1.identity;
	kit_refuses(&k, &other, 409, "host-taken");
	other.key = web1.key;
	cr_expect_eq(kit_join(&k, &other, &k.secret, NULL), 200);
	other.key = key;
	kit_host_done(&other);
	cr_expect_eq(ledger_used(k.r.ledger, &k.token), 1);
}

Test(join, a_host_that_people_enrolled_is_taken_though_its_keys_are_the_same)
{
	struct known_host *h = &k.sink.host[k.sink.count];
	*h = (struct known_host){ .enrolled = true, .good = true, .identity = web1.identity.key };
	cr_assert_eq(certificate_key_spki(web1.key, &h->certificate), 0);
	snprintf(k.sink.name[k.sink.count++], LABEL_MAX + 1, "web1");
	kit_refuses(&k, &web1, 409, "host-taken");
	cr_expect_eq(ledger_used(k.r.ledger, &k.token), 0);
}

Test(join, rubbish_is_refused)
{
	cleanup_http_answer struct http_answer a = { 0 };
	registrar_join(&k.r, TEXT("swornlog-request/v1\n"), &k.from, &a);
	cr_expect_eq(a.status, 400);
}

Test(join, a_full_disk_uses_nothing_up_for_this_host)
{
	fault_env_space(k.env, 0);
	kit_refuses(&k, &web1, 503, "unavailable");
	cr_expect_eq(k.sink.count, 0, "nothing is signed that is not stored");
	kit_refuses(&k, &web2, 403, "token-spent");
	fault_env_space(k.env, UINT64_MAX);
	cr_expect_eq(kit_join(&k, &web1, &k.secret, NULL), 200);
}

/* Whatever happens at whatever call: nobody but the first host ever gets in, and it gets in. */
static void crash_at(uint64_t call, enum fault_cut how, bool *ret_crashed)
{
	cleanup_buf struct buf before = { 0 }, body = { 0 };
	teardown();
	setup();
	fault_env_crash(k.env, call);
	(void)kit_join(&k, &web1, &k.secret, NULL);
	*ret_crashed = fault_env_crashed(k.env);
	bool signed_once = k.sink.count == 1;
	if (signed_once)
		buf_put(&before, k.sink.note[0].data, k.sink.note[0].len);
	ledger_free(k.r.ledger);
	k.r.ledger = NULL;
	fault_env_power_cut(k.env, how, call);
	kit_open(&k);
	if (signed_once)
		kit_refuses(&k, &web2, 403, "token-spent");
	unsigned again = kit_join(&k, &web1, &k.secret, &body);
	cr_expect_eq(again, 200, "call %llu: %u", (unsigned long long)call, again);
	kit_refuses(&k, &web2, 403, "token-spent");
	cr_expect_eq(k.sink.count, 1);
	if (signed_once) {
		struct grant g;
		cr_assert_eq(grant_parse(buf_span(&body), &g), 0);
		cr_expect(span_equal(g.enrol, buf_span(&before)));
	}
}

Test(join, a_crash_at_any_call_lets_no_second_host_in, .timeout = 60)
{
	static const enum fault_cut CUTS[] = { FAULT_CUT_KEEP, FAULT_CUT_DROP, FAULT_CUT_PREFIX,
		                               FAULT_CUT_RANDOM };
	for (size_t i = 0; i < ARRAY_SIZE(CUTS); i++) {
		bool crashed = true;
		uint64_t call = 1;
		for (; crashed; call++)
			crash_at(call, CUTS[i], &crashed);
		cr_expect_gt(call, 8);
	}
}

static void expect_after_failed(uint64_t call)
{
	teardown();
	setup();
	fault_env_fail(k.env, FAULT_ANY, call, -EIO);
	unsigned first = kit_join(&k, &web1, &k.secret, NULL);
	cr_expect(first == 200 || first == 503, "call %llu: %u", (unsigned long long)call, first);
	fault_env_fail(k.env, FAULT_ANY, 0, 0);
	cr_expect_eq(kit_join(&k, &web1, &k.secret, NULL), 200);
	kit_refuses(&k, &web2, 403, "token-spent");
}

Test(join, a_call_that_fails_does_no_more_harm)
{
	for (uint64_t call = 1; call < 16; call++)
		expect_after_failed(call);
}
