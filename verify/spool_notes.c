#include "verify/spool_notes.h"

#include <stdio.h>

#include "verify/window.h"

#define HISTORIES 16 /* pairs that a sealer keeps */

/* 1: a checkpoint that the fleet log has signed. 0: the file is not there, or a finding was made. */
static int read_note(const struct verify_options *o, struct hosts *h, struct log_host *host, const char *name,
                     struct buf *note, struct checkpoint *ret)
{
	struct place at = { .file = name };
	int r = window_read_file(o->dirfd, name, NOTE_MAX_BYTES, note);
	if (r == -ENOENT)
		return 0;
	if (r == 0)
		r = checkpoint_verify_fleet((struct span){ note->data, note->len }, &h->genesis->log, false,
		                            ret);
	if (r == 0)
		return 1;
	if (r == -EIO || r == -ENOMEM || r == -EACCES)
		return r;
	host_find(h, host, r == -ENOKEY ? VERDICT_WRONGLY_SEALED : VERDICT_ALTERED, &at,
	          "not a checkpoint that the fleet log has signed");
	return 0;
}

static int check_history(const struct verify_options *o, struct hosts *h, struct log_host *host,
                         const char *name)
{
	cleanup_buf struct buf note = { 0 };
	struct checkpoint c;
	struct fleet_head head;
	int r = read_note(o, h, host, name, &note, &c);
	if (r <= 0)
		return r;
	host_find(h, host, VERDICT_SPLIT_VIEW, &(struct place){ .file = name },
	          "the fleet log showed this host two histories: this is one of them, of size %llu",
	          (unsigned long long)c.size);
	return o->views ? views_add_note(o->views, o->input, (struct span){ note.data, note.len }, &head) : 0;
}

static int check_witnessed(const struct verify_options *o, struct hosts *h, struct log_host *host,
                           struct witnessed *ret)
{
	cleanup_buf struct buf note = { 0 };
	struct checkpoint c;
	int r = read_note(o, h, host, "witnessed", &note, &c);
	if (r > 0 && o->policy)
		witnessed_judge(o->policy, &h->genesis->log, (struct span){ note.data, note.len },
		                "witnessed", h->findings, ret);
	return MIN(r, 0);
}

int spool_notes_check(const struct verify_options *o, struct hosts *h, struct log_host *host,
                      struct witnessed *ret)
{
	static const char *const which[] = { "held", "shown" };
	int r = check_witnessed(o, h, host, ret);
	for (unsigned k = 0; r == 0 && k < 2 * HISTORIES; k++) {
		char name[48];
		snprintf(name, sizeof(name), "inconsistent-%u-%s", k / 2, which[k % 2]);
		r = check_history(o, h, host, name);
	}
	return r;
}
