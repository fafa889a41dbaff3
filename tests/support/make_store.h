/* A store as a sink would leave it, made from the evidence functions alone: for tests of what reads stores.
 *
 * Aborts on any error. One fleet, hosts by test_support's host_log. */
#ifndef SWORNLOG_TESTS_SUPPORT_MAKE_STORE_H
#define SWORNLOG_TESTS_SUPPORT_MAKE_STORE_H

#include "evidence/fleet.h"
#include "evidence/record.h"
#include "tests/support/host_log.h"

#define MAKE_STORE_HOSTS 64

struct made_host {
	char label[LABEL_MAX + 1];
	struct key identity;
	struct hash certificate;
	uint32_t epoch;
	uint64_t size;
};

struct made_batch {
	size_t offset, length; /* in the journal: the whole record */
	char origin[ORIGIN_MAX + 1];
	uint64_t first, count;
};

struct make_store {
	char path[256];
	int dirfd;
	struct test_fleet fleet;
	char vkey[KEY_TEXT_MAX]; /* of the fleet log, for host_log.fleet_vkey */
	uint64_t time_us;
	struct buf journal;
	struct record_file file;
	struct made_batch *batch; /* in this journal */
	size_t batch_count, batch_cap;
	struct buf fleet_records; /* of this journal: u32be length || payload */
	struct {
		char origin[ORIGIN_MAX + 1];
		uint64_t size;
		struct hash root;
	} head[MAKE_STORE_HOSTS]; /* of the group under way */
	size_t head_count;
	struct frontier tree;
	struct buf entries; /* bundle of all fleet entries */
	struct hash *leaf;
	size_t leaf_count, leaf_cap;
	struct buf note;
	struct key log_key; /* of this generation; its secret is the fleet's */
	struct made_host host[MAKE_STORE_HOSTS];
	size_t host_count;
};

/* Make the folder, the genesis statement and journal 1. The path must not exist; NULL: a new one under /tmp.
 */
void make_store_init(struct make_store *m, const char *path);
void make_store_done(struct make_store *m);
/* The folder and everything in it. */
void make_store_remove(const struct make_store *m);
#define cleanup_make_store cleanup(make_store_done)

/* host_log_init, with the fleet's key in the epoch entry. */
void make_store_host(struct make_store *m, struct host_log *h, const char *label, uint32_t epoch);
void make_store_enrol(struct make_store *m, const struct host_log *h);
/* One batch of the host into the group under way. */
void make_store_batch(struct make_store *m, struct host_log *h, const struct host_log_batch *what);
/* The same with bytes made by the caller. */
void make_store_put(struct make_store *m, struct span batch);
/* End the group: a commit with all heads since the last. */
void make_store_commit(struct make_store *m);
/* Fleet entries of their own, each a group. */
void make_store_sink(struct make_store *m, enum sink_what what, const char *detail);
void make_store_statement(struct make_store *m, struct span note);
/* The log goes on as another generation. `detail` NULL: as it should be. */
void make_store_restore(struct make_store *m, uint64_t generation, const char *detail);
void make_store_announce(struct make_store *m, struct span note);
/* The fleet head as of now, for the hosts' seals. */
struct fleet_head make_store_head(const struct make_store *m);

/* Write this journal as what it is, or as a segment, and begin the next one. */
void make_store_rotate(struct make_store *m, bool as_segment);
/* Write the tiles and the checkpoint, and what is in the journal. */
void make_store_publish(struct make_store *m);

#endif
