/* The lines of the files that auditd's rules stand in, in the order in which augenrules reads them. */
#ifndef SWORNLOG_CLI_RULE_FILES_H
#define SWORNLOG_CLI_RULE_FILES_H

#include "lib/cursor.h"

struct rule_line {
	const char *file;
	unsigned number;  /* from 1 */
	struct span text; /* without the newline */
	const char *why;  /* NULL, or why it can't be read: `text` is its beginning */
};

/* Non-zero stops. */
typedef int (*rule_line_fn)(void *context, const struct rule_line *line);

/* Each path is a file, or a folder whose *.rules are read; none: /etc/audit/rules.d, or
 * /etc/audit/audit.rules where the folder holds none. 0, what `fn` returned, or a negative errno; `error` is
 * then a sentence. */
must_check int rule_files_read(const char *const *paths, size_t count, rule_line_fn fn, void *context,
                               char *error, size_t error_size);

#endif
