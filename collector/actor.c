#include "collector/actor.h"

#include "collector/bpf_record.h"
#include "collector/container.h"
#include "collector/describe.h"
#include "collector/proc_reader.h"

#define DAY_US         (UINT64_C(86400) * 1000000)
#define KEEP_EXITED_US (UINT64_C(10) * 1000000)
#define ANCESTORS_MAX  16
/* Reading /proc costs some system calls: no more often than this between two expiries, for a table that is
 * too small would make every event do it. */
#define PROC_READS_MAX 500

struct actors {
	struct actors_config config;
	struct process_table *table;
	uint64_t last_number;
	unsigned proc_reads;
	struct proc_facts facts;
	struct containers containers;
	struct buf fields;
};

static void free_actors(struct actors **a)
{
	actors_free(*a);
}

int actors_new(const struct actors_config *config, struct actors **ret)
{
	struct actors *a cleanup(free_actors) = calloc(1, sizeof(*a));
	if (!a)
		return -ENOMEM;
	a->config = *config;
	if (!a->config.repeat_us)
		a->config.repeat_us = DAY_US;
	int err = process_table_new(&config->limits, &a->table);
	if (err)
		return err;
	*ret = TAKE_PTR(a);
	return 0;
}

void actors_free(struct actors *a)
{
	if (!a)
		return;
	process_table_free(a->table);
	proc_facts_done(&a->facts);
	buf_done(&a->fields);
	free(a);
}

/* What /proc says, into an entry that exists. */
static void take_facts(struct actors *a, struct process *p, const struct proc_facts *f)
{
	struct process_image *image = process_image_new((struct span){ f->exe.data, f->exe.len },
	                                                (struct span){ f->argv.data, f->argv.len });
	p->parent.tgid = f->parent_tgid;
	p->ids = f->ids;
	p->ids_known = true;
	if (!image)
		return;
	image->marks |= f->marks;
	image->sensors = SENSOR_PROC;
	memcpy(image->comm, f->comm, sizeof(image->comm));
	process_table_set_image(a->table, p, image);
}

static struct redact *redact_of(const struct actors *a)
{
	return a->config.redact ? *a->config.redact : NULL;
}

/* A process that acts and that nobody has told of. */
static void enrich(struct actors *a, struct process *p)
{
	if (a->config.proc_fd < 0 || a->proc_reads >= PROC_READS_MAX)
		return;
	a->proc_reads++;
	if (proc_read(a->config.proc_fd, p->key.tgid, redact_of(a), &a->facts) == 0 &&
	    a->facts.key.start_us / 10000 == p->key.start_us / 10000)
		take_facts(a, p, &a->facts);
}

static uint8_t sensors_of(const struct process *p)
{
	return p->image && p->image->sensors ? p->image->sensors : SENSOR_BPF_TRACEPOINT;
}

static bool emit(struct actors *a, const struct intake_event *event)
{
	return a->config.sink.put(a->config.sink.context, event);
}

static bool is_stale(const struct actors *a, const struct process *p, uint64_t now_us)
{
	return p->number == INTAKE_NO_PROCESS ||
	       (now_us > p->described_us && now_us - p->described_us > a->config.repeat_us);
}

static struct process *parent_of(struct actors *a, const struct process *p)
{
	if (p->parent.tgid == 0)
		return NULL;
	if (p->parent.start_us)
		return process_table_find(a->table, p->parent.tgid, p->parent.start_us);
	/* /proc names a parent by its pid alone: it was there when its child was looked at. */
	struct process *parent = process_table_find_pid(a->table, p->parent.tgid);
	return parent && parent->key.start_us <= p->key.start_us ? parent : NULL;
}

/* A description that was lost is made again for the same cause; else, without a change, it is a repetition.
 */
static void remember(struct process *p, const struct intake_event *event, bool sent)
{
	p->number = sent ? event->self : INTAKE_NO_PROCESS;
	p->described_us = event->boot_us;
	if (sent)
		p->cause = PROCESS_CAUSE_REPEATED;
}

/* Describe one process now, whatever has been said of it before. */
static void describe(struct actors *a, struct process *p, uint64_t now_us, uint32_t tid)
{
	const struct process *parent = parent_of(a, p);
	buf_reset(&a->fields);
	struct intake_event event = { .kind = KIND_PROCESS,
		                      .sensors = sensors_of(p),
		                      .boot_us = now_us,
		                      .process = p->number,
		                      .self = ++a->last_number,
		                      .parent = parent ? parent->number : INTAKE_NO_PROCESS,
		                      .previous = p->number,
		                      .fields = describe_process(&a->fields, p, tid) };
	remember(p, &event, emit(a, &event));
}

/* Describe a process that is not, after its ancestors, the oldest first. */
static void ensure_described(struct actors *a, struct process *p, uint64_t now_us, uint32_t tid)
{
	struct process *line[ANCESTORS_MAX];
	size_t count = 0;
	for (struct process *at = p; at && count < ANCESTORS_MAX && is_stale(a, at, now_us);
	     at = parent_of(a, at))
		line[count++] = at;
	while (count--)
		describe(a, line[count], now_us, line[count] == p ? tid : 0);
}

static struct process *find(struct actors *a, const struct bpf_record *head)
{
	struct process_key key = process_key_of(head);
	return process_table_find(a->table, key.tgid, key.start_us);
}

static struct process *add(struct actors *a, const struct bpf_record *head)
{
	struct process_key key = process_key_of(head);
	return process_table_add(a->table, key.tgid, key.start_us);
}

static bool same_ids(const struct process *p, const struct bpf_record *head)
{
	return memcmp(p->ids.ids, head->ids, sizeof(head->ids)) == 0 && p->ids.loginuid == head->loginuid &&
	       p->ids.session == head->session;
}

static void take_ids(struct process *p, const struct bpf_record *head)
{
	memcpy(p->ids.ids, head->ids, sizeof(head->ids));
	p->ids.loginuid = head->loginuid;
	p->ids.session = head->session;
	p->ids_known = true;
}

/* The entry of the process that made the record, whatever is known of it. NULL without memory. */
static struct process *find_or_add(struct actors *a, const struct bpf_record *head, bool look)
{
	struct process *p = find(a, head);
	if (p)
		return p;
	p = add(a, head);
	if (!p)
		return NULL;
	p->cause = PROCESS_CAUSE_UNKNOWN;
	if (look)
		enrich(a, p);
	take_ids(p, head);
	p->exec_id = head->exec_id;
	return p;
}

struct process *actors_of_record(struct actors *a, const struct bpf_record *head)
{
	struct process *p = find_or_add(a, head, true);
	if (!p)
		return NULL;
	/* Late, of the program before: the exec has been told. */
	if (head->exec_id < p->exec_id) {
		ensure_described(a, p, bpf_record_us(head), head->tid);
		return p;
	}
	if (p->exec_id && p->exec_id != head->exec_id) {
		/* An exec whose record was lost: what we know is of the program before. */
		process_table_set_image(a->table, p, NULL);
		p->place_known = false;
		p->cause = PROCESS_CAUSE_UNKNOWN;
		enrich(a, p);
		take_ids(p, head);
		p->exec_id = head->exec_id;
		describe(a, p, bpf_record_us(head), head->tid);
		return p;
	}
	p->exec_id = head->exec_id;
	if (!p->ids_known || !same_ids(p, head)) {
		bool changed = p->ids_known && p->number != INTAKE_NO_PROCESS;
		take_ids(p, head);
		if (changed) {
			p->cause = PROCESS_CAUSE_CHANGED;
			describe(a, p, bpf_record_us(head), head->tid);
		}
	}
	ensure_described(a, p, bpf_record_us(head), head->tid);
	return p;
}

struct process *actors_before_record(struct actors *a, const struct bpf_record *head)
{
	struct process *p = find(a, head);
	if (!p || !p->ids_known || p->exec_id != head->exec_id)
		return NULL;
	ensure_described(a, p, bpf_record_us(head), head->tid);
	return p;
}

bool actors_found(struct actors *a, const struct bpf_record *head, struct process_key parent,
                  struct process_image *image)
{
	struct process *p = find(a, head);
	if (!p)
		p = add(a, head);
	if (!p) {
		process_image_put(image);
		return false;
	}
	p->cause = PROCESS_CAUSE_FOUND;
	p->parent = parent;
	p->exec_id = head->exec_id;
	p->place_known = image;
	take_ids(p, head);
	process_table_set_image(a->table, p, image);
	return true;
}

int actors_read_argv(struct actors *a, uint32_t tgid, uint64_t start, struct span *ret, uint32_t *ret_marks)
{
	int err =
	        a->config.proc_fd < 0 ? -ESRCH : proc_read(a->config.proc_fd, tgid, redact_of(a), &a->facts);
	if (!err && a->facts.key.start_us / 10000 != start / 10000)
		err = -ESRCH;
	if (err)
		return err;
	*ret = (struct span){ a->facts.argv.data, a->facts.argv.len };
	*ret_marks = a->facts.marks & (ENTRY_MARK_ARGV_TRUNCATED | ENTRY_MARK_REDACTED);
	return 0;
}

const char *actors_container(struct actors *a, uint32_t tgid, uint64_t cgroup)
{
	return containers_find(&a->containers, a->config.proc_fd, tgid, cgroup);
}

bool actors_fork(struct actors *a, const struct bpf_record *parent_head, struct process_key key)
{
	struct process *parent = find_or_add(a, parent_head, true);
	if (!parent)
		return false;
	if (process_table_find(a->table, key.tgid, key.start_us))
		return true;
	struct process *child = process_table_add(a->table, key.tgid, key.start_us);
	if (!child)
		return false;
	child->parent = parent->key;
	child->cause = PROCESS_CAUSE_FORK;
	child->exec_id = parent_head->exec_id;
	take_ids(child, parent_head);
	if (parent->image) {
		parent->image->users++;
		process_table_set_image(a->table, child, parent->image);
	}
	return true;
}

bool actors_exec(struct actors *a, const struct bpf_record *head, struct process_key parent_key,
                 struct process_image *image, struct intake_event *event)
{
	struct process *p = find_or_add(a, head, false);
	if (!p) {
		process_image_put(image);
		return false;
	}
	p->parent = parent_key;
	struct process *parent = parent_of(a, p);
	if (parent)
		ensure_described(a, parent, event->boot_us, 0);
	process_table_set_image(a->table, p, image);
	take_ids(p, head);
	p->exec_id = head->exec_id;
	p->place_known = true;
	event->process = p->number;
	event->previous = p->number;
	event->self = ++a->last_number;
	event->parent = parent ? parent->number : INTAKE_NO_PROCESS;
	p->cause = PROCESS_CAUSE_UNKNOWN;
	remember(p, event, emit(a, event));
	return true;
}

/* What /proc has under that pid, unless it is known. NULL if there is nothing. */
static struct process *look_up(struct actors *a, uint32_t pid)
{
	if (proc_read(a->config.proc_fd, pid, redact_of(a), &a->facts))
		return NULL;
	struct process *p = process_table_find(a->table, pid, a->facts.key.start_us);
	if (p)
		return p;
	p = process_table_add(a->table, pid, a->facts.key.start_us);
	if (!p)
		return NULL;
	p->cause = PROCESS_CAUSE_FOUND;
	take_facts(a, p, &a->facts);
	return p;
}

static void prime(void *context, uint32_t pid)
{
	look_up(context, pid);
}

void actors_prime(struct actors *a)
{
	proc_each(a->config.proc_fd, prime, a);
}

uint64_t actors_of_key(struct actors *a, struct process_key key, uint64_t boot_us)
{
	struct process *p = process_table_find(a->table, key.tgid, key.start_us);
	if (!p)
		return INTAKE_NO_PROCESS;
	ensure_described(a, p, boot_us, 0);
	return p->number;
}

uint64_t actors_of_pid(struct actors *a, uint32_t pid, uint64_t boot_us)
{
	struct process *p = process_table_find_pid(a->table, pid);
	if (!p && a->config.proc_fd >= 0 && a->proc_reads++ < PROC_READS_MAX)
		p = look_up(a, pid);
	if (!p || p->key.start_us > boot_us)
		return INTAKE_NO_PROCESS;
	ensure_described(a, p, boot_us, 0);
	return p->number;
}

int actors_start_of(struct actors *a, uint32_t pid, uint64_t *ret_start_us)
{
	return a->config.proc_fd < 0 ? -ESRCH : proc_read_start(a->config.proc_fd, pid, ret_start_us);
}

void actors_undescribe(struct actors *a)
{
	process_table_undescribe(a->table);
}

void actors_expire(struct actors *a, uint64_t now_us)
{
	a->proc_reads = 0;
	if (now_us > KEEP_EXITED_US)
		process_table_expire(a->table, now_us - KEEP_EXITED_US);
}
