/* The second pass, by several threads. Each goes over all records of the file, but checks only the batches of
 * its share of the hosts: so what is found does not depend on how many there are. */
#include <pthread.h>

#include "lib/pack.h"
#include "verify/pass.h"

struct share {
	const struct pass *pass;
	size_t number, of;
	struct findings findings;
	struct hosts hosts; /* a view */
	struct chain_scratch *scratch;
	struct window window;
	struct scan scan;
	uint64_t group;
	struct cursor rows; /* of a segment's index */
	uint64_t rows_left;
	char before_origin[ORIGIN_MAX + 1]; /* the batch record before: segments are sorted */
	uint64_t before_first;
	int result;
	pthread_t thread;
	bool started;
};

static void share_done(struct share *s)
{
	findings_done(&s->findings);
	chain_scratch_free(s->scratch);
	window_done(&s->window);
}

static int share_init(struct share *s, const struct pass *w, size_t number, size_t of)
{
	*s = (struct share){ .pass = w, .number = number, .of = of, .group = 1, .window = { .fd = -1 } };
	int r = window_again(&w->window, &s->window);
	if (r == 0)
		r = chain_scratch_new(&s->scratch);
	if (r < 0)
		return r;
	s->hosts = hosts_view(w->store->hosts, &s->findings, s->scratch);
	s->scan = w->scan;
	s->scan.window = &s->window;
	s->rows = w->rows;
	s->rows_left = w->rows_left;
	scan_rewind(&s->scan);
	return 0;
}

static void share_find(struct share *s, enum verdict v, uint64_t offset, const char *why)
{
	struct place at = pass_place(s->pass, offset);
	find(&s->findings, v, &at, "%s", why);
}

/* Of batches that nobody enrolled, and what is no batch at all, the first share takes care. */
static bool is_mine(const struct share *s, const struct batch *b)
{
	const struct log_host *host = b ? hosts_find(&s->hosts, b->origin.host) : NULL;
	return (host ? host->number % s->of : 0) == s->number;
}

static void check_sorted(struct share *s, const struct scan_record *record, const struct batch *b, bool mine)
{
	char origin[ORIGIN_MAX + 1];
	origin_format(&b->origin, origin);
	int order = strcmp(s->before_origin, origin);
	if (mine && (order > 0 || (order == 0 && s->before_first >= b->first)))
		share_find(s, VERDICT_ALTERED, record->offset, "the batches of the segment are not in order");
	memcpy(s->before_origin, origin, sizeof(origin));
	s->before_first = b->first;
}

static void check_row(struct share *s, const struct scan_record *record, const struct batch *b, bool mine)
{
	struct index_row row;
	if (!index_next(&s->rows, &row)) {
		if (mine)
			share_find(s, VERDICT_ALTERED, record->offset, "the index does not list the batch");
		return;
	}
	s->rows_left -= s->rows_left ? 1 : 0;
	if (mine && (!span_equal(row.origin, b->origin_text) || row.first != b->first ||
	             row.count != b->count || row.offset != record->offset || row.length != record->length))
		share_find(s, VERDICT_ALTERED, record->offset, "the index lists another batch here");
}

/* Broken check bytes are reported, and the payload is looked at all the same: what it holds says which host
 * it is about. */
static int check_batch(struct share *s, const struct scan_record *record)
{
	struct place at = pass_place(s->pass, record->offset);
	struct span payload;
	bool intact;
	int r = scan_payload(&s->scan, record, &payload, &intact);
	if (r == 0 && !intact)
		share_find(s, VERDICT_ALTERED, record->offset, RECORD_NOT_INTACT);
	return r < 0 ? r : hosts_batch(&s->hosts, &at, payload, s->scan.file.segment ? 0 : s->group);
}

static int take_batch(struct share *s, const struct scan_record *record)
{
	struct span payload;
	struct batch b;
	int r = scan_bytes(&s->scan, record, &payload);
	if (r < 0)
		return r;
	ssize_t n = batch_parse(payload, &b);
	bool whole = n >= 0 && (size_t)n == payload.len;
	bool mine = is_mine(s, whole ? &b : NULL);
	if (mine)
		r = check_batch(s, record);
	if (r == 0 && whole && s->scan.file.segment) {
		check_sorted(s, record, &b, mine);
		check_row(s, record, &b, mine);
	}
	return r;
}

/* The group of a batch is told by the checkpoints behind it. */
static int ends_group(const struct share *s, const struct scan_record *record, bool *ret)
{
	struct span payload;
	struct fleet_record f;
	int r = scan_bytes(&s->scan, record, &payload);
	*ret = r == 0 && fleet_record_parse(payload, &f) == 0 && f.note.data;
	return r;
}

static int take_record(struct share *s, const struct scan_record *record)
{
	bool ends = false;
	int r = 0;
	s->findings.order = record->offset;
	if (record->type == RECORD_BATCH)
		r = take_batch(s, record);
	else if (record->type == RECORD_FLEET && !s->scan.file.segment)
		r = ends_group(s, record, &ends);
	s->group += ends ? 1 : 0;
	return r;
}

static int go_through(struct share *s)
{
	struct store_check *store = s->pass->store;
	for (;;) {
		struct scan_record record;
		enum scan_state state;
		int r = scan_next(&s->scan, &record, &state);
		if (r == 0 && state == SCAN_RECORD)
			r = take_record(s, &record);
		if (r < 0 || state != SCAN_RECORD)
			return r;
		if (store->progress && s->number == 0)
			store->progress(store->progress_ctx, store->bytes + s->scan.at);
	}
}

static void run(struct share *s)
{
	s->result = go_through(s);
	if (s->result == 0)
		s->result = fleet_check_notes(s->pass->store->fleet, s->pass->path, s->number, s->of,
		                              &s->findings);
}

static void *run_thread(void *arg)
{
	run(arg);
	pack_end_thread();
	return NULL;
}

/* Where no thread can be had, this one does the work. */
static void run_all(struct share *share, size_t n)
{
	for (size_t i = 1; i < n; i++)
		share[i].started = pthread_create(&share[i].thread, NULL, run_thread, &share[i]) == 0;
	for (size_t i = 0; i < n; i++) {
		if (!share[i].started)
			run(&share[i]);
	}
	for (size_t i = 1; i < n; i++) {
		if (share[i].started)
			pthread_join(share[i].thread, NULL);
	}
}

static void finish(struct pass *w, struct share *share, size_t n)
{
	struct findings *found[FINDINGS_LISTS_MAX];
	for (size_t i = 0; i < n; i++)
		found[i] = &share[i].findings;
	findings_merge(w->store->findings, found, n);
	if (w->scan.file.segment && (share[0].rows_left || share[0].rows.err))
		pass_find(w, VERDICT_MISSING, w->scan.limit, "the index lists batches that are not there");
	coverage_end_file(w->store->hosts, w->path);
}

int pass_batches(struct pass *w)
{
	struct share share[FINDINGS_LISTS_MAX] = { 0 };
	size_t n = MIN(MAX(w->store->jobs, 1u), (unsigned)FINDINGS_LISTS_MAX), made = 0;
	int r = 0;
	while (r == 0 && made < n) {
		r = share_init(&share[made], w, made, n);
		made++;
	}
	if (r == 0)
		run_all(share, n);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = share[i].result;
	if (r == 0)
		finish(w, share, n);
	for (size_t i = 0; i < made; i++)
		share_done(&share[i]);
	return r;
}
