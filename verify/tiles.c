#include "verify/tiles.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "verify/window.h"

#define KINDS            (TILE_LEVELS + 1) /* the levels, then the entry bundles */
#define BUNDLE_MAX_BYTES (TILE_WIDTH * (2 + 65535))
#define WALK_MAX_DEPTH   10

/* The tile under way at one level, or the bundle. */
struct column {
	int level; /* TILE_ENTRIES for bundles */
	uint64_t items;
	struct buf content;
	bool present[TILE_WIDTH]; /* partial tiles of this index that lie on disk, by width */
};

struct tiles {
	int store_fd;
	char folder[FINDING_FILE_MAX - TILE_PATH_MAX];
	struct tiles_place place;
	struct findings *findings;
	struct column column[KINDS];
	struct hash leaf[TILE_LEVELS][TILE_WIDTH];
	uint64_t published;
	uint64_t extent;
	char extent_path[TILE_PATH_MAX];
};

void tiles_free(struct tiles *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < KINDS; i++)
		buf_done(&t->column[i].content);
	free(t);
}

void tiles_freep(struct tiles **t)
{
	tiles_free(*t);
}

uint64_t tiles_extent(const struct tiles *t)
{
	return t->extent;
}

void tiles_expect(struct tiles *t, uint64_t published_size)
{
	t->published = published_size;
}

static void report(struct tiles *t, enum verdict v, const char *path, const char *why)
{
	char file[FINDING_FILE_MAX];
	snprintf(file, sizeof(file), "%s/%s", t->folder, path);
	find(t->findings, v, &(struct place){ .file = file }, "%s", why);
}

/* A tile that was found: remember how far it says that the log goes. */
static void note_extent(struct tiles *t, const char *path, int level, uint64_t index, unsigned width)
{
	unsigned shift = level > 0 ? 8u * (unsigned)level : 0;
	uint64_t items = index * TILE_WIDTH + width, size;
	if (index > UINT64_MAX / TILE_WIDTH - 1 || items > UINT64_MAX >> shift) {
		report(t, VERDICT_ALTERED, path, "a tile of a log larger than any");
		return;
	}
	size = items << shift;
	if (size > t->extent) {
		t->extent = size;
		tile_path(level, index, width, t->extent_path);
	}
}

static void walk_file(struct tiles *t, const char *path)
{
	int level;
	uint64_t index;
	unsigned width;
	struct span name = { (const uint8_t *)path, strlen(path) };
	if (tile_parse_path(name, &level, &index, &width) < 0)
		report(t, VERDICT_ALTERED, path, "not a file of a fleet log");
	else
		note_extent(t, path, level, index, width);
}

static void close_dir(DIR **d)
{
	if (*d)
		closedir(*d);
}

static DIR *open_dir(int dirfd, const char *path)
{
	int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	DIR *d = fdopendir(fd);
	if (!d)
		close(fd);
	return d;
}

static bool is_beside(const struct tiles *t, const char *path)
{
	for (size_t i = 0; i < t->place.beside_count; i++) {
		if (strcmp(path, t->place.beside[i]) == 0)
			return true;
	}
	return strcmp(path, "checkpoint") == 0;
}

static void walk(struct tiles *t, int fleet_fd, const char *folder, int depth);

static void walk_name(struct tiles *t, int fleet_fd, const char *folder, int depth, const char *name)
{
	char path[FINDING_FILE_MAX];
	struct stat st;
	int n = snprintf(path, sizeof(path), "%s%s%s", folder, *folder ? "/" : "", name);
	if (n < 0 || (size_t)n >= sizeof(path) || depth > WALK_MAX_DEPTH) {
		report(t, VERDICT_ALTERED, folder, "holds names that no fleet log has");
		return;
	}
	if (is_beside(t, path))
		return;
	if (fstatat(fleet_fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return; /* gone since: partial tiles may go at any time */
	if (S_ISDIR(st.st_mode))
		walk(t, fleet_fd, path, depth + 1);
	else if (!S_ISREG(st.st_mode))
		report(t, VERDICT_ALTERED, path, "not a regular file");
	else if (n < 4 || strcmp(path + n - 4, ".tmp") != 0) /* a write under way */
		walk_file(t, path);
}

static void walk(struct tiles *t, int fleet_fd, const char *folder, int depth)
{
	cleanup(close_dir) DIR *d = open_dir(fleet_fd, *folder ? folder : ".");
	if (!d)
		return;
	for (struct dirent *e = readdir(d); e; e = readdir(d)) {
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			walk_name(t, fleet_fd, folder, depth, e->d_name);
	}
}

int tiles_new_at(int dirfd, const struct tiles_place *where, struct findings *f, struct tiles **ret)
{
	struct tiles *t = calloc(1, sizeof(*t));
	if (!t)
		return -ENOMEM;
	t->store_fd = dirfd;
	t->findings = f;
	t->place = *where;
	snprintf(t->folder, sizeof(t->folder), "%s", where->folder);
	for (int i = 0; i < KINDS; i++)
		t->column[i].level = i < TILE_LEVELS ? i : TILE_ENTRIES;
	cleanup_close int fd = openat(dirfd, t->folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		find(f, VERDICT_MISSING, &(struct place){ .file = t->folder }, "no folder of this log");
	else
		walk(t, fd, "", 0);
	*ret = t;
	return 0;
}

int tiles_new(int dirfd, struct findings *f, struct tiles **ret)
{
	return tiles_new_at(dirfd, &(struct tiles_place){ .folder = "fleet" }, f, ret);
}

/* Which partial tiles of the index that begins lie on disk. */
static void list_partials(struct tiles *t, struct column *c)
{
	char path[TILE_PATH_MAX], folder[FINDING_FILE_MAX + 8];
	memset(c->present, 0, sizeof(c->present));
	tile_path(c->level, c->items / TILE_WIDTH, TILE_WIDTH, path);
	snprintf(folder, sizeof(folder), "%s/%s.p", t->folder, path);
	cleanup(close_dir) DIR *d = open_dir(t->store_fd, folder);
	if (!d)
		return;
	for (struct dirent *e = readdir(d); e; e = readdir(d)) {
		unsigned long width = strtoul(e->d_name, NULL, 10);
		if (width > 0 && width < TILE_WIDTH)
			c->present[width] = true;
	}
}

static bool called_for(const struct tiles *t, const struct column *c, unsigned width)
{
	uint64_t index = (c->items - 1) / TILE_WIDTH;
	uint64_t full = tile_full_count(c->level, t->published);
	return width == TILE_WIDTH ? index < full
	                           : index == full && width == tile_partial_width(c->level, t->published);
}

static int compare(struct tiles *t, const struct column *c, unsigned width)
{
	bool due = called_for(t, c, width);
	if (width < TILE_WIDTH && !due && !c->present[width])
		return 0;
	char path[TILE_PATH_MAX], file[FINDING_FILE_MAX + 8];
	tile_path(c->level, (c->items - 1) / TILE_WIDTH, width, path);
	snprintf(file, sizeof(file), "%s/%s", t->folder, path);
	cleanup_buf struct buf content = { 0 };
	int r = window_read_file(t->store_fd, file, BUNDLE_MAX_BYTES, &content);
	if (r == -ENOENT) {
		if (due)
			report(t, VERDICT_MISSING, path, "a tile that the published size calls for");
		return 0;
	}
	if (r == -ENOMEM || r == -EIO)
		return r;
	struct span is = { content.data, content.len }, should = { c->content.data, c->content.len };
	if (r < 0 || !span_equal(is, should))
		report(t, VERDICT_ALTERED, path, "does not hold what the fleet log's entries make");
	return 0;
}

static int column_step(struct tiles *t, struct column *c, bool *ret_full)
{
	c->items++;
	unsigned width = (unsigned)(c->items % TILE_WIDTH);
	*ret_full = width == 0;
	return buf_err(&c->content) ? buf_err(&c->content) : compare(t, c, *ret_full ? TILE_WIDTH : width);
}

static void column_begin(struct tiles *t, struct column *c)
{
	if (c->items % TILE_WIDTH != 0)
		return;
	buf_reset(&c->content);
	list_partials(t, c);
}

static int add_entry(struct tiles *t, struct span entry)
{
	struct column *bundle = &t->column[TILE_LEVELS];
	bool full;
	if (t->place.no_bundles)
		return 0;
	column_begin(t, bundle);
	tile_put_bundle_entry(&bundle->content, entry);
	return column_step(t, bundle, &full);
}

int tiles_add(struct tiles *t, struct span entry, const struct hash *leaf)
{
	bool full;
	int r = add_entry(t, entry);
	struct hash node = *leaf;
	for (int level = 0; r == 0 && level < TILE_LEVELS; level++) {
		struct column *c = &t->column[level];
		column_begin(t, c);
		t->leaf[level][c->items % TILE_WIDTH] = node;
		buf_put(&c->content, node.b, sizeof(node.b));
		r = column_step(t, c, &full);
		if (!full)
			break;
		merkle_root(t->leaf[level], TILE_WIDTH, &node);
	}
	return r;
}

void tiles_finish(struct tiles *t)
{
	uint64_t size = t->column[0].items;
	if (t->extent <= size)
		return;
	char file[FINDING_FILE_MAX];
	snprintf(file, sizeof(file), "%s/%s", t->folder, t->extent_path);
	find(t->findings, VERDICT_TRUNCATED, &(struct place){ .file = file },
	     "a tile of a fleet log of at least %llu entries, but only %llu are there",
	     (unsigned long long)t->extent, (unsigned long long)size);
}
