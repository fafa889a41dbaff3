/* File system calls, as a table: what each is passed, and with that what a record of it has to hold. */
#include "tests/vm/probes/actions.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

enum before { NOTHING, FILE_THERE, DIR_THERE, XATTR_THERE };

/* `args`, a letter for each: d directory, n name, t target, c content of a symlink, o open descriptor, f
 * flags, m mode, u owner, g group, s size, r device, x xattr's name, v its value, l the value's length, h
 * struct open_how, k its size, a an ACL's name, e its value, 0 zero. */
struct file_call {
	const char *name, *kind;
	int number, compat;
	const char *args;
	enum before before;
	unsigned flags, mode;
};

#define CREATES (O_CREAT | O_WRONLY | O_TRUNC)
#define OWNER   1001
#define GROUP   1002
#define SIZE    4096
#define DEVICE  makedev(1, 3)
#define XATTR   "trusted.sworn"
#define ACL     "system.posix_acl_access"
#define CONTENT "where/it/points"

static const struct file_call file_calls[] = {
	{ "open-creating", "open", SYS_open, 5, "nfm", NOTHING, CREATES, 0640 },
	{ "open-writing", "open", SYS_open, 5, "nf0", FILE_THERE, O_RDWR, 0 },
	{ "open-appending", "open", SYS_open, 5, "nf0", FILE_THERE, O_WRONLY | O_APPEND, 0 },
	{ "open-failing", "open", SYS_open, 5, "nf0", NOTHING, O_WRONLY, 0 },
	{ "creat", "open", SYS_creat, 8, "nm", NOTHING, 0, 0600 },
	{ "openat", "open", SYS_openat, 295, "dnfm", NOTHING, CREATES, 0604 },
	{ "openat2", "open", SYS_openat2, 437, "dnhk", NOTHING, CREATES, 0606 },
	{ "rename", "rename", SYS_rename, 38, "nt", FILE_THERE, 0, 0 },
	{ "rename-failing", "rename", SYS_rename, 38, "nt", NOTHING, 0, 0 },
	{ "renameat", "rename", SYS_renameat, 302, "dndt", FILE_THERE, 0, 0 },
	{ "renameat2", "rename", SYS_renameat2, 353, "dndtf", FILE_THERE, RENAME_NOREPLACE, 0 },
	{ "rename-dir", "rename", SYS_rename, 38, "nt", DIR_THERE, 0, 0 },
	{ "unlink", "unlink", SYS_unlink, 10, "n", FILE_THERE, 0, 0 },
	{ "unlink-failing", "unlink", SYS_unlink, 10, "n", DIR_THERE, 0, 0 },
	{ "unlinkat", "unlink", SYS_unlinkat, 301, "dnf", FILE_THERE, 0, 0 },
	{ "unlinkat-dir", "rmdir", SYS_unlinkat, 301, "dnf", DIR_THERE, AT_REMOVEDIR, 0 },
	{ "rmdir", "rmdir", SYS_rmdir, 40, "n", DIR_THERE, 0, 0 },
	{ "link", "link", SYS_link, 9, "nt", FILE_THERE, 0, 0 },
	{ "linkat", "link", SYS_linkat, 303, "dndtf", FILE_THERE, 0, 0 },
	{ "symlink", "symlink", SYS_symlink, 83, "cn", NOTHING, 0, 0 },
	{ "symlinkat", "symlink", SYS_symlinkat, 304, "cdn", NOTHING, 0, 0 },
	{ "mkdir", "mkdir", SYS_mkdir, 39, "nm", NOTHING, 0, 0750 },
	{ "mkdir-failing", "mkdir", SYS_mkdir, 39, "nm", FILE_THERE, 0, 0750 },
	{ "mkdirat", "mkdir", SYS_mkdirat, 296, "dnm", NOTHING, 0, 0705 },
	{ "mknod", "mknod", SYS_mknod, 14, "nmr", NOTHING, 0, S_IFCHR | 0600 },
	{ "mknodat", "mknod", SYS_mknodat, 297, "dnmr", NOTHING, 0, S_IFCHR | 0620 },
	{ "chmod", "chmod", SYS_chmod, 15, "nm", FILE_THERE, 0, 04755 },
	{ "fchmod", "chmod", SYS_fchmod, 94, "om", FILE_THERE, 0, 0711 },
	{ "fchmodat", "chmod", SYS_fchmodat, 306, "dnm", FILE_THERE, 0, 0700 },
	{ "fchmodat2", "chmod", 452, 452, "dnmf", FILE_THERE, AT_SYMLINK_NOFOLLOW, 0701 },
	{ "chown", "chown", SYS_chown, 212, "nug", FILE_THERE, 0, 0 },
	{ "lchown", "chown", SYS_lchown, 198, "nug", FILE_THERE, 0, 0 },
	{ "fchown", "chown", SYS_fchown, 207, "oug", FILE_THERE, 0, 0 },
	{ "fchownat", "chown", SYS_fchownat, 298, "dnugf", FILE_THERE, AT_SYMLINK_NOFOLLOW, 0 },
	{ "chown16", "chown", -1, 182, "nug", FILE_THERE, 0, 0 },
	{ "truncate", "truncate", SYS_truncate, 92, "ns", FILE_THERE, 0, 0 },
	{ "ftruncate", "truncate", SYS_ftruncate, 93, "os", FILE_THERE, 0, 0 },
	{ "setxattr", "setxattr", SYS_setxattr, 226, "nxvlf", FILE_THERE, XATTR_CREATE, 0 },
	{ "lsetxattr", "setxattr", SYS_lsetxattr, 227, "nxvlf", FILE_THERE, 0, 0 },
	{ "fsetxattr", "setxattr", SYS_fsetxattr, 228, "oxvlf", FILE_THERE, 0, 0 },
	{ "acl", "setxattr", SYS_setxattr, 226, "naelf", FILE_THERE, 0, 0 },
	{ "removexattr", "removexattr", SYS_removexattr, 235, "nx", XATTR_THERE, 0, 0 },
	{ "lremovexattr", "removexattr", SYS_lremovexattr, 236, "nx", XATTR_THERE, 0, 0 },
	{ "read-open", "read", SYS_open, 5, "nf0", FILE_THERE, O_RDONLY, 0 },
	{ "read-openat", "read", SYS_openat, 295, "dnf0", FILE_THERE, O_RDONLY, 0 },
	{ "read-mmap", "mmap", SYS_mmap, -1, "0pqjo0", FILE_THERE, 0, 0 },
	{ "fremovexattr", "removexattr", SYS_fremovexattr, 237, "ox", XATTR_THERE, 0, 0 },
};

/* In the program's own memory, whose addresses fit into 32 bits. */
static char name[4096], target[4096], content[] = CONTENT, xattr[] = XATTR, acl[] = ACL, value[] = "value";
static struct open_how how;
/* user::rw-, group::r--, other::--- */
static uint8_t acl_value[] = { 2, 0, 0,   0,   1,   0,   6,  0, 255, 255, 255, 255, 4,   0,
	                       4, 0, 255, 255, 255, 255, 32, 0, 0,   0,   255, 255, 255, 255 };
static int object_fd;

static uint64_t address(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

static uint64_t argument(const struct file_call *c, const struct place *p, char letter)
{
	switch (letter) {
	case 'd':
		return (uint64_t)(int64_t)p->dirfd;
	case 'n':
		return address(name);
	case 't':
		return address(target);
	case 'c':
		return address(content);
	case 'o':
		return (uint64_t)object_fd;
	case 'f':
		return c->flags;
	case 'm':
		return c->mode;
	case 'u':
		return OWNER;
	case 'g':
		return GROUP;
	case 's':
		return SIZE;
	case 'r':
		return DEVICE;
	case 'x':
		return address(xattr);
	case 'a':
		return address(acl);
	case 'v':
		return address(value);
	case 'e':
		return address(acl_value);
	case 'l':
		return strchr(c->args, 'e') ? sizeof(acl_value) : sizeof(value);
	case 'p':
		return SIZE;
	case 'q':
		return PROT_READ;
	case 'j':
		return MAP_PRIVATE;
	case 'h':
		return address(&how);
	case 'k':
		return sizeof(how);
	default:
		return 0;
	}
}

static long attempt(const struct place *p, void *context)
{
	const struct file_call *c = context;
	uint64_t args[CALL_ARGS] = { 0 };
	for (int i = 0; c->args[i]; i++)
		args[i] = argument(c, p, c->args[i]);
	return do_call(p, c->number, c->compat, args);
}

static void prepare(const struct file_call *c, const struct place *p)
{
	object_fd = -1;
	how = (struct open_how){ .flags = c->flags, .mode = c->mode };
	snprintf(name, sizeof(name), "%s%s", p->given, c->name);
	snprintf(target, sizeof(target), "%s%s-to", p->given, c->name);
	if (c->before == DIR_THERE && mkdirat(p->dirfd, name, 0777))
		die(name);
	if (c->before == NOTHING || c->before == DIR_THERE)
		return;
	object_fd = openat(p->dirfd, name, O_CREAT | O_RDWR | O_CLOEXEC, 0666);
	if (object_fd < 0)
		die(name);
	/* Who may not set one may not remove one either. */
	if (c->before == XATTR_THERE && fsetxattr(object_fd, xattr, value, sizeof(value), 0) &&
	    errno != EPERM)
		die(name);
}

static bool passes(const struct file_call *c, char letter)
{
	return strchr(c->args, letter) != NULL;
}

static bool opens(const struct file_call *c)
{
	return strcmp(c->kind, "open") == 0;
}

/* Labelled by its name. */
static bool reads(const struct file_call *c)
{
	return strncmp(c->name, "read-", 5) == 0;
}

static void say_arguments(const struct file_call *c)
{
	if (passes(c, 'f') || passes(c, 'h'))
		fprintf(say_to, ",\"flags\":%u", c->flags);
	else if (opens(c))
		fprintf(say_to, ",\"flags\":%u", CREATES);
	if (passes(c, 'm') || passes(c, 'h'))
		fprintf(say_to, ",\"mode\":%u", c->mode);
	if (passes(c, 'j'))
		fprintf(say_to, ",\"flags\":%u,\"mode\":%u", MAP_PRIVATE, PROT_READ);
	if (passes(c, 'u'))
		fprintf(say_to, ",\"uid\":%u,\"gid\":%u", OWNER, GROUP);
	if (passes(c, 's'))
		fprintf(say_to, ",\"size\":%u", SIZE);
	if (passes(c, 'r'))
		fprintf(say_to, ",\"rdev\":%u", kernel_dev(DEVICE));
	if (passes(c, 'x') || passes(c, 'a'))
		fprintf(say_to, ",\"name\":\"%s\"", passes(c, 'x') ? xattr : acl);
	if (passes(c, 'c'))
		fprintf(say_to, ",\"content\":\"%s\"", content);
}

/* By what the object can be known: the call has it, or has a string only. */
static void say_object(const struct file_call *c, const struct place *p, long result)
{
	struct stat st;
	bool by_descriptor = passes(c, 'o') || ((opens(c) || reads(c)) && result >= 0);
	fprintf(say_to, ",\"by\":\"%s\"", by_descriptor ? "descriptor" : "name");
	if (fstatat(p->dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		fprintf(say_to, ",\"dev\":%u,\"ino\":%llu", p->dev, (unsigned long long)st.st_ino);
}

static void say(const struct file_call *c, const struct place *p, int pid, const struct outcome *outcome)
{
	say_begin(p, c->name, c->kind, pid, outcome);
	say_outcome(p, outcome);
	fprintf(say_to, ",\"syscall\":%d", p->compat ? c->compat : c->number);
	say_path("real", p->real, c->name);
	say_path("claim", p->claim, c->name);
	if (!passes(c, 'o'))
		say_path("given", p->given, c->name);
	if (passes(c, 't')) {
		fprintf(say_to, ",\"target_real\":\"%s%s-to\"", p->real, c->name);
		fprintf(say_to, ",\"target_claim\":\"%s%s-to\"", p->claim, c->name);
	}
	say_arguments(c);
	say_object(c, p, outcome->result);
	say_end();
}

/* A descriptor in the place of the working directory only matters to the calls that take one. */
static bool applies(const struct file_call *c, const struct place *p)
{
	if (p->dirfd != AT_FDCWD && !passes(c, 'd'))
		return false;
	return (p->compat ? c->compat : c->number) >= 0;
}

void do_calls(const struct place *p)
{
	for (size_t i = 0; i < sizeof(file_calls) / sizeof(file_calls[0]); i++) {
		struct file_call c = file_calls[i];
		struct outcome outcome;
		int exit_code = (int)(i % 100);
		if (!applies(&c, p))
			continue;
		prepare(&c, p);
		int pid = in_child(p, &outcome, exit_code, attempt, &c);
		say(&c, p, pid, &outcome);
		if (object_fd >= 0)
			close(object_fd);
	}
}
