/* Any bytes as the sink's newest journal, as they are or made into records with the right check bytes: the
 * sink starts and goes on, or refuses, and what it once started from it starts from again. */
#include "evidence/record.h"
#include "sink/core.h"
#include "tests/support/fault_env.h"
#include "tests/support/host_log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char path[] = "store/journal/00000000000000000001.journal";

static struct test_fleet fleet;
static struct core_options options;

static void must(bool ok)
{
	if (!ok)
		abort();
}

/* A new store's journal: the snapshot of nothing, genesis, start. */
static struct env *begin(struct buf *ret_journal)
{
	char error[256];
	struct core *core;
	struct env *env = fault_env_new();
	if (!fleet.name[0])
		test_fleet_init(&fleet, "acme");
	options = (struct core_options){ .store = "store",
		                         .journal_max_bytes = 1u << 20,
		                         .genesis = buf_span(&fleet.genesis_note),
		                         .signer = &fleet.log };
	must(core_open(env, &options, &core, error, sizeof(error)) == 0);
	must(core_begin(core, (struct span){ NULL, 0 }, error, sizeof(error)) == 0);
	core_free(core);
	size_t n;
	const uint8_t *p = fault_env_content(env, path, &n);
	buf_put(ret_journal, p, n);
	return env;
}

/* type u8 || length u16be || payload, again and again. */
static void put_records(struct buf *journal, struct cursor *c)
{
	struct record_file f = { .number = 1 };
	while (cursor_left(c) >= 3) {
		enum record_type type = (enum record_type)(cursor_u8(c) % 4 + 1);
		size_t n = cursor_u16be(c);
		struct span payload = cursor_bytes(c, MIN(n, cursor_left(c)));
		record_put(journal, &f, journal->len, type, payload);
	}
}

static bool start(struct env *env)
{
	char error[256];
	struct core *core = NULL;
	int r = core_open(env, &options, &core, error, sizeof(error));
	must(r == 0 || error[0]);
	if (r == 0) {
		must(core_begin(core, (struct span){ NULL, 0 }, error, sizeof(error)) == 0);
		must(core_stop(core) == 0);
		core_free(core);
	}
	must(fault_env_open_count(env) == 0);
	return r == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_buf struct buf journal = { 0 };
	cleanup_fault_env struct env *env = begin(&journal);
	struct cursor c;
	cursor_init(&c, data, size);
	uint8_t how = cursor_u8(&c);
	if (how & 1)
		journal.len = RECORD_FILE_HEADER;
	if (how & 2)
		fault_env_remove(env, "store/fleet/checkpoint");
	if (how & 4)
		buf_put(&journal, c.at, cursor_left(&c));
	else
		put_records(&journal, &c);
	fault_env_put(env, path, journal.data, journal.len);
	if (start(env))
		must(start(env));
	return 0;
}
