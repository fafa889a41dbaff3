#!/bin/bash
# debian_base.sh NAME PACKAGE,...: a Debian of the least size with these packages, made once from the mirror that apt is
# configured with and kept in ~/.cache/swornlog; prints the tar's path. debootstrap checks each package against the
# suite's signed index.
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/harness.sh"

[ $# = 2 ] || die "usage: debian_base.sh NAME PACKAGE,..."
base=${XDG_CACHE_HOME:-$HOME/.cache}/swornlog/$1.tar
packages=$2
need debootstrap
scratch

make_base() {
	[ "$(id -u)" = 0 ] || die "debootstrap is for root"
	say "making a Debian to run in (once, about a minute)"
	debootstrap --variant=minbase --include="$packages" bookworm "$vm_scratch/base" >"$vm_scratch/log" 2>&1 || {
		tail -n 20 "$vm_scratch/log" >&2
		die "debootstrap failed"
	}
	rm -rf "$vm_scratch"/base/var/cache/apt/archives/*.deb "$vm_scratch"/base/var/lib/apt/lists/* \
		"$vm_scratch"/base/usr/share/{doc,man,locale}
	tar -C "$vm_scratch/base" -cf "$base.tmp" . && echo "$packages" >"$base.packages" && mv "$base.tmp" "$base"
}

mkdir -p "$(dirname "$base")"
# Two runs at once make it once.
exec 9>"$base.lock"
flock 9
[ -e "$base" ] && [ "$(cat "$base.packages" 2>/dev/null)" = "$packages" ] || make_base
echo "$base"
