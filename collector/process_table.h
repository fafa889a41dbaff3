/* The processes that are known: what is needed to describe each again, and by which number it goes.
 *
 * Keyed by (tgid, start boot time). The start is compared in clock ticks, because /proc gives no more.
 * Bounded by count and by bytes: the least recently used go first. A pid alone is never enough, an exit may
 * come before its exec, and a process may be unknown: nothing here is taken for granted by its callers.
 */
#ifndef SWORNLOG_COLLECTOR_PROCESS_TABLE_H
#define SWORNLOG_COLLECTOR_PROCESS_TABLE_H

#include "bpf/events.h"
#include "collector/container.h"
#include "evidence/intake.h"

struct process_key {
	uint32_t tgid;
	uint64_t start_us; /* boot time */
};

/* Who made the record. */
static inline struct process_key process_key_of(const struct bpf_record *head)
{
	return (struct process_key){ head->tgid, head->start_boot_ns / 1000 };
}

/* What a process runs. Children share their parent's until they exec. */
struct process_image {
	uint32_t users;
	uint32_t marks; /* enum entry_mark bits */
	uint32_t device;
	uint32_t argv_bytes; /* 0: argv is whole */
	uint64_t inode;      /* with device; 0: not known */
	uint64_t cgroup;     /* where it was at its exec, or when it was found; 0: not known */
	uint32_t namespaces[BPF_NAMESPACES];
	uint8_t sensors;
	char comm[BPF_COMM_MAX + 1];
	char container[CONTAINER_ID_MAX + 1]; /* "": none, or not known */
	size_t exe_len, argv_len;
	uint8_t bytes[]; /* exe, argv (a CBOR array) */
};

#define PROCESS_IMAGE_ARGV_MAX 1024

/* Of argv (a CBOR array of byte strings) as many items are kept as fit into PROCESS_IMAGE_ARGV_MAX;
 * ENTRY_MARK_ARGV_TRUNCATED then. NULL without memory. Has one user. */
struct process_image *process_image_new(struct span exe, struct span argv);
/* One user less. Takes NULL. */
void process_image_put(struct process_image *image);

/* Who a thread acts as. */
struct process_ids {
	uint32_t ids[BPF_IDS];
	uint32_t loginuid;
	uint32_t session;
};

/* Every field but the last ones is the caller's to read and write. */
struct process {
	struct process_key key;
	struct process_key parent;   /* tgid 0: none, or not known */
	struct process_image *image; /* NULL: nothing is known */
	struct process_ids ids;
	uint64_t exec_id; /* 0: not known */
	uint64_t number;  /* by which it was last described; INTAKE_NO_PROCESS: never */
	uint64_t described_us;
	uint64_t exited_us; /* 0: runs */
	uint8_t cause;      /* enum process_cause, if it must be described without an exec */
	bool ids_known;
	bool place_known; /* the image's cgroup and namespaces are its own, not its parent's */
	/* The table's own. */
	uint64_t generation;
	struct process *next_in_bucket;
	struct process *newer, *older;
};

struct process_table;

struct process_table_limits {
	size_t processes; /* 0: 32,768; at least 64 */
	size_t bytes;     /* 0: 16 MiB; at least 1 MiB */
};

/* -ENOMEM. */
must_check int process_table_new(const struct process_table_limits *limits, struct process_table **ret);
/* Takes NULL. */
void process_table_free(struct process_table *t);

/* NULL if it is not known. A pointer is valid until the next process_table_expire(), or until 60 others have
 * been found or added. */
struct process *process_table_find(struct process_table *t, uint32_t tgid, uint64_t start_us);
/* The newest process of that pid, exited ones after running ones. */
struct process *process_table_find_pid(struct process_table *t, uint32_t tgid);
/* A new, empty entry under a key that is not there yet. NULL without memory. */
struct process *process_table_add(struct process_table *t, uint32_t tgid, uint64_t start_us);
/* Give `p` another image: takes over one use of it (NULL is allowed). */
void process_table_set_image(struct process_table *t, struct process *p, struct process_image *image);

/* Forget the numbers of all: a new sealer knows none of them. */
void process_table_undescribe(struct process_table *t);
/* Drop what exited before that time. */
void process_table_expire(struct process_table *t, uint64_t exited_before_us);
size_t process_table_count(const struct process_table *t);
/* Entries that had to go for want of room. */
uint64_t process_table_evicted(const struct process_table *t);

#endif
