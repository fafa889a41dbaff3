#include "collector/system_calls.h"

#include "evidence/entry.h"

enum shape {
	SHAPE_NONE,
	SHAPE_SETUID,
	SHAPE_SETUID16,
	SHAPE_SETREUID,
	SHAPE_SETREUID16,
	SHAPE_SETRESUID,
	SHAPE_SETRESUID16,
	SHAPE_SETGID,
	SHAPE_SETGID16,
	SHAPE_SETREGID,
	SHAPE_SETREGID16,
	SHAPE_SETRESGID,
	SHAPE_SETRESGID16,
	SHAPE_SETGROUPS,
	SHAPE_SETGROUPS16,
	SHAPE_CAPSET,
	SHAPE_PRCTL,
	SHAPE_UNSHARE,
	SHAPE_SETNS,
	SHAPE_EXECVE,
	SHAPE_EXECVEAT,
};

#define BPF(k, ...)    .bpf = { .kind = (k), __VA_ARGS__ }
#define NAME(n)        .base = BPF_ARG_CWD, .name = (n)
#define NAME_AT(d, n)  .base = (d), .name = (n)
#define DATA(a, n)     .data = (a), .data_bytes = (n)
#define DATA_LEN(a, l) .data = (a), .data_len = (l), .data_bytes = BPF_DATA_MAX
#define UIDS(n, ...)                                                                                         \
	{                                                                                                    \
		BPF(KIND_CREDENTIALS), .operation = CREDENTIALS_UID, .asked = (n), __VA_ARGS__               \
	}
#define GIDS(n, ...)                                                                                         \
	{                                                                                                    \
		BPF(KIND_CREDENTIALS), .operation = CREDENTIALS_GID, .asked = (n), __VA_ARGS__               \
	}
#define FAILED_EXEC(...) BPF(KIND_EXEC_FAILED, .filter = BPF_FILTER_FAILED, __VA_ARGS__)

#define CAPSET_BYTES 24 /* three words, twice: bits 0 to 31 and above */

static const struct call_shape shapes[] = {
	[SHAPE_SETUID] = UIDS(1),
	[SHAPE_SETUID16] = UIDS(1, .owner16 = true),
	[SHAPE_SETREUID] = UIDS(2),
	[SHAPE_SETREUID16] = UIDS(2, .owner16 = true),
	[SHAPE_SETRESUID] = UIDS(3),
	[SHAPE_SETRESUID16] = UIDS(3, .owner16 = true),
	[SHAPE_SETGID] = GIDS(1),
	[SHAPE_SETGID16] = GIDS(1, .owner16 = true),
	[SHAPE_SETREGID] = GIDS(2),
	[SHAPE_SETREGID16] = GIDS(2, .owner16 = true),
	[SHAPE_SETRESGID] = GIDS(3),
	[SHAPE_SETRESGID16] = GIDS(3, .owner16 = true),
	[SHAPE_SETGROUPS] = { BPF(KIND_CREDENTIALS, DATA_LEN(2, 1), .data_shift = 2),
	                      .operation = CREDENTIALS_GROUPS },
	[SHAPE_SETGROUPS16] = { BPF(KIND_CREDENTIALS, DATA_LEN(2, 1), .data_shift = 1),
	                        .operation = CREDENTIALS_GROUPS, .owner16 = true },
	[SHAPE_CAPSET] = { BPF(KIND_CREDENTIALS, DATA(2, CAPSET_BYTES)),
	                   .operation = CREDENTIALS_CAPABILITIES },
	[SHAPE_PRCTL] = { BPF(KIND_CREDENTIALS, .filter = BPF_FILTER_PRCTL), .operation = CREDENTIALS_PRCTL },
	[SHAPE_UNSHARE] = { BPF(KIND_CREDENTIALS), .operation = CREDENTIALS_UNSHARE, .flags = 1 },
	[SHAPE_SETNS] = { BPF(KIND_CREDENTIALS, .object = BPF_OBJECT_ARGUMENT),
	                  .operation = CREDENTIALS_SETNS, .flags = 2 },
	[SHAPE_EXECVE] = { FAILED_EXEC(NAME(1), DATA(2, BPF_DATA_ARGUMENTS)) },
	[SHAPE_EXECVEAT] = { FAILED_EXEC(NAME_AT(1, 2), DATA(3, BPF_DATA_ARGUMENTS)), .flags = 5 },
};

/* i386 and ARM EABI share their numbers up to here. */
#define OLD_32_BIT_CALLS                                                                                     \
	[11] = SHAPE_EXECVE, [23] = SHAPE_SETUID16, [46] = SHAPE_SETGID16, [70] = SHAPE_SETREUID16,          \
	[71] = SHAPE_SETREGID16, [81] = SHAPE_SETGROUPS16, [138] = SHAPE_SETUID16, [139] = SHAPE_SETGID16,   \
	[164] = SHAPE_SETRESUID16, [170] = SHAPE_SETRESGID16, [172] = SHAPE_PRCTL, [185] = SHAPE_CAPSET,     \
	[203] = SHAPE_SETREUID, [204] = SHAPE_SETREGID, [206] = SHAPE_SETGROUPS, [208] = SHAPE_SETRESUID,    \
	[210] = SHAPE_SETRESGID, [213] = SHAPE_SETUID, [214] = SHAPE_SETGID, [215] = SHAPE_SETUID,           \
	[216] = SHAPE_SETGID

#if defined(__x86_64__)
static const uint8_t native_calls[BPF_CALLS] = {
	[59] = SHAPE_EXECVE,     [105] = SHAPE_SETUID,    [106] = SHAPE_SETGID,
	[113] = SHAPE_SETREUID,  [114] = SHAPE_SETREGID,  [116] = SHAPE_SETGROUPS,
	[117] = SHAPE_SETRESUID, [119] = SHAPE_SETRESGID, [122] = SHAPE_SETUID, /* setfsuid */
	[123] = SHAPE_SETGID,                                                   /* setfsgid */
	[126] = SHAPE_CAPSET,    [157] = SHAPE_PRCTL,     [272] = SHAPE_UNSHARE,
	[308] = SHAPE_SETNS,     [322] = SHAPE_EXECVEAT,
};
static const uint8_t compat_calls[BPF_CALLS] = {
	OLD_32_BIT_CALLS,
	[310] = SHAPE_UNSHARE,
	[346] = SHAPE_SETNS,
	[358] = SHAPE_EXECVEAT,
};
#elif defined(__aarch64__)
static const uint8_t native_calls[BPF_CALLS] = {
	[91] = SHAPE_CAPSET,     [97] = SHAPE_UNSHARE,    [143] = SHAPE_SETREGID,
	[144] = SHAPE_SETGID,    [145] = SHAPE_SETREUID,  [146] = SHAPE_SETUID,
	[147] = SHAPE_SETRESUID, [149] = SHAPE_SETRESGID, [151] = SHAPE_SETUID, /* setfsuid */
	[152] = SHAPE_SETGID,                                                   /* setfsgid */
	[159] = SHAPE_SETGROUPS, [167] = SHAPE_PRCTL,     [221] = SHAPE_EXECVE,
	[268] = SHAPE_SETNS,     [281] = SHAPE_EXECVEAT,
};
static const uint8_t compat_calls[BPF_CALLS] = {
	OLD_32_BIT_CALLS,
	[337] = SHAPE_UNSHARE,
	[375] = SHAPE_SETNS,
	[387] = SHAPE_EXECVEAT,
};
#else
#error "no system call numbers are known for this architecture"
#endif

const struct call_shape *system_call_find(bool compat, uint32_t number)
{
	if (number >= BPF_CALLS)
		return NULL;
	uint8_t shape = compat ? compat_calls[number] : native_calls[number];
	return shape == SHAPE_NONE ? NULL : &shapes[shape];
}
