#!/bin/bash
# Runs the steps of a suite, prints a line for each, and the sum at the end: `N passed, M failed`.
# usage: check.sh LOGDIR STEP=COMMAND... [-- STEP=COMMAND...]   A step that prints no counts of its own counts as one.
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

run_step() { # NAME COMMAND
	local begun=$SECONDS status
	bash -c "$2" >"$logs/$1.log" 2>&1 </dev/null
	status=$?
	echo "$status $((SECONDS - begun))" >"$logs/$1.status"
}

report() { # NAME
	local log=$logs/$1.log status seconds p f verdict=ok
	read -r status seconds <"$logs/$1.status"
	read -r p f < <(count "$log")
	if [ $((p + f)) -eq 0 ]; then
		if [ "$status" -eq 0 ]; then p=1; else f=1; fi
	elif [ "$status" -ne 0 ] && [ "$f" -eq 0 ]; then
		f=1
	fi
	passed=$((passed + p)) failed=$((failed + f))
	[ "$f" -eq 0 ] || verdict="NOT OK"
	printf '%-7s %-22s %4d passed, %d failed  %4d s\n' "$verdict" "$1" "$p" "$f" "$seconds"
	grep -iE '^(skip|ok .*# skip)|skipped:' "$log" | head -5 | sed 's/^/        /'
	[ "$f" -eq 0 ] && return
	echo "        the end of $log:"
	tail -n 40 "$log" | sed 's/^/        | /'
}

[ "$(id -u)" = 0 ] || echo "not root: steps that record real events, give files to other users or open thousands of files are skipped or fail"
echo "a line for each step as it ends; meanwhile: tail -f $logs/*.log"

# Those before `--` one after the other; the rest two at a time, reported in their order.
names=() at_once=1
for step in "$@"; do
	if [ "$step" = -- ]; then
		at_once=2
		continue
	fi
	name=${step%%=*}
	rm -f "$logs/$name.status"
	while [ "$(jobs -rp | wc -l)" -ge $at_once ]; do wait -n; done
	run_step "$name" "${step#*=}" &
	names+=("$name")
	if [ $at_once = 1 ]; then
		wait
		report "$name"
		names=()
	fi
done
while [ ${#names[@]} -gt 0 ]; do
	while [ ! -s "$logs/${names[0]}.status" ]; do sleep 0.2; done
	report "${names[0]}"
	names=("${names[@]:1}")
done
echo "in $((SECONDS - started)) s; logs in $logs"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
