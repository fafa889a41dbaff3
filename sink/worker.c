#include "sink/worker.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
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

struct orders {
	const char *store;
	enum at_rest at_rest;
};

static void serve(const void *arg, int fd)
{
	const struct orders *w = arg;
	uint64_t number;
	setpriority(PRIO_PROCESS, 0, 10);
	syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_IDLE);
	protect_all(w->store, w->at_rest);
	while (recv(fd, &number, sizeof(number), 0) == (ssize_t)sizeof(number)) {
		struct worker_outcome o = { .number = number };
		make(w->store, w->at_rest, &o);
		if (send(fd, &o, sizeof(o), 0) < 0)
			break;
	}
}

int worker_start(const char *store, enum at_rest at_rest, struct worker *ret)
{
	struct orders orders = { store, at_rest };
	struct child process;
	int r = child_start("sink-segments", serve, &orders, &process);
	if (r == 0)
		*ret = (struct worker){ .process = process };
	return r;
}

int worker_ask(struct worker *w, uint64_t number)
{
	if (send(w->process.fd, &number, sizeof(number), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return -errno;
	w->busy = true;
	return 0;
}

int worker_outcome(struct worker *w, struct worker_outcome *ret)
{
	struct worker_outcome o;
	ssize_t n = recv(w->process.fd, &o, sizeof(o), MSG_DONTWAIT);
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
	/* It may be in the middle of a segment; what is unfinished is swept away at the next start. */
	child_stop(&w->process);
	w->busy = false;
}
