#include "collector/parts.h"

#include <fcntl.h>
#include <unistd.h>

#include "collector/announce.h"
#include "collector/bpf_agent.h"
#include "collector/enforce.h"
#include "collector/match_maps.h"
#include "collector/refusal.h"
#include "collector/rules.h"
#include "lib/env.h"
#include "lib/log.h"

static bool on_event(void *context, const struct intake_event *event)
{
	const struct parts *p = context;
	return outlet_put(p->outlet, event);
}

static void on_filtered(void *context, uint16_t kind maybe_unused)
{
	const struct parts *p = context;
	outlet_filter(p->outlet, 1);
}

static void on_loss(void *context, const struct intake_loss *loss)
{
	const struct parts *p = context;
	outlet_lose(p->outlet, loss);
	if (p->guard)
		guard_loss(p->guard, loss);
	witness_loss(p->witness, loss, env_now_us());
}

static void on_record(void *context, const struct bpf_view *view)
{
	struct parts *p = context;
	guard_record(p->guard, view);
	if (normaliser_record(p->normaliser, view))
		return;
	struct intake_loss loss = { .reason = LOSS_MALFORMED,
		                    .exactness = EXACT,
		                    .kind = view->head->kind,
		                    .count = 1,
		                    .since_boot_us = bpf_record_us(view->head) };
	outlet_lose(p->outlet, &loss);
}

static void on_found(void *context, const struct bpf_view *view)
{
	struct parts *p = context;
	if (!normaliser_found(p->normaliser, view))
		log_debug("process %u is not remembered for want of memory", view->head->tgid);
}

static void add_own_process(struct parts *p, uint32_t pid)
{
	struct process_key key = { .tgid = pid };
	if (actors_start_of(p->actors, pid, &key.start_us))
		return;
	own_events_add_process(&p->own, key);
	int err = bpf_agent_put(bpf_source_agent_fd(p->bpf), pid);
	if (err)
		log_warning("signals to process %u are not seen: %s", pid, strerror(-err));
}

static void on_restart(void *context)
{
	struct parts *p = context;
	p->outlet_restarted = true;
	actors_undescribe(p->actors);
	normaliser_undescribe(p->normaliser);
	own_events_forget_processes(&p->own);
	bpf_agent_clear(bpf_source_agent_fd(p->bpf));
	add_own_process(p, (uint32_t)getpid());
	log_warning("the sealer's connection ended; events gather until it is back");
}

static void on_own_process(void *context, uint32_t pid)
{
	struct parts *p = context;
	add_own_process(p, pid);
}

static void on_labelled(void *context, uint32_t device, uint64_t inode, uint32_t labels)
{
	const struct parts *p = context;
	match_maps_label(bpf_source_match(p->bpf), device, inode, labels);
}

static int open_way_out(struct parts *p)
{
	struct outlet_config outlet = { .path = p->config.events_socket,
		                        .queue_bytes = p->config.queue_bytes,
		                        .on_restart = on_restart,
		                        .on_own_process = on_own_process,
		                        .context = p };
	struct event_sink sink = { .put = on_event, .filtered = on_filtered, .context = p };
	struct actors_config actors = { .sink = sink, .proc_fd = p->proc_fd, .redact = &p->redact };
	int err = outlet_new(&outlet, &p->outlet);
	if (!err)
		err = actors_new(&actors, &p->actors);
	if (err)
		return err;
	err = throttle_watch_new(&sink, &p->throttles);
	if (!err)
		err = witness_new(&sink, &p->witness);
	if (err)
		return err;
	struct normaliser_config normaliser = {
		.actors = p->actors,
		.sink = sink,
		.own = &p->own,
		.redact = &p->redact,
		.witness = p->witness,
		.on_labelled = on_labelled,
		.context = p,
	};
	return normaliser_new(&normaliser, &p->normaliser);
}

static void log_hooks(const struct parts *p)
{
	for (int program = 0; program < BPF_PROGRAM_OBJECT; program++) {
		const struct hook_status *h = bpf_source_status(p->bpf, (enum bpf_program_id)program);
		if (h->state != HOOK_ON)
			log_warning("the kernel refused the program on %s: %s; posture says so", h->name,
			            strerror(-h->err));
	}
	for (const struct kind_tier *k = object_tier_kinds(bpf_source_objects(p->bpf)); k->kind; k++)
		log_debug("%s: %s: %s", entry_kind_name(k->kind), object_tier_word(k->tier), k->why);
}

static int open_bpf(struct parts *p)
{
	struct bpf_source_config config = { .ring_bytes = p->config.ring_bytes,
		                            .kinds = &p->rules->kinds,
		                            .rules = &p->rules->digest,
		                            .pins = p->config.pins,
		                            .verbose = p->config.verbose,
		                            .on_record = on_record,
		                            .on_loss = on_loss,
		                            .context = p };
	int err = bpf_source_open(&config, &p->bpf);
	if (err)
		return err;
	log_hooks(p);
	int pins = bpf_source_pins(p->bpf);
	if (pins && p->config.pins)
		log_warning("%s can't keep what happens while there is no collector: %s; posture says so",
		            p->config.pins, strerror(-pins));
	/* With audit nobody can say what came meanwhile. */
	if (bpf_source_resume(p->bpf) && p->config.audit == AUDIT_MODE_OFF)
		outlet_resumed(p->outlet);
	return 0;
}

static uint64_t actor_of_audit(void *context, uint32_t pid, uint64_t boot_us)
{
	const struct parts *p = context;
	return actors_of_pid(p->actors, pid, boot_us);
}

static void on_audit_event(void *context, const struct intake_event *event)
{
	on_event(context, event);
}

static bool on_assembled(void *context, const struct audit_assembled *event)
{
	const struct parts *p = context;
	if (witness_audit_event(p->witness, event, env_now_us()))
		return true;
	guard_audit_event(p->guard, event, env_now_us());
	return false;
}

static int open_audit(struct parts *p)
{
	p->audit_rules = p->rules->audit.rules;
	p->audit_exec = p->rules->audit.exec;
	p->rules->audit.rules = (struct audit_rules){ 0 };
	p->audit_setup = (struct audit_setup){ .mode = p->config.audit,
		                               .replay_path = p->config.audit_replay,
		                               .lease_path = p->config.audit_lease,
		                               .enable = p->config.audit_enable,
		                               .rules = &p->audit_rules,
		                               .feed = { .event = { .process = actor_of_audit, .context = p },
		                                         .redact = &p->redact,
		                                         .on_event = on_audit_event,
		                                         .on_loss = on_loss,
		                                         .on_assembled = on_assembled,
		                                         .context = p } };
	int err = audit_setup_open(&p->audit_setup, &p->audit);
	if (err)
		return err;
	p->exec_rules_work = p->audit_exec && audit_source_fd(p->audit) >= 0 && !p->audit_setup.error;
	struct guard_config guard = { .sink = { .put = on_event, .filtered = on_filtered, .context = p },
		                      .bpf = p->bpf,
		                      .audit = p->audit,
		                      .outlet = p->outlet,
		                      .witness = p->witness,
		                      .run_fd = p->run_fd };
	return guard_new(&guard, &p->guard);
}

/* What the rules have a say in, from the first moment on. */
static int open_ruled(struct parts *p)
{
	char error[512];
	int err = enforce_read(p->config.rules_path, &p->labels, &p->rules, error, sizeof(error));
	if (err) {
		log_error("%s; the collector does not start", error);
		refusal_tell(p->config.events_socket, error);
		return err == -ENOMEM ? err : -ENOEXEC;
	}
	err = open_way_out(p);
	if (!err)
		err = open_bpf(p);
	if (!err)
		err = enforce_apply(p->bpf, p->rules);
	if (!err)
		announce_rules(p);
	return err;
}

int parts_open(const struct collector_config *config, struct parts *p)
{
	*p = (struct parts){ .config = *config, .run_fd = -1 };
	p->proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (p->proc_fd < 0)
		return -errno;
	if (p->config.run_dir)
		p->run_fd = open(p->config.run_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < p->config.own_dir_count; i++) {
		int err = own_events_add_dir(&p->own, p->config.own_dirs[i]);
		if (err)
			return err;
	}
	int err = open_ruled(p);
	if (!err)
		err = open_audit(p);
	if (!err)
		err = announce_posture(p);
	if (err)
		return err;
	/* After the programs are on, so that nothing is born unseen in between. */
	err = bpf_source_list(p->bpf, on_found);
	if (err)
		log_debug("the kernel does not list the processes: %s", strerror(-err));
	actors_prime(p->actors);
	add_own_process(p, (uint32_t)getpid());
	return 0;
}

void parts_close(struct parts *p)
{
	bpf_source_free(p->bpf);
	audit_source_free(p->audit);
	guard_free(p->guard);
	audit_setup_close(&p->audit_setup);
	audit_rules_done(&p->audit_rules);
	buf_done(&p->posture);
	normaliser_free(p->normaliser);
	witness_free(p->witness);
	actors_free(p->actors);
	outlet_free(p->outlet);
	throttle_watch_free(p->throttles);
	rules_free(p->rules);
	close_fd(&p->proc_fd);
	close_fd(&p->run_fd);
}
