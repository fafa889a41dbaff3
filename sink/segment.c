#include "sink/segment.h"

#include <fcntl.h>
#include <stdio.h>

#include "evidence/batch.h"
#include "lib/file.h"
#include "sink/journal.h"

#define FLUSH_BYTES ((size_t)1 << 20)
#define FILE_MODE   0640

/* A record of the journal, to be copied. */
struct row {
	char origin[ORIGIN_MAX + 1]; /* batches only */
	uint64_t first, count;
	uint64_t offset, length; /* in the journal */
};

struct rows {
	struct row *row;
	size_t count, cap;
};

struct rewrite {
	const struct env *env;
	struct journal_reader reader;
	struct rows batches, fleet;
	int fd;
	struct record_file file;
	uint64_t written; /* bytes that have left `out` */
	struct buf out;
	struct buf record; /* one record of the journal */
};

static void rewrite_done(struct rewrite *w)
{
	journal_reader_done(&w->reader);
	free(w->batches.row);
	free(w->fleet.row);
	if (w->fd >= 0)
		w->env->close(w->env, w->fd);
	buf_done(&w->out);
	buf_done(&w->record);
}

static int add_row(struct rows *rows, const struct row *row)
{
	if (rows->count == rows->cap) {
		size_t cap = MAX(rows->cap * 2, (size_t)256);
		struct row *grown = realloc(rows->row, cap * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		rows->row = grown;
		rows->cap = cap;
	}
	rows->row[rows->count++] = *row;
	return 0;
}

static int add_batch(struct rewrite *w, struct row *row, struct span payload)
{
	struct batch b;
	if (batch_parse(payload, &b) != (ssize_t)payload.len)
		return -EBADMSG;
	memcpy(row->origin, b.origin_text.data, b.origin_text.len);
	row->first = b.first;
	row->count = b.count;
	return add_row(&w->batches, row);
}

static int add_record(struct rewrite *w, enum record_type type, struct span payload, uint64_t offset)
{
	struct row row = { .offset = offset, .length = payload.len + RECORD_OVERHEAD };
	switch (type) {
	case RECORD_BATCH:
		return add_batch(w, &row, payload);
	case RECORD_FLEET:
		return add_row(&w->fleet, &row);
	case RECORD_SNAPSHOT:
		return offset == RECORD_FILE_HEADER ? 0 : -EBADMSG;
	case RECORD_INDEX:
		break;
	}
	return -EBADMSG;
}

static int read_journal(struct rewrite *w)
{
	for (;;) {
		enum record_type type;
		struct span payload;
		uint64_t offset = w->reader.offset;
		int r = journal_reader_next(&w->reader, &type, &payload);
		if (r <= 0)
			return r;
		r = add_record(w, type, payload, offset);
		if (r < 0)
			return r;
	}
}

static int by_origin_and_first(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	int c = strcmp(x->origin, y->origin);
	return c ? c : (x->first > y->first) - (x->first < y->first);
}

static int flush(struct rewrite *w)
{
	int r = buf_err(&w->out);
	if (r == 0)
		r = file_write_all(w->env, w->fd, (struct span){ w->out.data, w->out.len }, w->written);
	w->written += w->out.len;
	buf_reset(&w->out);
	return r;
}

static int put_record(struct rewrite *w, enum record_type type, struct span payload)
{
	record_put(&w->out, &w->file, w->written + w->out.len, type, payload);
	return w->out.len >= FLUSH_BYTES || buf_err(&w->out) ? flush(w) : 0;
}

/* Copy one record; the row then says where it stands in the segment. */
static int copy(struct rewrite *w, struct row *row)
{
	enum record_type type;
	struct span payload;
	buf_reset(&w->record);
	uint8_t *into = buf_extend(&w->record, (size_t)row->length);
	if (!into)
		return buf_err(&w->record);
	int r = file_read_exact(w->env, w->reader.fd, into, (size_t)row->length, row->offset);
	if (r < 0)
		return r;
	if (record_parse((struct span){ into, w->record.len }, &w->reader.file, row->offset, &type,
	                 &payload) != (ssize_t)row->length)
		return -EBADMSG;
	row->offset = w->written + w->out.len;
	return put_record(w, type, payload);
}

static int copy_all(struct rewrite *w, struct rows *rows)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < rows->count; i++)
		r = copy(w, &rows->row[i]);
	return r;
}

static int put_index(struct rewrite *w)
{
	cleanup_buf struct buf payload = { 0 };
	cleanup_free struct index_row *rows = calloc(w->batches.count + 1, sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	for (size_t i = 0; i < w->batches.count; i++) {
		const struct row *row = &w->batches.row[i];
		rows[i] = (struct index_row){ .origin = { (const uint8_t *)row->origin, strlen(row->origin) },
			                      .first = row->first,
			                      .count = row->count,
			                      .offset = row->offset,
			                      .length = row->length };
	}
	index_put(&payload, rows, w->batches.count);
	if (buf_err(&payload))
		return buf_err(&payload);
	uint64_t offset = w->written + w->out.len;
	int r = put_record(w, RECORD_INDEX, (struct span){ payload.data, payload.len });
	buf_put_u64be(&w->out, offset);
	buf_put_str(&w->out, "swlsegm1");
	return r;
}

static int write_all(struct rewrite *w)
{
	qsort(w->batches.row, w->batches.count, sizeof(struct row), by_origin_and_first);
	record_put_file_header(&w->out, &w->file);
	int r = copy_all(w, &w->batches);
	if (r == 0)
		r = copy_all(w, &w->fleet);
	if (r == 0)
		r = put_index(w);
	if (r == 0)
		r = flush(w);
	return r < 0 ? r : w->env->datasync(w->env, w->fd);
}

static int rewrite_to(struct rewrite *w, int segment_dir, const char *name)
{
	/* A name of its own: a helper whose sink has just died must not finish what the next one has begun.
	 */
	uint32_t own;
	char unfinished[SEGMENT_NAME_MAX + 16];
	int r = w->env->random(w->env, &own, sizeof(own));
	if (r < 0)
		return r;
	snprintf(unfinished, sizeof(unfinished), "%s.%08x.tmp", name, own);
	w->fd = w->env->open(w->env, segment_dir, unfinished, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW,
	                     FILE_MODE);
	if (w->fd < 0)
		return w->fd;
	r = write_all(w);
	if (r == 0)
		r = w->env->rename(w->env, segment_dir, unfinished, name);
	if (r == 0)
		return w->env->dirsync(w->env, segment_dir);
	w->env->unlink(w->env, segment_dir, unfinished);
	return r;
}

void segment_name(uint64_t number, char ret[SEGMENT_NAME_MAX])
{
	snprintf(ret, SEGMENT_NAME_MAX, "%020llu" SEGMENT_SUFFIX, (unsigned long long)number);
}

int segment_make(const struct env *env, int journal_dir, int segment_dir, uint64_t number)
{
	cleanup(rewrite_done) struct rewrite w = {
		.env = env,
		.reader.fd = -1,
		.fd = -1,
		.file = { .segment = true, .number = number },
	};
	char name[SEGMENT_NAME_MAX];
	segment_name(number, name);
	int r = journal_reader_open(env, journal_dir, number, &w.reader);
	if (r == 0)
		r = read_journal(&w);
	return r < 0 ? r : rewrite_to(&w, segment_dir, name);
}
