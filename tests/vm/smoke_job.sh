# Runs in the virtual machine: real activity on a real kernel, and what is seen of it.
. /checks.sh

mark=sworn-smoke

audit_is_enabled() { auditctl -e 1 | grep -qx 'enabled 1'; }

# A login message, a program's start, and a file that is made, renamed, made readable and removed.
make_activity() {
	auditctl -m "$mark-message"
	/bin/busybox echo "$mark-argument" >/tmp/$mark-file
	mv /tmp/$mark-file /tmp/$mark-renamed
	chmod 644 /tmp/$mark-renamed
	rm /tmp/$mark-renamed
}

check "audit can be enabled" audit_is_enabled
check "the kernel reports the message" hears "$mark-message" make_activity
check "the kernel reports program starts to BPF" exec_count
exit "$failed"
