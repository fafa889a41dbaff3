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

/* The kernel's end mark of a multi-record event; its text has no field. */
#define AUDIT_TYPE_EOE 1320
/* What the process calls itself: the last record before the end mark. */
#define AUDIT_TYPE_PROCTITLE 1327
/* A question to a unicast reader ("are you alive?"); carries no record. */
#define AUDIT_TYPE_REPLACE 1329

/* The name ("USER_LOGIN"), or NULL for a type that is not known. */
const char *audit_type_name(uint64_t type);
/* The number of a name, or of "UNKNOWN[1234]" as log daemons write it. -ENOENT. */
must_check int audit_type_number(struct span name, uint16_t *ret);
/* KIND_AUDIT_LOGIN to KIND_AUDIT_OTHER; by its number range for a type that is not known. */
enum entry_kind audit_type_kind(uint64_t type);
/* By its number range for a type that is not known. */
enum audit_shape audit_type_shape(uint64_t type);

#endif
