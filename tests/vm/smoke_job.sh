# Runs in the virtual machine: a sink and an agent, real events of eBPF and of kernel audit, and what is found of them in the store.
. /checks.sh

cd /tmp || exit 1
chmod 755 /tmp
mark=sworn-smoke

configure_sink() {
	cat >sink.yaml <<-END
		store: /tmp/store
		listen: 127.0.0.1:8443
		certificate: /tmp/fleet/sink.crt
		key: /tmp/fleet/sink.key
		ca: /tmp/fleet/ca.crt
		genesis: /tmp/fleet/genesis
		log_key: /tmp/fleet/fleet-log.key
		control: /tmp/sink.sock
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
	mkdir -p store etc agent
	cp granted/enrol granted/host.crt fleet/genesis fleet/ca.crt etc/ && cp request/host.key etc/ && cp request/identity.key agent/ || return 1
	chmod 755 etc
	chmod 644 etc/*
	chown 61103 etc/host.key
	chmod 600 etc/host.key
	configure_sink
	configure_agent
}

start_sink() {
	swornlog-sink --config sink.yaml 2>sink.log &
	sink=$!
	wait_until grep -q 'listening on' sink.log && swornlog enroll submit etc/enrol --control sink.sock >/dev/null || {
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

# Programs, files by odd names and at odd results, and audit messages with a success and a failure.
make_activity() {
	args=$(busybox dd if=/dev/urandom bs=1000 count=15 2>/dev/null | busybox xxd -p | tr -d '\n')
	busybox true "$mark-long" "$args"
	echo x >"$mark-file
line"
	mv "$mark-file
line" $mark-renamed
	chmod 640 $mark-renamed
	rm $mark-renamed
	mkdir /nowhere/at/all 2>/dev/null
	auditctl -m "$mark-message" >/dev/null
	sleep 2
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

verified() { swornlog verify --anchor fleet/genesis store >verdict 2>&1 && grep -q '^verified; sink on the same machine; no witness' verdict || { cat verdict agent.log; return 1; }; }
shown() { grep -qF -- "$1" events || { echo "not in the store: $1"; return 1; }; }
long_arguments() { shown "\"$args\""; }
renamed() { shown "$mark-file\\u000aline" && shown "$mark-renamed"; }
chmodded() { grep '"chmod"' events | grep -qF $mark-renamed; }
failed_call() { grep '"mkdir"' events | grep -qF /nowhere/at/all; }
heard_audit() { grep '"audit_' events | grep -qF $mark-message; }
put_back() { auditctl -s | grep -qx 'enabled 0' && ! auditctl -l | grep -q never; }

check "a fleet is founded and the host enrolled" make_fleet
check "the sink starts" start_sink
check "the agent starts" start_agent
check "things happen" make_activity
check "both end in an orderly way" stop_all
check "the store is verified from the genesis statement" verified
swornlog show --json --all store >events 2>/dev/null
check "30,000 bytes of arguments are stored byte for byte" long_arguments
check "a rename from a name with a newline is stored" renamed
check "a change of mode is stored" chmodded
check "a failed call is stored" failed_call
check "an audit message is stored" heard_audit
check "audit is put back as it was" put_back
exit "$failed"
