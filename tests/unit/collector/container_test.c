#include "collector/container.h"

#include <criterion/criterion.h>

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static bool id_is(const char *path, const char *id)
{
	struct span found = container_id(span_str(path));
	return found.len == strlen(id) && (found.len == 0 || memcmp(found.data, id, found.len) == 0);
}

Test(container, the_names_that_runtimes_give_are_known)
{
	static const char *const paths[] = {
		"/docker/" HEX,
		"/system.slice/docker-" HEX ".scope",
		"/kubepods.slice/kubepods-pod1.slice/cri-containerd-" HEX ".scope",
		"/kubepods/besteffort/pod12345/" HEX,
		"/machine.slice/libpod-" HEX ".scope/container",
		"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" HEX ".scope",
	};
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		cr_assert(id_is(paths[i], HEX), "%s", paths[i]);
	cr_assert(id_is("/lxc.payload.web/system.slice/cron.service", "web"));
	cr_assert(id_is("/machine.slice/systemd-nspawn@deb.service/payload", "deb"));
}

Test(container, other_cgroups_are_none)
{
	static const char *const paths[] = {
		"",
		"/",
		"/system.slice/ssh.service",
		"/x" HEX,
		"/docker-" HEX "0",
		"/machine.slice/libpod-conmon-" HEX ".scope",
		"/lxc.payload.",
		"/docker-0"
		".scope",
	};
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		cr_assert(id_is(paths[i], ""), "%s", paths[i]);
}

Test(container, of_containers_in_containers_the_innermost_counts)
{
	cr_assert(id_is("/lxc.payload.outer/docker/" HEX "/init.scope", HEX));
}

/* A /proc and a cgroup tree of one process. */
struct world {
	char dir[64];
	int proc_fd;
	struct containers containers;
	uint64_t cgroup;
};

static void write_cgroup(const struct world *w, const char *text)
{
	char name[128];
	snprintf(name, sizeof(name), "%s/7/cgroup", w->dir);
	FILE *f = fopen(name, "we");
	cr_assert_not_null(f);
	cr_assert_geq(fputs(text, f), 0);
	cr_assert_eq(fclose(f), 0);
}

static void make_world(struct world *w)
{
	char name[256];
	struct stat st;
	*w = (struct world){ .dir = "/tmp/swornlog-container-XXXXXX" };
	cr_assert_not_null(mkdtemp(w->dir));
	static const char *const folders[] = { "7", "docker", "docker/" HEX };
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		snprintf(name, sizeof(name), "%s/%s", w->dir, folders[i]);
		cr_assert_eq(mkdir(name, 0700), 0);
	}
	cr_assert_eq(stat(name, &st), 0);
	w->cgroup = st.st_ino;
	w->containers.root = w->dir;
	w->proc_fd = open(w->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cr_assert_geq(w->proc_fd, 0);
	write_cgroup(w, "1:cpu:/x\n0::/docker/" HEX "\n");
}

static void remove_world(struct world *w)
{
	static const char *const names[] = { "7/cgroup", "7", "docker/" HEX, "docker", "" };
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char name[256];
		snprintf(name, sizeof(name), "%s/%s", w->dir, names[i]);
		cr_assert_eq(remove(name), 0, "%s", name);
	}
	close(w->proc_fd);
}

Test(container, a_process_is_in_the_container_of_its_cgroup)
{
	struct world w;
	make_world(&w);
	cr_assert_str_eq(containers_find(&w.containers, w.proc_fd, 7, w.cgroup), HEX);
	/* And it stays known when the process is gone. */
	write_cgroup(&w, "");
	cr_assert_str_eq(containers_find(&w.containers, w.proc_fd, 7, w.cgroup), HEX);
	cr_assert_str_eq(containers_find(&w.containers, w.proc_fd, 8, w.cgroup + 1), "");
	remove_world(&w);
}

Test(container, a_process_that_was_moved_since_says_nothing_of_the_cgroup_that_it_left)
{
	struct world w;
	make_world(&w);
	cr_assert_str_eq(containers_find(&w.containers, w.proc_fd, 7, w.cgroup + 1), "");
	cr_assert_str_eq(containers_find(&w.containers, w.proc_fd, 7, w.cgroup), HEX);
	remove_world(&w);
}

Test(container, without_a_v2_hierarchy_or_without_proc_nothing_is_known)
{
	struct world w;
	make_world(&w);
	write_cgroup(&w, "1:cpu:/docker/" HEX "\n");
	cr_assert_str_eq(containers_find(&w.containers, w.proc_fd, 7, w.cgroup), "");
	cr_assert_str_eq(containers_find(&w.containers, -1, 7, w.cgroup), "");
	cr_assert_str_eq(containers_find(&w.containers, w.proc_fd, 7, 0), "");
	remove_world(&w);
}
