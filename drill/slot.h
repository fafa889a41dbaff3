/* A sealer's key slots, as a thief reads them (docs/format.md section 14). */
#ifndef SWORNLOG_DRILL_SLOT_H
#define SWORNLOG_DRILL_SLOT_H

#include "lib/cursor.h"
#include "lib/ed25519.h"

/* The secret of the key that signs the next batch of a log of this size. -ENOENT: no slot has it. Wipe it. */
must_check int slot_find_secret(struct span file, uint64_t epoch, uint64_t size, struct ed25519_secret *ret);

#endif
