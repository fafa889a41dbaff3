#!/bin/bash
# power_cut.sh BUILD [KERNEL_NAME [ROUNDS]]: the power goes while a sink and an agent write, again and again on the same
# disks, and what was receipted before is in the store afterwards.
# The disks are nbdkit's, with a write cache that is lost with the power: what the machine did not flush never was.
# The machine tells each receipt as it comes; SEED says when the power goes.
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/harness.sh"

[ $# -ge 1 ] || die "usage: power_cut.sh BUILD [KERNEL_NAME [ROUNDS]]"
build=$1 kernel_name=${2:-6.1} rounds=${3:-3}
seed=${SEED:-$RANDOM}
names=(agent sink control)
disk_pids=()
boot_pid=''

check() { # WORDS COMMAND...
	local words=$1
	shift
	if "$@"; then
		echo "ok - $words"
	else
		echo "not ok - $words"
		failures=$((failures + 1))
	fi
}

make_fleet() {
	"$build/swornlog" fleet init fleet --fleet vm.example --sink-name localhost,127.0.0.1 &&
		"$build/swornlog" enroll request request --fleet vm.example --host vm &&
		"$build/swornlog" enroll approve fleet request/request --out granted
}

fill_sink() {
	mkdir -p sink.root/etc sink.root/store
	cp fleet/{genesis,ca.crt,sink.crt,sink.key,fleet-log.key} sink.root/etc/
	cat >sink.root/etc/sink.yaml <<-END
		store: /sink/store
		listen: 127.0.0.1:8443
		certificate: /sink/etc/sink.crt
		key: /sink/etc/sink.key
		ca: /sink/etc/ca.crt
		genesis: /sink/etc/genesis
		log_key: /sink/etc/fleet-log.key
		control: /sink/sink.sock
		journal_max_mib: 1
		min_free_mib: 1
	END
}

fill_agent() {
	mkdir -p agent.root/etc agent.root/state
	cp granted/{enrol,host.crt} fleet/{genesis,ca.crt} request/host.key agent.root/etc/
	cp request/identity.key agent.root/state/
	cat >agent.root/etc/agent.yaml <<-END
		fleet: vm.example
		host: vm
		state: /agent/state
		spool: /agent/spool
		run: /tmp/run
		sink: https://127.0.0.1:8443
		certificate: /agent/etc/host.crt
		key: /agent/etc/host.key
		ca: /agent/etc/ca.crt
		genesis: /agent/etc/genesis
		enrol: /agent/etc/enrol
		seal_interval_ms: 100
		audit_enable: true
		collector_user: 61101
		sealer_user: 61102
		shipper_user: 61103
		group: 61100
	END
}

make_disks() {
	local name
	for name in sink agent; do
		mkfs.ext4 -q -E lazy_itable_init=0,lazy_journal_init=0,root_owner=0:0 -d $name.root $name.disk 96M >/dev/null
	done
	truncate -s 1M control.disk
}

start_disks() {
	local name
	disk_pids=()
	for name in "${names[@]}"; do
		rm -f "$name.sock"
		nbdkit -f --exit-with-parent -U "$name.sock" --filter=cache file "$name.disk" cache=writeback cache-min-block-size=4096 &
		disk_pids+=($!)
	done
	for name in "${names[@]}"; do
		until [ -S "$name.sock" ]; do sleep 0.05; done
	done
}

cut_power() {
	local qemu=''
	[ ! -s qemu.pid ] || qemu=$(cat qemu.pid)
	kill -KILL "${disk_pids[@]}" $qemu 2>/dev/null || true
	wait "${disk_pids[@]}" 2>/dev/null || true
	disk_pids=()
	[ -z "$boot_pid" ] || wait "$boot_pid" 2>/dev/null || true
	boot_pid=''
	rm -f qemu.pid
}

boot() { # ARGUMENTS
	local name drives=()
	for name in "${names[@]}"; do drives+=(-d "nbd:unix:$vm_scratch/$name.sock"); done
	"$vm_dir/boot.sh" -k "$kernel" -i image -p qemu.pid -t 90 -a "$1" "${drives[@]}"
}

receipts() { sed -n 's/^receipt: //p' out.* | base64_lines; }
# The machine's last line may have been cut.
base64_lines() { while IFS= read -r line; do printf '%s' "$line" | base64 -d >/dev/null 2>&1 && echo "$line"; done; }

# Works until there are some receipts, and a random while longer.
work_and_cut() {
	local round=$1 before=$SECONDS
	: >out."$round"
	boot cut=1 >out."$round" 2>&1 &
	boot_pid=$!
	until [ "$(grep -c '^receipt: ' out."$round")" -ge 5 ]; do
		kill -0 $boot_pid 2>/dev/null && [ $((SECONDS - before)) -lt 120 ] || return 1
		sleep 0.1
	done
	sleep "$((RANDOM % 3)).$((RANDOM % 10))"
	cut_power
	grep '^not ok - ' out."$round" && return 1
	return 0
}

# The store as the power cut has left it, before a sink mends anything.
kept_every_receipt() {
	local copy=cut.disk status=0
	cp --sparse=always sink.disk $copy
	e2fsck -fy $copy >e2fsck.log 2>&1 || status=$?
	[ "$status" -le 1 ] || { tail -n 5 e2fsck.log && return 1; }
	rm -rf store
	debugfs -R 'rdump /store .' $copy 2>/dev/null
	receipts | "$vm_dir/receipts_check.py" fleet/genesis store
}

cache_was_lost() { grep -qa 'control: flushed' control.disk && ! grep -qa 'control: not flushed' control.disk; }

one_round() {
	start_disks
	check "round $1: receipts come until the power goes" work_and_cut "$1"
	cut_power
	check "round $1: the disks kept what was flushed, and nothing else" cache_was_lost
	check "round $1: every receipt's entries are in the store" kept_every_receipt
	truncate -s 0 control.disk
	truncate -s 1M control.disk
}

last_boot() {
	local status=0
	start_disks
	boot '' >out.last 2>&1 || status=$?
	rm qemu.pid
	cut_power
	grep -v '^receipt: ' out.last
	return $status
}

all_checks() {
	local round
	failures=0
	RANDOM=$seed
	echo "SEED=$seed"
	for round in $(seq "$rounds"); do one_round "$round"; done
	check "the machine goes on after the last cut, and ends" last_boot
	check "every receipt of all rounds is in the store at the end" kept_every_receipt
	[ $failures = 0 ]
}

need busybox cpio debugfs e2fsck mkfs.ext4 nbdkit qemu-system-x86_64 setpriv
programs=()
for program in swornlog swornlog-{agent,collector,sealer,shipper,sink}; do
	[ -x "$build/$program" ] || die "$build/$program is missing; run make"
	programs+=("$(readlink -f "$build/$program")")
done
build=$(readlink -f "$build")
scratch
trap 'cut_power; rm -rf -- "$vm_scratch"' EXIT
cd "$vm_scratch"
kernel=$("$vm_dir/fetch_kernel.sh" "$kernel_name")
"$vm_dir/mkimage.sh" -k "$kernel" -o "$vm_scratch/image" -j "$vm_dir/power_cut_job.sh" -m virtio_pci -m virtio_blk -m ext4 \
	"${programs[@]}" setpriv
make_fleet >fleet.log 2>&1 || { cat fleet.log && die "the fleet could not be made"; }
fill_sink
fill_agent
make_disks
tally all_checks
