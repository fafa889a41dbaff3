#include "lib/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINE_MAX_BYTES 2048

static struct {
	const char *name;
	enum log_level threshold;
	bool journal;
} state = { .name = "swornlog", .threshold = LOG_LEVEL_INFO };

/* systemd sets $JOURNAL_STREAM to "device:inode"; a child whose standard error went elsewhere inherits the
 * variable all the same, so it only counts if it names this very file. */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	struct stat st;
	char here[64];
	if (!stream || fstat(STDERR_FILENO, &st) < 0)
		return false;
	snprintf(here, sizeof(here), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	return strcmp(stream, here) == 0;
}

void log_open(const char *name, enum log_level threshold)
{
	state.name = name;
	state.threshold = threshold;
	state.journal = stderr_is_journal();
}

/* A message is one line, whatever was put into it. */
static void flatten(char *s)
{
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;
		if (c < 0x20 || c == 0x7f)
			*s = ' ';
	}
}

static size_t put_prefix(char *line, size_t size, enum log_level level)
{
	int n = state.journal ? snprintf(line, size, "<%d>", (int)level)
	                      : snprintf(line, size, "%s: ", state.name);
	return n < 0 ? 0 : MIN((size_t)n, size - 1);
}

/* One write a line, so that the lines of several programs on one terminal don't mix. */
static void put_line(enum log_level level, const char *fmt, va_list args) printf_like(2, 0);
static void put_line(enum log_level level, const char *fmt, va_list args)
{
	if (level > state.threshold)
		return;
	char line[LINE_MAX_BYTES];
	size_t prefix = put_prefix(line, sizeof(line) - 1, level);
	int n = vsnprintf(line + prefix, sizeof(line) - 1 - prefix, fmt, args);
	if (n < 0)
		return;
	flatten(line + prefix);
	size_t len = strlen(line);
	line[len] = '\n';
	ssize_t put = write(STDERR_FILENO, line, len + 1);
	(void)put;
}

#define DEFINE_LOG(fn, level)                                                                                \
	void fn(const char *fmt, ...)                                                                        \
	{                                                                                                    \
		int saved = errno;                                                                           \
		va_list args;                                                                                \
		va_start(args, fmt);                                                                         \
		put_line(level, fmt, args);                                                                  \
		va_end(args);                                                                                \
		errno = saved;                                                                               \
	}

DEFINE_LOG(log_alert, LOG_LEVEL_ALERT)
DEFINE_LOG(log_error, LOG_LEVEL_ERROR)
DEFINE_LOG(log_warning, LOG_LEVEL_WARNING)
DEFINE_LOG(log_info, LOG_LEVEL_INFO)
DEFINE_LOG(log_debug, LOG_LEVEL_DEBUG)
