#include "collector/system_calls.h"

#include "evidence/entry.h"

#include <criterion/criterion.h>

#include <sys/syscall.h>

struct expected {
	long number;
	uint8_t kind;
	uint8_t operation;
};

static const struct expected native[] = {
	{ SYS_setuid, KIND_CREDENTIALS, CREDENTIALS_UID },
	{ SYS_setreuid, KIND_CREDENTIALS, CREDENTIALS_UID },
	{ SYS_setresuid, KIND_CREDENTIALS, CREDENTIALS_UID },
	{ SYS_setfsuid, KIND_CREDENTIALS, CREDENTIALS_UID },
	{ SYS_setgid, KIND_CREDENTIALS, CREDENTIALS_GID },
	{ SYS_setregid, KIND_CREDENTIALS, CREDENTIALS_GID },
	{ SYS_setresgid, KIND_CREDENTIALS, CREDENTIALS_GID },
	{ SYS_setfsgid, KIND_CREDENTIALS, CREDENTIALS_GID },
	{ SYS_setgroups, KIND_CREDENTIALS, CREDENTIALS_GROUPS },
	{ SYS_capset, KIND_CREDENTIALS, CREDENTIALS_CAPABILITIES },
	{ SYS_prctl, KIND_CREDENTIALS, CREDENTIALS_PRCTL },
	{ SYS_unshare, KIND_CREDENTIALS, CREDENTIALS_UNSHARE },
	{ SYS_setns, KIND_CREDENTIALS, CREDENTIALS_SETNS },
	{ SYS_clone, KIND_CREDENTIALS, CREDENTIALS_CLONE },
	{ SYS_clone3, KIND_CREDENTIALS, CREDENTIALS_CLONE },
	{ SYS_execve, KIND_EXEC_FAILED, 0 },
	{ SYS_execveat, KIND_EXEC_FAILED, 0 },
	{ SYS_pidfd_send_signal, KIND_SIGNAL, SIGNAL_PIDFD },
	{ SYS_move_mount, KIND_MOUNT, MOUNT_MOVE },
	{ SYS_fsmount, KIND_MOUNT, MOUNT_FSMOUNT },
	{ SYS_mount_setattr, KIND_MOUNT, MOUNT_SETATTR },
	{ SYS_connect, KIND_CONNECT, 0 },
	{ SYS_accept, KIND_ACCEPT, 0 },
	{ SYS_accept4, KIND_ACCEPT, 0 },
	{ SYS_bind, KIND_BIND, 0 },
	{ SYS_kill, KIND_SIGNAL, SIGNAL_PROCESS },
	{ SYS_tkill, KIND_SIGNAL, SIGNAL_THREAD },
	{ SYS_tgkill, KIND_SIGNAL, SIGNAL_THREAD },
	{ SYS_rt_sigqueueinfo, KIND_SIGNAL, SIGNAL_PROCESS },
	{ SYS_rt_tgsigqueueinfo, KIND_SIGNAL, SIGNAL_THREAD },
	{ SYS_ptrace, KIND_PTRACE, PTRACE_REQUEST },
	{ SYS_process_vm_readv, KIND_PTRACE, PTRACE_READ_MEMORY },
	{ SYS_process_vm_writev, KIND_PTRACE, PTRACE_WRITE_MEMORY },
	{ SYS_pidfd_getfd, KIND_PTRACE, PTRACE_TAKE_DESCRIPTOR },
	{ SYS_pivot_root, KIND_MOUNT, MOUNT_PIVOT_ROOT },
	{ SYS_chroot, KIND_MOUNT, MOUNT_CHROOT },
	{ SYS_mount, KIND_MOUNT, MOUNT_MOUNT },
	{ SYS_umount2, KIND_UMOUNT, 0 },
	{ SYS_init_module, KIND_MODULE_LOAD, MODULE_FROM_MEMORY },
	{ SYS_finit_module, KIND_MODULE_LOAD, MODULE_FROM_FILE },
	{ SYS_delete_module, KIND_MODULE_UNLOAD, 0 },
	{ SYS_bpf, KIND_BPF, 0 },
	{ SYS_clock_settime, KIND_TIME, TIME_CLOCK },
	{ SYS_settimeofday, KIND_TIME, TIME_OF_DAY },
	{ SYS_adjtimex, KIND_TIME, TIME_ADJUST },
	{ SYS_clock_adjtime, KIND_TIME, TIME_ADJUST },
};

Test(system_calls, numbers_are_those_of_the_system_headers)
{
	for (size_t i = 0; i < ARRAY_SIZE(native); i++) {
		const struct call_shape *s = call_find(false, (uint32_t)native[i].number);
		cr_assert_not_null(s, "%ld", native[i].number);
		cr_assert_eq(s->bpf.kind, native[i].kind, "%ld", native[i].number);
		cr_assert_eq(s->operation, native[i].operation, "%ld", native[i].number);
	}
}

/* So that no number is listed that the table above does not check. */
Test(system_calls, there_are_no_others)
{
	size_t count = 0;
	for (uint32_t number = 0; number < BPF_CALLS; number++)
		count += system_call_find(false, number) != NULL;
	cr_assert_eq(count, ARRAY_SIZE(native));
	cr_assert_null(system_call_find(false, BPF_CALLS));
	cr_assert_null(system_call_find(true, UINT32_MAX));
}

Test(system_calls, every_shape_reads_memory_that_a_record_can_hold)
{
	for (int compat = 0; compat < 2; compat++) {
		for (uint32_t number = 0; number < BPF_CALLS; number++) {
			const struct call_shape *s = system_call_find(compat, number);
			if (!s)
				continue;
			const struct bpf_call *b = &s->bpf;
			cr_assert(b->data_bytes <= BPF_DATA_MAX || b->data_bytes >= BPF_DATA_PEER);
			cr_assert_eq(b->data != BPF_ARG_NONE, b->data_bytes != 0);
			cr_assert_leq(b->data, BPF_CALL_ARGS);
			cr_assert_leq(b->data_len, BPF_CALL_ARGS);
			cr_assert_leq(b->data_shift, 3);
			cr_assert_leq(s->asked, 3);
			cr_assert_leq(s->pid, BPF_CALL_ARGS);
			cr_assert_leq(s->signal, BPF_CALL_ARGS);
			cr_assert_leq(b->flags, BPF_CALL_ARGS);
			cr_assert_leq(s->flags, BPF_CALL_ARGS);
			cr_assert(b->kind < KIND_OPEN || b->kind > KIND_IO_URING);
			cr_assert_lt(b->kind, BPF_RECORD_KINDS);
		}
	}
}
