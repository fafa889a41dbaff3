# Runs in the virtual machine: shows that what the product stands on is there.
. /checks.sh

everything_is_mounted() {
	for place in /proc /sys /dev /dev/pts /dev/shm /tmp /run /sys/fs/cgroup /sys/fs/bpf /sys/kernel/tracing \
		/sys/kernel/security; do
		grep -q " $place " /proc/mounts || return 1
	done
}

audit_is_enabled() { auditctl -e 1 | grep -qx 'enabled 1'; }

exec_rule_makes_a_record() {
	auditctl -a always,exit -F arch=b64 -S execve -k sworn-exec || return 1
	hears 'key="sworn-exec"' sh -c /bin/true
	heard=$?
	auditctl -D >/dev/null
	return "$heard"
}

echo "lsm $(cat /sys/kernel/security/lsm)"
check "the init mounted every file system" everything_is_mounted
check "audit can be enabled" audit_is_enabled
check "a user message reaches the audit multicast group" hears 'sworn marker' auditctl -m 'sworn marker'
check "an execve rule makes a record" exec_rule_makes_a_record
check "a tp_btf program loads, attaches and fires" exec_count
exit "$failed"
