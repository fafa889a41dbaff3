#include "collector/object_load.h"

#include <stdio.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "bpf/exec_hash.h"
#include "bpf/object.skel.h"

/* The sections of the programs; the first that the kernel has a function for is used. */
static const char *const sections[BPF_OBJECT_PROGRAMS][2] = {
	[BPF_LSM_FILE_OPEN] = { "lsm/file_open" },
	[BPF_LSM_FILE_POST_OPEN] = { "lsm/file_post_open" },
	[BPF_LSM_FILE_RELEASE] = { "lsm/file_release" },
	[BPF_LSM_PATH_RENAME] = { "lsm/path_rename" },
	[BPF_LSM_PATH_UNLINK] = { "lsm/path_unlink" },
	[BPF_LSM_PATH_RMDIR] = { "lsm/path_rmdir" },
	[BPF_LSM_PATH_LINK] = { "lsm/path_link" },
	[BPF_LSM_PATH_SYMLINK] = { "lsm/path_symlink" },
	[BPF_LSM_PATH_MKDIR] = { "lsm/path_mkdir" },
	[BPF_LSM_PATH_MKNOD] = { "lsm/path_mknod" },
	[BPF_LSM_PATH_CHMOD] = { "lsm/path_chmod" },
	[BPF_LSM_PATH_CHOWN] = { "lsm/path_chown" },
	[BPF_LSM_PATH_TRUNCATE] = { "lsm/path_truncate" },
	[BPF_LSM_FILE_TRUNCATE] = { "lsm/file_truncate" },
	[BPF_LSM_EXEC_HASH] = { "lsm.s/bprm_committed_creds" },
	[BPF_FENTRY_FPUT] = { "fentry/__fput" },
	[BPF_FENTRY_PATH_RENAME] = { "fentry/security_path_rename" },
	[BPF_FENTRY_PATH_UNLINK] = { "fentry/security_path_unlink" },
	[BPF_FENTRY_PATH_RMDIR] = { "fentry/security_path_rmdir" },
	[BPF_FENTRY_PATH_LINK] = { "fentry/security_path_link" },
	[BPF_FENTRY_PATH_SYMLINK] = { "fentry/security_path_symlink" },
	[BPF_FENTRY_PATH_MKDIR] = { "fentry/security_path_mkdir" },
	[BPF_FENTRY_PATH_MKNOD] = { "fentry/security_path_mknod" },
	[BPF_FENTRY_PATH_CHMOD] = { "fentry/security_path_chmod" },
	[BPF_FENTRY_PATH_CHOWN] = { "fentry/security_path_chown" },
	[BPF_FENTRY_PATH_TRUNCATE] = { "fentry/security_path_truncate" },
	[BPF_FENTRY_FILE_TRUNCATE] = { "fentry/security_file_truncate" },
	[BPF_FEXIT_OPEN] = { "fexit/do_filp_open", "fexit/do_file_open" },
	[BPF_FEXIT_RENAME] = { "fexit/vfs_rename" },
	[BPF_FEXIT_UNLINK] = { "fexit/vfs_unlink" },
	[BPF_FEXIT_RMDIR] = { "fexit/vfs_rmdir" },
	[BPF_FEXIT_LINK] = { "fexit/vfs_link" },
	[BPF_FEXIT_SYMLINK] = { "fexit/vfs_symlink" },
	[BPF_FEXIT_MKDIR] = { "fexit/vfs_mkdir" },
	[BPF_FEXIT_MKNOD] = { "fexit/vfs_mknod" },
	[BPF_FEXIT_NOTIFY_CHANGE] = { "fexit/notify_change" },
};

/* Hooks after an act, whose arguments stand elsewhere from kernel to kernel. */
static const struct {
	uint8_t kind;
	const char *function;
} afters[] = {
	{ BPF_KIND_RENAME, "vfs_rename" },   { BPF_KIND_UNLINK, "vfs_unlink" },
	{ BPF_KIND_RMDIR, "vfs_rmdir" },     { BPF_KIND_LINK, "vfs_link" },
	{ BPF_KIND_SYMLINK, "vfs_symlink" }, { BPF_KIND_MKDIR, "vfs_mkdir" },
	{ BPF_KIND_MKNOD, "vfs_mknod" },     { BPF_KIND_CHMOD, "notify_change" },
	{ BPF_KIND_CHOWN, "notify_change" }, { BPF_KIND_TRUNCATE, "notify_change" },
};

enum own_map { MAP_AFTER, MAP_FIRED, MAP_GATE, MAP_SCRATCH, MAP_KNOWN_HASHES, MAPS };

static const char *const map_names[MAPS] = { "after", "fired", "gate", "scratch", "known_hashes" };

struct program {
	const char *section; /* NULL: the kernel has none of them */
	struct bpf_link *link;
	int fd; /* owned by its object */
	int err;
};

struct object_load {
	const struct bpf_maps *maps;
	int fds[MAPS];
	struct program programs[BPF_OBJECT_PROGRAMS];
	struct bpf_object *objects[BPF_OBJECT_PROGRAMS * 2];
	size_t object_count;
};

/* Where the act's dentry and the result are among the arguments of a function. */
static struct bpf_after after_of(const struct btf *btf, const char *function, bool last)
{
	struct bpf_after after = { 0 };
	int id = btf__find_by_name_kind(btf, function, BTF_KIND_FUNC);
	const struct btf_type *proto =
	        id > 0 ? btf__type_by_id(btf, btf__type_by_id(btf, (uint32_t)id)->type) : NULL;
	if (!proto)
		return after;
	bool found = false;
	for (uint8_t i = 0; i < btf_vlen(proto); i++) {
		const struct btf_type *t = btf__type_by_id(btf, btf_params(proto)[i].type);
		if (!t || !btf_is_ptr(t) || !(t = btf__type_by_id(btf, t->type)) || !btf_is_struct(t))
			continue;
		const char *name = btf__name_by_offset(btf, t->name_off);
		bool is_dentry = strcmp(name, "dentry") == 0, is_data = strcmp(name, "renamedata") == 0;
		if ((!is_dentry && !is_data) || (found && !last))
			continue;
		found = true;
		after.dentry = i;
		after.renamedata = is_data;
	}
	const struct btf_type *returned = btf__type_by_id(btf, proto->type);
	after.result = (uint8_t)btf_vlen(proto);
	after.pointer = returned && btf_is_ptr(returned);
	return after;
}

static int fill_after(struct object_load *l, const struct btf *btf)
{
	for (size_t i = 0; i < ARRAY_SIZE(afters); i++) {
		uint32_t kind = afters[i].kind;
		struct bpf_after after = after_of(btf, afters[i].function, kind == BPF_KIND_LINK);
		int err = bpf_map_update_elem(l->fds[MAP_AFTER], &kind, &after, BPF_ANY);
		if (err)
			return err;
	}
	return 0;
}

static bool kernel_has(const struct btf *btf, const char *section)
{
	char function[64];
	const char *name = strchr(section, '/') + 1;
	snprintf(function, sizeof(function), "%s%s", section[0] == 'l' ? "bpf_lsm_" : "", name);
	return btf__find_by_name_kind(btf, function, BTF_KIND_FUNC) > 0;
}

static void find_sections(struct object_load *l, const struct btf *btf)
{
	for (int id = 0; id < BPF_OBJECT_PROGRAMS; id++) {
		struct program *p = &l->programs[id];
		p->fd = -1;
		p->err = -ENOENT;
		for (size_t i = 0; i < ARRAY_SIZE(sections[id]) && !p->section; i++)
			if (sections[id][i] && kernel_has(btf, sections[id][i]))
				p->section = sections[id][i];
	}
}

static int create_map(struct object_load *l, enum own_map map, enum bpf_map_type type, uint32_t key,
                      uint32_t value, uint32_t entries, uint32_t flags)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = flags);
	l->fds[map] = bpf_map_create(type, map_names[map], key, value, entries, &options);
	return l->fds[map] < 0 ? l->fds[map] : 0;
}

/* The scratch buffers have the size that the object says. */
static uint32_t scratch_bytes(void)
{
	size_t size;
	const void *bytes = object_bpf__elf_bytes(&size);
	struct bpf_object *object = bpf_object__open_mem(bytes, size, NULL);
	const struct bpf_map *map = object ? bpf_object__find_map_by_name(object, "scratch") : NULL;
	uint32_t value = map ? bpf_map__value_size(map) : 0;
	bpf_object__close(object);
	return value;
}

static int create_maps(struct object_load *l)
{
	int err = create_map(l, MAP_AFTER, BPF_MAP_TYPE_ARRAY, 4, sizeof(struct bpf_after), BPF_ACTS,
	                     BPF_F_RDONLY_PROG);
	if (!err)
		err = create_map(l, MAP_FIRED, BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, BPF_OBJECT_PROGRAMS, 0);
	if (!err)
		err = create_map(l, MAP_GATE, BPF_MAP_TYPE_ARRAY, 4, 4, BPF_GATES, BPF_F_RDONLY_PROG);
	if (!err)
		err = create_map(l, MAP_SCRATCH, BPF_MAP_TYPE_ARRAY, 4, scratch_bytes(),
		                 l->maps->cpus * BPF_OBJECT_SLOTS, 0);
	if (!err)
		err = create_map(l, MAP_KNOWN_HASHES, BPF_MAP_TYPE_LRU_HASH, sizeof(struct bpf_content_key),
		                 sizeof(struct bpf_known_hash), BPF_KNOWN_HASHES_MAX, 0);
	return err;
}

static void free_load(struct object_load **l)
{
	object_load_free(*l);
}

static void free_btf(struct btf **btf)
{
	btf__free(*btf);
}

int object_load_open(const struct bpf_maps *maps, struct object_load **ret)
{
	struct object_load *l cleanup(free_load) = calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	l->maps = maps;
	for (int map = 0; map < MAPS; map++)
		l->fds[map] = -1;
	struct btf *btf cleanup(free_btf) = btf__load_vmlinux_btf();
	if (!btf)
		return -ENOTSUP;
	int err = create_maps(l);
	if (!err)
		err = fill_after(l, btf);
	if (err)
		return err;
	find_sections(l, btf);
	*ret = TAKE_PTR(l);
	return 0;
}

void object_load_free(struct object_load *l)
{
	if (!l)
		return;
	for (int id = 0; id < BPF_OBJECT_PROGRAMS; id++)
		bpf_link__destroy(l->programs[id].link);
	for (size_t i = 0; i < l->object_count; i++)
		bpf_object__close(l->objects[i]);
	for (int map = 0; map < MAPS; map++)
		close_fd(&l->fds[map]);
	free(l);
}

bool object_load_has(const struct object_load *l, enum bpf_object_program program)
{
	return l->programs[program].section;
}

static int map_fd(const struct object_load *l, const char *name)
{
	for (int map = 0; map < MAPS; map++)
		if (strcmp(name, map_names[map]) == 0)
			return l->fds[map];
	for (int id = 0; id < BPF_MAPS; id++)
		if (strcmp(name, bpf_map_name((enum bpf_map_id)id)) == 0)
			return l->maps->fd[id];
	return -1;
}

static int prepare(struct object_load *l, struct bpf_object *object, const bool programs[BPF_OBJECT_PROGRAMS])
{
	struct bpf_program *each;
	bpf_object__for_each_program(each, object)
	{
		for (int id = 0; id < BPF_OBJECT_PROGRAMS; id++)
			if (programs[id] &&
			    strcmp(bpf_program__section_name(each), l->programs[id].section) == 0)
				bpf_program__set_autoload(each, true);
	}
	struct bpf_map *map;
	bpf_object__for_each_map(map, object)
	{
		int fd = map_fd(l, bpf_map__name(map));
		int err = fd >= 0 ? bpf_map__reuse_fd(map, fd) : 0;
		if (err)
			return err;
	}
	return 0;
}

static void attach_all(struct object_load *l, struct bpf_object *object,
                       const bool programs[BPF_OBJECT_PROGRAMS])
{
	struct bpf_program *each;
	for (int id = 0; id < BPF_OBJECT_PROGRAMS; id++) {
		struct program *p = &l->programs[id];
		if (!programs[id])
			continue;
		bpf_object__for_each_program(each, object)
		{
			if (strcmp(bpf_program__section_name(each), p->section) != 0)
				continue;
			p->link = bpf_program__attach(each);
			p->err = p->link ? 0 : -errno;
			p->fd = bpf_program__fd(each);
		}
	}
}

static void free_object(struct bpf_object **object)
{
	bpf_object__close(*object);
}

/* All or none. */
static int load_these(struct object_load *l, const bool programs[BPF_OBJECT_PROGRAMS])
{
	size_t size;
	const void *bytes = object_bpf__elf_bytes(&size);
	struct bpf_object *object cleanup(free_object) = bpf_object__open_mem(bytes, size, NULL);
	if (!object)
		return -errno;
	if (l->object_count == ARRAY_SIZE(l->objects))
		return -E2BIG;
	int err = prepare(l, object, programs);
	if (!err)
		err = bpf_object__load(object);
	if (err)
		return err;
	attach_all(l, object, programs);
	l->objects[l->object_count++] = TAKE_PTR(object);
	return 0;
}

static int load_one(struct object_load *l, int program)
{
	bool one[BPF_OBJECT_PROGRAMS] = { false };
	one[program] = true;
	int err = load_these(l, one);
	if (err)
		l->programs[program].err = err;
	return err;
}

void object_load_attach(struct object_load *l, const bool programs[BPF_OBJECT_PROGRAMS])
{
	bool wanted[BPF_OBJECT_PROGRAMS];
	bool any = false;
	for (int id = 0; id < BPF_OBJECT_PROGRAMS; id++) {
		wanted[id] = programs[id] && l->programs[id].section && !l->programs[id].link;
		any = any || wanted[id];
	}
	if (!any || load_these(l, wanted) == 0)
		return;
	/* Each load costs some ten milliseconds: where the kernel takes none of a kind, one is enough to
	 * know. */
	int err = 0;
	bool first = true;
	for (int id = 0; id < BPF_OBJECT_PROGRAMS; id++) {
		if (!wanted[id])
			continue;
		if (first || !err)
			err = load_one(l, id) && first ? l->programs[id].err : 0;
		else
			l->programs[id].err = err;
		first = false;
	}
}

void object_load_detach(struct object_load *l, enum bpf_object_program program)
{
	struct program *p = &l->programs[program];
	if (!p->link)
		return;
	bpf_link__destroy(p->link);
	p->link = NULL;
	p->err = -ENOENT;
}

int object_load_err(const struct object_load *l, enum bpf_object_program program)
{
	return l->programs[program].err;
}

int object_load_link_fd(const struct object_load *l, enum bpf_object_program program)
{
	return l->programs[program].link ? bpf_link__fd(l->programs[program].link) : -1;
}

uint64_t object_load_fired(const struct object_load *l, enum bpf_object_program program)
{
	uint32_t key = program;
	cleanup_free uint64_t *runs = calloc(l->maps->cpus, sizeof(*runs));
	uint64_t total = 0;
	if (!runs || bpf_map_lookup_elem(l->fds[MAP_FIRED], &key, runs))
		return 0;
	for (uint32_t cpu = 0; cpu < l->maps->cpus; cpu++)
		total += runs[cpu];
	return total;
}

uint64_t object_load_skipped(const struct object_load *l, enum bpf_object_program program)
{
	const struct program *p = &l->programs[program];
	struct bpf_prog_info info = { 0 };
	uint32_t size = sizeof(info);
	return !p->link || bpf_obj_get_info_by_fd(p->fd, &info, &size) ? 0 : info.recursion_misses;
}

int object_load_set_gate(struct object_load *l, uint32_t kind, bool open)
{
	uint32_t value = open ? BPF_GATE_OPEN : BPF_GATE_CLOSED;
	return bpf_map_update_elem(l->fds[MAP_GATE], &kind, &value, BPF_ANY);
}

const char *object_load_name(const struct object_load *l, enum bpf_object_program program)
{
	return l->programs[program].section ? l->programs[program].section : sections[program][0];
}

enum entry_sensor object_load_tier(enum bpf_object_program program)
{
	return program < BPF_FENTRY_FPUT ? SENSOR_BPF_LSM : SENSOR_BPF_FENTRY;
}
