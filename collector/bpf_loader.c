#include "collector/bpf_loader.h"

#include <stdarg.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bpf/file.skel.h"
#include "bpf/io_uring.skel.h"
#include "bpf/process.skel.h"
#include "collector/calls.h"
#include "collector/match_maps.h"
#include "evidence/entry.h"

static_assert(BPF_KIND_PROCESS == KIND_PROCESS && BPF_KIND_EXEC == KIND_EXEC, "kinds");
static_assert(BPF_KIND_FILES == KIND_OPEN && BPF_KIND_FILES_END > KIND_IO_URING, "kinds");
static_assert(BPF_KIND_CREDENTIALS == KIND_CREDENTIALS, "kinds");
static_assert(BPF_KIND_EXIT == KIND_EXIT && BPF_KIND_IO_URING == KIND_IO_URING, "kinds");
static_assert(BPF_KIND_READ == KIND_READ && BPF_KIND_MMAP == KIND_MMAP, "kinds");
static_assert(KIND_REMOVEXATTR < BPF_RECORD_KINDS && KIND_IO_URING < BPF_RECORD_KINDS, "kinds");

#define VARIANTS 2

/* Of the variants the first that the kernel takes is used. */
struct hook {
	const char *name;
	const void *(*object)(size_t *ret_size);
	struct {
		const char *program;
		bool bounded;
	} variants[VARIANTS];
	uint8_t kinds[32];
};

static const struct hook hooks[BPF_PROGRAMS] = {
	[BPF_PROGRAM_EXEC] = { "sched_process_exec",
	                       process_bpf__elf_bytes,
	                       { { "process_exec", false }, { "process_exec_bounded", true } },
	                       { KIND_EXEC } },
	[BPF_PROGRAM_EXIT] = { "sched_process_exit",
	                       process_bpf__elf_bytes,
	                       { { "process_exit", false } },
	                       { KIND_EXIT } },
	[BPF_PROGRAM_FORK] = { "sched_process_fork",
	                       process_bpf__elf_bytes,
	                       { { "process_fork", false } },
	                       { 0 } },
	[BPF_PROGRAM_FILE] = { "sys_exit",
	                       file_bpf__elf_bytes,
	                       { { "file_call", false }, { "file_call_bounded", true } },
	                       { KIND_OPEN,        KIND_RENAME,        KIND_UNLINK,   KIND_LINK,
	                         KIND_SYMLINK,     KIND_MKDIR,         KIND_RMDIR,    KIND_MKNOD,
	                         KIND_CHMOD,       KIND_CHOWN,         KIND_TRUNCATE, KIND_SETXATTR,
	                         KIND_REMOVEXATTR, KIND_READ,          KIND_MMAP,     KIND_CREDENTIALS,
	                         KIND_EXEC_FAILED, KIND_MOUNT,         KIND_UMOUNT,   KIND_PTRACE,
	                         KIND_MODULE_LOAD, KIND_MODULE_UNLOAD, KIND_BPF,      KIND_TIME,
	                         KIND_SIGNAL,      KIND_CONNECT,       KIND_ACCEPT,   KIND_BIND } },
	[BPF_PROGRAM_IO_URING] = { "io_uring_submit",
	                           io_uring_bpf__elf_bytes,
	                           { { "io_uring_submit_req", false }, { "io_uring_submit_sqe", false } },
	                           { KIND_IO_URING } },
	[BPF_PROGRAM_FOUND] = { "task_iterator",
	                        process_bpf__elf_bytes,
	                        { { "process_found", false }, { "process_found_bounded", true } },
	                        { 0 } },
};

struct program {
	struct bpf_object *object;
	struct bpf_link *link;
	int fd; /* owned by the object */
	struct hook_status status;
};

struct bpf_loader {
	int ring_fds[BPF_RINGS];
	int counts_fd;
	int calls_fd;
	struct match_maps *match;
	uint32_t cpus;
	size_t counts_bytes;
	struct bpf_counts *counts;
	struct program programs[BPF_PROGRAMS];
};

bool bpf_loader_has_btf(void)
{
	return access("/sys/kernel/btf/vmlinux", R_OK) == 0;
}

static struct bpf_call wanted_call(const struct call_shape *shape, const struct kinds *kinds)
{
	struct bpf_call call = shape ? shape->bpf : (struct bpf_call){ 0 };
	if (!kinds_wanted(kinds, call.kind))
		call.kind = 0;
	if (!kinds_wanted(kinds, call.read))
		call.read = 0;
	return call;
}

static int fill_calls(int fd, const struct kinds *kinds)
{
	for (uint32_t number = 0; number < BPF_CALLS; number++) {
		const struct call_shape *native = call_find(false, number);
		const struct call_shape *compat = call_find(true, number);
		struct bpf_call_pair pair = { wanted_call(native, kinds), wanted_call(compat, kinds) };
		if (!native && !compat)
			continue;
		int err = bpf_map_update_elem(fd, &number, &pair, BPF_ANY);
		if (err)
			return err;
	}
	return 0;
}

static size_t page_round(size_t n)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	return (n + page - 1) / page * page;
}

/* As the BPF objects have them. */
static const char *const ring_names[BPF_RINGS] = {
	[BPF_RING_CRITICAL] = "critical", [BPF_RING_FILES] = "files"
};

static int create_maps(struct bpf_loader *l, size_t ring_bytes, const struct kinds *kinds)
{
	LIBBPF_OPTS(bpf_map_create_opts, counts, .map_flags = BPF_F_MMAPABLE);
	LIBBPF_OPTS(bpf_map_create_opts, calls, .map_flags = BPF_F_RDONLY_PROG);
	uint32_t slots = l->cpus * BPF_PROGRAMS;

	for (int ring = 0; ring < BPF_RINGS; ring++) {
		l->ring_fds[ring] = bpf_map_create(BPF_MAP_TYPE_RINGBUF, ring_names[ring], 0, 0,
		                                   (uint32_t)ring_bytes, NULL);
		if (l->ring_fds[ring] < 0)
			return l->ring_fds[ring];
	}
	l->counts_fd =
	        bpf_map_create(BPF_MAP_TYPE_ARRAY, "counts", 4, sizeof(struct bpf_counts), slots, &counts);
	if (l->counts_fd < 0)
		return l->counts_fd;
	l->calls_fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "calls", 4, sizeof(struct bpf_call_pair), BPF_CALLS,
	                             &calls);
	if (l->calls_fd < 0)
		return l->calls_fd;
	int err = fill_calls(l->calls_fd, kinds);
	if (!err)
		err = match_maps_open(&l->match);
	if (err)
		return err;

	size_t bytes = page_round(slots * sizeof(struct bpf_counts));
	void *mapped = mmap(NULL, bytes, PROT_READ, MAP_SHARED, l->counts_fd, 0);
	if (mapped == MAP_FAILED)
		return -errno;
	l->counts = mapped;
	l->counts_bytes = bytes;
	return 0;
}

static int reuse(struct bpf_object *object, const char *name, int fd)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, name);
	return map ? bpf_map__reuse_fd(map, fd) : 0;
}

static int prepare_maps(const struct bpf_loader *l, struct bpf_object *object, bool paths)
{
	int err = reuse(object, "counts", l->counts_fd);
	for (int ring = 0; ring < BPF_RINGS && !err; ring++)
		err = reuse(object, ring_names[ring], l->ring_fds[ring]);
	if (!err)
		err = reuse(object, "calls", l->calls_fd);
	struct bpf_map *map;
	bpf_object__for_each_map(map, object)
	{
		int fd = match_maps_fd(l->match, bpf_map__name(map));
		if (!err && fd >= 0)
			err = bpf_map__reuse_fd(map, fd);
	}
	struct bpf_map *scratch = bpf_object__find_map_by_name(object, "scratch");
	if (!err && scratch)
		err = bpf_map__set_max_entries(scratch, l->cpus);
	/* Only the programs that walk paths touch it, and it is large. */
	if (!err && scratch && !paths)
		err = bpf_map__set_autocreate(scratch, false);
	return err;
}

static bool walks_paths(enum bpf_program_id id)
{
	return id == BPF_PROGRAM_EXEC || id == BPF_PROGRAM_FILE || id == BPF_PROGRAM_FOUND;
}

static void free_object(struct bpf_object **object)
{
	bpf_object__close(*object);
}

static int load_variant(const struct bpf_loader *l, enum bpf_program_id id, const char *name,
                        struct program *into)
{
	size_t size;
	const void *bytes = hooks[id].object(&size);
	struct bpf_object *object cleanup(free_object) = bpf_object__open_mem(bytes, size, NULL);
	if (!object)
		return -errno;
	struct bpf_program *program = bpf_object__find_program_by_name(object, name);
	if (!program)
		return -ENOENT;
	int err = bpf_program__set_autoload(program, true);
	if (!err)
		err = prepare_maps(l, object, walks_paths(id));
	if (!err)
		err = bpf_object__load(object);
	if (err)
		return err;
	struct bpf_link *link = bpf_program__attach(program);
	if (!link)
		return -errno;
	into->link = link;
	into->fd = bpf_program__fd(program);
	into->object = TAKE_PTR(object);
	return 0;
}

static enum hook_state state_of(int err)
{
	if (!err)
		return HOOK_ON;
	return err == -ENOMEM || err == -EMFILE || err == -ENFILE ? HOOK_FAILED : HOOK_REFUSED;
}

/* A program that only makes events that are not wanted is left alone. */
static bool serves(const struct hook *hook, const struct kinds *kinds)
{
	const uint8_t *kind = hook->kinds;
	while (*kind && !kinds_wanted(kinds, *kind))
		kind++;
	return *kind || !hook->kinds[0];
}

/* maps_err: why there are no maps to load it with, or 0. */
static void load_hook(struct bpf_loader *l, enum bpf_program_id id, const struct kinds *kinds, int maps_err)
{
	const struct hook *hook = &hooks[id];
	struct program *p = &l->programs[id];
	p->status.name = hook->name;
	p->status.kinds = hook->kinds;
	if (!serves(hook, kinds))
		return;
	for (size_t i = 0; i < VARIANTS && hook->variants[i].program; i++) {
		p->status.err = maps_err ? maps_err : load_variant(l, id, hook->variants[i].program, p);
		p->status.state = state_of(p->status.err);
		p->status.bounded = hook->variants[i].bounded;
		if (p->status.state == HOOK_ON)
			return;
	}
}

/* The states in posture say it all, and libbpf would print pages for each program that it tries. */
static int keep_silent(enum libbpf_print_level level maybe_unused, const char *fmt maybe_unused,
                       va_list args maybe_unused)
{
	return 0;
}

#define LIST_BYTES ((size_t)BPF_RECORD_MAX_BYTES * 2)

/* Whole records off the front of `bytes`. Returns how many bytes they were, -EBADMSG if that is no record. */
static ssize_t take_records(const uint8_t *bytes, size_t len,
                            void (*each)(void *context, const void *record, size_t size), void *context)
{
	_Alignas(8) static uint8_t record[BPF_RECORD_MAX_BYTES];
	size_t at = 0;
	while (len - at >= sizeof(struct bpf_record)) {
		uint32_t size;
		memcpy(&size, bytes + at, sizeof(size));
		if (size < sizeof(struct bpf_record) || size > sizeof(record))
			return -EBADMSG;
		if (size > len - at)
			break;
		memcpy(record, bytes + at, size);
		each(context, record, size);
		at += size;
	}
	return (ssize_t)at;
}

static int read_records(int fd, void (*each)(void *context, const void *record, size_t size), void *context)
{
	cleanup_free uint8_t *bytes = malloc(LIST_BYTES);
	if (!bytes)
		return -ENOMEM;
	size_t len = 0;
	for (;;) {
		ssize_t n = read(fd, bytes + len, LIST_BYTES - len);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		if (n == 0)
			return len ? -EBADMSG : 0;
		len += n > 0 ? (size_t)n : 0;
		ssize_t taken = take_records(bytes, len, each, context);
		if (taken < 0)
			return (int)taken;
		len -= (size_t)taken;
		memmove(bytes, bytes + taken, len);
	}
}

static void free_loader(struct bpf_loader **l)
{
	bpf_loader_free(*l);
}

int bpf_loader_open(size_t ring_bytes, const struct kinds *kinds, bool verbose, struct bpf_loader **ret)
{
	if (ring_bytes > UINT32_MAX || ring_bytes == 0 || ring_bytes & (ring_bytes - 1))
		return -EINVAL;
	struct bpf_loader *l cleanup(free_loader) = calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	l->counts_fd = l->calls_fd = -1;
	for (int ring = 0; ring < BPF_RINGS; ring++)
		l->ring_fds[ring] = -1;
	if (!verbose)
		libbpf_set_print(keep_silent);
	int cpus = libbpf_num_possible_cpus();
	if (cpus < 0)
		return cpus;
	l->cpus = (uint32_t)cpus;
	int err = create_maps(l, ring_bytes, kinds);
	for (int id = 0; id < BPF_PROGRAMS; id++)
		load_hook(l, (enum bpf_program_id)id, kinds, err);
	*ret = TAKE_PTR(l);
	return 0;
}

int bpf_loader_set_kinds(struct bpf_loader *l, const struct kinds *kinds)
{
	return l->calls_fd < 0 ? 0 : fill_calls(l->calls_fd, kinds);
}

int bpf_loader_list(struct bpf_loader *l, void (*each)(void *context, const void *record, size_t size),
                    void *context)
{
	struct program *p = &l->programs[BPF_PROGRAM_FOUND];
	if (!p->link)
		return -EOPNOTSUPP;
	cleanup_close int fd = bpf_iter_create(bpf_link__fd(p->link));
	int err = fd < 0 ? fd : read_records(fd, each, context);
	/* It has served: its scratch memory is large. */
	bpf_link__destroy(p->link);
	bpf_object__close(p->object);
	p->link = NULL;
	p->object = NULL;
	return err;
}

void bpf_loader_detach(struct bpf_loader *l)
{
	for (int id = 0; id < BPF_PROGRAMS; id++) {
		bpf_link__destroy(l->programs[id].link);
		l->programs[id].link = NULL;
	}
}

void bpf_loader_free(struct bpf_loader *l)
{
	if (!l)
		return;
	bpf_loader_detach(l);
	for (int id = 0; id < BPF_PROGRAMS; id++)
		bpf_object__close(l->programs[id].object);
	if (l->counts)
		munmap(l->counts, l->counts_bytes);
	for (int ring = 0; ring < BPF_RINGS; ring++)
		close_fd(&l->ring_fds[ring]);
	close_fd(&l->counts_fd);
	close_fd(&l->calls_fd);
	match_maps_free(l->match);
	free(l);
}

int bpf_loader_agent_fd(const struct bpf_loader *l)
{
	const struct bpf_object *object = l->programs[BPF_PROGRAM_FILE].object;
	return object ? bpf_object__find_map_fd_by_name(object, "agent") : -1;
}

const struct hook_status *bpf_loader_status(const struct bpf_loader *l, enum bpf_program_id program)
{
	return &l->programs[program].status;
}

int bpf_loader_ring_fd(const struct bpf_loader *l, enum bpf_ring ring)
{
	return l->ring_fds[ring];
}

const volatile struct bpf_counts *bpf_loader_counts(const struct bpf_loader *l)
{
	return l->counts;
}

struct match_maps *bpf_loader_match(const struct bpf_loader *l)
{
	return l->match;
}

uint32_t bpf_loader_cpus(const struct bpf_loader *l)
{
	return l->cpus;
}

void bpf_loader_judge(struct bpf_loader *l, enum bpf_program_id program, bool works)
{
	struct hook_status *status = &l->programs[program].status;
	if (status->err)
		return;
	status->state = works ? HOOK_ON : HOOK_FAILED;
}

int bpf_loader_link_fd(const struct bpf_loader *l, enum bpf_program_id program)
{
	const struct program *p = &l->programs[program];
	return p->link ? bpf_link__fd(p->link) : -1;
}

int bpf_loader_map_fd(const struct bpf_loader *l, size_t i, const char **ret_name)
{
	const struct {
		const char *name;
		int fd;
	} maps[] = { { ring_names[BPF_RING_CRITICAL], l->ring_fds[BPF_RING_CRITICAL] },
		     { ring_names[BPF_RING_FILES], l->ring_fds[BPF_RING_FILES] },
		     { "counts", l->counts_fd },
		     { "calls", l->calls_fd } };
	if (i >= ARRAY_SIZE(maps))
		return -1;
	*ret_name = maps[i].name;
	return maps[i].fd;
}

uint64_t bpf_loader_skipped(const struct bpf_loader *l, enum bpf_program_id program)
{
	const struct program *p = &l->programs[program];
	if (!p->object)
		return 0;
	struct bpf_prog_info info = { 0 };
	uint32_t size = sizeof(info);
	return bpf_obj_get_info_by_fd(p->fd, &info, &size) ? 0 : info.recursion_misses;
}
