/* A sink's core over a world in memory, and hosts that append to it. */
#ifndef SWORNLOG_TESTS_UNIT_SINK_KIT_H
#define SWORNLOG_TESTS_UNIT_SINK_KIT_H

#include <criterion/criterion.h>

#include "sink/append.h"
#include "sink/hash_in.h"
#include "sink/receipts.h"
#include "sink/statements.h"
#include "tests/support/fault_env.h"
#include "tests/support/host_log.h"

struct kit {
	struct env *env;
	struct test_fleet fleet;
	struct core_options options;
	struct core *core;
	struct span started; /* what the first entry says */
	char error[256];
};

static maybe_unused int kit_open(struct kit *k)
{
	int r = core_open(k->env, &k->options, &k->core, k->error, sizeof(k->error));
	if (r == 0)
		r = core_begin(k->core, k->started, k->error, sizeof(k->error));
	return r;
}

static maybe_unused void kit_reopen(struct kit *k)
{
	core_free(TAKE_PTR(k->core));
	cr_assert_eq(kit_open(k), 0, "%s", k->error);
}

static maybe_unused void kit_new(struct kit *k)
{
	*k = (struct kit){ .env = fault_env_new() };
	test_fleet_init(&k->fleet, "acme");
	k->options = (struct core_options){ .store = "store",
		                            .min_free_bytes = 0,
		                            .journal_max_bytes = 64u << 20,
		                            .silent_after_us = 30000000,
		                            .genesis = buf_span(&k->fleet.genesis_note),
		                            .signer = &k->fleet.log };
}

static maybe_unused void kit_init(struct kit *k)
{
	kit_new(k);
	cr_assert_eq(kit_open(k), 0, "%s", k->error);
}

static maybe_unused void kit_done(struct kit *k)
{
	core_free(k->core);
	cr_expect_eq(fault_env_open_count(k->env), 0);
	test_fleet_done(&k->fleet);
	fault_env_free(k->env);
}

#define cleanup_kit cleanup(kit_done)

static maybe_unused int kit_enrol(struct kit *k, const struct host_log *h)
{
	cleanup_buf struct buf note = { 0 };
	uint64_t index;
	test_fleet_enrol(&k->fleet, h, &note);
	return statements_submit(k->core, buf_span(&note), &index, k->error, sizeof(k->error));
}

/* A host that is enrolled. */
static maybe_unused void kit_host(struct kit *k, const char *name, struct host_log *ret)
{
	host_log_init(ret, "acme", name, 1);
	ret->fleet_vkey = (struct span){ (const uint8_t *)"vkey", 4 };
	cr_assert_eq(kit_enrol(k, ret), 0, "%s", k->error);
}

/* Send a body as the host and do what the server would do, until there is an answer. Returns its status. */
static maybe_unused unsigned kit_ask(struct kit *k, enum append_verb verb, const char *host,
                                     const struct buf *body, uint64_t held, struct buf *ret_answer)
{
	struct host *h = hosts_find(&k->core->hosts, span_str(host));
	cr_assert_not_null(h);
	struct buf copy = { 0 };
	buf_put(&copy, body->data, body->len);
	struct append a;
	append_start(&a, k->core, h, &copy, held);
	a.verb = verb;
	enum append_next next;
	while ((next = append_step(&a)) != APPEND_ANSWERED) {
		if (next == APPEND_AGAIN)
			continue;
		int r = core_commit(k->core);
		if (next == APPEND_WAIT) {
			append_settle(&a);
			break;
		}
		if (r < 0 && k->core->dead)
			continue;
	}
	unsigned status = a.answer.status;
	if (ret_answer) {
		buf_reset(ret_answer);
		buf_put(ret_answer, a.answer.body.data, a.answer.body.len);
	}
	append_done(&a);
	return status;
}

static maybe_unused unsigned kit_send(struct kit *k, const char *host, const struct buf *body, uint64_t held,
                                      struct buf *ret_answer)
{
	return kit_ask(k, APPEND_BATCHES, host, body, held, ret_answer);
}

/* The next batch of a host, sent alone. */
static maybe_unused unsigned kit_append(struct kit *k, struct host_log *h, const struct host_log_batch *what)
{
	cleanup_buf struct buf body = { 0 };
	host_log_batch(h, what, &body);
	return kit_send(k, h->origin.host, &body, 0, NULL);
}

#endif
