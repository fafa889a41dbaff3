# Sourced by the jobs that check something in the virtual machine: one line a check, and $failed to end with.
failed=0

# check WORDS COMMAND...
check() {
	words=$1
	shift
	if "$@"; then
		echo "ok - $words"
	else
		echo "not ok - $words"
		failed=1
	fi
}

# wait_until COMMAND...: true as soon as the command is, false when it is not within a minute or more.
wait_until() {
	tries=0
	until "$@" 2>/dev/null; do
		tries=$((tries + 1))
		[ "$tries" -lt 600 ] || return 1
		sleep 0.1
	done
}

# hears TEXT COMMAND...: the kernel's audit multicast group carries a record with the text while the command runs.
hears() {
	text=$1
	shift
	: >/tmp/heard
	audit_listen "$text" 10 >/tmp/heard &
	listener=$!
	wait_until grep -q listening /tmp/heard || return 1
	"$@"
	wait "$listener"
}
