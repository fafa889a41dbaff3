# Runs in the virtual machine: shows that what the product stands on is there. Each check prints one line.
failed=0

check() {
	if "$2"; then
		echo "ok: $1"
	else
		echo "FAILED: $1"
		failed=1
	fi
}

wait_for() {
	tries=0
	until grep -q "$1" "$2" 2>/dev/null; do
		tries=$((tries + 1))
		[ "$tries" -lt 100 ] || return 1
		sleep 0.1
	done
}

everything_is_mounted() {
	for place in /proc /sys /dev /dev/pts /tmp /run /sys/fs/cgroup /sys/fs/bpf /sys/kernel/tracing /sys/kernel/security; do
		grep -q " $place " /proc/mounts || return 1
	done
}

audit_record_is_multicast() {
	auditctl -e 1 >/tmp/enabled || return 1
	grep -qx 'enabled 1' /tmp/enabled || return 1
	audit_listen 'sworn marker' 10 >/tmp/heard &
	listener=$!
	wait_for listening /tmp/heard || return 1
	auditctl -m 'sworn marker'
	wait "$listener" && grep '^1005 .*sworn marker' /tmp/heard
}

exec_rule_is_recorded() {
	auditctl -a always,exit -F arch=b64 -S execve -k sworn-exec || return 1
	audit_listen 'key="sworn-exec"' 10 >/tmp/heard_exec &
	listener=$!
	wait_for listening /tmp/heard_exec || return 1
	sh -c /bin/true
	wait "$listener"
	heard=$?
	auditctl -D >/dev/null
	return "$heard"
}

echo "lsm $(cat /sys/kernel/security/lsm)"
check "the init mounted every file system" everything_is_mounted
check "a user message reaches the audit multicast group" audit_record_is_multicast
check "an execve rule makes a record" exec_rule_is_recorded
check "a tp_btf program loads, attaches and fires" exec_count
exit "$failed"
