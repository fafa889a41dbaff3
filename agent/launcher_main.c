/* swornlog-agent: starts collector, sealer and shipper where there is no systemd to do it, each as its own
 * user. */
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/account.h"
#include "agent/options.h"
#include "lib/env.h"
#include "lib/listen.h"
#include "lib/log.h"

#define FIRST_RESTART_US 200000u
#define LAST_RESTART_US  10000000u
#define STEADY_US        30000000u /* a child that ran so long starts over with the first delay */
#define STOP_WAIT_US     8000000u
#define POLL_US          50000u

enum child_id { CHILD_SEALER, CHILD_COLLECTOR, CHILD_SHIPPER, CHILDREN };

struct child {
	const char *program;
	const char *user; /* of the configuration */
	bool keeps_root;  /* drops its privileges itself, for it keeps some */
	pid_t pid;        /* 0: not running */
	uint64_t started_us;
	uint64_t restart_us; /* not before */
	uint64_t delay_us;
};

struct launcher {
	struct agent_config config;
	char folder[PATH_MAX]; /* of the programs */
	struct child child[CHILDREN];
	int events_fd;
	int receipts_fd;
	gid_t group;
	bool root;
};

static int fail(const char *what, const char *name)
{
	int r = errno ? -errno : -EINVAL;
	log_error("%s %s: %s", what, name, strerror(-r));
	return r;
}

static int make_folder(const char *path, mode_t mode, uid_t uid, gid_t gid, bool root)
{
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return fail("can't make folder", path);
	if (root && chown(path, uid, gid) < 0)
		return fail("can't give away folder", path);
	return chmod(path, mode) < 0 ? fail("can't set the mode of folder", path) : 0;
}

static int find_users(struct launcher *l, struct account_ids ids[CHILDREN])
{
	for (int i = 0; i < CHILDREN; i++) {
		ids[i] = (struct account_ids){ geteuid(), getegid() };
		if (l->root && account_user(l->child[i].user, &ids[i]) < 0) {
			log_error("there is no user '%s'; make it (the package does), or name another one in "
			          "the configuration",
			          l->child[i].user);
			return -ENOENT;
		}
	}
	l->group = getegid();
	if (l->root && account_group(l->config.group, &l->group) < 0) {
		log_error("there is no group '%s'; make it (the package does), or name another one in the "
		          "configuration",
		          l->config.group);
		return -ENOENT;
	}
	return 0;
}

/* The shipper may read the spool and no more; the run folder belongs to all three, and none can remove
 * another's files. */
static int make_folders(struct launcher *l, const struct account_ids ids[CHILDREN])
{
	const struct agent_config *c = &l->config;
	int r = make_folder(c->state, 0700, ids[CHILD_SEALER].uid, ids[CHILD_SEALER].gid, l->root);
	if (r == 0)
		r = make_folder(c->spool, 02750, ids[CHILD_SEALER].uid, ids[CHILD_SHIPPER].gid, l->root);
	if (r == 0 && c->registrar)
		r = make_folder(c->shipper_state, 0700, ids[CHILD_SHIPPER].uid, ids[CHILD_SHIPPER].gid,
		                l->root);
	if (r == 0)
		r = make_folder(c->run, 01775, 0, l->group, l->root);
	return r;
}

static int listen_for(struct launcher *l, const char *name, gid_t gid, int *ret)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s/%s.sock", l->config.run, name);
	if (n < 0 || (size_t)n >= sizeof(path))
		return -ENAMETOOLONG;
	int r = listen_unix(path, 0660, ret);
	if (r < 0) {
		errno = -r;
		return fail("can't listen on", path);
	}
	return l->root && chown(path, 0, gid) < 0 ? fail("can't give away", path) : 0;
}

/* An identity key that an administrator has put there is root's; the sealer reads it as its own user. */
static int give_identity(const struct launcher *l, const struct account_ids *sealer)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s/identity.key", l->config.state);
	if (n < 0 || (size_t)n >= sizeof(path))
		return -ENAMETOOLONG;
	if (l->root && lchown(path, sealer->uid, sealer->gid) < 0 && errno != ENOENT)
		return fail("can't give away", path);
	return 0;
}

static int prepare(struct launcher *l)
{
	struct account_ids ids[CHILDREN];
	int r = find_users(l, ids);
	if (r == 0)
		r = make_folders(l, ids);
	if (r == 0)
		r = give_identity(l, &ids[CHILD_SEALER]);
	if (r == 0)
		r = listen_for(l, "events", ids[CHILD_COLLECTOR].gid, &l->events_fd);
	if (r == 0)
		r = listen_for(l, "receipts", ids[CHILD_SHIPPER].gid, &l->receipts_fd);
	return r;
}

static int become(const struct launcher *l, const struct child *c)
{
	struct account_ids ids;
	/* The sealer locks its memory, the collector's maps count as locked on older kernels. */
	static const struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	if (!l->root)
		return 0;
	if (setrlimit(RLIMIT_MEMLOCK, &unlimited) < 0)
		log_debug("the limit of locked memory stays: %s", strerror(errno));
	if (c->keeps_root)
		return 0;
	if (account_user(c->user, &ids) < 0)
		return -ENOENT;
	if (setgroups(1, &l->group) < 0 || setresgid(ids.gid, ids.gid, ids.gid) < 0 ||
	    setresuid(ids.uid, ids.uid, ids.uid) < 0)
		return -errno;
	return 0;
}

/* As systemd does it: descriptors from 3 on, named in the environment. */
static int pass_sockets(const struct launcher *l)
{
	char pid[16];
	int events = fcntl(l->events_fd, F_DUPFD, 10), receipts = fcntl(l->receipts_fd, F_DUPFD, 10);
	if (events < 0 || receipts < 0 || dup2(events, 3) < 0 || dup2(receipts, 4) < 0)
		return -errno;
	close(events);
	close(receipts);
	snprintf(pid, sizeof(pid), "%d", getpid());
	if (setenv("LISTEN_PID", pid, 1) < 0 || setenv("LISTEN_FDS", "2", 1) < 0 ||
	    setenv("LISTEN_FDNAMES", "events:receipts", 1) < 0)
		return -errno;
	return 0;
}

static _Noreturn void exec_child(const struct launcher *l, const struct child *c, bool sockets)
{
	char path[PATH_MAX + 32];
	snprintf(path, sizeof(path), "%s/%s", l->folder, c->program);
	const char *argv[] = { path, "--config", l->config.path, NULL };
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	int r = sockets ? pass_sockets(l) : 0;
	if (r == 0)
		r = become(l, c);
	if (r == 0)
		execv(path, (char *const *)(uintptr_t)argv);
	errno = r < 0 ? -r : errno;
	fail("can't start", path);
	_exit(EXIT_FAILED);
}

static void start(struct launcher *l, enum child_id id)
{
	struct child *c = &l->child[id];
	pid_t pid = fork();
	if (pid == 0)
		exec_child(l, c, id == CHILD_SEALER);
	c->started_us = env_now_us();
	c->pid = MAX(pid, 0);
	if (pid < 0)
		c->restart_us = c->started_us + LAST_RESTART_US;
}

static const char *how_it_ended(int status, char *text, size_t size)
{
	if (WIFSIGNALED(status))
		snprintf(text, size, "was killed by signal %d", WTERMSIG(status));
	else
		snprintf(text, size, "ended with status %d", WEXITSTATUS(status));
	return text;
}

/* Returns true if it can't be right to start this child again: its configuration or the command line is
 * wrong. */
static bool ended(struct child *c, int status, bool stopping)
{
	char text[64];
	uint64_t now = env_now_us();
	c->pid = 0;
	if (stopping)
		return false;
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_USAGE) {
		log_error("%s does not accept its configuration", c->program);
		return true;
	}
	c->delay_us = now - c->started_us >= STEADY_US || !c->delay_us
	                      ? FIRST_RESTART_US
	                      : MIN(2 * c->delay_us, LAST_RESTART_US);
	c->restart_us = now + c->delay_us;
	log_warning("%s %s; it is started again in %llu ms", c->program,
	            how_it_ended(status, text, sizeof(text)), (unsigned long long)(c->delay_us / 1000));
	return false;
}

static bool reap(struct launcher *l, bool stopping)
{
	bool hopeless = false;
	int status;
	pid_t pid;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (int i = 0; i < CHILDREN; i++) {
			if (l->child[i].pid == pid)
				hopeless = ended(&l->child[i], status, stopping) || hopeless;
		}
	}
	return hopeless;
}

static void sleep_us(uint64_t us)
{
	struct timespec t = { .tv_sec = (time_t)(us / 1000000), .tv_nsec = (long)(us % 1000000) * 1000 };
	nanosleep(&t, NULL);
}

/* In this order, so that the last events are sealed and the last batches shipped. */
static void stop_all(struct launcher *l)
{
	static const enum child_id order[] = { CHILD_COLLECTOR, CHILD_SEALER, CHILD_SHIPPER };
	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		struct child *c = &l->child[order[i]];
		if (c->pid)
			kill(c->pid, SIGTERM);
		for (uint64_t waited = 0; c->pid && waited < STOP_WAIT_US; waited += POLL_US) {
			sleep_us(POLL_US);
			reap(l, true);
		}
		if (!c->pid)
			continue;
		log_warning("%s did not end in time and is killed", c->program);
		kill(c->pid, SIGKILL);
	}
}

/* Until a signal asks to end, or a child says that its configuration is wrong. */
static int supervise(struct launcher *l, const sigset_t *watched)
{
	for (;;) {
		uint64_t now = env_now_us();
		for (int i = 0; i < CHILDREN; i++) {
			if (!l->child[i].pid && now >= l->child[i].restart_us)
				start(l, (enum child_id)i);
		}
		struct timespec t = { .tv_nsec = FIRST_RESTART_US * 1000 };
		int signal_number = sigtimedwait(watched, NULL, &t);
		if (signal_number == SIGTERM || signal_number == SIGINT)
			return 0;
		if (signal_number == SIGHUP && l->child[CHILD_COLLECTOR].pid)
			kill(l->child[CHILD_COLLECTOR].pid, SIGHUP);
		if (reap(l, false))
			return -EINVAL;
	}
}

static int find_folder(struct launcher *l)
{
	ssize_t n = readlink("/proc/self/exe", l->folder, sizeof(l->folder) - 1);
	if (n <= 0)
		return fail("can't find", "the programs' folder");
	l->folder[n] = '\0';
	char *slash = strrchr(l->folder, '/');
	if (slash)
		*slash = '\0';
	return 0;
}

int main(int argc, char **argv)
{
	struct launcher l = { .events_fd = -1, .receipts_fd = -1, .root = geteuid() == 0 };
	sigset_t watched;
	agent_options(argc, argv,
	              "Starts swornlog-collector, swornlog-sealer and swornlog-shipper, each as its own "
	              "user, and restarts them.",
	              &l.config);
	log_open("swornlog-agent", LOG_LEVEL_INFO);
	l.child[CHILD_SEALER] = (struct child){ .program = "swornlog-sealer", .user = l.config.sealer_user };
	l.child[CHILD_COLLECTOR] = (struct child){ .program = "swornlog-collector",
		                                   .user = l.config.collector_user,
		                                   .keeps_root = true };
	l.child[CHILD_SHIPPER] =
	        (struct child){ .program = "swornlog-shipper", .user = l.config.shipper_user };
	umask(0007);
	sigemptyset(&watched);
	sigaddset(&watched, SIGTERM);
	sigaddset(&watched, SIGINT);
	sigaddset(&watched, SIGHUP);
	sigaddset(&watched, SIGCHLD);
	sigprocmask(SIG_BLOCK, &watched, NULL);

	int r = find_folder(&l);
	if (r == 0)
		r = prepare(&l);
	if (r == 0)
		r = supervise(&l, &watched);
	stop_all(&l);
	agent_config_done(&l.config);
	return r == 0 ? 0 : EXIT_FAILED;
}
