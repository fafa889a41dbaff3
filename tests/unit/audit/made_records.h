/* Audit records made at random, as the kernel, programs and auditd write them. */
#ifndef SWORNLOG_TESTS_AUDIT_MADE_RECORDS_H
#define SWORNLOG_TESTS_AUDIT_MADE_RECORDS_H

#include "lib/buf.h"

static uint64_t made_state;

static inline void made_seed(uint64_t seed)
{
	made_state = seed * 0x9e3779b97f4a7c15u + 1;
}

static inline uint32_t made_pick(uint32_t below)
{
	made_state ^= made_state << 13;
	made_state ^= made_state >> 7;
	made_state ^= made_state << 17;
	return (uint32_t)(made_state >> 32) % below;
}

/* As the kernel writes a string that it does not trust. */
static inline void made_put_untrusted(struct buf *b, bool with_zero)
{
	uint8_t s[300];
	size_t n = 1 + made_pick(made_pick(10) ? 20 : sizeof(s) - 1);
	bool wild = made_pick(3) == 0, hex = false;
	for (size_t i = 0; i < n; i++) {
		s[i] = wild ? (uint8_t)(1 + made_pick(255)) : (uint8_t)(0x21 + made_pick(0x5e));
		if (wild && with_zero && i > 0 && made_pick(8) == 0)
			s[i] = 0;
		hex = hex || s[i] <= 0x20 || s[i] > 0x7e || s[i] == '"';
	}
	if (!hex)
		buf_put_u8(b, '"');
	for (size_t i = 0; i < n; i++)
		buf_printf(b, hex ? "%02X" : "%c", s[i]);
	if (!hex)
		buf_put_u8(b, '"');
}

/* A word that a program writes about itself. */
static inline void made_put_word(struct buf *b)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEF0123456789-_./+@";
	for (size_t n = 1 + made_pick(12); n > 0; n--)
		buf_put_u8(b, (uint8_t)letters[made_pick(sizeof(letters) - 1)]);
}

static inline void made_put_head(struct buf *b, const char *type, uint32_t serial)
{
	if (made_pick(4) == 0)
		buf_put_str(b, "node=web-1 ");
	buf_printf(b, "type=%s msg=audit(%u.%03u:%u): ", type, 1700000000 + serial / 10, made_pick(1000),
	           serial);
}

static inline void made_put_ids(struct buf *b)
{
	static const char *const names[] = { "ppid", "pid", "auid", "uid", "gid", "euid", "suid" };
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		buf_printf(b, "%s=%u ", names[i], made_pick(10) ? made_pick(70000) : UINT32_MAX);
}

static inline void made_put_syscall(struct buf *b)
{
	buf_printf(b, "arch=%x syscall=%u success=%s exit=%d a0=%x a1=%x a2=%x a3=%x items=%u ", 0xc000003e,
	           made_pick(400), made_pick(2) ? "yes" : "no", (int)made_pick(200) - 100,
	           made_pick(UINT32_MAX), made_pick(UINT32_MAX), made_pick(99), made_pick(9), made_pick(4));
	made_put_ids(b);
	buf_printf(b, "tty=%s ses=%u comm=", made_pick(2) ? "(none)" : "pts0", made_pick(9999));
	made_put_untrusted(b, false);
	buf_put_str(b, " exe=");
	made_put_untrusted(b, false);
}

static inline void made_put_path(struct buf *b)
{
	buf_printf(b, "item=%u name=", made_pick(4));
	if (made_pick(8))
		made_put_untrusted(b, false);
	else
		buf_put_str(b, "(null)");
	buf_printf(b, " inode=%u dev=%02x:%02x mode=%#o ouid=%u ogid=%u rdev=00:00 nametype=%s",
	           made_pick(UINT32_MAX), made_pick(256), made_pick(256), made_pick(0100000), made_pick(9999),
	           made_pick(9999), made_pick(2) ? "NORMAL" : "CREATE");
}

static inline void made_put_execve(struct buf *b)
{
	uint32_t count = 1 + made_pick(5);
	buf_printf(b, "argc=%u", count);
	for (uint32_t i = 0; i < count; i++) {
		if (made_pick(6) == 0)
			buf_printf(b, " a%u_len=%u a%u[%u]=", i, 8000 + made_pick(999), i, made_pick(3));
		else
			buf_printf(b, " a%u=", i);
		made_put_untrusted(b, false);
	}
}

static inline void made_put_title(struct buf *b)
{
	buf_put_str(b, "proctitle=");
	made_put_untrusted(b, true);
}

static inline void made_put_cwd(struct buf *b)
{
	buf_put_str(b, "cwd=");
	made_put_untrusted(b, false);
}

static inline void made_put_user(struct buf *b)
{
	made_put_ids(b);
	buf_put_str(b, "msg='op=");
	made_put_word(b);
	buf_put_str(b, " acct=");
	made_put_untrusted(b, false);
	buf_put_str(b, " exe=\"/usr/sbin/sshd\" hostname=");
	if (made_pick(2))
		made_put_word(b);
	else
		buf_put_u8(b, '?');
	buf_printf(b, " addr=%u.2.3.4 terminal=", made_pick(256));
	made_put_word(b);
	buf_printf(b, " res=%s'", made_pick(2) ? "success" : "failed");
}

static inline void made_put_config(struct buf *b)
{
	buf_printf(b, "auid=%u ses=%u op=", made_pick(9999), made_pick(99));
	made_put_word(b);
	buf_printf(b, " list=4 res=%u", made_pick(2));
}

/* What auditd writes behind a record in its ENRICHED form. */
static inline void made_put_enriched(struct buf *b)
{
	if (made_pick(3) == 0)
		buf_put_str(b, "\x1d"
		               "ARCH=x86_64 SYSCALL=execve AUID=\"unset\" UID=\"root\"");
}

static inline void made_record(struct buf *b, uint32_t serial)
{
	static const struct {
		const char *type;
		void (*put)(struct buf *b);
	} makers[] = { { "SYSCALL", made_put_syscall }, { "PATH", made_put_path },
		       { "EXECVE", made_put_execve },   { "PROCTITLE", made_put_title },
		       { "CWD", made_put_cwd },         { "USER_LOGIN", made_put_user },
		       { "USER_CMD", made_put_user },   { "CRED_ACQ", made_put_user },
		       { "ADD_USER", made_put_user },   { "CONFIG_CHANGE", made_put_config },
		       { "USER_START", made_put_user } };
	size_t i = made_pick(ARRAY_SIZE(makers));
	made_put_head(b, makers[i].type, serial);
	makers[i].put(b);
	made_put_enriched(b);
	buf_put_u8(b, '\n');
}

#endif
