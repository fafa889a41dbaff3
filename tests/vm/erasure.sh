#!/bin/bash
# erasure.sh BUILD [KERNEL_NAME]: no key that a sealer has used is anywhere on its raw disk. Two controls show that one
# would be found: a job that copies the slots and unlinks the copy, and a file system that journals data, which is the
# documented limit of the erasure.
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/harness.sh"

[ $# -ge 1 ] || die "usage: erasure.sh BUILD [KERNEL_NAME]"
build=$1 kernel_name=${2:-6.1}
programs=("$build/swornlog" "$build/swornlog-sealer" "$build/swornlog-collector" "$build/tests/vm/key_watch")
for program in "${programs[@]}"; do
	[ -x "$program" ] || die "$program is missing; run make"
done

search() { # OPTION...
	"$vm_dir/key_erasure.sh" -k "$kernel_name" -j "$vm_dir/erasure_job.sh" "$@" "${programs[@]}" >"$vm_scratch/search" 2>&1
}
used_keys() { grep -c "^$1 - key of .*; wanted absent$" "$vm_scratch/search" || true; }
current_keys() { grep -c '^ok - key of .*; wanted present$' "$vm_scratch/search" || true; }

# What the search says of the keys, when it has ended with the status that is expected.
verdict() { # WANTED_STATUS STATUS MINIMUM_ABSENT MINIMUM_FOUND
	local absent found
	absent=$(used_keys ok) found=$(used_keys 'not ok')
	echo "used keys: $absent absent, $found found; current keys found: $(current_keys)"
	! grep '^not ok' "$vm_scratch/search" | grep -v ' key of ' || return 1
	[ "$2" = "$1" ] && [ "$absent" -ge "$3" ] && [ "$found" -ge "$4" ] && [ "$(current_keys)" -ge 1 ]
}

check() { # WORDS WANTED_STATUS MINIMUM_ABSENT MINIMUM_FOUND OPTION...
	local words=$1 wanted=$2 absent=$3 found=$4 status=0
	shift 4
	search "$@" || status=$?
	if verdict "$wanted" $status "$absent" "$found"; then
		echo "ok - $words"
	else
		sed 's/^\(not \)\?ok - /  &/' "$vm_scratch/search"
		echo "not ok - $words (status $status)"
		failures=$((failures + 1))
	fi
}

all_checks() {
	failures=0
	check "no used key is on the disk, the current one is" 0 20 0
	check "a used key that was copied and unlinked is found" 1 0 1 -f "$vm_scratch/leak:/leak"
	check "a file system that journals data keeps every used key" 1 0 20 -o data=journal
	[ $failures = 0 ]
}

scratch
: >"$vm_scratch/leak"
tally all_checks
