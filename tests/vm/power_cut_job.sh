# Runs in the virtual machine, again and again on the same disks: a sink on one and an agent on the other. With cut=1 on
# the kernel's command line it works until the power goes; otherwise it ends in an orderly way and has the store verified.
. /checks.sh

sink_user=61104
mkdir -p /agent /sink

mount_disks() {
	wait_until test -b /dev/vdc && mount -t ext4 /dev/vda /agent && mount -t ext4 /dev/vdb /sink || return 1
	chown 61103 /agent/etc/host.key
	chown -R $sink_user:$sink_user /sink
}

# What a disk keeps when the power goes: block 0 is flushed, block 8 is written and not flushed.
write_control() {
	echo "swornlog control: flushed" | dd of=/dev/vdc bs=4096 conv=sync,fsync 2>/dev/null
	echo "swornlog control: not flushed" | dd of=/dev/vdc bs=4096 seek=8 conv=sync,notrunc 2>/dev/null
}

start_sink() {
	/bin/setpriv --reuid $sink_user --regid $sink_user --clear-groups --no-new-privs swornlog-sink --config /sink/etc/sink.yaml 2>/tmp/sink.log &
	sink=$!
	wait_until grep -q 'listening on' /tmp/sink.log || {
		cat /tmp/sink.log
		return 1
	}
	[ -e /agent/spool/receipt ] || swornlog enroll submit /agent/etc/enrol --control /sink/sink.sock || echo "enrolled already"
}

start_agent() {
	swornlog-agent --config /agent/etc/agent.yaml 2>/tmp/agent.log &
	agent=$!
	wait_until grep -q 'collector .* is connected' /tmp/agent.log || {
		cat /tmp/agent.log
		return 1
	}
}

# Files, and programs with arguments that don't compress, so that the sink's journals fill up and become segments.
act() {
	n=0
	while :; do
		n=$((n + 1))
		busybox true "$(head -c 20000 /dev/urandom | base64 -w 0)"
		for i in 1 2 3 4 5 6 7 8 9 10; do : >/tmp/act.$n.$i; done
		rm /tmp/act.$n.*
	done
}

# Each receipt that the sealer holds, as soon as it is there.
tell_receipts() {
	last=''
	while :; do
		now=$(base64 -w 0 /agent/spool/receipt 2>/dev/null)
		[ "$now" = "$last" ] || echo "receipt: $now"
		last=$now
		sleep 0.05
	done
}

is_receipted_anew() { ! cmp -s /agent/spool/receipt /tmp/receipt; }
work_on() {
	cp /agent/spool/receipt /tmp/receipt && wait_until is_receipted_anew
}

stop() {
	kill "$1"
	wait "$1"
}
stop_all() {
	kill $load $teller
	stop $agent && stop $sink || {
		tail -n 20 /tmp/agent.log /tmp/sink.log
		return 1
	}
}

verified() {
	swornlog verify --anchor /agent/etc/genesis /sink/store >/tmp/verdict 2>&1
	status=$?
	grep -v '^loss ' /tmp/verdict
	[ $status = 0 ] && grep -qE '^verified; (declared: [0-9]+ loss(es)?; )?sink on the same machine; no witness' /tmp/verdict || {
		cat /tmp/agent.log /tmp/sink.log
		return 1
	}
}
one_epoch() { [ "$(awk '$1 == "vm" { print $4 }' /tmp/verdict)" = 1 ]; }

check "the disks are mounted" mount_disks
grep -qw cut=1 /proc/cmdline && write_control
check "the sink starts" start_sink
check "the agent starts" start_agent
act &
load=$!
tell_receipts &
teller=$!
if grep -qw cut=1 /proc/cmdline; then
	wait $agent
	cat /tmp/agent.log /tmp/sink.log
	exit 1
fi
check "the host log goes on" work_on
check "both end in an orderly way" stop_all
check "the store is verified, with nothing but declared losses" verified
check "all cuts lie in one epoch" one_epoch
exit "$failed"
