#include "collector/process_table.h"

#include "lib/cbor.h"

#define TICK_US           10000 /* USER_HZ is 100 on every architecture that we know */
#define DEFAULT_PROCESSES 32768
#define DEFAULT_BYTES     ((size_t)16 << 20)
#define BUCKETS           16384
/* Whoever handles a record holds a process and its ancestors: they must not push each other out. */
#define LEAST_PROCESSES ((size_t)64)
#define LEAST_BYTES     ((size_t)1 << 20)

struct process_table {
	struct process_table_limits limits;
	size_t count;
	size_t bytes;
	uint64_t evicted;
	uint64_t generation;
	struct process *newest, *oldest;
	struct process *buckets[BUCKETS];
};

/* The head of an array is rewritten for the items that fit: at most 3 bytes for so short an array. */
static struct span cut_argv(struct span argv, struct buf *into, bool *ret_cut)
{
	*ret_cut = argv.len > PROCESS_IMAGE_ARGV_MAX;
	if (!*ret_cut)
		return argv;
	struct cursor c;
	cursor_init(&c, argv.data, argv.len);
	size_t items = cbor_array(&c);
	const uint8_t *first = c.at, *end = c.at;
	size_t kept = 0;
	for (; kept < items && !c.err; kept++) {
		cbor_skip(&c);
		if (c.err || (size_t)(c.at - first) > PROCESS_IMAGE_ARGV_MAX)
			break;
		end = c.at;
	}
	cbor_put_array(into, kept);
	buf_put(into, first, (size_t)(end - first));
	return buf_err(into) ? (struct span){ 0 } : (struct span){ into->data, into->len };
}

struct process_image *process_image_new(struct span exe, struct span argv)
{
	cleanup_buf struct buf cut = { 0 };
	bool was_cut;
	argv = cut_argv(argv, &cut, &was_cut);
	struct process_image *image = calloc(1, sizeof(*image) + exe.len + argv.len);
	if (!image)
		return NULL;
	image->users = 1;
	image->marks = was_cut ? ENTRY_MARK_ARGV_TRUNCATED : 0;
	image->exe_len = exe.len;
	image->argv_len = argv.len;
	if (exe.len)
		memcpy(image->bytes, exe.data, exe.len);
	if (argv.len)
		memcpy(image->bytes + exe.len, argv.data, argv.len);
	return image;
}

void process_image_put(struct process_image *image)
{
	if (image && --image->users == 0)
		free(image);
}

int process_table_new(const struct process_table_limits *limits, struct process_table **ret)
{
	struct process_table *t = calloc(1, sizeof(*t));
	if (!t)
		return -ENOMEM;
	t->limits.processes = limits->processes ? MAX(limits->processes, LEAST_PROCESSES) : DEFAULT_PROCESSES;
	t->limits.bytes = limits->bytes ? MAX(limits->bytes, LEAST_BYTES) : DEFAULT_BYTES;
	*ret = t;
	return 0;
}

static struct process **bucket_of(struct process_table *t, uint32_t tgid)
{
	return &t->buckets[(tgid * 2654435761u) >> 18 & (BUCKETS - 1)];
}

static void unlink_age(struct process_table *t, struct process *p)
{
	*(p->newer ? &p->newer->older : &t->newest) = p->older;
	*(p->older ? &p->older->newer : &t->oldest) = p->newer;
	p->newer = p->older = NULL;
}

static void link_newest(struct process_table *t, struct process *p)
{
	p->older = t->newest;
	*(t->newest ? &t->newest->newer : &t->oldest) = p;
	t->newest = p;
}

/* Each user of a shared image is charged for all of it: the sum errs on the safe side. */
static size_t cost_of(const struct process_image *image)
{
	return image ? sizeof(*image) + image->exe_len + image->argv_len : 0;
}

static void drop_process(struct process_table *t, struct process *p)
{
	struct process **at = bucket_of(t, p->key.tgid);
	while (*at != p)
		at = &(*at)->next_in_bucket;
	*at = p->next_in_bucket;
	unlink_age(t, p);
	process_table_set_image(t, p, NULL);
	t->count--;
	t->bytes -= sizeof(*p);
	free(p);
}

void process_table_free(struct process_table *t)
{
	if (!t)
		return;
	while (t->oldest)
		drop_process(t, t->oldest);
	free(t);
}

static struct process *touch(struct process_table *t, struct process *p)
{
	if (t->newest != p) {
		unlink_age(t, p);
		link_newest(t, p);
	}
	if (p->generation != t->generation) {
		p->generation = t->generation;
		p->number = INTAKE_NO_PROCESS;
	}
	return p;
}

struct process *process_table_find(struct process_table *t, uint32_t tgid, uint64_t start_us)
{
	for (struct process *p = *bucket_of(t, tgid); p; p = p->next_in_bucket)
		if (p->key.tgid == tgid && p->key.start_us / TICK_US == start_us / TICK_US)
			return touch(t, p);
	return NULL;
}

struct process *process_table_find_pid(struct process_table *t, uint32_t tgid)
{
	struct process *best = NULL;
	for (struct process *p = *bucket_of(t, tgid); p; p = p->next_in_bucket) {
		if (p->key.tgid != tgid)
			continue;
		bool better = !best || (best->exited_us && !p->exited_us) ||
		              (!best->exited_us == !p->exited_us && p->key.start_us > best->key.start_us);
		best = better ? p : best;
	}
	return best ? touch(t, best) : NULL;
}

static void make_room(struct process_table *t, const struct process *keep)
{
	while (t->oldest && t->oldest != keep &&
	       (t->count > t->limits.processes || t->bytes > t->limits.bytes)) {
		drop_process(t, t->oldest);
		t->evicted++;
	}
}

struct process *process_table_add(struct process_table *t, uint32_t tgid, uint64_t start_us)
{
	struct process *p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	p->key = (struct process_key){ tgid, start_us };
	p->generation = t->generation;
	p->ids.loginuid = p->ids.session = BPF_ID_UNSET;
	struct process **bucket = bucket_of(t, tgid);
	p->next_in_bucket = *bucket;
	*bucket = p;
	link_newest(t, p);
	t->count++;
	t->bytes += sizeof(*p);
	make_room(t, p);
	return p;
}

void process_table_set_image(struct process_table *t, struct process *p, struct process_image *image)
{
	t->bytes -= cost_of(p->image);
	process_image_put(p->image);
	p->image = image;
	t->bytes += cost_of(image);
}

void process_table_undescribe(struct process_table *t)
{
	t->generation++;
}

void process_table_expire(struct process_table *t, uint64_t exited_before_us)
{
	for (struct process *p = t->oldest, *newer; p; p = newer) {
		newer = p->newer;
		if (p->exited_us && p->exited_us < exited_before_us)
			drop_process(t, p);
	}
	make_room(t, NULL);
}

size_t process_table_count(const struct process_table *t)
{
	return t->count;
}

uint64_t process_table_evicted(const struct process_table *t)
{
	return t->evicted;
}
