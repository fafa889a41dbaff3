#!/bin/bash
# execs.sh BUILD [KERNEL_NAME]: audit and BPF witness each exec, and the silence of either is told.
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/harness.sh"

[ $# -ge 1 ] || die "usage: execs.sh BUILD [KERNEL_NAME]"
build=$1 kernel_name=${2:-6.1}
need auditctl busybox cpio qemu-system-x86_64
scratch
kernel=$("$vm_dir/fetch_kernel.sh" "$kernel_name")
"$vm_dir/mkimage.sh" -k "$kernel" -o "$vm_scratch/image" -j "$vm_dir/execs_job.sh" "$build/tests/vm/audit_probe" \
	"$build/tests/vm/close_fd" "$build/tests/vm/intake_probe" "$build/swornlog-collector" auditctl
tally "$vm_dir/boot.sh" -k "$kernel" -i "$vm_scratch/image" -t 240
