/* Programs that do nothing but count their runs, one for each way to hook a call: what the hooking itself
 * costs. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} runs SEC(".maps");

static __always_inline int count(void)
{
	__u32 zero = 0;
	__u64 *n = bpf_map_lookup_elem(&runs, &zero);
	if (n)
		*n += 1;
	return 0;
}

#define COUNTER(section, name)                                                                               \
	SEC("?" section)                                                                                     \
	int name(void *ctx)                                                                                  \
	{                                                                                                    \
		return count();                                                                              \
	}

COUNTER("tp_btf/sys_enter", btf_enter)
COUNTER("tp_btf/sys_exit", btf_exit)
COUNTER("raw_tp/sys_exit", raw_exit)
COUNTER("tp/raw_syscalls/sys_enter", classic_enter)
COUNTER("tp/raw_syscalls/sys_exit", classic_exit)
COUNTER("tp_btf/sched_process_exec", btf_exec)

COUNTER("kprobe/security_file_permission", kprobe_permission)
COUNTER("fentry/security_file_permission", fentry_permission)
COUNTER("fexit/security_file_permission", fexit_permission)
COUNTER("lsm/file_permission", lsm_permission)

/* The hooks that a file storm goes through once for each of its calls. */
COUNTER("fentry/security_file_open", fentry_open)
COUNTER("fentry/security_path_rename", fentry_rename)
COUNTER("fentry/security_path_chmod", fentry_chmod)
COUNTER("fentry/security_path_unlink", fentry_unlink)
COUNTER("lsm/file_open", lsm_open)
COUNTER("lsm/path_rename", lsm_rename)
COUNTER("lsm/path_chmod", lsm_chmod)
COUNTER("lsm/path_unlink", lsm_unlink)

COUNTER("fentry/security_bprm_check", fentry_exec)
COUNTER("lsm/bprm_check_security", lsm_exec)
