#!/bin/bash
# collect.sh BUILD [KERNEL_NAME [KERNEL_ARGUMENTS]]: the collector's BPF programs on another kernel than this one.
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/harness.sh"

[ $# -ge 1 ] || die "usage: collect.sh BUILD [KERNEL_NAME [KERNEL_ARGUMENTS]]"
build=$1 kernel_name=${2:-6.1} arguments=${3:-}
need busybox cpio qemu-system-x86_64
scratch
kernel=$("$vm_dir/fetch_kernel.sh" "$kernel_name")
"$vm_dir/mkimage.sh" -k "$kernel" -o "$vm_scratch/image" -j "$vm_dir/collect_job.sh" -m virtio_blk \
	"$build/swornlog-collector" "$build/tests/vm/bind_mknod" "$build/tests/vm/intake_probe"
tally "$vm_dir/boot.sh" -k "$kernel" -i "$vm_scratch/image" -t 240 -a "$arguments"
