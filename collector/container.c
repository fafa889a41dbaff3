#include "collector/container.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX   4096
#define PATH_BYTES (FILE_MAX + 64)

static struct span tail_after(struct span s, const char *prefix)
{
	size_t len = strlen(prefix);
	return (struct span){ s.data + len, s.len - len };
}

static bool ends_with(struct span s, const char *suffix)
{
	size_t len = strlen(suffix);
	return s.len >= len && memcmp(s.data + s.len - len, suffix, len) == 0;
}

/* "<64 hex digits>", with a word of the runtime before it. Its monitor has a cgroup too, but is not inside.
 */
static struct span hex_id(struct span name)
{
	if (name.len < CONTAINER_ID_MAX || span_starts(name, "libpod-conmon-") ||
	    span_starts(name, "crio-conmon-"))
		return (struct span){ 0 };
	struct span id = { name.data + name.len - CONTAINER_ID_MAX, CONTAINER_ID_MAX };
	if (name.len > id.len && id.data[-1] != '-')
		return (struct span){ 0 };
	for (size_t i = 0; i < id.len; i++)
		if (!isdigit(id.data[i]) && (id.data[i] < 'a' || id.data[i] > 'f'))
			return (struct span){ 0 };
	return id;
}

static struct span id_of_component(struct span name)
{
	static const char *const prefixes[] = { "lxc.payload.", "systemd-nspawn@" };
	if (ends_with(name, ".scope"))
		name.len -= strlen(".scope");
	if (ends_with(name, ".service"))
		name.len -= strlen(".service");
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (span_starts(name, prefixes[i]) && name.len > strlen(prefixes[i]) &&
		    name.len <= strlen(prefixes[i]) + CONTAINER_ID_MAX)
			return tail_after(name, prefixes[i]);
	return hex_id(name);
}

/* The innermost one. */
struct span container_id(struct span path)
{
	struct span found = { 0 };
	while (path.len) {
		const uint8_t *slash = memchr(path.data, '/', path.len);
		struct span name = { path.data, slash ? (size_t)(slash - path.data) : path.len };
		struct span id = id_of_component(name);
		if (id.len)
			found = id;
		size_t step = MIN(name.len + 1, path.len);
		path.data += step;
		path.len -= step;
	}
	return found;
}

/* The path in the v2 hierarchy: the line "0::/path". */
static int read_path(int proc_fd, uint32_t tgid, char *text, size_t size, struct span *ret)
{
	char name[32];
	snprintf(name, sizeof(name), "%u/cgroup", tgid);
	cleanup_close int fd = openat(proc_fd, name, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);
	if (n < 0)
		return -errno;
	text[n] = 0;
	const char *line = strncmp(text, "0::", 3) == 0 ? text : strstr(text, "\n0::");
	if (!line)
		return -ENOENT;
	line = strchr(line, '/');
	if (!line)
		return -ENOENT;
	*ret = (struct span){ (const uint8_t *)line, strcspn(line, "\n") };
	return 0;
}

/* A cgroup's id is its folder's inode. The process may have been moved since the record was made. */
static bool has_id(const char *root, struct span path, uint64_t cgroup)
{
	char name[PATH_BYTES];
	struct stat st;
	snprintf(name, sizeof(name), "%s%.*s", root, (int)path.len, (const char *)path.data);
	return stat(name, &st) == 0 && st.st_ino == cgroup;
}

static bool is_cgroup(const struct containers *c, struct span path, uint64_t cgroup)
{
	if (c->root)
		return has_id(c->root, path, cgroup);
	return has_id("/sys/fs/cgroup", path, cgroup) || has_id("/sys/fs/cgroup/unified", path, cgroup);
}

const char *containers_find(struct containers *c, int proc_fd, uint32_t tgid, uint64_t cgroup)
{
	size_t slot = cgroup % CONTAINERS_KNOWN_MAX;
	char *id = c->known[slot].id;
	if (cgroup == 0 || proc_fd < 0)
		return "";
	if (c->known[slot].cgroup == cgroup)
		return id;
	char text[FILE_MAX];
	struct span path;
	if (read_path(proc_fd, tgid, text, sizeof(text), &path) || !is_cgroup(c, path, cgroup))
		return "";
	struct span found = container_id(path);
	if (found.len)
		memcpy(id, found.data, found.len);
	id[found.len] = 0;
	c->known[slot].cgroup = cgroup;
	return id;
}
