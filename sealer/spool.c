#include "sealer/spool.h"

#include <fcntl.h>
#include <stdio.h>

#include "lib/file.h"
#include "lib/text.h"

#define BASE_FIRST_LINE "swornlog-base/v1"
#define BASE_MAX_BYTES  8192

void spool_batch_name(uint32_t epoch, uint64_t first, const char *suffix, char ret[SPOOL_NAME_MAX])
{
	snprintf(ret, SPOOL_NAME_MAX, "%010u-%020llu.%s", epoch, (unsigned long long)first, suffix);
}

void spool_close(struct spool *s)
{
	if (s->fd >= 0)
		s->env->close(s->env, s->fd);
	s->fd = -1;
	free(s->batch);
	s->batch = NULL;
	s->count = s->capacity = 0;
}

static int add(struct spool *s, const struct spool_batch *b)
{
	if (s->count == s->capacity) {
		size_t capacity = MAX(2 * s->capacity, (size_t)64);
		struct spool_batch *grown = reallocarray(s->batch, capacity, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		s->batch = grown;
		s->capacity = capacity;
	}
	s->batch[s->count++] = *b;
	s->bytes += b->bytes;
	return 0;
}

static int put_base(struct buf *b, const struct spool *s)
{
	buf_printf(b, BASE_FIRST_LINE "\norigin %s/host/%s/%u\nsize %llu\n", s->fleet, s->host, s->base_epoch,
	           (unsigned long long)s->base.size);
	for (unsigned i = 0; i < frontier_count(&s->base); i++) {
		text_put_base64(b, s->base.node[i].b, 32);
		buf_put_u8(b, '\n');
	}
	return buf_err(b);
}

int spool_set_base(struct spool *s, uint32_t epoch, const struct frontier *tree)
{
	struct spool next = *s;
	next.base_epoch = epoch;
	next.base = *tree;
	cleanup_buf struct buf b = { 0 };
	int r = put_base(&b, &next);
	if (r == 0)
		r = file_replace(s->env, s->fd, "base", (struct span){ b.data, b.len }, 0640);
	if (r < 0)
		return r;
	s->base_epoch = epoch;
	s->base = *tree;
	return 0;
}

static int parse_base(struct span bytes, struct spool *s)
{
	struct cursor c;
	struct origin o;
	struct span rest;
	cursor_init(&c, bytes.data, bytes.len);
	bool ok = span_is(cursor_line(&c), BASE_FIRST_LINE);
	ok = ok && span_is(text_split(cursor_line(&c), ' ', &rest), "origin") && origin_parse(rest, &o) == 0;
	ok = ok && strcmp(o.fleet, s->fleet) == 0 && strcmp(o.host, s->host) == 0;
	ok = ok && span_is(text_split(cursor_line(&c), ' ', &rest), "size") &&
	     text_decimal(rest, &s->base.size) == 0;
	for (unsigned i = 0; ok && i < frontier_count(&s->base); i++)
		ok = text_base64_exact(cursor_line(&c), s->base.node[i].b, 32) == 0;
	if (!ok || cursor_finish(&c) < 0)
		return -EBADMSG;
	s->base_epoch = o.epoch;
	return 0;
}

static int read_base(struct spool *s)
{
	cleanup_buf struct buf b = { 0 };
	int r = file_read(s->env, s->fd, "base", BASE_MAX_BYTES, &b);
	return r < 0 ? r : parse_base((struct span){ b.data, b.len }, s);
}

static bool parse_name(const char *name, uint32_t *ret_epoch, uint64_t *ret_first)
{
	unsigned epoch;
	unsigned long long first;
	char again[SPOOL_NAME_MAX];
	if (strlen(name) >= SPOOL_NAME_MAX || sscanf(name, "%10u-%20llu.batch", &epoch, &first) != 2)
		return false;
	spool_batch_name(epoch, first, "batch", again);
	*ret_epoch = epoch;
	*ret_first = first;
	return strcmp(name, again) == 0;
}

static int describe(const struct spool *s, const struct batch *b, uint32_t epoch, uint64_t first,
                    struct spool_batch *ret)
{
	if (b->origin.epoch != epoch || b->first != first || strcmp(b->origin.fleet, s->fleet) != 0 ||
	    strcmp(b->origin.host, s->host) != 0)
		return -EBADMSG;
	*ret = (struct spool_batch){
		.epoch = epoch,
		.first = first,
		.count = b->count,
		.bytes = b->bytes.len,
		.root = b->head.root,
	};
	return 0;
}

/* Kept for people to look at; the log goes on without it, and says so. */
static int set_aside(struct spool *s, const char *name)
{
	char aside[SPOOL_NAME_MAX + 16];
	snprintf(aside, sizeof(aside), "%s.damaged", name);
	s->damaged++;
	return s->env->rename(s->env, s->fd, name, aside);
}

static int scan_file(struct spool *s, const char *name)
{
	uint32_t epoch;
	uint64_t first;
	struct batch b;
	struct spool_batch row;
	cleanup_buf struct buf bytes = { 0 };
	if (!parse_name(name, &epoch, &first))
		return 0;
	if (epoch < s->base_epoch || (epoch == s->base_epoch && first < s->base.size))
		return s->env->unlink(s->env, s->fd, name);
	int r = file_read(s->env, s->fd, name, BATCH_MAX_BYTES, &bytes);
	if (r < 0 && r != -EFBIG)
		return r;
	struct span in = { bytes.data, bytes.len };
	if (r < 0 || batch_parse(in, &b) != (ssize_t)bytes.len || describe(s, &b, epoch, first, &row) < 0)
		return set_aside(s, name);
	return add(s, &row);
}

static int compare(const void *a, const void *b)
{
	const struct spool_batch *x = a, *y = b;
	if (x->epoch != y->epoch)
		return x->epoch < y->epoch ? -1 : 1;
	return x->first == y->first ? 0 : x->first < y->first ? -1 : 1;
}

static int scan(struct spool *s, char *error, size_t error_size)
{
	cleanup_free char *names = NULL;
	size_t len;
	int r = s->env->list(s->env, s->fd, &names, &len);
	if (r < 0)
		return r;
	for (size_t at = 0; at < len; at += strlen(names + at) + 1) {
		r = scan_file(s, names + at);
		if (r < 0) {
			snprintf(error, error_size, "spool file %s can't be used: %s", names + at,
			         strerror(-r));
			return r;
		}
	}
	if (s->count)
		qsort(s->batch, s->count, sizeof(*s->batch), compare);
	return 0;
}

int spool_open(const struct env *env, int fd, const char *fleet, const char *host, struct spool *ret,
               char *error, size_t error_size)
{
	struct spool s = { .env = env, .fd = fd };
	snprintf(s.fleet, sizeof(s.fleet), "%s", fleet);
	snprintf(s.host, sizeof(s.host), "%s", host);
	int r = read_base(&s);
	if (r < 0 && r != -ENOENT) {
		snprintf(error, error_size, "spool file base can't be used: %s", strerror(-r));
		return r;
	}
	r = scan(&s, error, error_size);
	if (r < 0) {
		s.fd = -1;
		spool_close(&s);
		return r;
	}
	*ret = s;
	return 0;
}

int spool_write_unsigned(struct spool *s, uint32_t epoch, uint64_t first, struct span bytes, size_t total)
{
	static const uint8_t zeros[BATCH_MAX_NOTE];
	char name[SPOOL_NAME_MAX];
	assert(total >= bytes.len && total - bytes.len <= sizeof(zeros));
	spool_batch_name(epoch, first, "tmp", name);
	int r = s->env->unlink(s->env, s->fd, name);
	if (r < 0 && r != -ENOENT)
		return r;
	int fd = s->env->open(s->env, s->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0640);
	if (fd < 0)
		return fd;
	r = file_write_all(s->env, fd, bytes, 0);
	if (r == 0)
		r = file_write_all(s->env, fd, (struct span){ zeros, total - bytes.len }, bytes.len);
	if (r == 0)
		r = s->env->datasync(s->env, fd);
	int closed = s->env->close(s->env, fd);
	if (r == 0)
		r = closed;
	if (r == 0)
		r = s->env->dirsync(s->env, s->fd);
	if (r < 0)
		s->env->unlink(s->env, s->fd, name);
	return r;
}

int spool_write_signatures(struct spool *s, uint32_t epoch, uint64_t first, struct span lines, size_t offset)
{
	char name[SPOOL_NAME_MAX];
	spool_batch_name(epoch, first, "tmp", name);
	int fd = s->env->open(s->env, s->fd, name, O_WRONLY | O_NOFOLLOW, 0);
	if (fd < 0)
		return fd;
	int r = file_write_all(s->env, fd, lines, offset);
	if (r == 0)
		r = s->env->datasync(s->env, fd);
	int closed = s->env->close(s->env, fd);
	return r < 0 ? r : closed;
}

int spool_publish(struct spool *s, const struct spool_batch *b)
{
	char from[SPOOL_NAME_MAX], to[SPOOL_NAME_MAX];
	spool_batch_name(b->epoch, b->first, "tmp", from);
	spool_batch_name(b->epoch, b->first, "batch", to);
	int r = s->env->rename(s->env, s->fd, from, to);
	if (r == 0)
		r = s->env->dirsync(s->env, s->fd);
	return r < 0 ? r : add(s, b);
}

int spool_read_unfinished(struct spool *s, uint32_t epoch, uint64_t first, struct buf *ret)
{
	char name[SPOOL_NAME_MAX];
	spool_batch_name(epoch, first, "tmp", name);
	return file_read(s->env, s->fd, name, BATCH_MAX_BYTES, ret);
}

int spool_read_batch(struct spool *s, const struct spool_batch *b, struct buf *ret)
{
	char name[SPOOL_NAME_MAX];
	spool_batch_name(b->epoch, b->first, "batch", name);
	return file_read(s->env, s->fd, name, BATCH_MAX_BYTES, ret);
}

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), k = strlen(end);
	return n >= k && strcmp(s + n - k, end) == 0;
}

int spool_remove_unfinished(struct spool *s)
{
	cleanup_free char *names = NULL;
	size_t len;
	int r = s->env->list(s->env, s->fd, &names, &len);
	for (size_t at = 0; r == 0 && at < len; at += strlen(names + at) + 1) {
		if (ends_with(names + at, ".tmp"))
			r = s->env->unlink(s->env, s->fd, names + at);
	}
	return r;
}

const struct spool_batch *spool_find_end(const struct spool *s, uint32_t epoch, uint64_t size)
{
	for (size_t i = s->count; i > 0; i--) {
		const struct spool_batch *b = &s->batch[i - 1];
		if (b->epoch == epoch && b->first + b->count == size)
			return b;
	}
	return NULL;
}

const struct spool_batch *spool_find_first(const struct spool *s, uint32_t epoch, uint64_t first)
{
	for (size_t i = s->count; i > 0; i--) {
		const struct spool_batch *b = &s->batch[i - 1];
		if (b->epoch == epoch && b->first == first)
			return b;
	}
	return NULL;
}

const struct spool_batch *spool_newest(const struct spool *s)
{
	return s->count ? &s->batch[s->count - 1] : NULL;
}
