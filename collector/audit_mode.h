/* The ways to hear of the kernel's audit records, in words. */
#ifndef SWORNLOG_COLLECTOR_AUDIT_MODE_H
#define SWORNLOG_COLLECTOR_AUDIT_MODE_H

#include "lib/base.h"

enum audit_mode {
	AUDIT_MODE_OFF,
	AUDIT_MODE_MULTICAST, /* beside a log daemon; best effort */
	AUDIT_MODE_UNICAST,   /* as the one reader that the kernel waits for */
	AUDIT_MODE_REPLAY,    /* a recorded log; says nothing about this host */
};

/* "off", "multicast", "unicast", "replay". */
const char *audit_mode_name(enum audit_mode mode);
/* -EINVAL for a name that is none of these. */
must_check int audit_mode_parse(const char *name, enum audit_mode *ret);
/* What an error of the audit system means, for the person who has to put it right. */
const char *audit_mode_cause(int error);
/* "process 612 (auditd)" */
void audit_mode_describe_owner(uint32_t pid, char *ret, size_t size);

#endif
