#include "sink/at_rest.h"

#include <fcntl.h>

#include "sink/segment.h"
#include "tests/unit/sink/kit.h"

static const char first_segment[] = "store/segment/00000000000000000001.segment";

static void close_journal(struct kit *k)
{
	struct host_log h;
	kit_host(k, "a", &h);
	while (k->core->journal.file.number == 1) {
		cr_assert_eq(kit_append(k, &h, &(struct host_log_batch){ .events = 2 }), 200);
		cr_assert_geq(core_rotate(k->core), 0);
	}
}

/* Everything that the fleet log says since the start. */
static bool said(const struct kit *k, const char *words)
{
	const struct buf *b = &k->core->log.bundle;
	return b->len && memmem(b->data, b->len, words, strlen(words));
}

Test(at_rest, a_start_says_what_the_file_system_does)
{
	static const struct {
		enum at_rest how;
		int verity, immutable;
		const char *word;
	} rows[] = {
		{ AT_REST_VERITY, 0, -EPERM, " at-rest=verity" },
		{ AT_REST_VERITY, -EOPNOTSUPP, 0, " at-rest=none:unsupported" },
		{ AT_REST_IMMUTABLE, -EOPNOTSUPP, 0, " at-rest=immutable" },
		{ AT_REST_IMMUTABLE, 0, -EPERM, " at-rest=none:not-permitted" },
		{ AT_REST_OFF, 0, 0, " at-rest=none:off" },
		{ AT_REST_VERITY, -ENOLINK, 0, " at-rest=none:error" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_kit struct kit k;
		kit_new(&k);
		k.started = (struct span){ (const uint8_t *)"version=x", 9 };
		k.options.at_rest = rows[i].how;
		fault_env_freezing(k.env, ENV_FREEZE_VERITY, rows[i].verity);
		fault_env_freezing(k.env, ENV_FREEZE_IMMUTABLE, rows[i].immutable);
		cr_assert_eq(kit_open(&k), 0, "%s", k.error);
		cr_expect(said(&k, rows[i].word), "%s", rows[i].word);
		cr_expect_not(fault_env_exists(k.env, "store/segment/at-rest.tmp"));
	}
}

Test(at_rest, a_segment_that_is_protected_takes_no_write)
{
	cleanup_kit struct kit k;
	char name[SEGMENT_NAME_MAX];
	kit_new(&k);
	k.options.journal_max_bytes = 2000;
	cr_assert_eq(kit_open(&k), 0);
	close_journal(&k);
	fault_env_freezing(k.env, ENV_FREEZE_VERITY, 0);
	struct store *s = &k.core->store;
	cr_assert_eq(segment_make(k.env, s->journal, s->segment, 1), 0);
	segment_name(1, name);
	cr_assert_eq(at_rest_protect(k.env, s->segment, name, AT_REST_VERITY), 0);
	cr_expect(fault_env_frozen(k.env, first_segment, ENV_FREEZE_VERITY));
	cr_expect_eq(k.env->open(k.env, s->segment, name, O_WRONLY, 0), -EPERM);
	cr_assert_eq(core_drop_journal(k.core, 1), 0);
	kit_reopen(&k);
}

Test(at_rest, segments_of_before_are_protected_and_other_files_are_not)
{
	cleanup_kit struct kit k;
	kit_new(&k);
	cr_assert_eq(kit_open(&k), 0);
	fault_env_freezing(k.env, ENV_FREEZE_IMMUTABLE, 0);
	fault_env_put(k.env, first_segment, "x", 1);
	fault_env_put(k.env, "store/segment/00000000000000000002.segment", "x", 1);
	fault_env_put(k.env, "store/segment/00000000000000000003.segment.abc.tmp", "x", 1);
	fault_env_fail(k.env, FAULT_FREEZE, 1, -EIO);
	int dir = k.core->store.segment;
	cr_expect_eq(at_rest_protect_all(k.env, dir, AT_REST_IMMUTABLE), -EIO);
	cr_expect_neq(
	        fault_env_frozen(k.env, first_segment, ENV_FREEZE_IMMUTABLE),
	        fault_env_frozen(k.env, "store/segment/00000000000000000002.segment", ENV_FREEZE_IMMUTABLE),
	        "one failed, the other was tried all the same");
	cr_expect_eq(at_rest_protect_all(k.env, dir, AT_REST_IMMUTABLE), 0);
	cr_expect(fault_env_frozen(k.env, first_segment, ENV_FREEZE_IMMUTABLE));
	cr_expect_not(fault_env_frozen(k.env, "store/segment/00000000000000000003.segment.abc.tmp",
	                               ENV_FREEZE_IMMUTABLE));
}

Test(at_rest, what_a_crash_left_of_the_trial_is_in_nobodys_way)
{
	cleanup_kit struct kit k;
	kit_new(&k);
	k.options.at_rest = AT_REST_IMMUTABLE;
	cr_assert_eq(kit_open(&k), 0);
	fault_env_freezing(k.env, ENV_FREEZE_IMMUTABLE, 0);
	uint64_t before = fault_env_calls(k.env, FAULT_ANY);
	cr_assert_eq(at_rest_probe(k.env, k.core->store.segment, AT_REST_IMMUTABLE), 0);
	uint64_t calls = fault_env_calls(k.env, FAULT_ANY) - before;
	for (uint64_t n = 1; n <= calls; n++) {
		fault_env_crash(k.env, n);
		cr_assert_lt(at_rest_probe(k.env, k.core->store.segment, AT_REST_IMMUTABLE), 0);
		core_free(TAKE_PTR(k.core));
		fault_env_power_cut(k.env, FAULT_CUT_KEEP, n);
		cr_assert_eq(kit_open(&k), 0, "%s", k.error);
	}
}
