/* A crash at every call of a run that appends, publishes, begins new journals and makes segments: what was
 * acked is there afterwards, and the fleet log goes on from every head that it ever showed. */
#include "sink/segment.h"
#include "tests/unit/sink/kit.h"

#define HOSTS  2
#define ROUNDS 5

struct run {
	struct kit kit;
	struct host_log host[HOSTS];
	uint64_t acked[HOSTS];
	struct fleet_head held;
};

/* Check the receipt against all that was held before. */
static void hold(struct run *r, const struct buf *answer, unsigned host)
{
	cleanup_buf struct buf entry = { 0 };
	struct receipt receipt;
	struct fleet_head head;
	cr_assert_eq(receipt_parse(buf_span(&*answer), &entry, &receipt), 0);
	cr_assert_eq(receipt_check(&receipt, &r->kit.fleet.log.key, &r->held, &head), RECEIPT_OK);
	r->held = head;
	r->acked[host] = receipt.size;
}

static bool append(struct run *r, unsigned host)
{
	struct host_log *h = &r->host[host];
	cleanup_buf struct buf body = { 0 }, answer = { 0 };
	struct host_log before = *h;
	host_log_batch(h, &(struct host_log_batch){ .events = 4 }, &body);
	unsigned status = kit_send(&r->kit, h->origin.host, &body, r->held.size, &answer);
	if (status == 200)
		hold(r, &answer, host);
	else
		*h = before;
	return status == 200;
}

/* Journals that are closed become segments, as the sink's helper process would do it. */
static bool make_segments(struct core *c)
{
	while (c->first_closed < c->journal.file.number) {
		uint64_t n = c->first_closed;
		if (segment_make(c->env, c->store.journal, c->store.segment, n) < 0 ||
		    core_drop_journal(c, n) < 0)
			return false;
	}
	return true;
}

/* Enrolled already is as good. */
static bool enrol(struct run *r, unsigned host)
{
	int e = kit_enrol(&r->kit, &r->host[host]);
	return e == 0 || e == -EPERM;
}

/* What the sink does from time to time. It goes on after trouble, as long as the core lives. */
static bool tend(struct core *c, unsigned round)
{
	int r = round % 2 ? core_publish(c) : 0;
	if (r >= 0)
		r = core_rotate(c);
	return r >= 0 ? make_segments(c) : !c->dead;
}

static bool work(struct run *r)
{
	if (!r->kit.core && kit_open(&r->kit) < 0)
		return false;
	for (unsigned i = 0; i < HOSTS; i++) {
		if (!enrol(r, i))
			return false;
	}
	for (unsigned round = 0; round < ROUNDS; round++) {
		for (unsigned i = 0; i < HOSTS; i++) {
			if (!append(r, i))
				return false;
		}
		if (!tend(r->kit.core, round))
			return false;
	}
	return core_stop(r->kit.core) == 0;
}

static void run_new(struct run *r)
{
	memset(r, 0, sizeof(*r));
	kit_new(&r->kit);
	r->kit.options.journal_max_bytes = 3000;
	host_log_init(&r->host[0], "acme", "a", 1);
	host_log_init(&r->host[1], "acme", "b", 1);
}

static void run_done(struct run *r)
{
	kit_done(&r->kit);
}

/* What was acked is there; what is there beyond is the batch that was under way. */
static void check_heads(struct run *r)
{
	for (unsigned i = 0; i < HOSTS; i++) {
		struct span name = { (const uint8_t *)r->host[i].origin.host, 1 };
		struct host *h = hosts_find(&r->kit.core->hosts, name);
		cr_assert(h || r->acked[i] == 0);
		cr_assert(!h || h->head.size >= r->acked[i], "host %u: %llu of %llu", i,
		          (unsigned long long)h->head.size, (unsigned long long)r->acked[i]);
	}
	cr_assert_geq(r->kit.core->log.frontier.size, r->held.size);
}

static void crash_at(uint64_t call, enum fault_cut how, uint64_t seed, bool *ret_crashed)
{
	cleanup(run_done) struct run r;
	run_new(&r);
	fault_env_crash(r.kit.env, call);
	(void)work(&r);
	*ret_crashed = fault_env_crashed(r.kit.env);
	core_free(TAKE_PTR(r.kit.core));
	fault_env_power_cut(r.kit.env, how, seed);
	cr_assert_eq(kit_open(&r.kit), 0, "call %llu: %s", (unsigned long long)call, r.kit.error);
	check_heads(&r);
	cr_assert(work(&r), "call %llu", (unsigned long long)call);
	/* What was written over a torn tail reads back. */
	core_free(TAKE_PTR(r.kit.core));
	fault_env_power_cut(r.kit.env, FAULT_CUT_DROP, seed);
	cr_assert_eq(kit_open(&r.kit), 0, "call %llu: %s", (unsigned long long)call, r.kit.error);
	check_heads(&r);
}

static void crash_everywhere(enum fault_cut how, uint64_t step)
{
	bool crashed = true;
	for (uint64_t call = 1; crashed; call += step)
		crash_at(call, how, call, &crashed);
}

Test(crash, a_killed_sink_has_all_that_it_acked)
{
	crash_everywhere(FAULT_CUT_KEEP, 1);
}

Test(crash, a_power_cut_that_loses_all_unsynced_loses_nothing_acked)
{
	crash_everywhere(FAULT_CUT_DROP, 1);
}

Test(crash, a_power_cut_that_keeps_writes_in_order_loses_nothing_acked)
{
	crash_everywhere(FAULT_CUT_PREFIX, 1);
}

Test(crash, a_power_cut_that_keeps_any_sectors_loses_nothing_acked)
{
	crash_everywhere(FAULT_CUT_RANDOM, 1);
}

/* Each call that fails once, with the process going on. */
static void fail_everywhere(enum fault_op op, int error)
{
	bool failed = true;
	for (uint64_t call = 1; failed; call++) {
		cleanup(run_done) struct run r;
		run_new(&r);
		fault_env_fail(r.kit.env, op, call, error);
		bool done = work(&r);
		failed = fault_env_calls(r.kit.env, op) >= call;
		if (done && r.kit.core && !failed)
			break;
		core_free(TAKE_PTR(r.kit.core));
		fault_env_power_cut(r.kit.env, FAULT_CUT_DROP, call);
		cr_assert_eq(kit_open(&r.kit), 0, "op %d call %llu: %s", op, (unsigned long long)call,
		             r.kit.error);
		check_heads(&r);
		cr_assert(work(&r));
	}
}

Test(crash, a_call_that_fails_once_never_costs_what_was_acked)
{
	static const enum fault_op ops[] = { FAULT_OPEN,     FAULT_PREAD,   FAULT_PWRITE, FAULT_TRUNCATE,
		                             FAULT_DATASYNC, FAULT_DIRSYNC, FAULT_RENAME, FAULT_UNLINK,
		                             FAULT_SIZE,     FAULT_LIST,    FAULT_MKDIR };
	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		fail_everywhere(ops[i], -EIO);
		fail_everywhere(ops[i], -ENOSPC);
	}
}
