#include "tests/unit/sink/kit.h"

#include "sink/gate.h"

static int submit(struct kit *k, const struct buf *note, uint64_t *ret_index)
{
	return enrol_submit(k->core, SPAN_OF(*note), ret_index, k->error, sizeof(k->error));
}

Test(enrol, an_enrolment_is_an_entry_and_survives_a_restart)
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
	cr_assert(key_equal(&host->identity, &h.identity.key));
}

Test(enrol, a_host_or_a_key_is_enrolled_once)
{
	cleanup_kit struct kit k;
	kit_init(&k);
	struct host_log h, same_key;
	kit_host(&k, "web1", &h);
	cr_assert_eq(kit_enrol(&k, &h), -EEXIST);
	host_log_init(&same_key, "acme", "web2", 1);
	struct key key = h.identity.key;
	cr_assert_eq(key_make(same_key.identity.key.name, KEY_TYPE_ED25519, &key.pub, &same_key.identity.key),
	             0);
	cr_assert_eq(kit_enrol(&k, &same_key), -EEXIST);
}

Test(enrol, a_statement_with_too_few_or_wrong_signatures_is_refused)
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

Test(enrol, only_enrolments_of_this_fleet_are_taken)
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

Test(enrol, a_full_disk_refuses_and_forgets)
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
