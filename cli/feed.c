#include "cli/feed.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "evidence/batch.h"
#include "verify/listing.h"
#include "verify/scan.h"
#include "verify/spool.h"
#include "verify/window.h"

/* Without inotify (a network file system, another container): look this often. */
#define POLL_MS 200

struct feed {
	enum feed_kind kind;
	int dirfd;
	int inotify;
	char path[64];
	/* store */
	uint64_t number; /* of the file under way; 0: none yet */
	bool open;
	struct window window;
	struct scan scan;
	/* spool */
	struct spool_listing listing;
	size_t at;
	struct spool_file last; /* the newest that was given out */
	struct buf batch;
};

void feed_free(struct feed *f)
{
	if (!f)
		return;
	window_done(&f->window);
	spool_listing_done(&f->listing);
	buf_done(&f->batch);
	close_fd(&f->inotify);
	close_fd(&f->dirfd);
	free(f);
}

void feed_freep(struct feed **f)
{
	feed_free(*f);
}

enum feed_kind feed_kind(const struct feed *f)
{
	return f->kind;
}

int feed_dirfd(const struct feed *f)
{
	return f->dirfd;
}

/* Best effort: feed_wait falls back to looking. */
static void watch(struct feed *f, const char *path)
{
	char folder[4096];
	f->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (f->inotify < 0)
		return;
	int n = snprintf(folder, sizeof(folder), "%s%s", path, f->kind == FEED_STORE ? "/journal" : "");
	uint32_t mask = IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_CLOSE_WRITE;
	if (n < 0 || (size_t)n >= sizeof(folder) || inotify_add_watch(f->inotify, folder, mask) < 0)
		close_fd(&f->inotify);
}

int feed_open(const char *path, struct feed **ret)
{
	cleanup_feed struct feed *f = calloc(1, sizeof(*f));
	if (!f)
		return -ENOMEM;
	f->window.fd = f->inotify = -1;
	f->dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (f->dirfd < 0)
		return -errno;
	if (looks_like_store(f->dirfd))
		f->kind = FEED_STORE;
	else if (looks_like_spool(f->dirfd))
		f->kind = FEED_SPOOL;
	else
		return -EINVAL;
	watch(f, path);
	*ret = TAKE_PTR(f);
	return 0;
}

/* --- store
 * -----------------------------------------------------------------------------------------------------------
 */

static int open_one(struct feed *f, uint64_t number, bool segment)
{
	char path[STORE_PATH_MAX];
	struct window w = { .fd = -1 };
	struct scan s;
	store_path(segment, number, path);
	int r = window_open(&w, f->dirfd, path);
	if (r < 0)
		return r;
	r = scan_open(&s, &w);
	if (r < 0) {
		window_done(&w);
		return r == -EBADMSG ? -ENOENT : r; /* its header is not written yet */
	}
	window_done(&f->window);
	f->window = w;
	f->scan = s;
	f->scan.window = &f->window;
	f->number = number;
	f->open = true;
	memcpy(f->path, path, sizeof(path));
	return 0;
}

static int open_number(struct feed *f, uint64_t number)
{
	int r = open_one(f, number, true);
	if (r == -ENOENT)
		r = open_one(f, number, false);
	/* It may have become a segment between the two looks. */
	return r == -ENOENT ? open_one(f, number, true) : r;
}

static int first_number(struct feed *f, uint64_t *ret)
{
	cleanup_listing struct listing l = { 0 };
	int r = listing_read(f->dirfd, NULL, &l);
	*ret = r == 0 && l.len ? l.file[0].number : 1;
	return r;
}

static int grow(struct feed *f)
{
	if (f->scan.file.segment)
		return 0;
	int r = window_measure(&f->window);
	f->scan.limit = f->window.size;
	return r;
}

/* The next record of this file that is whole: 1, or 0 at its end. */
static int next_record(struct feed *f, struct feed_item *ret)
{
	struct scan_record record;
	enum scan_state state;
	bool intact;
	for (;;) {
		struct scan before = f->scan;
		struct feed_item item = { .file = f->path };
		int r = scan_next(&f->scan, &record, &state);
		if (r < 0 || state != SCAN_RECORD)
			return r;
		if (record.type != RECORD_BATCH && record.type != RECORD_FLEET)
			continue;
		r = scan_payload(&f->scan, &record, &item.payload, &intact);
		if (r < 0)
			return r;
		if (!intact && !f->scan.file.segment && f->scan.at >= f->scan.limit) {
			f->scan = before; /* still being written */
			return 0;
		}
		item.offset = record.offset;
		item.type = !intact ? FEED_BAD : record.type == RECORD_BATCH ? FEED_BATCH : FEED_FLEET;
		*ret = item;
		return 1;
	}
}

static int next_of_store(struct feed *f, struct feed_item *ret)
{
	uint64_t number;
	int r = 0;
	if (f->number == 0) {
		r = first_number(f, &number);
		if (r == 0)
			r = open_number(f, number);
		if (r < 0)
			return r == -ENOENT ? 0 : r;
	}
	for (;;) {
		/* Whether there is a next file is asked first: once there is, this one grows no more. */
		char path[STORE_PATH_MAX];
		store_path(false, f->number + 1, path);
		bool more = faccessat(f->dirfd, path, F_OK, 0) == 0;
		store_path(true, f->number + 1, path);
		more = more || faccessat(f->dirfd, path, F_OK, 0) == 0;
		r = next_record(f, ret);
		if (r == 0)
			r = grow(f);
		if (r == 0)
			r = next_record(f, ret);
		if (r != 0 || !more)
			return r;
		r = open_number(f, f->number + 1);
		if (r < 0)
			return r == -ENOENT ? 0 : r;
	}
}

/* --- spool
 * -----------------------------------------------------------------------------------------------------------
 */

static bool is_newer(const struct spool_file *a, const struct spool_file *b)
{
	return a->epoch > b->epoch || (a->epoch == b->epoch && a->first > b->first);
}

static int list_again(struct feed *f)
{
	spool_listing_done(&f->listing);
	f->at = 0;
	int r = spool_listing_read(f->dirfd, NULL, &f->listing);
	while (r == 0 && f->open && f->at < f->listing.len && !is_newer(&f->listing.file[f->at], &f->last))
		f->at++;
	return r;
}

static int next_of_spool(struct feed *f, struct feed_item *ret)
{
	int r = f->at == f->listing.len ? list_again(f) : 0;
	while (r == 0 && f->at < f->listing.len) {
		f->last = f->listing.file[f->at++];
		f->open = true;
		spool_file_name(&f->last, f->path);
		buf_reset(&f->batch);
		r = window_read_file(f->dirfd, f->path, BATCH_MAX_BYTES, &f->batch);
		if (r == -ENOENT) { /* freed by the sealer meanwhile */
			r = 0;
			continue;
		}
		enum feed_type type = r == -EFBIG || r == -ELOOP || r == -EINVAL ? FEED_BAD : FEED_BATCH;
		if (r < 0 && type == FEED_BATCH)
			return r;
		*ret = (struct feed_item){ .type = type,
			                   .payload = { f->batch.data, f->batch.len },
			                   .file = f->path };
		return 1;
	}
	return r;
}

int feed_next(struct feed *f, struct feed_item *ret)
{
	return f->kind == FEED_STORE ? next_of_store(f, ret) : next_of_spool(f, ret);
}

int feed_begin_at_newest(struct feed *f)
{
	cleanup_listing struct listing l = { 0 };
	int r = f->kind == FEED_STORE ? listing_read(f->dirfd, NULL, &l) : 0;
	if (r == 0 && l.len)
		r = open_number(f, l.file[l.len - 1].number);
	return r == -ENOENT ? 0 : r;
}

void feed_wait(struct feed *f, int timeout_ms)
{
	uint8_t events[4096];
	struct pollfd p = { .fd = f->inotify, .events = POLLIN };
	/* Never longer than POLL_MS: a watch does not tell of everything (a store's folder that came late).
	 */
	int n = poll(&p, f->inotify >= 0 ? 1 : 0, MIN(timeout_ms, POLL_MS));
	while (n > 0 && read(f->inotify, events, sizeof(events)) > 0)
		;
}
