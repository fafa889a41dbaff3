/* The 32-bit table against the 32-bit header, which names its numbers as the native one does. */
#include <criterion/criterion.h>

#include "collector/calls.h"
#include "evidence/entry.h"

#if defined(__x86_64__)
#include <asm/unistd_32.h>

struct expected {
	uint32_t number;
	uint8_t kind;
	uint8_t operation;
	bool has16bits;
};

static const struct expected table[] = {
	{ __NR_setuid, KIND_CREDENTIALS, CREDENTIALS_UID, true },
	{ __NR_setuid32, KIND_CREDENTIALS, CREDENTIALS_UID, false },
	{ __NR_setreuid, KIND_CREDENTIALS, CREDENTIALS_UID, true },
	{ __NR_setreuid32, KIND_CREDENTIALS, CREDENTIALS_UID, false },
	{ __NR_setresuid, KIND_CREDENTIALS, CREDENTIALS_UID, true },
	{ __NR_setresuid32, KIND_CREDENTIALS, CREDENTIALS_UID, false },
	{ __NR_setfsuid, KIND_CREDENTIALS, CREDENTIALS_UID, true },
	{ __NR_setfsuid32, KIND_CREDENTIALS, CREDENTIALS_UID, false },
	{ __NR_setgid, KIND_CREDENTIALS, CREDENTIALS_GID, true },
	{ __NR_setgid32, KIND_CREDENTIALS, CREDENTIALS_GID, false },
	{ __NR_setregid, KIND_CREDENTIALS, CREDENTIALS_GID, true },
	{ __NR_setregid32, KIND_CREDENTIALS, CREDENTIALS_GID, false },
	{ __NR_setresgid, KIND_CREDENTIALS, CREDENTIALS_GID, true },
	{ __NR_setresgid32, KIND_CREDENTIALS, CREDENTIALS_GID, false },
	{ __NR_setfsgid, KIND_CREDENTIALS, CREDENTIALS_GID, true },
	{ __NR_setfsgid32, KIND_CREDENTIALS, CREDENTIALS_GID, false },
	{ __NR_setgroups, KIND_CREDENTIALS, CREDENTIALS_GROUPS, true },
	{ __NR_setgroups32, KIND_CREDENTIALS, CREDENTIALS_GROUPS, false },
	{ __NR_capset, KIND_CREDENTIALS, CREDENTIALS_CAPABILITIES, false },
	{ __NR_prctl, KIND_CREDENTIALS, CREDENTIALS_PRCTL, false },
	{ __NR_unshare, KIND_CREDENTIALS, CREDENTIALS_UNSHARE, false },
	{ __NR_setns, KIND_CREDENTIALS, CREDENTIALS_SETNS, false },
	{ __NR_clone, KIND_CREDENTIALS, CREDENTIALS_CLONE, false },
	{ __NR_clone3, KIND_CREDENTIALS, CREDENTIALS_CLONE, false },
	{ __NR_execve, KIND_EXEC_FAILED, 0, false },
	{ __NR_execveat, KIND_EXEC_FAILED, 0, false },
	{ __NR_mmap2, 0, 0, false },
	{ __NR_pidfd_send_signal, KIND_SIGNAL, SIGNAL_PIDFD, false },
	{ __NR_move_mount, KIND_MOUNT, MOUNT_MOVE, false },
	{ __NR_fsmount, KIND_MOUNT, MOUNT_FSMOUNT, false },
	{ __NR_mount_setattr, KIND_MOUNT, MOUNT_SETATTR, false },
	{ __NR_connect, KIND_CONNECT, 0, false },
	{ __NR_accept4, KIND_ACCEPT, 0, false },
	{ __NR_bind, KIND_BIND, 0, false },
	{ __NR_kill, KIND_SIGNAL, SIGNAL_PROCESS, false },
	{ __NR_tkill, KIND_SIGNAL, SIGNAL_THREAD, false },
	{ __NR_tgkill, KIND_SIGNAL, SIGNAL_THREAD, false },
	{ __NR_rt_sigqueueinfo, KIND_SIGNAL, SIGNAL_PROCESS, false },
	{ __NR_rt_tgsigqueueinfo, KIND_SIGNAL, SIGNAL_THREAD, false },
	{ __NR_ptrace, KIND_PTRACE, PTRACE_REQUEST, false },
	{ __NR_process_vm_readv, KIND_PTRACE, PTRACE_READ_MEMORY, false },
	{ __NR_process_vm_writev, KIND_PTRACE, PTRACE_WRITE_MEMORY, false },
	{ __NR_pidfd_getfd, KIND_PTRACE, PTRACE_TAKE_DESCRIPTOR, false },
	{ __NR_pivot_root, KIND_MOUNT, MOUNT_PIVOT_ROOT, false },
	{ __NR_chroot, KIND_MOUNT, MOUNT_CHROOT, false },
	{ __NR_mount, KIND_MOUNT, MOUNT_MOUNT, false },
	{ __NR_umount2, KIND_UMOUNT, 0, false },
	{ __NR_init_module, KIND_MODULE_LOAD, MODULE_FROM_MEMORY, false },
	{ __NR_finit_module, KIND_MODULE_LOAD, MODULE_FROM_FILE, false },
	{ __NR_delete_module, KIND_MODULE_UNLOAD, 0, false },
	{ __NR_bpf, KIND_BPF, 0, false },
	{ __NR_clock_settime, KIND_TIME, TIME_CLOCK, false },
	{ __NR_settimeofday, KIND_TIME, TIME_OF_DAY, false },
	{ __NR_adjtimex, KIND_TIME, TIME_ADJUST, false },
	{ __NR_clock_adjtime, KIND_TIME, TIME_ADJUST, false },
	{ __NR_umount, KIND_UMOUNT, 0, false },
	{ __NR_clock_settime64, KIND_TIME, TIME_CLOCK, false },
	{ __NR_clock_adjtime64, KIND_TIME, TIME_ADJUST, false },
	{ __NR_stime, KIND_TIME, TIME_OF_DAY, false },
};

Test(compat_calls, numbers_are_those_of_the_32_bit_header)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		const struct call_shape *s = call_find(true, table[i].number);
		cr_assert_not_null(s, "%u", table[i].number);
		cr_assert_eq(s->bpf.kind, table[i].kind, "%u", table[i].number);
		cr_assert_eq(s->operation, table[i].operation, "%u", table[i].number);
		cr_assert_eq(s->owner16, table[i].has16bits, "%u", table[i].number);
	}
}

Test(compat_calls, there_are_no_others)
{
	size_t count = 0;
	for (uint32_t number = 0; number < BPF_CALLS; number++) {
		const struct call_shape *s = call_find(true, number);
		count += s && (s->bpf.kind < KIND_OPEN || s->bpf.kind > KIND_IO_URING);
	}
	cr_assert_eq(count, ARRAY_SIZE(table));
}
#endif
