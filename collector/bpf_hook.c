#include "collector/bpf_hook.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bpf/file.skel.h"
#include "bpf/io_uring.skel.h"
#include "bpf/process.skel.h"
#include "evidence/entry.h"

static_assert(BPF_KIND_PROCESS == KIND_PROCESS && BPF_KIND_EXEC == KIND_EXEC, "kinds");
static_assert(BPF_KIND_FILES == KIND_OPEN && BPF_KIND_FILES_END > KIND_IO_URING, "kinds");
static_assert(BPF_KIND_CREDENTIALS == KIND_CREDENTIALS, "kinds");
static_assert(BPF_KIND_EXIT == KIND_EXIT && BPF_KIND_IO_URING == KIND_IO_URING, "kinds");
static_assert(BPF_KIND_READ == KIND_READ && BPF_KIND_MMAP == KIND_MMAP, "kinds");
static_assert(KIND_REMOVEXATTR < BPF_RECORD_KINDS && KIND_IO_URING < BPF_RECORD_KINDS, "kinds");

#define VARIANTS 2

/* Of the variants the first that the kernel takes is used. */
struct form {
	const char *name;
	const void *(*object)(size_t *ret_size);
	const char *variants[VARIANTS];
	uint8_t kinds[32];
};

static const struct form forms[BPF_PROGRAM_OBJECT] = {
	[BPF_PROGRAM_EXEC] = { "sched_process_exec",
	                       process_bpf__elf_bytes,
	                       { "process_exec" },
	                       { KIND_EXEC } },
	[BPF_PROGRAM_EXIT] = { "sched_process_exit",
	                       process_bpf__elf_bytes,
	                       { "process_exit" },
	                       { KIND_EXIT } },
	[BPF_PROGRAM_FORK] = { "sched_process_fork", process_bpf__elf_bytes, { "process_fork" }, { 0 } },
	[BPF_PROGRAM_FILE] = { "sys_exit",
	                       file_bpf__elf_bytes,
	                       { "file_call" },
	                       { KIND_OPEN,        KIND_RENAME,        KIND_UNLINK,   KIND_LINK,
	                         KIND_SYMLINK,     KIND_MKDIR,         KIND_RMDIR,    KIND_MKNOD,
	                         KIND_CHMOD,       KIND_CHOWN,         KIND_TRUNCATE, KIND_SETXATTR,
	                         KIND_REMOVEXATTR, KIND_READ,          KIND_MMAP,     KIND_CREDENTIALS,
	                         KIND_EXEC_FAILED, KIND_MOUNT,         KIND_UMOUNT,   KIND_PTRACE,
	                         KIND_MODULE_LOAD, KIND_MODULE_UNLOAD, KIND_BPF,      KIND_TIME,
	                         KIND_SIGNAL,      KIND_CONNECT,       KIND_ACCEPT,   KIND_BIND } },
	[BPF_PROGRAM_IO_URING] = { "io_uring_submit",
	                           io_uring_bpf__elf_bytes,
	                           { "io_uring_submit_req", "io_uring_submit_sqe" },
	                           { KIND_IO_URING } },
	[BPF_PROGRAM_FOUND] = { "task_iterator", process_bpf__elf_bytes, { "process_found" }, { 0 } },
};

static int reuse(struct bpf_object *object, const char *name, int fd)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, name);
	return map ? bpf_map__reuse_fd(map, fd) : 0;
}

static int prepare_maps(const struct bpf_hook_place *place, struct bpf_object *object, bool paths)
{
	int err = 0;
	for (int id = 0; id < BPF_MAPS && !err; id++)
		err = reuse(object, bpf_map_name((enum bpf_map_id)id), place->maps->fd[id]);
	struct bpf_map *scratch = bpf_object__find_map_by_name(object, "scratch");
	if (!err && scratch)
		err = bpf_map__set_max_entries(scratch, place->maps->cpus);
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

static int load_variant(const struct bpf_hook_place *place, enum bpf_program_id id, const char *name,
                        struct bpf_hook *into)
{
	size_t size;
	const void *bytes = forms[id].object(&size);
	struct bpf_object *object cleanup(free_object) = bpf_object__open_mem(bytes, size, NULL);
	if (!object)
		return -errno;
	struct bpf_program *program = bpf_object__find_program_by_name(object, name);
	if (!program)
		return -ENOENT;
	int err = bpf_program__set_autoload(program, true);
	if (!err)
		err = prepare_maps(place, object, walks_paths(id));
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

static void unpin(const struct bpf_hook_place *place, const char *program)
{
	pins_remove(place->pins, pin_name(PINS_LINK, program).text);
	pins_remove(place->pins, pin_name("program_", program).text);
}

void bpf_hook_detach(struct bpf_hook *h)
{
	bpf_link__destroy(h->link);
	h->link = NULL;
}

void bpf_hook_close(struct bpf_hook *h)
{
	bpf_hook_detach(h);
	close_fd(&h->fd);
}

/* It is pinned whole, or not at all and ends with the process. */
static void pin_program(const struct bpf_hook_place *place, const char *name, const struct bpf_hook *h)
{
	struct pin_name program = pin_name("program_", name), link = pin_name(PINS_LINK, name);
	if (!place->maps->pinned)
		return;
	if (pins_put(place->pins, program.text, h->fd) == 0 &&
	    pins_put(place->pins, link.text, bpf_link__fd(h->link)) == 0)
		return;
	unpin(place, name);
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
static bool take_over(const struct bpf_hook_place *place, const char *name, struct bpf_hook *into)
{
	struct pin_name program = pin_name("program_", name), link = pin_name(PINS_LINK, name);
	if (!place->maps->resumed || pins_get(place->pins, program.text, &into->fd))
		return false;
	into->link = pins_link(place->pins, link.text);
	if (into->link && belongs(bpf_link__fd(into->link), into->fd))
		return true;
	bpf_hook_close(into);
	unpin(place, name);
	return false;
}

static int obtain(const struct bpf_hook_place *place, enum bpf_program_id id, const char *name,
                  struct bpf_hook *into)
{
	/* The iterator serves once, at the start. */
	if (id == BPF_PROGRAM_FOUND)
		return load_variant(place, id, name, into);
	if (take_over(place, name, into))
		return 0;
	int err = load_variant(place, id, name, into);
	if (!err)
		pin_program(place, name, into);
	return err;
}

/* What the rules no longer ask for. */
static void give_up(const struct bpf_hook_place *place, const struct form *form)
{
	for (size_t i = 0; place->maps->pinned && i < VARIANTS && form->variants[i]; i++)
		unpin(place, form->variants[i]);
}

static enum hook_state state_of(int err)
{
	if (!err)
		return HOOK_ON;
	return err == -ENOMEM || err == -EMFILE || err == -ENFILE ? HOOK_FAILED : HOOK_REFUSED;
}

/* A program that only makes events that are not wanted is left alone. */
static bool serves(const struct form *form, const struct kinds *kinds)
{
	const uint8_t *kind = form->kinds;
	while (*kind && !kinds_wanted(kinds, *kind))
		kind++;
	return *kind || !form->kinds[0];
}

void bpf_hook_open(const struct bpf_hook_place *place, enum bpf_program_id id, const struct kinds *kinds,
                   int maps_err, struct bpf_hook *ret)
{
	const struct form *form = &forms[id];
	*ret = (struct bpf_hook){ .fd = -1, .status = { .name = form->name, .kinds = form->kinds } };
	if (!serves(form, kinds)) {
		give_up(place, form);
		return;
	}
	for (size_t i = 0; i < VARIANTS && form->variants[i]; i++) {
		const char *name = form->variants[i];
		ret->status.err = maps_err ? maps_err : obtain(place, id, name, ret);
		ret->status.state = state_of(ret->status.err);
		if (ret->status.state == HOOK_ON)
			return;
	}
}

int bpf_hook_link_fd(const struct bpf_hook *h)
{
	return h->link ? bpf_link__fd(h->link) : -1;
}

uint64_t bpf_hook_skipped(const struct bpf_hook *h)
{
	struct bpf_prog_info info = { 0 };
	uint32_t size = sizeof(info);
	return h->fd < 0 || bpf_obj_get_info_by_fd(h->fd, &info, &size) ? 0 : info.recursion_misses;
}

struct span bpf_hook_object(enum bpf_program_id id)
{
	struct span object;
	object.data = forms[id].object(&object.len);
	return object;
}
