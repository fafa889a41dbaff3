/* What can only be said of a host when all of its batches have gone by. */
#include <stdio.h>

#include "verify/silence.h"
#include "verify/statements.h"
#include "verify/timeline.h"

static struct log_epoch *epoch_of(const struct log_host *host, uint64_t number)
{
	for (size_t i = 0; i < host->epoch_count; i++) {
		if (host->epoch[i]->origin.epoch == number)
			return host->epoch[i];
	}
	return NULL;
}

/* True if the epoch entry says that all of this will never be shipped. */
static bool gave_up(const struct log_epoch *e, uint64_t epoch, uint64_t from, uint64_t to)
{
	for (size_t i = 0; i < e->given_up_len; i++) {
		const struct abandoned *a = &e->given_up[i];
		if (a->epoch == epoch && a->first <= from && from - a->first < a->count)
			from = a->first + a->count;
	}
	return from >= to;
}

/* The host had a receipt for it, and the sink has lost it. */
static void find_lost(struct hosts *h, struct log_host *host, const struct log_epoch *before,
                      const struct log_epoch *e, const struct epoch_head *known, uint64_t size)
{
	char name[ORIGIN_MAX + 1];
	struct origin o = e->origin;
	o.epoch = (uint32_t)MIN(known->epoch, (uint64_t)UINT32_MAX);
	origin_format(&o, name);
	host_find(h, host, VERDICT_MISSING,
	          &(struct place){ .origin = before ? before->name : name,
	                           .has_index = true,
	                           .first = size,
	                           .last = known->size - 1 },
	          "receipted, and lost when the sink was restored: the host has it no more");
}

/* Is the end of an earlier epoch, as the host knew it, what the store has? */
static void check_known_end(struct hosts *h, struct log_host *host, const struct log_epoch *e,
                            const struct epoch_head *known, bool excused)
{
	if (known->epoch == 0 || !known->has_size)
		return;
	const struct log_epoch *before = epoch_of(host, known->epoch);
	uint64_t size = before && before->chain ? before->chain->tree.size : 0;
	struct place at = { .origin = e->name, .has_index = true };
	if (before ? before->stuck || before->unchecked : h->spool)
		return; /* its true end is not known here; a fault has been reported */
	if (size < known->size && !excused && e->cause == EPOCH_SINK_RESTORED)
		find_lost(h, host, before, e, known, size);
	else if (size < known->size && !(excused && gave_up(e, known->epoch, size, known->size)))
		host_find(h, host, VERDICT_TRUNCATED, &at,
		          "epoch %llu had %llu entries, of which %llu are here",
		          (unsigned long long)known->epoch, (unsigned long long)known->size,
		          (unsigned long long)size);
	if (size != known->size || size == 0)
		return;
	struct hash root;
	frontier_root(&before->chain->tree, &root);
	if (!hash_equal(&root, &known->root))
		host_find(h, host, VERDICT_FORKED, &at,
		          "the end of epoch %llu is not the one that the host remembers",
		          (unsigned long long)known->epoch);
}

/* The statement by which people have closed the finding. */
static const struct host_closing *closing_of(const struct log_host *host, const struct log_epoch *e)
{
	for (size_t i = 0; i < host->closing_len; i++) {
		if (host->closings[i].epoch == e->origin.epoch)
			return &host->closings[i];
	}
	return NULL;
}

static void finish_epoch(struct hosts *h, struct log_host *host, const struct log_epoch *e)
{
	struct place at = { .origin = e->name, .has_index = true };
	if (e->origin.epoch == 1 || !e->has_epoch_entry)
		return;
	char before[64] = "no predecessor known";
	if (e->predecessor.epoch)
		snprintf(before, sizeof(before), "predecessor %llu",
		         (unsigned long long)e->predecessor.epoch);
	const char *cause = epoch_cause_name(e->cause);
	const struct host_closing *closing = closing_of(host, e);
	if (closing)
		host_find(h, host, VERDICT_REMARK, &at,
		          "the log began anew: %s; %s; closed at fleet log entry %llu: %s",
		          cause ? cause : "cause not known", before, (unsigned long long)closing->index,
		          closing->reason);
	else
		host_find(h, host, VERDICT_EPOCH, &at, "the log began anew: %s; %s",
		          cause ? cause : "cause not known", before);
	if (e->abandoned)
		host_find(h, host, VERDICT_LOSS, &at, "%llu entries of earlier epochs will never be shipped",
		          (unsigned long long)e->abandoned);
	check_known_end(h, host, e, &e->predecessor, true);
	check_known_end(h, host, e, &e->receipted, false);
}

static void put_reasons(struct buf *b, const struct loss_sum *sum)
{
	for (uint64_t i = 0; i < LOSS_REASONS; i++) {
		if (!sum->reason[i])
			continue;
		const char *name = loss_reason_name(i);
		buf_printf(b, "%s%s %llu", b->len ? ", " : "", name ? name : "other",
		           (unsigned long long)sum->reason[i]);
	}
	buf_put_u8(b, 0);
}

static void finish_loss(struct hosts *h, struct log_host *host, const struct log_epoch *e)
{
	const struct loss_sum *sum = &e->loss;
	uint64_t lost = e->chain ? e->chain->account.lost : sum->counted;
	host->lost += lost;
	if (sum->entries == 0 && lost == 0)
		return;
	if (h->structure) {
		host_find(h, host, VERDICT_LOSS, &(struct place){ .origin = e->name },
		          "%llu events declared lost", (unsigned long long)lost);
		return;
	}
	cleanup_buf struct buf reasons = { 0 };
	char bound[48] = "";
	put_reasons(&reasons, sum);
	if (sum->at_most)
		snprintf(bound, sizeof(bound), ", at most %llu more", (unsigned long long)sum->at_most);
	host_find(h, host, VERDICT_LOSS, &(struct place){ .origin = e->name },
	          "%llu events declared lost%s%s; loss entries by reason: %s", (unsigned long long)lost,
	          bound, sum->uncounted ? ", and some that could not be counted" : "",
	          buf_err(&reasons) ? "" : (const char *)reasons.data);
}

static void finish_unchecked(struct hosts *h, struct log_host *host, const struct log_epoch *e)
{
	if (!e->unchecked)
		return;
	struct place at = {
		.origin = e->name, .has_index = true, .first = e->unchecked_from, .last = e->next_first - 1
	};
	host_find(h, host, VERDICT_REMARK, &at,
	          "%llu batches lie behind a fault: nothing ties them to the log before it",
	          (unsigned long long)e->unchecked);
}

static int settle_claim(struct hosts *h, struct log_host *host, const struct head_claim *claim)
{
	struct place at = {
		.origin = claim->origin, .has_index = true, .first = claim->index, .last = claim->index
	};
	if (claim->head.generation > generations_newest(&h->generations)) {
		host_find(h, host, VERDICT_TRUNCATED, &at,
		          "the seal holds a head of generation %llu of the fleet log, which is not here",
		          (unsigned long long)claim->head.generation);
		return 0;
	}
	if (claim->head.size > fleet_tree_size(h->tree)) {
		host_find(h, host, VERDICT_TRUNCATED, &at,
		          "the seal holds a fleet head of size %llu, but the fleet log has %llu",
		          (unsigned long long)claim->head.size, (unsigned long long)fleet_tree_size(h->tree));
		return 0;
	}
	struct hash root;
	int r = fleet_tree_root(h->tree, claim->head.size, &root);
	if (r == 0 && !hash_equal(&root, &claim->head.root))
		host_find(h, host, VERDICT_SPLIT_VIEW, &at,
		          "the seal holds a fleet head that this fleet log never had");
	return r;
}

static void finish_boot(const struct hosts *h, struct log_host *host)
{
	for (size_t i = 0; i < h->sink_boots; i++) {
		if (memcmp(h->sink_boot_id[i], host->boot_id, sizeof(host->boot_id)) == 0)
			host->same_machine = true;
	}
}

/* The largest head that any host testifies of, beyond what this generation went on from. */
static struct log_host *witness_of(const struct hosts *h, size_t row, const struct head_claim **ret)
{
	struct log_host *best = NULL;
	*ret = NULL;
	for (size_t i = 0; i < h->count; i++) {
		const struct head_claim *one = h->host[i]->beyond ? &h->host[i]->beyond[row] : NULL;
		if (!one || one->head.size == 0 || (*ret && one->head.size <= (*ret)->head.size))
			continue;
		*ret = one;
		best = h->host[i];
	}
	return best;
}

/* What a restored sink has lost, exactly: as far as a host's seal reaches. */
static void finish_generations(struct hosts *h)
{
	for (size_t row = 0; row < h->generations.len; row++) {
		const struct head_claim *claim;
		struct log_host *host = witness_of(h, row, &claim);
		struct key key;
		uint64_t number = host ? MAX(claim->head.generation, (uint64_t)1) : 0;
		if (!host || generation_key(&h->genesis->log, number, &key) < 0)
			continue;
		find(h->findings, VERDICT_ROLLED_BACK,
		     &(struct place){ .origin = key.name,
		                      .has_index = true,
		                      .first = h->generations.row[row].start,
		                      .last = claim->head.size - 1 },
		     "fleet entries that the sink lost when it was restored: entry %llu of %s testifies of "
		     "them",
		     (unsigned long long)claim->index, claim->origin);
	}
}

int hosts_finish(struct hosts *h)
{
	int r = 0;
	finish_generations(h);
	for (size_t i = 0; r == 0 && i < h->count; i++) {
		struct log_host *host = h->host[i];
		finish_boot(h, host);
		days_end(&host->days); /* what is found here belongs to no day */
		for (size_t k = 0; h->tree && r == 0 && k < host->claim_len; k++)
			r = settle_claim(h, host, &host->claims[k]);
		silence_finish(h, host);
		timeline_finish(h, host);
		statements_finish(h, host);
		for (size_t k = 0; k < host->epoch_count; k++) {
			finish_unchecked(h, host, host->epoch[k]);
			finish_loss(h, host, host->epoch[k]);
			finish_epoch(h, host, host->epoch[k]);
			announced_finish(h, host, host->epoch[k]);
		}
	}
	return r < 0 ? r : timeline_compare_hosts(h);
}
