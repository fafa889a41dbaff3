# Runs in the virtual machine: does one thing after another, under three settings of audit, and lists the types of the
# records that came of each.
. /checks.sh

sets_the_login_uid() { sh -c 'echo 1000 >/proc/self/loginuid'; }
changes_audit() { auditctl -b 200 >/dev/null; }
crashes() { sh -c 'kill -SEGV $$'; }
breaks_seccomp() { audit_probe seccomp; }
goes_promiscuous() { ip link set lo promisc on; ip link set lo promisc off; }
loads_a_module() { rmmod dummy; insmod /modules/dummy.ko; }
loads_bpf() { audit_probe bpf; }
sets_the_clock() { date -s "$(date '+%Y-%m-%d %H:%M:%S')" >/dev/null; }
sends_a_message() { audit_probe login mallory failed; }
executes() { /bin/busybox true; }
writes_a_file() { : >/tmp/written; }
mounts() { mount -t tmpfs none /mnt && umount /mnt; }

things='sets_the_login_uid changes_audit crashes breaks_seccomp goes_promiscuous loads_a_module loads_bpf sets_the_clock
sends_a_message executes writes_a_file mounts'

# types_of THING: the types that the kernel sent while it was done, as numbers; by a child, which is younger than audit.
# Without 1335, the listener's own arrival, and what comes along with any record of a process that has an audit context.
types_of() {
	audit_probe listen multicast 3 >/tmp/types 2>&1 &
	listener=$!
	wait_until grep -q listening /tmp/types
	(eval "$1") >/dev/null 2>&1
	wait "$listener"
	grep -o '[|] [0-9]* ' /tmp/types | tr -d '| ' | sort -u | grep -v -e 1300 -e 1327 -e 1335 | tr '\n' ' '
}

# table SETTING THING...
table() {
	setting=$1
	shift
	for thing in "$@"; do
		types=$(types_of "$thing")
		echo "$setting $(uname -r | cut -d . -f 1,2) $thing: ${types:-nothing}"
		echo "$thing $types" >>"/tmp/table.$setting"
	done
}
has() { grep -q "^$2 .*$3" "/tmp/table.$1"; }
hasnt() { ! has "$@"; }

mkdir -p /mnt
table off sends_a_message breaks_seccomp sets_the_login_uid
auditctl -a never,task >/dev/null
auditctl -e 1 >/dev/null
table never $things
auditctl -D >/dev/null
table on $things

check "audit that is off reports no message of programs" hasnt off sends_a_message 1112
check "with never,task logins and messages are reported" has never sends_a_message 1112
check "and who logs in" has never sets_the_login_uid 1006
check "and changes of audit" has never changes_audit 1305
check "and crashes" has never crashes 1701
check "without never,task no exec is reported either" hasnt on executes 1309
check "nor a file" hasnt on writes_a_file 1302
check "nor a mount" hasnt on mounts 1300
exit "$failed"
