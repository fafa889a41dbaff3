#include "sink/hosts.h"

#include <stdio.h>

static void host_free(struct host *h)
{
	buf_done(&h->note);
	free(h->unhashed);
	free(h);
}

void hosts_done(struct hosts *h)
{
	while (h->all) {
		struct host *host = h->all;
		h->all = host->next;
		host_free(host);
	}
	free(h->row);
	*h = (struct hosts){ 0 };
}

static int compare(struct span name, const struct host *h)
{
	size_t n = strlen(h->name);
	int c = memcmp(name.data, h->name, MIN(name.len, n));
	return c ? c : (name.len > n) - (name.len < n);
}

/* Where the name is, or belongs. */
static size_t position(const struct hosts *h, struct span name)
{
	size_t low = 0, high = h->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (compare(name, h->row[middle]) > 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct host *hosts_find(const struct hosts *h, struct span name)
{
	if (name.len == 0 || name.len > LABEL_MAX)
		return NULL;
	size_t at = position(h, name);
	return at < h->count && compare(name, h->row[at]) == 0 ? h->row[at] : NULL;
}

static int insert(struct hosts *h, size_t at, struct span name, struct host **ret)
{
	if (h->count == h->cap) {
		size_t cap = MAX(h->cap * 2, (size_t)64);
		struct host **row = realloc(h->row, cap * sizeof(struct host *));
		if (!row)
			return -ENOMEM;
		h->row = row;
		h->cap = cap;
	}
	struct host *host = calloc(1, sizeof(*host));
	if (!host)
		return -ENOMEM;
	memcpy(host->name, name.data, MIN(name.len, (size_t)LABEL_MAX));
	memmove(h->row + at + 1, h->row + at, (h->count - at) * sizeof(struct host *));
	h->row[at] = host;
	h->count++;
	host->next = h->all;
	h->all = host;
	*ret = host;
	return 0;
}

int hosts_add(struct hosts *h, struct span name, struct host **ret)
{
	size_t at = position(h, name);
	if (at < h->count && compare(name, h->row[at]) == 0)
		return -EEXIST;
	return insert(h, at, name, ret);
}

int hosts_append(struct hosts *h, struct span name, struct host **ret)
{
	if (h->count > 0 && compare(name, h->row[h->count - 1]) <= 0)
		return -EBADMSG;
	return insert(h, h->count, name, ret);
}

void host_advance(struct host *h, const struct host_head *head)
{
	if (h->head.epoch != head->epoch)
		h->recent_count = 0;
	else
		h->recent[h->recent_count++ % HOST_RECENT_HEADS] = h->head;
	h->head = *head;
}

bool host_contradicts(const struct host *h, uint64_t size, const struct hash *root)
{
	if (h->head.size == size)
		return !hash_equal(&h->head.root, root);
	size_t n = MIN(h->recent_count, (size_t)HOST_RECENT_HEADS);
	for (size_t i = 0; i < n; i++) {
		if (h->recent[i].size == size)
			return !hash_equal(&h->recent[i].root, root);
	}
	return false;
}

int host_add_unhashed(struct host *h, const struct unhashed *u)
{
	size_t n = h->unhashed_count;
	/* Full at each power of two. */
	if ((n & (n - 1)) == 0) {
		struct unhashed *row = realloc(h->unhashed, MAX(n * 2, (size_t)1) * sizeof(*row));
		if (!row)
			return -ENOMEM;
		h->unhashed = row;
	}
	h->unhashed[h->unhashed_count++] = *u;
	return 0;
}
