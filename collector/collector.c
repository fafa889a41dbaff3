#include "collector/collector.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "collector/audit_setup.h"
#include "collector/bpf_agent.h"
#include "collector/bpf_source.h"
#include "collector/enforce.h"
#include "collector/guard.h"
#include "collector/match_maps.h"
#include "collector/normalise.h"
#include "collector/outlet.h"
#include "collector/posture.h"
#include "collector/rules.h"
#include "lib/env.h"
#include "lib/log.h"
#include "lib/text.h"

/* Records wait for company: fewer wake-ups, and larger writes. Those that are urgent, and rings that fill,
 * have the kernel wake us, but no more often than this. */
#define GATHER_US       20000
#define REST_US         100000 /* when there were none */
#define URGENT_US       2000
#define TICK_US         250000
#define AUDIT_TICK_US   50000 /* while an audit event waits for its end */
#define EXPIRE_US       10000000
#define LEAVE_MS        2000
#define LEAVE_DRAINS    100
#define RECORDS_AT_ONCE 4096

enum slot { SLOT_STOP, SLOT_RELOAD, SLOT_RING, SLOT_AUDIT, SLOT_OUTLET, SLOTS };

struct collector {
	struct collector_config config;
	int epoll_fd;
	int proc_fd;
	int run_fd;         /* -1: none */
	int watched[SLOTS]; /* descriptors in the epoll set; -1: none */
	uint32_t interest[SLOTS];
	bool stopping;
	uint64_t drained_us, next_drain_us;
	uint64_t next_tick_us, next_audit_us, next_expiry_us;
	struct own_events own;
	struct rules *rules;
	struct redact *redact; /* as the rules have it; NULL: off */
	struct label_names labels;
	struct throttle_watch *throttles;
	struct outlet *outlet;
	struct actors *actors;
	struct normaliser *normaliser;
	struct bpf_source *bpf;
	struct audit_setup audit_setup;
	struct audit_rules audit_rules; /* as they were at the start: they are not reloaded */
	bool audit_exec;
	struct audit_source *audit;
	struct guard *guard;
	struct witness *witness;
	bool ring_behind, exec_rules_work;
	struct buf posture; /* as last told */
	struct intake_counts counts;
};

static uint64_t now_us(void)
{
	const struct env *env = env_system();
	return env->boot_us(env);
}

static bool on_event(void *context, const struct intake_event *event)
{
	const struct collector *c = context;
	return outlet_put(c->outlet, event);
}

static void on_filtered(void *context, uint16_t kind maybe_unused)
{
	const struct collector *c = context;
	outlet_filter(c->outlet, 1);
}

static void on_loss(void *context, const struct intake_loss *loss)
{
	const struct collector *c = context;
	outlet_lose(c->outlet, loss);
	if (c->guard)
		guard_loss(c->guard, loss);
	witness_loss(c->witness, loss, now_us());
}

static void on_record(void *context, const struct bpf_view *view)
{
	struct collector *c = context;
	guard_record(c->guard, view);
	if (normaliser_record(c->normaliser, view))
		return;
	struct intake_loss loss = { .reason = LOSS_MALFORMED,
		                    .exactness = EXACT,
		                    .kind = view->head->kind,
		                    .count = 1,
		                    .since_boot_us = view->head->boot_ns / 1000 };
	outlet_lose(c->outlet, &loss);
}

static void on_found(void *context, const struct bpf_view *view)
{
	struct collector *c = context;
	if (!normaliser_found(c->normaliser, view))
		log_debug("process %u is not remembered for want of memory", view->head->tgid);
}

static void add_own_process(struct collector *c, uint32_t pid)
{
	struct process_key key = { .tgid = pid };
	if (actors_start_of(c->actors, pid, &key.start_us))
		return;
	own_events_add_process(&c->own, key);
	int err = bpf_agent_put(bpf_source_agent_fd(c->bpf), pid);
	if (err)
		log_warning("signals to process %u are not seen: %s", pid, strerror(-err));
}

static void on_restart(void *context)
{
	struct collector *c = context;
	/* The next socket may get the same number. */
	c->watched[SLOT_OUTLET] = -1;
	actors_undescribe(c->actors);
	normaliser_undescribe(c->normaliser);
	own_events_forget_processes(&c->own);
	bpf_agent_clear(bpf_source_agent_fd(c->bpf));
	add_own_process(c, (uint32_t)getpid());
	log_warning("the sealer's connection ended; events gather until it is back");
}

static void on_own_process(void *context, uint32_t pid)
{
	struct collector *c = context;
	add_own_process(c, pid);
}

static void on_labelled(void *context, uint32_t device, uint64_t inode, uint32_t labels)
{
	const struct collector *c = context;
	match_maps_label(bpf_source_match(c->bpf), device, inode, labels);
}

static int open_way_out(struct collector *c)
{
	struct outlet_config outlet = { .path = c->config.events_socket,
		                        .queue_bytes = c->config.queue_bytes,
		                        .on_restart = on_restart,
		                        .on_own_process = on_own_process,
		                        .context = c };
	struct event_sink sink = { .put = on_event, .filtered = on_filtered, .context = c };
	struct actors_config actors = { .sink = sink, .proc_fd = c->proc_fd, .redact = &c->redact };
	int err = outlet_new(&outlet, &c->outlet);
	if (!err)
		err = actors_new(&actors, &c->actors);
	if (err)
		return err;
	err = throttle_watch_new(&sink, &c->throttles);
	if (!err)
		err = witness_new(&sink, &c->witness);
	if (err)
		return err;
	struct normaliser_config normaliser = {
		.actors = c->actors,
		.sink = sink,
		.own = &c->own,
		.redact = &c->redact,
		.witness = c->witness,
		.on_labelled = on_labelled,
		.context = c,
	};
	return normaliser_new(&normaliser, &c->normaliser);
}

static void log_hooks(const struct collector *c)
{
	for (int program = 0; program < BPF_PROGRAM_OBJECT; program++) {
		const struct hook_status *h = bpf_source_status(c->bpf, (enum bpf_program_id)program);
		if (h->state != HOOK_ON)
			log_warning("the kernel refused the program on %s: %s; posture says so", h->name,
			            strerror(-h->err));
	}
	const struct object_tier *objects = bpf_source_objects(c->bpf);
	for (const struct kind_tier *k = objects ? object_tier_kinds(objects) : NULL; k && k->kind; k++)
		log_debug("%s: %s: %s", entry_kind_name(k->kind), object_tier_word(k->tier), k->why);
}

static int open_bpf(struct collector *c)
{
	struct bpf_source_config config = { .ring_bytes = c->config.ring_bytes,
		                            .kinds = &c->rules->kinds,
		                            .rules = &c->rules->digest,
		                            .pins = c->config.pins,
		                            .verbose = c->config.verbose,
		                            .on_record = on_record,
		                            .on_loss = on_loss,
		                            .context = c };
	int err = bpf_source_open(&config, &c->bpf);
	if (err)
		return err;
	log_hooks(c);
	int pins = bpf_source_pins(c->bpf);
	if (pins && c->config.pins)
		log_warning("%s can't keep what happens while there is no collector: %s; posture says so",
		            c->config.pins, strerror(-pins));
	/* With audit nobody can say what came meanwhile. */
	if (bpf_source_resume(c->bpf) && c->config.audit == AUDIT_MODE_OFF)
		outlet_resumed(c->outlet);
	return 0;
}

static uint64_t actor_of_audit(void *context, uint32_t pid, uint64_t boot_us)
{
	const struct collector *c = context;
	return actors_of_pid(c->actors, pid, boot_us);
}

static void on_audit_event(void *context, const struct intake_event *event)
{
	on_event(context, event);
}

static bool on_assembled(void *context, const struct audit_assembled *event)
{
	const struct collector *c = context;
	if (witness_audit_event(c->witness, event, now_us()))
		return true;
	guard_audit_event(c->guard, event, now_us());
	return false;
}

static int open_audit(struct collector *c)
{
	c->audit_rules = c->rules->audit.rules;
	c->audit_exec = c->rules->audit.exec;
	c->rules->audit.rules = (struct audit_rules){ 0 };
	c->audit_setup = (struct audit_setup){ .mode = c->config.audit,
		                               .replay_path = c->config.audit_replay,
		                               .lease_path = c->config.audit_lease,
		                               .enable = c->config.audit_enable,
		                               .rules = &c->audit_rules,
		                               .feed = { .event = { .process = actor_of_audit, .context = c },
		                                         .redact = &c->redact,
		                                         .on_event = on_audit_event,
		                                         .on_loss = on_loss,
		                                         .on_assembled = on_assembled,
		                                         .context = c } };
	int err = audit_setup_open(&c->audit_setup, &c->audit);
	if (err)
		return err;
	c->exec_rules_work = c->audit_exec && audit_source_fd(c->audit) >= 0 && !c->audit_setup.error;
	struct guard_config guard = { .sink = { .put = on_event, .filtered = on_filtered, .context = c },
		                      .bpf = c->bpf,
		                      .audit = c->audit,
		                      .outlet = c->outlet,
		                      .witness = c->witness,
		                      .run_fd = c->run_fd };
	return guard_new(&guard, &c->guard);
}

/* Once at the start, and then whenever it changes. */
static int tell_posture(struct collector *c)
{
	struct posture_audit_facts audit = audit_setup_facts(&c->audit_setup, c->audit);
	audit.deaf = !guard_hears_audit(c->guard);
	audit.exec_wanted = c->audit_exec;
	audit.exec_refused = c->audit_setup.error < 0;
	audit.exec_works = c->exec_rules_work;
	cleanup_buf struct buf map = { 0 };
	posture_put(&map, c->bpf, &audit, &c->rules->kinds, c->own.dir_count > 0);
	int err = buf_err(&map);
	if (err)
		return err;
	struct span told = { c->posture.data, c->posture.len }, now = { map.data, map.len };
	if (span_equal(told, now))
		return 0;
	if (audit.detail[0])
		log_warning("audit: %s", audit.detail);
	err = outlet_set_posture(c->outlet, now);
	buf_done(&c->posture);
	c->posture = map;
	map = (struct buf){ 0 };
	return err;
}

/* c->rules are in force in the programs. */
static void follow_rules(struct collector *c)
{
	struct rules *rules = c->rules;
	normaliser_set_rules(c->normaliser, rules, &c->labels);
	c->redact = redact_config_engine(rules->redact);
	struct intake_rules told = { .digest = rules->digest, .text = { rules->text.data, rules->text.len } };
	if (outlet_set_rules(c->outlet, &told))
		log_error("the rules could not be told for want of memory");
}

static void refuse_rules(struct collector *c, const char *error)
{
	cleanup_buf struct buf text = { 0 };
	struct intake_rules told = { .refused = true };
	log_error("%s; the former rules stay in force", error);
	text_put_escaped(&text, (struct span){ (const uint8_t *)error, strlen(error) });
	told.text = (struct span){ text.data, text.len };
	if (buf_err(&text) || !outlet_refuse_rules(c->outlet, &told))
		log_warning("the log does not hear of it for want of room");
}

/* What the rules have a say in, from the first moment on. */
static int open_ruled(struct collector *c)
{
	char error[512];
	int err = enforce_read(c->config.rules_path, &c->labels, &c->rules, error, sizeof(error));
	if (err) {
		log_error("%s", error);
		return err;
	}
	err = open_way_out(c);
	if (!err)
		err = open_bpf(c);
	if (!err)
		err = enforce_apply(c->bpf, c->rules);
	if (!err)
		follow_rules(c);
	return err;
}

static int open_parts(struct collector *c)
{
	c->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	c->proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (c->epoll_fd < 0 || c->proc_fd < 0)
		return -errno;
	if (c->config.run_dir)
		c->run_fd = open(c->config.run_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < c->config.own_dir_count; i++) {
		int err = own_events_add_dir(&c->own, c->config.own_dirs[i]);
		if (err)
			return err;
	}
	int err = open_ruled(c);
	if (!err)
		err = open_audit(c);
	if (!err)
		err = tell_posture(c);
	if (err)
		return err;
	/* After the programs are on, so that nothing is born unseen in between. */
	err = bpf_source_list(c->bpf, on_found);
	if (err)
		log_debug("the kernel does not list the processes: %s", strerror(-err));
	actors_prime(c->actors);
	add_own_process(c, (uint32_t)getpid());
	return 0;
}

static void free_collector(struct collector **c)
{
	collector_free(*c);
}

int collector_open(const struct collector_config *config, struct collector **ret)
{
	struct collector *c cleanup(free_collector) = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->config = *config;
	c->epoll_fd = c->proc_fd = c->run_fd = -1;
	for (int slot = 0; slot < SLOTS; slot++)
		c->watched[slot] = -1;
	int err = open_parts(c);
	if (err)
		return err;
	*ret = TAKE_PTR(c);
	return 0;
}

void collector_free(struct collector *c)
{
	if (!c)
		return;
	bpf_source_free(c->bpf);
	audit_source_free(c->audit);
	guard_free(c->guard);
	audit_setup_close(&c->audit_setup);
	audit_rules_done(&c->audit_rules);
	buf_done(&c->posture);
	normaliser_free(c->normaliser);
	witness_free(c->witness);
	actors_free(c->actors);
	outlet_free(c->outlet);
	throttle_watch_free(c->throttles);
	rules_free(c->rules);
	close_fd(&c->proc_fd);
	close_fd(&c->run_fd);
	close_fd(&c->epoll_fd);
	free(c);
}

/* Have epoll watch `fd` in that slot. A descriptor that was closed has left the set by itself. */
static void watch(struct collector *c, enum slot slot, int fd, uint32_t interest)
{
	if (c->watched[slot] == fd && c->interest[slot] == interest)
		return;
	struct epoll_event event = { .events = interest, .data.u32 = slot };
	if (fd >= 0 && epoll_ctl(c->epoll_fd, EPOLL_CTL_MOD, fd, &event) < 0 && errno == ENOENT &&
	    epoll_ctl(c->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
		log_error("epoll: %s", strerror(errno));
	c->watched[slot] = fd;
	c->interest[slot] = interest;
}

static void watch_all(struct collector *c)
{
	watch(c, SLOT_STOP, c->config.stop_fd, EPOLLIN);
	watch(c, SLOT_RELOAD, c->config.reload_fd, EPOLLIN);
	/* By edge, or it would be ready all the time that the drain is put off. */
	watch(c, SLOT_RING, bpf_source_fd(c->bpf), EPOLLIN | EPOLLET);
	watch(c, SLOT_AUDIT, audit_source_fd(c->audit), EPOLLIN);
	watch(c, SLOT_OUTLET, outlet_fd(c->outlet), EPOLLIN | (outlet_wants_write(c->outlet) ? EPOLLOUT : 0));
}

static void send_some(struct collector *c)
{
	outlet_ready(c->outlet);
	bpf_source_delivered(c->bpf, outlet_undelivered(c->outlet));
}

static void settle(struct collector *c)
{
	bpf_source_high_water(c->bpf, &c->counts);
	outlet_settle(c->outlet, &c->counts);
}

/* Returns true if there is more. */
static bool drain_rings(struct collector *c, uint64_t now)
{
	/* What audit has told of an exec by now goes into the exec's own entry. */
	if (witness_armed(c->witness))
		audit_source_read(c->audit, now);
	unsigned n = bpf_source_consume(c->bpf, RECORDS_AT_ONCE);
	c->drained_us = now;
	c->next_drain_us = n == RECORDS_AT_ONCE ? now : now + (n ? GATHER_US : REST_US);
	c->ring_behind = n == RECORDS_AT_ONCE;
	if (n < RECORDS_AT_ONCE)
		settle(c);
	send_some(c);
	return n == RECORDS_AT_ONCE;
}

static void reload(struct collector *c)
{
	char error[512];
	struct rules *rules = NULL;
	struct signalfd_siginfo seen;
	while (read(c->config.reload_fd, &seen, sizeof(seen)) > 0)
		;
	/* What has happened falls under the rules that held then. */
	while (drain_rings(c, now_us()))
		;
	int err = enforce_read(c->config.rules_path, &c->labels, &rules, error, sizeof(error));
	outlet_filter(c->outlet, enforce_left_out(c->bpf, c->rules));
	if (!err) {
		err = enforce_apply(c->bpf, rules);
		snprintf(error, sizeof(error), "the kernel does not take the rules: %s", strerror(-err));
	}
	if (err) {
		rules_free(rules);
		refuse_rules(c, error);
		return;
	}
	struct rules *former = c->rules;
	throttle_watch_flush(c->throttles, &former->throttle, now_us());
	enforce_log_left_out(former);
	c->rules = rules;
	follow_rules(c);
	rules_free(former);
	log_info("the rules were read anew");
	if (tell_posture(c))
		log_error("posture could not be told for want of memory");
}

static void tick_audit(struct collector *c, uint64_t now)
{
	c->next_audit_us = now + (audit_source_waiting(c->audit) ? AUDIT_TICK_US : TICK_US);
	audit_source_tick(c->audit, now);
	/* It may have another socket now, of the same number. */
	c->watched[SLOT_AUDIT] = -1;
	settle(c);
	send_some(c);
}

static void tick_witness(struct collector *c, uint64_t now)
{
	struct audit_summary audit = audit_source_summary(c->audit);
	const struct hook_status *hook = bpf_source_status(c->bpf, BPF_PROGRAM_EXEC);
	bool listens = audit.mode == AUDIT_MODE_MULTICAST || audit.mode == AUDIT_MODE_UNICAST;
	bool was = c->exec_rules_work;
	/* Until the kernel has listed its rules for the first time, ours were read back when they were
	 * loaded. */
	if (audit.rules >= 0)
		c->exec_rules_work = c->audit_exec && listens && audit.rules_in_force;
	/* A program that the kernel never took is no witness; one that fails is, and is missed. */
	witness_arm(c->witness, c->exec_rules_work && !hook->err, now);
	witness_trust(c->witness, hook->state == HOOK_ON);
	if (was != c->exec_rules_work && tell_posture(c))
		log_error("posture could not be told for want of memory");
	witness_tick(c->witness, c->ring_behind, audit.status.backlog > 0, now);
}

static void tick(struct collector *c, uint64_t now)
{
	c->next_tick_us = now + TICK_US;
	bpf_source_settle(c->bpf, now);
	guard_tick(c->guard, now);
	tick_witness(c, now);
	normaliser_tick(c->normaliser, now);
	enforce_tell_throttles(c->bpf, c->throttles, c->rules, now);
	outlet_filter(c->outlet, enforce_left_out(c->bpf, c->rules));
	settle(c);
	bool was_connected = outlet_fd(c->outlet) >= 0;
	outlet_tick(c->outlet, now);
	if (!was_connected && outlet_fd(c->outlet) >= 0)
		log_info("connected to the sealer");
	if ((guard_posture_changed(c->guard) || now >= c->next_expiry_us) && tell_posture(c))
		log_error("posture could not be told for want of memory");
	send_some(c);
	if (now < c->next_expiry_us)
		return;
	c->next_expiry_us = now + EXPIRE_US;
	actors_expire(c->actors, now);
	if (bpf_source_match(c->bpf))
		match_maps_learn(bpf_source_match(c->bpf), &c->rules->watch);
}

static int wait_ms(const struct collector *c, uint64_t now)
{
	uint64_t next = MIN(MIN(c->next_tick_us, c->next_audit_us), c->next_drain_us);
	return next > now ? (int)((next - now) / 1000 + 1) : 0;
}

static void handle(struct collector *c, enum slot slot)
{
	switch (slot) {
	case SLOT_STOP:
		c->stopping = true;
		break;
	case SLOT_RELOAD:
		reload(c);
		break;
	case SLOT_RING:
		c->next_drain_us = MIN(c->next_drain_us, c->drained_us + URGENT_US);
		break;
	case SLOT_AUDIT:
		audit_source_read(c->audit, now_us());
		c->next_audit_us = MIN(c->next_audit_us, now_us() + AUDIT_TICK_US);
		send_some(c);
		break;
	case SLOT_OUTLET:
		send_some(c);
		break;
	case SLOTS:
		break;
	}
}

/* The rings are emptied to their end: nothing comes any more. */
static void take_leave(struct collector *c)
{
	bpf_source_detach(c->bpf);
	/* Where they are pinned, records go on coming: those are for the next collector. */
	for (int i = 0; i < LEAVE_DRAINS && drain_rings(c, now_us()); i++)
		;
	bpf_source_settle(c->bpf, now_us());
	audit_source_flush(c->audit, now_us());
	normaliser_flush(c->normaliser);
	enforce_tell_throttles(c->bpf, c->throttles, c->rules, now_us());
	throttle_watch_flush(c->throttles, &c->rules->throttle, now_us());
	outlet_filter(c->outlet, enforce_left_out(c->bpf, c->rules));
	enforce_log_left_out(c->rules);
	settle(c);
	outlet_goodbye(c->outlet);
	/* As long as the sealer takes something: the queue is bounded. */
	while (outlet_wants_write(c->outlet)) {
		struct pollfd fd = { .fd = outlet_fd(c->outlet), .events = POLLOUT };
		int n = poll(&fd, 1, LEAVE_MS);
		if (n == 0 || (n < 0 && errno != EINTR))
			return;
		send_some(c);
	}
}

int collector_run(struct collector *c)
{
	while (!c->stopping) {
		uint64_t now = now_us();
		if (now >= c->next_tick_us)
			tick(c, now);
		if (now >= c->next_audit_us)
			tick_audit(c, now);
		watch_all(c);
		struct epoll_event events[SLOTS];
		int count = epoll_wait(c->epoll_fd, events, SLOTS, wait_ms(c, now));
		if (count < 0 && errno != EINTR)
			return -errno;
		for (int i = 0; i < count; i++)
			handle(c, (enum slot)events[i].data.u32);
		now = now_us();
		if (now >= c->next_drain_us)
			drain_rings(c, now);
	}
	take_leave(c);
	return 0;
}
