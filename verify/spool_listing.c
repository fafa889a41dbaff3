#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/env.h"
#include "lib/text.h"
#include "verify/spool.h"

#define HISTORIES_MAX 16

void spool_listing_done(struct spool_listing *l)
{
	free(l->file);
	*l = (struct spool_listing){ 0 };
}

void spool_file_name(const struct spool_file *file, char ret[SPOOL_FILE_NAME_MAX])
{
	snprintf(ret, SPOOL_FILE_NAME_MAX, "%010u-%020llu.batch", file->epoch,
	         (unsigned long long)file->first);
}

static bool parse_name(const char *name, struct spool_file *ret)
{
	char again[SPOOL_FILE_NAME_MAX];
	char *end;
	unsigned long long epoch = strtoull(name, &end, 10);
	if (*end != '-' || epoch == 0 || epoch > UINT32_MAX)
		return false;
	struct spool_file file = { .epoch = (uint32_t)epoch, .first = strtoull(end + 1, NULL, 10) };
	if (file.first > INT64_MAX)
		return false;
	spool_file_name(&file, again);
	if (strcmp(again, name) != 0)
		return false;
	*ret = file;
	return true;
}

static bool ends_in(const char *name, const char *suffix)
{
	size_t n = strlen(name), s = strlen(suffix);
	return n > s && strcmp(name + n - s, suffix) == 0;
}

/* One of two fleet checkpoints that don't fit: the sealer kept them. */
static bool is_history(const char *name)
{
	static const char *const ends[] = { "held", "shown" };
	char is[40];
	for (unsigned k = 0; k < HISTORIES_MAX; k++) {
		for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
			snprintf(is, sizeof(is), "inconsistent-%u-%s", k, ends[i]);
			if (strcmp(is, name) == 0)
				return true;
		}
	}
	return false;
}

/* The notes of two generations of the fleet log: the sink was restored. */
static bool is_renewal(const char *name)
{
	unsigned long generation;
	int end = 0;
	if (sscanf(name, "generation-%10lu-%n", &generation, &end) != 1 || end == 0)
		return false;
	return strcmp(name + end, "held") == 0 || strcmp(name + end, "shown") == 0;
}

static void look_at_other(const char *name, struct findings *f)
{
	static const char *const known[] = { "base", "receipt", "witnessed", "enrol", "genesis" };
	char file[FINDING_FILE_MAX];
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (strcmp(known[i], name) == 0)
			return;
	}
	if (!f || ends_in(name, ".tmp"))
		return;
	snprintf(file, sizeof(file), "%.150s", name);
	struct place at = { .file = file };
	if (ends_in(name, ".damaged"))
		find(f, VERDICT_REMARK, &at, "a batch that the sealer could not read and set aside");
	else if (ends_in(name, ".abandoned"))
		find(f, VERDICT_REMARK, &at, "a batch that the sink can never take");
	else if (is_renewal(name))
		find(f, VERDICT_REMARK, &at, "a checkpoint of when the sink was restored from a copy");
	else if (!is_history(name))
		find(f, VERDICT_ALTERED, &at, "not a file of a spool");
}

static int append(struct spool_listing *l, const struct spool_file *file)
{
	if (l->len == l->cap) {
		size_t cap = MAX(l->cap * 2, (size_t)64);
		struct spool_file *grown = reallocarray(l->file, cap, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		l->file = grown;
		l->cap = cap;
	}
	l->file[l->len++] = *file;
	return 0;
}

static int in_order(const void *a, const void *b)
{
	const struct spool_file *x = a, *y = b;
	if (x->epoch != y->epoch)
		return x->epoch < y->epoch ? -1 : 1;
	return x->first < y->first ? -1 : x->first > y->first;
}

int spool_listing_read(int dirfd, struct findings *f, struct spool_listing *ret)
{
	cleanup_spool_listing struct spool_listing l = { 0 };
	cleanup_free char *names = NULL;
	size_t len = 0;
	int r = env_system()->list(env_system(), dirfd, &names, &len);
	for (const char *name = names; r == 0 && name && name < names + len; name += strlen(name) + 1) {
		struct spool_file file;
		if (parse_name(name, &file))
			r = append(&l, &file);
		else
			look_at_other(name, f);
	}
	if (r < 0)
		return r;
	if (l.len)
		qsort(l.file, l.len, sizeof(*l.file), in_order);
	*ret = l;
	l = (struct spool_listing){ 0 };
	return 0;
}

bool looks_like_spool(int dirfd)
{
	cleanup_spool_listing struct spool_listing l = { 0 };
	return faccessat(dirfd, "base", F_OK, 0) == 0 ||
	       (spool_listing_read(dirfd, NULL, &l) == 0 && l.len > 0);
}

static struct span after(struct cursor *c, const char *word)
{
	struct span rest = { 0 };
	struct span line = cursor_line(c);
	if (c->err || !span_is(text_split(line, ' ', &rest), word))
		cursor_fail(c);
	return rest;
}

int spool_base_parse(struct span bytes, struct spool_base *ret)
{
	struct cursor c;
	struct spool_base base = { 0 };
	cursor_init(&c, bytes.data, bytes.len);
	if (!span_is(cursor_line(&c), "swornlog-base/v1"))
		return -EBADMSG;
	struct span origin = after(&c, "origin"), size = after(&c, "size");
	if (c.err || origin_parse(origin, &base.origin) < 0 || text_decimal(size, &base.tree.size) < 0)
		return -EBADMSG;
	for (unsigned i = 0; i < frontier_count(&base.tree); i++) {
		struct span line = cursor_line(&c);
		if (c.err || text_base64_exact(line, base.tree.node[i].b, 32) < 0)
			return -EBADMSG;
	}
	if (cursor_finish(&c) < 0)
		return -EBADMSG;
	*ret = base;
	return 0;
}
