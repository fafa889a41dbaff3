# Runs in the virtual machine: more happens than can be recorded. What was done is counted by who did it, and goes with
# the store's events to the disk /dev/vda, to be compared outside. With `decoy` on the kernel's command line a
# thread preempts another in its system calls instead, so that the kernel skips programs.
. /checks.sh
. /fleet.sh

collector_pid() { pidof swornlog-collector; }
flood_beside_the_collector() { flood 4 20000 removexattr >>did; }
# It reads nothing: all that is stored of this is what the rings hold.
flood_a_stopped_collector() {
	kill -STOP "$(collector_pid)"
	flood 2 150000 rmdir >>did
	kill -CONT "$(collector_pid)"
}
# Nothing new, and nothing on its way, in three of the collector's own accounts that follow each other.
account() { sed -n 's/.*"\(emitted\|lost\|queued_bytes\|sent\)": *\([0-9]*\).*/\1 \2/p' run/collector.status | tr '\n' ' '; }
is_newer() { [ run/collector.status -nt seen ]; }
all_is_read() {
	before='' same=0
	while [ $same -lt 3 ]; do
		touch seen
		wait_until is_newer || return 1
		now=$(account)
		case $now in *'queued_bytes 0 '*) [ "$now" = "$before" ] && same=$((same + 1)) || same=0 ;; *) same=0 ;; esac
		before=$now
	done
}
decoy() { flood decoy 4000 >>did; }
# What is read last has come through when the agent has ended in order.
hand_over() {
	swornlog show --json --all sink/store >all 2>show.log &&
		awk '/"kind":"(removexattr|rmdir)".*"path":"\/(sworn\/flood\/none|tmp\/decoy\/)/ { n[/"kind":"rmdir"/ ? "rmdir" : "removexattr"]++ } END { for (k in n) print "stored", k, n[k] }' all >stored &&
		grep -E '"kind":"(loss|seal|posture|throttle|repeats)"' all >events
	tar -cf /dev/vda did stored events && sync
}

: >did
check "a fleet is founded and the host enrolled" make_fleet
check "the sink starts" start_sink
check "the agent starts" start_agent
if grep -qw decoy /proc/cmdline; then
	check "an unprivileged thread preempts another in its system calls" decoy
else
	check "more happens than the collector can read" flood_beside_the_collector
	check "the backlog is read" all_is_read
	check "more than ten times as much as it can hold" flood_a_stopped_collector
fi
check "the backlog is read" all_is_read
check "both end in an orderly way" stop_all
check "the store is verified from the genesis statement" verified
check "the accounts are handed over" hand_over
exit "$failed"
