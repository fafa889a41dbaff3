#include "collector/guard.h"

#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "collector/bpf_identity.h"
#include "collector/pin_watch.h"
#include "collector/probe_action.h"
#include "collector/self_probe.h"
#include "collector/sensor_watch.h"
#include "collector/status.h"
#include "lib/cbor.h"
#include "lib/file.h"
#include "lib/log.h"

#define CHEAP_US UINT64_C(1000000)
#define ALL_US   UINT64_C(10000000)
/* The loop turns four times a second. */
#define STALL_US UINT64_C(3000000)

struct guard {
	struct guard_config config;
	struct sensor_watch *watch;
	struct pin_watch pins;
	struct buf fields;
	uint64_t now_us; /* of the call that is under way */
	uint64_t last_us, last_awake_us, cheap_us, all_us;
	bool ask_audit, posture_changed;
	struct self_probe *probe;
	uint32_t child;
	struct hook_use uses[BPF_PROGRAMS];
};

static void send_change(struct guard *g, const struct sensor_change *change, const char *detail)
{
	buf_reset(&g->fields);
	struct intake_event event = { .kind = KIND_SENSOR,
		                      .sensors = SENSOR_AGENT,
		                      .boot_us = g->now_us,
		                      .process = INTAKE_NO_PROCESS,
		                      .fields = sensor_change_put(&g->fields, change, detail) };
	log_warning("%s '%s' is not as it was%s%s", change_what_name(change->what), change->name,
	            *detail ? ": " : "", detail);
	if (event.fields.len)
		g->config.sink.put(g->config.sink.context, &event);
}

static void on_change(void *context, const struct sensor_change *change)
{
	struct guard *g = context;
	char detail[96] = "";
	struct audit_summary audit = audit_source_summary(g->config.audit);
	if (change->what == CHANGE_AUDIT && strcmp(change->name, "pid") == 0 && audit.status.pid)
		audit_mode_describe_owner(audit.status.pid, detail, sizeof(detail));
	self_probe_hurry(g->probe);
	send_change(g, change, detail);
}

static const char *hook_of(const struct guard *g, enum self_probe_id id)
{
	if (id == SELF_PROBE_AUDIT)
		return "audit";
	return bpf_source_status(g->config.bpf, self_probe_program(g->probe, id))->name;
}

static void on_verdict(void *context, enum self_probe_id id, bool works)
{
	struct guard *g = context;
	static const uint8_t states[] = { HOOK_FAILED, HOOK_ON };
	char detail[64];
	if (id != SELF_PROBE_AUDIT)
		bpf_source_judge(g->config.bpf, self_probe_program(g->probe, id), works);
	g->posture_changed = true;
	snprintf(detail, sizeof(detail), "a marked action (%s) %s", self_probe_name(id),
	         works ? "came back again" : "did not come back");
	send_change(g,
	            &(struct sensor_change){ .what = CHANGE_HOOK,
	                                     .name = hook_of(g, id),
	                                     .from = { &states[!works], 1 },
	                                     .to = { &states[works], 1 } },
	            detail);
}

static void free_guard(struct guard **g)
{
	guard_free(*g);
}

int guard_new(const struct guard_config *config, struct guard **ret)
{
	cleanup(free_guard) struct guard *g = calloc(1, sizeof(*g));
	if (!g)
		return -ENOMEM;
	g->config = *config;
	int err = sensor_watch_new(&(struct sensor_watch_config){ on_change, g }, &g->watch);
	if (!err)
		err = self_probe_new(&(struct self_probe_config){ (uint32_t)getpid(), on_verdict, g },
		                     &g->probe);
	if (err)
		return err;
	*ret = TAKE_PTR(g);
	return 0;
}

void guard_free(struct guard *g)
{
	if (!g)
		return;
	sensor_watch_free(g->watch);
	self_probe_free(g->probe);
	buf_done(&g->fields);
	free(g);
}

void guard_record(struct guard *g, const struct bpf_view *view)
{
	struct hook_use *use = &g->uses[view->head->program];
	use->records++;
	use->last_us = bpf_record_us(view->head);
	self_probe_record(g->probe, view);
}

void guard_loss(struct guard *g, const struct intake_loss *loss)
{
	if (loss->reason == LOSS_RING_FULL || loss->reason == LOSS_RING_GAP)
		self_probe_lost(g->probe);
}

bool guard_hears_audit(const struct guard *g)
{
	return self_probe_works(g->probe, SELF_PROBE_AUDIT);
}

bool guard_posture_changed(struct guard *g)
{
	bool changed = g->posture_changed;
	g->posture_changed = false;
	return changed;
}

static bool sets_wait_time(const struct audit_who *who)
{
	static const char name[] = "backlog_wait_time";
	return who->setting_len == sizeof(name) - 1 && memcmp(who->setting, name, who->setting_len) == 0;
}

void guard_audit_event(struct guard *g, const struct audit_assembled *event, uint64_t now_us)
{
	struct audit_who who;
	if (!audit_is_config(event))
		return;
	audit_who_read(event, &who);
	if (sets_wait_time(&who))
		self_probe_audit_set(g->probe, who.set_to);
	sensor_watch_suspect(g->watch, &who, now_us);
	g->ask_audit = true;
}

static void look_at_audit(struct guard *g)
{
	struct audit_summary s = audit_source_summary(g->config.audit);
	const struct {
		const char *name;
		uint32_t value;
	} numbers[] = {
		{ "enabled", s.status.enabled },
		{ "failure", s.status.failure },
		{ "pid", s.status.pid },
		{ "backlog_limit", s.status.backlog_limit },
		{ "backlog_wait_time", s.status.backlog_wait_time },
	};
	for (size_t i = 0; s.status_known && i < ARRAY_SIZE(numbers); i++)
		sensor_watch_put_uint(g->watch, CHANGE_AUDIT, numbers[i].name, numbers[i].value, g->now_us);
	if (s.rules < 0)
		return;
	cleanup_buf struct buf rules = { 0 };
	cbor_put_array(&rules, 2);
	cbor_put_uint(&rules, (uint64_t)s.rules);
	cbor_put_bytes(&rules, s.rules_hash.b, sizeof(s.rules_hash.b));
	if (buf_err(&rules) == 0)
		sensor_watch_put(g->watch, CHANGE_RULES, "all", (struct span){ rules.data, rules.len },
		                 g->now_us);
}

static void look_at_link(struct guard *g, const char *name, int fd)
{
	cleanup_buf struct buf b = { 0 };
	if (fd < 0)
		return;
	bpf_identity_put_link(&b, fd);
	if (buf_err(&b) == 0)
		sensor_watch_put(g->watch, CHANGE_PROGRAM, name, (struct span){ b.data, b.len }, g->now_us);
}

static void look_at_programs(struct guard *g)
{
	const struct bpf_source *bpf = g->config.bpf;
	const struct object_load *programs = object_tier_programs(bpf_source_objects(bpf));
	for (int i = 0; i < BPF_PROGRAM_OBJECT; i++) {
		enum bpf_program_id id = (enum bpf_program_id)i;
		look_at_link(g, bpf_source_status(bpf, id)->name, bpf_source_link_fd(bpf, id));
	}
	for (int i = 0; programs && i < BPF_OBJECT_PROGRAMS; i++) {
		enum bpf_object_program id = (enum bpf_object_program)i;
		look_at_link(g, object_load_name(programs, id), object_load_link_fd(programs, id));
	}
}

static void look_at_maps(struct guard *g)
{
	const char *name;
	for (size_t i = 0;; i++) {
		cleanup_buf struct buf b = { 0 };
		int fd = bpf_source_map_fd(g->config.bpf, i, &name);
		if (fd < 0)
			return;
		bpf_identity_put_map(&b, fd);
		if (buf_err(&b) == 0)
			sensor_watch_put(g->watch, CHANGE_MAP, name, (struct span){ b.data, b.len },
			                 g->now_us);
	}
}

/* Of a list of choices with one in brackets, that one. */
static struct span chosen(struct span text)
{
	const uint8_t *open = memchr(text.data, '[', text.len);
	const uint8_t *shut = open ? memchr(open, ']', text.len - (size_t)(open - text.data)) : NULL;
	return shut ? (struct span){ open + 1, (size_t)(shut - open) - 1 } : text;
}

static void look_at_setting(struct guard *g, const char *name, const char *path)
{
	uint8_t text[128];
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));
	while (n > 0 && text[n - 1] == '\n')
		n--;
	if (n > 0)
		sensor_watch_put_text(g->watch, CHANGE_SETTING, name,
		                      chosen((struct span){ text, (size_t)n }), g->now_us);
}

/* What decides whether programs that are attached still fire. */
static void look_at_settings(struct guard *g)
{
	look_at_setting(g, "ftrace_enabled", "/proc/sys/kernel/ftrace_enabled");
	look_at_setting(g, "lockdown", "/sys/kernel/security/lockdown");
}

static uint64_t awake_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* Stopped, frozen, or kept off the processor: what happened then was seen late or not at all. */
static void look_at_clock(struct guard *g)
{
	uint64_t awake = awake_us(), before = g->last_us, gap = g->now_us - before;
	bool slept = before && gap > STALL_US && awake - g->last_awake_us < STALL_US;
	g->last_us = g->now_us;
	g->last_awake_us = awake;
	if (!before || gap <= STALL_US)
		return;
	cleanup_buf struct buf from = { 0 }, to = { 0 };
	cbor_put_uint(&from, before);
	cbor_put_uint(&to, g->now_us);
	char detail[64];
	snprintf(detail, sizeof(detail), "%s for %llu ms", slept ? "the machine slept" : "stood still",
	         (unsigned long long)(gap / 1000));
	if (buf_err(&from) || buf_err(&to))
		return;
	send_change(g,
	            &(struct sensor_change){ .what = CHANGE_STALL,
	                                     .name = "collector",
	                                     .from = { from.data, from.len },
	                                     .to = { to.data, to.len } },
	            detail);
}

static void act(struct guard *g)
{
	const char *marker = self_probe_marker(g->probe);
	uint32_t child = 0;
	if (g->child && probe_action_reap(g->child))
		g->child = 0;
	int err = probe_action_spawn(marker, &child);
	if (err)
		log_debug("the self-probe could not be started: %s", strerror(-err));
	bool file = g->config.run_fd >= 0 && probe_action_file(g->config.run_fd, marker) == 0;
	g->child = child ? child : g->child;
	self_probe_begun(g->probe, child, probe_action_own_inode(), file, g->now_us);
}

static void probe(struct guard *g)
{
	uint32_t wait_time;
	if (self_probe_due(g->probe, g->now_us))
		act(g);
	if (g->child && probe_action_reap(g->child))
		g->child = 0;
	if (self_probe_audit_due(g->probe, g->now_us) && audit_source_probe(g->config.audit, &wait_time) == 0)
		self_probe_audit_begun(g->probe, wait_time, g->now_us);
}

static void write_status(struct guard *g)
{
	cleanup_buf struct buf text = { 0 };
	struct status_facts facts = { .bpf = g->config.bpf,
		                      .uses = g->uses,
		                      .probe = g->probe,
		                      .audit = g->config.audit,
		                      .outlet = g->config.outlet,
		                      .witness = g->config.witness,
		                      .now_us = g->now_us };
	if (g->config.run_fd < 0)
		return;
	status_put(&text, &facts);
	int err = buf_err(&text);
	if (!err)
		err = file_publish(env_system(), g->config.run_fd, "collector.status",
		                   (struct span){ text.data, text.len });
	if (err)
		log_debug("collector.status could not be written: %s", strerror(-err));
}

void guard_tick(struct guard *g, uint64_t now_us)
{
	g->now_us = now_us;
	look_at_clock(g);
	look_at_audit(g);
	if (g->ask_audit)
		audit_source_ask(g->config.audit);
	g->ask_audit = false;
	probe(g);
	if (now_us >= g->cheap_us) {
		g->cheap_us = now_us + CHEAP_US;
		look_at_programs(g);
		look_at_settings(g);
		if (bpf_source_pins_fd(g->config.bpf) >= 0)
			pin_watch_look(&g->pins, bpf_source_pins_fd(g->config.bpf), g->watch, now_us);
		write_status(g);
	}
	if (now_us >= g->all_us) {
		g->all_us = now_us + ALL_US;
		look_at_maps(g);
	}
}
