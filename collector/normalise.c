#include "collector/normalise.h"

#include "collector/counted.h"
#include "collector/exec_event.h"
#include "collector/fields.h"
#include "collector/left_out.h"
#include "collector/object_event.h"
#include "collector/system_event.h"

struct normaliser {
	struct normaliser_config config;
	struct rules *rules; /* NULL: none */
	const struct label_names *names;
	struct counted *counted;
	struct exec_event exec;
	struct file_event file;
	struct buf fields;
};

static void free_normaliser(struct normaliser **n)
{
	normaliser_free(*n);
}

int normaliser_new(const struct normaliser_config *config, struct normaliser **ret)
{
	struct normaliser *n cleanup(free_normaliser) = calloc(1, sizeof(*n));
	if (!n)
		return -ENOMEM;
	n->config = *config;
	n->exec = (struct exec_event){ .actors = config->actors,
		                       .witness = config->witness,
		                       .redact = config->redact };
	struct counted_config counted = { .actors = config->actors, .sink = config->sink };
	int err = counted_new(&counted, &n->counted);
	if (err)
		return err;
	*ret = TAKE_PTR(n);
	return 0;
}

void normaliser_set_rules(struct normaliser *n, struct rules *rules, const struct label_names *names)
{
	n->rules = rules;
	n->names = names;
	counted_set_rules(n->counted, &rules->repeats);
}

void normaliser_tick(struct normaliser *n, uint64_t now_us)
{
	counted_tick(n->counted, now_us);
}

void normaliser_flush(struct normaliser *n)
{
	counted_flush(n->counted);
}

uint64_t normaliser_untold(const struct normaliser *n)
{
	return counted_untold(n->counted);
}

void normaliser_undescribe(struct normaliser *n)
{
	counted_undescribe(n->counted);
}

void normaliser_free(struct normaliser *n)
{
	if (!n)
		return;
	exec_event_done(&n->exec);
	file_event_done(&n->file);
	buf_done(&n->fields);
	counted_free(n->counted);
	free(n);
}

/* Whatever happens to it in the sink: it has been an event. */
static bool emit_from(struct normaliser *n, const struct bpf_view *view, uint8_t sensors, uint16_t kind,
                      const struct process *p, uint64_t target, struct span fields)
{
	if (!fields.len)
		return false;
	struct intake_event event = { .kind = kind,
		                      .sensors = sensors,
		                      .boot_us = bpf_record_us(view->head),
		                      .process = p->number,
		                      .parent = target,
		                      .fields = fields };
	n->config.sink.put(n->config.sink.context, &event);
	return true;
}

static bool emit(struct normaliser *n, const struct bpf_view *view, uint16_t kind, const struct process *p,
                 struct span fields)
{
	return emit_from(n, view, SENSOR_BPF_TRACEPOINT, kind, p, INTAKE_NO_PROCESS, fields);
}

static struct redact *rules_of(const struct normaliser *n)
{
	return n->config.redact ? *n->config.redact : NULL;
}

static bool on_exec(struct normaliser *n, const struct bpf_view *view)
{
	counted_end(n->counted, process_key_of(view->head));
	return exec_event_take(&n->exec, view);
}

bool normaliser_found(struct normaliser *n, const struct bpf_view *view)
{
	return exec_event_found(&n->exec, view);
}

static bool on_exited(struct normaliser *n, const struct bpf_view *view)
{
	struct process *p = actors_of_record(n->config.actors, view->head);
	if (!p)
		return false;
	/* Two last threads may both find themselves the last. */
	if (p->exited_us) {
		n->config.sink.filtered(n->config.sink.context, KIND_EXIT);
		return true;
	}
	counted_end(n->counted, process_key_of(view->head));
	p->exited_us = bpf_record_us(view->head);
	uint32_t status = view->exit->status;
	struct fields f;
	buf_reset(&n->fields);
	fields_begin(&f, &n->fields);
	fields_uint(&f, EXIT_CODE, status >> 8 & 0xff);
	fields_uint_nonzero(&f, EXIT_SIGNAL, status & 0x7f);
	if (status & 0x80) {
		fields_key(&f, EXIT_CORE);
		cbor_put_bool(&n->fields, true);
	}
	return emit(n, view, KIND_EXIT, p, fields_end(&f));
}

/* Not an event: the child is described when it first does something. */
static bool on_fork(struct normaliser *n, const struct bpf_view *view)
{
	struct process_key child = { view->fork->child_tgid, view->fork->child_start_boot_ns / 1000 };
	return actors_fork(n->config.actors, view->head, child);
}

/* The actor is the process as it was: what it becomes is described when it next acts. */
static bool on_credentials(struct normaliser *n, const struct bpf_view *view)
{
	struct process *p = actors_before_record(n->config.actors, view->head);
	const struct process_ids *before = p ? &p->ids : NULL;
	struct span fields = system_event_encode(&n->file, view, before);
	if (!p)
		p = actors_of_record(n->config.actors, view->head);
	if (!p || !emit(n, view, KIND_CREDENTIALS, p, fields))
		return false;
	/* What its namespaces are now is not known before its next exec. */
	uint8_t operation = n->file.shape->operation;
	bool moves = operation == CREDENTIALS_UNSHARE || operation == CREDENTIALS_SETNS;
	if (moves && view->file->result >= 0)
		p->place_known = false;
	return true;
}

/* The arguments of an exec that failed, in n->file. */
static int redact_call(struct normaliser *n, struct bpf_view *view)
{
	struct span *data = &view->text[BPF_FILE_DATA];
	/* Each argument may have been cut by itself. */
	bool cut = view->strings[BPF_FILE_DATA].marks & BPF_MARK_STRING_TRUNCATED, redacted = false;
	if (n->file.kind != KIND_EXEC_FAILED)
		return 0;
	int err = redact_apply(rules_of(n), REDACT_ARGV, *data, cut ? BPF_ARGUMENT_MAX - 1 : REDACT_WHOLE,
	                       data, &redacted);
	if (redacted)
		n->file.marks |= ENTRY_MARK_REDACTED;
	return err;
}

/* The process that an act is aimed at. Only numbers of the initial namespace are known. */
static uint64_t target_of(struct normaliser *n, const struct bpf_view *view)
{
	bool aims = n->file.kind == KIND_PTRACE || n->file.kind == KIND_SIGNAL;
	int32_t pid = aims ? system_event_pid(&n->file, view) : 0;
	if (pid <= 0 || (view->file->marks & BPF_MARK_PIDS))
		return INTAKE_NO_PROCESS;
	return actors_of_pid(n->config.actors, (uint32_t)pid, bpf_record_us(view->head));
}

static bool is_own(const struct normaliser *n, const struct bpf_view *view)
{
	return n->config.own && own_events_is_process(n->config.own, process_key_of(view->head));
}

/* Its process is not described for an event that nobody is told. */
static bool is_excluded(struct normaliser *n, const struct bpf_view *view)
{
	if (!n->rules || !n->rules->exclude.count)
		return false;
	const struct process *actor = actors_before_record(n->config.actors, view->head);
	struct exclusion *x = left_out(&n->rules->exclude, &n->file, view, actor);
	if (!x)
		return false;
	x->left_out++;
	n->config.sink.filtered(n->config.sink.context, n->file.kind);
	return true;
}

static bool on_system(struct normaliser *n, const struct bpf_view *view)
{
	if (is_excluded(n, view))
		return true;
	if (n->file.kind == KIND_CREDENTIALS)
		return on_credentials(n, view);
	if (n->file.kind == KIND_SIGNAL && is_own(n, view)) {
		n->config.sink.filtered(n->config.sink.context, KIND_SIGNAL);
		return true;
	}
	struct bpf_view clean = *view;
	if (redact_call(n, &clean))
		return false;
	struct span fields = system_event_encode(&n->file, &clean, NULL);
	uint64_t target = target_of(n, view);
	const struct process *p = actors_of_record(n->config.actors, view->head);
	return p && emit_from(n, view, SENSOR_BPF_TRACEPOINT, n->file.kind, p, target, fields);
}

/* With whom the kernel's word is the last one. */
static void learn_object(struct normaliser *n, const struct bpf_view *view)
{
	const struct bpf_file_record *r = view->file;
	uint32_t news = n->file.labels & ~r->labels;
	bool sure = !(n->file.marks & ENTRY_MARK_UNSURE) && !(r->marks & BPF_MARK_FOREIGN);
	if (news && r->inode && n->config.on_labelled && sure)
		n->config.on_labelled(n->config.context, r->device, r->inode, news);
}

/* Told, or counted where it repeats one that was. */
static bool emit_file(struct normaliser *n, const struct bpf_view *view, uint8_t sensors, struct span fields)
{
	const struct process *p = actors_of_record(n->config.actors, view->head);
	if (!p || !fields.len)
		return false;
	struct intake_event event = { .kind = n->file.kind,
		                      .sensors = sensors,
		                      .boot_us = bpf_record_us(view->head),
		                      .process = p->number,
		                      .parent = INTAKE_NO_PROCESS,
		                      .fields = fields };
	counted_take(n->counted, process_key_of(view->head), &event, n->file.labels);
	return true;
}

static bool is_own_file(const struct normaliser *n, const struct bpf_view *view)
{
	return n->config.own && own_events_match(n->config.own, process_key_of(view->head), &n->file);
}

static bool on_file(struct normaliser *n, const struct bpf_view *view)
{
	if (file_event_read(&n->file, view))
		return false;
	if (system_event_is(n->file.kind))
		return on_system(n, view);
	if (is_own_file(n, view)) {
		n->config.sink.filtered(n->config.sink.context, n->file.kind);
		return true;
	}
	if (n->rules && file_event_label(&n->file, view, &n->rules->watch))
		return false;
	/* The kernel was in doubt. */
	if (n->file.reads && !n->file.labels)
		return true;
	learn_object(n, view);
	if (is_excluded(n, view))
		return true;
	return emit_file(n, view, SENSOR_BPF_TRACEPOINT, file_event_encode(&n->file, view, n->names));
}

static bool on_object(struct normaliser *n, const struct bpf_view *view)
{
	if (object_event_read(&n->file, view))
		return false;
	if (is_own_file(n, view)) {
		n->config.sink.filtered(n->config.sink.context, n->file.kind);
		return true;
	}
	if (n->rules && file_event_label(&n->file, view, &n->rules->watch))
		return false;
	learn_object(n, view);
	if (is_excluded(n, view))
		return true;
	return emit_file(n, view, object_event_sensors(view), object_event_encode(&n->file, view, n->names));
}

static bool on_io_uring(struct normaliser *n, const struct bpf_view *view)
{
	const struct process *p = actors_of_record(n->config.actors, view->head);
	if (!p)
		return false;
	struct fields f;
	buf_reset(&n->fields);
	fields_begin(&f, &n->fields);
	if (view->head->tid != view->head->tgid)
		fields_uint(&f, FILE_TID, view->head->tid);
	fields_uint(&f, FILE_OPCODE, view->io_uring->opcode);
	return emit(n, view, KIND_IO_URING, p, fields_end(&f));
}

bool normaliser_record(struct normaliser *n, const struct bpf_view *view)
{
	static bool (*const handlers[BPF_PROGRAMS])(struct normaliser *, const struct bpf_view *) = {
		[BPF_PROGRAM_EXEC] = on_exec,         [BPF_PROGRAM_EXIT] = on_exited,
		[BPF_PROGRAM_FORK] = on_fork,         [BPF_PROGRAM_FILE] = on_file,
		[BPF_PROGRAM_IO_URING] = on_io_uring, [BPF_PROGRAM_OBJECT... BPF_PROGRAMS - 1] = on_object,
	};
	bool (*handler)(struct normaliser *, const struct bpf_view *) = handlers[view->head->program];
	return handler && handler(n, view);
}
