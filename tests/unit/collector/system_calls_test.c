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
	{ SYS_execve, KIND_EXEC_FAILED, 0 },
	{ SYS_execveat, KIND_EXEC_FAILED, 0 },
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
			cr_assert(b->data_bytes <= BPF_DATA_MAX || b->data_bytes == BPF_DATA_ARGUMENTS);
			cr_assert_eq(b->data != BPF_ARG_NONE, b->data_bytes != 0);
			cr_assert_leq(b->data, BPF_CALL_ARGS);
			cr_assert_leq(b->data_len, BPF_CALL_ARGS);
			cr_assert_leq(b->data_shift, 3);
			cr_assert_leq(s->asked, 3);
			cr_assert_leq(s->flags, BPF_CALL_ARGS);
			cr_assert(b->kind < KIND_OPEN || b->kind > KIND_IO_URING);
			cr_assert_lt(b->kind, BPF_RECORD_KINDS);
		}
	}
}
