#include "audit/log.h"

#include "evidence/audit_type.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* Longer than any record with its type and node in front, and a log daemon's interpretation behind. */
#define LINE_MAX_BYTES (2 * AUDIT_RECORD_MAX_BYTES)

struct audit_log {
	FILE *file;
	char line[LINE_MAX_BYTES];
};

/* The word after `prefix` at the head of `s`, which is moved behind it and its space. */
static bool take_word(struct span *s, const char *prefix, struct span *ret)
{
	if (!span_starts(*s, prefix))
		return false;
	size_t at = strlen(prefix), end = at;
	while (end < s->len && s->data[end] != ' ')
		end++;
	if (end == s->len)
		return false;
	*ret = (struct span){ s->data + at, end - at };
	*s = (struct span){ s->data + end + 1, s->len - end - 1 };
	return true;
}

int audit_log_split(struct span line, uint16_t *ret_type, struct span *ret_text)
{
	static const char msg[] = "msg=";
	struct span node, type;
	uint16_t number;
	if (span_starts(line, "node=") && !take_word(&line, "node=", &node))
		return -EBADMSG;
	if (!take_word(&line, "type=", &type) || !span_starts(line, "msg=audit("))
		return -EBADMSG;
	if (audit_type_number(type, &number) < 0)
		return -EBADMSG;
	*ret_type = number;
	*ret_text = (struct span){ line.data + sizeof(msg) - 1, line.len - (sizeof(msg) - 1) };
	return 0;
}

int audit_log_open(const char *path, struct audit_log **ret)
{
	cleanup_free struct audit_log *log = calloc(1, sizeof(*log));
	if (!log)
		return -ENOMEM;
	cleanup_close int fd = strcmp(path, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
	                                              : open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	log->file = fdopen(fd, "r");
	if (!log->file)
		return -errno;
	(void)TAKE_FD(fd);
	*ret = TAKE_PTR(log);
	return 0;
}

void audit_log_free(struct audit_log *log)
{
	if (!log)
		return;
	fclose(log->file);
	explicit_bzero(log->line, sizeof(log->line));
	free(log);
}

void audit_log_freep(struct audit_log **log)
{
	audit_log_free(*log);
}

/* 1 and the line without its newline, 0 at the end, -EMSGSIZE for a line that is too long (it is read over),
 * or -EIO. */
static int next_line(struct audit_log *log, size_t *ret_len)
{
	size_t len = 0;
	int c;
	while ((c = getc_unlocked(log->file)) != EOF && c != '\n') {
		if (len < sizeof(log->line))
			log->line[len] = (char)c;
		len++;
	}
	if (c == EOF && ferror(log->file))
		return -EIO;
	if (c == EOF && len == 0)
		return 0;
	if (len > sizeof(log->line))
		return -EMSGSIZE;
	*ret_len = len;
	return 1;
}

int audit_log_next(struct audit_log *log, uint16_t *ret_type, struct span *ret_text)
{
	size_t len;
	int n = next_line(log, &len);
	if (n <= 0)
		return n;
	int r = audit_log_split((struct span){ (const uint8_t *)log->line, len }, ret_type, ret_text);
	return r < 0 ? r : 1;
}
