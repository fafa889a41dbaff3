#include "cli/auditd_line.h"

#include <netinet/in.h>
#include <stdio.h>
#include <sys/un.h>

#include "lib/cbor.h"

/* What the kernel puts into one EXECVE record, about; ausearch reads lines of at most 8,970 bytes. */
#define EXECVE_MAX_BYTES 7500

uint32_t auditd_serial(uint64_t index)
{
	return UINT32_C(1) << 31 | (uint32_t)(index & INT32_MAX);
}

void auditd_line_begin(struct buf *b, const struct auditd_stamp *stamp, const char *type)
{
	buf_printf(b, "node=%s type=%s msg=audit(%llu.%03llu:%u): ", stamp->host, type,
	           (unsigned long long)(stamp->wall_ms / 1000), (unsigned long long)(stamp->wall_ms % 1000),
	           stamp->serial);
}

static bool needs_hex(struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.data[i] <= 0x20 || s.data[i] > 0x7e || s.data[i] == '"')
			return true;
	}
	return false;
}

static void put_hex(struct buf *b, struct span s)
{
	static const char digits[] = "0123456789ABCDEF";
	for (size_t i = 0; i < s.len; i++) {
		buf_put_u8(b, (uint8_t)digits[s.data[i] >> 4]);
		buf_put_u8(b, (uint8_t)digits[s.data[i] & 15]);
	}
}

static void put_as(struct buf *b, struct span s, bool hex)
{
	if (hex) {
		put_hex(b, s);
		return;
	}
	buf_put_u8(b, '"');
	buf_put(b, s.data, s.len);
	buf_put_u8(b, '"');
}

void auditd_put_string(struct buf *b, struct span s)
{
	put_as(b, s, needs_hex(s));
}

static void put_name(struct buf *b, const char *key, const char *name)
{
	buf_printf(b, " %s=", key);
	if (name[0])
		auditd_put_string(b, span_str(name));
	else
		buf_put_str(b, "(null)");
}

/* The kernel's own names; anything else could break the line. */
static const char *terminal(const struct actor *a)
{
	for (const char *p = a->tty; *p; p++) {
		if (*p <= 0x20 || *p > 0x7e || *p == '=' || *p == '"')
			return "?";
	}
	return a->tty[0] ? a->tty : "(none)";
}

void auditd_put_actor(struct buf *b, const struct actor *a)
{
	static const struct actor nobody = { 0 };
	const uint32_t unset = UINT32_MAX;
	static const uint32_t unset_ids[4] = { UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX };
	if (!a)
		a = &nobody;
	const uint32_t *uid = a->has_uids ? a->uids : unset_ids, *gid = a->has_gids ? a->gids : unset_ids;
	buf_printf(b,
	           " ppid=%u pid=%u auid=%u uid=%u gid=%u euid=%u suid=%u fsuid=%u egid=%u sgid=%u fsgid=%u",
	           a->ppid, (uint32_t)a->pid, a->has_auid ? (uint32_t)a->auid : unset, uid[0], gid[0], uid[1],
	           uid[2], uid[3], gid[1], gid[2], gid[3]);
	buf_printf(b, " tty=%s ses=%u", terminal(a), a->has_session ? (uint32_t)a->session : unset);
	put_name(b, "comm", a->comm);
	put_name(b, "exe", a->exe);
}

/* A byte 1 between several, as auditctl's own keys have it. */
void auditd_put_key(struct buf *b, struct cursor labels)
{
	cleanup_buf struct buf keys = { 0 };
	size_t count = cursor_left(&labels) > 0 ? cbor_array(&labels) : 0;
	for (size_t i = 0; i < count && !labels.err; i++) {
		struct span label = cbor_bytes(&labels);
		if (i > 0)
			buf_put_u8(&keys, 1);
		buf_put(&keys, label.data, label.len);
	}
	buf_put_str(b, " key=");
	if (keys.len > 0)
		auditd_put_string(b, (struct span){ keys.data, keys.len });
	else
		buf_put_str(b, "(null)");
}

/* The length; 0 for what can't be written. */
static size_t socket_address(const struct auditd_address *a, struct sockaddr_storage *ret)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htobe16(a->port) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htobe16(a->port) };
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	if (a->family == AF_INET && a->ip.len == sizeof(in.sin_addr)) {
		memcpy(&in.sin_addr, a->ip.data, a->ip.len);
		memcpy(ret, &in, sizeof(in));
		return sizeof(in);
	}
	if (a->family == AF_INET6 && a->ip.len == sizeof(in6.sin6_addr)) {
		memcpy(&in6.sin6_addr, a->ip.data, a->ip.len);
		memcpy(ret, &in6, sizeof(in6));
		return sizeof(in6);
	}
	if (a->family != AF_UNIX || a->name.len >= sizeof(un.sun_path))
		return 0;
	if (a->name.len > 0)
		memcpy(un.sun_path, a->name.data, a->name.len);
	memcpy(ret, &un, sizeof(un));
	/* A zero byte ends the name. */
	return offsetof(struct sockaddr_un, sun_path) + a->name.len + 1;
}

void auditd_put_address(struct buf *b, const struct auditd_stamp *stamp, const struct auditd_address *a)
{
	struct sockaddr_storage address = { 0 };
	size_t n = socket_address(a, &address);
	if (n == 0)
		return;
	auditd_line_begin(b, stamp, "SOCKADDR");
	buf_put_str(b, "saddr=");
	put_hex(b, (struct span){ (const uint8_t *)&address, n });
	buf_put_u8(b, '\n');
}

/* Where the records stand: a new one is begun when the next piece does not fit. */
struct execve {
	struct buf *b;
	const struct auditd_stamp *stamp;
	size_t begin;
};

static void begin(struct execve *x)
{
	auditd_line_begin(x->b, x->stamp, "EXECVE");
	x->begin = x->b->len;
}

static size_t room(const struct execve *x)
{
	size_t used = x->b->len - x->begin;
	return used < EXECVE_MAX_BYTES ? EXECVE_MAX_BYTES - used : 0;
}

static void make_room(struct execve *x, size_t bytes)
{
	if (room(x) >= bytes)
		return;
	buf_put_u8(x->b, '\n');
	begin(x);
}

/* In pieces: a1_len=... a1[0]=... a1[1]=... */
static void put_long(struct execve *x, size_t number, struct span arg, bool hex)
{
	size_t per_byte = hex ? 2 : 1;
	make_room(x, EXECVE_MAX_BYTES);
	buf_printf(x->b, " a%zu_len=%zu", number, arg.len * per_byte);
	for (size_t piece = 0; arg.len > 0; piece++) {
		size_t n = MIN(arg.len, (EXECVE_MAX_BYTES - 100) / per_byte);
		make_room(x, n * per_byte);
		buf_printf(x->b, " a%zu[%zu]=", number, piece);
		put_as(x->b, (struct span){ arg.data, n }, hex);
		arg = (struct span){ arg.data + n, arg.len - n };
	}
}

static void put_argument(struct execve *x, size_t number, struct span arg)
{
	bool hex = needs_hex(arg);
	size_t bytes = arg.len * (hex ? 2 : 1) + 32;
	if (bytes > EXECVE_MAX_BYTES) {
		put_long(x, number, arg, hex);
		return;
	}
	make_room(x, bytes);
	buf_printf(x->b, " a%zu=", number);
	put_as(x->b, arg, hex);
}

void auditd_put_execve(struct buf *b, const struct auditd_stamp *stamp, struct cursor argv)
{
	struct execve x = { .b = b, .stamp = stamp };
	size_t count = cursor_left(&argv) > 0 ? cbor_array(&argv) : 0;
	begin(&x);
	buf_printf(b, "argc=%zu", count);
	for (size_t i = 0; i < count && !argv.err; i++)
		put_argument(&x, i, cbor_bytes(&argv));
	buf_put_u8(b, '\n');
}
