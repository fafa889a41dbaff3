/* What a record of the kernel says of an exec, or of a change of audit's configuration: who did it, to what.
 *
 * Only what the kernel wrote itself is taken, never the words of a program.
 */
#ifndef SWORNLOG_AUDIT_WHO_H
#define SWORNLOG_AUDIT_WHO_H

#include "audit/assembler.h"

#define AUDIT_WHO_EXE_MAX  256
#define AUDIT_WHO_COMM_MAX 16
#define AUDIT_WHO_WORD_MAX 64

#define AUDIT_WHO_UNSET UINT32_MAX

struct audit_who {
	struct audit_stamp stamp;
	/* AUDIT_WHO_UNSET where the records do not say. */
	uint32_t pid, ppid, uid, loginuid, session;
	bool succeeded; /* false also where nothing is said */
	bool cut;       /* exe was longer */
	size_t exe_len, comm_len, op_len, key_len;
	uint8_t exe[AUDIT_WHO_EXE_MAX];
	uint8_t comm[AUDIT_WHO_COMM_MAX];
	uint8_t op[AUDIT_WHO_WORD_MAX];  /* of a configuration record: "set", "add_rule" */
	uint8_t key[AUDIT_WHO_WORD_MAX]; /* of the rule that asked for the event, decoded */
	/* Of a configuration record: "audit_enabled=0" is the setting "enabled". */
	size_t setting_len;
	uint8_t setting[AUDIT_WHO_WORD_MAX];
	uint32_t set_to;
};

/* True for the record of a system call that executed a program, whether or not it succeeded. */
bool audit_is_exec(const struct audit_assembled *event);
/* True for a change of audit's own configuration. */
bool audit_is_config(const struct audit_assembled *event);
void audit_who_read(const struct audit_assembled *event, struct audit_who *ret);

#endif
