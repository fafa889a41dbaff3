/* Entries in which the agent tells of its sensors: a change at one, and what two of them do not agree on
 * (docs/format.md section 7.7). */
#ifndef SWORNLOG_EVIDENCE_SENSOR_H
#define SWORNLOG_EVIDENCE_SENSOR_H

#include "lib/base.h"

/* Field keys of KIND_SENSOR. */
enum change_field {
	CHANGE_WHAT = 0,   /* enum change_what */
	CHANGE_NAME = 1,   /* bytes: of the setting, program, map or hook */
	CHANGE_FROM = 2,   /* as the kind of change says; null: nothing was there */
	CHANGE_TO = 3,     /* likewise */
	CHANGE_SERIAL = 4, /* of the audit event that tells of the change */
	CHANGE_PID = 5,    /* who did it, as that audit event says */
	CHANGE_UID = 6,
	CHANGE_LOGINUID = 7,
	CHANGE_SESSION = 8,
	CHANGE_EXE = 9,     /* bytes */
	CHANGE_DETAIL = 10, /* bytes: ASCII words for a person */
};

enum change_what {
	CHANGE_AUDIT = 0,   /* a number of audit's status */
	CHANGE_RULES = 1,   /* audit's rules: [count, SHA-256] */
	CHANGE_PROGRAM = 2, /* one of our BPF programs: [link id, program id] */
	CHANGE_MAP = 3,     /* one of our BPF maps: its id */
	CHANGE_PIN = 4,     /* a name by which one of these outlives us: its inode */
	CHANGE_SETTING = 5, /* of the kernel: bytes */
	CHANGE_HOOK = 6,    /* a hook that failed the self-probe, or passes it again: enum posture_state */
	CHANGE_STALL = 7,   /* the collector stood still: from, to in boot time us */
};

/* Field keys of KIND_DISAGREEMENT. */
enum disagreement_field {
	DISAGREEMENT_WHAT = 0,   /* kind of the event */
	DISAGREEMENT_SEEN = 1,   /* enum entry_sensor bits */
	DISAGREEMENT_MISSED = 2, /* likewise */
	DISAGREEMENT_COUNT = 3,  /* events that this entry stands for, where it tells of no single one */
	DISAGREEMENT_PID = 4,
	DISAGREEMENT_PARENT_PID = 5,
	DISAGREEMENT_EXE = 6, /* bytes */
	DISAGREEMENT_UID = 8,
	DISAGREEMENT_LOGINUID = 9,
	DISAGREEMENT_SESSION = 10,
	DISAGREEMENT_SERIAL = 11, /* audit's */
};

/* Field keys of KIND_CONFIRMATION. */
enum confirmation_field {
	CONFIRMATION_WHAT = 0,   /* kind of the event */
	CONFIRMATION_SERIAL = 1, /* audit's */
};

/* "audit rules"; NULL when unknown. */
const char *change_what_name(uint64_t what);

#endif
