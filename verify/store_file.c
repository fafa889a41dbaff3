#include "verify/store_file.h"

#include <time.h>

#include "verify/pass.h"

/* How long a record that is being written may take to become whole. */
#define LIVE_TAIL_MS 300
#define LIVE_STEP_MS 20

static void pass_done(struct pass *w)
{
	window_done(&w->window);
	buf_done(&w->index);
}

struct place pass_place(const struct pass *w, uint64_t offset)
{
	return (struct place){ .file = w->path, .has_offset = true, .offset = offset };
}

void pass_find(const struct pass *w, enum verdict v, uint64_t offset, const char *why)
{
	struct place at = pass_place(w, offset);
	find(w->store->findings, v, &at, "%s", why);
}

int pass_payload(const struct pass *w, const struct scan_record *record, struct span *ret)
{
	bool intact;
	int r = scan_payload(&w->scan, record, ret, &intact);
	if (r == 0 && !intact)
		pass_find(w, VERDICT_ALTERED, record->offset, RECORD_NOT_INTACT);
	return r;
}

static bool only_zeros(struct window *w, uint64_t at)
{
	struct span s;
	uint64_t n = MIN(w->size - at, (uint64_t)WINDOW_BYTES);
	if (window_get(w, at, (size_t)n, &s) < 0)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (s.data[i])
			return false;
	}
	return true;
}

/* A live sink makes the tail whole in a moment, and goes on: then all that was there at first is whole. */
static int wait_for_tail(struct pass *w, struct scan_end *end)
{
	uint64_t size = w->window.size;
	int r = scan_find_end(&w->scan, end);
	for (int waited = 0; r == 0 && end->complete < size && waited < LIVE_TAIL_MS;
	     waited += LIVE_STEP_MS) {
		if (w->window.fd < 0)
			return 0;
		nanosleep(&(struct timespec){ .tv_nsec = LIVE_STEP_MS * 1000 * 1000 }, NULL);
		r = window_measure(&w->window);
		w->scan.limit = w->window.size;
		if (r == 0)
			r = scan_find_end(&w->scan, end);
	}
	if (r == 0 && end->complete >= size)
		w->scan.limit = end->complete;
	return r;
}

/* Where the records of the newest journal end that count. */
static int find_limit(struct pass *w)
{
	struct scan_end end;
	int r = wait_for_tail(w, &end);
	if (r < 0 || w->scan.limit == end.complete)
		return r;
	/* Something that no crash leaves behind: the first pass will say where. */
	if (end.state == SCAN_BROKEN && !only_zeros(&w->window, end.stopped))
		return 0;
	pass_find(w, VERDICT_TORN, end.complete, "an unfinished commit group at the end");
	w->scan.limit = end.complete;
	return 0;
}

static int check_window(struct pass *w, bool segment, uint64_t number)
{
	int r = scan_open(&w->scan, &w->window);
	if (r == -EBADMSG) {
		bool torn = w->last && w->window.size < RECORD_FILE_HEADER;
		pass_find(w, torn ? VERDICT_TORN : VERDICT_ALTERED, 0,
		          "not the header of a journal or segment");
		return 0;
	}
	if (r < 0)
		return r;
	if (w->scan.file.segment != segment || w->scan.file.number != number) {
		pass_find(w, VERDICT_ALTERED, 0, "the header is that of another file");
		return 0;
	}
	if (w->last && !segment)
		r = find_limit(w);
	fleet_check_next_file(w->store->fleet);
	if (r == 0)
		r = pass_fleet(w);
	if (r == 0)
		r = pass_batches(w);
	w->store->files++;
	w->store->bytes += w->window.size;
	return r;
}

int store_file_check(struct store_check *s, bool segment, uint64_t number, bool last)
{
	cleanup(pass_done) struct pass w = { .store = s, .window = { .fd = -1 }, .last = last };
	store_path(segment, number, w.path);
	int r = window_open(&w.window, s->dirfd, w.path);
	if (r == -ELOOP || r == -EINVAL) {
		pass_find(&w, VERDICT_ALTERED, 0, "not a regular file");
		return 0;
	}
	return r < 0 ? r : check_window(&w, segment, number);
}

int store_file_check_bytes(struct store_check *s, struct span bytes, bool segment, uint64_t number, bool last)
{
	cleanup(pass_done) struct pass w = { .store = s, .window = { .fd = -1 }, .last = last };
	store_path(segment, number, w.path);
	int r = window_from_bytes(&w.window, bytes);
	return r < 0 ? r : check_window(&w, segment, number);
}

static int check_whole(struct pass *w, uint64_t number)
{
	int r = scan_open(&w->scan, &w->window);
	if (r == -EBADMSG || (r == 0 && (w->scan.file.segment || w->scan.file.number != number))) {
		pass_find(w, VERDICT_ALTERED, 0, "not the header of this journal");
		return 0;
	}
	for (;;) {
		struct scan_record record;
		enum scan_state state;
		struct span payload;
		r = r < 0 ? r : scan_next(&w->scan, &record, &state);
		if (r < 0)
			return r;
		if (state == SCAN_END)
			return 0;
		if (state != SCAN_RECORD) {
			pass_find(w, VERDICT_ALTERED, w->scan.at,
			          "the journal beside its segment is not whole");
			return 0;
		}
		r = pass_payload(w, &record, &payload);
	}
}

int store_file_spare(struct store_check *s, uint64_t number)
{
	cleanup(pass_done) struct pass w = { .store = s, .window = { .fd = -1 } };
	store_path(false, number, w.path);
	int r = window_open(&w.window, s->dirfd, w.path);
	if (r == -ENOENT)
		return 0; /* the sink has finished with it meanwhile */
	return r < 0 ? r : check_whole(&w, number);
}
