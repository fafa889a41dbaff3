#include "shipper/gather.h"

#include <stdio.h>

#include "evidence/batch.h"
#include "lib/file.h"

#define EPOCH_DIGITS 10
#define FIRST_DIGITS 20
#define NAME_BYTES   (EPOCH_DIGITS + 1 + FIRST_DIGITS + sizeof(".batch"))

void gather_init(struct gather *g, const struct env *env, int spool_fd)
{
	*g = (struct gather){ .env = env, .spool_fd = spool_fd };
}

void gather_done(struct gather *g)
{
	free(g->rows);
	*g = (struct gather){ .spool_fd = -1 };
}

static void put_name(const struct gather_row *row, char ret[NAME_BYTES])
{
	snprintf(ret, NAME_BYTES, "%0*u-%0*llu.batch", EPOCH_DIGITS, row->epoch, FIRST_DIGITS,
	         (unsigned long long)row->first);
}

static bool digits(const char *s, size_t n, uint64_t *ret)
{
	uint64_t v = 0;
	for (size_t i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9' || __builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(s[i] - '0'), &v))
			return false;
	}
	*ret = v;
	return true;
}

static bool parse_name(const char *name, struct gather_row *ret)
{
	uint64_t epoch, first;
	if (strlen(name) != NAME_BYTES - 1 || name[EPOCH_DIGITS] != '-' ||
	    strcmp(name + EPOCH_DIGITS + 1 + FIRST_DIGITS, ".batch") != 0 ||
	    !digits(name, EPOCH_DIGITS, &epoch) || !digits(name + EPOCH_DIGITS + 1, FIRST_DIGITS, &first) ||
	    epoch > UINT32_MAX)
		return false;
	*ret = (struct gather_row){ .first = first, .epoch = (uint32_t)epoch };
	return true;
}

static int compare(const void *a, const void *b)
{
	const struct gather_row *x = a, *y = b;
	if (x->epoch != y->epoch)
		return x->epoch < y->epoch ? -1 : 1;
	return x->first < y->first ? -1 : x->first > y->first;
}

static int list(struct gather *g)
{
	cleanup_free char *names = NULL;
	size_t len = 0, count = 0, room = 0;
	int r = g->env->list(g->env, g->spool_fd, &names, &len);
	if (r < 0)
		return r;
	for (size_t at = 0; at < len; at += strlen(names + at) + 1)
		room++;
	if (room > GATHER_MAX_NAMES)
		return -EFBIG;
	struct gather_row *rows = calloc(room + 1, sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	for (size_t at = 0; at < len; at += strlen(names + at) + 1) {
		if (parse_name(names + at, &rows[count]))
			count++;
	}
	qsort(rows, count, sizeof(*rows), compare);
	free(g->rows);
	g->rows = rows;
	g->count = count;
	return 0;
}

/* The first row at or behind the place. */
static size_t find(const struct gather *g, const struct gather_row *place)
{
	size_t low = 0, high = g->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (compare(&g->rows[middle], place) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Append one file, if it is the batch that its name says. *ret_end: behind its last entry. */
static int read_batch(const struct gather *g, const struct gather_row *row, struct buf *out,
                      uint64_t *ret_end)
{
	char name[NAME_BYTES];
	struct batch b;
	size_t before = out->len;
	put_name(row, name);
	int r = file_read(g->env, g->spool_fd, name, BATCH_MAX_BYTES, out);
	if (r < 0)
		return r == -EFBIG ? -EBADMSG : r;
	struct span bytes = { out->data + before, out->len - before };
	if (batch_parse(bytes, &b) != (ssize_t)bytes.len || b.origin.epoch != row->epoch ||
	    b.first != row->first) {
		out->len = before;
		return -EBADMSG;
	}
	*ret_end = b.first + b.count;
	return 0;
}

/* Batches follow each other by their names: no listing is needed, however many files there are. */
static int take_run(const struct gather *g, struct gather_row row, size_t max_batches, struct buf *out,
                    struct gathered *ret)
{
	struct gathered got = { .epoch = row.epoch, .first = row.first, .end = row.first };
	size_t start = out->len;
	for (; got.count < max_batches; got.count++) {
		size_t before = out->len;
		uint64_t end;
		int r = read_batch(g, &row, out, &end);
		if (r < 0 && got.count == 0)
			return r;
		/* What follows a good run will be met at its head, and told of then. */
		if (r < 0)
			break;
		if (out->len - start > GATHER_MAX_BYTES && got.count > 0) {
			out->len = before;
			break;
		}
		got.end = row.first = end;
	}
	*ret = got;
	return 0;
}

int gather_take(struct gather *g, uint32_t epoch, uint64_t first, size_t max_batches, struct buf *out,
                struct gathered *ret)
{
	const struct gather_row place = { .first = first, .epoch = epoch };
	max_batches = MIN(max_batches, (size_t)GATHER_MAX_BATCHES);
	int r = take_run(g, place, max_batches, out, ret);
	if (r != -ENOENT)
		return r;
	/* There is none of that name: the epoch is at its end, or something is missing. */
	r = list(g);
	if (r < 0)
		return r;
	size_t at = find(g, &place);
	if (at < g->count)
		return take_run(g, g->rows[at], max_batches, out, ret);
	*ret = (struct gathered){ .epoch = epoch, .first = first, .end = first };
	return 0;
}

/* 1 if the batch carries the identity key's line behind the seal key's. */
static int take_signed(const struct gather *g, const struct gather_row *row, struct buf *out,
                       uint64_t *ret_end)
{
	cleanup_buf struct buf bytes = { 0 };
	struct batch b;
	int r = read_batch(g, row, &bytes, ret_end);
	if (r < 0)
		return r;
	if (batch_parse((struct span){ bytes.data, bytes.len }, &b) < 0 || note_signature_count(&b.note) < 2)
		return 0;
	buf_put(out, b.note_bytes.data, b.note_bytes.len);
	return buf_err(out) ? buf_err(out) : 1;
}

int gather_newest_signed(struct gather *g, uint32_t epoch, uint64_t first, struct buf *out,
                         uint32_t *ret_epoch, uint64_t *ret_end)
{
	const struct gather_row place = { .first = first, .epoch = epoch };
	int r = list(g);
	for (size_t i = g->count, looks = 0; r == 0 && i > 0 && looks < GATHER_MAX_LOOKS; i--, looks++) {
		const struct gather_row *row = &g->rows[i - 1];
		uint64_t end;
		if (compare(row, &place) < 0)
			break;
		r = take_signed(g, row, out, &end);
		if (r > 0) {
			*ret_epoch = row->epoch;
			*ret_end = end;
		}
		/* What can't be read is met when it is to be sent. */
		r = r == -EBADMSG || r == -ENOENT ? 0 : r;
	}
	return r;
}
