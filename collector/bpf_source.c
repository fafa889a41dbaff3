#include "collector/bpf_source.h"

#include <bpf/libbpf.h>

struct bpf_source {
	struct bpf_source_config config;
	struct bpf_loader *loader;
	struct ring_buffer *ring;
	struct ring_account *account;
	unsigned handed, max;
	void (*on_found)(void *context, const struct bpf_view *view);
	uint64_t malformed, malformed_declared;
	uint64_t skipped[BPF_PROGRAMS];
	uint64_t settled_boot_us;
};

#define STOP (-EAGAIN)

static int on_sample(void *context, void *data, size_t size)
{
	struct bpf_source *s = context;
	struct bpf_view view;
	s->handed++;
	if (bpf_record_check(data, size, &view) || view.head->program == BPF_PROGRAM_FOUND ||
	    !ring_account_record(s->account, view.head))
		s->malformed++;
	else
		s->config.on_record(s->config.context, &view);
	/* Under a flood the ring is never empty, and libbpf would never return. */
	return s->handed < s->max ? 0 : STOP;
}

static void free_source(struct bpf_source **s)
{
	bpf_source_free(*s);
}

int bpf_source_open(const struct bpf_source_config *config, struct bpf_source **ret)
{
	struct bpf_source *s cleanup(free_source) = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->config = *config;
	size_t bytes = config->ring_bytes ? config->ring_bytes : BPF_SOURCE_RING_BYTES;
	int err = bpf_loader_open(bytes, config->kinds, config->verbose, &s->loader);
	if (!err)
		err = ring_account_new(bpf_loader_cpus(s->loader), &s->account);
	if (err)
		return err;
	if (bpf_loader_ring_fd(s->loader) < 0) {
		*ret = TAKE_PTR(s);
		return 0;
	}
	s->ring = ring_buffer__new(bpf_loader_ring_fd(s->loader), on_sample, s, NULL);
	if (!s->ring)
		return -errno;
	*ret = TAKE_PTR(s);
	return 0;
}

void bpf_source_free(struct bpf_source *s)
{
	if (!s)
		return;
	ring_buffer__free(s->ring);
	bpf_loader_free(s->loader);
	ring_account_free(s->account);
	free(s);
}

static void on_listed(void *context, const void *record, size_t size)
{
	const struct bpf_source *s = context;
	struct bpf_view view;
	if (bpf_record_check(record, size, &view) == 0 && view.head->program == BPF_PROGRAM_FOUND)
		s->on_found(s->config.context, &view);
}

int bpf_source_list(struct bpf_source *s, void (*on_found)(void *context, const struct bpf_view *view))
{
	s->on_found = on_found;
	return bpf_loader_list(s->loader, on_listed, s);
}

void bpf_source_detach(struct bpf_source *s)
{
	bpf_loader_detach(s->loader);
}

int bpf_source_fd(const struct bpf_source *s)
{
	return s->ring ? ring_buffer__epoll_fd(s->ring) : -1;
}

int bpf_source_consume(struct bpf_source *s, unsigned max)
{
	if (!s->ring)
		return 0;
	s->handed = 0;
	s->max = max;
	int n = ring_buffer__consume(s->ring);
	return n < 0 && n != STOP ? n : (int)s->handed;
}

static void declare_malformed(struct bpf_source *s)
{
	struct intake_loss loss = { .reason = LOSS_MALFORMED,
		                    .exactness = EXACT,
		                    .count = s->malformed - s->malformed_declared,
		                    .since_boot_us = s->settled_boot_us };
	s->malformed_declared = s->malformed;
	if (loss.count)
		s->config.on_loss(s->config.context, &loss);
}

/* Of all runs that the kernel skipped an unknown part was of interest. */
static void declare_skipped(struct bpf_source *s)
{
	for (int program = 0; program < BPF_PROGRAMS; program++) {
		uint64_t skipped = bpf_loader_skipped(s->loader, (enum bpf_program_id)program);
		if (skipped <= s->skipped[program])
			continue;
		const char *name = bpf_source_status(s, (enum bpf_program_id)program)->name;
		struct intake_loss loss = { .reason = LOSS_KERNEL_SKIPPED,
			                    .exactness = UPPER_BOUND,
			                    .count = skipped - s->skipped[program],
			                    .since_boot_us = s->settled_boot_us,
			                    .detail = { (const uint8_t *)name, strlen(name) } };
		s->skipped[program] = skipped;
		s->config.on_loss(s->config.context, &loss);
	}
}

void bpf_source_settle(struct bpf_source *s, uint64_t now_boot_us)
{
	if (!s->ring)
		return;
	ring_account_settle(s->account, bpf_loader_counts(s->loader), s->settled_boot_us, s->config.on_loss,
	                    s->config.context);
	declare_malformed(s);
	declare_skipped(s);
	s->settled_boot_us = now_boot_us;
}

void bpf_source_high_water(const struct bpf_source *s, struct intake_counts *into)
{
	ring_account_high_water(s->account, into);
}

void bpf_source_judge(struct bpf_source *s, enum bpf_program_id program, bool works)
{
	bpf_loader_judge(s->loader, program, works);
}

int bpf_source_link_fd(const struct bpf_source *s, enum bpf_program_id program)
{
	return bpf_loader_link_fd(s->loader, program);
}

int bpf_source_map_fd(const struct bpf_source *s, size_t i, const char **ret_name)
{
	return bpf_loader_map_fd(s->loader, i, ret_name);
}

const struct hook_status *bpf_source_status(const struct bpf_source *s, enum bpf_program_id program)
{
	return bpf_loader_status(s->loader, program);
}
