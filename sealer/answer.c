#include "sealer/answer.h"

#include <stdio.h>

#include "lib/file.h"
#include "sealer/histories.h"
#include "sealer/renewal.h"
#include "sealer/retention.h"
#include "sealer/spool_check.h"
#include "sealer/witnessed.h"

/* A sink that answers with conflicts again and again must not make the log begin anew each time. */
#define EPOCH_EVERY_US 60000000u
/* Nor may a shipper that was taken over fill the log with alarms by turns. */
#define ALARM_EVERY_US 1000000u

/* Whose head is it? The own fleet and host, whatever the epoch. */
static bool own_origin(const struct sealer *s, struct span origin, struct origin *ret)
{
	return origin_parse(origin, ret) == 0 && strcmp(ret->fleet, s->options.log.fleet) == 0 &&
	       strcmp(ret->host, s->options.log.host) == 0;
}

static void measure(struct sealer *s, uint32_t epoch, uint64_t size)
{
	uint64_t now = s->options.log.env->boot_us(s->options.log.env);
	for (size_t i = s->spool.receipted; i < s->spool.count; i++) {
		const struct spool_batch *b = &s->spool.batch[i];
		if (b->epoch > epoch || (b->epoch == epoch && b->first + b->count > size))
			break;
		if (b->oldest_boot_us == 0 || b->oldest_boot_us > now)
			continue;
		latency_add(&s->latency, now - b->oldest_boot_us);
		if (b->critical)
			latency_add(&s->critical_latency, now - b->oldest_boot_us);
	}
}

static int keep_receipt(struct sealer *s, struct span bytes)
{
	return file_replace(s->options.log.env, s->options.spool_fd, "receipt", bytes, 0640);
}

static void hold(struct sealer *s, const struct fleet_head *head)
{
	s->held = *head;
	host_log_set_fleet_head(s->log, head);
}

/* A receipt that verifies, for a head that is ours: the batches up to it are safe. */
static int accept_receipt(struct sealer *s, struct span bytes, const struct receipt *r,
                          const struct origin *o, const struct fleet_head *head)
{
	bool renews = fleet_head_renews(head, &s->held);
	int told = renews ? renewal_tell(s, r, head) : 0;
	if (told < 0)
		return told;
	int e = keep_receipt(s, bytes);
	if (e < 0)
		return 0; /* not durable here: the batches stay, and the sink will say it again */
	hold(s, head);
	/* What it has receipted before counts no more. */
	if (renews)
		s->spool.receipted = 0;
	measure(s, o->epoch, r->size);
	spool_mark_receipted(&s->spool, o->epoch, r->size);
	s->receipted =
	        (struct epoch_head){ .epoch = o->epoch, .size = r->size, .root = r->root, .has_size = true };
	s->receipts++;
	s->last_receipt_us = s->options.log.env->boot_us(s->options.log.env);
	s->alarm = NULL;
	e = witnessed_take(s, r);
	if (e < 0)
		return e;
	retention_apply(s);
	return sealer_watch_spool(s);
}

static int raise_alarm(struct sealer *s, const char *what, const char **ret)
{
	uint64_t now = s->options.log.env->boot_us(s->options.log.env);
	bool known = s->alarm && strcmp(s->alarm, what) == 0;
	*ret = what;
	if (known || (s->alarm_us && now - s->alarm_us < ALARM_EVERY_US))
		return 0;
	s->alarm = what;
	s->alarm_us = now;
	return sealer_note(s, AGENT_CONFLICT, what);
}

/* Who signs the fleet log, as the receipt proves it from the genesis statement on. A key that was handed on
 * does not come back. */
static int log_keys_of(const struct sealer *s, const struct receipt *r, struct succession *ret)
{
	if (!s->options.genesis) {
		succession_init(ret, s->options.log_key);
		return 0;
	}
	int e = succession_follow(s->options.genesis, r->log_keys, ret);
	return e == 0 && ret->count < s->log_keys ? -EBADMSG : e;
}

static enum receipt_verdict check(struct sealer *s, const struct receipt *r, struct fleet_head *ret)
{
	struct succession log;
	if (log_keys_of(s, r, &log) < 0)
		return RECEIPT_BAD_NOTE;
	enum receipt_verdict v = receipt_check_by(r, &log, &s->held, ret);
	if (v == RECEIPT_OK)
		s->log_keys = log.count;
	return v;
}

int sealer_receipt(struct sealer *s, struct span bytes, const char **ret)
{
	struct receipt r;
	struct origin o;
	struct fleet_head head;
	cleanup_buf struct buf entry = { 0 };
	*ret = NULL;
	if (receipt_parse(bytes, &entry, &r) < 0)
		return raise_alarm(s, "a receipt from the sink is malformed", ret);
	enum receipt_verdict v = check(s, &r, &head);
	if (histories_differ(v))
		return histories_tell(s, &r, v, ret);
	if (v == RECEIPT_WRONG_OLD)
		return 0; /* asked before an earlier answer had moved the head: the next one will fit */
	if (v != RECEIPT_OK)
		return raise_alarm(s, receipt_verdict_name(v), ret);
	const struct spool_batch *b =
	        own_origin(s, r.origin, &o) ? spool_find_end(&s->spool, o.epoch, r.size) : NULL;
	if (!b || !hash_equal(&b->root, &r.root))
		return raise_alarm(s, "a receipt from the sink is for a head that this host did not sign",
		                   ret);
	if (fleet_head_renews(&head, &s->held))
		*ret = "the sink was restored from an older copy; what it lacks is sent again";
	return accept_receipt(s, bytes, &r, &o, &head);
}

enum step { STEP_GO_ON, STEP_NEW_EPOCH_ROLLED_BACK, STEP_NEW_EPOCH_RESTORED, STEP_ALARM };

/* The sink's newest head is ours, and its receipt verified: it only lags, or has more than we thought. */
static bool head_is_ours(const struct sealer *s, const struct conflict *k)
{
	struct note n;
	struct checkpoint c;
	struct origin o;
	if (note_parse(k->note, &n) < 0 || checkpoint_parse(n.text, &c) < 0 || !own_origin(s, c.origin, &o))
		return false;
	const struct spool_batch *b = spool_find_end(&s->spool, o.epoch, c.size);
	return o.epoch == k->epoch && c.size == k->size && b && hash_equal(&b->root, &c.root);
}

/* The claim is as good as its receipt: a sink that lies about a head signs the proof of its lie. */
static bool claim_holds(const struct sealer *s, const struct conflict *k, const struct receipt *r,
                        enum receipt_verdict v)
{
	struct origin o;
	return v == RECEIPT_OK && own_origin(s, r->origin, &o) && o.epoch == k->epoch && r->size == k->size;
}

/* The first batch in the spool that a sink without anything of this host takes. */
static size_t first_start(const struct sealer *s)
{
	size_t i = 0;
	while (i < s->spool.count && s->spool.batch[i].first > 0)
		i++;
	return i;
}

static enum step judge(struct sealer *s, const struct conflict *k, const struct receipt *receipt,
                       enum receipt_verdict v, const struct fleet_head *head)
{
	bool renews = fleet_head_renews(head, &s->held);
	/* It says that it has nothing of this host. That is true before the first receipt; later it
	 * contradicts what it signed, and whoever says so (a shipper that was taken over, say) must not be
	 * able to make this log begin anew. */
	if (k->epoch == 0 && first_start(s) < s->spool.count)
		return STEP_GO_ON;
	if (k->epoch == 0)
		return renews ? STEP_NEW_EPOCH_RESTORED : STEP_ALARM;
	if (!claim_holds(s, k, receipt, v))
		return STEP_ALARM;
	if (head_is_ours(s, k))
		return STEP_GO_ON;
	/* A head of ours that we don't know: either this host's disk went back in time, or the sink's did and
	 * we no longer have the batch. */
	const struct spool_batch *newest = spool_newest(&s->spool);
	bool ahead = !newest || k->epoch > newest->epoch ||
	             (k->epoch == newest->epoch && k->size > newest->first + newest->count);
	bool gone = k->epoch == s->spool.base_epoch && k->size < s->spool.base.size;
	return !ahead && (gone || renews) ? STEP_NEW_EPOCH_RESTORED : STEP_NEW_EPOCH_ROLLED_BACK;
}

/* Ship again from the sink's head on: it has what comes before, as its receipt proves. */
static int go_on(struct sealer *s, const struct conflict *k, const char **ret)
{
	if (k->receipt.len)
		return sealer_receipt(s, k->receipt, ret);
	s->spool.receipted = first_start(s);
	return 0;
}

/* May the sink's answers make this log begin anew? Says so, or why not. */
static int check_new_epoch(struct sealer *s, enum epoch_cause cause, uint32_t above, bool *ret_may,
                           const char **ret)
{
	uint64_t now = s->options.log.env->boot_us(s->options.log.env);
	if (MAX(above, host_log_epoch(s->log)) == UINT32_MAX)
		return raise_alarm(s, "the sink claims the last epoch that there can be", ret);
	if (s->last_epoch_us && now - s->last_epoch_us < EPOCH_EVERY_US)
		return raise_alarm(s, "the sink answers with conflicts again and again", ret);
	s->last_epoch_us = now;
	*ret_may = true;
	*ret = cause == EPOCH_ROLLED_BACK ? "the sink has a newer history of this host: its disk went back "
	                                    "in time; a new epoch begins"
	                                  : "the sink lacks what this host no longer has; a new epoch begins";
	return 0;
}

static int rolled_back_epoch(struct sealer *s, const struct conflict *k, const char **ret)
{
	bool may = false;
	int r = check_new_epoch(s, EPOCH_ROLLED_BACK, (uint32_t)k->epoch, &may, ret);
	return r < 0 || !may ? r : sealer_begin_epoch(s, EPOCH_ROLLED_BACK, (uint32_t)k->epoch);
}

/* What the spool holds does not continue what the sink has, and never will. */
static int restored_epoch(struct sealer *s, const struct conflict *k, const struct receipt *receipt,
                          const struct fleet_head *head, const char **ret)
{
	bool may = false;
	uint64_t from = k->epoch == s->spool.base_epoch ? MIN(k->size, s->spool.base.size) : 0;
	struct abandoned gone = { .epoch = s->spool.base_epoch,
		                  .first = from,
		                  .count = s->spool.base.size - from };
	int r = check_new_epoch(s, EPOCH_SINK_RESTORED, (uint32_t)k->epoch, &may, ret);
	if (r < 0 || !may)
		return r;
	r = sealer_restored_epoch(s, (uint32_t)k->epoch, &gone);
	if (r < 0 || !fleet_head_renews(head, &s->held) || k->receipt.len == 0)
		return r;
	r = renewal_tell(s, receipt, head);
	if (r == 0 && keep_receipt(s, k->receipt) == 0)
		hold(s, head);
	return r;
}

int sealer_conflict(struct sealer *s, uint32_t epoch maybe_unused, uint64_t first maybe_unused,
                    struct span bytes, const char **ret)
{
	struct conflict k;
	struct receipt receipt = { 0 };
	struct fleet_head head = { 0 };
	struct checkpoint log;
	cleanup_buf struct buf entry = { 0 };
	enum receipt_verdict v = RECEIPT_BAD_NOTE;
	*ret = NULL;
	if (conflict_parse(bytes, &k) < 0 || k.epoch > UINT32_MAX)
		return raise_alarm(s, "a conflict from the sink is malformed", ret);
	if (receipt_parse(k.receipt, &entry, &receipt) == 0)
		v = check(s, &receipt, &head);
	else if (k.epoch == 0 && checkpoint_verify_fleet(k.log, s->options.log_key, true, &log) == 0)
		head = (struct fleet_head){ .size = log.size,
			                    .root = log.root,
			                    .generation = log.generation };
	if (histories_differ(v))
		return histories_tell(s, &receipt, v, ret);
	switch (judge(s, &k, &receipt, v, &head)) {
	case STEP_GO_ON:
		return go_on(s, &k, ret);
	case STEP_NEW_EPOCH_ROLLED_BACK:
		return rolled_back_epoch(s, &k, ret);
	case STEP_NEW_EPOCH_RESTORED:
		return restored_epoch(s, &k, &receipt, &head, ret);
	case STEP_ALARM:
		break;
	}
	return raise_alarm(
	        s, "the sink's answer about this host's log is not proven, or contradicts its receipts", ret);
}

/* Did the batch rot between its sealing and its shipping? Then what follows it can never be shipped either.
 */
static int check_refused(struct sealer *s, const char **ret)
{
	bool rotten = false;
	uint64_t now = s->options.log.env->boot_us(s->options.log.env);
	if (s->last_check_us && now - s->last_check_us < EPOCH_EVERY_US)
		return 0;
	s->last_check_us = now;
	int r = spool_check_refused(&s->spool, &s->options.log.identity->key, &rotten);
	if (r < 0 || !rotten)
		return 0;
	*ret = "a sealed batch has rotted in the spool; it and what follows is set aside, and a new epoch "
	       "begins";
	return sealer_begin_epoch(s, EPOCH_STATE_LOST, 0);
}

int sealer_refused(struct sealer *s, uint16_t status, struct span body maybe_unused, const char **ret)
{
	*ret = NULL;
	if (status == 403)
		return raise_alarm(s, "the sink refuses this host: certificate and enrolment don't fit", ret);
	if (status == 400 || status == 422) {
		int r = check_refused(s, ret);
		if (r < 0 || *ret)
			return r;
	}
	return raise_alarm(
	        s, status == 422 ? "the sink could not verify a batch" : "the sink refused a batch", ret);
}

/* Before the first receipt: what the join token pinned. */
static int load_first(struct sealer *s)
{
	struct checkpoint first;
	if (s->options.first_checkpoint.len == 0)
		return 0;
	int r = checkpoint_verify_fleet(s->options.first_checkpoint, s->options.log_key, false, &first);
	if (r == 0)
		hold(s, &(struct fleet_head){
		                .size = first.size, .root = first.root, .generation = first.generation });
	return r;
}

/* Already verified when it was taken; here only its head is needed. */
static int load_receipt(struct sealer *s)
{
	cleanup_buf struct buf bytes = { 0 }, entry = { 0 };
	struct receipt r;
	struct origin o;
	struct checkpoint now;
	int e = file_read(s->options.log.env, s->options.spool_fd, "receipt", RECEIPT_MAX_BYTES, &bytes);
	if (e == -ENOENT)
		return load_first(s);
	if (e < 0)
		return e;
	struct span in = { bytes.data, bytes.len };
	struct succession log;
	if (receipt_parse(in, &entry, &r) < 0 || !own_origin(s, r.origin, &o) ||
	    log_keys_of(s, &r, &log) < 0 ||
	    checkpoint_verify_keys(r.note, &log.log, log.has_former ? &log.former : NULL, &now) < 0)
		return -EBADMSG;
	s->log_keys = log.count;
	hold(s, &(struct fleet_head){ .size = now.size, .root = now.root, .generation = now.generation });
	spool_mark_receipted(&s->spool, o.epoch, r.size);
	s->receipted =
	        (struct epoch_head){ .epoch = o.epoch, .size = r.size, .root = r.root, .has_size = true };
	witnessed_expect(s, &r);
	return 0;
}

int answer_load(struct sealer *s)
{
	int r = witnessed_load(s);
	if (r == 0)
		r = histories_load(s);
	return r < 0 ? r : load_receipt(s);
}
