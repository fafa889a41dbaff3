# Runs in the virtual machine: a sink and an agent, real events of eBPF and of kernel audit, and what is found of them in
# the store. With audit=0 on the kernel's command line, that this is declared.
. /checks.sh
. /fleet.sh

mark=/tmp/sworn-smoke
audit=yes
grep -qw audit=0 /proc/cmdline && audit=no
[ $audit = no ] || audit_was=$(auditctl -s | head -n 1)
# A backlog so short that the kernel drops audit records at the start.
may_be_lost=none
grep -qw audit_backlog_limit=64 /proc/cmdline && may_be_lost=audit_backlog
# Nothing may read the kernel's memory there.
bpf=yes
grep -qw lockdown=confidentiality /proc/cmdline && bpf=no

# Programs, files by odd names and at odd results, and audit messages with a success and a failure. Three times, for
# newer kernels skip a BPF program now and then.
act() {
	busybox true "$args"
	echo x >"$mark-file
line"
	mv "$mark-file
line" $mark-renamed
	chmod 640 $mark-renamed
	rm $mark-renamed
	(: >/nowhere/at/all) 2>/dev/null
	[ $audit = no ] || {
		auditctl -m "sworn-smoke-message" >/dev/null &&
			audit_probe login mallory failed && audit_probe login alice success
	}
}
make_activity() {
	args=$(busybox dd if=/dev/urandom bs=1024 count=15 2>/dev/null | busybox xxd -p | tr -d '\n')
	act && act && act
}

only_the_kernel_lost() {
	! grep '"kind":"loss"' events | grep -v '"reason":"kernel_skipped"' | grep -vF "\"reason\":\"$may_be_lost\""
}
shown() { grep -F "\"kind\":\"$1\"" events | grep -qF -- "$2" || { echo "not in the store: $1 $2" | cut -c 1-200; grep -F "\"kind\":\"$1\"" events | tail -n 3 | cut -c 1-300; return 1; }; }
renamed() { shown rename "\"path\":\"$mark-file\\u000aline\",\"result\":0,\"target\":\"$mark-renamed\","; }
unlinked() { shown unlink "\"path\":\"$mark-renamed\",\"result\":0,"; }
chmodded() { shown chmod "\"path\":\"$mark-renamed\",\"result\":0,\"mode\":416,"; }
login() { shown audit_login "acct=\\\"$1\\\" exe=\\\"/bin/audit_probe\\\" hostname=h.example addr=192.0.2.1 terminal=ssh res=$2'\"" && shown audit_login "\"account\":\"$1\"," && grep -F "\"account\":\"$1\"" events | grep -qF "\"success\":$3"; }
put_back() { [ "$(auditctl -s | head -n 1)" = "$audit_was" ] && ! auditctl -l | grep -q never; }
no_bpf_is_declared() {
	grep '"kind":"posture"' events | grep -F '["sys_exit",2,2]' | grep -qE '"unreported":\[[^]]*\b17,[^]]*\b32,' &&
		! grep -E '"kind":"(exec|open|exit)"' events
}
no_audit_is_declared() { grep '"kind":"posture"' events | grep -qF '"audit":[3,0,' && ! grep -q '"kind":"audit_' events; }

check "a fleet is founded and the host enrolled" make_fleet
check "the sink starts" start_sink
check "the agent starts" start_agent
check "each program runs as its own user" are_separate
check "things happen" make_activity
check "both end in an orderly way" stop_all
check "the store is verified from the genesis statement" verified
swornlog show --json --all sink/store >events 2>/dev/null
check "nothing is declared lost but what the kernel skipped" only_the_kernel_lost
if [ $bpf = yes ]; then
	check "30 KiB of arguments are stored byte for byte" shown exec "\"argv\":[\"busybox\",\"true\",\"$args\"],"
	check "a file with a newline in its name is stored" shown open "\"path\":\"$mark-file\\u000aline\","
	check "its rename is stored" renamed
	check "its change of mode is stored" chmodded
	check "its end is stored" unlinked
	check "an open that failed is stored" shown open '"path":"/nowhere/at/all","result":-2,'
else
	check "that there is no BPF is declared" no_bpf_is_declared
fi
if [ $audit = yes ]; then
	check "an audit message is stored" shown audit_other "text=sworn-smoke-message exe="
	check "a failed login is stored" login mallory failed false
	check "a login is stored" login alice success true
	check "audit is put back as it was" put_back
else
	check "that there is no audit is declared" no_audit_is_declared
fi
exit "$failed"
