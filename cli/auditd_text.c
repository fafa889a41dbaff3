#include "cli/auditd_text.h"

#include <stdio.h>

#include "audit/record.h"
#include "cli/auditd_line.h"
#include "evidence/audit_type.h"
#include "lib/cbor.h"

/* What a kind of entry looks like as a system call. */
struct projection {
	uint64_t kind;
	const char *syscall;     /* where the entry does not say which it was */
	const char *path_type;   /* nametype of the path */
	const char *target_type; /* of the second path; NULL: none */
};

static const struct projection projections[] = {
	{ KIND_EXEC, "execve", "NORMAL", NULL },
	{ KIND_EXEC_FAILED, "execve", "NORMAL", NULL },
	{ KIND_CREDENTIALS, "setresuid", "NORMAL", NULL },
	{ KIND_OPEN, "openat", "NORMAL", NULL },
	{ KIND_RENAME, "renameat2", "DELETE", "CREATE" },
	{ KIND_UNLINK, "unlinkat", "DELETE", NULL },
	{ KIND_LINK, "linkat", "NORMAL", "CREATE" },
	{ KIND_SYMLINK, "symlinkat", "CREATE", "UNKNOWN" },
	{ KIND_MKDIR, "mkdirat", "CREATE", NULL },
	{ KIND_RMDIR, "unlinkat", "DELETE", NULL },
	{ KIND_MKNOD, "mknodat", "CREATE", NULL },
	{ KIND_CHMOD, "fchmodat", "NORMAL", NULL },
	{ KIND_CHOWN, "fchownat", "NORMAL", NULL },
	{ KIND_TRUNCATE, "truncate", "NORMAL", NULL },
	{ KIND_SETXATTR, "setxattr", "NORMAL", NULL },
	{ KIND_REMOVEXATTR, "removexattr", "NORMAL", NULL },
	{ KIND_READ, "openat", "NORMAL", NULL },
	{ KIND_MMAP, "mmap", "NORMAL", NULL },
	{ KIND_MOUNT, "mount", "NORMAL", "NORMAL" },
	{ KIND_UMOUNT, "umount2", "NORMAL", NULL },
	{ KIND_PTRACE, "ptrace", "NORMAL", NULL },
	{ KIND_MODULE_LOAD, "finit_module", "NORMAL", NULL },
	{ KIND_MODULE_UNLOAD, "delete_module", "NORMAL", NULL },
	{ KIND_BPF, "bpf", "NORMAL", NULL },
	{ KIND_TIME, "clock_settime", "NORMAL", NULL },
	{ KIND_SIGNAL, "kill", "NORMAL", NULL },
	{ KIND_CONNECT, "connect", "NORMAL", NULL },
	{ KIND_ACCEPT, "accept4", "NORMAL", NULL },
	{ KIND_BIND, "bind", "NORMAL", NULL },
};

/* The fields that go into the records. */
struct seen {
	struct span path, target, cwd;
	uint64_t device, inode, syscall, marks;
	int64_t result;
	bool has_path, has_target, has_object, has_syscall;
	struct cursor argv, labels; /* at the array; empty if there is none */
	struct auditd_address address;
};

static const struct projection *projection_of(uint64_t kind)
{
	for (size_t i = 0; i < ARRAY_SIZE(projections); i++) {
		if (projections[i].kind == kind)
			return &projections[i];
	}
	return NULL;
}

static void take_process_field(struct cursor *c, uint64_t key, struct seen *s)
{
	switch (key) {
	case PROCESS_EXE:
		s->path = cbor_bytes(c);
		s->has_path = true;
		return;
	case PROCESS_CWD:
		s->cwd = cbor_bytes(c);
		return;
	case PROCESS_DEVICE:
		s->device = cbor_uint(c);
		return;
	case PROCESS_INODE:
		s->inode = cbor_uint(c);
		s->has_object = true;
		return;
	case PROCESS_ARGV:
		s->argv = *c;
		break;
	case PROCESS_MARKS:
		s->marks = cbor_uint(c);
		return;
	default:
		break;
	}
	cbor_skip(c);
}

static void take_file_field(struct cursor *c, uint64_t key, struct seen *s)
{
	switch (key) {
	case FILE_PATH:
		s->path = cbor_bytes(c);
		s->has_path = true;
		return;
	case FILE_TARGET:
		s->target = cbor_bytes(c);
		s->has_target = true;
		return;
	case FILE_RESULT:
		s->result = cbor_int(c);
		return;
	case FILE_DEVICE:
		s->device = cbor_uint(c);
		return;
	case FILE_INODE:
		s->inode = cbor_uint(c);
		s->has_object = true;
		return;
	case FILE_SYSCALL:
		s->syscall = cbor_uint(c);
		s->has_syscall = true;
		return;
	case FILE_MARKS:
		s->marks = cbor_uint(c);
		return;
	default:
		cbor_skip(c);
	}
}

/* Of the kinds that are about no file: those that they have beside a file's. */
static void take_system_field(struct cursor *c, uint64_t key, struct seen *s)
{
	switch (key) {
	case SYSTEM_ARGV:
		s->argv = *c;
		break;
	case SYSTEM_FAMILY:
		s->address.family = (uint16_t)cbor_uint(c);
		return;
	case SYSTEM_ADDRESS:
		s->address.ip = cbor_bytes(c);
		return;
	case SYSTEM_PORT:
		s->address.port = (uint16_t)cbor_uint(c);
		return;
	case SYSTEM_UNIX_NAME:
		s->address.name = cbor_bytes(c);
		return;
	default:
		break;
	}
	cbor_skip(c);
}

static bool is_file(uint64_t kind)
{
	return kind >= KIND_OPEN && kind <= KIND_MMAP;
}

static void take_field(struct cursor *c, uint64_t kind, uint64_t key, struct seen *s)
{
	if (kind == KIND_EXEC) {
		take_process_field(c, key, s);
	} else if (key < FILE_LABELS) {
		take_file_field(c, key, s);
	} else if (!is_file(kind)) {
		take_system_field(c, key, s);
	} else {
		if (key == FILE_LABELS)
			s->labels = *c;
		cbor_skip(c);
	}
}

static bool take_fields(const struct entry *e, struct seen *s)
{
	struct cursor c;
	int64_t prev = -1;
	*s = (struct seen){ 0 };
	cursor_init(&s->argv, NULL, 0);
	cursor_init(&s->labels, NULL, 0);
	cursor_init(&c, e->fields.data, e->fields.len);
	for (size_t n = cbor_map(&c); n > 0 && !c.err; n--) {
		uint64_t key = cbor_key(&c, &prev);
		take_field(&c, e->kind, key, s);
	}
	return !c.err;
}

static void put_syscall(struct buf *b, const struct auditd_stamp *stamp, const struct projection *p,
                        const struct seen *s, const struct actor *a, enum machine machine)
{
	if (s->marks & ENTRY_MARK_COMPAT)
		machine = machine_compat(machine);
	long long number = s->has_syscall ? (long long)s->syscall : machine_syscall(machine, p->syscall);
	auditd_line_begin(b, stamp, "SYSCALL");
	/* ausearch refuses a record without the arguments. */
	buf_printf(b, "arch=%x syscall=%lld success=%s exit=%lld a0=0 a1=0 a2=0 a3=0 items=%d",
	           machine_audit_arch(machine), number, s->result >= 0 ? "yes" : "no", (long long)s->result,
	           s->has_path + (p->target_type && s->has_target));
	auditd_put_actor(b, a);
	auditd_put_key(b, s->labels);
	buf_put_u8(b, '\n');
}

static void put_path(struct buf *b, const struct auditd_stamp *stamp, int item, struct span path,
                     const struct seen *object, const char *type)
{
	auditd_line_begin(b, stamp, "PATH");
	buf_printf(b, "item=%d name=", item);
	auditd_put_string(b, path);
	if (object)
		buf_printf(b, " inode=%llu dev=%02llx:%02llx", (unsigned long long)object->inode,
		           (unsigned long long)(object->device >> 20),
		           (unsigned long long)(object->device & 0xfffff));
	buf_printf(b, " nametype=%s\n", type);
}

static void put_paths(struct buf *b, const struct auditd_stamp *stamp, const struct projection *p,
                      const struct seen *s)
{
	if (s->has_path)
		put_path(b, stamp, 0, s->path, s->has_object ? s : NULL, p->path_type);
	if (p->target_type && s->has_target)
		put_path(b, stamp, s->has_path, s->target, NULL, p->target_type);
}

static bool put_projection(struct buf *b, const struct event *e, enum machine machine)
{
	const struct projection *p = projection_of(e->entry->kind);
	struct auditd_stamp stamp = { e->origin->host, e->wall_us / 1000, auditd_serial(e->index) };
	struct seen s;
	struct actor own;
	const struct actor *actor = e->actor;
	if (!p || !take_fields(e->entry, &s))
		return false;
	if (p->kind == KIND_EXEC) {
		actor_read(e->entry, &own);
		actor = &own;
	}
	put_syscall(b, &stamp, p, &s, actor, machine);
	if (p->kind == KIND_EXEC || p->kind == KIND_EXEC_FAILED)
		auditd_put_execve(b, &stamp, s.argv);
	if (p->kind >= KIND_CONNECT)
		auditd_put_address(b, &stamp, &s.address);
	if (s.cwd.len > 0) {
		auditd_line_begin(b, &stamp, "CWD");
		buf_put_str(b, "cwd=");
		auditd_put_string(b, s.cwd);
		buf_put_u8(b, '\n');
	}
	put_paths(b, &stamp, p, &s);
	auditd_line_begin(b, &stamp, "EOE");
	buf_put_u8(b, '\n');
	return true;
}

/* What could end a line, or command a terminal; 0x1D separates what auditd adds. */
static bool is_control(uint8_t c)
{
	return (c < 0x20 && c != '\t' && c != 0x1d) || c == 0x7f;
}

/* A newline within a record would begin one of its author's choice; auditd writes a space, too. */
static void put_record(struct buf *b, const char *host, uint64_t type, struct span text)
{
	const char *name = audit_type_name(type);
	buf_printf(b, "node=%s type=", host);
	if (name)
		buf_printf(b, "%s msg=", name);
	else
		buf_printf(b, "UNKNOWN[%llu] msg=", (unsigned long long)type);
	for (size_t i = 0; i < text.len; i++)
		buf_put_u8(b, is_control(text.data[i]) ? ' ' : text.data[i]);
	buf_put_u8(b, '\n');
}

/* True if there were records. *ret_last is the last one's text; *ret_part: an end mark belongs behind them.
 */
static bool put_records(struct buf *b, struct cursor *c, const char *host, struct span *ret_last,
                        bool *ret_part)
{
	size_t count = 0;
	for (size_t n = cbor_array(c); n > 0 && !c->err; n--) {
		if (cbor_array(c) != 2)
			return false;
		uint64_t type = cbor_uint(c);
		struct span text = cbor_bytes(c);
		if (c->err)
			return false;
		put_record(b, host, type, text);
		*ret_last = text;
		*ret_part = *ret_part || audit_type_shape(type) == AUDIT_SHAPE_PART;
		count++;
	}
	return count > 0 && !c->err;
}

/* The end mark is not stored: an event has one if it is not marked as incomplete. */
static void put_end(struct buf *b, const char *host, struct span last)
{
	struct audit_stamp stamp;
	struct span body;
	if (audit_record_stamp(last, &stamp, &body) < 0)
		return;
	const struct auditd_stamp at = { host, stamp.ms, stamp.serial };
	auditd_line_begin(b, &at, "EOE");
	buf_put_u8(b, '\n');
}

static bool put_audit(struct buf *b, const struct event *e)
{
	struct cursor c;
	struct span last = { 0 };
	int64_t prev = -1;
	bool part = false, put = false;
	uint64_t marks = 0;
	cursor_init(&c, e->entry->fields.data, e->entry->fields.len);
	for (size_t n = cbor_map(&c); n > 0 && !c.err; n--) {
		uint64_t key = cbor_key(&c, &prev);
		if (key == AUDIT_RECORDS)
			put = put_records(b, &c, e->origin->host, &last, &part);
		else if (key == AUDIT_MARKS)
			marks = cbor_uint(&c);
		else
			cbor_skip(&c);
	}
	if (put && part && !(marks & ENTRY_MARK_INCOMPLETE))
		put_end(b, e->origin->host, last);
	return put;
}

bool event_put_auditd(struct buf *b, const struct event *e, enum machine machine)
{
	size_t before = b->len;
	bool audit = e->entry->kind >= KIND_AUDIT_LOGIN && e->entry->kind <= KIND_AUDIT_OTHER;
	bool put = audit ? put_audit(b, e) : put_projection(b, e, machine);
	if (!put && !b->err)
		b->len = before;
	return put;
}
