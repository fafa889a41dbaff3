#include "cli/export_hosts.h"

#include "cli/command.h"
#include "cli/export_log.h"

struct exported {
	struct export_log *log;
	struct origin origin;
	bool ended; /* at a fault */
};

struct identity {
	char host[LABEL_MAX + 1];
	struct key key;
};

struct export_hosts {
	int dirfd;
	struct export_wanted wanted;
	struct exported *log;
	size_t log_count, log_cap;
	struct identity *identity;
	size_t identity_count, identity_cap;
};

int export_hosts_new(int dirfd, const struct export_wanted *wanted, struct export_hosts **ret)
{
	struct export_hosts *h = calloc(1, sizeof(*h));
	if (!h)
		return -ENOMEM;
	h->dirfd = dirfd;
	h->wanted = *wanted;
	*ret = h;
	return 0;
}

void export_hosts_free(struct export_hosts *h)
{
	if (!h)
		return;
	for (size_t i = 0; i < h->log_count; i++)
		export_log_free(h->log[i].log);
	free(h->log);
	free(h->identity);
	free(h);
}

static bool same_origin(const struct origin *a, const struct origin *b)
{
	return a->epoch == b->epoch && strcmp(a->host, b->host) == 0 && strcmp(a->fleet, b->fleet) == 0;
}

static int add_log(struct export_hosts *h, const struct origin *o, struct exported **ret)
{
	if (h->log_count == h->log_cap) {
		size_t cap = MAX(h->log_cap * 2, (size_t)16);
		struct exported *grown = reallocarray(h->log, cap, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		h->log = grown;
		h->log_cap = cap;
	}
	struct exported *e = &h->log[h->log_count];
	*e = (struct exported){ .origin = *o };
	int r = export_log_new(h->dirfd, o, h->wanted.content, &e->log);
	if (r < 0)
		return r;
	h->log_count++;
	*ret = e;
	return 0;
}

/* The newest are at the end, and those get the batches. */
static int find_log(struct export_hosts *h, const struct origin *o, struct exported **ret)
{
	for (size_t i = h->log_count; i > 0; i--) {
		if (same_origin(&h->log[i - 1].origin, o)) {
			*ret = &h->log[i - 1];
			return 0;
		}
	}
	return add_log(h, o, ret);
}

static bool is_wanted(const struct export_wanted *w, const struct origin *o)
{
	return (!w->host || strcmp(w->host, o->host) == 0) && (w->epoch == 0 || w->epoch == o->epoch);
}

int export_hosts_batch(struct export_hosts *h, struct span bytes)
{
	struct batch b;
	struct exported *e;
	ssize_t n = batch_parse(bytes, &b);
	if (n < 0 || (size_t)n != bytes.len) {
		command_fail("a batch that is malformed was passed over; 'swornlog verify' says more");
		return 0;
	}
	if (!is_wanted(&h->wanted, &b.origin))
		return 0;
	int r = find_log(h, &b.origin, &e);
	if (r < 0 || e->ended)
		return r;
	r = export_log_batch(e->log, &b);
	if (r != -EBADMSG)
		return r;
	e->ended = true;
	command_fail("host %s, epoch %u: the batch at index %llu does not fit what is before it, and the "
	             "export of this log ends there; 'swornlog verify' says more",
	             b.origin.host, b.origin.epoch, (unsigned long long)b.first);
	return 0;
}

int export_hosts_enrol(struct export_hosts *h, const struct statement *e)
{
	if (h->identity_count == h->identity_cap) {
		size_t cap = MAX(h->identity_cap * 2, (size_t)16);
		struct identity *grown = reallocarray(h->identity, cap, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		h->identity = grown;
		h->identity_cap = cap;
	}
	struct identity *i = &h->identity[h->identity_count++];
	*i = (struct identity){ .key = e->identity };
	memcpy(i->host, e->host, sizeof(i->host));
	return 0;
}

static const struct key *find_identity(const struct export_hosts *h, const char *host)
{
	for (size_t i = h->identity_count; i > 0; i--) {
		if (strcmp(h->identity[i - 1].host, host) == 0)
			return &h->identity[i - 1].key;
	}
	return NULL;
}

int export_hosts_finish(struct export_hosts *h, struct buf *lines, bool *ret_whole)
{
	*ret_whole = h->log_count > 0 || !h->wanted.host;
	if (!*ret_whole)
		command_fail("the store has nothing of host %s", h->wanted.host);
	for (size_t i = 0; i < h->log_count; i++) {
		const struct exported *e = &h->log[i];
		uint64_t size = export_log_size(e->log);
		*ret_whole = *ret_whole && !e->ended;
		buf_printf(lines, "host/%s/%u: %llu entries%s\n", e->origin.host, e->origin.epoch,
		           (unsigned long long)size, e->ended ? ", up to a fault" : "");
		int r = size ? export_log_finish(e->log, find_identity(h, e->origin.host)) : 0;
		if (r < 0)
			return r;
	}
	return buf_err(lines);
}
