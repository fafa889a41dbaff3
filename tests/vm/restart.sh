#!/bin/bash
# restart.sh BUILD [KERNEL_NAME]: a collector that is killed and its successor, where files are seen by kernel objects.
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/harness.sh"

[ $# -ge 1 ] || die "usage: restart.sh BUILD [KERNEL_NAME]"
build=$1 kernel_name=${2:-6.12}
need busybox cpio qemu-system-x86_64
scratch
kernel=$("$vm_dir/fetch_kernel.sh" "$kernel_name")
"$vm_dir/mkimage.sh" -k "$kernel" -o "$vm_scratch/image" -j "$vm_dir/restart_job.sh" \
	"$build/swornlog-collector" "$build/tests/vm/intake_probe"
tally "$vm_dir/boot.sh" -k "$kernel" -i "$vm_scratch/image" -t 240
