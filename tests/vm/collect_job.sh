# Runs in the virtual machine: the collector against a listening sealer, on a real kernel.
. /checks.sh

seen() { grep -q -- "$1" /tmp/frames; }
arrives() { wait_until seen "$1" || { echo "not seen: $1"; tail -n 5 /tmp/frames; return 1; }; }

# start RULES
start() {
	rm -f /tmp/events.sock
	intake_probe /tmp/events.sock >/tmp/frames 2>&1 &
	wait_until seen listening || return 1
	mkdir -p /tmp/phi/deep /tmp/scratch && echo data >/tmp/phi/deep/file && echo data >/tmp/free
	printf 'watch:\n  - label: phi\n    paths: [/tmp/phi]\nexclude:\n  - reason: scratch\n    paths: [/tmp/scratch]\n%s' "$1" >/tmp/rules
	swornlog-collector --events-socket /tmp/events.sock --collect /tmp/rules --audit off --verbose 2>/tmp/log &
	collector=$!
	# Under emulation, beside other work, loading and trying takes its time.
	wait_until seen '^posture' || wait_until seen '^posture' || wait_until seen '^posture' || { cat /tmp/log; return 1; }
	grep -a '^posture' /tmp/frames
}

every_hook_is_on() {
	for hook in sched_process_exec sched_process_exit sched_process_fork sys_exit; do
		seen "^posture.*$hook,2,1\]" || { grep -B3 -A3 -m1 'END PROG LOAD' /tmp/log; tail -n 20 /tmp/log; return 1; }
	done
}

# kind tier, one a line; tiers as sensor bits: 8 LSM, 4 fentry, 2 tracepoint, 0 none.
tiers() { grep -a -m1 '^posture' /tmp/frames | sed 's/.* 8=\[//; s/\],\[/\n/g; s/[][]//g' | tr ',' ' '; }
tier_of() { tiers | awk -v kind="$1" '$1 == kind { print $2 }'; }
tells_tiers() {
	tiers | sed 's/\\x20/ /g; s/^/    /'
	[ "$(tiers | wc -l)" = 13 ]
}
# What attaches and stays silent must not be chosen.
tiers_are_true() {
	case $(cat /proc/cmdline) in
	*ftrace_enabled=0*) [ -z "$(tiers | awk '$2 != 2 && $1 != 48 || $1 == 48 && $2 != 0')" ] ;;
	*)
		if grep -q bpf /sys/kernel/security/lsm; then rename=8; else rename=4; fi
		[ "$(tier_of 33)" = $rename ] && [ "$(tier_of 32)" -ge 4 ] && [ "$(tier_of 48)" -ge 4 ]
		;;
	esac
}
closes() {
	[ "$(tier_of 48)" != 0 ] || return 0
	: >/tmp/shut && arrives '^event close .* 0=/tmp/shut 5='
}
# One act, one event: not a second one from the system call, nor from below.
tells_once() {
	mkdir /tmp/once && mv /tmp/once /tmp/twice && rmdir /tmp/twice && arrives '^event rmdir .* 0=/tmp/twice 1=0 ' || return 1
	[ "$(grep -c '^event [mr][a-z]* .* 0=/tmp/\(once\|twice\) 1=0 ' /tmp/frames)" = 3 ]
}
# A name that bind() makes is told by the hooks alone; what mknod() then makes is told all the same.
tells_after_bind() {
	bind_mknod /tmp/bound /tmp/regular && arrives '^event mknod .* 0=/tmp/regular 1=0 '
}

finds_what_ran() { arrives '^event process .* 4=/bin/busybox .* 19=0'; }
exec_is_whole() { sh -c 'exec /bin/busybox true one "two words" ""' && arrives '^event exec .* 4=/bin/busybox 5=\[/bin/busybox,true,one,two\\x20words,\] 6=/ '; }
# The executable's SHA-256: given where the kernel has what it takes, and then right; posture says where it is not.
should_hash() {
	case $(uname -r)$(cat /proc/cmdline) in
	5.* | *ftrace_enabled=0*) return 1 ;;
	esac
	grep -q bpf /sys/kernel/security/lsm
}
says_hashes() {
	should_hash || { seen '^posture.*[[,]SHA-256\\x20of\\x20executables[],]'; return; }
	seen '^posture.*gave\\x20the\\x20right\\x20SHA-256' && ! seen '^posture.*SHA-256\\x20of\\x20executables[],]'
}
# hashed FILE: its exec tells the hash of what it holds now.
hashed() {
	"$1" true && arrives "^event exec .* 4=$1 .* 28=$(sha256sum "$1" | cut -c 1-64)"
}
executable_is_hashed() {
	should_hash || { ! seen '^event exec .* 28='; return; }
	mkdir /tmp/hash && cp /bin/busybox /tmp/hash/busybox && hashed /tmp/hash/busybox || return 1
	# In one tick of the clock, in place; then by another file.
	printf x >>/tmp/hash/busybox && hashed /tmp/hash/busybox || return 1
	cp /bin/busybox /tmp/hash/new && printf y >>/tmp/hash/new && mv /tmp/hash/new /tmp/hash/busybox &&
		hashed /tmp/hash/busybox || return 1
	printf '#!/bin/busybox sh\n' >/tmp/hash/script && chmod 755 /tmp/hash/script && /tmp/hash/script &&
		arrives "^event exec .* 4=/bin/busybox .* 22=/tmp/hash/script .* 28=$(sha256sum /bin/busybox | cut -c 1-64)"
}
hundredths() { sed 's/ .*//; s/\.//' /proc/uptime; }
# Run it. The seconds that it took, in hundredths.
takes() {
	from=$(hundredths) && "$1" true && echo $(($(hundredths) - from))
}
# 40 s after its last change a hash is kept, until the next change.
hash_is_kept() {
	should_hash || return 0
	cp /bin/busybox /tmp/hash/busybox32 && truncate -s 33554432 /tmp/hash/busybox32 && date -s "@$(($(date +%s) + 100))" >/dev/null &&
		first=$(takes /tmp/hash/busybox32) && second=$(takes /tmp/hash/busybox32) || return 1
	echo "    32 MiB: $first, then $second hundredths of a second"
	[ "$second" -lt $((first / 2)) ] && hashed /tmp/hash/busybox32 || return 1
	# Of the same size and age.
	touch -r /tmp/hash/busybox32 /tmp/hash/age && printf x | dd of=/tmp/hash/busybox32 bs=1 seek=33554431 conv=notrunc 2>/dev/null &&
		touch -r /tmp/hash/age /tmp/hash/busybox32 && hashed /tmp/hash/busybox32
}
creates() { : >/tmp/made && arrives '^event open .* 0=/tmp/made 1=[0-9]* .* 6='; }
changes() {
	chmod 4755 /tmp/made && arrives '^event chmod .* 0=/tmp/made 1=0 4=2541 ' &&
		mv /tmp/made /tmp/moved && arrives '^event rename .* 0=/tmp/made 1=0 2=/tmp/moved ' &&
		rm /tmp/moved && arrives '^event unlink .* 0=/tmp/moved 1=0 '
}
fails() { ! rmdir /tmp/none 2>/dev/null && arrives '^event rmdir .* 0=/tmp/none 1=-2 '; }
reads() {
	cat /tmp/free /tmp/phi/deep/file >/dev/null && arrives '^event read .* 0=/tmp/phi/deep/file 1=0 .* 18=\[phi\]' || return 1
	! seen '^event read .*/tmp/free'
}
excludes() {
	: >/tmp/scratch/x && : >/tmp/scratch/y && : >/tmp/after && arrives '^event open .* 0=/tmp/after ' &&
		arrives '^counts .* filtered=[2-9]' && ! seen '^event open .* 0=/tmp/scratch/'
}
relative() { (cd /tmp && mkdir relative) && arrives '^event mkdir .* 0=/tmp/relative 1=0 '; }
deep() {
	(
		cd /tmp && for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do
			mkdir d$i && cd d$i
		done
		: >leaf
	) && arrives '^event open .* 0=/tmp/d1/d2/.*/d29/d30/leaf 1='
}
mounted() { mkdir /tmp/m && mount -t tmpfs none /tmp/m && : >/tmp/m/x && arrives '^event open .* 0=/tmp/m/x 1='; }
# What must not be done to the machine that runs the tests.
modules() {
	rmmod virtio_blk && arrives '^event module_unload .* 1=0 .* 9=virtio_blk ' &&
		insmod /modules/virtio_blk.ko && arrives '^event module_load .* 0=/modules/virtio_blk.ko 1=0 .* 18=1$' &&
		echo no module >/tmp/made2 && ! insmod /tmp/made2 2>/dev/null && arrives '^event module_load .* 0=/tmp/made2 1=-[0-9]* '
}
clock() {
	now=$(date +%s)
	date -s "@$now" >/dev/null && arrives "^event time .* 1=0 .* 35=\\[$now,0\\]"
}
mounts() {
	mkdir -p /tmp/m2 && mount -t tmpfs source /tmp/m2 && arrives '^event mount .* 0=/tmp/m2 1=0 2=source 3=[0-9]* 9=tmpfs ' &&
		umount /tmp/m2 && arrives '^event umount .* 0=/tmp/m2 1=0 '
}
exec_fails() { ! /tmp/none/x 2>/dev/null && arrives '^event exec_failed .* 0=/tmp/none/x 1=-2 .* 22=\[/tmp/none/x\]'; }
exits() {
	sh -c 'exit 9' || true
	arrives '^event exit .* 0=9$'
}
stops() {
	kill "$collector" && wait "$collector" && arrives '^goodbye' || return 1
	tail -n 2 /tmp/frames
	! seen '^malformed' && ! losses
}

throttled='throttle:
  events_per_second: 5
  burst: 20
'
# Opens, and closes where a tier sees them: of $1 files how many events?
events_of() { if [ "$(tier_of 48)" = 0 ]; then echo "$1"; else echo $((2 * $1)); fi; }
# write_times N FILE
write_times() {
	i=0
	while [ $i -lt "$1" ]; do
		: >"$2"
		i=$((i + 1))
	done
}
told_of() { grep -c "^event [a-z]* .* 0=$1 " /tmp/frames; }
# A cgroup floods, reads and writes labelled data meanwhile, and is quiet.
floods() {
	mkdir -p /sys/fs/cgroup/flood /tmp/flood && mkfifo /tmp/go && exec 5>/dev/null || return 1
	(
		read -r _ </tmp/go
		write_times 500 /tmp/flood/x
		cat /tmp/phi/deep/file >&5
		write_times 40 /tmp/phi/deep/written
		write_times 500 /tmp/flood/x
	) &
	flooder=$!
	echo $flooder >/sys/fs/cgroup/flood/cgroup.procs && echo go >/tmp/go && wait $flooder
}
throttle_stops() { arrives "^event throttle .* 0=1 1=$(stat -c %i /sys/fs/cgroup/flood) 2=5 3=20 "; }
throttles_exactly() {
	floods && throttle_stops || return 1
	id=$(stat -c %i /sys/fs/cgroup/flood)
	[ "$(grep -c "^event throttle .* 0=0 1=$id 2=5 3=20" /tmp/frames)" = 1 ] || return 1
	left=$(sed -n "s/^event throttle .* 0=1 1=$id 2=5 3=20 4=\([0-9]*\) .*/\1/p" /tmp/frames)
	told=$(told_of /tmp/flood/x) all=$(events_of 1000)
	echo "    of $all events $told were told and $left left out"
	[ "$left" -gt 0 ] && [ $((told + left)) = "$all" ]
}
spares_labelled() { seen '^event read .* 0=/tmp/phi/deep/file ' && [ "$(told_of /tmp/phi/deep/written)" = "$(events_of 40)" ]; }
excludes_exactly() {
	write_times 200 /tmp/scratch/z && stops || return 1
	grep -q "left out by exclusion 1 (scratch): $(events_of 200) events" /tmp/log || {
		grep 'left out' /tmp/log
		return 1
	}
}
accounts_are_exact() {
	grep '^counts' /tmp/frames | tail -n 1
	grep '^counts' /tmp/frames | tail -n 1 | tr '=' ' ' | awk '{ exit !($3 == $5 + $7 + $9 && $7 == 0) }'
}

# Newer kernels skip a program that they preempted: the collector can only say how often.
losses() { grep '^loss' /tmp/frames | grep -v '^loss kernel_skipped upper_bound'; }

check "the collector starts" start ""
check "every tracepoint program loads" every_hook_is_on
check "posture names the tier of each kind, and why" tells_tiers
check "no tier is in force that does not fire" tiers_are_true
check "an exec is whole" exec_is_whole
check "posture says whether executables are hashed" says_hashes
check "an exec has the hash of what is executed" executable_is_hashed
check "a hash is kept until the file changes" hash_is_kept
check "a file is created" creates
check "changes of a file are seen" changes
check "a failure is seen" fails
check "a labelled read is seen, and no other" reads
check "an excluded event is counted and not told" excludes
check "a relative path is made absolute" relative
check "a deep path is whole" deep
check "a close after writing is seen where a tier sees it" closes
check "each act is told once" tells_once
check "an act that no call asked for hides none after it" tells_after_bind
check "a path crosses a mount" mounted
check "an exec that fails is seen" exec_fails
check "a module that comes or goes is seen" modules
check "a clock that is set is seen" clock
check "a mount and its end are seen" mounts
check "an exit has its code" exits
check "what ran before is known by its executable" finds_what_ran
check "it takes leave, and nothing was lost" stops
check "it starts with a throttle" start "$throttled"
check "a throttled cgroup has a start, a stop, and the exact count between" throttles_exactly
check "labelled data is told whatever the throttle" spares_labelled
check "an exclusion counts exactly, and its events are not throttled" excludes_exactly
check "what was emitted is what was sent, filtered and lost" accounts_are_exact
exit "$failed"
