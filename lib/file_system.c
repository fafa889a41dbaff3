#include "lib/file_system.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/text.h"

#define MOUNTINFO_MAX_BYTES ((size_t)4 << 20)
#define CHUNK_BYTES         65536

static bool has_option(struct span options, const char *wanted)
{
	while (options.len)
		if (span_is(text_split(options, ',', &options), wanted))
			return true;
	return false;
}

/* "36 35 98:0 /root /mount options tag:n ... - type source superoptions" */
static bool parse_line(struct span line, uint64_t *ret_id, struct span *ret_type, struct span *ret_options)
{
	if (text_decimal(text_split(line, ' ', &line), ret_id) < 0)
		return false;
	while (line.len && !span_is(text_split(line, ' ', &line), "-"))
		;
	*ret_type = text_split(line, ' ', &line);
	text_split(line, ' ', ret_options);
	return ret_type->len > 0;
}

int file_system_find(struct span mountinfo, uint64_t mount_id, char ret[FILE_SYSTEM_NAME_MAX])
{
	while (mountinfo.len) {
		uint64_t id;
		struct span type, options;
		struct span line = text_split(mountinfo, '\n', &mountinfo);
		if (!parse_line(line, &id, &type, &options) || id != mount_id)
			continue;
		snprintf(ret, FILE_SYSTEM_NAME_MAX, "%.*s%s", (int)MIN(type.len, (size_t)32),
		         (const char *)type.data, has_option(options, "data=journal") ? " data=journal" : "");
		return 0;
	}
	return -ENOENT;
}

/* Files of /proc have no size. */
static int read_mountinfo(struct buf *b)
{
	cleanup_close int fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	while (b->len < MOUNTINFO_MAX_BYTES) {
		uint8_t *at = buf_extend(b, CHUNK_BYTES);
		if (!at)
			return buf_err(b);
		ssize_t n = read(fd, at, CHUNK_BYTES);
		b->len -= CHUNK_BYTES - (size_t)MAX(n, (ssize_t)0);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			return 0;
	}
	return -EFBIG;
}

void file_system_of(int fd, char ret[FILE_SYSTEM_NAME_MAX])
{
	cleanup_buf struct buf b = { 0 };
	struct statx x;
	bool asked = statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &x) == 0 && (x.stx_mask & STATX_MNT_ID);
	if (!asked || read_mountinfo(&b) < 0 ||
	    file_system_find((struct span){ b.data, b.len }, x.stx_mnt_id, ret) < 0)
		snprintf(ret, FILE_SYSTEM_NAME_MAX, "unknown");
}

bool file_system_keeps_copies(const char *name)
{
	static const char *const in_place[] = { "ext2", "ext3", "ext4", "tmpfs", "vfat", "xfs" };
	for (size_t i = 0; i < ARRAY_SIZE(in_place); i++)
		if (strcmp(name, in_place[i]) == 0)
			return false;
	return true;
}
