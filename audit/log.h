/* Reads a recorded audit.log record by record.
 *
 * The file is hostile: lines are bounded, and what is no record is told and stepped over.
 */
#ifndef SWORNLOG_AUDIT_LOG_H
#define SWORNLOG_AUDIT_LOG_H

#include "audit/record.h"

/* Split `[node=NAME ]type=NAME msg=audit(...): ...` into the record type's number and the record's text.
 * -EBADMSG if it is no such line or the type is not known. */
must_check int audit_log_split(struct span line, uint16_t *ret_type, struct span *ret_text);

struct audit_log;

/* "-" is standard input. Errors of opening the file; -ENOMEM. */
must_check int audit_log_open(const char *path, struct audit_log **ret);
/* Takes NULL. */
void audit_log_free(struct audit_log *log);
void audit_log_freep(struct audit_log **log);
#define cleanup_audit_log cleanup(audit_log_freep)

/* The next line's record; `ret_text` is valid until the next call. 1; 0 at the end; -EBADMSG for a line that
 * is no record and -EMSGSIZE for one that is too long, after which reading goes on behind it; -EIO. May
 * block.
 */
must_check int audit_log_next(struct audit_log *log, uint16_t *ret_type, struct span *ret_text);

#endif
