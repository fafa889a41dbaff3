#include "sink/forks.h"

#include <stdio.h>

#include "lib/file.h"

#define FORK_MODE 0640

static void fork_name(const struct batch *b, unsigned k, char *ret, size_t size)
{
	snprintf(ret, size, "%s.%lu.%llu.%u", b->origin.host, (unsigned long)b->origin.epoch,
	         (unsigned long long)b->head.size, k);
}

/* The note of the fork that was kept as number k. */
static int kept_note(const struct store *s, const struct batch *b, unsigned k, struct buf *content,
                     struct span *ret)
{
	char name[128];
	fork_name(b, k, name, sizeof(name));
	buf_reset(content);
	int r = file_read(s->env, s->forks, name, BATCH_MAX_BYTES, content);
	if (r < 0)
		return r;
	*ret = (struct span){ content->data, content->len };
	struct batch whole;
	if (k == 0)
		*ret = batch_parse(*ret, &whole) > 0 ? whole.note_bytes : (struct span){ NULL, 0 };
	return 0;
}

/* Hosts' names may hold dots; what follows one in a file's name holds two. */
static bool is_of_host(const char *name, const char *host)
{
	size_t n = strlen(host);
	if (strncmp(name, host, n) != 0 || name[n] != '.')
		return false;
	unsigned dots = 0;
	for (const char *at = name + n + 1; *at; at++)
		dots += *at == '.';
	return dots == 2;
}

static int count_kept(const struct store *s, const char *host, size_t *ret)
{
	cleanup_free char *names = NULL;
	size_t len, count = 0;
	int r = s->env->list(s->env, s->forks, &names, &len);
	if (r < 0)
		return r;
	for (size_t at = 0; at < len; at += strlen(names + at) + 1)
		count += is_of_host(names + at, host);
	*ret = count;
	return 0;
}

int forks_keep(const struct store *s, const struct batch *b)
{
	cleanup_buf struct buf content = { 0 };
	unsigned k = 0;
	for (; k < FORKS_KEPT; k++) {
		struct span note;
		int r = kept_note(s, b, k, &content, &note);
		if (r == -ENOENT)
			break;
		if (r < 0)
			return r;
		if (span_equal(note, b->note_bytes))
			return -EEXIST;
	}
	size_t kept = 0;
	int r = count_kept(s, b->origin.host, &kept);
	if (r < 0)
		return r;
	if (k == FORKS_KEPT || kept >= FORKS_A_HOST)
		return -EDQUOT;
	char name[128];
	fork_name(b, k, name, sizeof(name));
	return file_replace(s->env, s->forks, name, k == 0 ? b->bytes : b->note_bytes, FORK_MODE);
}
