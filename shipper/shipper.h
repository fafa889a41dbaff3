/* The shipper's decisions: what to send next, what an answer means, when to try again. It knows neither
 * socket nor file.
 *
 * The sealer says where to ship from and how far its log is sealed; each answer of the sink goes back to it,
 * and it says anew where to go on. Times are microseconds of any clock that never goes back.
 */
#ifndef SWORNLOG_SHIPPER_SHIPPER_H
#define SWORNLOG_SHIPPER_SHIPPER_H

#include "evidence/uplink.h"
#include "lib/backoff.h"

#define SHIPPER_NEVER UINT64_MAX

enum shipper_state {
	SHIPPER_ALONE,    /* the sealer is not connected, or has not said yet where to ship from */
	SHIPPER_IDLE,     /* all that is sealed was shipped */
	SHIPPER_SHIPPING, /* something is to be sent */
	SHIPPER_ASKING,   /* an answer was handed to the sealer, which has not said yet where to go on */
	SHIPPER_WAITING,  /* after a failure */
};
const char *shipper_state_name(enum shipper_state state);

/* How it stands with the sink, by its last answer. */
enum shipper_link {
	SHIPPER_LINK_UNKNOWN,
	SHIPPER_LINK_GOOD,    /* receipts come */
	SHIPPER_LINK_DOWN,    /* no answer at all */
	SHIPPER_LINK_BUSY,    /* 503: not stored, try again later */
	SHIPPER_LINK_REFUSED, /* 400, 403, 413, 422: it does not want what it gets */
	SHIPPER_LINK_CONFLICT,
	SHIPPER_LINK_STRANGE, /* an answer that the protocol does not have */
};
const char *shipper_link_name(enum shipper_link link);

struct shipper_place {
	uint32_t epoch;
	uint64_t first;
};

struct shipper {
	enum shipper_state state;
	enum shipper_link link;
	uint64_t until_us; /* ASKING, WAITING */
	struct backoff backoff;
	bool told_from, told_ready;
	struct shipper_place from;
	struct shipper_place newest;
	uint64_t held; /* size of the fleet head that the sealer holds */
	struct shipper_place sent;
	struct shipper_place announced; /* behind the newest head that was announced; epoch 0: none */
	size_t limit;                   /* batches in the next request */
	struct {
		uint64_t requests, batches, bytes, receipts, failures, announced;
	} count;
};

void shipper_init(struct shipper *s, uint64_t seed);
void shipper_sealer_connected(struct shipper *s);
void shipper_sealer_gone(struct shipper *s);
/* A message of the sealer. -EBADMSG: none that a sealer sends. */
must_check int shipper_message(struct shipper *s, uint64_t now_us, const struct uplink_message *m);

enum shipper_what {
	SHIPPER_DO_WAIT,      /* until until_us, or a message comes */
	SHIPPER_DO_POST,      /* batches from (epoch, first) on, at most `limit`, with `held` */
	SHIPPER_DO_RECONNECT, /* the sealer does not answer: connect to it anew */
};

struct shipper_step {
	enum shipper_what what;
	uint64_t until_us; /* SHIPPER_NEVER: a message alone ends the waiting */
	struct shipper_place from;
	size_t limit;
	uint64_t held;
};

/* Something has changed: what waits is tried now. */
void shipper_try_now(struct shipper *s);

void shipper_next(struct shipper *s, uint64_t now_us, struct shipper_step *ret);

/* What came of a request. */
struct answer {
	unsigned status; /* HTTP; 0: no answer */
	uint64_t retry_after_s;
	struct span body;
};

/* The request began at `sent`, with so many batches and bytes. What the sealer must hear of it is appended to
 * `out`. */
void shipper_answer(struct shipper *s, uint64_t now_us, const struct shipper_place *sent, size_t batches,
                    size_t bytes, const struct answer *a, struct buf *out);
/* True if the newest head is to be announced before a request that will end at `end`: more is waiting behind
 * it, and what it holds was not announced yet. */
bool shipper_announces(const struct shipper *s, const struct shipper_place *end);
/* What came of announcing the head that ends at `head`. True if the data may follow: a sink that does not
 * take announcements, or this one, gets it all the same; one that does not answer is tried again later. */
bool shipper_announced(struct shipper *s, uint64_t now_us, const struct shipper_place *head,
                       const struct answer *a);
/* The batches of the last SHIPPER_DO_POST can't be read: try again later. */
void shipper_unreadable(struct shipper *s, uint64_t now_us);

#endif
