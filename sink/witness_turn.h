/* What is asked of one witness next, and what its answers mean. Knows no socket.
 *
 * One request at a time. A witness that fails is left alone for longer each time; what it was not offered
 * meanwhile it is never offered, for the newest checkpoint says it all.
 */
#ifndef SWORNLOG_SINK_WITNESS_TURN_H
#define SWORNLOG_SINK_WITNESS_TURN_H

#include "evidence/witness.h"
#include "lib/backoff.h"

enum witness_turn_state { TURN_IDLE, TURN_WAITS_FOR_PROOF, TURN_BUSY };

struct witness_turn {
	enum witness_turn_state state;
	struct backoff backoff;
	uint64_t until_us;  /* nothing before */
	bool asked;         /* its latest checkpoint is wanted */
	bool insist;        /* until it has given it */
	bool getting;       /* the request under way is for that */
	uint64_t held;      /* what it is thought to hold; 0: nothing */
	uint64_t cosigned;  /* the newest size that it has cosigned for us */
	uint64_t size;      /* of the checkpoint that is being offered */
	unsigned conflicts; /* one after the other */
};

enum witness_step { WITNESS_STEP_WAIT, WITNESS_STEP_GET, WITNESS_STEP_PROVE, WITNESS_STEP_POST };

enum witness_result {
	WITNESS_RESULT_AGAIN,    /* go on with witness_turn_next */
	WITNESS_RESULT_COSIGNED, /* take its line from the body */
	WITNESS_RESULT_LATEST,   /* its checkpoint is the body */
	WITNESS_RESULT_NONE,     /* it holds nothing of this log */
	WITNESS_RESULT_AHEAD,    /* turn->held says by how much */
	WITNESS_RESULT_DIFFERS,
	WITNESS_RESULT_FAILED,
};

struct witness_answer {
	unsigned status; /* 0: no whole answer */
	bool is_size;    /* the body is of the type that says so */
	struct span body;
};

void witness_turn_init(struct witness_turn *t, uint64_t seed);
/* Its latest checkpoint is to be asked for, before anything else, until it has answered. */
void witness_turn_ask(struct witness_turn *t);
/* Nobody waits for that any more. */
void witness_turn_ask_no_more(struct witness_turn *t);
/* `offered`: size of the newest checkpoint that is to be cosigned; 0: none. After WITNESS_STEP_PROVE call
 * witness_turn_proven when the proof from turn->held to turn->size is there, or witness_turn_fail. */
enum witness_step witness_turn_next(struct witness_turn *t, uint64_t offered, uint64_t now_us);
/* True if this is the proof that is waited for: post it. */
bool witness_turn_proven(struct witness_turn *t, uint64_t old, uint64_t size);
enum witness_result witness_turn_answer(struct witness_turn *t, const struct witness_answer *a,
                                        uint64_t now_us);
/* The request could not be made, or what came back is worth nothing. */
void witness_turn_fail(struct witness_turn *t, uint64_t now_us);

#endif
