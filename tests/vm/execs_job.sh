# Runs in the virtual machine: audit and BPF witness each exec, and either's silence is told.
. /checks.sh

seen() { grep -q -- "$1" /tmp/frames; }
arrives() { wait_until seen "$1" || { echo "not seen: $1"; tail -n 8 /tmp/frames; return 1; }; }
in_force() { auditctl -l | grep -q -- '-S execve,execveat -F success=1 -F key=swornlog'; }
status_of() { sed -n "s/.*\"$1\": \([0-9]*\).*/\1/p" /tmp/run/collector.status; }

cat >/tmp/collect.yaml <<END
audit:
  exec: true
  rules:
    - -w /etc/passwd -p wa -k accounts
END
start() {
	rm -f /tmp/events.sock
	intake_probe /tmp/events.sock >/tmp/frames 2>&1 &
	wait_until seen listening || return 1
	mkdir -p /tmp/run
	swornlog-collector --events-socket /tmp/events.sock --run-dir /tmp/run --own-dir /tmp/run --collect /tmp/collect.yaml \
		--audit-enable /tmp/lease --verbose 2>/tmp/log &
	collector=$!
	wait_until seen '^posture.*\[audit_exec_rule,16,1\]' || { cat /tmp/log; auditctl -s; auditctl -l; return 1; }
}
loads_its_rules() { in_force && auditctl -l | grep -qx -- '-w /etc/passwd -p wa -k accounts' && auditctl -s | grep -qx 'enabled 1'; }
# A child of the probe is born after the rules; what execs without a fork is not.
runs() { sh -c "/bin/busybox true $1; /bin/busybox true $1-again"; }
# The entry names both sensors, or a confirmation follows that names the entry.
is_confirmed() {
	line=$(grep "^event exec .*5=\[/bin/busybox,true,$1\]" /tmp/frames | head -n 1)
	number=$(echo "$line" | sed -n 's/.* self=\([0-9]*\) .*/\1/p')
	echo "$line" | grep -q ' sensors=18 .* 30=[0-9]' || seen "^event confirmation sensors=16 process=$number .* 0=17 1=[0-9]"
}
both_see() { runs both && arrives '^event exec .*5=\[/bin/busybox,true,both\]' && wait_until is_confirmed both && wait_until is_confirmed both-again; }
a_thousand_agree() {
	i=0
	while [ $i -lt 300 ]; do
		/bin/busybox true $i
		i=$((i + 1))
	done
	sleep 5
	grep -c '^event exec.*sensors=18' /tmp/frames
	grep -c '^event confirmation' /tmp/frames
	! seen '^event disagreement' || { grep '^event disagreement' /tmp/frames; return 1; }
}
failures_are_no_execs() { ! /bin/none-such 2>/dev/null; sleep 4; ! seen '^event disagreement'; }
# Not by this shell, which is older than the rules.
others_rules_still_arrive() { sh -c 'echo >>/etc/passwd' && arrives '^event audit_other .*key="accounts"'; }
# Another's rule in front of ours: audit falls silent, though ours are there.
audit_silenced() {
	auditctl -A never,exit -F arch=b64 -S execve >/dev/null && runs silent &&
		arrives '^event disagreement .* 0=17 1=2 2=16 4=[0-9]* .*6=/bin/busybox 8=0' && auditctl -d never,exit -F arch=b64 -S execve
}
recovers() { sleep 4 && runs recovered && arrives '^event exec .*5=\[/bin/busybox,true,recovered\]' && wait_until is_confirmed recovered; }
exec_link_lost() { seen '^event sensor .* 0=2 1=sched_process_exec'; }
bpf_silenced() {
	ls -l /proc/$collector/fd >/tmp/fds
	for link in $(sed -n 's/.* \([0-9]*\) -> anon_inode:bpf[-_]link$/\1/p' /tmp/fds | sort -n); do
		exec_link_lost || { close_fd "$collector" "$link" && sleep 2; }
	done
	exec_link_lost && runs unseen && arrives '^event disagreement .* 0=17 1=16 2=2 4=[0-9]* .*6=/bin/busybox .*11=[0-9]'
}
rules_deleted() {
	auditctl -D >/dev/null && arrives '^event sensor .* 0=1 1=all' && arrives '^posture.*\[audit_exec_rule,16,3\]'
}
stop() { kill "$collector" && wait "$collector" && arrives '^goodbye' && auditctl -s | grep -qx 'enabled 0' && auditctl -l | grep -qx 'No rules' && [ ! -e /tmp/lease ]; }

restarted() {
	kill -9 "$collector"
	wait "$collector"
	loads_its_rules && start && loads_its_rules && [ "$(auditctl -l | grep -c swornlog)" = "$brought" ]
}

check "the collector starts" start
check "its rules are loaded and audit is on" loads_its_rules
brought=$(auditctl -l | grep -c swornlog)
check "an exec is seen by both" both_see
check "so are many, and nothing is told to be missing" a_thousand_agree
check "an exec that fails is no disagreement" failures_are_no_execs
check "what another rule asked for arrives" others_rules_still_arrive
check "after a killed collector the rules are those of the next" restarted
check "and all is put back at its end" stop
check "the collector starts again" start
check "audit silenced by a rule is told" audit_silenced
check "and when that is gone execs are seen by both again" recovers
check "rules deleted behind our back are told, and posture knows" rules_deleted
check "all is as found" stop
check "the collector starts once more" start
check "BPF silenced is told" bpf_silenced
grep '^event disagreement' /tmp/frames | head -n 5
exit "$failed"
