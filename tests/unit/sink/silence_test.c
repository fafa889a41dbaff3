#include "tests/unit/sink/kit.h"

#define SECOND 1000000

static uint64_t entries(const struct kit *k)
{
	return k->core->log.frontier.size;
}

static int watch(struct kit *k, unsigned seconds)
{
	fault_env_tick(k->env, (uint64_t)seconds * SECOND);
	int n = core_watch(k->core);
	cr_assert_geq(n, 0);
	cr_assert_eq(core_commit(k->core), 0);
	return n;
}

Test(silence, a_silent_host_is_noted_once_and_again_when_it_is_heard)
{
	cleanup_kit struct kit k;
	kit_init(&k);
	struct host_log h;
	kit_host(&k, "web1", &h);
	cr_assert_eq(kit_append(&k, &h, &(struct host_log_batch){ 0 }), 200);
	uint64_t before = entries(&k);
	cr_assert_eq(watch(&k, 29), 0);
	cr_assert_eq(watch(&k, 1), 1);
	cr_assert_eq(watch(&k, 100), 0);
	cr_assert_eq(entries(&k), before + 1);
	cr_assert_eq(kit_append(&k, &h, &(struct host_log_batch){ 0 }), 200);
	cr_assert_eq(entries(&k), before + 3, "the commit, and that it is heard");
	cr_assert_eq(watch(&k, 29), 0);
	cr_assert_eq(watch(&k, 2), 1);
}

Test(silence, after_a_goodbye_silence_is_no_alarm)
{
	cleanup_kit struct kit k;
	kit_init(&k);
	struct host_log h;
	kit_host(&k, "web1", &h);
	cr_assert_eq(kit_append(&k, &h, &(struct host_log_batch){ .events = 2, .goodbye = true }), 200);
	cr_assert_eq(watch(&k, 1000), 0);
	kit_reopen(&k);
	struct host *host;
	int r;
	while (hash_in_next(k.core, &host, &r))
		cr_assert_eq(r, 1);
	cr_assert_eq(watch(&k, 1000), 0, "nor after a restart");
	cr_assert_eq(kit_append(&k, &h, &(struct host_log_batch){ 0 }), 200);
	cr_assert_eq(watch(&k, 1000), 1);
}

Test(silence, a_host_that_was_never_heard_is_not_waited_for)
{
	cleanup_kit struct kit k;
	kit_init(&k);
	struct host_log h;
	kit_host(&k, "web1", &h);
	cr_assert_eq(watch(&k, 1000), 0);
}

Test(silence, what_could_not_be_written_is_written_later)
{
	cleanup_kit struct kit k;
	kit_init(&k);
	struct host_log h;
	kit_host(&k, "web1", &h);
	cr_assert_eq(kit_append(&k, &h, &(struct host_log_batch){ 0 }), 200);
	uint64_t before = entries(&k);
	fault_env_tick(k.env, 60 * (uint64_t)SECOND);
	fault_env_space(k.env, 0);
	cr_assert_eq(core_watch(k.core), 1);
	cr_assert_eq(core_commit(k.core), -ENOSPC);
	fault_env_space(k.env, UINT64_MAX);
	cr_assert_eq(core_commit(k.core), 0);
	cr_assert_eq(entries(&k), before + 1);
}
