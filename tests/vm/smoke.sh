#!/bin/bash
# smoke.sh BUILD [KERNEL_NAME]: boots a virtual machine with the programs of a build folder and runs smoke_job.sh in it.
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/harness.sh"

[ $# -ge 1 ] || die "usage: smoke.sh BUILD [KERNEL_NAME]"
build=$1 kernel_name=${2:-6.1}
programs=()
for program in swornlog swornlog-agent swornlog-collector swornlog-sealer swornlog-shipper swornlog-sink; do
	[ -x "$build/$program" ] || die "$build/$program is missing; run make"
	programs+=("$build/$program")
done

need auditctl busybox cpio qemu-system-x86_64
scratch
kernel=$("$vm_dir/fetch_kernel.sh" "$kernel_name")
"$vm_dir/mkimage.sh" -k "$kernel" -o "$vm_scratch/image" -j "$vm_dir/smoke_job.sh" "${programs[@]}" auditctl
status=0
"$vm_dir/boot.sh" -k "$kernel" -i "$vm_scratch/image" -t 150 >"$vm_scratch/out" 2>&1 || status=$?
cat "$vm_scratch/out"
passed=$(grep -c '^ok: ' "$vm_scratch/out" || true) failed=$(grep -c '^FAILED: ' "$vm_scratch/out" || true)
[ "$status" = 0 ] || [ "$failed" != 0 ] || failed=1
printf '%d passed, %d failed\n' "$passed" "$failed"
exit "$status"
