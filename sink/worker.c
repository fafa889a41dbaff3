#include "sink/worker.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/env.h"
#include "sink/segment.h"
#include "sink/store.h"

/* linux/ioprio.h: the idle class, of whatever the disk has left. */
#define IOPRIO_WHO_PROCESS 1
#define IOPRIO_IDLE        (3 << 13)

static int open_folder(const char *store, const char *name)
{
	cleanup_close int dir = open(store, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dir < 0 ? -errno : env_system()->open(env_system(), dir, name, O_RDONLY | O_DIRECTORY, 0);
}

static void make(const char *store, enum at_rest at_rest, struct worker_outcome *o)
{
	const struct env *env = env_system();
	cleanup_close int journal = open_folder(store, "journal");
	cleanup_close int segment = open_folder(store, "segment");
	o->result = journal < 0 ? journal : segment;
	if (journal < 0 || segment < 0)
		return;
	char name[SEGMENT_NAME_MAX];
	segment_name(o->number, name);
	o->result = segment_make(env, journal, segment, o->number);
	o->at_rest = o->result == 0 ? at_rest_protect(env, segment, name, at_rest) : 0;
}

/* What comes of it is not told: the sink has tried for itself, and says what the file system can do. */
static void protect_all(const char *store, enum at_rest at_rest)
{
	cleanup_close int segment = open_folder(store, "segment");
	if (segment >= 0)
		(void)!at_rest_protect_all(env_system(), segment, at_rest);
}

static _Noreturn void serve(const char *store, enum at_rest at_rest, int fd)
{
	uint64_t number;
	prctl(PR_SET_NAME, "sink-segments");
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setpriority(PRIO_PROCESS, 0, 10);
	syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_IDLE);
	/* A signal to the group stops the sink; this process then sees the end of its socket. */
	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	protect_all(store, at_rest);
	while (recv(fd, &number, sizeof(number), 0) == (ssize_t)sizeof(number)) {
		struct worker_outcome o = { .number = number };
		make(store, at_rest, &o);
		if (send(fd, &o, sizeof(o), 0) < 0)
			break;
	}
	_exit(0);
}

int worker_start(const char *store, enum at_rest at_rest, struct worker *ret)
{
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	pid_t pid = fork();
	if (pid < 0) {
		int r = -errno;
		close(pair[0]);
		close(pair[1]);
		return r;
	}
	if (pid == 0) {
		close(pair[0]);
		serve(store, at_rest, pair[1]);
	}
	close(pair[1]);
	*ret = (struct worker){ .pid = pid, .fd = pair[0] };
	return 0;
}

int worker_ask(struct worker *w, uint64_t number)
{
	if (send(w->fd, &number, sizeof(number), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return -errno;
	w->busy = true;
	return 0;
}

int worker_outcome(struct worker *w, struct worker_outcome *ret)
{
	struct worker_outcome o;
	ssize_t n = recv(w->fd, &o, sizeof(o), MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n != (ssize_t)sizeof(o))
		return -EPIPE;
	w->busy = false;
	*ret = o;
	return 1;
}

void worker_stop(struct worker *w)
{
	if (w->pid <= 0)
		return;
	close(w->fd);
	/* It may be in the middle of a segment; what is unfinished is swept away at the next start. */
	kill(w->pid, SIGKILL);
	while (waitpid(w->pid, NULL, 0) < 0 && errno == EINTR)
		;
	*w = (struct worker){ .fd = -1 };
}
