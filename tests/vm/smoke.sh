#!/bin/bash
# smoke.sh BUILD [KERNEL_NAME]: boots a virtual machine with the programs of a build folder and runs smoke_job.sh in it.
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/harness.sh"

[ $# -ge 1 ] || die "usage: smoke.sh BUILD [KERNEL_NAME]"
build=$1 kernel_name=${2:-6.1}
wanted=(swornlog swornlog-agent swornlog-collector swornlog-sealer swornlog-shipper swornlog-sink)
programs=() missing=()
for program in "${wanted[@]}"; do
	if [ -x "$build/$program" ]; then
		programs+=("$build/$program")
	else
		missing+=("$program")
	fi
done
[ ${#missing[@]} = 0 ] || say "not built, so not in the machine: ${missing[*]}"

need auditctl busybox cpio qemu-system-x86_64
scratch
kernel=$("$vm_dir/fetch_kernel.sh" "$kernel_name")
"$vm_dir/mkimage.sh" -k "$kernel" -o "$vm_scratch/image" -j "$vm_dir/smoke_job.sh" \
	"${programs[@]}" "$build/tests/vm/audit_listen" "$build/tests/vm/exec_count" auditctl
"$vm_dir/boot.sh" -k "$kernel" -i "$vm_scratch/image" -t 60 | tee "$vm_scratch/out"
printf '%d passed, 0 failed\n' "$(grep -c '^ok: ' "$vm_scratch/out")"
