#!/bin/bash
# actions.sh BUILD [KERNEL_NAME [KERNEL_ARGUMENTS]]: does known things in a virtual machine and compares exactly what was
# recorded of them. What each kind was seen by goes to BUILD/tests/vm/seen/, for the table of docs/kernels.md.
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/harness.sh"

[ $# -ge 1 ] || die "usage: actions.sh BUILD [KERNEL_NAME [KERNEL_ARGUMENTS]]"
build=$1 kernel_name=${2:-6.1} arguments=${3:-}
cell=$kernel_name${arguments:+:$arguments}

boot_and_compare() {
	local status=0
	"$vm_dir/boot.sh" -k "$kernel" -i "$vm_scratch/image" -d "$vm_scratch/disk" -t 400 -a "$arguments" || status=$?
	tar -C "$vm_scratch" -xf "$vm_scratch/disk" || return 1
	"$vm_dir/compare_actions.py" --cell "$cell" --misses "$vm_dir/misses" --seen "$build/tests/vm/seen" \
		"$vm_scratch/said.gz" "$vm_scratch/events.gz" || status=1
	return $status
}

need auditctl busybox cpio python3 qemu-system-x86_64 setpriv
scratch
kernel=$("$vm_dir/fetch_kernel.sh" "$kernel_name")
programs=()
for program in swornlog swornlog-{agent,collector,sealer,shipper,sink} tests/vm/actions; do
	programs+=("$build/$program")
done
[ ! -s "$build/tests/vm/actions32" ] || programs+=("$build/tests/vm/actions32")
"$vm_dir/mkimage.sh" -k "$kernel" -o "$vm_scratch/image" -j "$vm_dir/actions_job.sh" -f "$vm_dir/job_fleet.sh:/fleet.sh" \
	-m virtio_pci -m virtio_blk -m overlay "${programs[@]}" auditctl setpriv
truncate -s 64M "$vm_scratch/disk"
mkdir -p "$build/tests/vm/seen"
tally boot_and_compare
