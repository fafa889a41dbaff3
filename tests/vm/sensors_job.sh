# Runs in the virtual machine: an intruder's hand on each sensor, and the entry that tells of it.
. /checks.sh

seen() { grep -q -- "$1" /tmp/frames; }
arrives() { wait_until seen "$1" || { echo "not seen: $1"; tail -n 8 /tmp/frames; return 1; }; }
# changed WHAT NAME FROM TO: as docs/format.md section 7.7 numbers them.
changed() { arrives "^event sensor .* 0=$1 1=$2 2=$3 3=$4"; }

start() {
	intake_probe /tmp/events.sock >/tmp/frames 2>&1 &
	wait_until seen listening || return 1
	mkdir /tmp/run
	swornlog-collector --events-socket /tmp/events.sock --run-dir /tmp/run --own-dir /tmp/run --pins /sys/fs/bpf/swornlog "$@" --verbose 2>/tmp/log &
	collector=$!
	wait_until seen '^posture' || { cat /tmp/log; return 1; }
	# Until it has looked at everything once.
	sleep 2
	! seen '^event sensor'
}
status() { grep -q -- "$1" /tmp/run/collector.status; }
proves_itself() {
	for probe in fork exec exit file audit; do
		wait_until status "\"$probe\": \"ok\"" || { cat /tmp/run/collector.status; return 1; }
	done
	arrives '^event exec .* 5=\[swornlog-collector,--probe,swornlog-probe-' && arrives '^event audit_config .*op=set.*audit_backlog_wait_time' &&
		wait_until status '"sched_process_exec": {"state": "on", "records": [1-9][0-9]*, "fired_s_ago": [0-9]' && ! seen '^event open .*swornlog-probe'
}
# Two rounds of five seconds, and one that may be under way.
is_blind() {
	for hook in sched_process_fork sched_process_exec sched_process_exit sys_exit; do
		wait_until seen "^event sensor .* 0=6 1=$hook 2=1 3=3" || wait_until seen "^event sensor .* 0=6 1=$hook 2=1 3=3" ||
			{ cat /tmp/run/collector.status; return 1; }
		arrives "^posture.*\[$hook,2,3\]" || return 1
	done
	wait_until status '"alarm": "blind' && [ "$(grep -c '^event sensor .* 0=6 ' /tmp/frames)" = 4 ]
}
stop() { kill "$collector" && wait "$collector" && arrives '^goodbye'; }

switches_audit_off() { auditctl -e 0 >/dev/null && changed 0 enabled 1 0; }
switches_audit_on() { auditctl -e 1 >/dev/null && changed 0 enabled 0 1; }
changes_the_backlog() { auditctl -b 123 >/dev/null && changed 0 backlog_limit 64 123; }
names_its_audit_event() { arrives '^event sensor .* 1=backlog_limit .* 4=[0-9]'; }
adds_a_rule() { auditctl -a always,exit -F arch=b64 -S mount -k x >/dev/null && changed 1 all '\[1,.*\]' '\[2,.*\]'; }
deletes_all_rules() { auditctl -D >/dev/null && changed 1 all '\[2,.*\]' '\[0,.*\]'; }
takes_the_reader() {
	audit_probe listen unicast 3 >/tmp/unicast 2>&1 &
	taker=$!
	changed 0 pid 0 "$taker.*audit_probe"
}
unlocks_tracing() { echo 0 >/proc/sys/kernel/ftrace_enabled && changed 5 ftrace_enabled 1 0; }
unlinks_a_pin() {
	pin=$(ls /sys/fs/bpf/swornlog/*/link_* | head -n 1)
	rm "$pin" && arrives "^event sensor .* 0=4 1=${pin##*/} 2=[0-9]* 3=?"
}
hook_lost() { sed -n 's/^event sensor .* 0=2 1=\([a-z_/.]*\) 2=\[.*\] 3=?$/\1/p' /tmp/frames; }
are_lost() { [ "$(hook_lost | wc -l)" = "$links" ]; }
# What is pinned would stay attached.
closes_all_links() {
	rm -f /sys/fs/bpf/swornlog/*/link_*
	ls -l /proc/$collector/fd >/tmp/fds
	links=0
	for link in $(sed -n 's/.* \([0-9]*\) -> anon_inode:bpf[-_]link$/\1/p' /tmp/fds); do
		close_fd "$collector" "$link" >/dev/null || return 1
		links=$((links + 1))
	done
	[ $links -ge 5 ] && wait_until are_lost || { echo "$links links, told: $(hook_lost | tr '\n' ' ')"; return 1; }
}
stands_still() { kill -STOP "$collector" && sleep 10 && kill -CONT "$collector" && arrives '^event sensor .* 0=7 1=collector .*stood.*still'; }
locks_down() { echo integrity >/sys/kernel/security/lockdown && changed 5 lockdown none integrity; }
locks_audit() { auditctl -e 2 >/dev/null && changed 0 enabled 1 2; }

check "the collector starts, and its own changes are none" start --audit-enable /tmp/lease
check "marked actions come back, and the status says so" proves_itself
check "a backlog limit that is changed is told" changes_the_backlog
check "with the audit event that tells of it" names_its_audit_event
check "a rule that is added is told" adds_a_rule
check "rules that are deleted are told" deletes_all_rules
check "audit that is switched off is told" switches_audit_off
check "and switched on again" switches_audit_on
check "another reader of audit is told by name" takes_the_reader
check "the kernel's tracing switched off is told" unlocks_tracing
check "a pin that is removed is told" unlinks_a_pin
check "each link closed by force is told" closes_all_links
check "and marked actions that do not come back put it into posture" is_blind
check "a collector that was stopped for ten seconds says so" stands_still
check "lockdown is told" locks_down
check "audit that is locked is told" locks_audit
grep '^event sensor' /tmp/frames
check "it takes leave" stop
exit "$failed"
