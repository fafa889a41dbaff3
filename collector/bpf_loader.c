#include "collector/bpf_loader.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bpf/file.skel.h"
#include "bpf/io_uring.skel.h"
#include "bpf/process.skel.h"
#include "collector/bpf_maps.h"
#include "collector/calls.h"
#include "collector/match_maps.h"
#include "collector/ring_reader.h"
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

static const struct hook hooks[BPF_PROGRAM_OBJECT] = {
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
	                       { { "file_call", false } },
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
	struct bpf_link *link;
	int fd; /* -1 while it is not loaded */
	struct hook_status status;
};

struct bpf_loader {
	struct pins *pins; /* NULL: none */
	int pins_err;      /* why not, or 0 */
	struct bpf_maps maps;
	uint64_t left_behind;
	struct match_maps *match;
	struct object_tier *objects; /* NULL: there are no maps for them */
	struct program programs[BPF_PROGRAM_OBJECT];
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

static int reuse(struct bpf_object *object, const char *name, int fd)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, name);
	return map ? bpf_map__reuse_fd(map, fd) : 0;
}

static int prepare_maps(const struct bpf_loader *l, struct bpf_object *object, bool paths)
{
	int err = 0;
	for (int id = 0; id < BPF_MAPS && !err; id++)
		err = reuse(object, bpf_map_name((enum bpf_map_id)id), l->maps.fd[id]);
	struct bpf_map *scratch = bpf_object__find_map_by_name(object, "scratch");
	if (!err && scratch)
		err = bpf_map__set_max_entries(scratch, l->maps.cpus);
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
	/* The object is of no more use, and large. */
	into->fd = fcntl(bpf_program__fd(program), F_DUPFD_CLOEXEC, 0);
	if (into->fd < 0) {
		err = -errno;
		bpf_link__destroy(link);
		return err;
	}
	into->link = link;
	return 0;
}

/* A name of a pin: the file system takes no dots. */
struct pin_name {
	char text[64];
};

static struct pin_name pin_name(const char *prefix, const char *program)
{
	struct pin_name n;
	snprintf(n.text, sizeof(n.text), "%s%s", prefix, program);
	return n;
}

static void unload(struct program *p)
{
	bpf_link__destroy(p->link);
	p->link = NULL;
	close_fd(&p->fd);
}

/* It is pinned whole, or not at all and ends with the process. */
static void pin_program(const struct bpf_loader *l, const char *name, const struct program *p)
{
	struct pin_name program = pin_name("program_", name), link = pin_name(PINS_LINK, name);
	if (!l->maps.pinned)
		return;
	if (pins_put(l->pins, program.text, p->fd) == 0 &&
	    pins_put(l->pins, link.text, bpf_link__fd(p->link)) == 0)
		return;
	pins_remove(l->pins, link.text);
	pins_remove(l->pins, program.text);
}

/* Does the link attach that program? */
static bool belongs(int link_fd, int program_fd)
{
	struct bpf_link_info link = { 0 };
	struct bpf_prog_info program = { 0 };
	uint32_t link_size = sizeof(link), program_size = sizeof(program);
	return bpf_obj_get_info_by_fd(link_fd, &link, &link_size) == 0 &&
	       bpf_obj_get_info_by_fd(program_fd, &program, &program_size) == 0 && link.prog_id == program.id;
}

/* Take over the program that the collector before has left attached. */
static bool take_over(const struct bpf_loader *l, const char *name, struct program *into)
{
	struct pin_name program = pin_name("program_", name), link = pin_name(PINS_LINK, name);
	if (!l->maps.resumed || pins_get(l->pins, program.text, &into->fd))
		return false;
	into->link = pins_link(l->pins, link.text);
	if (into->link && belongs(bpf_link__fd(into->link), into->fd))
		return true;
	unload(into);
	pins_remove(l->pins, link.text);
	pins_remove(l->pins, program.text);
	return false;
}

static int obtain(const struct bpf_loader *l, enum bpf_program_id id, const char *name, struct program *into)
{
	/* The iterator serves once, at the start. */
	if (id == BPF_PROGRAM_FOUND)
		return load_variant(l, id, name, into);
	if (take_over(l, name, into))
		return 0;
	int err = load_variant(l, id, name, into);
	if (!err)
		pin_program(l, name, into);
	return err;
}

/* What the rules no longer ask for. */
static void give_up(const struct bpf_loader *l, const struct hook *hook)
{
	for (size_t i = 0; l->maps.pinned && i < VARIANTS && hook->variants[i].program; i++) {
		pins_remove(l->pins, pin_name(PINS_LINK, hook->variants[i].program).text);
		pins_remove(l->pins, pin_name("program_", hook->variants[i].program).text);
	}
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
	if (!serves(hook, kinds)) {
		give_up(l, hook);
		return;
	}
	for (size_t i = 0; i < VARIANTS && hook->variants[i].program; i++) {
		p->status.err = maps_err ? maps_err : obtain(l, id, hook->variants[i].program, p);
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

/* Before the program at the end of system calls, so that the trial leaves no records of that either. */
static int open_objects(struct bpf_loader *l, const struct kinds *kinds)
{
	int err = object_tier_open(&l->maps, &l->objects);
	return err ? err : object_tier_start(l->objects, kinds);
}

static void name_build(const struct bpf_loader_config *config, uint32_t cpus, struct hash *ret)
{
	uint64_t sizes[] = { cpus, config->ring_bytes, config->kept_bytes };
	struct span parts[BPF_PROGRAM_OBJECT + 3] = { { (const uint8_t *)SWORNLOG_VERSION,
		                                        sizeof(SWORNLOG_VERSION) },
		                                      { (const uint8_t *)sizes, sizeof(sizes) },
		                                      { config->rules->b, sizeof(config->rules->b) } };
	for (int id = 0; id < BPF_PROGRAM_OBJECT; id++) {
		struct span *part = &parts[id + 3];
		part->data = hooks[id].object(&part->len);
	}
	sha256_parts(parts, ARRAY_SIZE(parts), ret);
}

static void open_pins(struct bpf_loader *l, const struct bpf_loader_config *config, uint32_t cpus)
{
	struct hash build;
	if (!config->pins)
		return;
	name_build(config, cpus, &build);
	l->pins_err = pins_open(config->pins, &build, &l->pins);
}

static void count_left(void *context, int map_fd)
{
	struct bpf_loader *l = context;
	struct bpf_map_info info = { 0 };
	uint32_t size = sizeof(info);
	struct ring_reader ring;
	if (bpf_obj_get_info_by_fd(map_fd, &info, &size) || info.type != BPF_MAP_TYPE_RINGBUF ||
	    ring_reader_open(map_fd, info.max_entries, &ring))
		return;
	const void *record;
	for (size_t bytes; ring_reader_peek(&ring, &record, &bytes) == RING_RECORD; l->left_behind++)
		ring_reader_take(&ring);
	ring_reader_close(&ring);
}

int bpf_loader_open(const struct bpf_loader_config *config, struct bpf_loader **ret)
{
	size_t bytes = config->ring_bytes;
	if (bytes > UINT32_MAX || bytes == 0 || bytes & (bytes - 1))
		return -EINVAL;
	struct bpf_loader *l cleanup(free_loader) = calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	for (int id = 0; id < BPF_PROGRAM_OBJECT; id++)
		l->programs[id].fd = -1;
	if (!config->verbose)
		libbpf_set_print(keep_silent);
	int cpus = libbpf_num_possible_cpus();
	if (cpus < 0)
		return cpus;
	open_pins(l, config, (uint32_t)cpus);
	int err = bpf_maps_open(l->pins, (uint32_t)cpus, bytes, ((size_t)cpus + 1) * config->kept_bytes,
	                        &l->maps);
	if (!l->maps.kept)
		return -ENOMEM;
	if (!err)
		err = fill_calls(l->maps.fd[BPF_MAP_CALLS], config->kinds);
	if (!err)
		err = match_maps_open(&l->maps, &l->match);
	if (!err)
		err = open_objects(l, config->kinds);
	for (int id = 0; id < BPF_PROGRAM_OBJECT; id++)
		load_hook(l, (enum bpf_program_id)id, config->kinds, err);
	/* Only now: what another build has seen until here is in its rings. */
	if (l->pins)
		pins_remove_others(l->pins, count_left, l);
	*ret = TAKE_PTR(l);
	return 0;
}

int bpf_loader_set_kinds(struct bpf_loader *l, const struct kinds *kinds)
{
	if (l->maps.fd[BPF_MAP_CALLS] < 0)
		return 0;
	int err = fill_calls(l->maps.fd[BPF_MAP_CALLS], kinds);
	return !err && l->objects ? object_tier_start(l->objects, kinds) : err;
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
	unload(p);
	return err;
}

void bpf_loader_detach(struct bpf_loader *l)
{
	if (l->objects)
		object_tier_detach(l->objects);
	for (int id = 0; id < BPF_PROGRAM_OBJECT; id++) {
		bpf_link__destroy(l->programs[id].link);
		l->programs[id].link = NULL;
	}
}

void bpf_loader_free(struct bpf_loader *l)
{
	if (!l)
		return;
	for (int id = 0; id < BPF_PROGRAM_OBJECT; id++)
		unload(&l->programs[id]);
	object_tier_free(l->objects);
	match_maps_free(l->match);
	bpf_maps_close(&l->maps);
	pins_free(l->pins);
	free(l);
}

int bpf_loader_agent_fd(const struct bpf_loader *l)
{
	return l->maps.fd[BPF_MAP_AGENT];
}

const struct hook_status *bpf_loader_status(const struct bpf_loader *l, enum bpf_program_id program)
{
	return &l->programs[program].status;
}

const struct object_tier *bpf_loader_objects(const struct bpf_loader *l)
{
	return l->objects;
}

int bpf_loader_ring_fd(const struct bpf_loader *l, enum bpf_ring ring)
{
	return l->maps.fd[ring];
}

const volatile struct bpf_counts *bpf_loader_counts(const struct bpf_loader *l)
{
	return l->maps.counts;
}

void *bpf_loader_kept(const struct bpf_loader *l)
{
	return l->maps.kept;
}

bool bpf_loader_resumed(const struct bpf_loader *l)
{
	return l->maps.resumed;
}

int bpf_loader_pins(const struct bpf_loader *l)
{
	if (l->maps.pinned)
		return 0;
	return l->pins_err ? l->pins_err : -EOPNOTSUPP;
}

uint64_t bpf_loader_left_behind(const struct bpf_loader *l)
{
	return l->left_behind;
}

struct match_maps *bpf_loader_match(const struct bpf_loader *l)
{
	return l->match;
}

uint32_t bpf_loader_cpus(const struct bpf_loader *l)
{
	return l->maps.cpus;
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
	if (i >= BPF_MAPS)
		return -1;
	*ret_name = bpf_map_name((enum bpf_map_id)i);
	return l->maps.fd[i];
}

int bpf_loader_pins_fd(const struct bpf_loader *l)
{
	return l->pins ? pins_fd(l->pins) : -1;
}

uint64_t bpf_loader_skipped(const struct bpf_loader *l, enum bpf_program_id program)
{
	const struct program *p = &l->programs[program];
	if (p->fd < 0)
		return 0;
	struct bpf_prog_info info = { 0 };
	uint32_t size = sizeof(info);
	return bpf_obj_get_info_by_fd(p->fd, &info, &size) ? 0 : info.recursion_misses;
}
