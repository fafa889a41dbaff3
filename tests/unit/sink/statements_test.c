#include "tests/unit/sink/kit.h"

#include "sink/gate.h"

static int submit(struct kit *k, const struct buf *note, uint64_t *ret_index)
{
	return statements_submit(k->core, buf_span(&*note), ret_index, k->error, sizeof(k->error));
}

Test(statements, an_enrolment_is_an_entry_and_survives_a_restart)
{
	cleanup_kit struct kit k;
	kit_init(&k);
	struct host_log h;
	host_log_init(&h, "acme", "web1", 1);
	cleanup_buf struct buf note = { 0 };
	uint64_t index = 0;
	test_fleet_enrol(&k.fleet, &h, &note);
	cr_assert_eq(submit(&k, &note, &index), 0);
	cr_assert_eq(index, 2, "after genesis and start");
	kit_reopen(&k);
	struct host *host = gate_host(k.core, "swornlog://acme/host/web1", &h.certificate);
	cr_assert_not_null(host);
	cr_assert(key_equal(&host->standing.identity, &h.identity.key));
}

Test(statements, a_host_or_a_key_is_enrolled_once)
{
	cleanup_kit struct kit k;
	kit_init(&k);
	struct host_log h, same_key;
	kit_host(&k, "web1", &h);
	cr_assert_eq(kit_enrol(&k, &h), -EPERM);
	host_log_init(&same_key, "acme", "web2", 1);
	struct key key = h.identity.key;
	cr_assert_eq(key_make(same_key.identity.key.name, KEY_TYPE_ED25519, &key.pub, &same_key.identity.key),
	             0);
	cr_assert_eq(kit_enrol(&k, &same_key), -EPERM);
}

Test(statements, a_statement_with_too_few_or_wrong_signatures_is_refused)
{
	cleanup_kit struct kit k;
	kit_init(&k);
	struct host_log h;
	host_log_init(&h, "acme", "web1", 1);
	cleanup_buf struct buf note = { 0 };
	uint64_t index = 77;
	test_fleet_enrol(&k.fleet, &h, &note);
	note.data[note.len - 10] ^= 1;
	cr_assert_lt(submit(&k, &note, &index), 0);
	note.data[note.len - 10] ^= 1;
	/* Without the auditor's line. */
	size_t auditor = note_signature_bytes(k.fleet.auditor.key.name);
	note.len -= auditor;
	cr_assert_eq(submit(&k, &note, &index), -ENOKEY);
	cr_assert_eq(index, 77);
	cr_assert_eq(k.core->log.frontier.size, 2);
	cr_assert_str_not_empty(k.error);
}

Test(statements, only_enrolments_of_this_fleet_are_taken)
{
	cleanup_kit struct kit k;
	kit_init(&k);
	uint64_t index;
	cr_assert_eq(submit(&k, &k.fleet.genesis_note, &index), -EBADMSG);
	cleanup_buf struct buf junk = { 0 }, foreign = { 0 };
	buf_put_str(&junk, "hello\n");
	cr_assert_eq(submit(&k, &junk, &index), -EBADMSG);
	cleanup_test_fleet struct test_fleet other;
	test_fleet_init(&other, "umbrella");
	struct host_log h;
	host_log_init(&h, "umbrella", "web1", 1);
	test_fleet_enrol(&other, &h, &foreign);
	cr_assert_lt(submit(&k, &foreign, &index), 0);
	cr_assert_eq(k.core->hosts.count, 0);
}

Test(statements, a_full_disk_refuses_and_forgets)
{
	cleanup_kit struct kit k;
	kit_init(&k);
	struct host_log h;
	host_log_init(&h, "acme", "web1", 1);
	fault_env_space(k.env, 10);
	cr_assert_eq(kit_enrol(&k, &h), -ENOSPC);
	fault_env_space(k.env, UINT64_MAX);
	cr_assert_eq(core_commit(k.core), 0);
	cr_assert_eq(k.core->hosts.count, 0);
	cr_assert_eq(kit_enrol(&k, &h), 0);
}

Test(gate, a_certificate_must_be_the_enrolled_one)
{
	cleanup_kit struct kit k;
	kit_init(&k);
	struct host_log h;
	kit_host(&k, "web1", &h);
	struct hash other = h.certificate;
	other.b[31] ^= 1;
	cr_expect_not_null(gate_host(k.core, "swornlog://acme/host/web1", &h.certificate));
	cr_expect_null(gate_host(k.core, "swornlog://acme/host/web1", &other));
	cr_expect_null(gate_host(k.core, "swornlog://acme/host/web2", &h.certificate));
	cr_expect_null(gate_host(k.core, "swornlog://acme/host/", &h.certificate));
	cr_expect_null(gate_host(k.core, "swornlog://acme/sink", &h.certificate));
	cr_expect_null(gate_host(k.core, "swornlog://umbrella/host/web1", &h.certificate));
}

/* One of everything in a fleet whose registrar and next key are known. */
static void kit_cast(struct kit *k)
{
	kit_new(k);
	struct genesis *g = &k->fleet.genesis;
	struct signer registrar, next;
	test_signer("acme/registrar", &registrar);
	test_signer("acme/log/2", &next);
	g->has_registrar = g->has_next_log = true;
	g->registrar = registrar.key;
	log_key_hash(&next.secret.public_key, &g->next_log);
	cleanup_buf struct buf text = { 0 };
	genesis_put_text(&text, g);
	const struct signer *people[] = { &k->fleet.admin, &k->fleet.auditor };
	buf_reset(&k->fleet.genesis_note);
	cr_assert_eq(note_put(&k->fleet.genesis_note, buf_span(&text), people, 2), 0);
	k->options.genesis = buf_span(&k->fleet.genesis_note);
	cr_assert_eq(kit_open(k), 0, "%s", k->error);
}

/* State it; the time is that of its place. */
static int state(struct kit *k, struct statement *s)
{
	static uint64_t second = 1795507300;
	cleanup_buf struct buf text = { 0 }, note = { 0 };
	const struct signer *people[] = { &k->fleet.admin, &k->fleet.auditor };
	struct signer registrar;
	const struct signer *under_token[] = { &registrar };
	uint64_t index;
	test_signer("acme/registrar", &registrar);
	memcpy(s->fleet, "acme", 5);
	s->time_s = ++second;
	statement_put_text(&text, s);
	bool token = s->kind != STATEMENT_TOKEN && s->has_token;
	cr_assert_eq(note_put(&note, buf_span(&text), token ? under_token : people, token ? 1 : 2), 0);
	return submit(k, &note, &index);
}

static struct statement about(enum statement_kind kind, const struct host_log *h)
{
	struct statement s = {
		.kind = kind, .identity = h->identity.key, .certificate = h->certificate, .reason = "test"
	};
	memcpy(s.host, h->origin.host, sizeof(s.host));
	return s;
}

static struct host *host_of(const struct kit *k, const struct host_log *h)
{
	const char *name = h->origin.host;
	return hosts_find(&k->core->hosts, span_str(name));
}

static struct log_point head_of(const struct kit *k, const struct host_log *h)
{
	const struct host_head *head = &host_of(k, h)->head;
	return (struct log_point){ .epoch = head->epoch, .size = head->size, .root = head->root };
}

/* Another identity key of the same host. */
static void new_identity(struct host_log *h, const char *seed)
{
	struct signer s;
	char name[KEY_NAME_MAX + 1];
	test_signer(seed, &s);
	memcpy(name, h->identity.key.name, sizeof(name));
	h->identity = s;
	cr_assert_eq(key_make(name, KEY_TYPE_ED25519, &s.secret.public_key, &h->identity.key), 0);
}

static const struct host_log_batch one = { .events = 1 }, vouched = { .events = 1, .identity = true };

Test(statements, after_a_rotation_the_new_key_vouches_and_the_old_one_does_not)
{
	cleanup_kit struct kit k;
	struct host_log h, old;
	kit_cast(&k);
	kit_host(&k, "web1", &h);
	cr_assert_eq(kit_append(&k, &h, &one), 200);
	struct statement s = about(STATEMENT_ROTATE, &h);
	old = h;
	new_identity(&h, "web1/2");
	s.identity = h.identity.key;
	s.point = (struct log_point){ .epoch = 1, .size = 3 };
	cr_assert_eq(state(&k, &s), -EPERM, "entry 3 has not come");
	s.point.size = 1;
	cr_assert_eq(state(&k, &s), 0, "%s", k.error);
	cr_expect_eq(kit_append(&k, &old, &vouched), 422);
	cr_assert_eq(kit_append(&k, &h, &vouched), 200);
	kit_reopen(&k);
	cr_expect_eq(kit_append(&k, &h, &vouched), 200, "the key of each batch is known after a restart");
}

Test(statements, a_new_certificate_is_asked_for_at_once)
{
	cleanup_kit struct kit k;
	struct host_log h;
	kit_cast(&k);
	kit_host(&k, "web1", &h);
	cr_assert_eq(kit_append(&k, &h, &one), 200);
	struct statement s = about(STATEMENT_ROTATE, &h);
	new_identity(&h, "web1/2");
	s.identity = h.identity.key;
	s.point.epoch = 1;
	s.certificate.b[0] ^= 1;
	cr_assert_eq(state(&k, &s), 0, "%s", k.error);
	cr_expect_null(gate_host(k.core, "swornlog://acme/host/web1", &h.certificate));
	cr_expect_not_null(gate_host(k.core, "swornlog://acme/host/web1", &s.certificate));
}

Test(statements, what_was_receipted_is_not_disowned_and_what_follows_is_kept_all_the_same)
{
	cleanup_kit struct kit k;
	struct host_log h;
	kit_cast(&k);
	kit_host(&k, "web1", &h);
	cr_assert_eq(kit_append(&k, &h, &one), 200);
	struct statement s = about(STATEMENT_REVOKE, &h);
	s.point = head_of(&k, &h);
	s.point.size--;
	cr_assert_eq(state(&k, &s), -EPERM);
	s.point.size++;
	cr_assert_eq(state(&k, &s), 0, "%s", k.error);
	cr_expect_eq(kit_append(&k, &h, &one), 200, "quarantined batches are stored and receipted");
	kit_reopen(&k);
	cr_assert(host_of(&k, &h)->standing.revoked);
	cr_assert_eq(host_of(&k, &h)->standing.revoked_at.size, s.point.size);
}

Test(statements, a_retired_host_is_neither_heard_nor_missed)
{
	cleanup_kit struct kit k;
	struct host_log h;
	kit_cast(&k);
	kit_host(&k, "web1", &h);
	cr_assert_eq(kit_append(&k, &h, &one), 200);
	struct statement s = about(STATEMENT_RETIRE, &h);
	cr_assert_eq(state(&k, &s), 0, "%s", k.error);
	kit_reopen(&k);
	struct gate_pass pass;
	cleanup_answer struct answer a = { 0 };
	cr_expect_eq(gate_check(host_of(&k, &h), &(struct http_head){ 0 }, &pass, &a), 403);
	fault_env_tick(k.env, 3600000000);
	cr_expect_eq(core_watch(k.core), 0);
}

Test(statements, a_new_identity_goes_on_in_a_new_epoch_only)
{
	cleanup_kit struct kit k;
	struct host_log h, old;
	kit_cast(&k);
	kit_host(&k, "web1", &h);
	cr_assert_eq(kit_append(&k, &h, &one), 200);
	old = h;
	struct statement s = about(STATEMENT_RE_ENROL, &h);
	host_log_init(&h, "acme", "web1", 2);
	new_identity(&h, "web1/2");
	s.identity = h.identity.key;
	frontier_root(&(struct frontier){ 0 }, &s.point.root);
	cr_assert_eq(state(&k, &s), -EPERM, "it must link the old log");
	s.point = head_of(&k, &old);
	cr_assert_eq(state(&k, &s), 0, "%s", k.error);
	cr_expect_eq(kit_append(&k, &old, &one), 409);
	kit_reopen(&k);
	cr_expect_eq(kit_append(&k, &old, &one), 409);
	cr_expect_eq(kit_append(&k, &h, &one), 200);
}

Test(statements, a_token_is_counted_over_restarts_and_new_journals)
{
	cleanup_kit struct kit k;
	struct host_log a, b, c;
	kit_cast(&k);
	struct statement t = {
		.kind = STATEMENT_TOKEN, .token.b = { 7 }, .count = 2, .until_s = UINT32_MAX, .hosts = "web*"
	};
	cr_assert_eq(state(&k, &t), 0, "%s", k.error);
	host_log_init(&a, "acme", "web1", 1);
	host_log_init(&b, "acme", "web2", 1);
	host_log_init(&c, "acme", "web3", 1);
	struct statement s = about(STATEMENT_ENROL, &a);
	s.has_token = true;
	cr_assert_eq(state(&k, &s), -EPERM, "another token");
	s.token.b[0] = 7;
	cr_assert_eq(state(&k, &s), 0, "%s", k.error);
	k.options.journal_max_bytes = 1;
	kit_reopen(&k);
	cr_assert_eq(core_rotate(k.core), 1);
	kit_reopen(&k);
	s = about(STATEMENT_ENROL, &b);
	s.has_token = true;
	s.token.b[0] = 7;
	cr_assert_eq(state(&k, &s), 0, "%s", k.error);
	s = about(STATEMENT_ENROL, &c);
	s.has_token = true;
	s.token.b[0] = 7;
	cr_assert_eq(state(&k, &s), -EPERM, "used up");
}

/* A key of the fleet log, under its name. */
static void log_signer(const char *seed, struct signer *ret)
{
	test_signer(seed, ret);
	cr_assert_eq(key_make("acme/log", KEY_TYPE_ED25519, &ret->secret.public_key, &ret->key), 0);
}

static struct statement hands_on(const struct signer *to, const char *then, uint64_t overlap_s)
{
	struct signer next;
	struct statement s = { .kind = STATEMENT_LOG_KEY, .log = to->key, .overlap_s = overlap_s };
	log_signer(then, &next);
	log_key_hash(&next.secret.public_key, &s.next);
	return s;
}

static size_t note_lines(const struct kit *k)
{
	struct note n;
	cr_assert_eq(note_parse(buf_span(&k->core->log.note), &n), 0);
	return note_signature_count(&n);
}

/* A receipt under a fleet log that was handed on is proven from the genesis statement alone. */
static void check_receipt(struct kit *k, struct host_log *h, const struct key *by)
{
	cleanup_buf struct buf body = { 0 }, answer = { 0 }, entry = { 0 };
	struct receipt r;
	struct succession log;
	struct fleet_head head;
	host_log_batch(h, &one, &body);
	cr_assert_eq(kit_send(k, h->origin.host, &body, 0, &answer), 200);
	cr_assert_eq(receipt_parse(buf_span(&answer), &entry, &r), 0);
	cr_assert_eq(succession_follow(&k->core->genesis, r.log_keys, &log), 0);
	cr_assert(key_equal(&log.log, by));
	cr_assert_eq(receipt_check_by(&r, &log, &(struct fleet_head){ 0 }, &head), RECEIPT_OK);
}

Test(statements, the_log_s_key_is_handed_on_and_signs_from_the_statement_s_own_entry_on)
{
	cleanup_kit struct kit k;
	struct host_log h;
	struct signer second;
	struct checkpoint c;
	kit_cast(&k);
	kit_host(&k, "web1", &h);
	log_signer("acme/log/2", &second);
	struct statement s = hands_on(&second, "acme/log/3", 60);
	cr_assert_eq(state(&k, &s), -EPERM, "the sink does not hold it");
	k.options.next_signer = &second;
	kit_reopen(&k);
	cr_assert_eq(state(&k, &s), 0, "%s", k.error);
	cr_assert_eq(checkpoint_verify_keys(buf_span(&k.core->log.note), &second.key, &k.fleet.log.key, &c),
	             0);
	cr_assert_eq(note_lines(&k), 2, "both, for a while");
	check_receipt(&k, &h, &second.key);
	kit_reopen(&k);
	check_receipt(&k, &h, &second.key);
	fault_env_tick(k.env, 61000000);
	check_receipt(&k, &h, &second.key);
	cr_assert_eq(note_lines(&k), 1);
	/* The old key is not needed any more. */
	k.options.signer = &second;
	k.options.next_signer = NULL;
	k.options.journal_max_bytes = 1;
	kit_reopen(&k);
	check_receipt(&k, &h, &second.key);
	cr_assert_eq(core_rotate(k.core), 1);
	kit_reopen(&k);
	check_receipt(&k, &h, &second.key);
}

Test(statements, a_sink_with_the_old_key_alone_does_not_start_after_that)
{
	cleanup_kit struct kit k;
	struct signer second;
	kit_cast(&k);
	log_signer("acme/log/2", &second);
	k.options.next_signer = &second;
	kit_reopen(&k);
	struct statement s = hands_on(&second, "acme/log/3", 0);
	cr_assert_eq(state(&k, &s), 0, "%s", k.error);
	cr_assert_eq(note_lines(&k), 1, "no overlap");
	core_free(TAKE_PTR(k.core));
	k.options.next_signer = NULL;
	cr_assert_eq(kit_open(&k), -EKEYREJECTED);
}
