#include "collector/collector.h"

#include <poll.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "collector/announce.h"
#include "collector/enforce.h"
#include "collector/match_maps.h"
#include "collector/parts.h"
#include "collector/rules.h"
#include "lib/env.h"
#include "lib/log.h"

/* Records wait for company: fewer wake-ups, and larger writes. Those that are urgent, and rings that fill,
 * have the kernel wake us, but no more often than this. */
#define GATHER_US       100000
#define FRESH_US        20000
#define URGENT_US       2000
#define TICK_US         250000
#define AUDIT_TICK_US   50000 /* while an audit event waits for its end */
#define EXPIRE_US       10000000
#define LEAVE_MS        2000
#define LEAVE_DRAINS    100
#define RECORDS_AT_ONCE 4096

enum slot { SLOT_STOP, SLOT_RELOAD, SLOT_RING, SLOT_AUDIT, SLOT_OUTLET, SLOTS };

struct collector {
	struct parts parts;
	int epoll_fd;
	int watched[SLOTS]; /* descriptors in the epoll set; -1: none */
	uint32_t interest[SLOTS];
	bool stopping;
	bool ring_behind;
	uint64_t drained_us, next_drain_us;
	uint64_t next_tick_us, next_audit_us, next_expiry_us;
	struct intake_counts counts;
};

static void free_collector(struct collector **c)
{
	collector_free(*c);
}

int collector_open(const struct collector_config *config, struct collector **ret)
{
	struct collector *c cleanup(free_collector) = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	for (int slot = 0; slot < SLOTS; slot++)
		c->watched[slot] = -1;
	c->epoll_fd = -1;
	int err = parts_open(config, &c->parts);
	if (err)
		return err;
	c->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (c->epoll_fd < 0)
		return -errno;
	*ret = TAKE_PTR(c);
	return 0;
}

void collector_free(struct collector *c)
{
	if (!c)
		return;
	parts_close(&c->parts);
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
	struct parts *p = &c->parts;
	/* The next socket may get the same number. */
	if (p->outlet_restarted)
		c->watched[SLOT_OUTLET] = -1;
	p->outlet_restarted = false;
	watch(c, SLOT_STOP, p->config.stop_fd, EPOLLIN);
	watch(c, SLOT_RELOAD, p->config.reload_fd, EPOLLIN);
	/* By edge, or it would be ready all the time that the drain is put off. */
	watch(c, SLOT_RING, bpf_source_fd(p->bpf), EPOLLIN | EPOLLET);
	watch(c, SLOT_AUDIT, audit_source_fd(p->audit), EPOLLIN);
	watch(c, SLOT_OUTLET, outlet_fd(p->outlet), EPOLLIN | (outlet_wants_write(p->outlet) ? EPOLLOUT : 0));
}

static void send_some(struct collector *c)
{
	struct parts *p = &c->parts;
	outlet_ready(p->outlet);
	bpf_source_delivered(p->bpf, outlet_undelivered(p->outlet) + normaliser_untold(p->normaliser));
}

static void settle(struct collector *c)
{
	bpf_source_high_water(c->parts.bpf, &c->counts);
	outlet_settle(c->parts.outlet, &c->counts);
}

/* Returns true if there is more. */
static bool drain_rings(struct collector *c, uint64_t now)
{
	struct parts *p = &c->parts;
	/* What audit has told of an exec by now goes into the exec's own entry. */
	if (witness_armed(p->witness))
		audit_source_read(p->audit, now);
	unsigned n = bpf_source_consume(p->bpf, RECORDS_AT_ONCE);
	c->drained_us = now;
	c->next_drain_us = n == RECORDS_AT_ONCE ? now : now + GATHER_US;
	c->ring_behind = n == RECORDS_AT_ONCE;
	if (n < RECORDS_AT_ONCE)
		settle(c);
	send_some(c);
	return n == RECORDS_AT_ONCE;
}

/* All of them, or none: what was done to audit at the start stays as it is. */
static int put_in_force(struct parts *p, const struct rules *rules, char *error, size_t error_size)
{
	if (!audit_section_equal(&p->rules->audit, &rules->audit)) {
		snprintf(error, error_size,
		         "%s: the section 'audit' has changed: that takes a restart of the collector",
		         p->config.rules_path);
		return -EINVAL;
	}
	int err = enforce_apply(p->bpf, rules);
	if (err)
		snprintf(error, error_size, "the kernel does not take the rules: %s", strerror(-err));
	return err;
}

static void reload(struct collector *c)
{
	struct parts *p = &c->parts;
	char error[512];
	struct rules *rules = NULL;
	struct signalfd_siginfo seen;
	while (read(p->config.reload_fd, &seen, sizeof(seen)) > 0)
		;
	/* What has happened falls under the rules that held then. */
	while (drain_rings(c, env_now_us()))
		;
	int err = enforce_read(p->config.rules_path, &p->labels, &rules, error, sizeof(error));
	outlet_filter(p->outlet, enforce_left_out(p->bpf, p->rules));
	if (!err)
		err = put_in_force(p, rules, error, sizeof(error));
	if (err) {
		rules_free(rules);
		announce_refusal(p, error);
		return;
	}
	struct rules *former = p->rules;
	throttle_watch_flush(p->throttles, &former->throttle, env_now_us());
	enforce_log_left_out(former);
	p->rules = rules;
	announce_rules(p);
	rules_free(former);
	log_info("the rules were read anew");
	announce_change(p);
}

static void tick_audit(struct collector *c, uint64_t now)
{
	c->next_audit_us = now + (audit_source_waiting(c->parts.audit) ? AUDIT_TICK_US : TICK_US);
	audit_source_tick(c->parts.audit, now);
	/* It may have another socket now, of the same number. */
	c->watched[SLOT_AUDIT] = -1;
	settle(c);
	send_some(c);
}

static void tick_witness(struct collector *c, uint64_t now)
{
	struct parts *p = &c->parts;
	struct audit_summary audit = audit_source_summary(p->audit);
	const struct hook_status *hook = bpf_source_status(p->bpf, BPF_PROGRAM_EXEC);
	bool listens = audit.mode == AUDIT_MODE_MULTICAST || audit.mode == AUDIT_MODE_UNICAST;
	bool was = p->exec_rules_work;
	/* Until the kernel has listed its rules for the first time, ours were read back when they were
	 * loaded. */
	if (audit.rules >= 0)
		p->exec_rules_work = p->audit_exec && listens && audit.rules_in_force;
	/* A program that the kernel never took is no witness; one that fails is, and is missed. */
	witness_arm(p->witness, p->exec_rules_work && !hook->err, now);
	witness_trust(p->witness, hook->state == HOOK_ON);
	if (was != p->exec_rules_work)
		announce_change(p);
	witness_tick(p->witness, c->ring_behind, audit.status.backlog > 0, now);
}

static void tick(struct collector *c, uint64_t now)
{
	struct parts *p = &c->parts;
	c->next_tick_us = now + TICK_US;
	bpf_source_settle(p->bpf, now);
	guard_tick(p->guard, now);
	tick_witness(c, now);
	normaliser_tick(p->normaliser, now);
	enforce_tell_throttles(p->bpf, p->throttles, p->rules, now);
	outlet_filter(p->outlet, enforce_left_out(p->bpf, p->rules));
	settle(c);
	bool was_connected = outlet_fd(p->outlet) >= 0;
	outlet_tick(p->outlet, now);
	if (!was_connected && outlet_fd(p->outlet) >= 0)
		log_info("connected to the sealer");
	if (guard_posture_changed(p->guard) || now >= c->next_expiry_us)
		announce_change(p);
	send_some(c);
	if (now < c->next_expiry_us)
		return;
	c->next_expiry_us = now + EXPIRE_US;
	actors_expire(p->actors, now);
	if (bpf_source_match(p->bpf))
		match_maps_learn(bpf_source_match(p->bpf), &p->rules->watch);
}

static int wait_ms(const struct collector *c, uint64_t now)
{
	uint64_t next = MIN(MIN(c->next_tick_us, c->next_audit_us), c->next_drain_us);
	return next > now ? (int)((next - now) / 1000 + 1) : 0;
}

/* Whom audit tells of is known best by fork and exec: those are not left in the ring for long. An armed
 * witness has it the other way round: drain_rings(). */
static void read_audit(struct collector *c, uint64_t now)
{
	if (!witness_armed(c->parts.witness) && now >= c->drained_us + FRESH_US)
		drain_rings(c, now);
	audit_source_read(c->parts.audit, now);
	c->next_audit_us = MIN(c->next_audit_us, now + AUDIT_TICK_US);
	send_some(c);
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
		read_audit(c, env_now_us());
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
	struct parts *p = &c->parts;
	bpf_source_detach(p->bpf);
	/* Where they are pinned, records go on coming: those are for the next collector. */
	for (int i = 0; i < LEAVE_DRAINS && drain_rings(c, env_now_us()); i++)
		;
	bpf_source_settle(p->bpf, env_now_us());
	audit_source_flush(p->audit, env_now_us());
	normaliser_flush(p->normaliser);
	enforce_tell_throttles(p->bpf, p->throttles, p->rules, env_now_us());
	throttle_watch_flush(p->throttles, &p->rules->throttle, env_now_us());
	outlet_filter(p->outlet, enforce_left_out(p->bpf, p->rules));
	enforce_log_left_out(p->rules);
	settle(c);
	outlet_goodbye(p->outlet);
	/* As long as the sealer takes something: the queue is bounded. */
	while (outlet_wants_write(p->outlet)) {
		struct pollfd fd = { .fd = outlet_fd(p->outlet), .events = POLLOUT };
		int n = poll(&fd, 1, LEAVE_MS);
		if (n == 0 || (n < 0 && errno != EINTR))
			return;
		send_some(c);
	}
}

int collector_run(struct collector *c)
{
	while (!c->stopping) {
		uint64_t now = env_now_us();
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
		now = env_now_us();
		if (now >= c->next_drain_us)
			drain_rings(c, now);
	}
	take_leave(c);
	return 0;
}
