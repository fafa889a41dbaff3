/* What a daemon says to its operator: one line a message on standard error, in the form that journald
 * understands.
 *
 * Never secrets, never raw bytes from outside (escape them first with text_put_escaped).
 */
#ifndef SWORNLOG_LIB_LOG_H
#define SWORNLOG_LIB_LOG_H

#include "lib/base.h"

enum log_level {
	LOG_LEVEL_ALERT = 1,
	LOG_LEVEL_ERROR = 3,
	LOG_LEVEL_WARNING = 4,
	LOG_LEVEL_INFO = 6,
	LOG_LEVEL_DEBUG = 7,
};

/* `name` is the program's; kept, not copied. Under systemd ($JOURNAL_STREAM) lines begin with <level>, else
 * with the name. */
void log_open(const char *name, enum log_level threshold);
/* Somebody has to look at once. */
void log_alert(const char *fmt, ...) printf_like(1, 2);
void log_error(const char *fmt, ...) printf_like(1, 2);
void log_warning(const char *fmt, ...) printf_like(1, 2);
void log_info(const char *fmt, ...) printf_like(1, 2);
void log_debug(const char *fmt, ...) printf_like(1, 2);

#endif
