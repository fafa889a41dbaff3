#include "collector/proc_reader.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "collector/describe.h"
#include "lib/cbor.h"

#define FILE_MAX 8192
#define TICK_US  10000
#define DELETED  " (deleted)"

/* Reads up to size - 1 bytes and ends them with a NUL. */
static ssize_t read_text(int root_fd, uint32_t tgid, const char *name, char *to, size_t size)
{
	char path[64];
	snprintf(path, sizeof(path), "%u/%s", tgid, name);
	cleanup_close int fd = openat(root_fd, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	size_t len = 0;
	while (len < size - 1) {
		ssize_t n = read(fd, to + len, size - 1 - len);
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	to[len] = 0;
	return (ssize_t)len;
}

struct stat_line {
	char comm[BPF_COMM_MAX + 1];
	uint32_t parent;
	uint64_t start_us;
};

/* "pid (comm) state ppid ... starttime ...": the comm may hold anything, so the last parenthesis ends it. */
static int parse_stat(const char *text, struct stat_line *ret)
{
	const char *open = strchr(text, '('), *close = strrchr(text, ')');
	if (!open || !close || close < open)
		return -EBADMSG;
	size_t len = MIN((size_t)(close - open - 1), (size_t)BPF_COMM_MAX);
	memcpy(ret->comm, open + 1, len);
	ret->comm[len] = 0;
	unsigned long long start;
	if (sscanf(close + 1,
	           " %*c %u %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
	           &ret->parent, &start) != 2 ||
	    start > UINT64_MAX / TICK_US)
		return -EBADMSG;
	ret->start_us = start * TICK_US;
	return 0;
}

static int read_stat(int root_fd, uint32_t tgid, struct stat_line *ret)
{
	char text[1024];
	ssize_t n = read_text(root_fd, tgid, "stat", text, sizeof(text));
	return n < 0 ? (int)n : parse_stat(text, ret);
}

/* Four ids: real, effective, saved, file system. */
static bool parse_ids(const char *text, const char *label, uint32_t *real, uint32_t *effective,
                      uint32_t *saved, uint32_t *fs)
{
	const char *line = strstr(text, label);
	return line && sscanf(line + strlen(label), "%u %u %u %u", real, effective, saved, fs) == 4;
}

static uint32_t read_number(int root_fd, uint32_t tgid, const char *name)
{
	char text[32];
	ssize_t n = read_text(root_fd, tgid, name, text, sizeof(text));
	return n > 0 ? (uint32_t)strtoul(text, NULL, 10) : BPF_ID_UNSET;
}

static int read_ids(int root_fd, uint32_t tgid, struct process_ids *ret)
{
	char text[FILE_MAX];
	ssize_t n = read_text(root_fd, tgid, "status", text, sizeof(text));
	if (n < 0)
		return (int)n;
	uint32_t *ids = ret->ids;
	if (!parse_ids(text, "\nUid:\t", &ids[BPF_UID], &ids[BPF_EUID], &ids[BPF_SUID], &ids[BPF_FSUID]) ||
	    !parse_ids(text, "\nGid:\t", &ids[BPF_GID], &ids[BPF_EGID], &ids[BPF_SGID], &ids[BPF_FSGID]))
		return -EBADMSG;
	ret->loginuid = read_number(root_fd, tgid, "loginuid");
	ret->session = read_number(root_fd, tgid, "sessionid");
	return 0;
}

static void read_exe(int root_fd, uint32_t tgid, struct proc_facts *f)
{
	char name[64], target[PATH_MAX];
	snprintf(name, sizeof(name), "%u/exe", tgid);
	ssize_t n = readlinkat(root_fd, name, target, sizeof(target));
	if (n <= 0)
		return;
	size_t len = (size_t)n, suffix = strlen(DELETED);
	if (len > suffix && memcmp(target + len - suffix, DELETED, suffix) == 0) {
		len -= suffix;
		f->marks |= ENTRY_MARK_DELETED;
	}
	buf_put(&f->exe, target, len);
}

static size_t count_strings(struct span s)
{
	size_t count = 0;
	for (size_t i = 0; i < s.len; i++)
		count += s.data[i] == 0;
	return count + (s.len && s.data[s.len - 1] != 0);
}

void argv_put(struct buf *b, struct span arguments)
{
	cbor_put_array(b, count_strings(arguments));
	while (arguments.len) {
		const uint8_t *nul = memchr(arguments.data, 0, arguments.len);
		size_t len = nul ? (size_t)(nul - arguments.data) : arguments.len;
		cbor_put_bytes(b, arguments.data, len);
		size_t step = MIN(len + 1, arguments.len);
		arguments.data += step;
		arguments.len -= step;
	}
}

/* A process may show anything here, or nothing. */
static int read_argv(int root_fd, uint32_t tgid, struct redact *redact, struct proc_facts *f)
{
	char text[FILE_MAX];
	bool redacted = false;
	struct span argv;
	ssize_t n = read_text(root_fd, tgid, "cmdline", text, sizeof(text));
	if (n <= 0)
		return 0;
	bool cut = (size_t)n == sizeof(text) - 1;
	int err = redact_apply(redact, REDACT_ARGV, (struct span){ (const uint8_t *)text, (size_t)n },
	                       cut ? REDACT_CUT_LAST : REDACT_WHOLE, &argv, &redacted);
	if (!err)
		argv_put(&f->argv, argv);
	f->marks |= (cut ? ENTRY_MARK_ARGV_TRUNCATED : 0) | (redacted ? ENTRY_MARK_REDACTED : 0);
	explicit_bzero(text, (size_t)n);
	return err;
}

void proc_facts_done(struct proc_facts *f)
{
	buf_done(&f->exe);
	buf_done(&f->argv);
}

int proc_read(int root_fd, uint32_t tgid, struct redact *redact, struct proc_facts *ret)
{
	struct stat_line before, after;
	int err = read_stat(root_fd, tgid, &before);
	if (err)
		return err;
	buf_reset(&ret->exe);
	buf_reset(&ret->argv);
	ret->marks = 0;
	err = read_ids(root_fd, tgid, &ret->ids);
	if (err)
		return err;
	read_exe(root_fd, tgid, ret);
	err = read_argv(root_fd, tgid, redact, ret);
	if (!err)
		err = read_stat(root_fd, tgid, &after);
	if (err)
		return err;
	if (after.start_us != before.start_us)
		return -ESRCH;
	ret->key = (struct process_key){ tgid, before.start_us };
	ret->parent_tgid = before.parent;
	memcpy(ret->comm, after.comm, sizeof(ret->comm));
	redact_comm(redact, ret->comm);
	err = buf_err(&ret->exe);
	return err ? err : buf_err(&ret->argv);
}

int proc_read_start(int root_fd, uint32_t tgid, uint64_t *ret_start_us)
{
	struct stat_line line;
	int err = read_stat(root_fd, tgid, &line);
	if (!err)
		*ret_start_us = line.start_us;
	return err;
}

static bool parse_pid(const char *name, uint32_t *ret)
{
	char *end;
	unsigned long pid = strtoul(name, &end, 10);
	if (name[0] < '1' || name[0] > '9' || *end || pid > INT32_MAX)
		return false;
	*ret = (uint32_t)pid;
	return true;
}

static void close_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

void proc_each(int root_fd, void (*each)(void *context, uint32_t pid), void *context)
{
	cleanup_close int fd = openat(root_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir cleanup(close_dir) = fd < 0 ? NULL : fdopendir(fd);
	if (!dir)
		return;
	fd = -1;
	uint32_t pid;
	for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir))
		if (parse_pid(entry->d_name, &pid))
			each(context, pid);
}
