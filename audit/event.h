/* Turns an assembled audit event into the event that goes to the sealer. */
#ifndef SWORNLOG_AUDIT_EVENT_H
#define SWORNLOG_AUDIT_EVENT_H

#include "audit/assembler.h"
#include "evidence/intake.h"

/* Longest decoded string of one field; the raw records hold the whole. */
#define AUDIT_FIELD_MAX_BYTES 1024
/* Fields map, so that the entry's other parts always fit beside it. */
#define AUDIT_FIELDS_MAX_BYTES (ENTRY_BODY_MAX - 128)

/* The collector's number of the process that had this pid at that time, or INTAKE_NO_PROCESS. */
typedef uint64_t audit_process_fn(void *context, uint32_t pid, uint64_t boot_us);

struct audit_event_config {
	audit_process_fn *process; /* NULL: pids are not this host's, actors stay unnamed */
	void *context;
};

/* Encode the event's fields into `fields` (emptied first) and describe it in `ret`, whose `fields` point
 * there. The kernel's stamp is wall time: `wall_minus_boot_us` turns it into boot time, never later than
 * `now_us`; a stamp that cannot be right gives the time at which the first record came.
 *
 * Records that do not fit are left out from the end, with ENTRY_MARK_TRUNCATED. -EMSGSIZE if not even the
 * first fits; -ENOMEM. */
must_check int audit_event_build(const struct audit_event_config *config, const struct audit_assembled *event,
                                 int64_t wall_minus_boot_us, uint64_t now_us, struct buf *fields,
                                 struct intake_event *ret);

/* The family of an event: that of its first record which has one. */
enum entry_kind audit_event_kind(const struct audit_assembled *event);

#endif
