/* The two key slots: the one-time seal keys and the state of the host log, overwritten in place
 * (docs/format.md section 14).
 *
 * Slot g mod 2 holds generation g: the key that signs the next batch, and the log as it is before that batch.
 * Every write is on stable storage when the function returns. The file is the sealer's alone.
 */
#ifndef SWORNLOG_SEALER_SLOTS_H
#define SWORNLOG_SEALER_SLOTS_H

#include "evidence/merkle.h"
#include "evidence/seal.h"
#include "lib/env.h"

#define SLOT_BYTES  4096
#define SLOTS_BYTES (2 * SLOT_BYTES)

struct slot {
	uint64_t generation; /* 0: the slot is empty or unreadable */
	uint32_t epoch;
	struct frontier tree;
	struct ed25519_secret secret;
	struct account account;
	bool has_posture;
	struct hash posture;
};

struct slots {
	const struct env *env;
	int fd;
};

/* Open or create the file "keys" in the state folder, at its full size. */
must_check int slots_open(const struct env *env, int state_fd, struct slots *ret);
void slots_close(struct slots *s);
/* Both slots, the older generation first; unreadable ones have generation 0 and come first. */
must_check int slots_read(const struct slots *s, struct slot ret[2]);
must_check int slots_write(const struct slots *s, const struct slot *slot);
/* Overwrite the slot of a generation with zeros. */
must_check int slots_erase(const struct slots *s, uint64_t generation);
void slot_wipe(struct slot *s);

#endif
