#!/bin/bash
# audit_types.sh BUILD [KERNEL_NAME]: what the kernel's audit reports without any rule of ours, and what only with one.
# docs/kernels.md has the result.
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/harness.sh"

[ $# -ge 1 ] || die "usage: audit_types.sh BUILD [KERNEL_NAME]"
build=$1 kernel_name=${2:-6.1}
need auditctl busybox cpio qemu-system-x86_64
scratch
kernel=$("$vm_dir/fetch_kernel.sh" "$kernel_name")
"$vm_dir/mkimage.sh" -k "$kernel" -o "$vm_scratch/image" -j "$vm_dir/audit_types_job.sh" -m dummy "$build/tests/vm/audit_probe" auditctl
tally "$vm_dir/boot.sh" -k "$kernel" -i "$vm_scratch/image" -t 240
