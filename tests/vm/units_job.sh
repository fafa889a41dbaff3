#!/bin/sh
# Runs as a service in a machine whose first process is systemd: a fleet of one host, from the packages.
# systemd's own words go to the first serial port, these to the second.
exec >/dev/ttyS1 2>&1 </dev/null
# Without one of its steps the rest of the play says nothing, and the machine is slow: it ends there.
fail() {
	echo "not ok - $*"
	tail -n 20 /tmp/out
	journalctl --no-pager -o cat -u 'swornlog-*' | tail -n 60
	finish 1
}
finish() {
	echo "swornlog-vm: exit $1 $(cut -d ' ' -f 1 /proc/uptime)"
	systemctl poweroff --force --force
	exit
}
# check SENTENCE COMMAND...
check() {
	sentence=$1
	shift
	if "$@" >/tmp/out 2>&1; then echo "ok - $sentence"; else fail "$sentence"; fi
}
# Waits up to a minute: the machine is slow.
wait_until() {
	tries=0
	until "$@" >/tmp/out 2>&1; do
		tries=$((tries + 1))
		[ $tries -lt 120 ] || return 1
		sleep 0.5
	done
}
pid_of() { systemctl show -P MainPID "$1"; }
status_has() { grep -q "^$2:[[:space:]]*$3\$" "/proc/$(pid_of "$1")/status"; }
uid_is() { [ "$(stat -c %U "/proc/$(pid_of "$1")")" = "$2" ]; }
has_receipts() { grep -q '"receipts": [1-9]' /run/swornlog/sealer.status; }
saw() { swornlog show /var/lib/swornlog-sink/store 2>/dev/null | grep -q "$1"; }

found_and_enroll() {
	cd /root && swornlog fleet init fleet --fleet vm.example &&
		swornlog enroll request request --fleet vm.example --host vm &&
		swornlog enroll approve fleet request/request --out granted &&
		cp fleet/genesis fleet/ca.crt fleet/sink.crt fleet/sink.key fleet/fleet-log.key /etc/swornlog/ &&
		cp granted/enrol granted/host.crt request/host.key /etc/swornlog/ &&
		install -o swornlog-sealer -g swornlog-sealer -m 600 request/identity.key /var/lib/swornlog/sealer/ &&
		sed 's/^fleet: .*/fleet: vm.example/; s/^host: .*/host: vm/; s|^sink: .*|sink: https://127.0.0.1:8443|; s/^#audit_enable: false/audit_enable: true/' \
			/usr/share/swornlog/agent.yaml >/etc/swornlog/agent.yaml &&
		cp /usr/share/swornlog/sink.yaml /etc/swornlog/ &&
		systemd-tmpfiles --create
}

# The sink's certificate does for it too: it only has to be of an authority that whoever asks trusts.
make_witness() {
	swornlog-witness keygen --name vm.example/witness --key /etc/swornlog/witness.key --store /var/lib/swornlog-witness &&
		printf 'log %s\nquorum none\n' "$(sed -n 's/^log //p' /etc/swornlog/genesis)" >/etc/swornlog/policy &&
		cp /etc/swornlog/sink.crt /etc/swornlog/witness.crt && cp /etc/swornlog/sink.key /etc/swornlog/witness-tls.key &&
		cp /etc/swornlog/ca.crt /etc/swornlog/witness-clients.crt && cp /usr/share/swornlog/witness.yaml /etc/swornlog/ &&
		systemd-tmpfiles --create && systemctl start swornlog-witness
}

check 'without a configuration nothing runs' sh -c '! pgrep swornlog-'
check 'a fleet is founded and this host approved' found_and_enroll
check 'the server starts' systemctl start swornlog-server.target
check 'the sink listens' wait_until test -S /run/swornlog-sink/control.sock
check 'the enrolment is taken' swornlog enroll submit /etc/swornlog/enrol --control /run/swornlog-sink/control.sock
check 'the agent starts' systemctl start swornlog-agent.target
check 'a witness is made and starts' make_witness
check 'receipts come' wait_until has_receipts
check 'the collector is connected' wait_until grep -q '"collector": true' /run/swornlog/sealer.status

caps=$(printf '%016x' $(((1 << 39) | (1 << 38) | (1 << 37) | (1 << 30))))
check 'the collector has exactly four capabilities' status_has swornlog-collector CapEff "$caps"
check 'and could not get more' status_has swornlog-collector CapBnd "$caps"
for u in collector sealer shipper sink witness; do
	check "the $u is not root" uid_is swornlog-$u swornlog-$u
	check "the $u gains no privileges" status_has swornlog-$u NoNewPrivs 1
	check "the $u has a system call filter" status_has swornlog-$u Seccomp 2
done
for u in sealer shipper sink witness; do check "the $u has no capability" status_has swornlog-$u CapEff 0000000000000000; done
check 'the audit socket is systemd'"'"'s' systemctl is-active swornlog-audit.socket

echo secret >/root/the-marked-file
check 'a file event arrives in the store' wait_until saw the-marked-file
check 'the collector proves that it sees, and is heard by audit' wait_until sh -c 'grep -o "probes.: {[^}]*}" /run/swornlog/collector.status; [ "$(grep -o "probes.: {[^}]*}" /run/swornlog/collector.status | grep -o "\"ok\"" | wc -l)" = 5 ]'
check 'no unit has failed' sh -c 'test -z "$(systemctl --failed --no-legend "swornlog-*")"'
check 'none was started again' sh -c 'for u in collector sealer shipper sink witness; do [ "$(systemctl show -P NRestarts swornlog-$u)" = 0 ] || exit 1; done'
swornlog status --json --sink /run/swornlog-sink/control.sock >/tmp/status
for p in sealer shipper sink; do check "swornlog status finds the $p" grep -q "\"$p\"" /tmp/status; done
check 'its programs are pinned' sh -c 'ls /run/swornlog/bpf/*/link_* | grep -c . | grep -qv "^[0-3]$"'
check 'and posture knows' sh -c '! swornlog show --all --kind posture /var/lib/swornlog/spool | grep -q "what happens while there is no collector"'
systemctl stop swornlog-collector
echo secret >/root/while-there-was-none
systemctl start swornlog-collector
check 'what happens while the collector is stopped arrives' wait_until saw while-there-was-none
kill -KILL "$(pid_of swornlog-sealer)"
check 'a sealer that was killed is started again' wait_until sh -c '[ "$(systemctl show -P NRestarts swornlog-sealer)" -ge 1 ] && systemctl is-active swornlog-sealer'
echo secret >/root/the-second-file
check 'and what happens after that arrives' wait_until saw the-second-file
check 'the agent stops' systemctl stop swornlog-agent.target
# The target is stopped at once, its units one after the other.
check 'in order, with a goodbye' wait_until saw 'goodbye'
check 'nothing of it is left running' wait_until sh -c '! pgrep "swornlog-(col|sea|shi)"'
check 'the witness listens' sh -c 'ss -ltn 2>/dev/null | grep -q :8444 || grep -q ":20FC " /proc/net/tcp'
check 'and stops' systemctl stop swornlog-witness
check 'the server stops' systemctl stop swornlog-server.target
check 'the store verifies' swornlog verify --anchor /root/fleet/genesis /var/lib/swornlog-sink/store
finish 0
