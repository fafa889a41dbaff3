#include <grp.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cap-ng.h>

#include "lib/account.h"
#include "agent/collector_check.h"
#include "agent/collector_options.h"
#include "agent/options.h"
#include "collector/audit_lease.h"
#include "collector/collector.h"
#include "collector/pins.h"
#include "collector/probe_action.h"
#include "collector/self_probe.h"
#include "lib/log.h"

/* Before 5.11 the kernel counts maps against this limit, which only root may raise. */
static void raise_memlock(void)
{
	struct rlimit none = { RLIM_INFINITY, RLIM_INFINITY };
	if (setrlimit(RLIMIT_MEMLOCK, &none) < 0)
		log_debug("RLIMIT_MEMLOCK stays: %s", strerror(errno));
}

/* Become `name`, in no group but its own and `group`, with four capabilities and nothing else. */
static int drop_privileges(const char *name, const char *group)
{
	struct account_ids ids;
	gid_t beside = 0;
	if (account_user(name, &ids) < 0) {
		log_error("there is no user '%s'", name);
		return -ENOENT;
	}
	if (group && account_group(group, &beside) < 0) {
		log_error("there is no group '%s'", group);
		return -ENOENT;
	}
	if (setgroups(group ? 1 : 0, &beside) < 0)
		return -errno;
	capng_clear(CAPNG_SELECT_BOTH);
	if (capng_updatev(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_BPF, CAP_PERFMON, CAP_AUDIT_READ,
	                  CAP_AUDIT_CONTROL, -1) < 0)
		return -EINVAL;
	int result = capng_change_id((int)ids.uid, (int)ids.gid, CAPNG_CLEAR_BOUNDING);
	if (result < 0) {
		log_error("can't become '%s' (libcap-ng: %d)", name, result);
		return -EPERM;
	}
	return 0;
}

/* The folder must be the collector's own. */
static void prepare_pins(const struct collector_options *o)
{
	struct account_ids ids = { 0 };
	if (o->user && account_user(o->user, &ids) < 0)
		return;
	int err = pins_prepare(o->collector.pins, ids.uid, ids.gid);
	if (err)
		log_warning("%s can't be made for the collector: %s", o->collector.pins, strerror(-err));
}

/* Readable upon one of the two signals. */
static int open_signals(int one, int other)
{
	sigset_t signals;
	sigemptyset(&signals);
	sigaddset(&signals, one);
	sigaddset(&signals, other);
	if (sigprocmask(SIG_BLOCK, &signals, NULL) < 0)
		return -errno;
	int fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

static void free_collector(struct collector **c)
{
	collector_free(*c);
}

static int run(struct collector_options *o)
{
	cleanup_close int stop_fd = open_signals(SIGTERM, SIGINT);
	cleanup_close int reload_fd = open_signals(SIGHUP, SIGHUP);
	if (stop_fd < 0 || reload_fd < 0)
		return MIN(stop_fd, reload_fd);
	if (geteuid() == 0)
		raise_memlock();
	if (geteuid() == 0 && o->collector.pins)
		prepare_pins(o);
	int err = o->user && geteuid() == 0 ? drop_privileges(o->user, o->group) : 0;
	if (err)
		return err;
	struct collector *c cleanup(free_collector) = NULL;
	o->collector.stop_fd = stop_fd;
	o->collector.reload_fd = reload_fd;
	err = collector_open(&o->collector, &c);
	if (err) {
		if (err != -ENOEXEC)
			log_error("can't start: %s", strerror(-err));
		return err;
	}
	err = collector_run(c);
	if (err)
		log_error("stopped: %s", strerror(-err));
	return err;
}

static int restore(const char *lease)
{
	int err = audit_lease_give_back(lease);
	if (err)
		log_error("audit could not be put back as %s says: %s", lease, audit_mode_cause(err));
	return err;
}

static int unpin(const char *pins)
{
	int err = pins_remove_all(pins);
	if (err)
		log_error("%s can't be emptied: %s", pins,
		          err == -EBUSY ? "a collector is running" : strerror(-err));
	return err;
}

int main(int argc, char **argv)
{
	static struct collector_options o;
	if (argc == 3 && strcmp(argv[1], PROBE_ACTION_OPTION) == 0)
		return SELF_PROBE_EXIT_CODE;
	if (collector_options_parse(argc, argv, &o))
		return EXIT_USAGE;
	if (o.done)
		return 0;
	log_open("swornlog-collector", o.collector.verbose ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
	int err = o.check     ? collector_check(o.check)
	          : o.restore ? restore(o.restore)
	          : o.unpin   ? unpin(o.unpin)
	                      : run(&o);
	collector_options_done(&o);
	/* Rules that are not understood do not mend themselves: whoever starts it does not try again. */
	return err == -ENOEXEC ? EXIT_USAGE : err ? 1 : 0;
}
