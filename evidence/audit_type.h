/* What is known of each audit record type: its name, the family of events it belongs to, how it ends. */
#ifndef SWORNLOG_EVIDENCE_AUDIT_TYPE_H
#define SWORNLOG_EVIDENCE_AUDIT_TYPE_H

#include "evidence/entry.h"

/* How records of a type stand to the event that they are part of. */
enum audit_shape {
	AUDIT_SHAPE_SINGLE, /* one record is the whole event: everything sent by user space */
	AUDIT_SHAPE_FREE,   /* the kernel's, alone or within a system call's event */
	AUDIT_SHAPE_PART,   /* only ever part of a system call's event, which an EOE record ends */
};

/* Those that are looked into. */
enum audit_record_type {
	AUDIT_TYPE_LOGIN = 1006,
	AUDIT_TYPE_USER_END = 1106,
	AUDIT_TYPE_SYSCALL = 1300,
	AUDIT_TYPE_PATH = 1302,
	AUDIT_TYPE_CONFIG = 1305, /* a change of audit's configuration */
	AUDIT_TYPE_SOCKADDR = 1306,
	AUDIT_TYPE_CWD = 1307,
	AUDIT_TYPE_EXECVE = 1309,
	AUDIT_TYPE_EOE = 1320, /* the kernel's end mark of a multi-record event; its text has no field */
	AUDIT_TYPE_PROCTITLE = 1327, /* what the process calls itself: the last record before the end mark */
};

/* The name ("USER_LOGIN"), or NULL for a type that is not known. */
const char *audit_type_name(uint64_t type);
/* The number of a name, or of "UNKNOWN[1234]" as log daemons write it. -ENOENT. */
must_check int audit_type_number(struct span name, uint16_t *ret);
/* KIND_AUDIT_LOGIN to KIND_AUDIT_OTHER; by its number range for a type that is not known. */
enum entry_kind audit_type_kind(uint64_t type);
/* By its number range for a type that is not known. */
enum audit_shape audit_type_shape(uint64_t type);

#endif
