#!/bin/bash
# erasure.sh BUILD [KERNEL_NAME]: no key that a sealer has used is anywhere on its raw disk, and the search would find one that is.
set -uo pipefail
here=$(dirname "$(readlink -f "$0")")
build=$1 kernel_name=${2:-6.1}
programs=("$build/swornlog" "$build/swornlog-sealer" "$build/swornlog-collector" "$build/tests/vm/key_watch")
passed=0 failed=0

expect() { # STATUS WORDS COMMAND...
	local expected=$1 words=$2 status=0
	shift 2
	"$@" || status=$?
	if { [ "$expected" = 0 ] && [ $status = 0 ]; } || { [ "$expected" != 0 ] && [ $status != 0 ]; }; then
		passed=$((passed + 1))
		echo "ok - $words"
	else
		failed=$((failed + 1))
		echo "not ok - $words"
	fi
}

leak=$(mktemp)
trap 'rm -f "$leak"' EXIT
expect 0 "no used key is on the disk, the current one is" \
	"$here/key_erasure.sh" -k "$kernel_name" -j "$here/erasure_job.sh" "${programs[@]}"
expect 1 "a used key that was copied and unlinked is found" \
	"$here/key_erasure.sh" -k "$kernel_name" -j "$here/erasure_job.sh" -f "$leak:/leak" "${programs[@]}"
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
