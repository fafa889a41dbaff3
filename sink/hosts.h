/* The enrolled hosts, and where the log of each one stands. */
#ifndef SWORNLOG_SINK_HOSTS_H
#define SWORNLOG_SINK_HOSTS_H

#include "evidence/chain.h"
#include "evidence/roll.h"
#include "sink/commit_tree.h"

#define COMMIT_ENTRY_MAX 64

/* How the newest head got into the fleet log: what a receipt is made of. */
struct commitment {
	uint64_t index; /* of the commit's fleet entry; entry_len 0: there is none yet */
	uint8_t entry[COMMIT_ENTRY_MAX];
	size_t entry_len;
	uint64_t position;
	uint64_t heads;
	size_t path_len;
	struct hash path[COMMIT_MAX_PATH];
};

struct host_head {
	uint32_t epoch; /* 0: nothing was ever appended */
	uint64_t size;
	struct hash root;
};

/* A batch in the journal that was not hashed into the chain when the sink started. */
struct unhashed {
	uint64_t offset;                /* of its record */
	uint64_t length;                /* of its record */
	struct ed25519_public identity; /* the host's key when it came */
};

enum presence {
	PRESENCE_UNKNOWN, /* never heard, ever: not waited for */
	PRESENCE_HEARD,
	PRESENCE_GOODBYE, /* stopped in an orderly way: not waited for */
	PRESENCE_SILENT,
};

#define HOST_RECENT_HEADS 8

struct staged;

struct host {
	struct host *next; /* of all */
	char name[LABEL_MAX + 1];
	struct standing standing;
	struct host_head head; /* newest that is committed */
	struct chain chain;    /* as of head, once unhashed_count is 0 */
	struct buf note;       /* the head's */
	struct commitment commitment;
	struct host_head recent[HOST_RECENT_HEADS]; /* a ring of heads before this one */
	size_t recent_count;
	struct host_head announced; /* newest that was announced since the sink's start */
	uint64_t announced_us;      /* boot time of that; 0: never */
	struct unhashed *unhashed;
	size_t unhashed_count;
	size_t unhashed_at;    /* the next one */
	struct staged *staged; /* in the commit under way; owned by it */
	enum presence presence;
	uint64_t heard_us; /* boot time */
	unsigned connections;
};

struct hosts {
	struct host *all;  /* owns them */
	struct host **row; /* by name */
	size_t count, cap;
};

void hosts_done(struct hosts *h);
/* NULL if it is not enrolled. */
struct host *hosts_find(const struct hosts *h, struct span name);
/* Add a host that is not there, with an empty standing. -EEXIST. */
must_check int hosts_add(struct hosts *h, struct span name, struct host **ret);
/* Add one that sorts behind all others. -EBADMSG if it does not. */
must_check int hosts_append(struct hosts *h, struct span name, struct host **ret);

/* Make `head` the newest; the one before goes to the recent ones. */
void host_advance(struct host *h, const struct host_head *head);
/* True if the host is known to have had this size in its newest epoch, with another root. */
bool host_contradicts(const struct host *h, uint64_t size, const struct hash *root);
must_check int host_add_unhashed(struct host *h, const struct unhashed *u);

#endif
