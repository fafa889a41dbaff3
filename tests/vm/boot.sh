#!/bin/bash
# boot.sh: boots a virtual machine under software emulation, passes its job's output on as it comes, and ends with
# its job's exit status; 124 when the time was over, 125 when the machine failed.
#   boot.sh -k KERNEL -i IMAGE [-d DISK]... [-t SECONDS] [-b BOOT_SECONDS] [-m MEGABYTES] \
#           [-a "KERNEL ARGUMENTS"] [-c CONSOLE_FILE] [-p QEMU_PID_FILE]
# DISKs are raw images or nbd:... addresses, /dev/vda and on; their image needs the modules virtio_pci and virtio_blk.
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/harness.sh"

kernel='' image='' disks=() limit_s=120 memory_mb=768 arguments='' console='' pid_file=''
# A boot takes 2 to 7 s, longer beside other work. About one in thirty hangs or panics before init has said a word, where the
# emulator was late with a timer or with the kernel's changes of its own code: those are tried again.
boots=3
boot_limit_s=45
power_off_limit_s=20
qemu_pid=''

usage() { die "usage: boot.sh -k KERNEL -i IMAGE [-d DISK]... [-t S] [-b S] [-m MB] [-a ARGUMENTS] [-c CONSOLE] [-p PID_FILE]"; }

stop_machine() {
	[ -n "$qemu_pid" ] || return 0
	kill -KILL "$qemu_pid" 2>/dev/null || true
	wait "$qemu_pid" 2>/dev/null || true
	qemu_pid=''
}

# Starts the machine with its second serial port on file descriptor 8.
start_machine() {
	local disk options=()
	for disk in "${disks[@]}"; do
		options+=(-drive "file=$disk,if=virtio,format=raw,cache=writeback")
	done
	exec 8< <(exec qemu-system-x86_64 -accel tcg,thread=multi -M q35 -cpu max -smp 2 -m "$memory_mb" -nodefaults \
		-no-user-config -display none -no-reboot -serial "file:$console" -serial stdio -kernel "$kernel/vmlinuz" \
		-initrd "$image" -append "console=ttyS0 quiet panic=-1 no_timer_check $arguments" "${options[@]}" </dev/null)
	qemu_pid=$!
	[ -z "$pid_file" ] || echo $qemu_pid >"$pid_file"
}

# Reads the machine's lines. Sets $outcome to hung or stillborn (init never spoke), late, died or ended, and $status when ended.
follow_machine() {
	local line code left_s deadline=$((SECONDS + boot_limit_s))
	outcome=hung status=''
	while left_s=$((deadline - SECONDS)) && [ "$left_s" -gt 0 ]; do
		code=0
		IFS= read -r -t "$left_s" line <&8 || code=$?
		[ "$code" -le 128 ] || return 0
		if [ "$code" != 0 ]; then
			case $outcome in hung) outcome=stillborn ;; late) outcome=died ;; esac
			return 0
		fi
		case $line in
		'swornlog-vm: up '*)
			outcome=late deadline=$((SECONDS + limit_s))
			say "$line"
			;;
		'swornlog-vm: exit '*)
			outcome=ended deadline=$((SECONDS + power_off_limit_s))
			status=${line#swornlog-vm: exit } status=${status%% *}
			say "$line"
			;;
		*) printf '%s\n' "$line" ;;
		esac
	done
}

run_machine() {
	start_machine
	follow_machine
	stop_machine
	exec 8<&-
}

show_console() {
	say "the last of its console:"
	tail -n 20 "$console" | tr -cd '\n\t -~' >&2
}

while getopts k:i:d:t:b:m:a:c:p: option; do
	case $option in
	k) kernel=$OPTARG ;;
	i) image=$OPTARG ;;
	d) disks+=("$OPTARG") ;;
	t) limit_s=$OPTARG ;;
	b) boot_limit_s=$OPTARG ;;
	m) memory_mb=$OPTARG ;;
	a) arguments=$OPTARG ;;
	c) console=$OPTARG ;;
	p) pid_file=$OPTARG ;;
	*) usage ;;
	esac
done
[ -n "$kernel" ] && [ -n "$image" ] || usage

need qemu-system-x86_64
scratch
trap 'stop_machine; rm -rf -- "$vm_scratch"' EXIT
trap 'exit 143' TERM
trap 'exit 130' INT
console=${console:-$vm_scratch/console}
started=$SECONDS
run_machine
while [ $((boots -= 1)) -gt 0 ] && { [ "$outcome" = hung ] || [ "$outcome" = stillborn ]; }; do
	say "the machine is $outcome; trying again"
	show_console
	run_machine
done
say "$outcome after $((SECONDS - started)) s"
case $outcome in
ended) exit "$status" ;;
late | hung)
	show_console
	exit 124
	;;
esac
show_console
exit 125
