/* Counts program starts: shows that a tp_btf program loads, attaches and fires on a kernel. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

__u64 exec_count = 0;

/* The tracepoint that is on every kernel and tier that swornlog knows. */
SEC("tp_btf/sched_process_exec")
int count_exec(void *ctx)
{
	(void)ctx;
	exec_count += 1;
	return 0;
}
