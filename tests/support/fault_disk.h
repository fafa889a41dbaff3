/* The disk under fault_env: files and folders, each with what is durable kept apart from what is there now.
 */
#ifndef SWORNLOG_TESTS_SUPPORT_FAULT_DISK_H
#define SWORNLOG_TESTS_SUPPORT_FAULT_DISK_H

#include "lib/buf.h"
#include "tests/support/fault_env.h"

#define NAME_BYTES 128

struct node;

/* One write or truncation that no datasync has followed. */
struct unsynced {
	struct unsynced *next;
	bool truncate;
	uint64_t offset; /* or the new size */
	size_t len;
	uint8_t data[];
};

struct name {
	char text[NAME_BYTES];
	struct node *node;
};

struct names {
	struct name *row;
	size_t count;
};

/* A name set (node) or taken away (NULL); a rename is both in one step. */
struct name_op {
	struct name put;
	char take[NAME_BYTES];
};

struct node {
	struct node *all; /* every node ever made, freed with the world */
	bool folder;
	struct buf now, durable;
	struct unsynced *first, **last;
	struct names names_now, names_durable;
	struct name_op *ops;
	size_t op_count;
	unsigned lock_fd; /* index + 1 */
	bool frozen[2];   /* by enum env_freeze */
};

void *must(void *p);
uint64_t disk_random(uint64_t *state);

struct name *disk_find(const struct names *names, const char *text);
/* Change a folder's names: take one away, put one, or both in one step. Either may be NULL. */
void disk_folder_do(struct node *folder, const char *take, const char *put, struct node *node);
/* Past all faults: the name is there, durably. */
void disk_put(struct node *folder, const char *name, struct node *node);
void disk_take(struct node *folder, const char *name);

/* A write, or a truncation to `offset`, that is not durable. */
void disk_write(struct node *n, bool truncated, const void *p, size_t len, uint64_t offset);
void disk_sync(struct node *n);
void disk_sync_names(struct node *folder);
/* The writes so far will never be durable. */
void disk_drop(struct node *n);
void disk_cut(struct node *n, enum fault_cut how, uint64_t *random);
void disk_set(struct node *n, const void *p, size_t len);
void disk_free(struct node *n);

#endif
