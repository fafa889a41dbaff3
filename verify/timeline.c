#include "verify/timeline.h"

#define BOOTS_KEPT 4096

static unsigned long long seconds(uint64_t us)
{
	return us / 1000000;
}

/* A finding at the end of the run; its days were marked as it grew. */
static void end_run(struct hosts *h, struct log_host *host, const struct log_epoch *e, struct batch_run *run,
                    enum verdict v, const char *what)
{
	struct place at = { .origin = e->name, .has_index = true, .first = run->first, .last = run->last };
	if (run->batches) {
		host->verdicts |= 1u << v;
		find(h->findings, v, &at, "%llu batches %s, by up to %llu s",
		     (unsigned long long)run->batches, what, seconds(run->worst_us));
	}
	*run = (struct batch_run){ 0 };
}

static void grow_run(struct batch_run *run, const struct work *w, enum verdict v, uint64_t by_us)
{
	struct day *today = days_today(&w->host->days);
	if (today)
		today->verdicts |= 1u << v;
	if (run->batches++ == 0)
		run->first = w->at.first;
	run->last = w->at.last;
	run->worst_us = MAX(run->worst_us, by_us);
}

static void end_late(struct hosts *h, struct log_host *host, struct log_epoch *e)
{
	end_run(h, host, e, &e->late, VERDICT_LATE, "were committed long after they were sealed");
}

static void end_ahead(struct hosts *h, struct log_host *host, struct log_epoch *e)
{
	end_run(h, host, e, &e->ahead, VERDICT_CLOCK, "were sealed by a clock ahead of the sink's");
}

/* The batch's clock against its commit's. */
static void check_commit_time(struct work *w)
{
	struct log_epoch *e = w->epoch;
	uint64_t wall_us = w->result.seal.clock.wall_us;
	if (e->covered >= e->head_len)
		return;
	uint64_t commit_us = e->heads[e->covered].time_us;
	if (commit_us > wall_us && commit_us - wall_us > LATE_US)
		grow_run(&e->late, w, VERDICT_LATE, commit_us - wall_us);
	else
		end_late(w->hosts, w->host, e);
	if (wall_us > commit_us && wall_us - commit_us > AHEAD_US)
		grow_run(&e->ahead, w, VERDICT_CLOCK, wall_us - commit_us);
	else
		end_ahead(w->hosts, w->host, e);
}

static void check_clocks(struct work *w)
{
	const struct clock_base *was = &w->epoch->clock, *is = &w->result.seal.clock;
	if (is->boot_us < was->boot_us) {
		work_find_at(
		        w, w->at.last, VERDICT_ROLLED_BACK,
		        "the boot clock went back within one boot: a snapshot of the machine was put back");
		return;
	}
	__int128 boot = (__int128)is->boot_us - was->boot_us, wall = (__int128)is->wall_us - was->wall_us;
	__int128 step = wall > boot ? wall - boot : boot - wall;
	struct place at = w->at;
	at.first = at.last;
	if (step > CLOCK_STEP_US + boot / 1000)
		host_find(w->hosts, w->host, VERDICT_CLOCK, &at, "the host's clock was set %s by %llu s",
		          wall > boot ? "forward" : "back", seconds((uint64_t)step));
}

static int keep_boot(struct log_epoch *e, const uint8_t id[16], uint64_t index)
{
	if (e->boot_len == e->boot_cap) {
		size_t cap = MIN(MAX(e->boot_cap * 2, (size_t)4), (size_t)BOOTS_KEPT);
		if (cap == e->boot_cap)
			return 0;
		struct epoch_boot *grown = reallocarray(e->boots, cap, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		e->boots = grown;
		e->boot_cap = cap;
	}
	struct epoch_boot *boot = &e->boots[e->boot_len++];
	boot->index = index;
	memcpy(boot->id, id, sizeof(boot->id));
	return 0;
}

static void check_fleet_size(struct work *w)
{
	struct log_epoch *e = w->epoch;
	const struct fleet_head *head = &w->result.seal.fleet;
	if (head->size && (head->generation < e->fleet_generation ||
	                   (head->generation == e->fleet_generation && head->size < e->fleet_size)))
		work_find_at(w, w->at.last, VERDICT_ROLLED_BACK,
		             "the seal holds an older fleet head than one before it");
	if (head->generation > e->fleet_generation)
		e->fleet_size = 0;
	e->fleet_generation = MAX(e->fleet_generation, head->generation);
	e->fleet_size = MAX(e->fleet_size, head->size);
}

int timeline_seal(struct work *w)
{
	struct log_epoch *e = w->epoch;
	const struct seal *s = &w->result.seal;
	bool same_boot = e->boot_len && memcmp(e->boots[e->boot_len - 1].id, s->boot_id, 16) == 0;
	check_commit_time(w);
	check_fleet_size(w);
	if (same_boot)
		check_clocks(w);
	e->clock = s->clock;
	return same_boot ? 0 : keep_boot(e, s->boot_id, w->at.last);
}

static bool named_before(const struct log_host *host, size_t epoch, size_t boot, const uint8_t id[16])
{
	for (size_t i = 0; i <= epoch; i++) {
		size_t n = i == epoch ? boot : host->epoch[i]->boot_len;
		for (size_t k = 0; k < n; k++) {
			if (memcmp(host->epoch[i]->boots[k].id, id, 16) == 0)
				return true;
		}
	}
	return false;
}

/* A boot's id is random: one that comes back after another belongs to a second machine, or to a copy. */
static void check_boots(struct hosts *h, struct log_host *host)
{
	const uint8_t *before = NULL;
	for (size_t i = 0; i < host->epoch_count; i++) {
		const struct log_epoch *e = host->epoch[i];
		for (size_t k = 0; k < e->boot_len; k++) {
			const struct epoch_boot *boot = &e->boots[k];
			struct place at = { .origin = e->name,
				            .has_index = true,
				            .first = boot->index,
				            .last = boot->index };
			if (before && memcmp(before, boot->id, 16) != 0 && named_before(host, i, k, boot->id))
				host_find(h, host, VERDICT_CLONED, &at,
				          "an earlier boot's id is back: two machines with one identity, or "
				          "a copy "
				          "of one");
			before = boot->id;
		}
	}
}

void timeline_finish(struct hosts *h, struct log_host *host)
{
	for (size_t i = 0; i < host->epoch_count; i++) {
		end_late(h, host, host->epoch[i]);
		end_ahead(h, host, host->epoch[i]);
	}
	check_boots(h, host);
}

struct used {
	uint64_t bytes;
	size_t host;
};

static int by_bytes(const void *a, const void *b)
{
	const struct used *x = a, *y = b;
	if (x->bytes != y->bytes)
		return x->bytes < y->bytes ? -1 : 1;
	return x->host < y->host ? -1 : x->host > y->host;
}

static void report_shared(struct hosts *h, struct used *used, size_t n, const char *what)
{
	size_t told = SIZE_MAX;
	qsort(used, n, sizeof(*used), by_bytes);
	for (size_t i = 1; i < n; i++) {
		struct log_host *one = h->host[used[i - 1].host], *other = h->host[used[i].host];
		if (used[i].bytes != used[i - 1].bytes || one == other || used[i].host == told)
			continue;
		told = used[i].host;
		host_find(h, other, VERDICT_CLONED, &(struct place){ .origin = other->label },
		          "host %s has used the same %s: one of them is a copy", one->label, what);
	}
}

int timeline_compare_hosts(struct hosts *h)
{
	cleanup_free struct used *keys = calloc(MAX(h->count, (size_t)1) * KEYS_REMEMBERED, sizeof(*keys));
	cleanup_free struct used *seeds = calloc(MAX(h->count, (size_t)1) * KEYS_REMEMBERED, sizeof(*seeds));
	size_t n = 0;
	if (!keys || !seeds)
		return -ENOMEM;
	for (size_t i = 0; i < h->count; i++) {
		for (size_t k = 0; k < MIN(h->host[i]->used_at, (size_t)KEYS_REMEMBERED); k++) {
			keys[n] = (struct used){ h->host[i]->used_key[k], i };
			seeds[n++] = (struct used){ h->host[i]->used_seed[k], i };
		}
	}
	report_shared(h, keys, n, "seal key");
	report_shared(h, seeds, n, "seed");
	return 0;
}
