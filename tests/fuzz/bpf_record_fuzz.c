/* Any bytes as records out of the ring: refused, or turned into events that the sealer's parser takes. */
#include "collector/normalise.h"
#include "collector/bpf_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool put(void *context, const struct intake_event *event)
{
	static struct intake_frame frame;
	struct buf *b = context;
	buf_reset(b);
	intake_put_event(b, event);
	if (b->err == 0 && intake_parse((struct span){ b->data, b->len }, &frame) != (ssize_t)b->len)
		abort();
	return event->boot_us & 1;
}

static void filtered(void *context maybe_unused, uint16_t kind maybe_unused)
{
}

/* Lengths that fit together, so that the fuzzer gets past the check. */
static void mend(uint8_t *record, uint32_t len)
{
	static const struct {
		size_t bytes, strings_at, count;
	} layouts[BPF_PROGRAMS] = {
		[BPF_PROGRAM_EXEC] = { sizeof(struct bpf_exec_record),
		                       offsetof(struct bpf_exec_record, strings), BPF_EXEC_STRINGS },
		[BPF_PROGRAM_FILE] = { sizeof(struct bpf_file_record),
		                       offsetof(struct bpf_file_record, strings), BPF_FILE_STRINGS },
		[BPF_PROGRAM_OBJECT... BPF_PROGRAMS - 1] = { sizeof(struct bpf_file_record),
		                                             offsetof(struct bpf_file_record, strings),
		                                             BPF_FILE_STRINGS },
	};
	struct bpf_record *head = (void *)record;
	head->program %= BPF_PROGRAMS;
	head->size = len;
	size_t count = layouts[head->program].count;
	if (!count || len < layouts[head->program].bytes)
		return;
	if (head->program == BPF_PROGRAM_FILE)
		((struct bpf_file_record *)(void *)record)->call %= BPF_CALLS;
	size_t left = len - layouts[head->program].bytes;
	struct bpf_string *strings = (void *)(record + layouts[head->program].strings_at);
	for (size_t i = 0; i < count; i++) {
		strings[i].len =
		        i + 1 < count ? (uint32_t)MIN((size_t)strings[i].len % 64, left) : (uint32_t)left;
		strings[i].present |= strings[i].len > 0;
		left -= strings[i].len;
	}
}

/* The input is a run of records, each in a copy of its own that is aligned as the ring aligns it. */
static void feed(struct normaliser *n, const uint8_t *data, size_t size)
{
	_Alignas(8) static uint8_t record[BPF_RECORD_MAX_BYTES];
	while (size >= sizeof(struct bpf_record)) {
		uint32_t len;
		memcpy(&len, data, sizeof(len));
		bool broken = len & 1u << 31;
		len = (uint32_t)MIN((size_t)(len % 1024 + sizeof(struct bpf_record)), size);
		memcpy(record, data, len);
		if (!broken)
			mend(record, len);
		struct bpf_view view;
		bool understood = bpf_record_check(record, len, &view) == 0 && normaliser_record(n, &view);
		(void)understood;
		data += len;
		size -= len;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_buf struct buf frame = { 0 };
	struct own_events own = {
		.processes = { { 1, 1000 } }, .process_count = 1, .dirs = { "/a" }, .dir_count = 1
	};
	struct event_sink sink = { .put = put, .filtered = filtered, .context = &frame };
	struct actors_config actors_config = { .sink = sink, .limits = { .processes = 64 }, .proc_fd = -1 };
	struct actors *actors;
	struct normaliser *normaliser;
	if (actors_new(&actors_config, &actors))
		abort();
	struct normaliser_config config = { .actors = actors, .sink = sink, .own = &own };
	if (normaliser_new(&config, &normaliser))
		abort();
	feed(normaliser, data, size);
	normaliser_free(normaliser);
	actors_free(actors);
	return 0;
}
