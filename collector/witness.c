#include "collector/witness.h"

#include "collector/fields.h"
#include "evidence/sensor.h"

#define RULE_KEY     "swornlog" /* collector/audit_rule.h, which knows no entries */
#define EXEC_PROGRAM "sched_process_exec"

struct witness {
	struct event_sink sink;
	struct cross_check *check;
	struct buf fields;
	uint64_t now_us;
	bool bpf_works;
};

static void send(struct witness *w, uint16_t kind, uint8_t sensors, uint64_t process, struct span fields)
{
	struct intake_event event = {
		.kind = kind, .sensors = sensors, .boot_us = w->now_us, .process = process, .fields = fields
	};
	if (fields.len)
		w->sink.put(w->sink.context, &event);
}

static void on_confirmed(void *context, const struct exec_seen *bpf, const struct exec_seen *audit)
{
	struct witness *w = context;
	struct fields f;
	if (bpf->number == INTAKE_NO_PROCESS)
		return;
	buf_reset(&w->fields);
	fields_begin(&f, &w->fields);
	fields_uint(&f, CONFIRMATION_WHAT, KIND_EXEC);
	fields_uint(&f, CONFIRMATION_SERIAL, audit->serial);
	send(w, KIND_CONFIRMATION, SENSOR_AUDIT, bpf->number, fields_end(&f));
}

static void begin_disagreement(struct witness *w, struct fields *f, enum cross_check_sensor by)
{
	static const uint8_t bits[] = {
		[CROSS_CHECK_BPF] = SENSOR_BPF_TRACEPOINT, [CROSS_CHECK_AUDIT] = SENSOR_AUDIT
	};
	buf_reset(&w->fields);
	fields_begin(f, &w->fields);
	fields_uint(f, DISAGREEMENT_WHAT, KIND_EXEC);
	fields_uint(f, DISAGREEMENT_SEEN, bits[by]);
	fields_uint(f, DISAGREEMENT_MISSED,
	            bits[by == CROSS_CHECK_BPF ? CROSS_CHECK_AUDIT : CROSS_CHECK_BPF]);
}

static void put_number(struct fields *f, uint64_t key, uint32_t number)
{
	if (number != CROSS_CHECK_UNSET)
		fields_uint(f, key, number);
}

static void on_disagreement(void *context, enum cross_check_sensor by, const struct exec_seen *exec)
{
	struct witness *w = context;
	struct fields f;
	begin_disagreement(w, &f, by);
	fields_uint(&f, DISAGREEMENT_PID, exec->pid);
	put_number(&f, DISAGREEMENT_PARENT_PID, exec->ppid);
	fields_bytes(&f, DISAGREEMENT_EXE, (struct span){ exec->exe, exec->exe_len });
	put_number(&f, DISAGREEMENT_UID, exec->uid);
	put_number(&f, DISAGREEMENT_LOGINUID, exec->loginuid);
	put_number(&f, DISAGREEMENT_SESSION, exec->session);
	if (by == CROSS_CHECK_AUDIT)
		fields_uint(&f, DISAGREEMENT_SERIAL, exec->serial);
	send(w, KIND_DISAGREEMENT, SENSOR_AGENT, exec->number, fields_end(&f));
}

static void on_count(void *context, enum cross_check_sensor by, uint64_t count)
{
	struct witness *w = context;
	struct fields f;
	begin_disagreement(w, &f, by);
	fields_uint(&f, DISAGREEMENT_COUNT, count);
	send(w, KIND_DISAGREEMENT, SENSOR_AGENT, INTAKE_NO_PROCESS, fields_end(&f));
}

int witness_new(const struct event_sink *sink, struct witness **ret)
{
	struct witness *w = calloc(1, sizeof(*w));
	if (!w)
		return -ENOMEM;
	w->sink = *sink;
	struct cross_check_config config = { .on_confirmed = on_confirmed,
		                             .on_disagreement = on_disagreement,
		                             .on_count = on_count,
		                             .context = w };
	int err = cross_check_new(&config, &w->check);
	if (err)
		free(w);
	else
		*ret = w;
	return err;
}

void witness_free(struct witness *w)
{
	if (!w)
		return;
	cross_check_free(w->check);
	buf_done(&w->fields);
	free(w);
}

void witness_arm(struct witness *w, bool armed, uint64_t now_us)
{
	cross_check_arm(w->check, armed, now_us);
}

void witness_trust(struct witness *w, bool bpf_works)
{
	w->bpf_works = bpf_works;
}

bool witness_armed(const struct witness *w)
{
	return cross_check_armed(w->check);
}

static void take_exe(struct exec_seen *e, struct span exe)
{
	e->exe_len = MIN(exe.len, sizeof(e->exe));
	if (e->exe_len)
		memcpy(e->exe, exe.data + (exe.len - e->exe_len), e->exe_len);
}

static struct exec_seen of_record(const struct bpf_view *view, struct span exe)
{
	const struct bpf_record *head = view->head;
	struct exec_seen e = { .pid = head->tgid,
		               .ppid = view->exec->parent_tgid,
		               .uid = head->ids[BPF_UID],
		               .loginuid = head->loginuid,
		               .session = head->session,
		               .start_us = head->start_boot_ns / 1000 };
	take_exe(&e, exe);
	e.comm_len = strnlen(view->exec->comm, sizeof(e.comm));
	memcpy(e.comm, view->exec->comm, e.comm_len);
	return e;
}

bool witness_seen(struct witness *w, const struct bpf_view *exec, struct span exe, uint32_t *ret_serial)
{
	if (!witness_armed(w))
		return false;
	struct exec_seen e = of_record(exec, exe);
	return cross_check_bpf(w->check, &e, ret_serial);
}

void witness_sent(struct witness *w, const struct bpf_view *exec, struct span exe, uint64_t number)
{
	if (!witness_armed(w))
		return;
	struct exec_seen e = of_record(exec, exe);
	e.number = number;
	cross_check_sent(w->check, &e, w->now_us);
}

static struct exec_seen of_audit(const struct audit_who *who)
{
	struct exec_seen e = { .pid = who->pid,
		               .ppid = who->ppid,
		               .uid = who->uid,
		               .loginuid = who->loginuid,
		               .session = who->session,
		               .serial = who->stamp.serial,
		               .number = INTAKE_NO_PROCESS };
	take_exe(&e, (struct span){ who->exe, who->exe_len });
	e.comm_len = MIN(who->comm_len, sizeof(e.comm));
	memcpy(e.comm, who->comm, e.comm_len);
	return e;
}

bool witness_audit_event(struct witness *w, const struct audit_assembled *event, uint64_t now_us)
{
	struct audit_who who;
	w->now_us = now_us;
	if (!witness_armed(w) || !audit_is_exec(event))
		return false;
	audit_who_read(event, &who);
	if (!who.succeeded || who.pid == AUDIT_WHO_UNSET)
		return false;
	struct exec_seen e = of_audit(&who);
	cross_check_audit(w->check, &e, now_us);
	return w->bpf_works && span_is((struct span){ who.key, who.key_len }, RULE_KEY);
}

void witness_loss(struct witness *w, const struct intake_loss *loss, uint64_t now_us)
{
	/* Not LOSS_AUDIT_SERIAL: audit numbers events that it never logs. */
	bool audit = loss->reason == LOSS_AUDIT_BACKLOG || loss->reason == LOSS_AUDIT_SOCKET ||
	             loss->reason == LOSS_AUDIT_INCOMPLETE;
	bool ring = loss->reason == LOSS_RING_FULL || loss->reason == LOSS_RING_GAP;
	bool skipped = loss->reason == LOSS_KERNEL_SKIPPED && span_is(loss->detail, EXEC_PROGRAM);
	if (audit)
		cross_check_lost(w->check, CROSS_CHECK_AUDIT, now_us);
	if (skipped || (ring && (loss->kind == 0 || loss->kind == KIND_EXEC)))
		cross_check_lost(w->check, CROSS_CHECK_BPF, now_us);
}

void witness_tick(struct witness *w, bool bpf_behind, bool audit_behind, uint64_t now_us)
{
	const bool behind[] = { [CROSS_CHECK_BPF] = bpf_behind, [CROSS_CHECK_AUDIT] = audit_behind };
	w->now_us = now_us;
	cross_check_tick(w->check, behind, now_us);
}

struct cross_check_counts witness_counts(const struct witness *w)
{
	return cross_check_counts(w->check);
}
