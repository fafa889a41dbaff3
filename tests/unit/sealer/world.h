/* A sealer over a world in memory, and a fleet log that answers it. */
#ifndef SWORNLOG_TESTS_UNIT_SEALER_WORLD_H
#define SWORNLOG_TESTS_UNIT_SEALER_WORLD_H

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>

#include "evidence/chain.h"
#include "evidence/cosignature.h"
#include "lib/cbor.h"
#include "sealer/sealer.h"
#include "tests/support/fault_env.h"

#define FLEET "example.org"
#define HOST  "web-1"

/* A fleet log in memory that commits one head at a time, and answers with receipts as a sink would. */
struct fleet {
	struct signer key;
	struct buf entry[64];
	struct hash leaf[64];
	size_t size;
	bool asks_witnesses;
	size_t witnessed; /* size of the newest cosigned checkpoint; 0: none */
	const struct signer *witness[4];
	size_t witness_count;
};

struct world {
	struct env *env;
	struct signer identity;
	struct fleet fleet;
	struct sealer_options options;
	struct sealer *sealer;
	uint64_t spool_max;
	uint64_t keep;
	uint64_t keep_us;
	struct key log_key; /* generation 1's */
	const struct policy *policy;
	uint64_t within_us;
	struct buf first; /* checkpoint that came with a join token */
	const struct hash *token;
};

static maybe_unused int node(void *ctx, unsigned level, uint64_t index, struct hash *ret)
{
	struct fleet *f = ctx;
	merkle_root(f->leaf + (index << level), (size_t)1 << level, ret);
	return 0;
}

static void fleet_note(struct fleet *f, size_t size, size_t witnesses, struct buf *ret)
{
	struct buf text = { 0 };
	struct hash root;
	const struct signer *signers[] = { &f->key };
	merkle_root(f->leaf, size, &root);
	checkpoint_put_text(&text, f->key.key.name, size, &root);
	cr_assert_eq(note_put(ret, (struct span){ text.data, text.len }, signers, 1), 0);
	for (size_t i = 0; i < witnesses; i++)
		cr_assert_eq(
		        cosignature_put(ret, (struct span){ text.data, text.len }, 1795507200, f->witness[i]),
		        0);
	buf_done(&text);
}

/* Append the receipt for a head that is committed now. */
static maybe_unused void commit(struct fleet *f, const char *origin, uint64_t size, const struct hash *root,
                                uint64_t old, struct buf *ret)
{
	struct receipt r = {
		.origin = { (const uint8_t *)origin, strlen(origin) }, .size = size, .root = *root, .heads = 1
	};
	struct fleet_entry e = { .kind = FLEET_COMMIT, .time_us = 1, .heads = 1 };
	commit_leaf(r.origin, size, root, &e.root);
	struct buf *entry = &f->entry[f->size];
	buf_reset(entry);
	fleet_put_entry(entry, &e);
	r.entry = (struct span){ entry->data, entry->len };
	r.index = f->size;
	merkle_leaf(r.entry, &f->leaf[f->size++]);
	r.old_size = old;
	cr_assert_eq(merkle_prove_inclusion(node, f, f->size, r.index, r.fleet_path, &r.fleet_path_len), 0);
	if (old <= f->size)
		cr_assert_eq(
		        merkle_prove_consistency(node, f, old, f->size, r.consistency, &r.consistency_len),
		        0);

	struct buf note = { 0 }, witnessed = { 0 };
	fleet_note(f, f->size, 0, &note);
	r.note = (struct span){ note.data, note.len };
	r.has_witnessed = f->asks_witnesses;
	if (f->witnessed) {
		fleet_note(f, f->witnessed, f->witness_count, &witnessed);
		r.witnessed = (struct span){ witnessed.data, witnessed.len };
		cr_assert_eq(merkle_prove_consistency(node, f, f->witnessed, f->size, r.witnessed_proof,
		                                      &r.witnessed_proof_len),
		             0);
	}
	receipt_put(ret, &r);
	cr_assert_eq(buf_err(ret), 0);
	buf_done(&note);
	buf_done(&witnessed);
}

static maybe_unused void world_start(struct world *w)
{
	char error[200];
	w->options = (struct sealer_options){
		.log = { .env = w->env,
		         .fleet = FLEET,
		         .host = HOST,
		         .identity = &w->identity,
		         .fleet_vkey = "vkey",
		         .codec = PACK_ZSTD },
		.state_fd = w->env->open(w->env, AT_FDCWD, "state", O_RDONLY | O_DIRECTORY, 0),
		.spool_fd = w->env->open(w->env, AT_FDCWD, "spool", O_RDONLY | O_DIRECTORY, 0),
		.log_key = &w->log_key,
		.first_checkpoint = { w->first.data, w->first.len },
		.policy = w->policy,
		.witness_within_us = w->within_us,
		.file_system = "ext4",
		.seal_interval_us = 1000000,
		.heartbeat_us = 10000000,
		.spool_max_bytes = w->spool_max,
		.keep_receipted_bytes = w->keep,
		.keep_receipted_us = w->keep_us,
	};
	if (w->token) {
		w->options.log.has_token = true;
		w->options.log.token = *w->token;
	}
	cr_assert_eq(sealer_open(&w->options, &w->sealer, error, sizeof(error)), 0, "%s", error);
}

/* All but the sealer. */
static maybe_unused void world_prepare(struct world *w)
{
	*w = (struct world){ .env = fault_env_new(), .spool_max = (uint64_t)1 << 30, .keep_us = UINT64_MAX };
	fault_env_tick(w->env, 5000000);
	cr_assert_eq(w->env->mkdir(w->env, AT_FDCWD, "state", 0700), 0);
	cr_assert_eq(w->env->mkdir(w->env, AT_FDCWD, "spool", 0700), 0);
	cr_assert_eq(signer_generate(env_system(), FLEET "/host/" HOST, &w->identity), 0);
	cr_assert_eq(signer_generate(env_system(), FLEET "/log", &w->fleet.key), 0);
	w->log_key = w->fleet.key.key;
}

static maybe_unused void world_init(struct world *w)
{
	world_prepare(w);
	world_start(w);
}

static maybe_unused void world_stop(struct world *w)
{
	sealer_close(w->sealer);
	w->sealer = NULL;
}

static maybe_unused void world_done(struct world *w)
{
	world_stop(w);
	for (size_t i = 0; i < 64; i++)
		buf_done(&w->fleet.entry[i]);
	buf_done(&w->first);
	fault_env_free(w->env);
}

static maybe_unused void event(struct world *w, uint16_t kind, uint64_t process, uint64_t self)
{
	static const uint8_t map[] = { 0xa1, 0x00, 0x01 };
	struct intake_frame f = { .type = INTAKE_EVENT,
		                  .event = { .kind = kind,
		                             .sensors = 2,
		                             .boot_us = w->env->boot_us(w->env),
		                             .process = process,
		                             .self = self,
		                             .fields = { map, sizeof(map) } } };
	cr_assert_eq(sealer_frame(w->sealer, &f), 0);
}

static maybe_unused uint64_t tick(struct world *w, uint64_t us)
{
	uint64_t wait;
	fault_env_tick(w->env, us);
	cr_assert_eq(sealer_tick(w->sealer, &wait), 0);
	return wait;
}

static maybe_unused uint64_t status_number(struct world *w, const char *key)
{
	struct buf b = { 0 };
	char name[64];
	sealer_put_status(w->sealer, &b);
	buf_put_u8(&b, 0);
	snprintf(name, sizeof(name), "\"%s\": ", key);
	const char *at = strstr((const char *)b.data, name);
	cr_assert_not_null(at, "%s is not in the status", key);
	uint64_t v = strtoull(at + strlen(name), NULL, 10);
	buf_done(&b);
	return v;
}

/* The newest batch of an epoch in the spool, parsed from the world's files. */
static maybe_unused bool newest(struct world *w, uint32_t epoch, struct batch *ret)
{
	bool found = false;
	uint64_t first = 0;
	for (uint64_t i = 0; i < 300; i++) {
		char name[SPOOL_NAME_MAX], path[80];
		size_t n;
		spool_batch_name(epoch, i, "batch", name);
		snprintf(path, sizeof(path), "spool/%s", name);
		if (!fault_env_exists(w->env, path) || (found && i < first))
			continue;
		const uint8_t *p = fault_env_content(w->env, path, &n);
		cr_assert_gt(batch_parse((struct span){ p, n }, ret), 0);
		found = true;
		first = i;
	}
	return found;
}

static maybe_unused void receipt_for_newest(struct world *w, uint32_t epoch, const char **said)
{
	struct batch b;
	struct buf receipt = { 0 };
	char origin[ORIGIN_MAX + 1];
	cr_assert(newest(w, epoch, &b));
	origin_format(&b.origin, origin);
	commit(&w->fleet, origin, b.head.size, &b.head.root, sealer_held(w->sealer), &receipt);
	cr_assert_eq(sealer_receipt(w->sealer, (struct span){ receipt.data, receipt.len }, said), 0);
	buf_done(&receipt);
}

/* Of the newest batch: entries of kind 8 with that `what`, and the configuration's hash. */
static maybe_unused size_t agent_entries(struct world *w, uint64_t what, struct hash *ret_config)
{
	struct batch b;
	struct buf raw = { 0 };
	struct cursor c;
	struct span body;
	size_t count = 0;
	cr_assert(newest(w, 1, &b));
	cr_assert_eq(batch_unpack(&b, &raw), 0);
	cursor_init(&c, raw.data, raw.len);
	while (batch_next_body(&c, &body)) {
		struct entry e;
		struct seal s;
		cr_assert_eq(entry_parse_body(body, &e), 0);
		count += e.kind == KIND_AGENT && e.fields.data[1] == 0 && e.fields.data[2] == what;
		if (e.kind == KIND_SEAL && seal_parse(&e, &s) == 0)
			*ret_config = s.config;
	}
	buf_done(&raw);
	return count;
}

static maybe_unused void conflict_for(struct world *w, const char *reason, uint32_t epoch, uint64_t size,
                                      const struct hash *root, const char **said)
{
	struct buf note = { 0 }, text = { 0 }, receipt = { 0 }, b = { 0 };
	char origin[ORIGIN_MAX + 1];
	const struct signer *signers[] = { &w->identity };
	snprintf(origin, sizeof(origin), FLEET "/host/" HOST "/%u", epoch);
	checkpoint_put_text(&text, origin, size, root);
	cr_assert_eq(note_put(&note, (struct span){ text.data, text.len }, signers, 1), 0);
	commit(&w->fleet, origin, size, root, sealer_held(w->sealer), &receipt);
	struct conflict c = {
		.reason = { (const uint8_t *)reason, strlen(reason) },
		.epoch = epoch,
		.size = size,
		.note = { note.data, note.len },
		.receipt = { receipt.data, receipt.len },
	};
	conflict_put(&b, &c);
	cr_assert_eq(sealer_conflict(w->sealer, epoch, 0, (struct span){ b.data, b.len }, said), 0);
	buf_done(&note);
	buf_done(&text);
	buf_done(&receipt);
	buf_done(&b);
}

#endif
