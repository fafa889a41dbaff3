/* The parts of the records that auditd_text makes up: stamps, strings, who acted, arguments. */
#ifndef SWORNLOG_CLI_AUDITD_LINE_H
#define SWORNLOG_CLI_AUDITD_LINE_H

#include "cli/actor.h"

struct auditd_stamp {
	const char *host;
	uint64_t wall_ms;
	uint32_t serial;
};

/* The serial number of the records that leaf `index` becomes: above those that kernels reach. */
uint32_t auditd_serial(uint64_t index);
/* `node=HOST type=TYPE msg=audit(SECONDS.MS:SERIAL): ` */
void auditd_line_begin(struct buf *b, const struct auditd_stamp *stamp, const char *type);
/* A string that others chose, as the kernel writes it: in quotes, or in upper-case hex if it holds a quote or
 * a byte that is not printable ASCII, or a space. */
void auditd_put_string(struct buf *b, struct span s);
/* ` ppid=... exe=...`; NULL: nobody that is known. */
void auditd_put_actor(struct buf *b, const struct actor *a);
/* ` key=...`: the labels at `labels`, an array of byte strings or empty. */
void auditd_put_key(struct buf *b, struct cursor labels);

struct auditd_address {
	uint16_t family; /* AF_INET, ...; 0: not known */
	uint16_t port;
	struct span ip;   /* 4 or 16 bytes */
	struct span name; /* of a Unix socket */
};

/* The SOCKADDR record; nothing for families other than IP and Unix. */
void auditd_put_address(struct buf *b, const struct auditd_stamp *stamp, const struct auditd_address *a);
/* The EXECVE records, as many as the arguments need. `argv` stands at an array of byte strings, or is empty.
 */
void auditd_put_execve(struct buf *b, const struct auditd_stamp *stamp, struct cursor argv);

#endif
