#!/bin/bash
# flood.sh BUILD [KERNEL_NAME [KERNEL_ARGUMENTS]]: under a flood of ten times what can be held, what was done is exactly
# what is stored, filtered and declared lost. With the argument `decoy`: where the kernel skips programs, what is missing
# lies within the declared bound.
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/harness.sh"

[ $# -ge 1 ] || die "usage: flood.sh BUILD [KERNEL_NAME [KERNEL_ARGUMENTS]]"
build=$1 kernel_name=${2:-6.1} arguments=${3:-}

boot_and_count() {
	local status=0
	"$vm_dir/boot.sh" -k "$kernel" -i "$vm_scratch/image" -d "$vm_scratch/disk" -t 400 -m 1024 -a "$arguments" || status=$?
	tar -C "$vm_scratch" -xf "$vm_scratch/disk" || return 1
	"$vm_dir/count_flood.py" "$vm_scratch"/{did,stored,events} || status=1
	return $status
}

need auditctl busybox cpio python3 qemu-system-x86_64 setpriv
scratch
kernel=$("$vm_dir/fetch_kernel.sh" "$kernel_name")
programs=()
for program in swornlog swornlog-{agent,collector,sealer,shipper,sink} tests/vm/flood; do
	programs+=("$build/$program")
done
"$vm_dir/mkimage.sh" -k "$kernel" -o "$vm_scratch/image" -j "$vm_dir/flood_job.sh" -f "$vm_dir/job_fleet.sh:/fleet.sh" \
	-m virtio_pci -m virtio_blk "${programs[@]}" auditctl setpriv
truncate -s 64M "$vm_scratch/disk"
tally boot_and_count
