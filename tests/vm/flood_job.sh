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
	flood 2 200000 rmdir >>did
	kill -CONT "$(collector_pid)"
}
# The agent is asked to end at once: what it has is still stored, or declared.
flood_at_the_end() { flood 2 10000 removexattr >>did; }
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
	check "the backlog is read" all_is_read
	check "and more until the very end" flood_at_the_end
fi
check "both end in an orderly way" stop_all
check "the store is verified from the genesis statement" verified
check "the accounts are handed over" hand_over
exit "$failed"
