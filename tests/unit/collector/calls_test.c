#include "collector/calls.h"

#include "evidence/entry.h"

#include <criterion/criterion.h>

#include <sys/syscall.h>

static uint8_t kind_of(long number)
{
	const struct call_shape *shape = call_find(false, (uint32_t)number);
	return shape ? shape->bpf.kind : 0;
}

Test(calls, numbers_are_those_of_the_system_headers)
{
	cr_assert_eq(kind_of(SYS_openat), KIND_OPEN);
	cr_assert_eq(kind_of(SYS_openat2), KIND_OPEN);
	cr_assert_eq(kind_of(SYS_open_by_handle_at), KIND_OPEN);
	cr_assert_eq(kind_of(SYS_renameat2), KIND_RENAME);
	cr_assert_eq(kind_of(SYS_unlinkat), KIND_UNLINK);
	cr_assert_eq(kind_of(SYS_linkat), KIND_LINK);
	cr_assert_eq(kind_of(SYS_symlinkat), KIND_SYMLINK);
	cr_assert_eq(kind_of(SYS_mkdirat), KIND_MKDIR);
	cr_assert_eq(kind_of(SYS_mknodat), KIND_MKNOD);
	cr_assert_eq(kind_of(SYS_fchmodat), KIND_CHMOD);
	cr_assert_eq(kind_of(SYS_fchmod), KIND_CHMOD);
	cr_assert_eq(kind_of(SYS_ioctl), KIND_CHMOD);
	cr_assert_eq(call_find(true, 54)->bpf.kind, KIND_CHMOD);
	cr_assert_eq(kind_of(SYS_fchownat), KIND_CHOWN);
	cr_assert_eq(kind_of(SYS_fchown), KIND_CHOWN);
	cr_assert_eq(kind_of(SYS_truncate), KIND_TRUNCATE);
	cr_assert_eq(kind_of(SYS_ftruncate), KIND_TRUNCATE);
	cr_assert_eq(kind_of(SYS_setxattr), KIND_SETXATTR);
	cr_assert_eq(kind_of(SYS_lsetxattr), KIND_SETXATTR);
	cr_assert_eq(kind_of(SYS_fsetxattr), KIND_SETXATTR);
	cr_assert_eq(kind_of(SYS_removexattr), KIND_REMOVEXATTR);
	cr_assert_eq(kind_of(SYS_lremovexattr), KIND_REMOVEXATTR);
	cr_assert_eq(kind_of(SYS_fremovexattr), KIND_REMOVEXATTR);
#if defined(__x86_64__)
	cr_assert_eq(kind_of(SYS_open), KIND_OPEN);
	cr_assert_eq(kind_of(SYS_creat), KIND_OPEN);
	cr_assert_eq(kind_of(SYS_rename), KIND_RENAME);
	cr_assert_eq(kind_of(SYS_renameat), KIND_RENAME);
	cr_assert_eq(kind_of(SYS_unlink), KIND_UNLINK);
	cr_assert_eq(kind_of(SYS_rmdir), KIND_RMDIR);
	cr_assert_eq(kind_of(SYS_link), KIND_LINK);
	cr_assert_eq(kind_of(SYS_symlink), KIND_SYMLINK);
	cr_assert_eq(kind_of(SYS_mkdir), KIND_MKDIR);
	cr_assert_eq(kind_of(SYS_mknod), KIND_MKNOD);
	cr_assert_eq(kind_of(SYS_chmod), KIND_CHMOD);
	cr_assert_eq(kind_of(SYS_chown), KIND_CHOWN);
	cr_assert_eq(kind_of(SYS_lchown), KIND_CHOWN);
#endif
}

Test(calls, reads_are_of_no_interest)
{
	cr_assert_null(call_find(false, SYS_read));
	cr_assert_null(call_find(false, BPF_CALLS));
	cr_assert_null(call_find(true, UINT32_MAX));
}

Test(calls, every_shape_names_arguments_that_exist)
{
	for (int compat = 0; compat < 2; compat++) {
		for (uint32_t number = 0; number < BPF_CALLS; number++) {
			const struct call_shape *s = call_find(compat, number);
			if (!s || s->bpf.kind < KIND_OPEN || s->bpf.kind > KIND_IO_URING)
				continue;
			const struct bpf_call *b = &s->bpf;
			const uint8_t args[] = { b->flags, b->name, b->target,    b->xattr, s->flags,
				                 s->mode,  s->size, s->size_high, s->device };
			for (size_t i = 0; i < sizeof(args); i++)
				cr_assert_leq(args[i], BPF_CALL_ARGS);
			cr_assert_leq(b->base, BPF_ARG_CWD);
			cr_assert(b->name || b->object);
			cr_assert(!b->name || b->base);
		}
	}
}
