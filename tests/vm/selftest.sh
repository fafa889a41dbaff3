#!/bin/bash
# selftest.sh BUILD [KERNEL]...: shows on each kernel that the harness works and that the machine has kernel audit and
# BPF; and once, on the first, that each way in which a machine can fail is told from the others, and that the
# search of a raw disk finds what it should.
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/harness.sh"

[ $# -ge 1 ] || die "usage: selftest.sh BUILD [KERNEL]..."
build=$1
shift
[ $# -gt 0 ] || set -- 6.1
passed=0 failed=0

# expect WORDS STATUS COMMAND...: the command has to end with the status.
expect() {
	local words=$1 want=$2 got=0
	shift 2
	"$@" >"$vm_scratch/out" 2>"$vm_scratch/err" || got=$?
	if [ "$got" = "$want" ]; then
		passed=$((passed + 1))
		say "ok - $words"
		return
	fi
	failed=$((failed + 1))
	say "not ok - $words (status $got, not $want)"
	cat "$vm_scratch/out" "$vm_scratch/err" >&2
}

boot_job() {
	local kernel=$1 job=$2
	shift 2
	echo "$job" >"$vm_scratch/job.sh"
	"$vm_dir/mkimage.sh" -k "$kernel" -o "$vm_scratch/image" -j "$vm_scratch/job.sh"
	"$vm_dir/boot.sh" -k "$kernel" -i "$vm_scratch/image" "$@"
}

boot_kernel_check() {
	"$vm_dir/mkimage.sh" -k "$1" -o "$vm_scratch/image" -j "$vm_dir/selftest_job.sh" \
		"$build/tests/vm/audit_listen" "$build/tests/vm/exec_count" auditctl
	"$vm_dir/boot.sh" -k "$1" -i "$vm_scratch/image" -t 60
}

boot_silent_machine() {
	local status=0
	boot_job "$1" 'exit 0' -b 1 -a 'rdinit=/bin/nothing panic=0' 2>"$vm_scratch/silent" || status=$?
	[ "$(grep -c 'trying again' "$vm_scratch/silent")" = 2 ] || return 1
	return "$status"
}

check_failures() {
	expect "the job's own status comes back" 7 boot_job "$1" 'exit 7'
	expect "a job that takes too long is a time-out" 124 boot_job "$1" 'sleep 60' -t 2
	expect "a kernel that dies is a failure of the machine" 125 boot_job "$1" 'echo c >/proc/sysrq-trigger; sleep 60'
	expect "a machine that says nothing is tried three times and is a time-out then" 124 boot_silent_machine "$1"
}

search() {
	head -c 4096 /dev/zero >"$vm_scratch/disk"
	printf 'planted on the disk' >>"$vm_scratch/disk"
	printf '%s' "$1" | "$vm_dir/search_raw.py" "$vm_scratch/disk"
}

check_erasure() {
	expect "a raw disk gives up what was unlinked, not what was overwritten" 0 \
		"$vm_dir/key_erasure.sh" -k "$1" -j "$vm_dir/erasure_selftest_job.sh"
	expect "bytes that are on the disk against expectation fail the search" 1 search "absent 706c616e746564206f6e x"
	expect "bytes that are missing against expectation fail the search" 1 search "present 00112233445566778899 x"
	expect "a search for nothing is an error" 2 search ""
}

need auditctl busybox cpio qemu-system-x86_64
scratch
for name in "$@"; do
	kernel=$("$vm_dir/fetch_kernel.sh" "$name")
	expect "kernel audit and tp_btf programs work on ${kernel##*/}" 0 boot_kernel_check "$kernel"
done
check_failures "$("$vm_dir/fetch_kernel.sh" "$1")"
check_erasure "$1"
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" = 0 ]
