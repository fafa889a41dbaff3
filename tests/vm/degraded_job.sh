# Runs in the virtual machine: the collector where something is missing. What it lacks must stand in posture, and what
# it can still see must arrive.
. /checks.sh

seen() { grep -q -- "$1" /tmp/frames; }
arrives() { wait_until seen "$1" || { echo "not seen: $1"; grep '^posture' /tmp/frames; tail -n 5 /tmp/log; return 1; }; }

printf 'audit:\n  exec: true\n' >/tmp/exec.yaml

# start [OPTION...]
start() {
	rm -f /tmp/events.sock
	intake_probe /tmp/events.sock >/tmp/frames 2>&1 &
	wait_until seen listening || return 1
	mkdir -p /tmp/run
	swornlog-collector --events-socket /tmp/events.sock --run-dir /tmp/run --own-dir /tmp/run "$@" 2>/tmp/log &
	collector=$!
	wait_until seen '^posture' || wait_until seen '^posture' || { cat /tmp/log; return 1; }
}
stop() { kill "$collector" && wait "$collector" && arrives '^goodbye'; }
posture() { arrives "^posture.*$1"; }
sees_files() { : >/tmp/made."$1" && arrives "^event open .* 0=/tmp/made.$1 "; }
sees_execs() { /bin/busybox true "$1" && arrives "^event exec .*5=\[/bin/busybox,true,$1\]"; }
sees_all() { sees_files "$1" && sees_execs "$1"; }
hears() { audit_probe login "$1" failed && arrives "^event audit_login .* 9=$1 "; }

whole() { start --audit-enable /tmp/lease && posture '\[sys_exit,2,1\].* 1=\[1,1,\]' && sees_all whole && hears whole && stop; }
taken() {
	audit_probe listen unicast 60 >/tmp/owner 2>&1 &
	owner=$!
	wait_until grep -q listening /tmp/owner
	auditctl -e 1 >/dev/null
	start --audit unicast && posture ' 1=\[1,1,multicast\\x20instead\\x20of\\x20unicast:.*audit_probe' && hears taken && sees_all taken && stop
	result=$?
	kill "$owner"
	auditctl -e 0 >/dev/null
	return $result
}
no_bpffs() { umount /sys/fs/bpf && start --audit off && posture '\[sys_exit,2,1\]' && sees_all no-bpffs && stop; }
# The tracepoints of the tier that is left do not hang on it.
no_ftrace() {
	echo 0 >/proc/sys/kernel/ftrace_enabled
	start --audit off && sees_all no-ftrace && stop
	result=$?
	echo 1 >/proc/sys/kernel/ftrace_enabled
	return $result
}
no_btf() {
	mount -t tmpfs none /sys/kernel/btf
	start --audit-enable /tmp/lease --collect /tmp/exec.yaml && posture '\[sched_process_exec,2,2\].*\[audit_exec_rule,16,1\].* 6=false' && posture ' 2=\[.*17,' &&
		hears no-btf && sh -c '/bin/busybox true audited' && arrives '^event audit_other .*a2="audited"' && ! seen '^event disagreement' && stop
	result=$?
	umount /sys/kernel/btf
	return $result
}
nothing_at_all() {
	mount -t tmpfs none /sys/kernel/btf
	start --audit off && posture '\[sys_exit,2,2\].*\[audit,16,0\].* 6=false' && stop
	result=$?
	umount /sys/kernel/btf
	return $result
}
off_and_left_so() { start && posture ' 1=\[1,0,audit\\x20is\\x20switched\\x20off' && sees_all off && auditctl -s | grep -qx 'enabled 0' && stop; }
locked() {
	auditctl -e 2 >/dev/null
	start --audit-enable /tmp/lease --collect /tmp/exec.yaml && posture '\[audit_exec_rule,16,2\].* 1=\[1,2,' && hears locked && sees_all locked &&
		auditctl -l | grep -qx 'No rules' && stop
}
none() { start --audit-enable /tmp/lease && posture '\[audit,16,2\].* 1=\[3,0,cannot\\x20listen\\x20to\\x20audit:.*audit=0\]' && sees_all none && stop; }
# Reading kernel memory is refused to programs: what needs it is, and is said to be.
confidential() {
	start --audit-enable /tmp/lease && hears confidential && grep '^posture' /tmp/frames | grep -o '0=\[\[.*\]\] 1=' && stop
}

if grep -qw audit=0 /proc/cmdline; then
	check "a kernel without audit is declared, and the rest is seen" none
elif grep -q 'lockdown=confidentiality' /proc/cmdline; then
	check "under lockdown the collector runs, hears audit, and declares what is refused" confidential
else
	check "where nothing is missing all is seen" whole
	check "audit that belongs to another is heard by multicast, and its owner named" taken
	check "audit that is off is left so, and declared" off_and_left_so
	check "without bpffs all is seen" no_bpffs
	check "with ftrace off the tracepoints fire" no_ftrace
	check "without BTF audit is heard, and posture names what is not seen" no_btf
	check "with neither the collector runs, and says that it sees nothing" nothing_at_all
	check "audit that is locked is heard, left alone and declared" locked
fi
exit "$failed"
