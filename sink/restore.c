#include "sink/restore.h"

#include <fcntl.h>
#include <stdio.h>

#include "evidence/generation.h"
#include "lib/file.h"

static struct restored describe(const struct core *c, uint64_t generation)
{
	struct restored r = { .former = c->generation,
		              .size = c->log.frontier.size,
		              .generation = generation };
	frontier_root(&c->log.frontier, &r.root);
	return r;
}

static int plan(struct core *c, uint64_t generation)
{
	cleanup_buf struct buf detail = { 0 };
	struct restored r = describe(c, generation);
	restored_put(&detail, &c->genesis.log, &r);
	int e = buf_err(&detail);
	if (e == 0)
		e = core_note(c, SINK_RESTORED, (struct span){ detail.data, detail.len });
	return e < 0 ? e : core_set_generation(c, generation);
}

int restore_begin(struct core *c, uint64_t generation, char *error, size_t error_size)
{
	uint64_t next = generation == RESTORE_NEXT ? c->generation + 1 : generation;
	if (c->log.frontier.size == 0) {
		snprintf(error, error_size, "the store is empty: put the copy in its place first");
		return -ENOENT;
	}
	if (next <= c->generation || next > GENERATION_MAX) {
		snprintf(error, error_size, "the copy is of generation %llu: the new one must be above it",
		         (unsigned long long)c->generation);
		return -EINVAL;
	}
	int r = plan(c, next);
	if (r == 0)
		r = core_commit(c);
	if (r == 0)
		r = core_publish(c);
	if (r < 0)
		snprintf(error, error_size, "journal or fleet log can't be written: %s", strerror(-r));
	return r;
}

int restore_current_key(const struct env *env, const char *store, struct key *log)
{
	cleanup_buf struct buf path = { 0 }, note = { 0 };
	struct note n;
	struct checkpoint c;
	uint64_t generation;
	buf_printf(&path, "%s/fleet/checkpoint", store);
	buf_put_u8(&path, 0);
	int r = buf_err(&path);
	if (r == 0)
		r = file_read(env, AT_FDCWD, (const char *)path.data, NOTE_MAX_BYTES, &note);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	/* One that can't be read keeps the store from being opened. */
	if (note_parse((struct span){ note.data, note.len }, &n) < 0 || checkpoint_parse(n.text, &c) < 0 ||
	    generation_parse(c.origin, log, &generation) < 0)
		return 0;
	return generation_key(log, generation, log);
}

int restore_apply(struct core *c, struct span detail)
{
	struct restored r, expected;
	if (restored_parse(detail, &c->genesis.log, &r) < 0)
		return -EBADMSG;
	expected = describe(c, r.generation);
	if (r.former != expected.former || r.size != expected.size || !hash_equal(&r.root, &expected.root))
		return -EBADMSG;
	return core_set_generation(c, r.generation);
}
