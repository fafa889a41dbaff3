/* What became of every record that the BPF programs made: their numbers leave no gap that is not explained.
 */
#ifndef SWORNLOG_COLLECTOR_RING_ACCOUNT_H
#define SWORNLOG_COLLECTOR_RING_ACCOUNT_H

#include "bpf/events.h"
#include "evidence/intake.h"

typedef void loss_fn(void *context, const struct intake_loss *loss);

struct ring_account;

#define RING_ACCOUNT_CPU_BYTES ((size_t)4096) /* at least this, a CPU */

/* How many bytes hold the account of so many CPUs. */
size_t ring_account_bytes(uint32_t cpus);
/* streams: that many bytes, aligned to 8, zeroed or as another account left them; the caller's. -ENOMEM. */
must_check int ring_account_new(uint32_t cpus, void *streams, struct ring_account **ret);
/* Takes NULL. */
void ring_account_free(struct ring_account *a);

/* A record with a sound head came out of the ring. False if its number is not above the stream's last, or
 * there is no such CPU: it was not made by our programs. */
must_check bool ring_account_record(struct ring_account *a, const struct bpf_record *head);

/* Declare what the programs' counters say was dropped since the last call, and numbers that are missing
 * though nothing was dropped. All losses are EXACT. `counts`: cpus * BPF_PROGRAMS of them. */
void ring_account_settle(struct ring_account *a, const volatile struct bpf_counts *counts,
                         uint64_t since_boot_us, loss_fn *on_loss, void *context);

/* Per CPU the number of records known of, in the frame's fields. */
void ring_account_high_water(const struct ring_account *a, struct intake_counts *into);

#endif
