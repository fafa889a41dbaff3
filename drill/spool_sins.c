/* Sins on a host's spool, by who is root there and has no key to the past. */
#include <stdio.h>

#include "drill/sin.h"
#include "drill/victim.h"
#include "evidence/fleet.h"
#include "lib/file.h"
#include "verify/spool.h"
#include "verify/window.h"

/* A batch in the middle of the spool: neither the first, which nothing before it vouches for, nor the last.
 */
static int choose(struct act *a, char ret[SPOOL_FILE_NAME_MAX])
{
	cleanup_spool_listing struct spool_listing l = { 0 };
	int e = spool_listing_read(a->work->dirfd, NULL, &l);
	if (e < 0)
		return act_failed(a, e, "the spool can't be listed");
	if (l.len < 3)
		return act_impossible(a, "the spool has fewer than three batches");
	spool_file_name(&l.file[l.len / 2], ret);
	return 0;
}

static int read_part(struct act *a, const char *name, size_t max, struct buf *ret)
{
	int e = window_read_file(a->work->dirfd, name, max, ret);
	return e < 0 ? act_failed(a, e, "%s can't be read", name) : 0;
}

static int put_part(struct act *a, const char *name, const struct buf *content)
{
	int e = buf_err(content);
	if (e == 0)
		e = workspace_put(a->work, name, (struct span){ content->data, content->len });
	return e < 0 ? act_failed(a, e, "%s can't be written", name) : 0;
}

int sin_edit_spool(struct act *a)
{
	char name[SPOOL_FILE_NAME_MAX];
	cleanup_buf struct buf bytes = { 0 }, raw = { 0 }, changed = { 0 };
	struct batch b;
	int e = choose(a, name);
	if (e == 0)
		e = read_part(a, name, BATCH_MAX_BYTES, &bytes);
	if (e < 0)
		return e;
	if (batch_parse((struct span){ bytes.data, bytes.len }, &b) < 0 || batch_unpack(&b, &raw) < 0)
		return act_failed(a, -EBADMSG, "%s", name);
	if (a->sinful)
		raw.data[raw.len - 1] ^= 1;
	e = victim_put_batch(&changed, &b, (struct span){ raw.data, raw.len });
	snprintf(a->place, sizeof(a->place), "%s", name);
	return e < 0 ? act_failed(a, e, "%s", name) : put_part(a, name, &changed);
}

int sin_delete_from_spool(struct act *a)
{
	char name[SPOOL_FILE_NAME_MAX];
	int e = choose(a, name);
	if (e < 0 || !a->sinful)
		return e;
	e = workspace_remove(a->work, name);
	return e < 0 ? act_failed(a, e, "%s can't be removed", name) : 0;
}

/* The receipt for a head one entry further on. */
int sin_alter_receipt(struct act *a)
{
	cleanup_buf struct buf bytes = { 0 }, entry = { 0 }, changed = { 0 };
	struct receipt r;
	int e = read_part(a, "receipt", RECEIPT_MAX_BYTES, &bytes);
	if (e < 0)
		return e;
	if (receipt_parse((struct span){ bytes.data, bytes.len }, &entry, &r) < 0)
		return act_failed(a, -EBADMSG, "receipt");
	r.size += a->sinful;
	receipt_put(&changed, &r);
	snprintf(a->place, sizeof(a->place), "receipt");
	return put_part(a, "receipt", &changed);
}
