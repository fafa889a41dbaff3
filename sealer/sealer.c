#include "sealer/sealer.h"

#include <stdio.h>

#include "sealer/answer.h"
#include "sealer/configuration.h"
#include "sealer/retention.h"
#include "sealer/session.h"
#include "sealer/witnessed.h"

/* Logins and the like wait this long for company. So that failed logins can't be used to wear a disk out,
 * they cause no more seals than one in CRITICAL_EVERY_US in the long run, but a burst of them does not wait.
 */
#define CRITICAL_GATHER_US 5000u
#define CRITICAL_EVERY_US  100000u
#define CRITICAL_BURST_US  3000000u
/* A collector that was killed and comes back may say exactly what was lost. */
#define COLLECTOR_PATIENCE_US 30000000u
/* A spool over its bound still takes heartbeats and the declaration of what was lost, up to here. */
#define SPOOL_RESERVE_BYTES ((uint64_t)1 << 20)

uint64_t sealer_now_us(const struct sealer *s)
{
	return s->options.log.env->boot_us(s->options.log.env);
}

static bool spool_exhausted(const struct sealer *s)
{
	return spool_unreceipted_bytes(&s->spool) >= s->options.spool_max_bytes + SPOOL_RESERVE_BYTES;
}

int sealer_seal(struct sealer *s)
{
	if (spool_exhausted(s)) {
		s->last_error = ENOSPC;
		s->last_seal_us = s->opened_us = sealer_now_us(s); /* look again in a while */
		s->critical_us = 0;
		return 0;
	}
	bool critical = s->critical_us != 0;
	int r = host_log_seal(s->log, &s->ledger);
	if ((r == -ENOSPC || r == -EDQUOT) && retention_give_up(s))
		r = host_log_seal(s->log, &s->ledger);
	uint64_t now = sealer_now_us(s);
	s->critical_us = 0;
	s->opened_us = r < 0 && host_log_pending(s->log) > 0 ? now : 0;
	s->last_seal_us = now;
	if (r < 0) {
		s->failed_seals++;
		s->last_error = -r;
		return r == -ENOTRECOVERABLE ? r : 0;
	}
	s->last_error = 0;
	s->sealed_batches++;
	if (s->spool.bytes > s->options.spool_max_bytes)
		retention_apply(s);
	if (critical)
		s->critical_paid_us = MAX(s->critical_paid_us, now) + CRITICAL_EVERY_US;
	return sealer_watch_spool(s);
}

void sealer_note_pending(struct sealer *s, bool critical)
{
	uint64_t now = sealer_now_us(s);
	if (!s->opened_us)
		s->opened_us = now;
	if (critical && !s->critical_us)
		s->critical_us = now;
}

int sealer_note(struct sealer *s, enum agent_what what, const char *detail)
{
	int r = host_log_add_agent(s->log, what, detail);
	if (r == -ENOSPC) {
		r = sealer_seal(s);
		if (r == 0)
			r = host_log_add_agent(s->log, what, detail);
	}
	sealer_note_pending(s, true);
	return r == -ENOTRECOVERABLE ? r : 0;
}

int sealer_add_own(struct sealer *s, enum entry_kind kind, struct span fields)
{
	int r = host_log_add_fields(s->log, kind, fields);
	if (r == -ENOSPC) {
		r = sealer_seal(s);
		if (r == 0)
			r = host_log_add_fields(s->log, kind, fields);
	}
	if (r == 0)
		sealer_note_pending(s, false);
	return r;
}

/* Past the bound new events are given up; what is sealed stays. */
int sealer_watch_spool(struct sealer *s)
{
	uint64_t used = spool_unreceipted_bytes(&s->spool), max = s->options.spool_max_bytes;
	bool was_full = s->spool_full;
	s->spool_full = used >= max;
	if (was_full && !s->spool_full)
		s->wants_reconnect = s->connected; /* processes described meanwhile were lost */
	bool near = used >= max / 10 * 9;
	if (near == s->spool_near)
		return 0;
	s->spool_near = near;
	return sealer_note(s, near ? AGENT_SPOOL_NEARLY_FULL : AGENT_SPOOL_USABLE, NULL);
}

/* Batches from row `from` on are given up. `missing` (or NULL) is gone already. */
static int begin_epoch(struct sealer *s, enum epoch_cause cause, uint32_t above, size_t from,
                       const struct abandoned *missing)
{
	struct epoch_start start = { .cause = cause, .receipted = s->receipted };
	if (missing && missing->count)
		start.abandoned[start.abandoned_count++] = *missing;
	spool_list_abandoned(&s->spool, from, &start);
	int r = host_log_new_epoch(s->log, &start, above, &s->ledger);
	if (r == 0)
		r = spool_abandon(&s->spool, from);
	if (r < 0)
		return -ENOTRECOVERABLE;
	process_index_clear(s->processes);
	memset(s->ended, 0, sizeof(s->ended));
	s->wants_reconnect = s->connected;
	s->has_posture = false;
	s->opened_us = s->critical_us = 0;
	if (s->posture_fields.len)
		r = sealer_add_posture(s, (struct span){ s->posture_fields.data, s->posture_fields.len });
	if (r == 0)
		r = configuration_repeat(s);
	return r < 0 ? r : sealer_note(s, AGENT_SEALER_STARTED, NULL);
}

int sealer_begin_epoch(struct sealer *s, enum epoch_cause cause, uint32_t above)
{
	return begin_epoch(s, cause, above, s->spool.receipted, NULL);
}

int sealer_restored_epoch(struct sealer *s, uint32_t above, const struct abandoned *gone)
{
	return begin_epoch(s, EPOCH_SINK_RESTORED, above, 0, gone);
}

/* When the next seal is due. */
static uint64_t due_us(const struct sealer *s)
{
	uint64_t due = s->last_seal_us + s->options.heartbeat_us;
	if (s->opened_us)
		due = MIN(due, s->opened_us + s->options.seal_interval_us);
	if (s->critical_us) {
		uint64_t allowed =
		        s->critical_paid_us - MIN(s->critical_paid_us, (uint64_t)CRITICAL_BURST_US);
		due = MIN(due, MAX(s->critical_us + CRITICAL_GATHER_US, allowed));
	}
	return due;
}

static int add_heartbeat(struct sealer *s)
{
	if (s->opened_us || host_log_pending(s->log) > 0)
		return 0;
	static const uint8_t empty_map = 0xa0;
	return host_log_add_fields(s->log, KIND_HEARTBEAT, (struct span){ &empty_map, 1 });
}

int sealer_tick(struct sealer *s, uint64_t *ret_wait_us)
{
	uint64_t now = sealer_now_us(s);
	if (s->gone_us && now - s->gone_us > COLLECTOR_PATIENCE_US)
		sealer_declare_gone(s);
	int r = witnessed_look(s);
	if (r < 0)
		return r;
	uint64_t due = due_us(s);
	if (now >= due) {
		r = add_heartbeat(s);
		if (r == 0 || r == -ENOSPC)
			r = sealer_seal(s);
		if (r == -ENOTRECOVERABLE)
			return r;
		now = sealer_now_us(s);
		due = due_us(s);
	}
	*ret_wait_us = due > now ? due - now : 1000;
	return 0;
}

int sealer_stop(struct sealer *s)
{
	static const uint8_t why[] = { 0xa1, 0, 0 }; /* {0: 0} */
	sealer_declare_gone(s);
	int r = host_log_add_fields(s->log, KIND_GOODBYE, (struct span){ why, sizeof(why) });
	if (r < 0)
		return r;
	r = sealer_seal(s);
	if (r == 0 && s->last_error == 0)
		r = running_clear(s->options.log.env, s->options.state_fd);
	return r;
}

void sealer_close(struct sealer *s)
{
	if (!s)
		return;
	host_log_close(s->log);
	s->spool.fd = -1;
	spool_close(&s->spool);
	process_index_free(s->processes);
	buf_done(&s->scratch);
	buf_done(&s->posture_fields);
	buf_done(&s->rules_text);
	free(s);
}

static void sealer_freep(struct sealer **s)
{
	sealer_close(*s);
}

/* The sink refuses for ever what lies behind a batch that it never got; a new epoch can be shipped. */
static int start_log(struct sealer *s)
{
	struct spool_gap gap;
	struct spool_place receipted = { s->receipted.epoch, s->receipted.size };
	struct spool_place end = { host_log_epoch(s->log), host_log_size(s->log) };
	if (spool_find_gap(&s->spool, receipted, end, &gap))
		return begin_epoch(s, EPOCH_STATE_LOST, 0, gap.row, &gap.missing);
	return sealer_note(s, AGENT_SEALER_STARTED, NULL);
}

static int open_log(struct sealer *s)
{
	int r = host_log_open(&s->options.log, s->options.state_fd, &s->spool, &s->log);
	if (r == 0) {
		configuration_begin(s);
		r = answer_load(s);
	}
	if (r == 0)
		r = running_set(s->options.log.env, s->options.state_fd, &s->was_running);
	if (r < 0)
		return r;
	if (s->was_running)
		ledger_add(&s->ledger, LOSS_SEALER_DOWN, UNKNOWN, 0, 0, 0,
		           "the sealer had ended without a goodbye");
	if (s->spool.damaged)
		ledger_add(&s->ledger, LOSS_MALFORMED, UNKNOWN, 0, 0, 0,
		           "sealed batches in the spool were damaged and set aside");
	r = sealer_watch_spool(s);
	return r < 0 ? r : start_log(s);
}

int sealer_open(const struct sealer_options *options, struct sealer **ret, char *error, size_t error_size)
{
	cleanup(sealer_freep) struct sealer *s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->options = *options;
	s->spool.fd = -1;
	s->last_seal_us = sealer_now_us(s);
	error[0] = '\0';
	int r = process_index_new(&s->processes);
	if (r == 0)
		r = spool_open(options->log.env, options->spool_fd, options->log.fleet, options->log.host,
		               &s->spool, error, error_size);
	if (r == 0)
		r = open_log(s);
	if (r < 0) {
		if (!error[0])
			snprintf(error, error_size, "the host log can't be opened: %s", strerror(-r));
		return r;
	}
	*ret = TAKE_PTR(s);
	return 0;
}
