#!/bin/bash
# What `make run` and `make undo` refuse, before anything is installed, built or removed.
# usage: tests/e2e/run_test.sh
set -u
cd "$(dirname "$0")/../.." || exit 1
run=$PWD/packaging/run.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
export RUN_DIR=$work/run
passed=0 failed=0

# check SENTENCE STATUS TEXT COMMAND...: the command ends with this status and says the text.
check() {
	local sentence=$1 wanted=$2 text=$3 got
	shift 3
	"$@" >out 2>&1
	got=$?
	if [ $got -eq "$wanted" ] && { [ -z "$text" ] || grep -qF -- "$text" out; }; then
		passed=$((passed + 1))
		echo "ok - $sentence"
	else
		failed=$((failed + 1))
		echo "not ok - $sentence (status $got)"
		sed 's/^/#   /' out
	fi
}

check 'a duration that is no number is refused' 3 "not 'abc'" env DURATION=abc "$run" --preflight
check 'a negative duration is refused' 3 "not '-5'" env DURATION=-5 "$run" --preflight
check 'a verdict that could not be written is refused at once' 3 "can't write JSON=" env JSON=nowhere/x.json "$run" --preflight
check 'nothing to undo is no fault' 0 '' "$run" --undo

mkdir run && echo precious >run/file
check "a folder of somebody else's is not removed" 3 'was not made by' "$run" --undo
check 'and keeps what was in it' 0 precious cat run/file
mkdir other && : >other/.made-by-make-run && rm -r run && ln -s other run
check 'a symbolic link is not followed' 3 'was not made by' "$run" --undo
rm run && mv other run
exec 8>run.lock && flock -n 8
check 'a run that is under way is not undone' 3 'under way' "$run" --undo
check 'and keeps its folder' 0 '' test -e run/.made-by-make-run
exec 8>&-
mkdir -p run/store/deep && echo x >run/store/deep/file
check 'what make run left is removed' 0 '' "$run" --undo
check 'with its lock, and without a trace' 1 '' test -e run -o -e run.lock

echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
