#!/bin/bash
# drill.sh BUILD [KERNEL_NAME]: `swornlog drill --live-host` in a virtual machine: the sins on the machine's own audit and collector.
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/harness.sh"

[ $# -ge 1 ] || die "usage: drill.sh BUILD [KERNEL_NAME]"
build=$1 kernel_name=${2:-6.1}
need auditctl busybox cpio qemu-system-x86_64
scratch
kernel=$("$vm_dir/fetch_kernel.sh" "$kernel_name")
"$vm_dir/mkimage.sh" -k "$kernel" -o "$vm_scratch/image" -j "$vm_dir/drill_job.sh" \
	"$build"/swornlog "$build"/swornlog-{collector,sealer,shipper,sink} auditctl
tally "$vm_dir/boot.sh" -k "$kernel" -i "$vm_scratch/image" -t 400
