#include "drill/records.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/env.h"
#include "lib/file.h"

void records_done(struct records *r)
{
	for (size_t i = 0; i < r->count; i++)
		free(r->list[i].own);
	free(r->list);
	if (r->map)
		munmap(r->map, r->map_len);
	*r = (struct records){ 0 };
}

static int map_file(const struct workspace *w, struct records *r)
{
	struct stat st;
	cleanup_close int fd = openat(w->dirfd, r->path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (st.st_size < RECORD_FILE_HEADER)
		return -EBADMSG;
	void *at = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (at == MAP_FAILED)
		return -errno;
	r->map = at;
	r->map_len = (size_t)st.st_size;
	return 0;
}

/* Go through the records, and keep them if there is room for them. */
static int parse_all(struct records *r)
{
	size_t end = r->map_len - (r->file.segment ? SEGMENT_FOOTER_BYTES : 0), at = RECORD_FILE_HEADER;
	r->count = 0;
	while (at < end) {
		enum record_type type;
		struct span payload;
		ssize_t n =
		        record_parse((struct span){ r->map + at, end - at }, &r->file, at, &type, &payload);
		if (n <= 0)
			return -EBADMSG;
		at += (size_t)n;
		if (type == RECORD_INDEX)
			continue;
		if (r->list)
			r->list[r->count] = (struct record){ .type = type, .payload = payload };
		r->count++;
	}
	return 0;
}

static int list_all(struct records *r)
{
	int e = parse_all(r);
	size_t n = r->count;
	r->count = 0;
	if (e < 0)
		return e;
	r->list = calloc(n + 1, sizeof(*r->list));
	return r->list ? parse_all(r) : -ENOMEM;
}

static int read_file(const struct workspace *w, bool segment, uint64_t number, struct records *r)
{
	store_path(segment, number, r->path);
	int e = map_file(w, r);
	if (e == 0)
		e = record_parse_file_header((struct span){ r->map, RECORD_FILE_HEADER }, &r->file);
	if (e == 0 && (r->file.segment != segment || r->file.number != number ||
	               (segment && r->map_len < RECORD_FILE_HEADER + SEGMENT_FOOTER_BYTES)))
		e = -EBADMSG;
	return e < 0 ? e : list_all(r);
}

int records_read(const struct workspace *w, bool segment, uint64_t number, struct records *ret)
{
	*ret = (struct records){ 0 };
	int e = read_file(w, segment, number, ret);
	if (e < 0)
		records_done(ret);
	return e;
}

bool records_batch(const struct records *r, size_t at, struct batch *ret)
{
	const struct record *one = &r->list[at];
	return one->type == RECORD_BATCH && batch_parse(one->payload, ret) == (ssize_t)one->payload.len;
}

bool records_fleet(const struct records *r, size_t at, struct fleet_record *ret)
{
	return r->list[at].type == RECORD_FLEET && fleet_record_parse(r->list[at].payload, ret) == 0;
}

void records_remove(struct records *r, size_t at)
{
	free(r->list[at].own);
	memmove(&r->list[at], &r->list[at + 1], (r->count - at - 1) * sizeof(*r->list));
	r->count--;
}

int records_replace(struct records *r, size_t at, struct buf *payload)
{
	int e = buf_err(payload);
	if (e < 0) {
		buf_done(payload);
		return e;
	}
	free(r->list[at].own);
	r->list[at].own = payload->data;
	r->list[at].payload = (struct span){ payload->data, payload->len };
	*payload = (struct buf){ 0 };
	return 0;
}

void records_swap(struct records *r, size_t one, size_t two)
{
	struct record kept = r->list[one];
	r->list[one] = r->list[two];
	r->list[two] = kept;
}

struct writing {
	int fd;
	uint64_t at;
	struct buf chunk;
};

static void writing_done(struct writing *w)
{
	close_fd(&w->fd);
	buf_done(&w->chunk);
}

static int flush_chunk(struct writing *w)
{
	int e = buf_err(&w->chunk);
	if (e == 0)
		e = file_write_all(env_system(), w->fd, (struct span){ w->chunk.data, w->chunk.len }, w->at);
	w->at += w->chunk.len;
	buf_reset(&w->chunk);
	return e;
}

static int write_record(struct writing *w, const struct record_file *f, enum record_type type,
                        struct span payload)
{
	record_put(&w->chunk, f, w->at, type, payload);
	return flush_chunk(w);
}

static int write_index(const struct records *r, const struct index_row *rows, size_t n, struct writing *w)
{
	cleanup_buf struct buf index = { 0 };
	uint64_t at = w->at;
	index_put(&index, rows, n);
	int e = buf_err(&index);
	if (e == 0)
		e = write_record(w, &r->file, RECORD_INDEX, (struct span){ index.data, index.len });
	if (e < 0)
		return e;
	buf_put_u64be(&w->chunk, at);
	buf_put_str(&w->chunk, "swlsegm1");
	return flush_chunk(w);
}

int records_write(const struct records *r, struct workspace *w)
{
	cleanup(writing_done) struct writing out = { .fd = -1 };
	cleanup_free struct index_row *rows = calloc(r->count + 1, sizeof(*rows));
	size_t n = 0;
	int e = rows ? workspace_create(w, r->path, &out.fd) : -ENOMEM;
	if (e < 0)
		return e;
	record_put_file_header(&out.chunk, &r->file);
	e = flush_chunk(&out);
	for (size_t i = 0; e == 0 && i < r->count; i++) {
		struct batch b;
		if (records_batch(r, i, &b))
			rows[n++] = (struct index_row){ .origin = b.origin_text,
				                        .first = b.first,
				                        .count = b.count,
				                        .offset = out.at,
				                        .length = b.bytes.len + RECORD_OVERHEAD };
		e = write_record(&out, &r->file, r->list[i].type, r->list[i].payload);
	}
	return e == 0 && r->file.segment ? write_index(r, rows, n, &out) : e;
}
