/* io_uring: requests are no system calls, so sys_exit does not see them. Of those that change files, the
 * submission is recorded with its opcode. */
#include "bpf/record.bpf.h"

char LICENSE[] SEC("license") = "GPL";

#define OP_OPENAT    18
#define OP_OPENAT2   28
#define OP_RENAMEAT  35
#define OP_UNLINKAT  36
#define OP_MKDIRAT   37
#define OP_SYMLINKAT 38
#define OP_LINKAT    39
#define OP_FSETXATTR 41
#define OP_SETXATTR  42
#define OP_FTRUNCATE 55
#define BIT(n)       (1ull << (n))
#define CHANGES_FILES                                                                                        \
	(BIT(OP_OPENAT) | BIT(OP_OPENAT2) | BIT(OP_RENAMEAT) | BIT(OP_UNLINKAT) | BIT(OP_MKDIRAT) |          \
	 BIT(OP_SYMLINKAT) | BIT(OP_LINKAT) | BIT(OP_FSETXATTR) | BIT(OP_SETXATTR) | BIT(OP_FTRUNCATE))

static __always_inline int on_submit(__u8 opcode)
{
	if (opcode > 63 || !(CHANGES_FILES >> opcode & 1))
		return 0;
	struct bpf_counts *c = counts_of(BPF_PROGRAM_IO_URING);
	if (!c)
		return 0;
	struct bpf_io_uring_record r = {};
	fill_head(&r.head, BPF_PROGRAM_IO_URING, (void *)bpf_get_current_task());
	r.opcode = opcode;
	send(c, &r.head, sizeof(r), sizeof(r), BPF_KIND_IO_URING);
	return 0;
}

/* From 6.4 on. The request is read as a typed pointer and not probed, so that a kernel whose tracepoint has
 * other arguments refuses the program instead of giving it garbage. */
SEC("?tp_btf/io_uring_submit_req")
int BPF_PROG(io_uring_submit_req, struct io_kiocb *request)
{
	return on_submit(request->opcode);
}

/* The same under its older name. */
SEC("?tp_btf/io_uring_submit_sqe")
int BPF_PROG(io_uring_submit_sqe, struct io_kiocb *request)
{
	return on_submit(request->opcode);
}
