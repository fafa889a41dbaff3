/* The sealer without memory: it may give up, and what it sealed verifies. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>

#include "evidence/chain.h"
#include "sealer/sealer.h"
#include "tests/faults/ours/ours.h"
#include "tests/support/bytes.h"
#include "tests/support/fault_env.h"
#include "tests/support/host_log.h"

__attribute__((weak)) int __lsan_do_recoverable_leak_check(void);

#define FLEET "example.org"
#define HOST  "web-1"

struct world {
	struct env *env;
	struct signer identity, log;
	struct sealer_options options;
	struct sealer *sealer;
};

static void world_init(struct world *w)
{
	*w = (struct world){ .env = fault_env_new() };
	fault_env_tick(w->env, 5000000);
	cr_assert_eq(w->env->mkdir(w->env, AT_FDCWD, "state", 0700), 0);
	cr_assert_eq(w->env->mkdir(w->env, AT_FDCWD, "spool", 0700), 0);
	test_signer(FLEET "/host/" HOST, &w->identity);
	test_signer(FLEET "/log", &w->log);
	w->options = (struct sealer_options){
		.log = { .env = w->env,
		         .fleet = FLEET,
		         .host = HOST,
		         .identity = &w->identity,
		         .fleet_vkey = "vkey",
		         .codec = PACK_ZSTD },
		.state_fd = w->env->open(w->env, AT_FDCWD, "state", O_RDONLY | O_DIRECTORY, 0),
		.spool_fd = w->env->open(w->env, AT_FDCWD, "spool", O_RDONLY | O_DIRECTORY, 0),
		.log_key = &w->log.key,
		.file_system = "ext4",
		.seal_interval_us = 1000000,
		.heartbeat_us = 10000000,
		.spool_max_bytes = 1 << 20,
	};
}

/* As the daemon does: it ends, and is started again with all the memory that it wants. */
static void start_again(struct world *w)
{
	char error[200];
	sealer_close(w->sealer);
	w->sealer = NULL;
	alloc_fail(0, ALLOC_ONCE);
	int r = sealer_open(&w->options, &w->sealer, error, sizeof(error));
	cr_assert(r == 0, "started again after want of memory: %d", r);
}

/* Returns false when the process has to end. */
static bool goes_on(int r, const char *what)
{
	cr_assert(r == 0 || r == -ENOMEM || r == -ENOTRECOVERABLE, "%s: %d", what, r);
	return r == 0;
}

static int frame(struct world *w, uint16_t kind, uint64_t process, uint64_t self)
{
	static const uint8_t map[] = { 0xa1, 0x00, 0x01 };
	struct intake_frame f = { .type = INTAKE_EVENT,
		                  .event = { .kind = kind,
		                             .sensors = 2,
		                             .boot_us = w->env->boot_us(w->env),
		                             .process = process,
		                             .self = self,
		                             .fields = { map, sizeof(map) } } };
	return sealer_frame(w->sealer, &f);
}

static bool one_round(struct world *w, uint64_t round)
{
	uint64_t wait, self = round + 1;
	if (!goes_on(sealer_collector_connected(w->sealer), "a collector connects") ||
	    !goes_on(frame(w, KIND_EXEC, self, self), "an exec") ||
	    !goes_on(frame(w, KIND_OPEN, self, 0), "an open") ||
	    !goes_on(frame(w, KIND_AUDIT_LOGIN, 0, 0), "a login"))
		return false;
	fault_env_tick(w->env, 1100000);
	if (!goes_on(sealer_tick(w->sealer, &wait), "a tick"))
		return false;
	return goes_on(sealer_collector_gone(w->sealer), "a collector goes");
}

static bool has_first_batch(const struct world *w, uint32_t epoch)
{
	char name[SPOOL_NAME_MAX], path[SPOOL_NAME_MAX + 8];
	spool_batch_name(epoch, 0, "batch", name);
	snprintf(path, sizeof(path), "spool/%s", name);
	return fault_env_exists(w->env, path);
}

/* Every batch up to the newest is in the spool, and continues the one before it. */
static void verify(const struct world *w, uint32_t epoch, uint64_t newest)
{
	cleanup_chain_scratch struct chain_scratch *scratch = NULL;
	struct chain chain;
	struct origin origin = { .fleet = FLEET, .host = HOST, .epoch = epoch };
	chain_init(&chain, &origin, &w->identity.key);
	cr_assert(chain_scratch_new(&scratch) == 0, "scratch");
	while (chain.tree.size <= newest) {
		char name[SPOOL_NAME_MAX], path[SPOOL_NAME_MAX + 8];
		struct batch b;
		enum chain_verdict verdict = CHAIN_OK;
		struct chain_result result;
		size_t n;
		spool_batch_name(epoch, chain.tree.size, "batch", name);
		snprintf(path, sizeof(path), "spool/%s", name);
		cr_assert(fault_env_exists(w->env, path), "a sealed batch is in the spool");
		const uint8_t *p = fault_env_content(w->env, path, &n);
		cr_assert(batch_parse((struct span){ p, n }, &b) == (ssize_t)n, "a batch parses");
		int r = chain_check(&chain, &b, CHAIN_DEEP, scratch, &verdict, &result);
		cr_assert(r == 0 && verdict == CHAIN_OK, "%s: %d", chain_verdict_name(verdict),
		          (int)result.bad_index);
	}
}

static bool run(struct world *w)
{
	char error[200];
	if (!goes_on(sealer_open(&w->options, &w->sealer, error, sizeof(error)), "a sealer opens"))
		return false;
	for (uint64_t round = 0; round < 3; round++)
		if (!one_round(w, round))
			return false;
	return goes_on(sealer_stop(w->sealer), "a sealer stops");
}

static bool run_failing(uint64_t n, enum alloc_mode mode)
{
	struct world w;
	uint32_t epoch;
	uint64_t first;
	world_init(&w);
	alloc_fail(n, mode);
	(void)run(&w);
	bool failed = alloc_failed();
	start_again(&w);
	cr_assert(one_round(&w, 9), "a round after the restart");
	cr_assert(sealer_stop(w.sealer) == 0, "the restarted sealer stops");
	sealer_newest(w.sealer, &epoch, &first);
	/* Recovery gives up an epoch that was stopped while it began, never one that has a batch. */
	cr_assert(epoch == 1 || (epoch == 2 && !has_first_batch(&w, 1)), "epoch %u", epoch);
	verify(&w, epoch, first);
	sealer_close(w.sealer);
	fault_env_free(w.env);
	return failed;
}

static void fail_each(enum alloc_mode mode)
{
	uint64_t n = 1;
	while (run_failing(n, mode))
		n++;
	cr_assert_gt(n, 10, "the sealer takes memory");
	if (__lsan_do_recoverable_leak_check)
		cr_assert_eq(__lsan_do_recoverable_leak_check(), 0);
}

Test(ours, the_log_verifies_after_each_allocation_of_the_sealer_has_failed_once)
{
	fail_each(ALLOC_ONCE);
}

Test(ours, the_log_verifies_after_memory_has_run_out_at_each_allocation_of_the_sealer)
{
	fail_each(ALLOC_FROM_THEN_ON);
}
