/* The collector's process numbers, and the leaf index of each one's newest process entry in this epoch.
 * Bounded. */
#ifndef SWORNLOG_SEALER_PROCESS_INDEX_H
#define SWORNLOG_SEALER_PROCESS_INDEX_H

#include "lib/base.h"

#define PROCESS_INDEX_MAX 65536

struct process_index;

must_check int process_index_new(struct process_index **ret);
void process_index_free(struct process_index *p);
void process_index_clear(struct process_index *p);
/* When full, the lower half of the numbers (the processes seen longest ago) is forgotten. */
void process_index_set(struct process_index *p, uint64_t number, uint64_t leaf);
void process_index_remove(struct process_index *p, uint64_t number);
/* The leaf index, or ENTRY_NO_PROCESS. */
uint64_t process_index_get(const struct process_index *p, uint64_t number);

#endif
