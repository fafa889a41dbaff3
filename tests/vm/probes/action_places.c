/* The ways to a folder. Each has its own below ROOT, where a file system has been mounted for it. */
#include "tests/vm/probes/actions.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROOT        "/tmp/actions"
#define USER        1001
#define DEEP_LEVELS 100
#define LONG_LEVELS 20
#define LONG_NAME   250

static void must(int r, const char *what)
{
	if (r < 0)
		die(what);
}

static void set(struct place *p, const char *real, const char *given, const char *claim)
{
	snprintf(p->real, sizeof(p->real), "%s", real);
	snprintf(p->given, sizeof(p->given), "%s", given);
	snprintf(p->claim, sizeof(p->claim), "%s", claim);
}

static void set_cwd(struct place *p, const char *format, const char *root, const char *way)
{
	snprintf(p->cwd, sizeof(p->cwd), format, root, way);
}

static void bind(const char *from, const char *to)
{
	must(mkdir(to, 0777), to);
	must(mount(from, to, NULL, MS_BIND, NULL), to);
}

static void memory(const char *at)
{
	must(mkdir(at, 0777), at);
	must(mount("none", at, "tmpfs", 0, NULL), at);
}

/* Each of these begins in the way's own empty folder, with nothing but `way` filled in, and makes `d`. */
static void absolute(struct place *p)
{
	must(mkdir("d", 0777), "d");
	char path[256];
	snprintf(path, sizeof(path), ROOT "/%s/d/", p->way);
	set(p, path, path, path);
}

static void relative(struct place *p)
{
	absolute(p);
	must(chdir("d"), "d");
	p->given[0] = 0;
	set_cwd(p, "%s/%s/d", ROOT, p->way);
}

static void dotted(struct place *p)
{
	absolute(p);
	snprintf(p->given, sizeof(p->given), "%s", ROOT "/dotted/./d/../d//");
	memcpy(p->claim, p->given, sizeof(p->given));
}

static void by_dirfd(struct place *p)
{
	absolute(p);
	p->given[0] = 0;
	p->dirfd = open("d", O_PATH | O_DIRECTORY);
	must(p->dirfd, "d");
}

static void by_symlink(struct place *p)
{
	absolute(p);
	must(symlink("d", "l"), "l");
	set(p, ROOT "/symlink/d/", ROOT "/symlink/l/", ROOT "/symlink/l/");
}

static void by_bind(struct place *p)
{
	absolute(p);
	bind("d", "m");
	set(p, ROOT "/bind/m/", ROOT "/bind/m/", ROOT "/bind/m/");
}

static void own_namespace(void)
{
	must(unshare(CLONE_NEWNS), "unshare");
	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "private");
}

static void in_namespace(struct place *p)
{
	own_namespace();
	memory("m");
	set(p, ROOT "/mntns/m/", ROOT "/mntns/m/", ROOT "/mntns/m/");
}

static void in_chroot(struct place *p)
{
	must(mkdir("r", 0777), "r");
	must(mkdir("r/d", 0777), "d");
	must(chroot("r"), "chroot");
	must(chdir("/"), "/");
	set_cwd(p, "%s/%s/r", ROOT, p->way);
	set(p, ROOT "/chroot/r/d/", "/d/", ROOT "/chroot/r/d/");
}

/* The root of an initramfs can't be pivoted away: another root first. */
static void in_pivot(struct place *p)
{
	own_namespace();
	memory("r");
	must(chdir("r"), "r");
	must(chroot("."), "chroot");
	memory("n");
	must(mkdir("n/old", 0777), "old");
	must(mkdir("n/d", 0777), "d");
	must((int)syscall(SYS_pivot_root, "n", "n/old"), "pivot_root");
	must(chdir("/"), "/");
	must(umount2("/old", MNT_DETACH), "/old");
	set_cwd(p, "%s/%s/r", ROOT, p->way);
	set(p, ROOT "/pivot/r/d/", "/d/", ROOT "/pivot/r/d/");
}

/* stat(2) there shows another device than the kernel's own. */
static uint32_t mounted_dev(const char *at)
{
	char line[4096];
	unsigned major, minor;
	uint32_t dev = 0;
	FILE *f = fopen("/proc/self/mountinfo", "re");
	while (f && fgets(line, sizeof(line), f))
		if (strstr(line, at) && sscanf(line, "%*d %*d %u:%u", &major, &minor) == 2)
			dev = kernel_dev(makedev(major, minor));
	if (!f || fclose(f) || !dev)
		die("mountinfo");
	return dev;
}

static void on_overlay(struct place *p)
{
	must(mkdir("lower", 0777), "lower");
	must(mkdir("upper", 0777), "upper");
	must(mkdir("work", 0777), "work");
	must(mkdir("m", 0777), "m");
	must(mount("overlay", "m", "overlay", 0, "lowerdir=lower,upperdir=upper,workdir=work"), "overlay");
	set(p, ROOT "/overlay/m/", ROOT "/overlay/m/", ROOT "/overlay/m/");
	p->dev = mounted_dev(" " ROOT "/overlay/m ");
}

static void compat(struct place *p)
{
	absolute(p);
	p->compat = true;
}

static void compat_relative(struct place *p)
{
	relative(p);
	p->compat = true;
}

static void by_thread(struct place *p)
{
	absolute(p);
	p->thread = true;
}

static void by_user(struct place *p)
{
	absolute(p);
	must(chown("d", USER, USER), "chown");
	must(setresgid(USER, USER, USER), "setresgid");
	must(setresuid(USER, USER, USER), "setresuid");
}

/* Into `levels` folders of that name; `real` grows with them. */
static void descend(struct place *p, int levels, const char *name)
{
	size_t used = strlen(p->real);
	for (int i = 0; i < levels; i++) {
		must(mkdir(name, 0777), "mkdir");
		must(chdir(name), "chdir");
		used += (size_t)snprintf(p->real + used, sizeof(p->real) - used, "%s/", name);
	}
	memcpy(p->claim, p->real, sizeof(p->real));
	memcpy(p->cwd, p->real, sizeof(p->cwd));
	p->cwd[used - 1] = 0;
}

static void deep(struct place *p)
{
	relative(p);
	descend(p, DEEP_LEVELS, "e");
}

/* Longer than any path that can be passed. */
static void lengthy(struct place *p)
{
	char name[LONG_NAME + 1];
	memset(name, 'x', LONG_NAME);
	name[LONG_NAME] = 0;
	relative(p);
	descend(p, LONG_LEVELS, name);
}

static const struct {
	const char *way;
	void (*enter)(struct place *p);
} ways[] = {
	{ "absolute", absolute },  { "relative", relative },  { "dotted", dotted },
	{ "dirfd", by_dirfd },     { "symlink", by_symlink }, { "bind", by_bind },
	{ "mntns", in_namespace }, { "chroot", in_chroot },   { "pivot", in_pivot },
	{ "overlay", on_overlay }, { "int80", compat },       { "int80-relative", compat_relative },
	{ "thread", by_thread },   { "user", by_user },       { "deep", deep },
	{ "long", lengthy },
};

static void fill_dev(struct place *p)
{
	struct stat st;
	char folder[sizeof(p->given) + 2];
	snprintf(folder, sizeof(folder), "%s.", p->given);
	must(fstatat(p->dirfd, folder, &st, 0), folder);
	if (!p->dev)
		p->dev = kernel_dev(st.st_dev);
}

static void enter_and_act(size_t i, void (*act)(const struct place *p))
{
	static struct place place;
	place.way = ways[i].way;
	place.dirfd = AT_FDCWD;
	must(mkdir(place.way, 0777), place.way);
	must(chdir(place.way), place.way);
	set_cwd(&place, "%s/%s", ROOT, place.way);
	ways[i].enter(&place);
	fill_dev(&place);
	act(&place);
}

void in_places(void (*act)(const struct place *p))
{
	memory(ROOT);
	must(chmod(ROOT, 0777), ROOT);
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		int status;
		must(chdir(ROOT), ROOT);
		pid_t pid = fork();
		must(pid, "fork");
		if (pid == 0) {
			enter_and_act(i, act);
			_exit(0);
		}
		if (waitpid(pid, &status, 0) != pid || status)
			die(ways[i].way);
	}
}
