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
	SHAPE_CLONE,
	SHAPE_CLONE3,
	SHAPE_EXECVE,
	SHAPE_EXECVEAT,
	SHAPE_MOUNT,
	SHAPE_MOVE_MOUNT,
	SHAPE_FSMOUNT,
	SHAPE_MOUNT_SETATTR,
	SHAPE_PIVOT_ROOT,
	SHAPE_CHROOT,
	SHAPE_UMOUNT,
	SHAPE_UMOUNT2,
	SHAPE_PTRACE,
	SHAPE_READ_MEMORY,
	SHAPE_WRITE_MEMORY,
	SHAPE_TAKE_DESCRIPTOR,
	SHAPE_INIT_MODULE,
	SHAPE_FINIT_MODULE,
	SHAPE_DELETE_MODULE,
	SHAPE_BPF,
	SHAPE_CLOCK_SETTIME,
	SHAPE_CLOCK_SETTIME32,
	SHAPE_SETTIMEOFDAY,
	SHAPE_SETTIMEOFDAY32,
	SHAPE_STIME,
	SHAPE_ADJTIMEX,
	SHAPE_CLOCK_ADJTIME,
	SHAPE_KILL,
	SHAPE_TKILL,
	SHAPE_TGKILL,
	SHAPE_PIDFD_SEND_SIGNAL,
	SHAPE_CONNECT,
	SHAPE_ACCEPT,
	SHAPE_BIND,
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

#define SIGNAL(o, p, s)                                                                                      \
	{                                                                                                    \
		BPF(KIND_SIGNAL, .filter = BPF_FILTER_AGENT, .flags = (p)), .operation = (o), .pid = (p),    \
		                                                            .signal = (s)                    \
	}
#define ADJUSTS(n)                                                                                           \
	{                                                                                                    \
		BPF(KIND_TIME, .filter = BPF_FILTER_CLOCK, .flags = (n), DATA(n, 4)),                        \
		        .operation = TIME_ADJUST                                                             \
	}

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
	[SHAPE_CLONE] = { BPF(KIND_CREDENTIALS, .filter = BPF_FILTER_CLONE, .flags = 1),
	                  .operation = CREDENTIALS_CLONE, .how = true },
	[SHAPE_CLONE3] = { BPF(KIND_CREDENTIALS, .filter = BPF_FILTER_CLONE3, .flags = 1),
	                   .operation = CREDENTIALS_CLONE, .how = true },
	[SHAPE_EXECVE] = { FAILED_EXEC(NAME(1), DATA(2, BPF_DATA_ARGUMENTS)) },
	[SHAPE_EXECVEAT] = { FAILED_EXEC(NAME_AT(1, 2), DATA(3, BPF_DATA_ARGUMENTS)), .flags = 5 },
	[SHAPE_MOUNT] = { BPF(KIND_MOUNT, NAME(2), .target = 1, .xattr = 3), .operation = MOUNT_MOUNT,
	                  .flags = 4 },
	[SHAPE_MOVE_MOUNT] = { BPF(KIND_MOUNT, NAME_AT(3, 4), .target_base = 1, .target = 2),
	                       .operation = MOUNT_MOVE, .flags = 5 },
	[SHAPE_FSMOUNT] = { BPF(KIND_MOUNT, .object = BPF_OBJECT_RETURNED), .operation = MOUNT_FSMOUNT,
	                    .flags = 3 },
	[SHAPE_MOUNT_SETATTR] = { BPF(KIND_MOUNT, NAME_AT(1, 2), .data = 4, .data_len = 5, .data_bytes = 24),
	                          .operation = MOUNT_SETATTR, .flags = 3 },
	/* What the two names begin at is another directory by now. */
	[SHAPE_PIVOT_ROOT] = { BPF(KIND_MOUNT, .name = 1, .target = 2), .operation = MOUNT_PIVOT_ROOT },
	[SHAPE_CHROOT] = { BPF(KIND_MOUNT, .object = BPF_OBJECT_ROOT, NAME(1)), .operation = MOUNT_CHROOT },
	[SHAPE_UMOUNT] = { BPF(KIND_UMOUNT, NAME(1)) },
	[SHAPE_UMOUNT2] = { BPF(KIND_UMOUNT, NAME(1)), .flags = 2 },
	[SHAPE_PTRACE] = { BPF(KIND_PTRACE, .filter = BPF_FILTER_PTRACE), .operation = PTRACE_REQUEST,
	                   .pid = 2 },
	[SHAPE_READ_MEMORY] = { BPF(KIND_PTRACE), .operation = PTRACE_READ_MEMORY, .pid = 1 },
	[SHAPE_WRITE_MEMORY] = { BPF(KIND_PTRACE), .operation = PTRACE_WRITE_MEMORY, .pid = 1 },
	[SHAPE_TAKE_DESCRIPTOR] = { BPF(KIND_PTRACE, .filter = BPF_FILTER_PIDFD),
	                            .operation = PTRACE_TAKE_DESCRIPTOR, .pid = BPF_CALL_ARGS },
	[SHAPE_INIT_MODULE] = { BPF(KIND_MODULE_LOAD, .xattr = 3), .operation = MODULE_FROM_MEMORY },
	[SHAPE_FINIT_MODULE] = { BPF(KIND_MODULE_LOAD, .object = BPF_OBJECT_ARGUMENT, .xattr = 2),
	                         .operation = MODULE_FROM_FILE, .flags = 3 },
	[SHAPE_DELETE_MODULE] = { BPF(KIND_MODULE_UNLOAD, .xattr = 1), .flags = 2 },
	[SHAPE_BPF] = { BPF(KIND_BPF, .filter = BPF_FILTER_BPF, DATA_LEN(2, 3)) },
	[SHAPE_CLOCK_SETTIME] = { BPF(KIND_TIME, DATA(2, 16)), .operation = TIME_CLOCK },
	[SHAPE_CLOCK_SETTIME32] = { BPF(KIND_TIME, DATA(2, 8)), .operation = TIME_CLOCK },
	[SHAPE_SETTIMEOFDAY] = { BPF(KIND_TIME, DATA(1, 16)), .operation = TIME_OF_DAY },
	[SHAPE_SETTIMEOFDAY32] = { BPF(KIND_TIME, DATA(1, 8)), .operation = TIME_OF_DAY },
	[SHAPE_STIME] = { BPF(KIND_TIME, DATA(1, 4)), .operation = TIME_OF_DAY },
	[SHAPE_ADJTIMEX] = ADJUSTS(1),
	[SHAPE_CLOCK_ADJTIME] = ADJUSTS(2),
	[SHAPE_KILL] = SIGNAL(SIGNAL_PROCESS, 1, 2),
	[SHAPE_TKILL] = SIGNAL(SIGNAL_THREAD, 1, 2),
	[SHAPE_TGKILL] = SIGNAL(SIGNAL_THREAD, 1, 3),
	[SHAPE_PIDFD_SEND_SIGNAL] = { BPF(KIND_SIGNAL, .filter = BPF_FILTER_AGENT_PIDFD, .flags = 1),
	                              .operation = SIGNAL_PIDFD, .pid = BPF_CALL_ARGS, .signal = 2 },
	[SHAPE_CONNECT] = { BPF(KIND_CONNECT, DATA_LEN(2, 3)) },
	[SHAPE_ACCEPT] = { BPF(KIND_ACCEPT, .filter = BPF_FILTER_SUCCEEDED, DATA(2, BPF_DATA_PEER)) },
	[SHAPE_BIND] = { BPF(KIND_BIND, DATA_LEN(2, 3)) },
};

/* Numbers from 424 on are the same everywhere. */
#define NEW_CALLS                                                                                            \
	[424] = SHAPE_PIDFD_SEND_SIGNAL, [429] = SHAPE_MOVE_MOUNT, [432] = SHAPE_FSMOUNT,                    \
	[435] = SHAPE_CLONE3, [438] = SHAPE_TAKE_DESCRIPTOR, [442] = SHAPE_MOUNT_SETATTR

#define NEW_32_BIT_CALLS [404] = SHAPE_CLOCK_SETTIME, [405] = SHAPE_CLOCK_ADJTIME

/* i386 and ARM EABI share their numbers up to here. */
#define OLD_32_BIT_CALLS                                                                                     \
	[11] = SHAPE_EXECVE, [21] = SHAPE_MOUNT, [23] = SHAPE_SETUID16, [25] = SHAPE_STIME,                  \
	[26] = SHAPE_PTRACE, [37] = SHAPE_KILL, [46] = SHAPE_SETGID16, [52] = SHAPE_UMOUNT2,                 \
	[61] = SHAPE_CHROOT, [70] = SHAPE_SETREUID16, [71] = SHAPE_SETREGID16, [79] = SHAPE_SETTIMEOFDAY32,  \
	[81] = SHAPE_SETGROUPS16, [120] = SHAPE_CLONE, [124] = SHAPE_ADJTIMEX, [128] = SHAPE_INIT_MODULE,    \
	[129] = SHAPE_DELETE_MODULE, [138] = SHAPE_SETUID16, [139] = SHAPE_SETGID16,                         \
	[164] = SHAPE_SETRESUID16, [170] = SHAPE_SETRESGID16, [172] = SHAPE_PRCTL, [178] = SHAPE_KILL,       \
	[185] = SHAPE_CAPSET, [203] = SHAPE_SETREUID, [204] = SHAPE_SETREGID, [206] = SHAPE_SETGROUPS,       \
	[208] = SHAPE_SETRESUID, [210] = SHAPE_SETRESGID, [213] = SHAPE_SETUID, [214] = SHAPE_SETGID,        \
	[215] = SHAPE_SETUID, [216] = SHAPE_SETGID, [238] = SHAPE_TKILL

#if defined(__x86_64__)
static const uint8_t native_calls[BPF_CALLS] = {
	NEW_CALLS,
	[42] = SHAPE_CONNECT,
	[43] = SHAPE_ACCEPT,
	[49] = SHAPE_BIND,
	[56] = SHAPE_CLONE,
	[59] = SHAPE_EXECVE,
	[62] = SHAPE_KILL,
	[101] = SHAPE_PTRACE,
	[105] = SHAPE_SETUID,
	[106] = SHAPE_SETGID,
	[113] = SHAPE_SETREUID,
	[114] = SHAPE_SETREGID,
	[116] = SHAPE_SETGROUPS,
	[117] = SHAPE_SETRESUID,
	[119] = SHAPE_SETRESGID,
	[122] = SHAPE_SETUID, /* setfsuid */
	[123] = SHAPE_SETGID, /* setfsgid */
	[126] = SHAPE_CAPSET,
	[129] = SHAPE_KILL, /* rt_sigqueueinfo */
	[155] = SHAPE_PIVOT_ROOT,
	[157] = SHAPE_PRCTL,
	[159] = SHAPE_ADJTIMEX,
	[161] = SHAPE_CHROOT,
	[164] = SHAPE_SETTIMEOFDAY,
	[165] = SHAPE_MOUNT,
	[166] = SHAPE_UMOUNT2,
	[175] = SHAPE_INIT_MODULE,
	[176] = SHAPE_DELETE_MODULE,
	[200] = SHAPE_TKILL,
	[227] = SHAPE_CLOCK_SETTIME,
	[234] = SHAPE_TGKILL,
	[272] = SHAPE_UNSHARE,
	[288] = SHAPE_ACCEPT,
	[297] = SHAPE_TGKILL, /* rt_tgsigqueueinfo */
	[305] = SHAPE_CLOCK_ADJTIME,
	[308] = SHAPE_SETNS,
	[310] = SHAPE_READ_MEMORY,
	[311] = SHAPE_WRITE_MEMORY,
	[313] = SHAPE_FINIT_MODULE,
	[321] = SHAPE_BPF,
	[322] = SHAPE_EXECVEAT,
};
static const uint8_t compat_calls[BPF_CALLS] = {
	NEW_CALLS,
	NEW_32_BIT_CALLS,
	OLD_32_BIT_CALLS,
	[22] = SHAPE_UMOUNT,
	[217] = SHAPE_PIVOT_ROOT,
	[264] = SHAPE_CLOCK_SETTIME32,
	[270] = SHAPE_TGKILL,
	[310] = SHAPE_UNSHARE,
	[335] = SHAPE_TGKILL, /* rt_tgsigqueueinfo */
	[343] = SHAPE_CLOCK_ADJTIME,
	[346] = SHAPE_SETNS,
	[347] = SHAPE_READ_MEMORY,
	[348] = SHAPE_WRITE_MEMORY,
	[350] = SHAPE_FINIT_MODULE,
	[357] = SHAPE_BPF,
	[358] = SHAPE_EXECVEAT,
	[361] = SHAPE_BIND,
	[362] = SHAPE_CONNECT,
	[364] = SHAPE_ACCEPT,
};
#elif defined(__aarch64__)
static const uint8_t native_calls[BPF_CALLS] = {
	NEW_CALLS,
	[39] = SHAPE_UMOUNT2,
	[40] = SHAPE_MOUNT,
	[41] = SHAPE_PIVOT_ROOT,
	[51] = SHAPE_CHROOT,
	[91] = SHAPE_CAPSET,
	[97] = SHAPE_UNSHARE,
	[105] = SHAPE_INIT_MODULE,
	[106] = SHAPE_DELETE_MODULE,
	[112] = SHAPE_CLOCK_SETTIME,
	[117] = SHAPE_PTRACE,
	[129] = SHAPE_KILL,
	[130] = SHAPE_TKILL,
	[131] = SHAPE_TGKILL,
	[138] = SHAPE_KILL, /* rt_sigqueueinfo */
	[143] = SHAPE_SETREGID,
	[144] = SHAPE_SETGID,
	[145] = SHAPE_SETREUID,
	[146] = SHAPE_SETUID,
	[147] = SHAPE_SETRESUID,
	[149] = SHAPE_SETRESGID,
	[151] = SHAPE_SETUID, /* setfsuid */
	[152] = SHAPE_SETGID, /* setfsgid */
	[159] = SHAPE_SETGROUPS,
	[167] = SHAPE_PRCTL,
	[170] = SHAPE_SETTIMEOFDAY,
	[171] = SHAPE_ADJTIMEX,
	[200] = SHAPE_BIND,
	[202] = SHAPE_ACCEPT,
	[203] = SHAPE_CONNECT,
	[220] = SHAPE_CLONE,
	[221] = SHAPE_EXECVE,
	[240] = SHAPE_TGKILL, /* rt_tgsigqueueinfo */
	[242] = SHAPE_ACCEPT,
	[266] = SHAPE_CLOCK_ADJTIME,
	[268] = SHAPE_SETNS,
	[270] = SHAPE_READ_MEMORY,
	[271] = SHAPE_WRITE_MEMORY,
	[273] = SHAPE_FINIT_MODULE,
	[280] = SHAPE_BPF,
	[281] = SHAPE_EXECVEAT,
};
static const uint8_t compat_calls[BPF_CALLS] = {
	NEW_CALLS,
	NEW_32_BIT_CALLS,
	OLD_32_BIT_CALLS,
	[218] = SHAPE_PIVOT_ROOT,
	[262] = SHAPE_CLOCK_SETTIME32,
	[268] = SHAPE_TGKILL,
	[282] = SHAPE_BIND,
	[283] = SHAPE_CONNECT,
	[285] = SHAPE_ACCEPT,
	[337] = SHAPE_UNSHARE,
	[363] = SHAPE_TGKILL, /* rt_tgsigqueueinfo */
	[366] = SHAPE_ACCEPT,
	[372] = SHAPE_CLOCK_ADJTIME,
	[375] = SHAPE_SETNS,
	[376] = SHAPE_READ_MEMORY,
	[377] = SHAPE_WRITE_MEMORY,
	[379] = SHAPE_FINIT_MODULE,
	[386] = SHAPE_BPF,
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
