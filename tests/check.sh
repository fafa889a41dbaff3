#!/bin/bash
# Runs the steps of a suite one after the other, prints a line for each, and the sum at the end: `N passed, M failed`.
# usage: check.sh LOGDIR STEP=COMMAND...   A step that prints no counts of its own counts as one.
set -u
logs=$1
shift
mkdir -p "$logs"
passed=0 failed=0 started=$SECONDS

# What a log says of itself: criterion's synthesis lines, unittest's, or `N passed, M failed`.
count() {
	awk '
	/Synthesis: Tested:/ {
		gsub(/\033\[[0-9;]*m/, "")
		for (i = 1; i <= NF; i++) {
			if ($i == "Passing:") p += $(i + 1)
			if ($i == "Failing:" || $i == "Crashing:") f += $(i + 1)
		}
	}
	/^Ran [0-9]+ tests? in/ { ran = $2 }
	/^OK/ { p += ran; ran = 0 }
	/^FAILED \(/ { n = 0; s = $0; while (match(s, /(failures|errors)=[0-9]+/)) { split(substr(s, RSTART, RLENGTH), a, "="); n += a[2]; s = substr(s, RSTART + RLENGTH) } f += n; p += ran - n; ran = 0 }
	/^[0-9]+ passed, [0-9]+ failed/ { p += $1; f += $3 }
	END { print p + 0, f + 0 }' "$1"
}

for step in "$@"; do
	name=${step%%=*} command=${step#*=}
	log=$logs/$name.log
	begun=$SECONDS
	bash -c "$command" >"$log" 2>&1 </dev/null
	status=$?
	read -r p f < <(count "$log")
	if [ $((p + f)) -eq 0 ]; then
		if [ $status -eq 0 ]; then p=1; else f=1; fi
	elif [ $status -ne 0 ] && [ "$f" -eq 0 ]; then
		f=1
	fi
	passed=$((passed + p)) failed=$((failed + f))
	verdict=ok
	[ "$f" -eq 0 ] || verdict="NOT OK"
	printf '%-7s %-22s %4d passed, %d failed  %4d s\n' "$verdict" "$name" "$p" "$f" $((SECONDS - begun))
	grep -iE '^(skip|ok .*# skip)|skipped:' "$log" | head -5 | sed 's/^/        /'
	if [ "$f" -ne 0 ]; then
		echo "        the end of $log:"
		tail -n 40 "$log" | sed 's/^/        | /'
	fi
done
echo "in $((SECONDS - started)) s; logs in $logs"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
