/* Sins on the machine that the drill runs on, for --live-host: each is undone when it was looked at. */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include <libaudit.h>

#include "drill/scratch.h"
#include "drill/sin.h"

#define FREEZE_MS   9000 /* three seconds and a look are told */
#define SETTLE_MS   2500 /* until the collector has looked at everything once */
#define RULE_FILTER AUDIT_FILTER_EXIT

static int start_collector(struct act *a)
{
	struct scratch_host *h = a->fleet->host;
	if (geteuid() != 0)
		return act_impossible(a, "needs root");
	/* The sealer has taken the configuration without audit. */
	int r = host_stop(h);
	h->audit = true;
	if (r == 0)
		r = host_start(h);
	if (r < 0)
		return act_failed(a, r, "the agent did not come back");
	if (host_start_collector(h) < 0) {
		char words[ACT_WHY_MAX];
		scratch_last_words(a->fleet, words, sizeof(words));
		return act_impossible(a, "the collector can't work here: %.180s", words);
	}
	sleep_ms(SETTLE_MS);
	return 0;
}

static void thaw(struct act *a)
{
	(void)!program_signal(&a->fleet->host->collector, SIGCONT);
}

int sin_freeze_collector(struct act *a)
{
	int r = start_collector(a);
	if (r < 0 || !a->sinful)
		return r;
	r = program_signal(&a->fleet->host->collector, SIGSTOP);
	sleep_ms(FREEZE_MS);
	thaw(a);
	return act_step(a, r, "the collector can't be frozen");
}

static void close_audit(int *fd)
{
	if (*fd >= 0)
		audit_close(*fd);
}

static int open_audit(struct act *a, int *ret)
{
	int fd = audit_open();
	if (fd < 0)
		return act_impossible(a, "there is no kernel audit here");
	*ret = fd;
	return 0;
}

static void switch_audit_on(struct act *a maybe_unused)
{
	cleanup(close_audit) int fd = audit_open();
	if (fd >= 0)
		(void)!audit_set_enabled(fd, 1);
}

int sin_disable_audit(struct act *a)
{
	cleanup(close_audit) int fd = -1;
	int r = start_collector(a);
	if (r == 0)
		r = open_audit(a, &fd);
	if (r < 0)
		return r;
	if (audit_is_enabled(fd) != 1)
		return act_impossible(a, "audit is locked, or can't be switched on here");
	if (!a->sinful)
		return 0;
	a->undo = switch_audit_on;
	return audit_set_enabled(fd, 0) <= 0 ? act_failed(a, -EPERM, "audit can't be switched off") : 0;
}

/* One rule, of the drill's own, that nobody meets: those that are there are left alone. */
static int change_rule(int fd, bool add)
{
	struct audit_rule_data *rule = audit_rule_create_data();
	char who[] = "auid=424242"; /* libaudit writes into it, whatever it says */
	if (!rule)
		return -ENOMEM;
	int r = audit_rule_syscallbyname_data(rule, "mount");
	if (r == 0)
		r = audit_rule_fieldpair_data(&rule, who, RULE_FILTER);
	if (r == 0)
		r = add ? audit_add_rule_data(fd, rule, RULE_FILTER, AUDIT_ALWAYS)
		        : audit_delete_rule_data(fd, rule, RULE_FILTER, AUDIT_ALWAYS);
	audit_rule_free_data(rule);
	return r < 0 ? -EPERM : 0;
}

static void remove_rule(struct act *a maybe_unused)
{
	cleanup(close_audit) int fd = audit_open();
	if (fd >= 0)
		(void)!change_rule(fd, false);
}

int sin_remove_rule(struct act *a)
{
	cleanup(close_audit) int fd = -1;
	int r = open_audit(a, &fd);
	if (r == 0 && change_rule(fd, true) < 0)
		return act_impossible(a, "audit takes no rules here");
	if (r == 0)
		r = start_collector(a);
	if (r == 0 && !a->sinful)
		a->undo = remove_rule; /* after it was looked at */
	else
		remove_rule(a);
	return r;
}
