/* The spool: sealed batches on disk that wait for their receipts, and the newest receipted ones
 * (docs/format.md section 14). */
#ifndef SWORNLOG_SEALER_SPOOL_H
#define SWORNLOG_SEALER_SPOOL_H

#include "evidence/batch.h"
#include "evidence/seal.h"
#include "lib/env.h"

struct spool_batch {
	uint32_t epoch;
	uint64_t first;
	uint32_t count;
	uint64_t bytes;
	struct hash root;        /* of the log at first + count */
	uint64_t oldest_boot_us; /* when its first event happened; 0: sealed by an earlier run */
	uint64_t receipted_us;   /* boot time since when it is known to have its receipt */
	bool critical;
};

struct spool {
	const struct env *env;
	int fd;
	char fleet[LABEL_MAX + 1];
	char host[LABEL_MAX + 1];
	/* In order of (epoch, first); the first `receipted` of them have their receipt. */
	struct spool_batch *batch;
	size_t count;
	size_t capacity;
	size_t receipted;
	uint64_t bytes;
	size_t damaged; /* set aside when the folder was read */
	/* State of the log at the first batch. */
	uint32_t base_epoch;
	struct frontier base;
};

/* Read the folder. Batches of other hosts, or that don't parse, are renamed to `.damaged` and counted;
 * leftovers below the base are deleted. `*ret` takes the folder's descriptor. On error `error` says what
 * can't be used. */
must_check int spool_open(const struct env *env, int fd, const char *fleet, const char *host,
                          struct spool *ret, char *error, size_t error_size);
void spool_close(struct spool *s);

/* "0000000001-00000000000000000042.batch" */
#define SPOOL_NAME_MAX 48
void spool_batch_name(uint32_t epoch, uint64_t first, const char *suffix, char ret[SPOOL_NAME_MAX]);

/* Write a batch that has no signatures yet under its temporary name, filled up with zeros to `total` bytes so
 * that the signatures need no more space, and make it and its name durable. */
must_check int spool_write_unsigned(struct spool *s, uint32_t epoch, uint64_t first, struct span bytes,
                                    size_t total);
/* Add the signature lines at `offset`, durably. After a failure the batch may or may not be signed on disk:
 * stop and recover. */
must_check int spool_write_signatures(struct spool *s, uint32_t epoch, uint64_t first, struct span lines,
                                      size_t offset);
/* Give the batch its final name, durably, and take it into the list. */
must_check int spool_publish(struct spool *s, const struct spool_batch *b);
/* Append the temporary file of a batch. -ENOENT. */
must_check int spool_read_unfinished(struct spool *s, uint32_t epoch, uint64_t first, struct buf *ret);
/* Append a batch's bytes. */
must_check int spool_read_batch(struct spool *s, const struct spool_batch *b, struct buf *ret);
/* Remove every temporary file. */
must_check int spool_remove_unfinished(struct spool *s);

/* The batch that ends at `size`, or NULL. */
const struct spool_batch *spool_find_end(const struct spool *s, uint32_t epoch, uint64_t size);
/* The batch that begins at `first`, or NULL. */
const struct spool_batch *spool_find_first(const struct spool *s, uint32_t epoch, uint64_t first);
/* The newest of an epoch, or NULL. */
const struct spool_batch *spool_newest(const struct spool *s);

/* All batches up to (epoch, size) have their receipt. */
void spool_mark_receipted(struct spool *s, uint32_t epoch, uint64_t size);
uint64_t spool_unreceipted_bytes(const struct spool *s);

/* How much of what is receipted stays, for a sink that has to be restored. */
struct spool_keep {
	uint64_t bytes;
	size_t batches;
	uint64_t since_us; /* receipted at this boot time or later */
};

/* Delete the oldest receipted batches until those left are within `keep`; the newest receipted one stays
 * always. The base is moved, durably, before anything is deleted. */
must_check int spool_free_receipted(struct spool *s, const struct spool_keep *keep);

/* Batches from row `from` on that can never be shipped: name them in an epoch entry, behind what it names
 * already (ranges that follow each other are joined; what does not fit is left out), and set them aside as
 * `.abandoned`. */
void spool_list_abandoned(const struct spool *s, size_t from, struct epoch_start *ret);
must_check int spool_abandon(struct spool *s, size_t from);

/* A place of the host log. */
struct spool_place {
	uint64_t epoch, size;
};

/* Sealed entries that are neither receipted nor in the spool. */
struct spool_gap {
	size_t row; /* of the first batch behind it; the number of batches if none is */
	struct abandoned missing;
};

/* The first gap between the newest receipted head (epoch 0 if none) and the log's end. What lies behind a gap
 * does not continue what the sink has, so it can never be shipped. An empty spool without damage is taken as
 * it is: only the sink can tell what it has. */
bool spool_find_gap(const struct spool *s, struct spool_place receipted, struct spool_place end,
                    struct spool_gap *ret);

/* Begin a base for a first epoch in an empty spool. */
must_check int spool_set_base(struct spool *s, uint32_t epoch, const struct frontier *tree);

#endif
