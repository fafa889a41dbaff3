/* A test host: makes signed batches as a sealer would, and wrong ones on demand.
 *
 * Everything is derived from the names, so that the same calls make the same bytes. Aborts on any error.
 */
#ifndef SWORNLOG_TESTS_SUPPORT_HOST_LOG_H
#define SWORNLOG_TESTS_SUPPORT_HOST_LOG_H

#include "evidence/batch.h"
#include "evidence/seal.h"
#include "evidence/statement.h"

/* A key whose seed is H(name). */
void test_signer(const char *name, struct signer *ret);
/* The same as a witness's. */
void test_cosigner(const char *name, struct signer *ret);

struct host_log {
	struct origin origin;
	struct signer identity;
	struct ed25519_secret seal; /* signs the next batch */
	struct frontier tree;
	struct account account;
	struct fleet_head fleet; /* goes into the seals */
	struct span fleet_vkey;  /* goes into the epoch entry; empty at first */
	struct hash certificate;
	uint64_t clock_us;  /* wall clock of the next batch; it moves on by a second with each */
	uint64_t booted_us; /* wall time of the boot: the boot clock is the difference */
	uint8_t boot_id[16];
	uint64_t cause;
	uint64_t branch; /* two logs of one host with different branches have different histories */
	unsigned batches;
};

void host_log_init(struct host_log *h, const char *fleet, const char *host, uint32_t epoch);

enum host_log_fault {
	HOST_LOG_GOOD,
	HOST_LOG_WRONG_ROOT,       /* the note's root is not the entries' */
	HOST_LOG_FOREIGN_SEAL,     /* sealed by a key that nobody named */
	HOST_LOG_BAD_SEAL,         /* one bit of the seal's signature is flipped */
	HOST_LOG_NO_SEAL,          /* only the identity key's line */
	HOST_LOG_FOREIGN_IDENTITY, /* the identity line is another key's, under the right name */
	HOST_LOG_NO_IDENTITY,      /* no identity line, not even in the first batch */
	HOST_LOG_NO_SEAL_ENTRY,
	HOST_LOG_NO_EPOCH_ENTRY,
	HOST_LOG_SHORT_RAW, /* the header promises more raw bytes than unpack */
	HOST_LOG_BOMB,      /* the packed bytes unpack to far more than the header says */
};

struct host_log_batch {
	size_t events;             /* file events before the seal entry */
	enum pack_codec codec;     /* PACK_NONE is the zero */
	bool goodbye;              /* the last entry before the seal */
	bool identity;             /* also sign with the identity key; the first batch always is */
	const struct loss *losses; /* declared after the events */
	size_t loss_count;
	size_t path_bytes;         /* length of the events' paths; 0: some 20 */
	const struct signer *next; /* an identity key that signs beside the host's, where that signs */
	bool announce;             /* it is announced: an entry of kind 9 before the seal */
	enum host_log_fault fault;
};

/* Append the next batch to `out`. The log moves on unless the batch has a fault. */
void host_log_batch(struct host_log *h, const struct host_log_batch *what, struct buf *out);

/* A fleet with one administrator and one auditor, both of whom an enrolment needs. */
struct test_fleet {
	char name[LABEL_MAX + 1];
	struct signer log, admin, auditor;
	struct genesis genesis;
	struct buf genesis_note;
};

void test_fleet_init(struct test_fleet *f, const char *name);
void test_fleet_done(struct test_fleet *f);
#define cleanup_test_fleet cleanup(test_fleet_done)
/* Append the enrolment statement of a host, signed by both. */
void test_fleet_enrol(const struct test_fleet *f, const struct host_log *h, struct buf *out);

#endif
