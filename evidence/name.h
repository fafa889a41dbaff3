/* Names of fleets, hosts and logs (docs/format.md section 2). */
#ifndef SWORNLOG_EVIDENCE_NAME_H
#define SWORNLOG_EVIDENCE_NAME_H

#include "lib/buf.h"
#include "lib/cursor.h"

#define LABEL_MAX    63
#define ORIGIN_MAX   143
#define KEY_NAME_MAX 160

bool label_ok(struct span s);

/* A host log: `<fleet>/host/<host>/<epoch>`. */
struct origin {
	char fleet[LABEL_MAX + 1];
	char host[LABEL_MAX + 1];
	uint32_t epoch;
};

must_check int origin_parse(struct span s, struct origin *ret);
/* Each writes a NUL-terminated name. */
void origin_format(const struct origin *o, char ret[ORIGIN_MAX + 1]);
void origin_seal_name(const struct origin *o, char ret[KEY_NAME_MAX + 1]);     /* <origin>/seal */
void origin_identity_name(const struct origin *o, char ret[KEY_NAME_MAX + 1]); /* <fleet>/host/<host> */
void fleet_log_name(const char *fleet, char ret[KEY_NAME_MAX + 1]);            /* <fleet>/log */
void registrar_name(const char *fleet, char ret[KEY_NAME_MAX + 1]);            /* <fleet>/registrar */

#endif
