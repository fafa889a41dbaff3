/* Says what the collector sees and what it does not. */
#ifndef SWORNLOG_COLLECTOR_POSTURE_H
#define SWORNLOG_COLLECTOR_POSTURE_H

#include "collector/bpf_source.h"
#include "evidence/posture.h"

struct posture_audit_facts {
	enum posture_audit mode;
	uint32_t enabled;                           /* as the kernel says; 0 if not known */
	bool exec_wanted, exec_refused, exec_works; /* the rules that make audit tell of each exec */
	bool deaf;                                  /* records were asked for and did not come */
	const char *detail;                         /* ASCII: why it is not what was wanted, or "" */
};

/* Append the map of docs/format.md section 6.3, without the sealer's field. */
void posture_put(struct buf *b, const struct bpf_source *source, const struct posture_audit_facts *audit,
                 const struct kinds *kinds, bool own_left_out);

#endif
