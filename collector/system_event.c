#include "collector/system_event.h"

#include <linux/bpf.h>
#include <sys/socket.h>

#include "collector/proc_reader.h"

#define PTRACE_TRACE_ME 0 /* aimed at nobody */

struct source {
	const struct file_event *event;
	const struct bpf_file_record *record;
	const struct process_ids *before;
	struct span data;
};

static void put_four(struct fields *f, uint64_t key, const uint32_t *ids, const uint8_t order[4])
{
	fields_key(f, key);
	cbor_put_array(f->b, 4);
	for (size_t i = 0; i < 4; i++)
		cbor_put_uint(f->b, ids[order[i]]);
}

static void put_ids(struct fields *f, const struct source *s, bool groups)
{
	static const uint8_t uids[4] = { BPF_UID, BPF_EUID, BPF_SUID, BPF_FSUID };
	static const uint8_t gids[4] = { BPF_GID, BPF_EGID, BPF_SGID, BPF_FSGID };
	const uint8_t *order = groups ? gids : uids;
	if (s->before)
		put_four(f, groups ? SYSTEM_OLD_GIDS : SYSTEM_OLD_UIDS, s->before->ids, order);
	put_four(f, groups ? SYSTEM_NEW_GIDS : SYSTEM_NEW_UIDS, s->record->head.ids, order);
}

/* All ones means: leave it as it is. */
static void put_id(struct buf *b, uint64_t id, bool has16bits)
{
	uint32_t none = has16bits ? UINT16_MAX : UINT32_MAX;
	uint32_t value = (uint32_t)id & none;
	cbor_put_int(b, value == none ? -1 : (int64_t)value);
}

static void put_asked(struct fields *f, const struct source *s)
{
	const struct call_shape *shape = s->event->shape;
	fields_key(f, SYSTEM_ASKED);
	cbor_put_array(f->b, shape->asked);
	for (unsigned i = 1; i <= shape->asked; i++)
		put_id(f->b, file_event_argument(s->record, i), shape->owner16);
}

static void put_groups(struct fields *f, const struct source *s)
{
	bool has16bits = s->event->shape->owner16;
	size_t width = has16bits ? 2 : 4;
	fields_key(f, SYSTEM_ASKED);
	cbor_put_array(f->b, s->data.len / width);
	for (size_t at = 0; at + width <= s->data.len; at += width) {
		uint32_t id = 0;
		memcpy(&id, s->data.data + at, width);
		put_id(f->b, id, has16bits);
	}
	fields_uint(f, SYSTEM_COUNT, (uint32_t)file_event_argument(s->record, 1));
}

/* Effective, permitted and inheritable; the upper halves stand after all lower ones. */
static void put_capabilities(struct fields *f, const struct source *s)
{
	uint32_t words[6];
	if (s->data.len != sizeof(words))
		return;
	memcpy(words, s->data.data, sizeof(words));
	fields_key(f, SYSTEM_CAPABILITIES);
	cbor_put_array(f->b, 3);
	for (size_t i = 0; i < 3; i++)
		cbor_put_uint(f->b, words[i] | (uint64_t)words[i + 3] << 32);
}

static void put_prctl(struct fields *f, const struct source *s)
{
	fields_uint(f, SYSTEM_OPTION, (uint32_t)file_event_argument(s->record, 1));
	fields_key(f, SYSTEM_ARGUMENTS);
	cbor_put_array(f->b, 2);
	cbor_put_uint(f->b, file_event_argument(s->record, 2));
	cbor_put_uint(f->b, file_event_argument(s->record, 3));
}

static void put_credentials(struct fields *f, const struct source *s)
{
	enum credentials_operation operation = (enum credentials_operation)s->event->shape->operation;
	fields_uint(f, SYSTEM_OPERATION, operation);
	switch (operation) {
	case CREDENTIALS_UID:
	case CREDENTIALS_GID:
		put_ids(f, s, operation == CREDENTIALS_GID);
		put_asked(f, s);
		return;
	case CREDENTIALS_GROUPS:
		put_groups(f, s);
		return;
	case CREDENTIALS_CAPABILITIES:
		put_capabilities(f, s);
		return;
	case CREDENTIALS_PRCTL:
		put_prctl(f, s);
		return;
	case CREDENTIALS_UNSHARE:
	case CREDENTIALS_SETNS:
	case CREDENTIALS_CLONE:
		return;
	}
}

static void put_arguments(struct fields *f, const struct source *s)
{
	fields_key(f, SYSTEM_ARGV);
	argv_put(f->b, s->data);
}

/* What the caller passed may be shorter than it should be. */
static bool read_bytes(const struct source *s, size_t at, void *to, size_t len)
{
	if (s->data.len < at + len)
		return false;
	memcpy(to, s->data.data + at, len);
	return true;
}

static void put_u32_at(struct fields *f, const struct source *s, uint64_t key, size_t at)
{
	uint32_t value;
	if (read_bytes(s, at, &value, sizeof(value)))
		fields_uint(f, key, value);
}

static void put_operation(struct fields *f, const struct source *s)
{
	fields_uint(f, SYSTEM_OPERATION, s->event->shape->operation);
}

static void put_mount(struct fields *f, const struct source *s)
{
	uint64_t attr[3]; /* struct mount_attr: set, cleared, propagation */
	put_operation(f, s);
	if (s->event->shape->operation != MOUNT_SETATTR || !read_bytes(s, 0, attr, sizeof(attr)))
		return;
	fields_key(f, SYSTEM_ARGUMENTS);
	cbor_put_array(f->b, ARRAY_SIZE(attr));
	for (size_t i = 0; i < ARRAY_SIZE(attr); i++)
		cbor_put_uint(f->b, attr[i]);
}

static void put_pid(struct fields *f, const struct source *s)
{
	fields_int(f, SYSTEM_PID, (int32_t)file_event_argument(s->record, s->event->shape->pid));
}

static void put_ptrace(struct fields *f, const struct source *s)
{
	uint32_t request = (uint32_t)file_event_argument(s->record, 1);
	bool asks = s->event->shape->operation == PTRACE_REQUEST;
	put_operation(f, s);
	if (!asks || request != PTRACE_TRACE_ME)
		put_pid(f, s);
	if (asks)
		fields_uint(f, SYSTEM_OPTION, request);
}

static void put_module(struct fields *f, const struct source *s)
{
	put_operation(f, s);
	if (s->event->shape->operation == MODULE_FROM_MEMORY)
		fields_uint(f, SYSTEM_COUNT, file_event_argument(s->record, 2));
}

/* The first word that was passed, as the one argument. */
static void put_first_word(struct fields *f, const struct source *s)
{
	uint32_t word;
	if (!read_bytes(s, 0, &word, sizeof(word)))
		return;
	fields_key(f, SYSTEM_ARGUMENTS);
	cbor_put_array(f->b, 1);
	cbor_put_uint(f->b, word);
}

/* A name is filled up with NULs. */
static void put_program_name(struct fields *f, const struct source *s, size_t at)
{
	char name[BPF_OBJ_NAME_LEN];
	if (!read_bytes(s, at, name, sizeof(name)) || !name[0])
		return;
	fields_bytes(f, SYSTEM_PROGRAM, (struct span){ (uint8_t *)name, strnlen(name, sizeof(name)) });
}

static void put_bpf(struct fields *f, const struct source *s)
{
	uint32_t command = (uint32_t)file_event_argument(s->record, 1);
	fields_uint(f, SYSTEM_OPTION, command);
	if (command == BPF_PROG_LOAD) {
		put_u32_at(f, s, SYSTEM_PROGRAM_TYPE, offsetof(union bpf_attr, prog_type));
		put_u32_at(f, s, SYSTEM_ATTACH_TYPE, offsetof(union bpf_attr, expected_attach_type));
		put_program_name(f, s, offsetof(union bpf_attr, prog_name));
	} else if (command == BPF_PROG_ATTACH || command == BPF_PROG_DETACH) {
		put_u32_at(f, s, SYSTEM_ATTACH_TYPE, offsetof(union bpf_attr, attach_type));
	} else if (command == BPF_MAP_GET_FD_BY_ID) {
		put_first_word(f, s);
	} else if (command == BPF_LINK_CREATE) {
		put_u32_at(f, s, SYSTEM_ATTACH_TYPE, offsetof(union bpf_attr, link_create.attach_type));
	}
}

/* Seconds and a fraction, each of the same width: half of what the call's table says. */
static bool read_time(const struct source *s, int64_t *seconds, int64_t *fraction)
{
	int32_t narrow[2] = { 0 };
	int64_t wide[2];
	if (read_bytes(s, 0, wide, sizeof(wide))) {
		*seconds = wide[0];
		*fraction = wide[1];
		return true;
	}
	size_t len = MIN(s->data.len, sizeof(narrow));
	if (len < sizeof(narrow[0]) || !read_bytes(s, 0, narrow, len))
		return false;
	*seconds = narrow[0];
	*fraction = narrow[1];
	return true;
}

static void put_time_set(struct fields *f, const struct source *s)
{
	int64_t seconds, fraction, ns;
	if (!read_time(s, &seconds, &fraction))
		return;
	/* The kernel refuses what would overflow here. */
	if (s->event->shape->operation == TIME_CLOCK || __builtin_mul_overflow(fraction, 1000, &ns))
		ns = fraction;
	fields_key(f, SYSTEM_TIME);
	cbor_put_array(f->b, 2);
	cbor_put_int(f->b, seconds);
	cbor_put_int(f->b, ns);
}

static void put_time(struct fields *f, const struct source *s)
{
	const struct call_shape *shape = s->event->shape;
	bool adjusts = shape->operation == TIME_ADJUST;
	put_operation(f, s);
	if (shape->operation == TIME_CLOCK || (adjusts && shape->bpf.flags == 2))
		fields_int(f, SYSTEM_OPTION, (int32_t)file_event_argument(s->record, 1));
	if (adjusts)
		put_first_word(f, s);
	else
		put_time_set(f, s);
}

static void put_signal(struct fields *f, const struct source *s)
{
	put_operation(f, s);
	put_pid(f, s);
	fields_int(f, SYSTEM_SIGNAL, (int32_t)file_event_argument(s->record, s->event->shape->signal));
}

#define PORT_AT     2 /* in struct sockaddr_in and _in6 */
#define ADDRESS_AT  4
#define ADDRESS6_AT 8

static void put_ip(struct fields *f, const struct source *s, size_t at, size_t len)
{
	uint8_t port[2];
	if (s->data.len < at + len || !read_bytes(s, PORT_AT, port, sizeof(port)))
		return;
	fields_bytes(f, SYSTEM_ADDRESS, (struct span){ s->data.data + at, len });
	fields_uint(f, SYSTEM_PORT, (uint32_t)port[0] << 8 | port[1]);
}

/* A path ends at its NUL; a name that begins with NUL has the length that the caller says. */
static void put_unix_name(struct fields *f, const struct source *s)
{
	struct span name = { s->data.data + sizeof(uint16_t), s->data.len - sizeof(uint16_t) };
	if (name.len == 0)
		return;
	if (name.data[0])
		name.len = strnlen((const char *)name.data, name.len);
	fields_bytes(f, SYSTEM_UNIX_NAME, name);
}

static void put_address(struct fields *f, const struct source *s)
{
	uint16_t family;
	if (!read_bytes(s, 0, &family, sizeof(family)))
		return;
	fields_uint(f, SYSTEM_FAMILY, family);
	if (family == AF_INET)
		put_ip(f, s, ADDRESS_AT, 4);
	else if (family == AF_INET6)
		put_ip(f, s, ADDRESS6_AT, 16);
	else if (family == AF_UNIX)
		put_unix_name(f, s);
}

static void put_nothing(struct fields *f maybe_unused, const struct source *s maybe_unused)
{
}

static const struct {
	uint16_t kind;
	void (*put)(struct fields *f, const struct source *s);
} kinds[] = {
	{ KIND_CREDENTIALS, put_credentials },
	{ KIND_EXEC_FAILED, put_arguments },
	{ KIND_MOUNT, put_mount },
	{ KIND_UMOUNT, put_nothing },
	{ KIND_PTRACE, put_ptrace },
	{ KIND_MODULE_LOAD, put_module },
	{ KIND_MODULE_UNLOAD, put_nothing },
	{ KIND_BPF, put_bpf },
	{ KIND_TIME, put_time },
	{ KIND_SIGNAL, put_signal },
	{ KIND_CONNECT, put_address },
	{ KIND_ACCEPT, put_address },
	{ KIND_BIND, put_address },
};

static void put_own(struct fields *f, const struct source *s)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (kinds[i].kind == s->event->kind)
			kinds[i].put(f, s);
}

bool system_event_is(uint16_t kind)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (kinds[i].kind == kind)
			return true;
	return false;
}

int32_t system_event_pid(const struct file_event *e, const struct bpf_view *view)
{
	bool asks_for_itself = e->kind == KIND_PTRACE && e->shape->operation == PTRACE_REQUEST &&
	                       (uint32_t)file_event_argument(view->file, 1) == PTRACE_TRACE_ME;
	return asks_for_itself ? 0 : (int32_t)file_event_argument(view->file, e->shape->pid);
}

struct span system_event_encode(struct file_event *e, const struct bpf_view *view,
                                const struct process_ids *before)
{
	struct source source = {
		.event = e, .record = view->file, .before = before, .data = view->text[BPF_FILE_DATA]
	};
	struct fields f;
	buf_reset(&e->fields);
	fields_begin(&f, &e->fields);
	file_event_put(e, view, &f);
	put_own(&f, &source);
	int err = buf_err(&e->path) | buf_err(&e->target);
	return err ? (struct span){ 0 } : fields_end(&f);
}
