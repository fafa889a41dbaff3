/* The frames that the collector sends to the sealer over a local stream socket. Never stored, never signed:
 * both ends are of one build. The sealer checks every byte all the same.
 *
 * frame = length u32be (of what follows, at most INTAKE_MAX_BYTES) || type u8 || fixed fields || rest
 */
#ifndef SWORNLOG_EVIDENCE_INTAKE_H
#define SWORNLOG_EVIDENCE_INTAKE_H

#include "evidence/entry.h"
#include "lib/digest.h"

#define INTAKE_MAX_BYTES (ENTRY_MAX_BYTES + 64)

enum intake_type {
	INTAKE_EVENT = 1,   /* an event, or the description of a process */
	INTAKE_LOSS = 2,    /* becomes a KIND_LOSS entry; its count enters the cumulative `lost` */
	INTAKE_COUNTS = 3,  /* the collector's account at this point of the stream */
	INTAKE_POSTURE = 4, /* becomes a KIND_POSTURE entry if it differs from the last */
	INTAKE_GOODBYE = 5, /* the collector stops in an orderly way */
	INTAKE_RULES = 6,   /* the rules of collection: those in force, or others that were refused */
	INTAKE_RESUMED =
	        7, /* first frame: goes on where the collector before ended; what is missing is declared */
};

#define INTAKE_NO_PROCESS 0

/* One event. Processes are named by the collector's own numbers (from 1, never reused while it runs); the
 * sealer turns them into leaf indices, for it alone knows these. */
struct intake_event {
	uint16_t kind;
	uint8_t sensors;
	uint64_t boot_us;
	uint64_t process; /* the actor, or INTAKE_NO_PROCESS */
	uint64_t self; /* KIND_PROCESS and KIND_EXEC: the number that this entry gives the process; else 0 */
	uint64_t parent;    /* KIND_PROCESS and KIND_EXEC: the parent's number, or 0. Becomes PROCESS_PARENT.
	                       KIND_PTRACE and KIND_SIGNAL: whom it was aimed at. Becomes SYSTEM_TARGET */
	uint64_t previous;  /* the number under which the same process was described before, or 0. Becomes
	                       PROCESS_PREVIOUS */
	struct span fields; /* deterministic CBOR map without these keys */
};

struct intake_loss {
	uint8_t reason;    /* enum loss_reason */
	uint8_t exactness; /* enum exactness; count is ignored when UNKNOWN */
	uint16_t kind;     /* 0: any */
	uint64_t count;
	uint64_t since_boot_us; /* 0: unknown */
	struct span detail;     /* ASCII, at most 255 bytes */
};

#define INTAKE_MAX_CPUS 1024

/* Cumulative since the collector started: emitted = filtered + lost + sent, always. */
struct intake_counts {
	uint64_t emitted;  /* events that the sensors made, process descriptions of the collector's own
	                      included */
	uint64_t filtered; /* left out on purpose */
	uint64_t lost;     /* exact losses, each declared in an INTAKE_LOSS frame before this one */
	uint64_t sent;     /* INTAKE_EVENT frames before this one */
	uint32_t
	        cpus; /* high-water marks that follow: last sequence number seen of each CPU's ring records */
	uint64_t high_water[INTAKE_MAX_CPUS];
};

#define INTAKE_RULES_MAX_BYTES 60000 /* of text: it goes into one entry */

struct intake_rules {
	bool refused;       /* these were to be put in force; the former ones stay */
	struct hash digest; /* of the file; of no bytes where there is none */
	struct span text;   /* the file; refused: why, in printable ASCII, at most 255 bytes */
};

/* Append one frame. Errors show in the buffer. */
void intake_put_event(struct buf *b, const struct intake_event *e);
void intake_put_loss(struct buf *b, const struct intake_loss *l);
void intake_put_counts(struct buf *b, const struct intake_counts *c);
/* `fields`: deterministic CBOR map, docs/format.md "Posture". */
void intake_put_posture(struct buf *b, struct span fields);
void intake_put_goodbye(struct buf *b);
void intake_put_rules(struct buf *b, const struct intake_rules *r);
void intake_put_resumed(struct buf *b);

struct intake_frame {
	enum intake_type type;
	union {
		struct intake_event event;
		struct intake_loss loss;
		struct intake_counts counts;
		struct span posture;
		struct intake_rules rules;
	};
};

/* Parse the frame at the head of `in`. Returns its length; 0 if more bytes are needed; -EBADMSG if it is
 * malformed (the connection is then of no more use). `ret` points into `in`. Field maps are checked to be
 * deterministic CBOR. */
must_check ssize_t intake_parse(struct span in, struct intake_frame *ret);

/* What the sealer says to the collector over the same socket: whose file events are the agent's own.
 * record = type u8 (1) || pid u32be */
#define INTAKE_OWN_PROCESS 1
#define INTAKE_OWN_BYTES   5

#endif
