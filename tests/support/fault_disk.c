#include "tests/support/fault_disk.h"

#define SECTOR      512
#define MAX_OPS     4096
#define MAX_ENTRIES 8192

void *must(void *p)
{
	if (!p)
		abort();
	return p;
}

uint64_t disk_random(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15u);
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

struct name *disk_find(const struct names *names, const char *text)
{
	for (size_t i = 0; i < names->count; i++) {
		if (strcmp(names->row[i].text, text) == 0)
			return &names->row[i];
	}
	return NULL;
}

static void names_take(struct names *names, const char *text)
{
	struct name *n = disk_find(names, text);
	if (n)
		*n = names->row[--names->count];
}

static void names_put(struct names *names, const struct name *put)
{
	names_take(names, put->text);
	if (names->count == MAX_ENTRIES)
		abort();
	names->row = must(realloc(names->row, (names->count + 1) * sizeof(*names->row)));
	names->row[names->count++] = *put;
}

static void names_copy(struct names *to, const struct names *from)
{
	to->row = must(realloc(to->row, (from->count + 1) * sizeof(*to->row)));
	to->count = from->count;
	if (from->count)
		memcpy(to->row, from->row, from->count * sizeof(*to->row));
}

static void apply_op(struct names *names, const struct name_op *op)
{
	if (op->take[0])
		names_take(names, op->take);
	if (op->put.node)
		names_put(names, &op->put);
}

void disk_folder_do(struct node *folder, const char *take, const char *put, struct node *node)
{
	struct name_op op = { 0 };
	if (take)
		strcpy(op.take, take);
	if (put) {
		strcpy(op.put.text, put);
		op.put.node = node;
	}
	if (folder->op_count == MAX_OPS)
		abort();
	folder->ops = must(realloc(folder->ops, (folder->op_count + 1) * sizeof(op)));
	folder->ops[folder->op_count++] = op;
	apply_op(&folder->names_now, &op);
}

static void content_resize(struct buf *b, size_t size)
{
	if (size > b->len)
		memset(must(buf_extend(b, size - b->len)), 0, size - b->len);
	b->len = size;
}

static void content_write(struct buf *b, const void *p, size_t n, uint64_t offset)
{
	if (offset + n > b->len)
		content_resize(b, (size_t)(offset + n));
	if (n)
		memcpy(b->data + offset, p, n);
}

static void content_copy(struct buf *to, const struct buf *from)
{
	buf_reset(to);
	buf_put(to, from->data, from->len);
}

static void content_apply(struct buf *b, const struct unsynced *u, size_t n)
{
	if (u->truncate)
		content_resize(b, (size_t)u->offset);
	else
		content_write(b, u->data, n, u->offset);
}

void disk_write(struct node *n, bool truncated, const void *p, size_t len, uint64_t offset)
{
	struct unsynced *u = must(malloc(sizeof(*u) + len));
	*u = (struct unsynced){ .truncate = truncated, .offset = offset, .len = len };
	if (len)
		memcpy(u->data, p, len);
	*n->last = u;
	n->last = &u->next;
	content_apply(&n->now, u, len);
}

void disk_drop(struct node *n)
{
	while (n->first) {
		struct unsynced *u = n->first;
		n->first = u->next;
		free(u);
	}
	n->last = &n->first;
}

void disk_sync(struct node *n)
{
	for (const struct unsynced *u = n->first; u; u = u->next)
		content_apply(&n->durable, u, u->len);
	disk_drop(n);
}

static void cut_sectors(struct node *n, const struct unsynced *u, uint64_t *random)
{
	for (uint64_t at = u->offset; at < u->offset + u->len;) {
		uint64_t end = MIN((at / SECTOR + 1) * SECTOR, u->offset + u->len);
		if (disk_random(random) & 1)
			content_write(&n->durable, u->data + (at - u->offset), (size_t)(end - at), at);
		at = end;
	}
}

static void cut_prefix(struct node *n, uint64_t *random)
{
	size_t count = 0;
	for (const struct unsynced *u = n->first; u; u = u->next)
		count++;
	size_t keep = (size_t)(disk_random(random) % (count + 1));
	for (const struct unsynced *u = n->first; u; u = u->next) {
		if (keep-- > 0) {
			content_apply(&n->durable, u, u->len);
			continue;
		}
		if (!u->truncate && u->len)
			content_apply(&n->durable, u, (disk_random(random) % u->len) / SECTOR * SECTOR);
		return;
	}
}

static void cut_content(struct node *n, enum fault_cut how, uint64_t *random)
{
	switch (how) {
	case FAULT_CUT_KEEP:
		/* Writes that a failed datasync dropped from the log of writes are still in the cache. */
		content_copy(&n->durable, &n->now);
		break;
	case FAULT_CUT_DROP:
		break;
	case FAULT_CUT_PREFIX:
		cut_prefix(n, random);
		break;
	case FAULT_CUT_RANDOM:
		for (const struct unsynced *u = n->first; u; u = u->next) {
			if (!u->truncate)
				cut_sectors(n, u, random);
			else if (disk_random(random) & 1)
				content_apply(&n->durable, u, 0);
		}
		break;
	}
	disk_drop(n);
	content_copy(&n->now, &n->durable);
}

static void cut_names(struct node *n, enum fault_cut how, uint64_t *random)
{
	size_t keep = how == FAULT_CUT_KEEP   ? n->op_count
	              : how == FAULT_CUT_DROP ? 0
	                                      : (size_t)(disk_random(random) % (n->op_count + 1));
	for (size_t i = 0; i < keep; i++)
		apply_op(&n->names_durable, &n->ops[i]);
	n->op_count = 0;
	names_copy(&n->names_now, &n->names_durable);
}

void disk_put(struct node *folder, const char *name, struct node *node)
{
	struct name put = { .node = node };
	strcpy(put.text, name);
	names_put(&folder->names_now, &put);
	names_put(&folder->names_durable, &put);
}

void disk_take(struct node *folder, const char *name)
{
	names_take(&folder->names_now, name);
	names_take(&folder->names_durable, name);
}

void disk_sync_names(struct node *folder)
{
	names_copy(&folder->names_durable, &folder->names_now);
	folder->op_count = 0;
}

void disk_set(struct node *n, const void *p, size_t len)
{
	buf_reset(&n->now);
	buf_put(&n->now, p, len);
	content_copy(&n->durable, &n->now);
}

void disk_cut(struct node *n, enum fault_cut how, uint64_t *random)
{
	n->lock_fd = 0;
	if (n->folder)
		cut_names(n, how, random);
	else
		cut_content(n, how, random);
}

void disk_free(struct node *n)
{
	disk_drop(n);
	buf_done(&n->now);
	buf_done(&n->durable);
	free(n->names_now.row);
	free(n->names_durable.row);
	free(n->ops);
	free(n);
}
