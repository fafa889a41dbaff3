#include "collector/ring_account.h"

/* What one program on one CPU sends to one ring. */
struct stream {
	uint64_t last;
	uint64_t missing; /* numbers never seen, ever */
	uint64_t stolen;  /* of these declared as gaps */
	uint64_t dropped; /* sum of the counters at the last settling */
	uint64_t declared[BPF_RECORD_KINDS];
};

#define STREAMS (BPF_PROGRAMS * BPF_RINGS) /* of a CPU */

struct ring_account {
	uint32_t cpus;
	struct stream *streams; /* the caller's */
};

static_assert(sizeof(struct stream) * STREAMS >= RING_ACCOUNT_CPU_BYTES, "as the header says");

size_t ring_account_bytes(uint32_t cpus)
{
	return sizeof(struct stream) * STREAMS * cpus;
}

int ring_account_new(uint32_t cpus, void *streams, struct ring_account **ret)
{
	struct ring_account *a = calloc(1, sizeof(*a));
	if (!a)
		return -ENOMEM;
	a->cpus = cpus;
	a->streams = streams;
	*ret = a;
	return 0;
}

void ring_account_free(struct ring_account *a)
{
	free(a);
}

static struct stream *stream_of(struct ring_account *a, uint32_t program_on_cpu, uint32_t kind)
{
	return &a->streams[program_on_cpu * BPF_RINGS + (uint32_t)bpf_ring_of(kind)];
}

bool ring_account_record(struct ring_account *a, const struct bpf_record *head)
{
	if (head->cpu >= a->cpus)
		return false;
	struct stream *s = stream_of(a, (uint32_t)head->cpu * BPF_PROGRAMS + head->program, head->kind);
	if (head->sequence <= s->last)
		return false;
	s->missing += head->sequence - s->last - 1;
	s->last = head->sequence;
	return true;
}

static void settle_drops(struct ring_account *a, uint32_t program_on_cpu,
                         const volatile struct bpf_counts *counts, struct intake_loss *loss, loss_fn *on_loss,
                         void *context)
{
	loss->reason = LOSS_RING_FULL;
	for (uint16_t kind = 0; kind < BPF_RECORD_KINDS; kind++) {
		struct stream *s = stream_of(a, program_on_cpu, kind);
		uint64_t dropped = counts->dropped[kind];
		loss->count = dropped - s->declared[kind];
		if (loss->count == 0)
			continue;
		loss->kind = kind;
		on_loss(context, loss);
		s->declared[kind] = dropped;
		s->dropped += loss->count;
	}
}

/* A drop is counted before the next record of its stream is sent: a number missing beyond the drops was taken
 * out of the ring by somebody else. */
static void settle_gaps(struct stream *s, struct intake_loss *loss, loss_fn *on_loss, void *context)
{
	uint64_t unexplained = s->missing > s->dropped ? s->missing - s->dropped : 0;
	if (unexplained <= s->stolen)
		return;
	loss->reason = LOSS_RING_GAP;
	loss->kind = 0;
	loss->count = unexplained - s->stolen;
	on_loss(context, loss);
	s->stolen = unexplained;
}

void ring_account_settle(struct ring_account *a, const volatile struct bpf_counts *counts,
                         uint64_t since_boot_us, loss_fn *on_loss, void *context)
{
	for (uint32_t i = 0; i < a->cpus * BPF_PROGRAMS; i++) {
		struct intake_loss loss = { .exactness = EXACT, .since_boot_us = since_boot_us };
		settle_drops(a, i, &counts[i], &loss, on_loss, context);
		for (uint32_t ring = 0; ring < BPF_RINGS; ring++)
			settle_gaps(&a->streams[i * BPF_RINGS + ring], &loss, on_loss, context);
	}
}

void ring_account_high_water(const struct ring_account *a, struct intake_counts *into)
{
	into->cpus = MIN(a->cpus, (uint32_t)INTAKE_MAX_CPUS);
	for (uint32_t cpu = 0; cpu < into->cpus; cpu++) {
		into->high_water[cpu] = 0;
		for (uint32_t i = 0; i < STREAMS; i++)
			into->high_water[cpu] += a->streams[cpu * STREAMS + i].last;
	}
}
