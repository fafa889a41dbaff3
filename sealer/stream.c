#include "evidence/posture.h"
#include "lib/cbor.h"
#include "sealer/configuration.h"
#include "sealer/fields.h"
#include "sealer/session.h"

static void lose(struct sealer *s, uint16_t kind, uint64_t boot_us)
{
	ledger_add(&s->ledger, LOSS_SPOOL_FULL, EXACT, kind, 1, boot_us, NULL);
}

static int add(struct sealer *s, const struct entry *e, uint64_t boot_us, bool critical, uint64_t *ret_index)
{
	int r = host_log_add(s->log, e, boot_us, critical, ret_index);
	if (r != -ENOSPC)
		return r;
	r = sealer_seal(s);
	return r < 0 ? r : host_log_add(s->log, e, boot_us, critical, ret_index);
}

int sealer_add_posture(struct sealer *s, struct span fields)
{
	cleanup_buf struct buf whole = { 0 };
	int r = fields_put_one(&whole, fields, POSTURE_FILE_SYSTEM, s->options.file_system);
	if (r < 0)
		return r;
	struct span map = { whole.data, whole.len };
	struct hash digest;
	sha256(map.data, map.len, &digest);
	if (s->has_posture && hash_equal(&digest, &s->posture))
		return 0;
	r = sealer_add_own(s, KIND_POSTURE, map);
	if (r < 0)
		return r;
	s->has_posture = true;
	s->posture = digest;
	host_log_set_posture(s->log, map);
	return 0;
}

static bool describes_process(uint64_t kind)
{
	return kind == KIND_PROCESS || kind == KIND_EXEC;
}

static int event_fields(struct sealer *s, const struct intake_event *in, struct span *ret)
{
	*ret = in->fields;
	if (!describes_process(in->kind) && !entry_kind_aims(in->kind))
		return 0;
	buf_reset(&s->scratch);
	uint64_t parent = process_index_get(s->processes, in->parent);
	int r = entry_kind_aims(in->kind) ? fields_put_target(&s->scratch, in->fields, parent)
	                                  : fields_put_process(&s->scratch, in->fields, parent,
	                                                       process_index_get(s->processes, in->previous));
	*ret = (struct span){ s->scratch.data, s->scratch.len };
	return r;
}

static void remember_process(struct sealer *s, const struct intake_event *in, uint64_t index)
{
	if (in->kind == KIND_EXIT) {
		uint64_t *oldest = &s->ended[s->ended_next++ % SEALER_ENDED_MAX];
		process_index_remove(s->processes, *oldest);
		*oldest = in->process;
	}
	if (!describes_process(in->kind))
		return;
	process_index_set(s->processes, in->self, index);
	if (in->previous != in->self)
		process_index_remove(s->processes, in->previous);
}

static int take_event(struct sealer *s, const struct intake_event *in)
{
	s->received++;
	s->by_kind[MIN(in->kind, (uint16_t)(SEALER_KINDS - 1))]++;
	if (s->spool_full) {
		lose(s, in->kind, in->boot_us);
		return 0;
	}
	struct entry e = {
		.kind = in->kind,
		.sensors = in->sensors,
		.process = process_index_get(s->processes, in->process),
	};
	uint64_t index;
	bool critical = entry_critical(in->kind, in->fields);
	int r = event_fields(s, in, &e.fields);
	if (r == 0)
		r = add(s, &e, in->boot_us, critical, &index);
	if (r == -ENOTRECOVERABLE)
		return r;
	if (r == -EMSGSIZE || r == -EBADMSG)
		ledger_add(&s->ledger, LOSS_TOO_LARGE, EXACT, in->kind, 1, in->boot_us, NULL);
	else if (r < 0)
		lose(s, in->kind, in->boot_us);
	else
		remember_process(s, in, index);
	sealer_note_pending(s, critical);
	return 0;
}

static void take_loss(struct sealer *s, const struct intake_loss *l)
{
	char detail[LEDGER_DETAIL_MAX + 1] = "";
	memcpy(detail, l->detail.data ? (const char *)l->detail.data : "",
	       MIN(l->detail.len, (size_t)LEDGER_DETAIL_MAX));
	ledger_add(&s->ledger, l->reason, l->exactness, l->kind, l->count, l->since_boot_us,
	           detail[0] ? detail : NULL);
	if (l->exactness == EXACT)
		s->declared += l->count;
	sealer_note_pending(s, false);
}

/* The first account on a connection is where this one begins: what came before was told to an earlier sealer.
 */
static void begin_account(struct sealer *s, const struct intake_counts *c)
{
	s->base = (struct collector_base){
		.known = true,
		.filtered = c->sent == s->received ? 0 : c->filtered,
		.sent = c->sent - MIN(c->sent, s->received),
		.lost = c->lost - MIN(c->lost, s->declared),
	};
	s->filtered = s->base.filtered;
}

static int take_counts(struct sealer *s, const struct intake_counts *c)
{
	if (!s->base.known)
		begin_account(s, c);
	if (c->filtered > s->filtered) {
		host_log_count_filtered(s->log, c->filtered - s->filtered);
		s->filtered = c->filtered;
	}
	bool agrees = c->sent - s->base.sent == s->received && c->lost - s->base.lost == s->declared &&
	              c->emitted == c->filtered + c->lost + c->sent;
	if (!agrees && !s->accounts_differ) {
		s->accounts_differ = true;
		ledger_add(&s->ledger, LOSS_ACCOUNTING, UNKNOWN, 0, 0, sealer_now_us(s),
		           "the collector's count differs from the sealer's");
	}
	cleanup_buf struct buf array = { 0 };
	cbor_put_array(&array, c->cpus);
	for (uint32_t i = 0; i < c->cpus; i++)
		cbor_put_uint(&array, c->high_water[i]);
	int r = buf_err(&array);
	return r < 0 ? r : host_log_set_high_water(s->log, (struct span){ array.data, array.len });
}

/* Kept, because a new epoch needs it again. */
static int take_posture(struct sealer *s, struct span fields)
{
	buf_reset(&s->posture_fields);
	buf_put(&s->posture_fields, fields.data, fields.len);
	int r = buf_err(&s->posture_fields);
	return r < 0 ? r : sealer_add_posture(s, fields);
}

/* Nobody goes on where the collector ended, so nobody can say what was lost with it. */
void sealer_declare_gone(struct sealer *s)
{
	if (s->gone_us)
		ledger_add(&s->ledger, LOSS_COLLECTOR_DOWN, UNKNOWN, 0, 0, s->gone_us,
		           "the collector ended without a goodbye");
	s->gone_us = 0;
}

int sealer_frame(struct sealer *s, const struct intake_frame *f)
{
	int r = 0;
	if (f->type != INTAKE_RESUMED)
		sealer_declare_gone(s);
	switch (f->type) {
	case INTAKE_EVENT:
		r = take_event(s, &f->event);
		break;
	case INTAKE_LOSS:
		take_loss(s, &f->loss);
		break;
	case INTAKE_COUNTS:
		r = take_counts(s, &f->counts);
		break;
	case INTAKE_POSTURE:
		r = take_posture(s, f->posture);
		break;
	case INTAKE_GOODBYE:
		s->collector_left = true;
		r = sealer_note(s, AGENT_COLLECTOR_GOODBYE, NULL);
		break;
	case INTAKE_RULES:
		r = configuration_take(s, &f->rules);
		break;
	case INTAKE_RESUMED:
		s->gone_us = 0;
		break;
	}
	return r == -ENOTRECOVERABLE ? r : 0;
}

int sealer_collector_connected(struct sealer *s)
{
	process_index_clear(s->processes);
	memset(s->ended, 0, sizeof(s->ended));
	s->connected = true;
	s->collector_left = false;
	s->wants_reconnect = false;
	s->received = s->declared = s->filtered = 0;
	s->base = (struct collector_base){ 0 };
	s->accounts_differ = false;
	return sealer_note(s, AGENT_COLLECTOR_CONNECTED, NULL);
}

int sealer_collector_gone(struct sealer *s)
{
	s->connected = false;
	if (s->collector_left)
		return 0;
	s->gone_us = sealer_now_us(s);
	return sealer_note(s, AGENT_COLLECTOR_GONE, NULL);
}

bool sealer_wants_reconnect(struct sealer *s)
{
	bool wants = s->wants_reconnect;
	s->wants_reconnect = false;
	return wants;
}
