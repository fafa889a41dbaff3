#include "collector/exec_event.h"

#include "collector/describe.h"
#include "collector/proc_reader.h"

void exec_event_done(struct exec_event *e)
{
	buf_done(&e->path);
	buf_done(&e->argv);
	buf_done(&e->fields);
}

static struct process_image *image_of(struct exec_event *e, const struct bpf_view *view, struct span exe,
                                      struct span argv)
{
	const struct bpf_exec_record *r = view->exec;
	struct process_image *image = process_image_new(exe, argv);
	if (!image)
		return NULL;
	uint16_t argv_marks = view->strings[BPF_EXEC_ARGV].marks;
	image->marks |= entry_marks_of(view->strings[BPF_EXEC_EXE].marks);
	if (argv_marks & BPF_MARK_STRING_TRUNCATED)
		image->marks |= ENTRY_MARK_ARGV_TRUNCATED;
	image->argv_bytes = image->marks & ENTRY_MARK_ARGV_TRUNCATED ? r->argv_bytes : 0;
	image->device = r->device;
	image->inode = r->inode;
	image->cgroup = r->cgroup;
	memcpy(image->namespaces, r->namespaces, sizeof(image->namespaces));
	image->sensors = SENSOR_BPF_TRACEPOINT;
	memcpy(image->comm, r->comm, sizeof(r->comm));
	const char *container = actors_container(e->actors, view->head->tgid, r->cgroup);
	memcpy(image->container, container, strlen(container) + 1);
	return image;
}

static struct process_key parent_of(const struct bpf_view *view)
{
	return (struct process_key){ view->exec->parent_tgid, view->exec->parent_start_boot_ns / 1000 };
}

/* Empty if the kernel names none. */
static struct span read_exe(struct exec_event *e, const struct bpf_view *view)
{
	buf_reset(&e->path);
	if (!(view->strings[BPF_EXEC_EXE].marks & BPF_MARK_MISSING))
		bpf_path_put(&e->path, view->text[BPF_EXEC_EXE]);
	return buf_span(&e->path);
}

static struct redact *rules_of(const struct exec_event *e)
{
	return e->redact ? *e->redact : NULL;
}

/* The kernel's record stays as it is: `copy` takes its place. */
static void redact_name(const struct exec_event *e, struct bpf_view *view, struct bpf_exec_record *copy)
{
	*copy = *view->exec;
	redact_comm(rules_of(e), copy->comm);
	view->exec = copy;
}

bool exec_event_found(struct exec_event *e, const struct bpf_view *view)
{
	struct span exe = read_exe(e, view), argv = { 0 };
	uint32_t marks = 0;
	struct bpf_exec_record record;
	struct bpf_view clean = *view;
	redact_name(e, &clean, &record);
	if (buf_err(&e->path))
		return false;
	bool has_argv = actors_read_argv(e->actors, view->head->tgid, view->head->start_boot_ns / 1000, &argv,
	                                 &marks) == 0;
	struct process_image *image = image_of(e, &clean, exe, argv);
	if (image && has_argv) {
		image->sensors |= SENSOR_PROC;
		image->marks |= marks;
	}
	return actors_found(e->actors, view->head, parent_of(view), image);
}

/* Memory that could not be read ends a string as well. */
static size_t cut_of(const struct bpf_string *string)
{
	return string->marks & (BPF_MARK_STRING_TRUNCATED | BPF_MARK_FAULT) ? REDACT_CUT_LAST : REDACT_WHOLE;
}

/* The arguments into e->argv. The name given to exec is the caller's string too; what replaces it is valid
 * until the next string is redacted. */
static int redact_exec(struct exec_event *e, struct bpf_view *view, bool *redacted)
{
	struct redact *rules = rules_of(e);
	struct span *name = &view->text[BPF_EXEC_FILENAME], argv;
	size_t cut = cut_of(&view->strings[BPF_EXEC_ARGV]);
	int err = redact_apply(rules, REDACT_ARGV, view->text[BPF_EXEC_ARGV], cut, &argv, redacted);
	if (err)
		return err;
	argv_put(&e->argv, argv);
	cut = cut_of(&view->strings[BPF_EXEC_FILENAME]);
	return redact_apply(rules, REDACT_TEXT, *name, cut, name, redacted);
}

bool exec_event_take(struct exec_event *e, const struct bpf_view *view)
{
	struct span exe = read_exe(e, view);
	struct bpf_exec_record record;
	struct bpf_view clean = *view;
	bool redacted = false;
	redact_name(e, &clean, &record);
	buf_reset(&e->argv);
	buf_reset(&e->fields);
	if (redact_exec(e, &clean, &redacted) || buf_err(&e->path) || buf_err(&e->argv))
		return false;
	struct process_image *image = image_of(e, &clean, exe, buf_span(&e->argv));
	uint32_t marks = redacted ? ENTRY_MARK_REDACTED : 0;
	if (image)
		image->marks |= marks;
	const char *container = image ? image->container : "";
	uint32_t serial = 0;
	bool confirmed = e->witness && witness_seen(e->witness, &clean, exe, &serial);
	struct intake_event event = { .kind = KIND_EXEC,
		                      .sensors = SENSOR_BPF_TRACEPOINT | (confirmed ? SENSOR_AUDIT : 0),
		                      .boot_us = bpf_record_us(view->head),
		                      .fields = describe_exec(&e->fields, &clean, exe, buf_span(&e->argv),
		                                              container, marks, confirmed ? &serial : NULL) };
	if (!event.fields.len) {
		process_image_put(image);
		return false;
	}
	bool sent = actors_exec(e->actors, view->head, parent_of(view), image, &event);
	if (sent && e->witness && !confirmed)
		witness_sent(e->witness, &clean, exe, event.self);
	return sent;
}
