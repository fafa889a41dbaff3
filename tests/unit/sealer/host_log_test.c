/* The writing end of the host log over a world that crashes: docs/format.md section 14, every step of it. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>

#include "evidence/chain.h"
#include "sealer/host_log.h"
#include "tests/support/fault_env.h"

#define FLEET "example.org"
#define HOST  "web-1"

/* What anybody has ever seen signed: one root a size, for ever. */
struct seen {
	uint32_t epoch;
	uint64_t size;
	struct hash root;
};

struct world {
	struct env *env;
	struct signer identity;
	int state_fd;
	int spool_fd;
	struct spool spool;
	struct host_log *log;
	struct ledger ledger;
	struct seen seen[256];
	size_t seen_count;
	uint32_t acked_epoch;
	uint64_t acked_size; /* of the last seal that returned 0 */
};

static void world_init(struct world *w)
{
	*w = (struct world){ .env = fault_env_new(), .state_fd = -1, .spool_fd = -1 };
	cr_assert_eq(w->env->mkdir(w->env, AT_FDCWD, "state", 0700), 0);
	cr_assert_eq(w->env->mkdir(w->env, AT_FDCWD, "spool", 0700), 0);
	int root = w->env->open(w->env, AT_FDCWD, "/", O_RDONLY | O_DIRECTORY, 0);
	cr_assert_geq(root, 0);
	cr_assert_eq(w->env->dirsync(w->env, root), 0);
	w->env->close(w->env, root);
	cr_assert_eq(signer_generate(env_system(), FLEET "/host/" HOST, &w->identity), 0);
}

static int world_open(struct world *w)
{
	char error[200];
	w->state_fd = w->env->open(w->env, AT_FDCWD, "state", O_RDONLY | O_DIRECTORY, 0);
	w->spool_fd = w->env->open(w->env, AT_FDCWD, "spool", O_RDONLY | O_DIRECTORY, 0);
	if (w->state_fd < 0 || w->spool_fd < 0)
		return -EIO;
	int r = spool_open(w->env, w->spool_fd, FLEET, HOST, &w->spool, error, sizeof(error));
	if (r < 0)
		return r;
	struct host_log_options o = {
		.env = w->env,
		.fleet = FLEET,
		.host = HOST,
		.identity = &w->identity,
		.fleet_vkey = "vkey",
		.codec = PACK_ZSTD,
	};
	return host_log_open(&o, w->state_fd, &w->spool, &w->log);
}

static void world_close(struct world *w)
{
	host_log_close(w->log);
	w->log = NULL;
	if (w->spool.env) {
		w->spool.fd = -1;
		spool_close(&w->spool);
	}
	w->spool = (struct spool){ 0 };
	w->ledger.count = 0;
}

static void world_done(struct world *w)
{
	world_close(w);
	fault_env_free(w->env);
}

static int add_events(struct world *w, int n)
{
	static const uint8_t map[] = { 0xa1, 0x00, 0x43, '/', 'a', 'b' };
	struct entry e = {
		.kind = KIND_OPEN, .sensors = 2, .process = ENTRY_NO_PROCESS, .fields = { map, sizeof(map) }
	};
	int r = 0;
	for (int i = 0; r == 0 && i < n; i++) {
		uint64_t index;
		r = host_log_add(w->log, &e, w->env->boot_us(w->env), false, &index);
	}
	return r;
}

static int seal(struct world *w)
{
	int r = host_log_seal(w->log, &w->ledger);
	if (r == 0) {
		w->acked_epoch = host_log_epoch(w->log);
		w->acked_size = host_log_size(w->log);
	}
	return r;
}

static void remember(struct world *w, const struct batch *b)
{
	for (size_t i = 0; i < w->seen_count; i++) {
		struct seen *s = &w->seen[i];
		if (s->epoch != b->origin.epoch || s->size != b->head.size)
			continue;
		cr_assert(hash_equal(&s->root, &b->head.root), "two signed roots for epoch %u size %llu",
		          s->epoch, (unsigned long long)s->size);
		return;
	}
	cr_assert_lt(w->seen_count, sizeof(w->seen) / sizeof(w->seen[0]));
	w->seen[w->seen_count++] = (struct seen){ b->origin.epoch, b->head.size, b->head.root };
}

/* Every file of the spool that is a signed batch, whether published or not, as it can be read now. */
static void look_at_spool(struct world *w)
{
	static const char *const suffix[] = { "tmp", "batch" };
	for (uint32_t epoch = 1; epoch < 5; epoch++) {
		for (uint64_t first = 0; first < 40; first++) {
			for (int k = 0; k < 2; k++) {
				char name[SPOOL_NAME_MAX], path[64];
				size_t n;
				struct batch b;
				spool_batch_name(epoch, first, suffix[k], name);
				snprintf(path, sizeof(path), "spool/%s", name);
				const uint8_t *p = fault_env_exists(w->env, path)
				                           ? fault_env_content(w->env, path, &n)
				                           : NULL;
				if (p && batch_parse((struct span){ p, n }, &b) > 0)
					remember(w, &b);
			}
		}
	}
}

/* What is published is one unbroken, verified chain per epoch. Returns the size of the newest epoch's. */
static uint64_t check_published(struct world *w, uint32_t *ret_epoch)
{
	cleanup_chain_scratch struct chain_scratch *scratch = NULL;
	struct chain chain = { 0 };
	cr_assert_eq(chain_scratch_new(&scratch), 0);
	*ret_epoch = 0;
	for (size_t i = 0; i < w->spool.count; i++) {
		cleanup_buf struct buf bytes = { 0 };
		struct batch b;
		enum chain_verdict v;
		struct chain_result result;
		cr_assert_eq(spool_read_batch(&w->spool, &w->spool.batch[i], &bytes), 0);
		cr_assert_gt(batch_parse((struct span){ bytes.data, bytes.len }, &b), 0);
		if (b.origin.epoch != *ret_epoch)
			chain_init(&chain, &b.origin, &w->identity.key);
		*ret_epoch = b.origin.epoch;
		cr_assert_eq(chain_check(&chain, &b, CHAIN_DEEP, scratch, &v, &result), 0);
		cr_assert_eq(v, CHAIN_OK, "epoch %u first %llu: %s", b.origin.epoch,
		             (unsigned long long)b.first, chain_verdict_name(v));
	}
	return chain.tree.size;
}

static int live(struct world *w)
{
	int r = world_open(w);
	for (int i = 0; r == 0 && i < 3; i++) {
		r = add_events(w, 2);
		if (r == 0)
			r = seal(w);
	}
	return r;
}

Test(host_log, seals_a_chain_that_verifies_and_goes_on_after_a_restart)
{
	struct world w;
	uint32_t epoch;
	world_init(&w);
	cr_assert_eq(live(&w), 0);
	world_close(&w);
	cr_assert_eq(live(&w), 0);
	uint64_t size = check_published(&w, &epoch);
	cr_assert_eq(epoch, 1);
	cr_assert_eq(size, 6 * 3 + 1); /* two events and a seal each time, and the epoch entry */
	world_done(&w);
}

static void crash_at(uint64_t n, enum fault_cut cut, uint64_t seed, bool *ret_done)
{
	struct world w;
	uint32_t epoch;
	world_init(&w);
	fault_env_crash(w.env, n);
	int r = live(&w);
	*ret_done = !fault_env_crashed(w.env);
	cr_assert(r == 0 || fault_env_crashed(w.env));
	look_at_spool(&w);
	world_close(&w);
	fault_env_power_cut(w.env, cut, seed);
	look_at_spool(&w);
	r = live(&w);
	cr_assert_eq(r, 0, "can't go on after a crash at call %llu: %d", (unsigned long long)n, r);
	look_at_spool(&w);
	uint64_t size = check_published(&w, &epoch);
	/* An epoch may begin anew only if nothing was ever sealed in the one before. */
	if (w.acked_epoch && epoch != 1)
		cr_assert_eq(w.spool.batch[0].epoch, epoch,
		             "crash at call %llu broke an epoch that had batches", (unsigned long long)n);
	cr_assert_geq(size, w.acked_size);
	world_done(&w);
}

Test(host_log, never_signs_two_roots_nor_loses_a_sealed_batch_whatever_call_it_crashes_at)
{
	bool done = false;
	uint64_t n;
	for (n = 1; !done; n++) {
		crash_at(n, FAULT_CUT_KEEP, 0, &done);
		crash_at(n, FAULT_CUT_DROP, 0, &done);
		for (uint64_t seed = 1; seed <= 4; seed++) {
			crash_at(n, FAULT_CUT_PREFIX, seed, &done);
			crash_at(n, FAULT_CUT_RANDOM, seed, &done);
		}
	}
	cr_assert_gt(n, 50, "the crashes ended after %llu calls", (unsigned long long)n);
}

Test(host_log, keeps_its_entries_when_the_disk_is_full_and_seals_them_later)
{
	struct world w;
	uint32_t epoch;
	world_init(&w);
	cr_assert_eq(live(&w), 0);
	fault_env_space(w.env, 10);
	cr_assert_eq(add_events(&w, 5), 0);
	cr_assert_eq(seal(&w), -ENOSPC);
	cr_assert_eq(add_events(&w, 1), 0);
	cr_assert_eq(seal(&w), -ENOSPC);
	fault_env_space(w.env, UINT64_MAX);
	cr_assert_eq(seal(&w), 0);
	cr_assert_eq(check_published(&w, &epoch), 3 * 3 + 1 + 6 + 1);
	world_done(&w);
}

Test(host_log, signs_nothing_when_a_sync_fails_before_the_signature)
{
	for (uint64_t n = 1; n <= 2; n++) {
		struct world w;
		uint32_t epoch;
		world_init(&w);
		cr_assert_eq(live(&w), 0);
		cr_assert_eq(add_events(&w, 1), 0);
		fault_env_fail(w.env, FAULT_DATASYNC, n, -EIO);
		cr_assert_eq(seal(&w), -EIO);
		cr_assert_eq(w.spool.count, 3);
		cr_assert_eq(seal(&w), 0);
		cr_assert_eq(check_published(&w, &epoch), 3 * 3 + 1 + 1 + 1);
		world_done(&w);
	}
}

Test(host_log, ends_the_process_when_a_sync_fails_after_the_signature)
{
	for (uint64_t n = 3; n <= 4; n++) {
		struct world w;
		uint32_t epoch;
		world_init(&w);
		cr_assert_eq(live(&w), 0);
		cr_assert_eq(add_events(&w, 1), 0);
		fault_env_fail(w.env, FAULT_DATASYNC, n, -EIO);
		cr_assert_eq(seal(&w), -ENOTRECOVERABLE);
		world_close(&w);
		fault_env_power_cut(w.env, FAULT_CUT_KEEP, 0);
		cr_assert_eq(world_open(&w), 0);
		check_published(&w, &epoch);
		cr_assert_eq(epoch, 1);
		world_done(&w);
	}
}

Test(host_log, begins_a_new_epoch_when_its_keys_are_gone)
{
	struct world w;
	uint32_t epoch;
	world_init(&w);
	cr_assert_eq(live(&w), 0);
	world_close(&w);
	fault_env_remove(w.env, "state/keys");
	cr_assert_eq(live(&w), 0);
	check_published(&w, &epoch);
	cr_assert_eq(epoch, 2);
	world_done(&w);
}

Test(host_log, begins_a_new_epoch_when_its_keys_are_older_than_its_spool)
{
	struct world w;
	uint32_t epoch;
	size_t n;
	world_init(&w);
	cr_assert_eq(live(&w), 0);
	uint8_t *keys = fault_env_content(w.env, "state/keys", &n);
	uint8_t copy[SLOTS_BYTES];
	cr_assert_eq(n, sizeof(copy));
	memcpy(copy, keys, n);
	world_close(&w);
	cr_assert_eq(live(&w), 0);
	world_close(&w);
	fault_env_put(w.env, "state/keys", copy, sizeof(copy));
	cr_assert_eq(live(&w), 0);
	check_published(&w, &epoch);
	cr_assert_eq(epoch, 2);
	world_done(&w);
}

Test(host_log, leaves_no_used_key_in_its_slots)
{
	struct world w;
	world_init(&w);
	cr_assert_eq(live(&w), 0);
	struct slots slots;
	struct slot slot[2];
	cr_assert_eq(slots_open(w.env, w.state_fd, &slots), 0);
	cr_assert_eq(slots_read(&slots, slot), 0);
	cr_assert_eq(slot[0].generation, 0);
	cr_assert_eq(slot[1].generation, 4);
	size_t n, zeros = 0;
	const uint8_t *keys = fault_env_content(w.env, "state/keys", &n);
	for (size_t i = (slot[1].generation + 1) % 2 * SLOT_BYTES, k = 0; k < SLOT_BYTES; k++)
		zeros += keys[i + k] == 0;
	cr_assert_eq(zeros, SLOT_BYTES);
	slots_close(&slots);
	world_done(&w);
}
