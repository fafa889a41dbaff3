/* A normaliser whose events are kept, and records for it. The includer makes the suite:
 * TestSuite(..., .init = setup, .fini = teardown).
 */
#ifndef SWORNLOG_TESTS_COLLECTOR_NORMALISER_WORLD_H
#define SWORNLOG_TESTS_COLLECTOR_NORMALISER_WORLD_H

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "collector/normalise.h"
#include "tests/unit/collector/records.h"

#define KEPT 64
/* System calls by their native numbers. */
#if defined(__x86_64__)
#define CALL_OPENAT   257
#define CALL_UNLINKAT 263
#define CALL_RENAMEAT 264
#define CALL_FCHMOD   91
#define CALL_MKDIRAT  258
#define CALL_EXECVE   59
#else
#define CALL_OPENAT   56
#define CALL_UNLINKAT 35
#define CALL_RENAMEAT 38
#define CALL_FCHMOD   52
#define CALL_MKDIRAT  34
#define CALL_EXECVE   221
#endif
#define CWD ((uint64_t)AT_FDCWD)

struct kept {
	struct intake_event event;
	uint8_t fields[8192];
};

static struct kept kept[KEPT];
static size_t kept_count, filtered_count;
static bool refuse;
static struct actors *actors;
static struct normaliser *normaliser;
static struct own_events own;
static maybe_unused struct redact *redact;
static struct rules *rules;
static struct {
	uint64_t inode;
	uint32_t labels;
	int calls;
} learnt;
static struct made m;

static inline bool put(void *context maybe_unused, const struct intake_event *event)
{
	if (refuse)
		return false;
	struct kept *k = &kept[kept_count++ % KEPT];
	k->event = *event;
	cr_assert_leq(event->fields.len, sizeof(k->fields));
	memcpy(k->fields, event->fields.data, event->fields.len);
	k->event.fields.data = k->fields;
	struct cursor c;
	cursor_init(&c, k->fields, event->fields.len);
	cbor_skip(&c);
	cr_assert_eq(cursor_finish(&c), 0);
	return true;
}

static inline void filtered(void *context maybe_unused, uint16_t kind maybe_unused)
{
	filtered_count++;
}

static inline void on_labelled(void *context maybe_unused, uint32_t device maybe_unused, uint64_t inode,
                               uint32_t bits)
{
	learnt.inode = inode;
	learnt.labels = bits;
	learnt.calls++;
}

static inline void setup(void)
{
	struct event_sink sink = { .put = put, .filtered = filtered };
	struct actors_config config = { .sink = sink, .proc_fd = -1 };
	cr_assert_eq(actors_new(&config, &actors), 0);
	struct normaliser_config normaliser_config = {
		.actors = actors, .sink = sink, .own = &own, .redact = &redact, .on_labelled = on_labelled
	};
	cr_assert_eq(normaliser_new(&normaliser_config, &normaliser), 0);
}

static inline void teardown(void)
{
	rules_free(rules);
	normaliser_free(normaliser);
	actors_free(actors);
}

static inline void feed(void)
{
	struct bpf_view view = made_view(&m);
	cr_assert(normaliser_record(normaliser, &view));
}

static inline struct bpf_record *head(void)
{
	return (void *)m.bytes;
}

static inline const struct intake_event *event(size_t i)
{
	cr_assert_lt(i, kept_count);
	return &kept[i].event;
}

static inline struct span fields(size_t i)
{
	return event(i)->fields;
}

static inline void make_exec(uint32_t tgid, uint32_t parent, const char *exe)
{
	made_begin(&m, sizeof(struct bpf_exec_record), BPF_PROGRAM_EXEC, KIND_EXEC, tgid);
	struct bpf_exec_record *r = (void *)m.bytes;
	r->parent_tgid = parent;
	r->parent_start_boot_ns = START_NS + parent * 1000000000ull;
	memcpy(r->comm, "name", 4);
	r->device = 8 << 20 | 1;
	r->inode = 99;
	r->links = 1;
	r->cgroup = 5;
	r->head.exec_id = 2;
	made_path(&m, &r->strings[BPF_EXEC_EXE], exe, 0);
	made_path(&m, &r->strings[BPF_EXEC_CWD], "/", 0);
	made_string(&m, &r->strings[BPF_EXEC_FILENAME], "./given", 7, 0);
	made_string(&m, &r->strings[BPF_EXEC_TTY], "pts0", 4, 0);
	made_string(&m, &r->strings[BPF_EXEC_ARGV], "a\0\0b c\0", 7, 0);
	r->argv_bytes = 7;
}

static inline void make_fork(uint32_t parent, uint32_t child)
{
	made_begin(&m, sizeof(struct bpf_fork_record), BPF_PROGRAM_FORK, KIND_PROCESS, parent);
	struct bpf_fork_record *r = (void *)m.bytes;
	r->child_tgid = child;
	r->child_start_boot_ns = START_NS + child * 1000000000ull;
}

static inline void make_exit(uint32_t tgid, uint32_t status)
{
	made_begin(&m, sizeof(struct bpf_exit_record), BPF_PROGRAM_EXIT, KIND_EXIT, tgid);
	((struct bpf_exit_record *)(void *)m.bytes)->status = status;
}

static inline void make_unlink(uint32_t tgid, const char *base, const char *name)
{
	struct bpf_file_record *r = made_file(&m, tgid, CALL_UNLINKAT, KIND_UNLINK);
	r->args[0] = CWD;
	made_string(&m, &r->strings[BPF_FILE_NAME], name, strlen(name), 0);
	made_path(&m, &r->strings[BPF_FILE_BASE], base, 0);
}

static inline struct bpf_file_record *make_setuid(uint32_t tgid, uint32_t uid)
{
	struct bpf_file_record *r = made_file(&m, tgid, SYS_setuid, KIND_CREDENTIALS);
	r->head.ids[BPF_UID] = r->head.ids[BPF_EUID] = uid;
	r->args[0] = uid;
	return r;
}

static inline struct bpf_file_record *make_open(uint64_t flags, uint32_t marks)
{
	struct bpf_file_record *r = made_file(&m, 10, CALL_OPENAT, KIND_OPEN);
	r->args[0] = CWD;
	r->args[2] = flags;
	r->args[3] = 0644;
	r->result = 3;
	r->device = 8 << 20;
	r->inode = 12;
	r->marks = marks;
	made_path(&m, &r->strings[BPF_FILE_OBJECT], "/etc/shadow", 0);
	return r;
}

static inline void make_attributes(void)
{
	static const uint32_t immutable = 0x10;
	struct bpf_file_record *r = made_file(&m, 10, SYS_ioctl, KIND_CHMOD);
	r->args[1] = 0x40086602;
	made_path(&m, &r->strings[BPF_FILE_OBJECT], "/etc/passwd", 0);
	made_string(&m, &r->strings[BPF_FILE_DATA], &immutable, sizeof(immutable), 0);
}

#endif
