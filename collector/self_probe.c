#include "collector/self_probe.h"

#include <stdio.h>

#define MISSES_MAX 2

struct probe {
	bool asked, came, proven, condemned;
	unsigned misses;
	enum bpf_program_id program;
};

struct self_probe {
	struct self_probe_config config;
	struct probe probes[SELF_PROBES];
	uint64_t next_us, deadline_us; /* of a round; deadline 0: none is under way */
	uint64_t next_audit_us, audit_deadline_us;
	uint64_t rounds;
	uint32_t child, wait_time;
	uint64_t inode;
	bool lost;
	char marker[SELF_PROBE_MARKER_MAX];
};

const char *self_probe_name(enum self_probe_id id)
{
	static const char *const names[] = { [SELF_PROBE_FORK] = "fork",
		                             [SELF_PROBE_EXEC] = "exec",
		                             [SELF_PROBE_EXIT] = "exit",
		                             [SELF_PROBE_FILE] = "file",
		                             [SELF_PROBE_AUDIT] = "audit" };
	return names[id];
}

int self_probe_new(const struct self_probe_config *config, struct self_probe **ret)
{
	struct self_probe *p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->config = *config;
	p->probes[SELF_PROBE_FORK].program = BPF_PROGRAM_FORK;
	p->probes[SELF_PROBE_EXEC].program = BPF_PROGRAM_EXEC;
	p->probes[SELF_PROBE_EXIT].program = BPF_PROGRAM_EXIT;
	p->probes[SELF_PROBE_FILE].program = BPF_PROGRAM_FILE;
	*ret = p;
	return 0;
}

void self_probe_free(struct self_probe *p)
{
	free(p);
}

/* True if it has failed once: to be tried again soon. */
static bool judge(struct self_probe *p, enum self_probe_id id, bool proves)
{
	struct probe *probe = &p->probes[id];
	bool asked = probe->asked, came = probe->came;
	probe->asked = probe->came = false;
	if (!asked || (!came && !proves))
		return false;
	probe->proven = probe->proven || came;
	probe->misses = came ? 0 : probe->misses + 1;
	if (probe->condemned ? came : probe->misses >= MISSES_MAX) {
		probe->condemned = !came;
		p->config.on_verdict(p->config.context, id, came);
	}
	return !came && probe->misses < MISSES_MAX;
}

static bool all_came(const struct self_probe *p)
{
	for (int id = 0; id < SELF_PROBE_AUDIT; id++)
		if (p->probes[id].asked && !p->probes[id].came)
			return false;
	return true;
}

static void close_round(struct self_probe *p, uint64_t now_us)
{
	bool again = false;
	for (int id = 0; id < SELF_PROBE_AUDIT; id++)
		again = judge(p, (enum self_probe_id)id, !p->lost) || again;
	p->deadline_us = 0;
	if (again)
		p->next_us = now_us + SELF_PROBE_AGAIN_US;
}

static void close_audit(struct self_probe *p, uint64_t now_us)
{
	p->audit_deadline_us = 0;
	if (judge(p, SELF_PROBE_AUDIT, true))
		p->next_audit_us = now_us + SELF_PROBE_AGAIN_US;
}

bool self_probe_due(struct self_probe *p, uint64_t now_us)
{
	if (p->deadline_us && (all_came(p) || now_us >= p->deadline_us))
		close_round(p, now_us);
	if (p->audit_deadline_us && (p->probes[SELF_PROBE_AUDIT].came || now_us >= p->audit_deadline_us))
		close_audit(p, now_us);
	if (p->deadline_us || now_us < p->next_us)
		return false;
	snprintf(p->marker, sizeof(p->marker), "swornlog-probe-%u-%llu", p->config.own_pid,
	         (unsigned long long)++p->rounds);
	return true;
}

bool self_probe_audit_due(const struct self_probe *p, uint64_t now_us)
{
	return !p->audit_deadline_us && now_us >= p->next_audit_us;
}

const char *self_probe_marker(const struct self_probe *p)
{
	return p->marker;
}

void self_probe_hurry(struct self_probe *p)
{
	p->next_us = 0;
}

void self_probe_begun(struct self_probe *p, uint32_t child, uint64_t inode, bool file, uint64_t now_us)
{
	p->child = child;
	p->inode = inode;
	p->lost = false;
	p->probes[SELF_PROBE_FORK].asked = child != 0;
	p->probes[SELF_PROBE_EXEC].asked = child != 0;
	p->probes[SELF_PROBE_EXIT].asked = child != 0;
	p->probes[SELF_PROBE_FILE].asked = file;
	p->deadline_us = now_us + SELF_PROBE_DEADLINE_US;
	p->next_us = now_us + SELF_PROBE_EVERY_US;
}

void self_probe_audit_begun(struct self_probe *p, uint32_t wait_time, uint64_t now_us)
{
	p->wait_time = wait_time;
	p->probes[SELF_PROBE_AUDIT].asked = true;
	p->audit_deadline_us = now_us + SELF_PROBE_DEADLINE_US;
	p->next_audit_us = now_us + SELF_PROBE_AUDIT_EVERY_US;
}

static void note(struct self_probe *p, enum self_probe_id id, const struct bpf_record *head)
{
	p->probes[id].came = true;
	p->probes[id].program = head->program;
}

static bool holds_marker(const struct self_probe *p, const void *bytes, size_t len)
{
	return memmem(bytes, len, p->marker, strlen(p->marker)) != NULL;
}

static void take_of_child(struct self_probe *p, const struct bpf_view *view)
{
	const struct bpf_record *head = view->head;
	if (head->program == BPF_PROGRAM_EXEC) {
		struct span argv = view->text[BPF_EXEC_ARGV];
		if (view->exec->inode == p->inode && holds_marker(p, argv.data, argv.len))
			note(p, SELF_PROBE_EXEC, head);
	} else if (head->program == BPF_PROGRAM_EXIT) {
		if (view->exit->status == SELF_PROBE_EXIT_CODE << 8)
			note(p, SELF_PROBE_EXIT, head);
	}
}

static void take_of_own(struct self_probe *p, const struct bpf_view *view)
{
	const struct bpf_record *head = view->head;
	if (head->program == BPF_PROGRAM_FORK) {
		if (view->fork->child_tgid == p->child)
			note(p, SELF_PROBE_FORK, head);
	} else if (holds_marker(p, head, head->size)) {
		note(p, SELF_PROBE_FILE, head);
	}
}

void self_probe_record(struct self_probe *p, const struct bpf_view *view)
{
	if (!p->deadline_us)
		return;
	if (view->head->tgid == p->config.own_pid)
		take_of_own(p, view);
	else if (p->child && view->head->tgid == p->child)
		take_of_child(p, view);
}

void self_probe_audit_set(struct self_probe *p, uint32_t wait_time)
{
	struct probe *probe = &p->probes[SELF_PROBE_AUDIT];
	if (probe->asked && wait_time == p->wait_time)
		probe->came = true;
}

void self_probe_lost(struct self_probe *p)
{
	p->lost = true;
}

const char *self_probe_verdict(const struct self_probe *p, enum self_probe_id id)
{
	const struct probe *probe = &p->probes[id];
	return probe->condemned ? "failed" : probe->proven ? "ok" : "untried";
}

bool self_probe_works(const struct self_probe *p, enum self_probe_id id)
{
	return !p->probes[id].condemned;
}

enum bpf_program_id self_probe_program(const struct self_probe *p, enum self_probe_id id)
{
	return p->probes[id].program;
}
