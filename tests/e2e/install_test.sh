#!/bin/bash
# What `make install` lays down: the units are sound and as closed as they are meant to be, the samples are understood.
# Installs into a folder of its own.   usage: [BIN=build/opt] tests/e2e/install_test.sh
set -u
cd "$(dirname "$0")/../.." || exit 1
bin=$(realpath "${BIN:-build/opt}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

# check SENTENCE COMMAND...: the command succeeds.
check() {
	local sentence=$1
	shift
	if "$@" >"$work/out" 2>&1; then
		passed=$((passed + 1))
		echo "ok - $sentence"
	else
		failed=$((failed + 1))
		echo "not ok - $sentence"
		sed 's/^/#   /' "$work/out"
	fi
}

quiet() { local out; out=$("$@" 2>&1) && [ -z "$out" ] || { echo "$out"; return 1; }; }
at_most() {
	local level
	level=$(systemd-analyze security --offline=true --no-pager --root="$root" "$1" | sed -n 's/.*exposure level for [^:]*: \([0-9.]*\) .*/\1/p')
	awk -v l="$level" -v m="$2" 'BEGIN { print l; exit !(l != "" && l <= m) }'
}
has_line() { grep -qxF -- "$2" "$root/usr/lib/systemd/system/$1"; }
understood() { # PROGRAM CONFIG: it gets beyond reading its configuration
	"$bin/$1" --config "$2" 2>&1 | tee "$work/said" | grep -q "^$1: $2" && { cat "$work/said"; return 1; }
	[ "${PIPESTATUS[0]}" != 2 ]
}

root=$work/root
check 'it installs' make -s BUILD="$(dirname "$bin")" install DESTDIR="$root"
for p in bin/swornlog sbin/swornlog-{agent,collector,sealer,shipper,sink,witness}; do
	check "$p is there" test -x "$root/usr/$p"
done
for p in swornlog.1 swornlog-{agent,sink,collector,sealer,shipper,witness}.8; do
	check "$p is there" test -s "$root/usr/share/man/man${p##*.}/$p"
done
check 'another prefix is followed' make -s BUILD="$(dirname "$bin")" install DESTDIR="$work/other" PREFIX=/opt/swornlog
check 'by the units too' grep -q '^ExecStart=/opt/swornlog/sbin/swornlog-sink ' "$work/other/opt/swornlog/lib/systemd/system/swornlog-sink.service"

if command -v systemd-analyze >/dev/null; then
	for t in basic sysinit shutdown network multi-user sockets local-fs paths slices timers; do
		cp "/usr/lib/systemd/system/$t.target" "$root/usr/lib/systemd/system/" 2>/dev/null || cp "/lib/systemd/system/$t.target" "$root/usr/lib/systemd/system/"
	done
	mkdir -p "$root/etc" "$root/bin"
	[ -e "$root/bin/sh" ] || install -m 755 /dev/null "$root/bin/sh"
	for unit in packaging/systemd/*; do
		unit=$(basename "$unit")
		case $unit in
		*.target | *.service | *.socket) check "$unit is sound" quiet systemd-analyze verify --man=no --root="$root" "$unit" ;;
		esac
	done
	check 'the collector is exposed by at most 1.8' at_most swornlog-collector.service 1.8
	check 'the sealer by at most 1.2' at_most swornlog-sealer.service 1.2
	check 'the shipper by at most 1.2' at_most swornlog-shipper.service 1.2
	check 'the sink by at most 1.2' at_most swornlog-sink.service 1.2
	check 'the registrar by at most 1.2' at_most swornlog-registrar.service 1.2
	check 'the witness by at most 1.2' at_most swornlog-witness.service 1.2
	check 'the users can be made' systemd-sysusers --root="$root"
	check 'three of the agent, one each of sink, registrar and witness' test "$(grep -c '^swornlog-' "$root/etc/passwd")" = 6
	check 'its folders can be made' systemd-tmpfiles --root="$root" --create --prefix=/var/lib/swornlog --prefix=/run/swornlog --prefix=/etc/swornlog
	check 'the keys'"'"' folder is closed' test "$(stat -c %a "$root/var/lib/swornlog/sealer")" = 700
	check 'the shipper may read the spool and not write' test "$(stat -c %a "$root/var/lib/swornlog/spool")" = 2750
else
	echo 'skip: no systemd-analyze here, so the units were not checked'
fi
check 'the collector has exactly four capabilities' has_line swornlog-collector.service 'CapabilityBoundingSet=CAP_BPF CAP_PERFMON CAP_AUDIT_READ CAP_AUDIT_CONTROL'
check 'the sealer has none' has_line swornlog-sealer.service 'CapabilityBoundingSet='
check 'the sealer has no network' has_line swornlog-sealer.service 'PrivateNetwork=yes'
check 'the shipper has none' has_line swornlog-shipper.service 'CapabilityBoundingSet='
check 'the shipper can'"'"'t write the spool' bash -c "! grep '^ReadWritePaths=.*spool' '$root/usr/lib/systemd/system/swornlog-shipper.service'"

check 'the sample for the agent is understood' understood swornlog-shipper "$root/usr/share/swornlog/agent.yaml"
check 'the sample for the sink is understood' understood swornlog-sink "$root/usr/share/swornlog/sink.yaml"
check 'the sample for the registrar is understood' understood swornlog-registrar "$root/usr/share/swornlog/registrar.yaml"
check 'the sample for the witness is understood' understood swornlog-witness "$root/usr/share/swornlog/witness.yaml"
# A key that stands commented out must be one, with its value.
sed 's/^#\([a-z_]*:\)/\1/' "$root/usr/share/swornlog/agent.yaml" >"$work/agent.yaml"
sed 's/^#\([a-z_]*:\)/\1/' "$root/usr/share/swornlog/sink.yaml" >"$work/sink.yaml"
sed 's/^#\([a-z_]*:\)/\1/' "$root/usr/share/swornlog/registrar.yaml" >"$work/registrar.yaml"
sed 's/^#\([a-z_]*:\)/\1/' "$root/usr/share/swornlog/witness.yaml" >"$work/witness.yaml"
check 'and so is all that it has commented out' understood swornlog-shipper "$work/agent.yaml"
check 'in the others too' understood swornlog-sink "$work/sink.yaml"
check 'in the registrar'"'"'s' understood swornlog-registrar "$work/registrar.yaml"
check 'in each' understood swornlog-witness "$work/witness.yaml"

echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
