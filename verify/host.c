#include "verify/host.h"

#include <stdarg.h>
#include <stdio.h>

#include "verify/statements.h"

int hosts_init(struct hosts *h, const struct genesis *g, struct findings *f, struct fleet_tree *tree,
               const char *only)
{
	*h = (struct hosts){ .genesis = g, .findings = f, .tree = tree, .only = only };
	roll_init(&h->roll, g);
	return chain_scratch_new(&h->scratch);
}

struct hosts hosts_view(const struct hosts *h, struct findings *f, struct chain_scratch *scratch)
{
	struct hosts view = *h;
	view.findings = f;
	view.scratch = scratch;
	return view;
}

static void epoch_free(struct log_epoch *e)
{
	free(e->chain);
	free(e->heads);
	free(e->boots);
	free(e->announced);
	free(e->given_up);
	free(e);
}

static void host_free(struct log_host *host)
{
	for (size_t i = 0; i < host->epoch_count; i++)
		epoch_free(host->epoch[i]);
	free(host->epoch);
	free(host->claims);
	days_done(&host->days);
	statements_done(host);
	free(host->beyond);
	free(host);
}

void hosts_done(struct hosts *h)
{
	for (size_t i = 0; i < h->count; i++)
		host_free(h->host[i]);
	free(h->host);
	free(h->touched);
	roll_done(&h->roll);
	free(h->log_key);
	chain_scratch_free(h->scratch);
	*h = (struct hosts){ 0 };
}

/* Index of the label, or of where it would stand. */
static size_t lower_bound(const struct hosts *h, const char *label)
{
	size_t low = 0, high = h->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (strcmp(h->host[middle]->label, label) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct log_host *hosts_find(const struct hosts *h, const char *label)
{
	size_t i = lower_bound(h, label);
	return i < h->count && strcmp(h->host[i]->label, label) == 0 ? h->host[i] : NULL;
}

static int insert(struct hosts *h, struct log_host *host)
{
	if (h->count == h->cap) {
		size_t cap = MAX(h->cap * 2, (size_t)16);
		struct log_host **grown = reallocarray(h->host, cap, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		h->host = grown;
		h->cap = cap;
	}
	size_t i = lower_bound(h, host->label);
	memmove(&h->host[i + 1], &h->host[i], (h->count - i) * sizeof(*h->host));
	h->host[i] = host;
	h->count++;
	return 0;
}

int hosts_add(struct hosts *h, const char *label, uint64_t index, struct log_host **ret)
{
	struct log_host *host = calloc(1, sizeof(*host));
	if (!host)
		return -ENOMEM;
	snprintf(host->label, sizeof(host->label), "%s", label);
	host->enrolled_at = index;
	host->number = h->count;
	host->selected = !h->only || strcmp(h->only, label) == 0;
	int r = insert(h, host);
	if (r < 0)
		host_free(host);
	else
		*ret = host;
	return r;
}

int hosts_enrol(struct hosts *h, const struct statement *e)
{
	struct log_host *host;
	int r = hosts_add(h, e->host, 0, &host);
	if (r < 0)
		return r;
	host->stand = calloc(1, sizeof(*host->stand));
	if (!host->stand)
		return -ENOMEM;
	host->stand_len = host->stand_cap = 1;
	host->stand[0].kind = e->kind;
	host->stand[0].standing = (struct standing){ .identity = e->identity,
		                                     .certificate = e->certificate,
		                                     .has_token = e->has_token,
		                                     .token = e->token };
	return 0;
}

static struct log_epoch *epoch_new(const struct origin *o)
{
	struct log_epoch *e = calloc(1, sizeof(*e));
	if (!e)
		return NULL;
	e->origin = *o;
	origin_format(o, e->name);
	return e;
}

int host_epoch(struct log_host *host, const struct origin *o, struct log_epoch **ret)
{
	size_t i = host->epoch_count;
	while (i > 0 && host->epoch[i - 1]->origin.epoch >= o->epoch)
		i--;
	if (i < host->epoch_count && host->epoch[i]->origin.epoch == o->epoch) {
		*ret = host->epoch[i];
		return 0;
	}
	if (host->epoch_count == HOST_MAX_EPOCHS)
		return -E2BIG;
	struct log_epoch **grown = reallocarray(host->epoch, host->epoch_count + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	host->epoch = grown;
	struct log_epoch *e = epoch_new(o);
	if (!e)
		return -ENOMEM;
	memmove(&grown[i + 1], &grown[i], (host->epoch_count - i) * sizeof(*grown));
	grown[i] = e;
	host->epoch_count++;
	*ret = e;
	return 0;
}

/* A file names at most as many heads as it can hold; this bounds what a hostile one makes us keep. */
#define HEADS_PER_EPOCH_MAX (1u << 20)

static int make_room(struct log_epoch *e)
{
	if (e->head_len == HEADS_PER_EPOCH_MAX)
		return -E2BIG;
	if (e->head_len < e->head_cap)
		return 0;
	size_t cap = MAX(e->head_cap * 2, (size_t)4);
	struct committed_head *grown = reallocarray(e->heads, cap, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	e->heads = grown;
	e->head_cap = cap;
	return 0;
}

int epoch_push_head(struct log_epoch *e, const struct committed_head *head)
{
	int r = make_room(e);
	if (r == 0)
		e->heads[e->head_len++] = *head;
	return r;
}

void host_find(struct hosts *h, struct log_host *host, enum verdict v, const struct place *at,
               const char *fmt, ...)
{
	char reason[FINDING_REASON_MAX];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(reason, sizeof(reason), fmt, ap);
	va_end(ap);
	if (host)
		host->verdicts |= 1u << v;
	struct day *today = host ? days_today(&host->days) : NULL;
	if (today)
		today->verdicts |= 1u << v;
	find(h->findings, v, at, "%s", reason);
}
