/* Any bytes as the body of an append request, alone or behind a good batch: an answer of the protocol, a
 * receipt only for what is durable, and a sink that takes the next good batch all the same. */
#include "sink/append.h"
#include "sink/statements.h"
#include "tests/support/fault_env.h"
#include "tests/support/host_log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define RUNS_PER_STORE 500

static struct env *env;
static struct core *core;
static struct test_fleet fleet;
static struct host_log host_log;
static unsigned runs;

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void begin(void)
{
	static struct core_options options;
	char error[256];
	env = fault_env_new();
	test_fleet_init(&fleet, "acme");
	options = (struct core_options){ .store = "store",
		                         .journal_max_bytes = 1u << 20,
		                         .genesis = buf_span(&fleet.genesis_note),
		                         .signer = &fleet.log };
	must(core_open(env, &options, &core, error, sizeof(error)) == 0);
	must(core_begin(core, (struct span){ NULL, 0 }, error, sizeof(error)) == 0);
	host_log_init(&host_log, "acme", "web1", 1);
	host_log.fleet_vkey = (struct span){ (const uint8_t *)"vkey", 4 };
	cleanup_buf struct buf note = { 0 };
	uint64_t index;
	test_fleet_enrol(&fleet, &host_log, &note);
	must(statements_submit(core, buf_span(&note), &index, error, sizeof(error)) == 0);
}

static void end(void)
{
	core_free(TAKE_PTR(core));
	test_fleet_done(&fleet);
	fault_env_free(TAKE_PTR(env));
	runs = 0;
}

static void check_answer(const struct answer *a)
{
	static const unsigned statuses[] = { 200, 400, 403, 409, 413, 422, 503 };
	bool known = false;
	for (size_t i = 0; i < ARRAY_SIZE(statuses); i++)
		known = known || a->status == statuses[i];
	must(known && !a->body.err);
	cleanup_buf struct buf entry = { 0 };
	struct receipt r;
	struct conflict c;
	struct fleet_head none = { 0 }, head;
	if (a->status == 200) {
		must(receipt_parse(buf_span(&a->body), &entry, &r) == 0);
		must(receipt_check(&r, &fleet.log.key, &none, &head) == RECEIPT_OK);
		must(r.size == core->hosts.row[0]->head.size);
	}
	must(a->status != 409 || conflict_parse(buf_span(&a->body), &c) == 0);
}

static unsigned run(struct buf *body)
{
	struct append a;
	append_start(&a, core, core->hosts.row[0], body, 0);
	enum append_next next;
	while ((next = append_step(&a)) == APPEND_AGAIN || next == APPEND_FLUSH)
		must(next == APPEND_AGAIN || core_commit(core) == 0);
	if (next == APPEND_WAIT) {
		must(core_commit(core) == 0);
		append_settle(&a);
	}
	check_answer(&a.answer);
	unsigned status = a.answer.status;
	append_done(&a);
	return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!core)
		begin();
	struct buf body = { 0 };
	if (size > 0 && data[0] == '+') {
		host_log_batch(&host_log, &(struct host_log_batch){ .events = 1, .codec = PACK_ZSTD }, &body);
		data++;
		size--;
	}
	buf_put(&body, data, size);
	(void)run(&body);
	/* Whatever that was, the log can go on from where the sink has it. */
	struct buf good = { 0 };
	if (core->commit.staged_count > 0)
		must(core_commit(core) == 0);
	if (core->hosts.row[0]->head.size == host_log.tree.size) {
		host_log_batch(&host_log, &(struct host_log_batch){ 0 }, &good);
		must(run(&good) == 200);
	}
	if (++runs == RUNS_PER_STORE || core->hosts.row[0]->head.size != host_log.tree.size)
		end();
	return 0;
}
