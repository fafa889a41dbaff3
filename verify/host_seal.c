/* What a batch's seal entry says: keys, posture, boot, fleet head (docs/format.md section 15). */
#include "verify/timeline.h"
#include "verify/work.h"

/* A seal key signs one note, ever. Only the newest keys are remembered: those before them are erased on the
 * host. */
static void check_key_use(struct work *w)
{
	struct log_host *host = w->host;
	uint64_t key;
	memcpy(&key, w->sealed_by.b, sizeof(key));
	for (size_t i = 0; i < KEYS_REMEMBERED; i++) {
		if (host->used_key[i] != key)
			continue;
		work_find(w, VERDICT_WRONGLY_SEALED, "the seal key has signed before");
		return;
	}
	host->used_key[host->used_at % KEYS_REMEMBERED] = key;
	memcpy(&host->used_seed[host->used_at++ % KEYS_REMEMBERED], w->batch->seed, sizeof(key));
}

/* What a seal's account shows by itself: the entries that it counts are not opened. */
static void check_account(struct work *w)
{
	const struct account *was = &w->before, *is = &w->result.seal.account;
	uint64_t sum;
	bool adds_up = !__builtin_add_overflow(is->stored, is->filtered, &sum) &&
	               !__builtin_add_overflow(sum, is->lost, &sum) && sum == is->emitted;
	if (!adds_up || is->stored < was->stored || is->filtered < was->filtered || is->lost < was->lost ||
	    is->exactness < was->exactness)
		work_find_at(w, w->at.last, VERDICT_MALFORMED, "the counts in the seal do not add up");
	struct day *today = days_today(&w->host->days);
	if (today && is->lost > was->lost)
		today->verdicts |= 1u << VERDICT_LOSS;
}

static void check_posture(struct work *w)
{
	const struct seal *s = &w->result.seal;
	const struct log_epoch *e = w->epoch;
	if (s->has_posture != e->has_posture || (s->has_posture && !hash_equal(&s->posture, &e->posture)))
		work_find_at(w, w->at.last, VERDICT_MALFORMED,
		             "the seal does not name the newest posture entry");
}

static int keep_claim(struct work *w, const struct fleet_head *head)
{
	struct log_host *host = w->host;
	if (host->claim_len == CLAIMS_KEPT) {
		work_find_at(w, w->at.last, VERDICT_TRUNCATED,
		             "the seal holds a fleet head beyond the fleet log");
		return 0;
	}
	if (!host->claims)
		host->claims = calloc(CLAIMS_KEPT, sizeof(*host->claims));
	if (!host->claims)
		return -ENOMEM;
	host->claims[host->claim_len++] =
	        (struct head_claim){ .origin = w->epoch->name, .index = w->at.last, .head = *head };
	return 0;
}

/* A head of an earlier generation, beyond what a later one went on from: the host testifies of what is gone.
 */
static int keep_lost(struct work *w, const struct fleet_head *head, size_t row)
{
	struct log_host *host = w->host;
	if (!host->beyond)
		host->beyond = calloc(GENERATIONS_MAX, sizeof(*host->beyond));
	if (!host->beyond)
		return -ENOMEM;
	if (head->size > host->beyond[row].head.size)
		host->beyond[row] =
		        (struct head_claim){ .origin = w->epoch->name, .index = w->at.last, .head = *head };
	return 0;
}

/* Step 8: every seal testifies about the fleet log. */
static int check_fleet_head(struct work *w)
{
	const struct fleet_head *head = &w->result.seal.fleet;
	struct hosts *h = w->hosts;
	if (head->size == 0)
		return 0;
	if (h->views)
		return views_add_head(h->views, h->input, w->epoch->name, w->at.last, head);
	size_t row;
	if (!h->tree)
		return 0;
	if (generations_lost(&h->generations, head, &row))
		return keep_lost(w, head, row);
	if (head->generation <= generations_newest(&h->generations) &&
	    head->size <= fleet_tree_size(h->tree)) {
		struct hash root;
		int r = fleet_tree_root(h->tree, head->size, &root);
		if (r == 0 && !hash_equal(&root, &head->root))
			work_find_at(w, w->at.last, VERDICT_SPLIT_VIEW,
			             "the seal holds a fleet head that this fleet log never had");
		return r;
	}
	return keep_claim(w, head);
}

static void check_boot(struct work *w)
{
	struct log_host *host = w->host;
	const uint8_t *boot_id = w->result.seal.boot_id;
	memcpy(host->boot_id, boot_id, sizeof(host->boot_id));
	for (size_t i = 0; i < w->hosts->sink_boots && !host->same_machine; i++)
		host->same_machine = memcmp(w->hosts->sink_boot_id[i], boot_id, sizeof(host->boot_id)) == 0;
}

int work_seal(struct work *w)
{
	check_key_use(w);
	if (w->hosts->structure)
		check_account(w);
	else
		check_posture(w);
	check_boot(w);
	int r = timeline_seal(w);
	return r < 0 ? r : check_fleet_head(w);
}
