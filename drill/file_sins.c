/* Sins on whole files of a store, and on their ends. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "drill/records.h"
#include "drill/sin.h"
#include "evidence/tile.h"
#include "lib/file.h"
#include "verify/window.h"

#define CHECKPOINT "fleet/checkpoint"

static int list_files(struct act *a, struct listing *ret)
{
	int e = listing_read(a->work->dirfd, NULL, ret);
	if (e < 0)
		return act_failed(a, e, "the store can't be listed");
	return ret->len ? 0 : act_impossible(a, "the store has no journal");
}

static int read_file(struct act *a, const char *path, struct buf *ret)
{
	int e = window_read_file(a->work->dirfd, path, NOTE_MAX_BYTES, ret);
	return e < 0 ? act_failed(a, e, "%s can't be read", path) : 0;
}

static int put_file(struct act *a, const char *path, struct span content)
{
	int e = workspace_put(a->work, path, content);
	return e < 0 ? act_failed(a, e, "%s can't be written", path) : 0;
}

/* The journal that is being written; a store that has just made a segment of it may have none. */
static int read_last_journal(struct act *a, struct records *ret)
{
	cleanup_listing struct listing l = { 0 };
	int e = list_files(a, &l);
	if (e < 0)
		return e;
	const struct store_file *last = &l.file[l.len - 1];
	if (last->segment)
		return act_impossible(a, "the store has no journal at its end");
	e = records_read(a->work, false, last->number, ret);
	return e < 0 ? act_failed(a, e, "journal %llu", (unsigned long long)last->number) : 0;
}

/* The second half of the journal's commit groups, in whole groups. */
static int cut_groups(struct act *a, struct records *r)
{
	size_t groups = 0, kept = 0, end = 0;
	struct fleet_record f;
	for (size_t i = 0; i < r->count; i++)
		groups += records_fleet(r, i, &f) && f.note.data;
	if (groups < 4)
		return act_impossible(a, "the last journal has fewer than four commits");
	for (size_t i = 0; i < r->count && kept < groups / 2; i++) {
		kept += records_fleet(r, i, &f) && f.note.data;
		end = i + 1;
	}
	while (r->count > end)
		records_remove(r, r->count - 1);
	return 0;
}

int sin_truncate_tail(struct act *a)
{
	cleanup_records struct records r = { 0 };
	int e = read_last_journal(a, &r);
	if (e == 0 && a->sinful)
		e = cut_groups(a, &r);
	if (e < 0)
		return e;
	e = records_write(&r, a->work);
	return e < 0 ? act_failed(a, e, "%s can't be written", r.path) : 0;
}

int sin_tear_tail(struct act *a)
{
	cleanup_records struct records r = { 0 };
	int e = read_last_journal(a, &r);
	if (e < 0)
		return e;
	if (r.map_len < RECORD_FILE_HEADER + 2 * RECORD_OVERHEAD)
		return act_impossible(a, "the last journal is empty");
	struct span content = { r.map, r.map_len - (a->sinful ? RECORD_CHECK_BYTES + 1 : 0) };
	snprintf(a->place, sizeof(a->place), "%s", r.path);
	return put_file(a, r.path, content);
}

int sin_delete_file(struct act *a)
{
	cleanup_listing struct listing l = { 0 };
	char path[STORE_PATH_MAX];
	int e = list_files(a, &l);
	if (e < 0 || !a->sinful)
		return e;
	store_path(l.file[l.len - 1].segment, l.file[l.len - 1].number, path);
	e = workspace_remove(a->work, path);
	return e < 0 ? act_failed(a, e, "%s can't be removed", path) : 0;
}

int sin_alter_genesis(struct act *a)
{
	cleanup_buf struct buf text = { 0 };
	int e = read_file(a, "genesis", &text);
	if (e < 0)
		return e;
	if (a->sinful)
		text.data[text.len / 2] ^= 1;
	snprintf(a->place, sizeof(a->place), "genesis");
	return put_file(a, "genesis", buf_span(&text));
}

/* An older checkpoint that the sink has signed, which is not the newest. */
static int find_old_note(struct act *a, struct buf *ret)
{
	cleanup_listing struct listing l = { 0 };
	cleanup_records struct records r = { 0 };
	struct fleet_record f;
	int e = list_files(a, &l);
	if (e == 0)
		e = records_read(a->work, l.file[0].segment, l.file[0].number, &r);
	if (e < 0)
		return act_failed(a, e, "the store's first file can't be read");
	for (size_t i = 0; i < r.count; i++) {
		if (!records_fleet(&r, i, &f) || !f.note.data)
			continue;
		buf_put(ret, f.note.data, f.note.len);
		return buf_err(ret);
	}
	return act_impossible(a, "%s has no checkpoint", r.path);
}

int sin_put_back_checkpoint(struct act *a)
{
	cleanup_buf struct buf note = { 0 };
	int e = a->sinful ? find_old_note(a, &note) : read_file(a, CHECKPOINT, &note);
	if (e < 0)
		return e;
	snprintf(a->place, sizeof(a->place), CHECKPOINT);
	return put_file(a, CHECKPOINT, buf_span(&note));
}

int sin_delete_tile(struct act *a)
{
	cleanup_buf struct buf bytes = { 0 };
	char path[TILE_PATH_MAX], file[TILE_PATH_MAX + 8];
	struct note note;
	struct checkpoint c;
	int e = read_file(a, CHECKPOINT, &bytes);
	if (e < 0)
		return e;
	if (note_parse(buf_span(&bytes), &note) < 0 || checkpoint_parse(note.text, &c) < 0 || c.size == 0)
		return act_impossible(a, "the published checkpoint is not well-formed");
	bool full = tile_full_count(0, c.size) > 0;
	tile_path(0, 0, full ? TILE_WIDTH : tile_partial_width(0, c.size), path);
	snprintf(file, sizeof(file), "fleet/%s", path);
	if (!a->sinful)
		return 0;
	snprintf(a->place, sizeof(a->place), "%s", file);
	e = workspace_remove(a->work, file);
	return e < 0 ? act_failed(a, e, "%s can't be removed", file) : 0;
}
