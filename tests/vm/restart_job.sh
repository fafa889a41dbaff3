# Runs in the virtual machine: a collector that keeps its programs in the kernel and sees files by kernel objects, which
# programs are not kept, is killed while files change, and another takes its place.
. /checks.sh

# start N: the Nth sealer and collector; what it tells goes to /tmp/frames.N.
start() {
	frames=/tmp/frames.$1
	intake_probe "/tmp/events.$1" >"$frames" 2>&1 &
	wait_until grep -q listening "$frames" || return 1
	swornlog-collector --events-socket "/tmp/events.$1" --audit off --pins /sys/fs/bpf/swornlog --verbose 2>"/tmp/log.$1" &
	collector=$!
	for _ in 1 2 3; do wait_until grep -q '^posture' "$frames" && return; done
	cat "/tmp/log.$1"
	return 1
}
on_kernel_objects() { grep -q '^posture.*\[lsm/path_rename,8,1\].*\[fexit/vfs_rename,4,1\]' "$frames"; }
# Everything up to here has arrived.
settle() {
	mkdir "/tmp/point$1" && wait_until grep -q "^event mkdir .* 0=/tmp/point$1 " "$frames"
}
act() {
	: >"/tmp/world/$1" && chmod 640 "/tmp/world/$1" && mv "/tmp/world/$1" "/tmp/world/moved$1" && ln "/tmp/world/moved$1" "/tmp/world/linked$1" &&
		rm "/tmp/world/moved$1" && mkdir "/tmp/world/dir$1" && rmdir "/tmp/world/dir$1" && ln -s x "/tmp/world/sym$1"
}
# Until /tmp/enough is there; how often to /tmp/acted.
acts() {
	n=0
	while [ ! -e /tmp/enough ]; do
		n=$((n + 1))
		act $n
	done
	echo $n >/tmp/acted
}
begins() {
	mkdir /tmp/world && start 1 && on_kernel_objects && settle 1 || return 1
	acts &
	actor=$!
	sleep 3
}
is_killed() {
	kill -KILL "$collector"
	wait "$collector"
	sleep 3
	start 2 && on_kernel_objects && grep -q '^resumed' /tmp/frames.2 && sleep 3 && : >/tmp/enough && wait $actor && settle 2
}
# kind path, one a line, of what was told of the world.
told() { sed -n 's,^event \([a-z]*\) .* 0=\(/tmp/world/[a-z0-9]*\) .*,\1 \2,p' /tmp/frames.1 /tmp/frames.2 | grep -v '^close '; }
done_acts() {
	for n in $(seq "$(cat /tmp/acted)"); do
		w=/tmp/world
		printf '%s\n' "open $w/$n" "chmod $w/$n" "rename $w/$n" "link $w/moved$n" "unlink $w/moved$n" "mkdir $w/dir$n" "rmdir $w/dir$n" "symlink $w/sym$n"
	done
}
bound() { sed -n 's/^loss collector_down upper_bound .* count=//p' /tmp/frames.2 | awk '{ sum += $1 } END { print sum + 0 }'; }
nothing_twice() { told | sort >/tmp/told && done_acts | sort >/tmp/done && uniq -d /tmp/told | head -n 5 >/tmp/twice && cat /tmp/twice && [ ! -s /tmp/twice ]; }
# The lines that only the second file has.
only_in_second() { sort "$1" "$1" "$2" | uniq -u; }
nothing_invented() { only_in_second /tmp/done /tmp/told | head -n 5 >/tmp/invented && cat /tmp/invented && [ ! -s /tmp/invented ]; }
all_is_told_or_declared() {
	missing=$(only_in_second /tmp/told /tmp/done | wc -l) declared=$(bound)
	echo "    of $(wc -l </tmp/done) acts $missing are missing, at most $declared were declared lost"
	only_in_second /tmp/told /tmp/done | head -n 5
	[ "$missing" -le "$declared" ] && [ "$declared" -lt "$(cat /tmp/acted)" ]
}
by_both_tiers() { [ -n "$(grep -h '^event mkdir sensors=2 .*/tmp/world/' /tmp/frames.2)" ] && [ -n "$(grep -h '^event mkdir sensors=12 .*/tmp/world/' /tmp/frames.2)" ]; }
says_what_is_not() { grep -q '^posture.*while\\x20there\\x20is\\x20no\\x20collector:\\x20close-after-write' /tmp/frames.2; }
stops() {
	kill "$collector" && wait "$collector" && wait_until grep -q '^goodbye' /tmp/frames.2 || return 1
	grep -h '^loss' /tmp/frames.1 /tmp/frames.2
	! grep -h '^loss' /tmp/frames.1 /tmp/frames.2 | grep -v 'upper_bound'
}

check "a collector sees files by kernel objects, with its programs pinned" begins
check "it is killed, and another goes on from there" is_killed
check "no act is told twice" nothing_twice
check "and none that was not done" nothing_invented
check "each is told, or was on its way and is declared" all_is_told_or_declared
check "the system calls told of those in between, kernel objects of those after" by_both_tiers
check "posture says what nobody sees in between" says_what_is_not
check "no other loss is declared" stops
exit "$failed"
