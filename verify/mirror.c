#include "verify/mirror.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "evidence/note.h"
#include "evidence/tile.h"
#include "lib/env.h"
#include "lib/file.h"
#include "verify/scan.h"

#define CHECKPOINT  "fleet/checkpoint"
#define CHUNK_BYTES ((size_t)1 << 20)
#define FOLDER_MODE 0750
#define FILE_MODE   0640

struct mirror {
	int store, keep; /* folders */
	struct mirror_pull *pull;
	uint64_t kept_size; /* of the fleet log */
	struct buf note;    /* the store's published checkpoint */
	struct buf chunk[2];
};

static void mirror_done(struct mirror *m)
{
	buf_done(&m->note);
	buf_done(&m->chunk[0]);
	buf_done(&m->chunk[1]);
}

static void contradict(struct mirror *m, const char *path, const char *why)
{
	if (m->pull->why)
		return;
	snprintf(m->pull->path, sizeof(m->pull->path), "%s", path);
	m->pull->why = why;
}

static int open_regular(int dirfd, const char *path, uint64_t *ret_size)
{
	struct stat st;
	int fd = openat(dirfd, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return -EINVAL;
	}
	*ret_size = (uint64_t)st.st_size;
	return fd;
}

static uint8_t *chunk(struct mirror *m, int which)
{
	buf_reset(&m->chunk[which]);
	return buf_extend(&m->chunk[which], CHUNK_BYTES);
}

/* Bytes [from, to) of one file behind each other into another, made durable. */
static int copy_range(struct mirror *m, int from_fd, int to_fd, uint64_t from, uint64_t to)
{
	const struct env *env = env_system();
	uint8_t *p = chunk(m, 0);
	int r = p ? 0 : -ENOMEM;
	for (uint64_t at = from; r == 0 && at < to;) {
		size_t n = (size_t)MIN(to - at, (uint64_t)CHUNK_BYTES);
		r = file_read_exact(env, from_fd, p, n, at);
		if (r == 0)
			r = file_write_all(env, to_fd, (struct span){ p, n }, at);
		at += n;
	}
	if (r == 0)
		r = env->datasync(env, to_fd);
	m->pull->bytes += r == 0 ? to - from : 0;
	return r;
}

/* The folders above a path in the copy. */
static int make_parents(int keep, const char *path)
{
	char part[MIRROR_PATH_MAX];
	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		snprintf(part, sizeof(part), "%.*s", (int)(slash - path), path);
		if (mkdirat(keep, part, FOLDER_MODE) < 0 && errno != EEXIST)
			return -errno;
	}
	return 0;
}

static int copy_new(struct mirror *m, const char *path)
{
	const struct env *env = env_system();
	char unfinished[MIRROR_PATH_MAX + 8];
	uint64_t size;
	if (faccessat(m->keep, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	cleanup_close int from = open_regular(m->store, path, &size);
	if (from < 0)
		return from;
	int r = make_parents(m->keep, path);
	if (r < 0)
		return r;
	snprintf(unfinished, sizeof(unfinished), "%s.tmp", path);
	cleanup_close int to =
	        env->open(env, m->keep, unfinished, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, FILE_MODE);
	if (to < 0)
		return to;
	r = copy_range(m, from, to, 0, size);
	return r < 0 ? r : env->rename(env, m->keep, unfinished, path);
}

static int read_both(struct mirror *m, int a, int b, uint64_t at, size_t n, bool *ret_same)
{
	uint8_t *x = chunk(m, 0), *y = chunk(m, 1);
	if (!x || !y)
		return -ENOMEM;
	int r = file_read_exact(env_system(), a, x, n, at);
	if (r == 0)
		r = file_read_exact(env_system(), b, y, n, at);
	*ret_same = r == 0 && memcmp(x, y, n) == 0;
	return r;
}

static int same_prefix(struct mirror *m, int a, int b, uint64_t size, bool *ret)
{
	bool same = true;
	int r = 0;
	for (uint64_t at = 0; r == 0 && same && at < size; at += CHUNK_BYTES)
		r = read_both(m, a, b, at, (size_t)MIN(size - at, (uint64_t)CHUNK_BYTES), &same);
	*ret = same;
	return r;
}

/* Where the last complete commit group ends. */
static int complete_end(const struct mirror *m, const char *path, uint64_t *ret)
{
	cleanup_window struct window w = { .fd = -1 };
	struct scan s;
	struct scan_end end;
	int r = window_open(&w, m->store, path);
	if (r == 0)
		r = scan_open(&s, &w);
	if (r == 0)
		r = scan_find_end(&s, &end);
	*ret = r == 0 ? end.complete : 0;
	return r == -EBADMSG || r == -ENODATA ? 0 : r;
}

static int grow_journal(struct mirror *m, const char *path, int from, uint64_t size)
{
	const struct env *env = env_system();
	uint64_t kept = 0, end = 0;
	bool same = true;
	cleanup_close int to = env->open(env, m->keep, path, O_RDWR | O_CREAT | O_NOFOLLOW, FILE_MODE);
	if (to < 0)
		return to;
	int r = env->size(env, to, &kept);
	if (r == 0 && size < kept) {
		contradict(m, path, "the journal is shorter than it was");
		return 0;
	}
	if (r == 0)
		r = same_prefix(m, from, to, kept, &same);
	if (r == 0 && !same) {
		contradict(m, path, "the journal holds something else than it did");
		return 0;
	}
	if (r == 0)
		r = complete_end(m, path, &end);
	return r < 0 || end <= kept ? r : copy_range(m, from, to, kept, end);
}

static int pull_segment(struct mirror *m, const char *path)
{
	uint64_t size, kept;
	int r = copy_new(m, path);
	cleanup_close int from = r == 0 ? open_regular(m->store, path, &size) : -1;
	cleanup_close int to = r == 0 ? open_regular(m->keep, path, &kept) : -1;
	if (from < 0 || to < 0)
		return r < 0 ? r : from < 0 ? from : to;
	if (size != kept)
		contradict(m, path, "the finished segment is of another length");
	return 0;
}

static int pull_file(struct mirror *m, const struct store_file *f)
{
	char path[STORE_PATH_MAX];
	uint64_t size;
	store_path(f->segment, f->number, path);
	if (f->segment)
		return pull_segment(m, path);
	cleanup_close int from = open_regular(m->store, path, &size);
	/* It has become a segment meanwhile. */
	if (from < 0)
		return from == -ENOENT ? -EAGAIN : from;
	return grow_journal(m, path, from, size);
}

/* What the copy has must be there still. */
static void check_gone(struct mirror *m, const struct listing *store, const struct listing *keep)
{
	char path[STORE_PATH_MAX];
	for (size_t i = 0, k = 0; i < keep->len; i++) {
		const struct store_file *mine = &keep->file[i];
		while (k < store->len && store->file[k].number < mine->number)
			k++;
		bool there = k < store->len && store->file[k].number == mine->number;
		store_path(mine->segment, mine->number, path);
		if (!there)
			contradict(m, path, "the store has lost the file");
		else if (mine->segment && !store->file[k].segment)
			contradict(m, path, "the store has lost the finished segment");
	}
}

static int pull_files(struct mirror *m)
{
	cleanup_listing struct listing store = { 0 }, keep = { 0 };
	int r = listing_read(m->store, NULL, &store);
	if (r == 0)
		r = listing_read(m->keep, NULL, &keep);
	if (r == 0)
		check_gone(m, &store, &keep);
	for (size_t i = 0; r == 0 && !m->pull->why && i < store.len; i++)
		r = pull_file(m, &store.file[i]);
	return r;
}

static int pull_tiles_of(struct mirror *m, int level)
{
	char tile[TILE_PATH_MAX], path[MIRROR_PATH_MAX];
	int r = 0;
	uint64_t full = tile_full_count(level, m->pull->size);
	for (uint64_t i = tile_full_count(level, m->kept_size); r == 0 && i <= full; i++) {
		unsigned width = i < full ? TILE_WIDTH : tile_partial_width(level, m->pull->size);
		if (width == 0)
			break;
		tile_path(level, i, width, tile);
		snprintf(path, sizeof(path), "fleet/%s", tile);
		r = copy_new(m, path);
	}
	/* The partial tile of a size goes when the next is published. */
	return r == -ENOENT ? -EAGAIN : r;
}

static int pull_tiles(struct mirror *m)
{
	int r = pull_tiles_of(m, TILE_ENTRIES);
	for (int level = 0; r == 0 && level < TILE_LEVELS; level++)
		r = pull_tiles_of(m, level);
	return r;
}

static int pull_forks(struct mirror *m)
{
	cleanup_free char *names = NULL;
	size_t len = 0;
	char path[MIRROR_PATH_MAX];
	cleanup_close int fd = openat(m->store, "forks", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	int r = env_system()->list(env_system(), fd, &names, &len);
	for (const char *name = names; r == 0 && name && name < names + len; name += strlen(name) + 1) {
		if (listing_is_unfinished(name) || strlen(name) > sizeof(path) - 16)
			continue;
		snprintf(path, sizeof(path), "forks/%.140s", name);
		r = copy_new(m, path);
	}
	return r == -ENOENT ? 0 : r;
}

/* The published checkpoint of either side; size 0: there is none that can be read. */
static int read_checkpoint(int dirfd, struct buf *note, struct checkpoint *ret)
{
	struct note n;
	*ret = (struct checkpoint){ 0 };
	int r = window_read_file(dirfd, CHECKPOINT, NOTE_MAX_BYTES, note);
	if (r == -ENOENT)
		return 0;
	if (r == 0 &&
	    (note_parse((struct span){ note->data, note->len }, &n) < 0 || checkpoint_parse(n.text, ret) < 0))
		*ret = (struct checkpoint){ 0 };
	return r;
}

static int compare_checkpoints(struct mirror *m)
{
	cleanup_buf struct buf kept_note = { 0 };
	struct checkpoint theirs, mine;
	int r = read_checkpoint(m->store, &m->note, &theirs);
	if (r == 0)
		r = read_checkpoint(m->keep, &kept_note, &mine);
	if (r < 0)
		return r;
	m->pull->size = theirs.size;
	m->kept_size = mine.size;
	if (theirs.size < mine.size)
		contradict(m, CHECKPOINT, "the published checkpoint is behind the one that was seen");
	else if (mine.size > 0 && theirs.size == mine.size && !hash_equal(&theirs.root, &mine.root))
		contradict(m, CHECKPOINT,
		           "the published checkpoint has another root for the size that was seen");
	return 0;
}

static int compare_genesis(struct mirror *m)
{
	cleanup_buf struct buf theirs = { 0 }, mine = { 0 };
	int r = copy_new(m, "genesis");
	if (r == 0)
		r = window_read_file(m->store, "genesis", NOTE_MAX_BYTES, &theirs);
	if (r == 0)
		r = window_read_file(m->keep, "genesis", NOTE_MAX_BYTES, &mine);
	if (r == 0 &&
	    !span_equal((struct span){ theirs.data, theirs.len }, (struct span){ mine.data, mine.len }))
		contradict(m, "genesis", "the genesis statement is another one");
	return r;
}

/* Journals that are ahead of the checkpoint by more than a moment would look as if it had been put back. */
static int put_checkpoint(const struct mirror *m)
{
	cleanup_buf struct buf now = { 0 };
	int r = window_read_file(m->store, CHECKPOINT, NOTE_MAX_BYTES, &now);
	if (r < 0)
		return r == -ENOENT && m->note.len == 0 ? 0 : r;
	if (!span_equal((struct span){ now.data, now.len }, (struct span){ m->note.data, m->note.len }))
		return -EAGAIN;
	cleanup_close int fleet = openat(m->keep, "fleet", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fleet < 0)
		return -errno;
	return file_replace(env_system(), fleet, "checkpoint", (struct span){ m->note.data, m->note.len },
	                    FILE_MODE);
}

int mirror_prepare(int keep_fd)
{
	static const char *const folders[] = { "journal", "segment", "fleet", "forks" };
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		if (mkdirat(keep_fd, folders[i], FOLDER_MODE) < 0 && errno != EEXIST)
			return -errno;
	}
	return 0;
}

int mirror_pull(int store_fd, int keep_fd, struct mirror_pull *ret)
{
	struct mirror_pull pull = { 0 };
	cleanup(mirror_done) struct mirror m = { .store = store_fd, .keep = keep_fd, .pull = &pull };
	int (*const steps[])(struct mirror *) = { compare_genesis, compare_checkpoints, pull_tiles,
		                                  pull_files, pull_forks };
	int r = 0;
	for (size_t i = 0; r == 0 && !pull.why && i < ARRAY_SIZE(steps); i++)
		r = steps[i](&m);
	if (r == 0 && !pull.why)
		r = put_checkpoint(&m);
	if (r == 0)
		*ret = pull;
	return r;
}

int mirror_save(int store_fd, const char *path, int to_fd)
{
	struct mirror_pull pull = { 0 };
	cleanup(mirror_done) struct mirror m = { .store = store_fd, .keep = to_fd, .pull = &pull };
	const char *slash = strrchr(path, '/');
	uint64_t size;
	cleanup_close int from = open_regular(store_fd, path, &size);
	if (from < 0)
		return from;
	cleanup_close int to =
	        openat(to_fd, slash ? slash + 1 : path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
	return to < 0 ? -errno : copy_range(&m, from, to, 0, size);
}
