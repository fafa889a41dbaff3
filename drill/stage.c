#include "drill/stage.h"

#include <fcntl.h>
#include <stdio.h>

#include "drill/source.h"
#include "drill/scratch.h"
#include "evidence/key_file.h"
#include "evidence/note.h"
#include "lib/env.h"
#include "lib/file.h"

#define ROUNDS      8
#define LAST_ROUNDS 3
#define ROUND_MS    150

void stage_done(struct stage *s)
{
	workspace_done(&s->store);
	workspace_done(&s->spool);
	buf_done(&s->anchor);
	key_file_free(s->log);
}

static int fail(struct stage *s, int r, const char *what)
{
	if (r < 0)
		snprintf(s->why, sizeof(s->why), "%s: %s", what, strerror(-r));
	return r;
}

static int source_rounds(struct source *one, struct source *other, unsigned rounds)
{
	int r = 0;
	for (unsigned i = 0; r == 0 && i < rounds; i++) {
		if (one->fd >= 0)
			r = source_send(one, 3, 32);
		if (r == 0 && other->fd >= 0)
			r = source_send(other, 2, 32);
		sleep_ms(ROUND_MS);
	}
	return r;
}

/* "web" has a real collector where the machine allows one; "db" ends last, so that its seals testify to all
 * that came before. */
static int live(struct scratch *fleet)
{
	struct scratch_host *web, *db;
	cleanup_source struct source to_web = { .fd = -1 }, to_db = { .fd = -1 };
	int r = scratch_add_host(fleet, "web", &web);
	if (r == 0)
		r = scratch_add_host(fleet, "db", &db);
	if (r == 0)
		r = host_start(web);
	if (r == 0)
		r = host_start(db);
	if (r == 0 && host_start_collector(web) < 0) {
		program_kill(&web->collector);
		r = source_open(web, &to_web);
	}
	if (r == 0)
		r = source_open(db, &to_db);
	if (r == 0)
		r = source_rounds(&to_web, &to_db, ROUNDS);
	source_close(&to_web);
	if (r == 0)
		r = host_stop(web);
	if (r == 0)
		r = source_rounds(&to_web, &to_db, LAST_ROUNDS);
	source_close(&to_db);
	return r < 0 ? r : host_stop(db);
}

static int take_spool(struct stage *s, const struct scratch *fleet, const char *folder)
{
	char spool[PATH_MAX], copy[PATH_MAX];
	if (!host_path(&fleet->host[1], "spool", spool) ||
	    snprintf(copy, sizeof(copy), "%s/spool", folder) >= (int)sizeof(copy))
		return -ENAMETOOLONG;
	int r = workspace_open(&s->spool, spool, copy);
	s->spool_look = (struct look){ .path = s->spool.path, .anchor = s->store_look.anchor };
	return r < 0 ? r : look_before(&s->spool_look);
}

int stage_copy(struct stage *s, const char *store, struct span anchor, const char *folder)
{
	char copy[PATH_MAX];
	if (snprintf(copy, sizeof(copy), "%s/store", folder) >= (int)sizeof(copy))
		return -ENAMETOOLONG;
	int r = workspace_open(&s->store, store, copy);
	s->store_look = (struct look){ .path = s->store.path, .anchor = anchor };
	if (r == 0)
		r = look_before(&s->store_look);
	return fail(s, r, "the store can't be copied and verified");
}

int stage_make(struct stage *s, const char *folder)
{
	cleanup_scratch struct scratch fleet = { 0 };
	char dir[PATH_MAX];
	s->scratch = true;
	if (snprintf(dir, sizeof(dir), "%s/base", folder) >= (int)sizeof(dir))
		return -ENAMETOOLONG;
	int r = scratch_open(&fleet, dir);
	if (r == 0)
		r = scratch_start_sink(&fleet);
	if (r == 0)
		r = live(&fleet);
	if (r == 0)
		r = program_stop(&fleet.sink) == 0 ? 0 : -EPROTO;
	if (r == 0)
		r = file_read(env_system(), AT_FDCWD, fleet.anchor, NOTE_MAX_BYTES, &s->anchor);
	if (r == 0)
		r = scratch_log_key(&fleet, &s->log);
	if (r < 0)
		return fail(s, r, "the scratch fleet did not come about");
	r = stage_copy(s, fleet.store, (struct span){ s->anchor.data, s->anchor.len }, folder);
	return r < 0 ? r : fail(s, take_spool(s, &fleet, folder), "the spool can't be copied and verified");
}
