/* Sins against what the fleet's people have stated. */
#include <stdio.h>

#include "drill/forge.h"
#include "drill/scratch.h"
#include "drill/sin.h"
#include "evidence/batch.h"
#include "evidence/key_file.h"
#include "lib/text.h"

/* As `swornlog fleet state --at` takes it. */
static int put_head(struct buf *b, const struct scratch_host *h)
{
	cleanup_buf struct buf bytes = { 0 };
	struct batch newest;
	int r = forge_newest(h, &bytes);
	if (r < 0)
		return r;
	if (batch_parse((struct span){ bytes.data, bytes.len }, &newest) < 0)
		return -EBADMSG;
	buf_printf(b, "%u %llu ", newest.origin.epoch, (unsigned long long)newest.head.size);
	text_put_base64(b, newest.head.root.b, sizeof(newest.head.root.b));
	buf_put_u8(b, 0);
	return buf_err(b);
}

static int put_identity(struct buf *b, const struct scratch_host *h)
{
	struct signer *identity = NULL;
	char path[PATH_MAX], error[256];
	if (!host_path(h, "state/identity.key", path))
		return -ENAMETOOLONG;
	int r = key_file_read_signer("the identity key", path, &identity, error, sizeof(error));
	if (r < 0)
		return r;
	key_put(b, &identity->key);
	buf_put_u8(b, 0);
	key_file_free(identity);
	return buf_err(b);
}

static int sign(const struct scratch *s, const char *statement, const char *who)
{
	char key[SCRATCH_PATH_MAX + 64];
	snprintf(key, sizeof(key), "%s/fleet/%s-first.key", s->dir, who);
	const char *words[] = { "fleet", "sign", s->anchor, statement, "--key", key, "--yes", NULL };
	return scratch_command(s, words);
}

static int revoke(const struct scratch *s, const struct scratch_host *h)
{
	cleanup_buf struct buf head = { 0 }, identity = { 0 };
	char statement[SCRATCH_PATH_MAX + 16], control[SCRATCH_PATH_MAX + 16];
	snprintf(statement, sizeof(statement), "%s/revoke", s->dir);
	snprintf(control, sizeof(control), "%s/sink.sock", s->dir);
	int r = put_head(&head, h);
	if (r == 0)
		r = put_identity(&identity, h);
	if (r < 0)
		return r;
	const char *state[] = { "fleet",      "state",
		                "revoke",     statement,
		                "--fleet",    SCRATCH_FLEET,
		                "--host",     h->name,
		                "--identity", (const char *)identity.data,
		                "--at",       (const char *)head.data,
		                "--reason",   "stolen",
		                NULL };
	const char *submit[] = { "fleet", "submit", statement, "--control", control, NULL };
	r = scratch_command(s, state);
	if (r == 0)
		r = sign(s, statement, "admin");
	if (r == 0)
		r = sign(s, statement, "auditor");
	return r < 0 ? r : scratch_command(s, submit);
}

/* The agent goes on with keys that two people have revoked. */
int sin_sign_revoked(struct act *a)
{
	struct scratch_host *h = a->fleet->host;
	int r = host_stop(h);
	if (r == 0 && a->sinful)
		r = revoke(a->fleet, h);
	if (r == 0)
		r = host_start(h);
	return act_step(a, r, "the host could not be revoked");
}
