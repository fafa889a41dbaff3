/* Sins of the sink's operator after a witness, who is somebody else, saw the fleet log. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "drill/rewrite.h"
#include "drill/scratch.h"
#include "drill/sin.h"
#include "evidence/statement.h"
#include "evidence/witness.h"
#include "lib/env.h"
#include "lib/file.h"
#include "lib/https.h"

static void client_free(struct https **h)
{
	https_free(*h);
}

static int put_policy(const struct scratch *s, const char *path)
{
	cleanup_buf struct buf genesis = { 0 }, policy = { 0 };
	struct genesis g;
	int r = file_read(env_system(), AT_FDCWD, s->anchor, STATEMENT_MAX_BYTES, &genesis);
	if (r == 0)
		r = genesis_parse((struct span){ genesis.data, genesis.len }, &g);
	if (r < 0)
		return r;
	buf_put_str(&policy, "log ");
	key_put(&policy, &g.log);
	buf_put_str(&policy, "\nquorum none\n");
	return scratch_put_text(path, &policy);
}

/* It serves with the sink's certificate: who it is, its own key says. */
static int start_witness(struct scratch *s, unsigned *ret_port)
{
	cleanup_buf struct buf b = { 0 };
	char config[SCRATCH_PATH_MAX + 32], policy[SCRATCH_PATH_MAX + 32], key[SCRATCH_PATH_MAX + 32],
	        store[SCRATCH_PATH_MAX + 32];
	snprintf(config, sizeof(config), "%s/witness.yaml", s->dir);
	snprintf(policy, sizeof(policy), "%s/policy", s->dir);
	snprintf(key, sizeof(key), "%s/witness.key", s->dir);
	snprintf(store, sizeof(store), "%s/witness", s->dir);
	buf_printf(&b, "listen: 127.0.0.1:0\nwitness_key: %s\nstore: %s\npolicy: %s\n", key, store, policy);
	buf_printf(&b, "certificate: %s/fleet/sink.crt\nkey: %s/fleet/sink.key\nca: %s/fleet/ca.crt\n",
	           s->dir, s->dir, s->dir);
	const char *keygen[] = {
		"swornlog-witness", "keygen", "--name", "drill.example/witness", "--key", key,
		"--store",          store,    NULL
	};
	const char *argv[] = { "swornlog-witness", "--config", config, NULL };
	int r = mkdir(store, 0700) < 0 ? -errno : put_policy(s, policy);
	if (r == 0)
		r = scratch_put_text(config, &b);
	if (r == 0)
		r = program_run(s->log, keygen) == 0 ? 0 : -EPROTO;
	return r < 0 ? r : scratch_listen(s, &s->witness, argv, ret_port);
}

/* Returns the witness's HTTP status. */
static int show(const struct scratch *s, unsigned port, uint64_t old, struct span note)
{
	cleanup(client_free) struct https *h = NULL;
	cleanup_buf struct buf body = { 0 }, answer = { 0 };
	char url[64], certificate[PATH_MAX], key[PATH_MAX], ca[PATH_MAX], error[256];
	uint64_t retry_after_s;
	snprintf(url, sizeof(url), "https://127.0.0.1:%u/add-checkpoint", port);
	if (!host_path(&s->host[0], "granted/host.crt", certificate) ||
	    !host_path(&s->host[0], "request/host.key", key) || !host_path(&s->host[0], "granted/ca.crt", ca))
		return -ENAMETOOLONG;
	struct https_options o = { .uri = "swornlog://" SCRATCH_FLEET "/sink",
		                   .ca = ca,
		                   .certificate = certificate,
		                   .key = key,
		                   .answer_max = WITNESS_MAX_RESPONSE };
	int r = witness_put_request(&body, old, NULL, 0, note);
	if (r == 0)
		r = buf_err(&body);
	if (r == 0)
		r = https_new(&o, &h, error, sizeof(error));
	struct https_request q = { .url = url,
		                   .content_type = "text/plain",
		                   .body = { body.data, body.len } };
	return r < 0 ? r : https_post(h, &q, &answer, &retry_after_s, error, sizeof(error));
}

static int read_checkpoint(const char *store, struct buf *ret, uint64_t *ret_size)
{
	char path[SCRATCH_PATH_MAX + 64];
	struct note note;
	struct checkpoint c;
	snprintf(path, sizeof(path), "%s/fleet/checkpoint", store);
	int r = file_read(env_system(), AT_FDCWD, path, NOTE_MAX_BYTES, ret);
	if (r == 0)
		r = note_parse((struct span){ ret->data, ret->len }, &note);
	if (r == 0)
		r = checkpoint_parse(note.text, &c);
	if (r == 0)
		*ret_size = c.size;
	return r;
}

/* What the witness saw first is the store as the sink left it. */
static int seen_first(struct act *a, unsigned *ret_port, uint64_t *ret_size, struct buf *ret_note)
{
	int r = program_stop(&a->fleet->sink);
	if (r == 0)
		r = start_witness(a->fleet, ret_port);
	if (r == 0)
		r = read_checkpoint(a->fleet->store, ret_note, ret_size);
	if (r == 0)
		r = show(a->fleet, *ret_port, 0, (struct span){ ret_note->data, ret_note->len });
	if (r == 200)
		return 0;
	return act_failed(a, r < 0 ? r : -EPROTO, "no witness could be had");
}

int sin_rewrite_witnessed(struct act *a)
{
	cleanup_buf struct buf note = { 0 };
	char path[PATH_MAX], copy[SCRATCH_PATH_MAX + 32];
	unsigned port = 0;
	uint64_t size = 0, rewritten = 0;
	if (program_find("swornlog-witness", path) < 0)
		return act_impossible(a, "swornlog-witness is not installed");
	int r = seen_first(a, &port, &size, &note);
	if (r < 0)
		return r;
	if (a->sinful) {
		snprintf(copy, sizeof(copy), "%s.rewritten", a->fleet->store);
		buf_reset(&note);
		r = rewrite_scratch(a, copy);
		if (r == 0)
			r = read_checkpoint(copy, &note, &rewritten);
	}
	if (r == 0)
		r = show(a->fleet, port, size, (struct span){ note.data, note.len });
	if (r < 0)
		return act_failed(a, r, "the witness did not answer");
	a->status = (unsigned)r;
	return 0;
}
