#!/bin/bash
# smoke.sh BUILD [KERNEL_NAME [KERNEL_ARGUMENTS]]: boots a virtual machine with the programs of a build folder and runs
# smoke_job.sh in it.
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/harness.sh"

[ $# -ge 1 ] || die "usage: smoke.sh BUILD [KERNEL_NAME [KERNEL_ARGUMENTS]]"
build=$1 kernel_name=${2:-6.1} arguments=${3:-}
programs=()
missing=0
for program in swornlog swornlog-{agent,collector,sealer,shipper,sink} tests/vm/audit_probe; do
	[ -x "$build/$program" ] || { echo "not ok - $build/$program is missing; run make" && missing=$((missing + 1)); }
	programs+=("$build/$program")
done
if [ $missing != 0 ]; then
	echo "0 passed, $missing failed"
	exit 125
fi

need auditctl busybox cpio qemu-system-x86_64 setpriv
scratch
kernel=$("$vm_dir/fetch_kernel.sh" "$kernel_name")
"$vm_dir/mkimage.sh" -k "$kernel" -o "$vm_scratch/image" -j "$vm_dir/smoke_job.sh" -f "$vm_dir/job_fleet.sh:/fleet.sh" \
	"${programs[@]}" auditctl setpriv
tally "$vm_dir/boot.sh" -k "$kernel" -i "$vm_scratch/image" -t 150 -a "$arguments"
