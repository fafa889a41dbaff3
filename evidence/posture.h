/* Field keys of KIND_POSTURE: which sensors are on, and what they can't see (docs/format.md section 6.3). */
#ifndef SWORNLOG_EVIDENCE_POSTURE_H
#define SWORNLOG_EVIDENCE_POSTURE_H

enum posture_field {
	POSTURE_HOOKS = 0,        /* [[name bytes, tier as an entry_sensor bit, enum posture_state], ...] */
	POSTURE_AUDIT = 1,        /* [enum posture_audit, enabled as the kernel says, detail bytes] */
	POSTURE_KINDS_UNSEEN = 2, /* [kind, ...] that no sensor reports */
	POSTURE_UNSEEN = 3,       /* [bytes, ...] what else is not seen, in words */
	POSTURE_OWN_LEFT_OUT =
	        4,               /* bool: file events of the agent in its own folders are left out, counted */
	POSTURE_KERNEL = 5,      /* bytes: release */
	POSTURE_BTF = 6,         /* bool */
	POSTURE_FILE_SYSTEM = 7, /* bytes: of the spool and the key slots. Put in by the sealer. */
	POSTURE_TIERS =
	        8, /* [[kind, tier as an entry_sensor bit or 0, why bytes], ...] of kinds that have several */
};

enum posture_state { POSTURE_OFF = 0, POSTURE_ON = 1, POSTURE_REFUSED = 2, POSTURE_FAILED = 3 };

enum posture_audit {
	POSTURE_AUDIT_OFF = 0,
	POSTURE_AUDIT_MULTICAST = 1,
	POSTURE_AUDIT_UNICAST = 2,
	POSTURE_AUDIT_UNAVAILABLE = 3,
	POSTURE_AUDIT_REPLAY = 4, /* a recorded log: its events are not of this host */
};

#endif
