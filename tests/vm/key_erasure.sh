#!/bin/bash
# key_erasure.sh: runs a job on an ext4 disk in a virtual machine, powers it off and searches the raw disk from outside.
#   key_erasure.sh -j JOB [-k KERNEL_NAME] [-s DISK_MEGABYTES] [-o MOUNT_OPTIONS] [-f FILE:PATH]... [-p EXPECTATION]... \
#                  [PROGRAM]...
# Ends with 0 when all was found as expected, 1 when not, and 125 when the job or its machine failed.
# The job starts in /disk. An EXPECTATION is `absent HEX NAME` or `present HEX NAME`; the job adds those for bytes that
# only it knows, a key of which it has read the state for instance, by printing lines `search: EXPECTATION`.
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/harness.sh"

kernel_name=6.1 job='' size_mb=64 mount_options=defaults files=() expectations=()

usage() { die "usage: key_erasure.sh -j JOB [-k KERNEL_NAME] [-s MB] [-o MOUNT_OPTIONS] [-f FILE:PATH]... [-p EXPECTATION]... [PROGRAM]..."; }

make_disk() {
	truncate -s "${size_mb}M" "$1"
	mkfs.ext4 -q -F -E lazy_itable_init=0,lazy_journal_init=0 "$1"
}

while getopts j:k:s:o:f:p: option; do
	case $option in
	j) job=$OPTARG ;;
	k) kernel_name=$OPTARG ;;
	s) size_mb=$OPTARG ;;
	o) mount_options=$OPTARG ;;
	f) files+=(-f "$OPTARG") ;;
	p) expectations+=("$OPTARG") ;;
	*) usage ;;
	esac
done
shift $((OPTIND - 1))
[ -n "$job" ] || usage

need mkfs.ext4 python3 busybox cpio qemu-system-x86_64
scratch
kernel=$("$vm_dir/fetch_kernel.sh" "$kernel_name")
make_disk "$vm_scratch/disk"
"$vm_dir/mkimage.sh" -k "$kernel" -o "$vm_scratch/image" -j "$vm_dir/disk_job.sh" -f "$job:/work.sh" "${files[@]}" \
	-m virtio_pci -m virtio_blk -m ext4 "$@"
"$vm_dir/boot.sh" -k "$kernel" -i "$vm_scratch/image" -d "$vm_scratch/disk" -a "disk_options=$mount_options" |
	tee "$vm_scratch/out" || die "the job failed: there is nothing to search for"
{
	[ ${#expectations[@]} = 0 ] || printf '%s\n' "${expectations[@]}"
	sed -n 's/^search: //p' "$vm_scratch/out"
} | "$vm_dir/search_raw.py" "$vm_scratch/disk"
