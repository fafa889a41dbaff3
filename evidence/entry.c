#include "evidence/entry.h"

#include "lib/cbor.h"

#define BODY_ITEMS 5

struct name {
	uint64_t value;
	const char *text;
};

static const struct name kind_names[] = {
	{ KIND_CIPHERTEXT, "ciphertext" },
	{ KIND_SEAL, "seal" },
	{ KIND_EPOCH, "epoch" },
	{ KIND_POSTURE, "posture" },
	{ KIND_HEARTBEAT, "heartbeat" },
	{ KIND_LOSS, "loss" },
	{ KIND_GOODBYE, "goodbye" },
	{ KIND_AGENT, "agent" },
	{ KIND_PROCESS, "process" },
	{ KIND_EXEC, "exec" },
	{ KIND_EXIT, "exit" },
	{ KIND_CREDENTIALS, "credentials" },
	{ KIND_EXEC_FAILED, "exec_failed" },
	{ KIND_OPEN, "open" },
	{ KIND_RENAME, "rename" },
	{ KIND_UNLINK, "unlink" },
	{ KIND_LINK, "link" },
	{ KIND_SYMLINK, "symlink" },
	{ KIND_MKDIR, "mkdir" },
	{ KIND_RMDIR, "rmdir" },
	{ KIND_MKNOD, "mknod" },
	{ KIND_CHMOD, "chmod" },
	{ KIND_CHOWN, "chown" },
	{ KIND_TRUNCATE, "truncate" },
	{ KIND_SETXATTR, "setxattr" },
	{ KIND_REMOVEXATTR, "removexattr" },
	{ KIND_IO_URING, "io_uring" },
	{ KIND_READ, "read" },
	{ KIND_MMAP, "mmap" },
	{ KIND_CLOSE, "close" },
	{ KIND_MOUNT, "mount" },
	{ KIND_UMOUNT, "umount" },
	{ KIND_AUDIT_LOGIN, "audit_login" },
	{ KIND_AUDIT_ACCOUNT, "audit_account" },
	{ KIND_AUDIT_CONFIG, "audit_config" },
	{ KIND_AUDIT_ANOMALY, "audit_anomaly" },
	{ KIND_AUDIT_OTHER, "audit_other" },
	{ KIND_PTRACE, "ptrace" },
	{ KIND_MODULE_LOAD, "module_load" },
	{ KIND_MODULE_UNLOAD, "module_unload" },
	{ KIND_BPF, "bpf" },
	{ KIND_TIME, "time" },
	{ KIND_SIGNAL, "signal" },
	{ KIND_CONNECT, "connect" },
	{ KIND_ACCEPT, "accept" },
	{ KIND_BIND, "bind" },
	{ KIND_SENSOR, "sensor" },
	{ KIND_DISAGREEMENT, "disagreement" },
	{ KIND_THROTTLE, "throttle" },
	{ KIND_REPEATS, "repeats" },
	{ KIND_CONFIRMATION, "confirmation" },
};

static const struct name reason_names[] = {
	{ LOSS_RING_FULL, "ring_full" },           { LOSS_RING_GAP, "ring_gap" },
	{ LOSS_PIPE_FULL, "pipe_full" },           { LOSS_SPOOL_FULL, "spool_full" },
	{ LOSS_AUDIT_BACKLOG, "audit_backlog" },   { LOSS_AUDIT_SOCKET, "audit_socket" },
	{ LOSS_AUDIT_SERIAL, "audit_serial" },     { LOSS_AUDIT_INCOMPLETE, "audit_incomplete" },
	{ LOSS_COLLECTOR_DOWN, "collector_down" }, { LOSS_SEALER_DOWN, "sealer_down" },
	{ LOSS_TOO_LARGE, "too_large" },           { LOSS_MALFORMED, "malformed" },
	{ LOSS_KERNEL_SKIPPED, "kernel_skipped" }, { LOSS_ACCOUNTING, "accounting" },
};

static const struct name exactness_names[] = {
	{ EXACT, "exact" },
	{ LOWER_BOUND, "lower_bound" },
	{ UPPER_BOUND, "upper_bound" },
	{ UNKNOWN, "unknown" },
};

static const char *find_name(const struct name *names, size_t n, uint64_t value)
{
	for (size_t i = 0; i < n; i++)
		if (names[i].value == value)
			return names[i].text;
	return NULL;
}

const char *entry_kind_name(uint64_t kind)
{
	return find_name(kind_names, ARRAY_SIZE(kind_names), kind);
}

const char *loss_reason_name(uint64_t reason)
{
	return find_name(reason_names, ARRAY_SIZE(reason_names), reason);
}

const char *exactness_name(uint64_t exactness)
{
	return find_name(exactness_names, ARRAY_SIZE(exactness_names), exactness);
}

bool entry_kind_critical(uint64_t kind)
{
	/* Not KIND_LOSS: what is lost is lost in a flood, and a seal for each would feed it. */
	static const uint64_t critical[] = {
		KIND_EPOCH,         KIND_POSTURE,       KIND_GOODBYE,      KIND_AGENT,
		KIND_AUDIT_LOGIN,   KIND_AUDIT_ACCOUNT, KIND_AUDIT_CONFIG, KIND_AUDIT_ANOMALY,
		KIND_SENSOR,        KIND_DISAGREEMENT,  KIND_PTRACE,       KIND_MODULE_LOAD,
		KIND_MODULE_UNLOAD, KIND_BPF,           KIND_TIME,         KIND_SIGNAL,
	};
	for (size_t i = 0; i < ARRAY_SIZE(critical); i++)
		if (critical[i] == kind)
			return true;
	return false;
}

bool entry_kind_aims(uint64_t kind)
{
	return kind == KIND_PTRACE || kind == KIND_SIGNAL;
}

/* True if the array of four has user 0 as its effective id. */
static bool effective_is_root(struct cursor c)
{
	bool root = false;
	size_t n = cbor_array(&c);
	for (size_t i = 0; i < n && !c.err; i++) {
		uint64_t id = cbor_uint(&c);
		root = root || (i == 1 && id == 0 && !c.err);
	}
	return root;
}

static bool becomes_root(struct span fields)
{
	struct cursor c;
	int64_t prev = -1;
	bool was = false, is = false;
	cursor_init(&c, fields.data, fields.len);
	for (size_t n = cbor_map(&c); n > 0 && !c.err; n--) {
		uint64_t key = cbor_key(&c, &prev);
		was = was || (key == SYSTEM_OLD_UIDS && effective_is_root(c));
		is = is || (key == SYSTEM_NEW_UIDS && effective_is_root(c));
		cbor_skip(&c);
	}
	return is && !was;
}

bool entry_critical(uint64_t kind, struct span fields)
{
	return entry_kind_critical(kind) || (kind == KIND_CREDENTIALS && becomes_root(fields));
}

void entry_put_body(struct buf *b, const struct entry *e)
{
	cbor_put_array(b, BODY_ITEMS);
	cbor_put_uint(b, e->kind);
	cbor_put_int(b, e->time_us);
	cbor_put_uint(b, e->sensors);
	if (e->process == ENTRY_NO_PROCESS)
		cbor_put_null(b);
	else
		cbor_put_uint(b, e->process);
	buf_put(b, e->fields.data, e->fields.len);
}

/* The number that stands for "none" in memory has its own form on the wire, and only that one. */
static uint64_t parse_process(struct cursor *c)
{
	if (cbor_null(c))
		return ENTRY_NO_PROCESS;
	uint64_t process = cbor_uint(c);
	if (process == ENTRY_NO_PROCESS)
		cursor_fail(c);
	return process;
}

int entry_parse_body(struct span body, struct entry *ret)
{
	if (body.len > ENTRY_BODY_MAX)
		return -EBADMSG;

	struct cursor c;
	cursor_init(&c, body.data, body.len);
	if (cbor_array(&c) != BODY_ITEMS)
		return -EBADMSG;

	struct entry e = { 0 };
	e.kind = cbor_uint(&c);
	e.time_us = cbor_int(&c);
	e.sensors = cbor_uint(&c);
	e.process = parse_process(&c);
	if (cbor_peek(&c) != CBOR_MAP)
		return -EBADMSG;
	e.fields.data = c.at;
	cbor_skip(&c);
	int err = cursor_finish(&c);
	if (err)
		return err;
	e.fields.len = (size_t)(c.end - e.fields.data);
	*ret = e;
	return 0;
}
