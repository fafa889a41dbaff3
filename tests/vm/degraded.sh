#!/bin/bash
# degraded.sh BUILD [KERNEL_NAME]: on a machine that lacks something the collector runs all the same, and posture names
# what it lacks.
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/harness.sh"

[ $# -ge 1 ] || die "usage: degraded.sh BUILD [KERNEL_NAME]"
build=$1 kernel_name=${2:-6.12}
need auditctl busybox cpio qemu-system-x86_64
scratch
kernel=$("$vm_dir/fetch_kernel.sh" "$kernel_name")
"$vm_dir/mkimage.sh" -k "$kernel" -o "$vm_scratch/image" -j "$vm_dir/degraded_job.sh" "$build/tests/vm/audit_probe" \
	"$build/tests/vm/intake_probe" "$build/swornlog-collector" auditctl
all_boots() {
	local failed=0 arguments
	for arguments in '' audit=0 lockdown=confidentiality; do
		"$vm_dir/boot.sh" -k "$kernel" -i "$vm_scratch/image" -t 240 -a "$arguments" || failed=1
	done
	return $failed
}
tally all_boots
