/* The state of struct witnesses, shared by the files that implement witnesses.h. Nobody else includes it. */
#ifndef SWORNLOG_SINK_WITNESSES_STATE_H
#define SWORNLOG_SINK_WITNESSES_STATE_H

#include "sink/cosigned.h"
#include "sink/witnesses.h"

#define WITNESS_WORDS_MAX 160

struct witness_state {
	bool answered; /* the first question */
	bool failing;
	uint64_t claim_us; /* when it was last entered that it claims too much */
	uint64_t size;     /* the newest that it has cosigned */
	char words[WITNESS_WORDS_MAX];
};

struct witnesses {
	const struct policy *policy;
	const struct key *log;
	struct key keys[2]; /* that in force now, and the one before it while its line is there too */
	bool unlisted;      /* it was said that the policy names neither */
	struct witnesses_options options;
	struct child process;
	size_t count;
	struct witness_state witness[POLICY_MAX_WITNESSES];
	struct cosigned round; /* what is on offer; size 0: nothing yet */
	uint64_t round_us;     /* since when */
	bool quorum_is_usual;  /* so that waiting for it is worth while */
	bool late;             /* it was said that there is none */
	bool lost;             /* the process is gone */
	bool improved;         /* lines have come since the round was published */
	char trouble[WITNESS_WORDS_MAX + POLICY_NAME_MAX];
	uint8_t packet[WITNESS_PACKET_MAX];
};

/* The policy's name of witness i. */
const char *witnesses_name(const struct witnesses *w, size_t i);
/* Nothing came of a request. */
void witnesses_note_failure(struct witnesses *w, size_t i, const char *words);
/* A checkpoint that witness i holds, against the store: what is not WITNESSES_FINE is put into w->trouble.
 * -EBADMSG: this log did not sign it, so it says nothing. */
must_check int witnesses_judge(struct witnesses *w, struct core *core, size_t i, struct span note,
                               enum witnesses_verdict *ret);
/* Begin a round with a checkpoint, by whichever of the log's keys the policy names. -ENOKEY: none. */
must_check int witnesses_begin_round(struct witnesses *w, const struct core *core, struct span note);
/* The round's checkpoint has its quorum. */
must_check int witnesses_take_quorum(struct witnesses *w, struct core *core);
/* Publish the round's checkpoint with the lines that it has. */
must_check int witnesses_publish_round(struct witnesses *w, struct core *core);
/* Everybody who may be expected to sign the round's checkpoint has done so. */
bool witnesses_all_signed(const struct witnesses *w);

#endif
