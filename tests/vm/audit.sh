#!/bin/bash
# audit.sh BUILD [KERNEL_NAME]: the collector's audit source and audit control in a virtual machine, because they
# change what belongs to the whole machine.
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/harness.sh"

[ $# -ge 1 ] || die "usage: audit.sh BUILD [KERNEL_NAME]"
build=$1 kernel_name=${2:-6.1}
need auditctl busybox cpio qemu-system-x86_64
scratch
kernel=$("$vm_dir/fetch_kernel.sh" "$kernel_name")
"$vm_dir/mkimage.sh" -k "$kernel" -o "$vm_scratch/image" -j "$vm_dir/audit_job.sh" "$build/tests/vm/audit_probe" \
	"$build/swornlog-collector" auditctl
both_boots() {
	local failed=0
	"$vm_dir/boot.sh" -k "$kernel" -i "$vm_scratch/image" -t 180 || failed=1
	"$vm_dir/boot.sh" -k "$kernel" -i "$vm_scratch/image" -t 60 -a audit=0 || failed=1
	return $failed
}
tally both_boots
