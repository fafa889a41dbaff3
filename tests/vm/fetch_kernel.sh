#!/bin/bash
# fetch_kernel.sh [NAME]: brings the kernel that tests/vm/kernels calls NAME (6.1 unless given) into the cache,
# extracted and not installed, and prints its folder: vmlinuz, release and modules/ (with its dependency lists).
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/harness.sh"

name=${1:-6.1}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/swornlog/kernels
parts='^linux-(image|binary|modules|base)-[0-9]'
apt=()

rows() { awk -v name="$name" '!/^#/ && $1 == name { print $2, $3, $4, $5 }' "$vm_dir/kernels"; }

# The site that apt is configured with for a suite of this sort: security has a site of its own.
source_line() {
	local suite=$1 security=0 keys=/usr/share/keyrings/debian-archive-keyring.gpg
	case $suite in *-security) security=1 ;; esac
	[ -r "$keys" ] && keys="[signed-by=$keys] " || keys=
	apt-get indextargets --format '$(SITE) $(RELEASE)' 'Created-By: Packages' |
		awk -v suite="$suite" -v security="$security" -v keys="$keys" '
			$1 !~ /debian/ || ($2 ~ /-security$/) != security || done { next }
			{ printf "deb %s%s %s main\n", keys, $1, suite; done = 1 }'
}

# A private apt state, so that no suite is added to the machine's own. apt checks the suite's signature.
open_suite() {
	local line root=$vm_scratch/apt
	line=$(source_line "$1")
	[ -n "$line" ] || die "apt knows no Debian mirror with a suite like $1"
	mkdir -p "$root"/{lists/partial,cache/archives/partial,debs}
	echo "$line" >"$root/sources.list"
	: >"$root/status"
	apt=(-qq -o Dir::Etc::SourceList="$root/sources.list" -o Dir::Etc::SourceParts=/dev/null
		-o Dir::State::Lists="$root/lists" -o Dir::State::status="$root/status" -o Dir::Cache="$root/cache"
		-o APT::Sandbox::User=root -o Acquire::Languages=none -o Acquire::Retries=2)
	apt-get "${apt[@]}" update >&2
}

# download PACKAGE[=VERSION]... into the scratch folder; apt checks them against the signed index.
download() { (cd "$vm_scratch/apt/debs" && apt-get "${apt[@]}" download "$@" >&2); }

# Every pinned package has to be there and to have the pinned hash. A wrong hash is no reason to take another kernel.
fetch_pinned() {
	local suite package version sha file
	while read -r suite package version sha; do
		download "$package=$version" || return 1
		file=$(echo "$vm_scratch/apt/debs/${package}"_*.deb)
		echo "$sha  $file" | sha256sum --check --status || die "$package $version is not the pinned file"
	done < <(rows)
}

newest_packages() {
	apt-cache "${apt[@]}" depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces \
		--no-enhances "linux-image-cloud-$(dpkg --print-architecture)" | grep -E "$parts" | sort -u
}

fetch_newest() {
	local packages
	mapfile -t packages < <(newest_packages)
	[ ${#packages[@]} -gt 0 ] || return 1
	rm -f "$vm_scratch"/apt/debs/*.deb
	download "${packages[@]}"
}

# Unpacks what was downloaded into a cache folder, which gets its name only when it is whole, and prints that.
unpack() {
	local target=$1 stage=$vm_scratch/kernel deb modules
	mkdir -p "$stage/root" "$stage/lib/modules"
	for deb in "$vm_scratch"/apt/debs/*.deb; do
		dpkg-deb -x "$deb" "$stage/root"
	done
	find "$stage/root" -name 'vmlinuz*' -type f -exec cp {} "$stage/vmlinuz" \;
	[ -s "$stage/vmlinuz" ] || die "no kernel image in the packages of $name"
	modules=$(find "$stage/root" -type d -path '*/lib/modules/*' -prune | head -1)
	[ -n "$modules" ] || die "no modules in the packages of $name"
	mv "$modules" "$stage/lib/modules/"
	basename "$modules" >"$stage/release"
	ln -s "lib/modules/${modules##*/}" "$stage/modules"
	depmod -b "$stage" "${modules##*/}" 2>/dev/null
	rm -rf "$stage/root" "$target"
	mv "$stage" "$target"
	echo "$target"
}

use_cached() {
	local any
	any=$(find "$cache" -maxdepth 1 -name "$name-*" | sort -V | tail -1)
	[ -n "$any" ] || die "the mirror does not serve $1 and no $name kernel is cached"
	say "the mirror does not serve $1; using the cached ${any##*/}"
	echo "$any"
}

use_newest() {
	local version
	fetch_newest || die "no $name kernel can be fetched from $1"
	version=$(dpkg-deb -f "$(find "$vm_scratch/apt/debs" -name '*.deb' | head -1)" Version)
	say "the pinned $name kernel has left the mirror; using the newest of $1, $version"
	if [ -s "$cache/$name-$version/vmlinuz" ]; then
		echo "$cache/$name-$version"
	else
		unpack "$cache/$name-$version"
	fi
}

main() {
	local suite version
	read -r suite _ version _ < <(rows) || die "tests/vm/kernels has no kernel called $name"
	mkdir -p "$cache"
	# Two runs at once fetch once.
	exec 9>"$cache/.lock"
	flock 9
	if [ -s "$cache/$name-$version/vmlinuz" ]; then
		echo "$cache/$name-$version"
		return
	fi
	need depmod dpkg-deb xz
	scratch
	if ! open_suite "$suite"; then
		use_cached "$suite"
	elif fetch_pinned; then
		unpack "$cache/$name-$version"
	else
		use_newest "$suite"
	fi
}

main
