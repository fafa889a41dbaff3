/* The same changes of files through io_uring, whose requests are no system calls. */
#include "tests/vm/probes/actions.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* By number: these headers are older than the newest kernels. */
#define OP_OPENAT    18
#define OP_RENAMEAT  35
#define OP_UNLINKAT  36
#define OP_MKDIRAT   37
#define OP_SYMLINKAT 38
#define OP_LINKAT    39
#define OP_SETXATTR  42
#define OP_FTRUNCATE 55

struct uring_call {
	const char *name, *kind;
	uint8_t opcode;
	bool needs_file, has_target;
};

static const struct uring_call uring_calls[] = {
	{ "uring-openat", "open", OP_OPENAT, false, false },
	{ "uring-renameat", "rename", OP_RENAMEAT, true, true },
	{ "uring-unlinkat", "unlink", OP_UNLINKAT, true, false },
	{ "uring-mkdirat", "mkdir", OP_MKDIRAT, false, false },
	{ "uring-symlinkat", "symlink", OP_SYMLINKAT, false, false },
	{ "uring-linkat", "link", OP_LINKAT, true, true },
	{ "uring-setxattr", "setxattr", OP_SETXATTR, true, false },
	{ "uring-ftruncate", "truncate", OP_FTRUNCATE, true, false },
};

static char name[4096], target[4096];
static int object_fd;

static uint64_t address(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

static void fill(const struct uring_call *c, const struct place *p, struct io_uring_sqe *s)
{
	*s = (struct io_uring_sqe){ .opcode = c->opcode, .fd = p->dirfd, .addr = address(name) };
	switch (c->opcode) {
	case OP_OPENAT:
		s->open_flags = O_CREAT | O_WRONLY;
		s->len = 0640;
		break;
	case OP_RENAMEAT:
	case OP_LINKAT:
		s->len = (uint32_t)p->dirfd;
		s->off = address(target);
		break;
	case OP_MKDIRAT:
		s->len = 0750;
		break;
	case OP_SYMLINKAT:
		s->addr = address("content");
		s->off = address(name);
		break;
	case OP_SETXATTR:
		s->addr = address("trusted.sworn");
		s->off = address("value");
		s->addr3 = address(name);
		s->len = 5;
		break;
	case OP_FTRUNCATE:
		s->fd = object_fd;
		s->addr = 0;
		s->off = 4096;
		break;
	default:
		break;
	}
}

/* One request, waited for. */
static long submit(const struct place *p, void *context)
{
	const struct uring_call *c = context;
	struct io_uring_params params = { 0 };
	int fd = (int)syscall(SYS_io_uring_setup, 1, &params);
	if (fd < 0)
		return -errno;
	uint8_t *ring = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, IORING_OFF_SQ_RING);
	struct io_uring_sqe *sqe = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, IORING_OFF_SQES);
	if (ring == MAP_FAILED || sqe == MAP_FAILED || !(params.features & IORING_FEAT_SINGLE_MMAP))
		die("io_uring");
	fill(c, p, sqe);
	((uint32_t *)(void *)(ring + params.sq_off.array))[0] = 0;
	__atomic_store_n((uint32_t *)(void *)(ring + params.sq_off.tail), 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) != 1)
		return -errno;
	return ((struct io_uring_cqe *)(void *)(ring + params.cq_off.cqes))->res;
}

static void prepare(const struct uring_call *c, const struct place *p)
{
	snprintf(name, sizeof(name), "%s%s", p->given, c->name);
	snprintf(target, sizeof(target), "%s%s-to", p->given, c->name);
	object_fd = -1;
	if (!c->needs_file)
		return;
	object_fd = openat(p->dirfd, name, O_CREAT | O_RDWR | O_CLOEXEC, 0666);
	if (object_fd < 0)
		die(name);
}

static void say(const struct uring_call *c, const struct place *p, int pid, const struct outcome *outcome)
{
	say_begin(p, c->name, c->kind, pid, outcome);
	say_outcome(p, outcome);
	fprintf(say_to, ",\"opcode\":%u", c->opcode);
	say_path("real", p->real, c->name);
	if (c->has_target)
		fprintf(say_to, ",\"target_real\":\"%s%s-to\"", p->real, c->name);
	say_end();
}

/* A kernel that does not have a request, or no io_uring, says EINVAL or ENOSYS: then nothing has been done.
 */
static bool was_done(const struct outcome *outcome)
{
	return outcome->result != -EINVAL && outcome->result != -ENOSYS && outcome->result != -EPERM;
}

void do_uring(const struct place *p)
{
	if (p->compat || p->thread)
		return;
	for (size_t i = 0; i < sizeof(uring_calls) / sizeof(uring_calls[0]); i++) {
		struct uring_call c = uring_calls[i];
		struct outcome outcome;
		int exit_code = 100 + (int)i;
		prepare(&c, p);
		int pid = in_child(p, &outcome, exit_code, submit, &c);
		if (was_done(&outcome))
			say(&c, p, pid, &outcome);
		if (object_fd >= 0)
			close(object_fd);
	}
}
