#include <fcntl.h>
#include <getopt.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cap-ng.h>

#include "collector/collector.h"
#include "lib/log.h"

#define PROGRAM "swornlog-collector"

struct options {
	struct collector_config collector;
	const char *user;
	bool done; /* --help or --version: nothing else to do */
};

enum option_id {
	OPTION_EVENTS_SOCKET = 256,
	OPTION_OWN_DIR,
	OPTION_AUDIT,
	OPTION_USER,
	OPTION_RING_BYTES,
	OPTION_QUEUE_BYTES,
	OPTION_VERBOSE,
	OPTION_HELP,
	OPTION_VERSION,
};

static const struct option long_options[] = {
	{ "events-socket", required_argument, NULL, OPTION_EVENTS_SOCKET },
	{ "own-dir", required_argument, NULL, OPTION_OWN_DIR },
	{ "audit", required_argument, NULL, OPTION_AUDIT },
	{ "user", required_argument, NULL, OPTION_USER },
	{ "ring-bytes", required_argument, NULL, OPTION_RING_BYTES },
	{ "queue-bytes", required_argument, NULL, OPTION_QUEUE_BYTES },
	{ "verbose", no_argument, NULL, OPTION_VERBOSE },
	{ "help", no_argument, NULL, OPTION_HELP },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ 0 },
};

static const char usage[] =
        "usage: " PROGRAM " --events-socket PATH [option]...\n"
        "Collects file, process and login events from the kernel and hands them to the sealer.\n"
        "\n"
        "  --events-socket PATH  the sealer's socket\n"
        "  --own-dir DIR         leave out the agent's own file events in DIR (may be repeated)\n"
        "  --audit MODE          multicast (default), unicast or off\n"
        "  --user NAME           become this user, and keep only the capabilities that are needed\n"
        "  --ring-bytes N        size of the kernel's ring, a power of two (default 8388608)\n"
        "  --queue-bytes N       size of the queue to the sealer (default 4194304)\n"
        "  --verbose             say more, and why the kernel refuses a program\n"
        "  --help, --version\n";

static int parse_size(const char *text, size_t *ret)
{
	char *end;
	errno = 0;
	unsigned long long n = strtoull(text, &end, 10);
	if (errno || *text < '0' || *text > '9' || *end || n > (1u << 30))
		return -EINVAL;
	*ret = (size_t)n;
	return 0;
}

static int parse_audit(const char *text, enum collector_audit *ret)
{
	static const char *const modes[] = { [COLLECTOR_AUDIT_OFF] = "off",
		                             [COLLECTOR_AUDIT_MULTICAST] = "multicast",
		                             [COLLECTOR_AUDIT_UNICAST] = "unicast" };
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		if (strcmp(text, modes[i]) == 0) {
			*ret = (enum collector_audit)i;
			return 0;
		}
	}
	return -EINVAL;
}

static int add_own_dir(struct collector_config *config, const char *dir)
{
	if (config->own_dir_count == COLLECTOR_OWN_DIRS_MAX)
		return -E2BIG;
	config->own_dirs[config->own_dir_count++] = dir;
	return 0;
}

static int take_option(struct options *o, int option, const char *value)
{
	switch (option) {
	case OPTION_EVENTS_SOCKET:
		o->collector.events_socket = value;
		return 0;
	case OPTION_OWN_DIR:
		return add_own_dir(&o->collector, value);
	case OPTION_AUDIT:
		return parse_audit(value, &o->collector.audit);
	case OPTION_USER:
		o->user = value;
		return 0;
	case OPTION_RING_BYTES:
		return parse_size(value, &o->collector.ring_bytes);
	case OPTION_QUEUE_BYTES:
		return parse_size(value, &o->collector.queue_bytes);
	case OPTION_VERBOSE:
		o->collector.verbose = true;
		return 0;
	case OPTION_HELP:
		fputs(usage, stdout);
		o->done = true;
		return 0;
	case OPTION_VERSION:
		puts(PROGRAM " " SWORNLOG_VERSION);
		o->done = true;
		return 0;
	default:
		return -EINVAL;
	}
}

static int parse_options(int argc, char **argv, struct options *o)
{
	int option, index = 0;
	while (!o->done && (option = getopt_long(argc, argv, "", long_options, &index)) != -1) {
		if (option == '?')
			return -EINVAL;
		if (take_option(o, option, optarg)) {
			fprintf(stderr, PROGRAM ": --%s: '%s' is not understood\n", long_options[index].name,
			        optarg);
			return -EINVAL;
		}
	}
	if (!o->done && (optind != argc || !o->collector.events_socket)) {
		fputs(usage, stderr);
		return -EINVAL;
	}
	return 0;
}

/* Before 5.11 the kernel counts maps against this limit, which only root may raise. */
static void raise_memlock(void)
{
	struct rlimit none = { RLIM_INFINITY, RLIM_INFINITY };
	if (setrlimit(RLIMIT_MEMLOCK, &none) < 0)
		log_debug("RLIMIT_MEMLOCK stays: %s", strerror(errno));
}

/* Become `name` with four capabilities and nothing else. */
static int drop_privileges(const char *name)
{
	errno = 0;
	const struct passwd *user = getpwnam(name);
	if (!user) {
		log_error("there is no user '%s'", name);
		return -ENOENT;
	}
	capng_clear(CAPNG_SELECT_BOTH);
	if (capng_updatev(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_BPF, CAP_PERFMON, CAP_AUDIT_READ,
	                  CAP_AUDIT_CONTROL, -1) < 0)
		return -EINVAL;
	int result = capng_change_id((int)user->pw_uid, (int)user->pw_gid,
	                             CAPNG_DROP_SUPP_GRP | CAPNG_CLEAR_BOUNDING);
	if (result < 0) {
		log_error("can't become '%s' (libcap-ng: %d)", name, result);
		return -EPERM;
	}
	return 0;
}

static int open_stop_fd(void)
{
	sigset_t signals;
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	if (sigprocmask(SIG_BLOCK, &signals, NULL) < 0)
		return -errno;
	int fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

static void free_collector(struct collector **c)
{
	collector_free(*c);
}

static int run(struct options *o)
{
	cleanup_close int stop_fd = open_stop_fd();
	if (stop_fd < 0)
		return stop_fd;
	if (geteuid() == 0)
		raise_memlock();
	int err = o->user && geteuid() == 0 ? drop_privileges(o->user) : 0;
	if (err)
		return err;
	struct collector *c cleanup(free_collector) = NULL;
	o->collector.stop_fd = stop_fd;
	err = collector_open(&o->collector, &c);
	if (err) {
		log_error("can't start: %s", strerror(-err));
		return err;
	}
	err = collector_run(c);
	if (err)
		log_error("stopped: %s", strerror(-err));
	return err;
}

int main(int argc, char **argv)
{
	struct options o = { .collector = { .audit = COLLECTOR_AUDIT_MULTICAST } };
	if (parse_options(argc, argv, &o))
		return 2;
	if (o.done)
		return 0;
	log_open(PROGRAM, o.collector.verbose ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
	return run(&o) ? 1 : 0;
}
