# Runs in the virtual machine: a sink and an agent, real events of eBPF and of kernel audit, and what is found of them in
# the store. With audit=0 on the kernel's command line, that this is declared.
. /checks.sh

cd /tmp || exit 1
# Numbers without names; the sink is a fourth user.
sink_user=61104
mark=/tmp/sworn-smoke
audit=yes
grep -qw audit=0 /proc/cmdline && audit=no

configure_sink() {
	cat >sink/sink.yaml <<-END
		store: /tmp/sink/store
		listen: 127.0.0.1:8443
		certificate: /tmp/sink/sink.crt
		key: /tmp/sink/sink.key
		ca: /tmp/sink/ca.crt
		genesis: /tmp/sink/genesis
		log_key: /tmp/sink/fleet-log.key
		control: /tmp/sink/sink.sock
	END
}

configure_agent() {
	cat >agent.yaml <<-END
		fleet: vm.example
		host: vm
		state: /tmp/agent
		spool: /tmp/spool
		run: /tmp/run
		sink: https://127.0.0.1:8443
		certificate: /tmp/etc/host.crt
		key: /tmp/etc/host.key
		ca: /tmp/etc/ca.crt
		genesis: /tmp/etc/genesis
		enrol: /tmp/etc/enrol
		audit_enable: true
		collector_user: 61101
		sealer_user: 61102
		shipper_user: 61103
		group: 61100
	END
}

make_fleet() {
	swornlog fleet init fleet --fleet vm.example --sink-name localhost,127.0.0.1 >log 2>&1 &&
		swornlog enroll request request --fleet vm.example --host vm >>log 2>&1 &&
		swornlog enroll approve fleet request/request --out granted >>log 2>&1 || {
		cat log
		return 1
	}
	mkdir -p sink/store etc agent
	cp granted/enrol granted/host.crt fleet/genesis fleet/ca.crt request/host.key etc/ && cp request/identity.key agent/ || return 1
	cp fleet/genesis fleet/ca.crt fleet/sink.crt fleet/sink.key fleet/fleet-log.key sink/ || return 1
	chmod 755 etc
	chmod 644 etc/*
	chown 61103 etc/host.key
	chmod 600 etc/host.key
	configure_sink
	configure_agent
	chown -R $sink_user:$sink_user sink
}

start_sink() {
	/bin/setpriv --reuid $sink_user --regid $sink_user --clear-groups --no-new-privs swornlog-sink --config sink/sink.yaml 2>sink.log &
	sink=$!
	wait_until grep -q 'listening on' sink.log && swornlog enroll submit etc/enrol --control sink/sink.sock >/dev/null || {
		cat sink.log
		return 1
	}
}

start_agent() {
	swornlog-agent --config agent.yaml 2>agent.log &
	agent=$!
	wait_until grep -q 'collector .* is connected' agent.log || {
		cat agent.log
		return 1
	}
}

# Each program under its own uid, as the kernel tells.
are_separate() {
	uids=$(cat /proc/[0-9]*/status | awk '/^Name:.*swornlog-/ { name = $2 } /^Name:/ && !/swornlog-/ { name = "" }
		/^Uid:/ && name { print name, $2 }' | sort | tr '\n' ' ')
	# The kernel cuts a name to 15 bytes.
	[ "$uids" = "swornlog-agent 0 swornlog-collec 61101 swornlog-sealer 61102 swornlog-shippe 61103 swornlog-sink 61104 " ] || {
		echo "running: $uids"
		return 1
	}
}

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

stop() {
	kill "$1"
	wait "$1"
}
stop_all() {
	stop $agent && stop $sink || {
		tail -n 20 agent.log sink.log
		return 1
	}
}

verified() {
	swornlog verify --anchor fleet/genesis sink/store >verdict 2>&1 &&
		grep -qE '^verified; (declared: [0-9]+ loss(es)?; )?sink on the same machine; no witness' verdict || {
		cat verdict agent.log
		return 1
	}
}
only_the_kernel_lost() {
	! grep '"kind":"loss"' events | grep -v '"reason":"kernel_skipped"'
}
shown() { grep -F "\"kind\":\"$1\"" events | grep -qF -- "$2" || { echo "not in the store: $1 $2" | cut -c 1-200; grep -F "\"kind\":\"$1\"" events | tail -n 3 | cut -c 1-300; return 1; }; }
renamed() { shown rename "\"path\":\"$mark-file\\u000aline\",\"result\":0,\"target\":\"$mark-renamed\","; }
unlinked() { shown unlink "\"path\":\"$mark-renamed\",\"result\":0,"; }
chmodded() { shown chmod "\"path\":\"$mark-renamed\",\"result\":0,\"mode\":416,"; }
login() { shown audit_login "acct=\\\"$1\\\" exe=\\\"/bin/audit_probe\\\" hostname=h.example addr=192.0.2.1 terminal=ssh res=$2'\"" && shown audit_login "\"account\":\"$1\"," && grep -F "\"account\":\"$1\"" events | grep -qF "\"success\":$3"; }
put_back() { auditctl -s | grep -qx 'enabled 0' && ! auditctl -l | grep -q never; }
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
check "30 KiB of arguments are stored byte for byte" shown exec "\"argv\":[\"busybox\",\"true\",\"$args\"],"
check "a file with a newline in its name is stored" shown open "\"path\":\"$mark-file\\u000aline\","
check "its rename is stored" renamed
check "its change of mode is stored" chmodded
check "its end is stored" unlinked
check "an open that failed is stored" shown open '"path":"/nowhere/at/all","result":-2,'
if [ $audit = yes ]; then
	check "an audit message is stored" shown audit_other "text=sworn-smoke-message exe="
	check "a failed login is stored" login mallory failed false
	check "a login is stored" login alice success true
	check "audit is put back as it was" put_back
else
	check "that there is no audit is declared" no_audit_is_declared
fi
exit "$failed"
