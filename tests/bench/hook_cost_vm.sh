#!/bin/bash
# hook_cost_vm.sh BUILD [KERNEL_NAME]: hook_cost on a kernel that takes every kind of program. Emulated: the ratios
# compare hooks with each other, the nanoseconds with nothing.
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/../vm/harness.sh"

[ $# -ge 1 ] || die "usage: hook_cost_vm.sh BUILD [KERNEL_NAME]"
build=$1 kernel_name=${2:-6.1}
need busybox cpio qemu-system-x86_64
scratch
kernel=$("$vm_dir/fetch_kernel.sh" "$kernel_name")
cat >"$vm_scratch/job" <<-'END'
	uname -r
	ln -sf busybox /bin/true
	hook_cost --rounds 5
END
"$vm_dir/mkimage.sh" -k "$kernel" -o "$vm_scratch/image" -j "$vm_scratch/job" "$build/tests/hook_cost"
"$vm_dir/boot.sh" -k "$kernel" -i "$vm_scratch/image" -t 400
