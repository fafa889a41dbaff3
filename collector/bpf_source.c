#include "collector/bpf_source.h"

#include <sys/epoll.h>
#include <unistd.h>

#include "collector/ring_reader.h"

/* The first part of the memory that is kept; the account of each CPU follows. */
struct kept {
	uint64_t in_flight; /* at most so many events are out of the rings, and not yet with the sealer */
	uint64_t skipped[BPF_PROGRAMS]; /* declared */
};

struct bpf_source {
	struct bpf_source_config config;
	struct bpf_loader *loader;
	struct ring_reader rings[BPF_RINGS];
	int epoll_fd;
	bool was_busy;
	struct ring_account *account;
	struct kept *kept;
	bool may_repeat; /* the collector before may have ended with a record half taken */
	uint64_t lost_in_flight;
	void (*on_found)(void *context, const struct bpf_view *view);
	uint64_t malformed, malformed_declared;
	uint64_t skipped[BPF_OBJECT_PROGRAMS];
	uint64_t settled_boot_us;
};

static void hand_on(struct bpf_source *s, const void *data, size_t size)
{
	struct bpf_view view;
	/* Before the account knows of it: whoever is killed in between has declared too much, not too little.
	 */
	s->kept->in_flight++;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	if (bpf_record_check(data, size, &view) || view.head->program == BPF_PROGRAM_FOUND)
		s->malformed++;
	else if (ring_account_record(s->account, view.head))
		s->config.on_record(s->config.context, &view);
	else if (s->may_repeat)
		s->may_repeat = false;
	else
		s->malformed++;
}

static void free_source(struct bpf_source **s)
{
	bpf_source_free(*s);
}

/* Readable from a program's wake-up until the next bpf_source_consume(), whatever the rings hold. */
static int open_rings(struct bpf_source *s, size_t bytes)
{
	s->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (s->epoll_fd < 0)
		return -errno;
	for (int ring = 0; ring < BPF_RINGS; ring++) {
		int fd = bpf_loader_ring_fd(s->loader, (enum bpf_ring)ring);
		struct epoll_event event = { .events = EPOLLIN | EPOLLET };
		int err = ring_reader_open(fd, bytes, &s->rings[ring]);
		if (!err && epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
			err = -errno;
		if (err)
			return err;
	}
	return 0;
}

static bool has_rings(const struct bpf_source *s)
{
	return s->epoll_fd >= 0;
}

static int open_account(struct bpf_source *s)
{
	uint8_t *memory = bpf_loader_kept(s->loader);
	s->kept = (struct kept *)(void *)memory;
	s->may_repeat = bpf_loader_resumed(s->loader);
	s->lost_in_flight = s->kept->in_flight;
	s->kept->in_flight = 0;
	/* A program that was loaded anew counts from 0. */
	for (int program = 0; program < BPF_PROGRAM_OBJECT; program++)
		s->kept->skipped[program] = MIN(s->kept->skipped[program],
		                                bpf_loader_skipped(s->loader, (enum bpf_program_id)program));
	return ring_account_new(bpf_loader_cpus(s->loader), memory + ring_account_bytes(1), &s->account);
}

int bpf_source_open(const struct bpf_source_config *config, struct bpf_source **ret)
{
	struct bpf_source *s cleanup(free_source) = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->config = *config;
	s->epoll_fd = -1;
	static_assert(sizeof(struct kept) <= RING_ACCOUNT_CPU_BYTES, "the memory of one CPU is used for it");
	struct bpf_loader_config loader = {
		.ring_bytes = config->ring_bytes ? config->ring_bytes : BPF_SOURCE_RING_BYTES,
		.kept_bytes = ring_account_bytes(1),
		.kinds = config->kinds,
		.rules = config->rules,
		.pins = config->pins,
		.verbose = config->verbose,
	};
	int err = bpf_loader_open(&loader, &s->loader);
	if (!err)
		err = open_account(s);
	if (!err && bpf_loader_counts(s->loader))
		err = open_rings(s, loader.ring_bytes);
	if (err)
		return err;
	*ret = TAKE_PTR(s);
	return 0;
}

void bpf_source_free(struct bpf_source *s)
{
	if (!s)
		return;
	for (int ring = 0; ring < BPF_RINGS; ring++)
		ring_reader_close(&s->rings[ring]);
	close_fd(&s->epoll_fd);
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
	return s->epoll_fd;
}

/* The head of one ring. */
struct next {
	enum ring_state state;
	const void *record;
	size_t size;
};

static void look(struct bpf_source *s, enum bpf_ring ring, struct next *ret)
{
	ret->state = ring_reader_peek(&s->rings[ring], &ret->record, &ret->size);
}

static uint64_t time_of(const struct next *n)
{
	struct bpf_record head;
	if (n->size < sizeof(head))
		return 0;
	memcpy(&head, n->record, sizeof(head));
	return head.boot_ns;
}

/* The ring with the older head, or BPF_RINGS. Of what a thread did, the earlier was written before the later
 * came to be: whatever is at one head, all that came before it shows in the other ring when that is looked at
 * afterwards. While one is being written, what is behind it may be older than the other ring's head. */
static enum bpf_ring older(struct bpf_source *s, bool patient, struct next next[BPF_RINGS])
{
	struct next *critical = &next[BPF_RING_CRITICAL], *files = &next[BPF_RING_FILES];
	look(s, BPF_RING_CRITICAL, critical);
	look(s, BPF_RING_FILES, files);
	if (critical->state == RING_EMPTY && files->state == RING_RECORD)
		look(s, BPF_RING_CRITICAL, critical);
	bool busy = critical->state == RING_BUSY || files->state == RING_BUSY;
	s->was_busy = s->was_busy || busy;
	if (busy && patient)
		return BPF_RINGS;
	if (critical->state != RING_RECORD)
		return files->state == RING_RECORD ? BPF_RING_FILES : BPF_RINGS;
	bool first = files->state != RING_RECORD || time_of(critical) <= time_of(files);
	return first ? BPF_RING_CRITICAL : BPF_RING_FILES;
}

unsigned bpf_source_consume(struct bpf_source *s, unsigned max)
{
	/* One that was interrupted while it wrote is waited for once: it may not come back for long. */
	bool patient = !s->was_busy;
	unsigned handed = 0;
	s->was_busy = false;
	struct epoll_event events[BPF_RINGS];
	if (has_rings(s) && epoll_wait(s->epoll_fd, events, BPF_RINGS, 0) < 0)
		return 0;
	for (; handed < max; handed++) {
		struct next next[BPF_RINGS];
		enum bpf_ring ring = older(s, patient, next);
		if (ring == BPF_RINGS)
			break;
		hand_on(s, next[ring].record, next[ring].size);
		ring_reader_take(&s->rings[ring]);
	}
	return handed;
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
static void declare_skipped(struct bpf_source *s, uint64_t *known, uint64_t skipped, const char *name)
{
	if (skipped <= *known)
		return;
	struct intake_loss loss = { .reason = LOSS_KERNEL_SKIPPED,
		                    .exactness = UPPER_BOUND,
		                    .count = skipped - *known,
		                    .since_boot_us = s->settled_boot_us,
		                    .detail = { (const uint8_t *)name, strlen(name) } };
	s->config.on_loss(s->config.context, &loss);
	*known = skipped;
}

static void declare_all_skipped(struct bpf_source *s)
{
	for (int id = 0; id < BPF_PROGRAM_OBJECT; id++) {
		enum bpf_program_id program = (enum bpf_program_id)id;
		declare_skipped(s, &s->kept->skipped[id], bpf_loader_skipped(s->loader, program),
		                bpf_source_status(s, program)->name);
	}
	const struct object_load *programs = object_tier_programs(bpf_loader_objects(s->loader));
	for (int id = 0; programs && id < BPF_OBJECT_PROGRAMS; id++) {
		enum bpf_object_program program = (enum bpf_object_program)id;
		declare_skipped(s, &s->skipped[id], object_load_skipped(programs, program),
		                object_load_name(programs, program));
	}
}

static void note_loss(void *context, const struct intake_loss *loss)
{
	struct bpf_source *s = context;
	s->kept->in_flight += loss->count;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	s->config.on_loss(s->config.context, loss);
}

static void declare_bound(struct bpf_source *s, uint64_t count, const char *words)
{
	struct intake_loss loss = { .reason = LOSS_COLLECTOR_DOWN,
		                    .exactness = UPPER_BOUND,
		                    .count = count,
		                    .detail = { (const uint8_t *)words, strlen(words) } };
	if (count)
		s->config.on_loss(s->config.context, &loss);
}

bool bpf_source_resume(struct bpf_source *s)
{
	declare_bound(s, s->lost_in_flight, "events that the collector before held when it ended");
	declare_bound(s, bpf_loader_left_behind(s->loader), "records left to a collector of another build");
	return bpf_loader_resumed(s->loader);
}

void bpf_source_delivered(struct bpf_source *s, uint64_t undelivered)
{
	s->kept->in_flight = undelivered;
}

int bpf_source_pins(const struct bpf_source *s)
{
	return bpf_loader_pins(s->loader);
}

void bpf_source_settle(struct bpf_source *s, uint64_t now_boot_us)
{
	if (!has_rings(s))
		return;
	ring_account_settle(s->account, bpf_loader_counts(s->loader), s->settled_boot_us, note_loss, s);
	declare_malformed(s);
	declare_all_skipped(s);
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

int bpf_source_pins_fd(const struct bpf_source *s)
{
	return bpf_loader_pins_fd(s->loader);
}

int bpf_source_map_fd(const struct bpf_source *s, size_t i, const char **ret_name)
{
	return bpf_loader_map_fd(s->loader, i, ret_name);
}

int bpf_source_set_kinds(struct bpf_source *s, const struct kinds *kinds)
{
	return bpf_loader_set_kinds(s->loader, kinds);
}

struct match_maps *bpf_source_match(const struct bpf_source *s)
{
	return bpf_loader_match(s->loader);
}

int bpf_source_agent_fd(const struct bpf_source *s)
{
	return bpf_loader_agent_fd(s->loader);
}

const struct hook_status *bpf_source_status(const struct bpf_source *s, enum bpf_program_id program)
{
	return bpf_loader_status(s->loader, program);
}

const struct object_tier *bpf_source_objects(const struct bpf_source *s)
{
	return bpf_loader_objects(s->loader);
}
