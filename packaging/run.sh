#!/bin/bash
# make run: a sink and an agent on this machine, real events, a live view, and verification at the end.
# usage: run.sh BINDIR | --preflight | --undo
# environment: DURATION (seconds; 0: until Ctrl-C), JSON (file for the verdict), RUN_DIR
set -u
dir=${RUN_DIR:-/var/tmp/swornlog-run}
# Only a folder with this in it is ever removed.
mark=$dir/.made-by-make-run
duration=${DURATION:-0}
[ -n "$duration" ] || duration=0
fleet=run.example host=$(hostname | tr 'A-Z_' 'a-z-' | tr -cd 'a-z0-9.-' | sed 's/^[.-]*//; s/[.-]*$//')
host=${host:-host}
# Numbers without names, so that nothing is added to /etc/passwd.
collector_user=61101 sealer_user=61102 shipper_user=61103 sink_user=61104 group=61100
agent='' sink='' view=''

say() { printf '%s\n' "$*"; }
die() {
	printf 'swornlog: %s\n' "$*" >&2
	exit 3
}

# What is wrong with the request, what is missing for real events, and what still works without it.
preflight() {
	local missing=''
	case $duration in
	*[!0-9]*) die "DURATION must be a number of seconds, not '$duration'" ;;
	esac
	[ "$(id -u)" = 0 ] || missing="$missing
  - root: BPF programs and kernel audit are for root only"
	[ -r /sys/kernel/btf/vmlinux ] || missing="$missing
  - /sys/kernel/btf/vmlinux: this kernel has no type information (CONFIG_DEBUG_INFO_BTF)"
	[ -z "${JSON:-}" ] || : 2>/dev/null >>"$JSON" || die "can't write JSON=$JSON"
	[ -z "$missing" ] && return
	say "swornlog: real events of this machine can't be recorded; missing:$missing"
	say "What still works: sealing, shipping, receipts and verification, on a replay of a recorded audit log:"
	say "  swornlog-collector --replay FILE   (with --events-socket; see its --help)"
	exit 3
}

stop() {
	local pid=$1 i
	[ -n "$pid" ] || return 0
	kill -TERM "$pid" 2>/dev/null || return 0
	for ((i = 0; i < 250; i++)); do
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.1
	done
	kill -KILL "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
}

cleanup() {
	[ -z "$view" ] || kill "$view" 2>/dev/null
	stop "$agent"
	stop "$sink"
}

wait_for() { # TEXT FILE WHAT
	local i
	for ((i = 0; i < 100; i++)); do
		grep -q -- "$1" "$2" 2>/dev/null && return 0
		sleep 0.1
	done
	tail -n 20 "$2" >&2
	die "$3 did not start; its log is $2"
}

# One at a time: the next one removes what this one works with.
take_lock() {
	exec 9>"$dir.lock" || die "can't write $dir.lock"
	flock -n 9 || die "another 'make run' is under way here (it holds $dir.lock); end it first, or set RUN_DIR"
}

# What lies at RUN_DIR is removed, and a program in it run as root: it must be our own work.
check_dir() {
	[ -e "$dir" ] || [ -L "$dir" ] || return 0
	{ [ ! -L "$dir" ] && [ -O "$dir" ] && [ -e "$mark" ]; } ||
		die "$dir was not made by this user's 'make run'; move it away, or set RUN_DIR to a folder that does not exist"
}

# The mark goes last, so that what is cut short can be done again.
remove_dir() {
	[ -e "$dir" ] || return 0
	find "$dir" -mindepth 1 -maxdepth 1 ! -path "$mark" -exec rm -rf {} + && rm -rf "$dir"
}

# What an earlier run that was killed has left switched on.
put_audit_back() {
	local lease=$dir/run/audit.lease
	[ ! -e "$lease" ] || "$dir/bin/swornlog-collector" --audit-restore "$lease"
}

undo() {
	[ -e "$dir" ] || [ -L "$dir" ] || [ -e "$dir.lock" ] || return 0
	check_dir
	take_lock
	put_audit_back
	remove_dir && rm -f "$dir.lock"
}

make_fleet() {
	check_dir
	put_audit_back
	remove_dir
	mkdir -p "$(dirname "$dir")" && mkdir "$dir" && : >"$mark" || die "can't make $dir"
	mkdir -p "$dir"/{bin,etc,log,run} "$dir/agent/sealer" || die "can't make $dir"
	chmod 755 "$dir" "$dir"/{bin,etc,log,run,agent}
	cp "$bin"/swornlog "$bin"/swornlog-* "$dir/bin/" || die "programs are missing in $bin; run make"
	"$dir/bin/swornlog" fleet init "$dir/fleet" --fleet "$fleet" --sink-name localhost,127.0.0.1 >"$dir/log/fleet.log" 2>&1 &&
		"$dir/bin/swornlog" enroll request "$dir/request" --fleet "$fleet" --host "$host" >>"$dir/log/fleet.log" 2>&1 &&
		"$dir/bin/swornlog" enroll approve "$dir/fleet" "$dir/request/request" --out "$dir/granted" >>"$dir/log/fleet.log" 2>&1 ||
		{
			cat "$dir/log/fleet.log" >&2
			die "the scratch fleet could not be made"
		}
	mkdir -p "$dir/store" "$dir/control"
	chown $sink_user:$sink_user "$dir/store" "$dir/control"
	for f in sink.key fleet-log.key; do install -o $sink_user -g $sink_user -m 600 "$dir/fleet/$f" "$dir/etc/$f"; done
	install -m 644 "$dir/fleet"/{genesis,ca.crt,sink.crt} "$dir/etc/"
	install -m 644 "$dir/granted"/{enrol,host.crt} "$dir/etc/"
	install -o $shipper_user -g $shipper_user -m 600 "$dir/request/host.key" "$dir/etc/host.key"
	install -m 600 "$dir/request/identity.key" "$dir/agent/sealer/identity.key"
}

start_sink() {
	cat >"$dir/etc/sink.yaml" <<-EOF
		store: $dir/store
		listen: 127.0.0.1:0
		certificate: $dir/etc/sink.crt
		key: $dir/etc/sink.key
		ca: $dir/etc/ca.crt
		genesis: $dir/etc/genesis
		log_key: $dir/etc/fleet-log.key
		control: $dir/control/sink.sock
	EOF
	setpriv --reuid $sink_user --regid $sink_user --clear-groups --no-new-privs \
		"$dir/bin/swornlog-sink" --config "$dir/etc/sink.yaml" >"$dir/log/sink.log" 2>&1 &
	sink=$!
	wait_for 'listening on' "$dir/log/sink.log" "the sink"
	port=$(sed -n 's/.*listening on .*:\([0-9][0-9]*\).*/\1/p' "$dir/log/sink.log" | tail -n 1)
	"$dir/bin/swornlog" enroll submit "$dir/etc/enrol" --control "$dir/control/sink.sock" >>"$dir/log/fleet.log" 2>&1 ||
		die "the sink did not take the enrolment; see $dir/log"
}

start_agent() {
	cat >"$dir/etc/agent.yaml" <<-EOF
		fleet: $fleet
		host: $host
		state: $dir/agent/sealer
		spool: $dir/agent/spool
		run: $dir/run
		sink: https://localhost:$port
		certificate: $dir/etc/host.crt
		key: $dir/etc/host.key
		ca: $dir/etc/ca.crt
		genesis: $dir/etc/genesis
		enrol: $dir/etc/enrol
		audit_enable: true
		collector_user: $collector_user
		sealer_user: $sealer_user
		shipper_user: $shipper_user
		group: $group
	EOF
	"$dir/bin/swornlog-agent" --config "$dir/etc/agent.yaml" >"$dir/log/agent.log" 2>&1 &
	agent=$!
	wait_for 'the collector .* is connected' "$dir/log/agent.log" "the agent"
}

live_view() {
	say "Live. Run commands in another shell: they appear below. $([ "$duration" != 0 ] && echo "This ends after $duration s," || echo "Ctrl-C ends this,") and then all that was stored is verified."
	say "Counts and state, meanwhile: $dir/bin/swornlog status --run $dir/run --sink $dir/control/sink.sock"
	trap : INT
	"$dir/bin/swornlog" follow --stats "$dir/store" &
	view=$!
	if [ "$duration" != 0 ]; then
		sleep "$duration" &
		wait $!
	else
		wait "$view"
	fi
	kill -INT "$view" 2>/dev/null
	wait "$view" 2>/dev/null
	view=''
	say ''
}

verdict() {
	say "Stopping the agent, then the sink, and verifying what was stored, from the genesis statement alone:"
	cp "$dir/run/sealer.status" "$dir/log/sealer.status" 2>/dev/null
	stop "$agent"
	agent=''
	stop "$sink"
	sink=''
	[ -z "${JSON:-}" ] || "$dir/bin/swornlog" verify --json --anchor "$dir/etc/genesis" "$dir/store" >"$JSON"
	"$dir/bin/swornlog" verify --anchor "$dir/etc/genesis" "$dir/store"
	local status=$?
	cat <<-EOF

		Where to look next:
		  $dir/bin/swornlog show $dir/store | less          the events, one a line
		  $dir/bin/swornlog show --json $dir/store          the same for machines
		  $dir/bin/swornlog verify --anchor $dir/etc/genesis $dir/store
		  $dir/log                                          what the programs said
		  make undo                                         removes $dir
	EOF
	return $status
}

case ${1:-} in
--preflight)
	preflight
	exit
	;;
--undo)
	undo
	exit
	;;
esac
bin=$(cd "${1:?which folder of programs?}" && pwd) || exit 3
preflight
take_lock
trap cleanup EXIT
trap 'exit 130' TERM HUP
make_fleet
start_sink
start_agent
live_view
verdict
