#!/bin/bash
# run.sh MODEL: every configuration must hold, and every broken rule must be noticed. Prints a line each and the sum.
set -u
model=$1
passed=0 failed=0

verdict() { # EXPECTED-STATUS NAME COMMAND...
	local expected=$1 name=$2 said status
	shift 2
	said=$("$@" 2>&1)
	status=$?
	if [ "$status" = "$expected" ]; then
		passed=$((passed + 1))
		echo "ok - $name: $said"
	else
		failed=$((failed + 1))
		echo "not ok - $name: $said"
	fi
}

#         crashes, sink crashes, lost answers, lost states, rollbacks, seals
while read -r name budget; do
	# shellcheck disable=SC2086 # six numbers
	verdict 0 "$name" "$model" $budget
done <<-EOF
	crashes-of-the-host 3 0 0 0 0 4
	crashes-of-both-and-lost-answers 2 2 2 0 0 4
	lost-state 3 1 1 1 0 4
	two-lost-states 3 0 1 2 0 4
	rollback 2 0 1 0 1 4
	everything 2 1 1 1 1 4
EOF
for rule in sign-first keep-used-key continue-lost ignore-conflict free-early receipt-before-sync sink-overwrites number-last; do
	verdict 1 "notices-$rule" "$model" --break "$rule" 2 1 1 1 1 3
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
