# Runs in the virtual machine, in /disk: a sealer at work on this disk, whose used keys must be nowhere on it afterwards.
# With the file /leak the job copies the slots now and then and unlinks the copies, as a careless program would: the search
# must then find used keys.
. /checks.sh

make_fleet() {
	cd /tmp &&
		swornlog fleet init fleet --fleet vm.example &&
		swornlog enroll request request --fleet vm.example --host vm &&
		swornlog enroll approve fleet request/request --out granted
} >/tmp/log 2>&1

configure() {
	mkdir -p /disk/state /disk/spool /tmp/run
	cp /tmp/request/identity.key /disk/state/
	cat >/tmp/agent.yaml <<-END
		fleet: vm.example
		host: vm
		state: /disk/state
		spool: /disk/spool
		run: /tmp/run
		sink: https://127.0.0.1:8443
		certificate: /tmp/granted/host.crt
		key: /tmp/request/host.key
		ca: /tmp/fleet/ca.crt
		genesis: /tmp/fleet/genesis
		enrol: /tmp/granted/enrol
		seal_interval_ms: 50
		audit: off
		collector_user: root
		sealer_user: root
		shipper_user: root
		group: root
	END
}

start() {
	swornlog-sealer --config /tmp/agent.yaml 2>/tmp/sealer.log &
	sealer=$!
	wait_until test -S /tmp/run/events.sock || { cat /tmp/sealer.log; return 1; }
	swornlog-collector --config /tmp/agent.yaml 2>/tmp/collector.log &
	collector=$!
	wait_until grep -q 'is connected' /tmp/sealer.log || { cat /tmp/sealer.log /tmp/collector.log; return 1; }
}

# Events, so that batches are sealed, until the watcher has seen enough keys come and go.
seal_many() {
	mkfifo /tmp/go
	key_watch /disk/state 40 <>/tmp/go >/tmp/keys 2>/tmp/watch &
	watcher=$!
	n=0
	until grep -q enough /tmp/watch || [ $n -ge 2000 ]; do
		: >/disk/file
		rm /disk/file
		[ ! -e /leak ] || [ $((n % 10)) != 9 ] || cp /disk/state/keys /disk/leaked.$n
		n=$((n + 1))
		sleep 0.01
	done
	sync && rm -f /disk/leaked.*
	grep -q enough /tmp/watch
}

end() {
	kill $collector && wait $collector
	kill $sealer && wait $sealer
	echo >/tmp/go
	wait $watcher && sync && cat /tmp/keys
}

# It knows when its keys would stay.
warns_where_it_must() {
	case " $(grep ' /disk ' /proc/mounts) " in
	*data=journal*) grep -q 'may stay on the disk.*ext4 data=journal' /tmp/sealer.log ;;
	*) ! grep 'may stay on the disk' /tmp/sealer.log ;;
	esac
}

check "a host is enrolled" make_fleet
check "it is configured" configure
check "its sealer and collector start" start
check "it warns of a disk that keeps what is overwritten, and of no other" warns_where_it_must
check "forty batches are sealed" seal_many
check "they end, and the keys that were used are known" end
ls -l /disk/spool | grep -c batch
exit "$failed"
