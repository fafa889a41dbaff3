# Sourced by the jobs that run a whole fleet in one virtual machine, in /tmp: a sink and an agent, each program under a
# user of its own, and their orderly end.
cd /tmp || exit 1
# Numbers without names; the sink is a fourth user.
sink_user=61104

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
	uids=$(cat /proc/[0-9]*/status 2>/dev/null | awk '/^Name:.*swornlog-/ { name = $2 } /^Name:/ && !/swornlog-/ { name = "" }
		/^Uid:/ && name { print name, $2 }' | sort | tr '\n' ' ')
	# The kernel cuts a name to 15 bytes.
	[ "$uids" = "swornlog-agent 0 swornlog-collec 61101 swornlog-sealer 61102 swornlog-shippe 61103 swornlog-sink 61104 " ] || {
		echo "running: $uids"
		return 1
	}
}

# Nothing new, and nothing on its way, in three of the collector's own accounts that follow each other.
account() { sed -n 's/.*"\(emitted\|lost\|queued_bytes\|sent\)": *\([0-9]*\).*/\1 \2/p' run/collector.status | tr '\n' ' '; }
is_newer() { [ run/collector.status -nt seen ]; }
all_is_read() {
	before='' same=0
	while [ $same -lt 3 ]; do
		touch seen
		wait_until is_newer || return 1
		now=$(account)
		case $now in *'queued_bytes 0 '*) [ "$now" = "$before" ] && same=$((same + 1)) || same=0 ;; *) same=0 ;; esac
		before=$now
	done
}

# A process that is asked to end and does not says where it is.
stands_still() {
	for pid in /proc/[0-9]*; do
		grep -q swornlog "$pid/comm" 2>/dev/null && echo "$(cat "$pid/comm"): $(grep State "$pid/status") $(tr '\n' ' ' <"$pid/stack")"
	done
	kill -KILL "$1"
}
has_ended() { ! kill -0 "$1" 2>/dev/null || grep -q 'State:.*Z' "/proc/$1/status"; }
stop() {
	kill "$1"
	wait_until has_ended "$1" || wait_until has_ended "$1" || stands_still "$1"
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
