# Runs in the virtual machine: the collector's audit source and audit control on a real kernel.
. /checks.sh

status_is() { auditctl -s | grep -qx "$1"; }
no_rules() { auditctl -l | grep -qx 'No rules'; }
the_rule() { auditctl -l | grep -qx -- '-a never,task'; }

# listen FILE MODE SECONDS [DEAF_UNTIL_FILE]: in the background, from when it listens.
listen() {
	out=$1
	shift
	audit_probe listen "$@" >"$out" 2>&1 &
	probe=$!
	wait_until grep -q listening "$out"
}

# heard FILE PATTERN: once the listener has ended.
heard() {
	wait "$probe"
	grep -q -- "$2" "$1" || { cat "$1"; return 1; }
}

enables_with_its_rule() { audit_probe enable /tmp/was && status_is 'enabled 1' && the_rule; }
restores() { audit_probe restore /tmp/was && [ ! -e /tmp/was ] && status_is 'enabled 0' && no_rules; }
enabling_twice_changes_nothing() {
	audit_probe enable /tmp/was2 && [ ! -e /tmp/was2 ] && audit_probe restore /tmp/was2 && status_is 'enabled 1' &&
		audit_probe enable /tmp/was && grep -q '^enabled=1 rules=1$' /tmp/was
}

is_switched_on() { status_is 'enabled 1' && the_rule; }
is_as_found() { status_is 'enabled 0' && no_rules; }
the_collector_switches_it_on_and_off() {
	swornlog-collector --events-socket /tmp/none --audit-enable /tmp/lease >/tmp/collector 2>&1 &
	collector=$!
	wait_until is_switched_on || { cat /tmp/collector; return 1; }
	kill "$collector"
	wait "$collector" && is_as_found && [ ! -e /tmp/lease ]
}
a_killed_collector_can_be_cleaned_up_after() {
	swornlog-collector --events-socket /tmp/none --audit-enable /tmp/lease >/tmp/collector 2>&1 &
	collector=$!
	wait_until is_switched_on || { cat /tmp/collector; return 1; }
	kill -9 "$collector"
	wait "$collector"
	is_switched_on && swornlog-collector --audit-restore /tmp/lease && is_as_found && [ ! -e /tmp/lease ]
}

refuses_foreign_rules() {
	auditctl -a always,exit -F arch=b64 -S mount -k theirs >/dev/null
	! audit_probe enable /tmp/was3 && status_is 'enabled 0' && auditctl -D >/dev/null
}

says_that_audit_is_off() { audit_probe listen multicast 1 | grep -q '^summary mode=multicast .* enabled=0 .*switched off'; }

hears_logins() {
	listen /tmp/login multicast 3
	audit_probe flood 3
	heard /tmp/login '^event audit_login | 1112 .*acct="mallory".*res=failed'
}

hears_execs_whole() {
	auditctl -D >/dev/null
	auditctl -a always,exit -F arch=b64 -S execve -k sworn >/dev/null
	listen /tmp/exec multicast 4
	sh -c '/bin/busybox echo sworn-argument >/dev/null'
	auditctl -D >/dev/null
	heard /tmp/exec '^event audit_other | 1300 .* | 1309 .*a1="echo" a2="sworn-argument".* | 1307 .*cwd=.* | 1327 ' &&
		! grep -q incomplete /tmp/exec
}

hears_configuration() {
	listen /tmp/config multicast 3
	auditctl -b 128 >/dev/null
	heard /tmp/config '^event audit_config | 1305 .*op=set audit_backlog_limit=128'
}

declares_what_it_was_too_late_for() {
	listen /tmp/deaf multicast 4 /tmp/now
	audit_probe flood 2000
	: >/tmp/now
	wait "$probe"
	# Every message was heard or is in the bound.
	seen=$(grep -c '^event audit_login' /tmp/deaf)
	dropped=$(sed -n 's/^loss .* \([0-9]*\) audit records dropped.*/\1/p' /tmp/deaf | awk '{ n += $1 } END { print n }')
	echo "seen $seen, dropped $dropped"
	[ "${dropped:-0}" -gt 0 ] && [ $((seen + dropped)) -ge 2000 ]
}

owns_the_reader() {
	listen /tmp/unicast unicast 6
	owner=$(auditctl -s | sed -n 's/^pid //p')
	[ "$owner" = "$probe" ] || return 1
	audit_probe listen unicast 1 >/tmp/second
	grep -q "mode=multicast .*audit belongs to process $probe (audit_probe)" /tmp/second || return 1
	audit_probe flood 2
	heard /tmp/unicast '^event audit_login' && status_is 'pid 0'
}

declares_what_the_kernel_lost() {
	listen /tmp/lost multicast 4
	auditctl -r 1 >/dev/null
	audit_probe flood 20
	auditctl -r 0 >/dev/null
	heard /tmp/lost '^loss .*upper.* [1-9][0-9]* audit records lost in the kernel'
}

declares_a_reset_of_the_counter() {
	listen /tmp/reset multicast 4
	auditctl --reset-lost >/dev/null
	heard /tmp/reset 'lost audit records was reset by somebody else'
}

locked_audit_is_still_heard() {
	auditctl -e 2 >/dev/null
	listen /tmp/locked unicast 3
	audit_probe flood 1
	heard /tmp/locked '^event audit_login' && grep -q '^summary mode=unicast .*enabled=2 ' /tmp/locked
}

if grep -qw audit=0 /proc/cmdline; then
	check "a kernel without audit is declared" \
		eval 'audit_probe listen multicast 1 | grep -q "mode=off .*this kernel has no audit"'
	exit "$failed"
fi

check "audit that is off is said to be off" says_that_audit_is_off
check "audit with somebody's rules is not switched on" refuses_foreign_rules
check "audit is switched on with the rule that spares system calls" enables_with_its_rule
check "where audit is on already nothing is changed" enabling_twice_changes_nothing
check "a failed login is heard" hears_logins
check "all is put back" restores
check "the collector switches audit on, and back at its end" the_collector_switches_it_on_and_off
check "after a killed collector audit can be put back" a_killed_collector_can_be_cleaned_up_after
auditctl -e 1 >/dev/null
check "a change of the configuration is heard" hears_configuration
check "an exec's records make one whole event" hears_execs_whole
check "what the socket could not hold is declared" declares_what_it_was_too_late_for
check "the unicast side is owned, not shared, and given back" owns_the_reader
check "what the kernel lost is declared" declares_what_the_kernel_lost
check "a reset of the kernel's loss counter is declared" declares_a_reset_of_the_counter
check "locked audit is heard all the same" locked_audit_is_still_heard
exit "$failed"
