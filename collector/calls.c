#include "collector/calls.h"

#include "collector/system_calls.h"
#include "evidence/entry.h"

enum shape {
	SHAPE_NONE,
	SHAPE_OPEN,
	SHAPE_CREAT,
	SHAPE_OPENAT,
	SHAPE_OPENAT2,
	SHAPE_OPEN_BY_HANDLE,
	SHAPE_RENAME,
	SHAPE_RENAMEAT,
	SHAPE_RENAMEAT2,
	SHAPE_UNLINK,
	SHAPE_UNLINKAT,
	SHAPE_RMDIR,
	SHAPE_LINK,
	SHAPE_LINKAT,
	SHAPE_SYMLINK,
	SHAPE_SYMLINKAT,
	SHAPE_MKDIR,
	SHAPE_MKDIRAT,
	SHAPE_MKNOD,
	SHAPE_MKNODAT,
	SHAPE_CHMOD,
	SHAPE_FCHMOD,
	SHAPE_FCHMODAT,
	SHAPE_FCHMODAT2,
	SHAPE_IOCTL,
	SHAPE_CHOWN,
	SHAPE_CHOWN16,
	SHAPE_FCHOWN,
	SHAPE_FCHOWN16,
	SHAPE_FCHOWNAT,
	SHAPE_TRUNCATE,
	SHAPE_FTRUNCATE,
	SHAPE_TRUNCATE64,
	SHAPE_FTRUNCATE64,
	SHAPE_SETXATTR,
	SHAPE_FSETXATTR,
	SHAPE_SETXATTRAT,
	SHAPE_REMOVEXATTR,
	SHAPE_FREMOVEXATTR,
	SHAPE_REMOVEXATTRAT,
	SHAPE_MMAP,
};

/* A string argument, from the working directory or from a directory's descriptor. */
#define NAME(n)         .base = BPF_ARG_CWD, .name = (n)
#define NAME_AT(d, n)   .base = (d), .name = (n)
#define TARGET(n)       .target_base = BPF_ARG_CWD, .target = (n)
#define TARGET_AT(d, n) .target_base = (d), .target = (n)
#define BY_DESCRIPTOR   .object = BPF_OBJECT_ARGUMENT
#define RETURNS         .object = BPF_OBJECT_RETURNED
#define BPF(k, ...)     .bpf = { .kind = (k), __VA_ARGS__ }
/* What does not write is a read, of which labelled ones are wanted. */
#define IF_WRITING(f)     .filter = BPF_FILTER_FLAGS, .flags = (f), .read = KIND_READ
#define IF_WRITING_HOW(f) .filter = BPF_FILTER_HOW, .flags = (f), .read = KIND_READ

/* The upper half of a 64-bit size stands in the next register; on ARM the pair begins at an even one. */
#if defined(__x86_64__)
#define SIZE64 .size = 2, .size_high = 3
#else
#define SIZE64 .size = 3, .size_high = 4
#endif

static const struct call_shape shapes[] = {
	[SHAPE_OPEN] = { BPF(KIND_OPEN, RETURNS, IF_WRITING(2), NAME(1)), .flags = 2, .mode = 3 },
	[SHAPE_CREAT] = { BPF(KIND_OPEN, RETURNS, NAME(1)), .mode = 2, .creates = true },
	[SHAPE_OPENAT] = { BPF(KIND_OPEN, RETURNS, IF_WRITING(3), NAME_AT(1, 2)), .flags = 3, .mode = 4 },
	[SHAPE_OPENAT2] = { BPF(KIND_OPEN, RETURNS, IF_WRITING_HOW(3), NAME_AT(1, 2)), .how = true },
	[SHAPE_OPEN_BY_HANDLE] = { BPF(KIND_OPEN, RETURNS, IF_WRITING(3)), .flags = 3 },
	[SHAPE_RENAME] = { BPF(KIND_RENAME, NAME(1), TARGET(2)) },
	[SHAPE_RENAMEAT] = { BPF(KIND_RENAME, NAME_AT(1, 2), TARGET_AT(3, 4)) },
	[SHAPE_RENAMEAT2] = { BPF(KIND_RENAME, NAME_AT(1, 2), TARGET_AT(3, 4)), .flags = 5 },
	[SHAPE_UNLINK] = { BPF(KIND_UNLINK, NAME(1)) },
	[SHAPE_UNLINKAT] = { BPF(KIND_UNLINK, NAME_AT(1, 2)), .flags = 3, .may_remove_dir = true },
	[SHAPE_RMDIR] = { BPF(KIND_RMDIR, NAME(1)) },
	[SHAPE_LINK] = { BPF(KIND_LINK, NAME(1), TARGET(2)) },
	[SHAPE_LINKAT] = { BPF(KIND_LINK, NAME_AT(1, 2), TARGET_AT(3, 4)), .flags = 5 },
	[SHAPE_SYMLINK] = { BPF(KIND_SYMLINK, NAME(2), .target = 1) },
	[SHAPE_SYMLINKAT] = { BPF(KIND_SYMLINK, NAME_AT(2, 3), .target = 1) },
	[SHAPE_MKDIR] = { BPF(KIND_MKDIR, NAME(1)), .mode = 2 },
	[SHAPE_MKDIRAT] = { BPF(KIND_MKDIR, NAME_AT(1, 2)), .mode = 3 },
	[SHAPE_MKNOD] = { BPF(KIND_MKNOD, NAME(1)), .mode = 2, .device = 3 },
	[SHAPE_MKNODAT] = { BPF(KIND_MKNOD, NAME_AT(1, 2)), .mode = 3, .device = 4 },
	[SHAPE_CHMOD] = { BPF(KIND_CHMOD, NAME(1)), .mode = 2 },
	[SHAPE_FCHMOD] = { BPF(KIND_CHMOD, BY_DESCRIPTOR), .mode = 2 },
	[SHAPE_FCHMODAT] = { BPF(KIND_CHMOD, NAME_AT(1, 2)), .mode = 3 },
	[SHAPE_FCHMODAT2] = { BPF(KIND_CHMOD, NAME_AT(1, 2)), .mode = 3, .flags = 4 },
	[SHAPE_IOCTL] = { BPF(KIND_CHMOD, BY_DESCRIPTOR, .filter = BPF_FILTER_ATTRIBUTES, .data = 3,
	                      .data_bytes = 4),
	                  .attributes = true },
	[SHAPE_CHOWN] = { BPF(KIND_CHOWN, NAME(1)), .owner = 2 },
	[SHAPE_CHOWN16] = { BPF(KIND_CHOWN, NAME(1)), .owner = 2, .owner16 = true },
	[SHAPE_FCHOWN] = { BPF(KIND_CHOWN, BY_DESCRIPTOR), .owner = 2 },
	[SHAPE_FCHOWN16] = { BPF(KIND_CHOWN, BY_DESCRIPTOR), .owner = 2, .owner16 = true },
	[SHAPE_FCHOWNAT] = { BPF(KIND_CHOWN, NAME_AT(1, 2)), .owner = 3, .flags = 5 },
	[SHAPE_TRUNCATE] = { BPF(KIND_TRUNCATE, NAME(1)), .size = 2 },
	[SHAPE_FTRUNCATE] = { BPF(KIND_TRUNCATE, BY_DESCRIPTOR), .size = 2 },
	[SHAPE_TRUNCATE64] = { BPF(KIND_TRUNCATE, NAME(1)), SIZE64 },
	[SHAPE_FTRUNCATE64] = { BPF(KIND_TRUNCATE, BY_DESCRIPTOR), SIZE64 },
	[SHAPE_SETXATTR] = { BPF(KIND_SETXATTR, NAME(1), .xattr = 2), .flags = 5 },
	[SHAPE_FSETXATTR] = { BPF(KIND_SETXATTR, BY_DESCRIPTOR, .xattr = 2), .flags = 5 },
	[SHAPE_SETXATTRAT] = { BPF(KIND_SETXATTR, NAME_AT(1, 2), .xattr = 4), .flags = 3 },
	[SHAPE_REMOVEXATTR] = { BPF(KIND_REMOVEXATTR, NAME(1), .xattr = 2) },
	[SHAPE_FREMOVEXATTR] = { BPF(KIND_REMOVEXATTR, BY_DESCRIPTOR, .xattr = 2) },
	[SHAPE_REMOVEXATTRAT] = { BPF(KIND_REMOVEXATTR, NAME_AT(1, 2), .xattr = 4), .flags = 3 },
	[SHAPE_MMAP] = { .bpf = { .read = KIND_MMAP,
	                          .object = BPF_OBJECT_FIFTH,
	                          .filter = BPF_FILTER_MMAP,
	                          .flags = 4 },
	                 .flags = 4,
	                 .protection = 3 },
};

/* Numbers from 424 on are the same everywhere. */
#define NEW_CALLS                                                                                            \
	[437] = SHAPE_OPENAT2, [452] = SHAPE_FCHMODAT2, [463] = SHAPE_SETXATTRAT, [466] = SHAPE_REMOVEXATTRAT

/* i386 and ARM EABI share their numbers up to here. */
#define OLD_32_BIT_CALLS                                                                                     \
	[5] = SHAPE_OPEN, [8] = SHAPE_CREAT, [9] = SHAPE_LINK, [10] = SHAPE_UNLINK, [14] = SHAPE_MKNOD,      \
	[15] = SHAPE_CHMOD, [16] = SHAPE_CHOWN16, [38] = SHAPE_RENAME, [39] = SHAPE_MKDIR,                   \
	[40] = SHAPE_RMDIR, [83] = SHAPE_SYMLINK, [92] = SHAPE_TRUNCATE, [93] = SHAPE_FTRUNCATE,             \
	[94] = SHAPE_FCHMOD, [95] = SHAPE_FCHOWN16, [182] = SHAPE_CHOWN16, [193] = SHAPE_TRUNCATE64,         \
	[194] = SHAPE_FTRUNCATE64, [198] = SHAPE_CHOWN, [207] = SHAPE_FCHOWN, [212] = SHAPE_CHOWN,           \
	[54] = SHAPE_IOCTL, [192] = SHAPE_MMAP, [226] = SHAPE_SETXATTR, [227] = SHAPE_SETXATTR,              \
	[228] = SHAPE_FSETXATTR, [235] = SHAPE_REMOVEXATTR, [236] = SHAPE_REMOVEXATTR,                       \
	[237] = SHAPE_FREMOVEXATTR

#if defined(__x86_64__)
static const uint8_t native_calls[BPF_CALLS] = {
	NEW_CALLS,
	[2] = SHAPE_OPEN,
	[9] = SHAPE_MMAP,
	[16] = SHAPE_IOCTL,
	[76] = SHAPE_TRUNCATE,
	[77] = SHAPE_FTRUNCATE,
	[82] = SHAPE_RENAME,
	[83] = SHAPE_MKDIR,
	[84] = SHAPE_RMDIR,
	[85] = SHAPE_CREAT,
	[86] = SHAPE_LINK,
	[87] = SHAPE_UNLINK,
	[88] = SHAPE_SYMLINK,
	[90] = SHAPE_CHMOD,
	[91] = SHAPE_FCHMOD,
	[92] = SHAPE_CHOWN,
	[93] = SHAPE_FCHOWN,
	[94] = SHAPE_CHOWN,
	[133] = SHAPE_MKNOD,
	[188] = SHAPE_SETXATTR,
	[189] = SHAPE_SETXATTR,
	[190] = SHAPE_FSETXATTR,
	[197] = SHAPE_REMOVEXATTR,
	[198] = SHAPE_REMOVEXATTR,
	[199] = SHAPE_FREMOVEXATTR,
	[257] = SHAPE_OPENAT,
	[258] = SHAPE_MKDIRAT,
	[259] = SHAPE_MKNODAT,
	[260] = SHAPE_FCHOWNAT,
	[263] = SHAPE_UNLINKAT,
	[264] = SHAPE_RENAMEAT,
	[265] = SHAPE_LINKAT,
	[266] = SHAPE_SYMLINKAT,
	[268] = SHAPE_FCHMODAT,
	[304] = SHAPE_OPEN_BY_HANDLE,
	[316] = SHAPE_RENAMEAT2,
};
static const uint8_t compat_calls[BPF_CALLS] = {
	NEW_CALLS,
	OLD_32_BIT_CALLS,
	[295] = SHAPE_OPENAT,
	[296] = SHAPE_MKDIRAT,
	[297] = SHAPE_MKNODAT,
	[298] = SHAPE_FCHOWNAT,
	[301] = SHAPE_UNLINKAT,
	[302] = SHAPE_RENAMEAT,
	[303] = SHAPE_LINKAT,
	[304] = SHAPE_SYMLINKAT,
	[306] = SHAPE_FCHMODAT,
	[342] = SHAPE_OPEN_BY_HANDLE,
	[353] = SHAPE_RENAMEAT2,
};
#elif defined(__aarch64__)
static const uint8_t native_calls[BPF_CALLS] = {
	NEW_CALLS,
	[5] = SHAPE_SETXATTR,
	[6] = SHAPE_SETXATTR,
	[7] = SHAPE_FSETXATTR,
	[14] = SHAPE_REMOVEXATTR,
	[15] = SHAPE_REMOVEXATTR,
	[16] = SHAPE_FREMOVEXATTR,
	[29] = SHAPE_IOCTL,
	[33] = SHAPE_MKNODAT,
	[34] = SHAPE_MKDIRAT,
	[35] = SHAPE_UNLINKAT,
	[36] = SHAPE_SYMLINKAT,
	[37] = SHAPE_LINKAT,
	[38] = SHAPE_RENAMEAT,
	[45] = SHAPE_TRUNCATE,
	[46] = SHAPE_FTRUNCATE,
	[52] = SHAPE_FCHMOD,
	[53] = SHAPE_FCHMODAT,
	[54] = SHAPE_FCHOWNAT,
	[55] = SHAPE_FCHOWN,
	[56] = SHAPE_OPENAT,
	[222] = SHAPE_MMAP,
	[265] = SHAPE_OPEN_BY_HANDLE,
	[276] = SHAPE_RENAMEAT2,
};
static const uint8_t compat_calls[BPF_CALLS] = {
	NEW_CALLS,
	OLD_32_BIT_CALLS,
	[322] = SHAPE_OPENAT,
	[323] = SHAPE_MKDIRAT,
	[324] = SHAPE_MKNODAT,
	[325] = SHAPE_FCHOWNAT,
	[328] = SHAPE_UNLINKAT,
	[329] = SHAPE_RENAMEAT,
	[330] = SHAPE_LINKAT,
	[331] = SHAPE_SYMLINKAT,
	[333] = SHAPE_FCHMODAT,
	[371] = SHAPE_OPEN_BY_HANDLE,
	[382] = SHAPE_RENAMEAT2,
};
#else
#error "no system call numbers are known for this architecture"
#endif

const struct call_shape *call_find(bool compat, uint32_t number)
{
	if (number >= BPF_CALLS)
		return NULL;
	uint8_t shape = compat ? compat_calls[number] : native_calls[number];
	return shape == SHAPE_NONE ? system_call_find(compat, number) : &shapes[shape];
}
