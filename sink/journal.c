#include "sink/journal.h"

#include <fcntl.h>
#include <stdio.h>

#include "lib/file.h"

#define READ_BYTES ((size_t)1 << 20)
#define FILE_MODE  0640

void journal_name(uint64_t number, char ret[JOURNAL_NAME_MAX])
{
	snprintf(ret, JOURNAL_NAME_MAX, "%020llu" JOURNAL_SUFFIX, (unsigned long long)number);
}

int journal_create(const struct env *env, int dirfd, uint64_t number, struct span snapshot)
{
	cleanup_buf struct buf b = { 0 };
	struct record_file file = { .number = number };
	char name[JOURNAL_NAME_MAX];
	journal_name(number, name);
	record_put_file_header(&b, &file);
	record_put(&b, &file, b.len, RECORD_SNAPSHOT, snapshot);
	if (buf_err(&b))
		return buf_err(&b);
	return file_replace(env, dirfd, name, (struct span){ b.data, b.len }, FILE_MODE);
}

/* A torn tail is cut before anything is appended, so that its bytes can't be taken for part of what follows.
 */
static int cut(struct journal *j)
{
	uint64_t size;
	int r = j->env->size(j->env, j->fd, &size);
	if (r < 0 || size == j->size)
		return r;
	if (size < j->size)
		return -EBADMSG;
	r = j->env->truncate(j->env, j->fd, j->size);
	return r == 0 ? j->env->datasync(j->env, j->fd) : r;
}

int journal_open(const struct env *env, int dirfd, uint64_t number, uint64_t base, uint64_t size,
                 struct journal *ret)
{
	char name[JOURNAL_NAME_MAX];
	journal_name(number, name);
	struct journal j = { .env = env, .file = { .number = number }, .size = size, .base = base };
	j.fd = env->open(env, dirfd, name, O_RDWR | O_NOFOLLOW, 0);
	if (j.fd < 0)
		return j.fd;
	int r = cut(&j);
	if (r < 0) {
		journal_done(&j);
		return r;
	}
	*ret = j;
	return 0;
}

void journal_done(struct journal *j)
{
	if (j->fd >= 0)
		j->env->close(j->env, j->fd);
	j->fd = -1;
}

/* What a failed write left is taken away again; if that fails too, nobody knows what the file holds. */
static int give_up_group(struct journal *j, int r)
{
	bool full = r == -ENOSPC || r == -EDQUOT;
	if (!full || j->env->truncate(j->env, j->fd, j->size) < 0)
		j->dead = true;
	return j->dead ? -EIO : r;
}

int journal_append(struct journal *j, struct span group)
{
	if (j->dead)
		return -EIO;
	int r = file_write_all(j->env, j->fd, group, j->size);
	if (r < 0)
		return give_up_group(j, r);
	r = j->env->datasync(j->env, j->fd);
	if (r < 0) {
		j->dead = true;
		return -EIO;
	}
	j->size += group.len;
	return 0;
}

static int reader_start(struct journal_reader *r, uint64_t number)
{
	uint8_t header[RECORD_FILE_HEADER];
	int e = r->env->size(r->env, r->fd, &r->size);
	if (e == 0 && r->size < sizeof(header))
		e = -EBADMSG;
	if (e == 0)
		e = file_read_exact(r->env, r->fd, header, sizeof(header), 0);
	if (e == 0)
		e = record_parse_file_header((struct span){ header, sizeof(header) }, &r->file);
	if (e == 0 && (r->file.segment || r->file.number != number))
		e = -EBADMSG;
	r->offset = sizeof(header);
	return e;
}

int journal_reader_open(const struct env *env, int dirfd, uint64_t number, struct journal_reader *ret)
{
	char name[JOURNAL_NAME_MAX];
	journal_name(number, name);
	struct journal_reader r = { .env = env };
	r.fd = env->open(env, dirfd, name, O_RDONLY | O_NOFOLLOW, 0);
	if (r.fd < 0)
		return r.fd;
	int e = reader_start(&r, number);
	if (e < 0) {
		journal_reader_done(&r);
		return e;
	}
	*ret = r;
	return 0;
}

void journal_reader_done(struct journal_reader *r)
{
	if (r->env && r->fd >= 0)
		r->env->close(r->env, r->fd);
	buf_done(&r->window);
	r->fd = -1;
}

/* Have at least n bytes from r->offset on in the window, or all that the file holds. */
static int fill(struct journal_reader *r, size_t n)
{
	size_t held = r->window.len - r->at;
	uint64_t left = r->size - r->offset;
	if (held >= n || held >= left)
		return 0;
	buf_consume(&r->window, r->at);
	r->at = 0;
	size_t more = (size_t)MIN(left, (uint64_t)MAX(n, READ_BYTES)) - held;
	uint8_t *into = buf_extend(&r->window, more);
	if (!into)
		return buf_err(&r->window);
	return file_read_exact(r->env, r->fd, into, more, r->offset + held);
}

static struct span held(const struct journal_reader *r)
{
	return (struct span){ r->window.data + r->at, r->window.len - r->at };
}

/* Whole length of the record at the head, by its header alone: 0 if the file ends before. */
static size_t promised(struct span in)
{
	struct cursor c;
	cursor_init(&c, in.data, in.len);
	cursor_u8(&c);
	size_t n = cursor_u32be(&c);
	return c.err || n > RECORD_MAX_PAYLOAD ? 0 : n + RECORD_OVERHEAD;
}

static ssize_t parse_here(struct journal_reader *r, enum record_type *ret_type, struct span *ret_payload)
{
	int e = fill(r, RECORD_HEAD_BYTES);
	if (e < 0)
		return e;
	size_t n = promised(held(r));
	if (n == 0 || n > r->size - r->offset)
		return -EBADMSG;
	e = fill(r, n);
	if (e < 0)
		return e;
	ssize_t got = record_parse(held(r), &r->file, r->offset, ret_type, ret_payload);
	return got == 0 ? -EBADMSG : got;
}

static void skip(struct journal_reader *r, size_t n)
{
	r->offset += n;
	r->at += n;
}

int journal_reader_next(struct journal_reader *r, enum record_type *ret_type, struct span *ret_payload)
{
	if (r->offset == r->size)
		return 0;
	ssize_t n = parse_here(r, ret_type, ret_payload);
	if (n < 0)
		return (int)n;
	skip(r, (size_t)n);
	return 1;
}

static void move_to(struct journal_reader *r, uint64_t offset)
{
	buf_reset(&r->window);
	r->at = 0;
	r->offset = offset;
}

/* Whether a record may stand here: cheap, and right but for one place in millions. */
static bool plausible(struct span in)
{
	static const uint8_t fleet[] = { 0x84 };
	static const uint8_t batch[] = "swlbatc1";
	if (in.len < RECORD_HEAD_BYTES + sizeof(batch) - 1)
		return false;
	const uint8_t *payload = in.data + RECORD_HEAD_BYTES;
	return (in.data[0] == RECORD_FLEET && memcmp(payload, fleet, sizeof(fleet)) == 0) ||
	       (in.data[0] == RECORD_BATCH && memcmp(payload, batch, sizeof(batch) - 1) == 0);
}

int journal_reader_find(struct journal_reader *r, enum record_type *ret_type, struct span *ret_payload,
                        uint64_t *ret_offset)
{
	while (r->offset < r->size) {
		int e = fill(r, RECORD_HEAD_BYTES + 8);
		if (e < 0)
			return e;
		ssize_t n = plausible(held(r)) ? parse_here(r, ret_type, ret_payload) : -EBADMSG;
		if (n < 0 && n != -EBADMSG)
			return (int)n;
		*ret_offset = r->offset;
		skip(r, n > 0 ? (size_t)n : 1);
		if (n > 0)
			return 1;
	}
	return 0;
}

int journal_reader_peek(struct journal_reader *r, uint64_t offset, struct span *ret_payload)
{
	move_to(r, offset);
	int e = fill(r, RECORD_HEAD_BYTES);
	if (e < 0)
		return e;
	size_t n = promised(held(r));
	if (n == 0 || n > r->size - r->offset)
		return 0;
	e = fill(r, n);
	if (e < 0)
		return e;
	*ret_payload = (struct span){ held(r).data + RECORD_HEAD_BYTES, n - RECORD_OVERHEAD };
	return 1;
}
