/* Processor architectures and their system call numbers, as kernel audit writes them. */
#ifndef SWORNLOG_CLI_MACHINE_H
#define SWORNLOG_CLI_MACHINE_H

#include "lib/base.h"

enum machine { MACHINE_X86_64, MACHINE_I386, MACHINE_AARCH64, MACHINE_ARM };

/* The one that this program runs on, if it is one of the above; else MACHINE_X86_64. */
enum machine machine_here(void);
/* x86_64 or aarch64 (also amd64, arm64). -ENOENT. */
must_check int machine_parse(const char *name, enum machine *ret);
/* The one whose 32-bit programs run on it. */
enum machine machine_compat(enum machine m);
/* What stands behind arch= in an audit record. */
uint32_t machine_audit_arch(enum machine m);
/* -1: there is no such call on it. */
int machine_syscall(enum machine m, const char *name);

#endif
