#!/bin/bash
# mkimage.sh: makes the initramfs of a virtual machine, of busybox, the given programs and what they load.
#   mkimage.sh -k KERNEL -o IMAGE -j JOB [-m MODULE]... [-f FILE:PATH]... [PROGRAM]...
# KERNEL is a folder that fetch_kernel.sh printed. JOB becomes /job.sh, a PROGRAM goes to /bin with its shared
# libraries beside it, a FILE to PATH. A MODULE that is built into the kernel costs nothing.
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/harness.sh"

kernel='' image='' job='' modules=() files=()

usage() { die "usage: mkimage.sh -k KERNEL -o IMAGE -j JOB [-m MODULE]... [-f FILE:PATH]... [PROGRAM]..."; }

# A program's libraries keep the path that the loader of this machine found them at.
add_libraries() {
	local library
	while read -r library; do
		[ -e "$root$library" ] || install -D -m 755 "$library" "$root$library"
	done < <(ldd "$1" 2>/dev/null | grep -o '/[^ ]*' || true)
}

add_program() {
	local path
	path=$(command -v "$1") || die "no program $1"
	install -m 755 "$path" "$root/bin/"
	add_libraries "$path"
}

add_file() {
	local source=${1%%:*} path=${1#*:}
	[ -r "$source" ] || die "cannot read $source"
	mkdir -p "$root$(dirname "$path")"
	cp -L "$source" "$root$path"
}

# A module and those that it depends on, in the order to load them; unpacked, for busybox reads no compressed ones.
add_module() {
	local action path base
	while read -r action path _; do
		[ "$action" = insmod ] || continue
		base=$(basename "$path" .xz)
		! grep -qx "$base" "$root/modules/order" || continue
		case $path in
		*.xz) xz -dc "$path" >"$root/modules/$base" ;;
		*) cp "$path" "$root/modules/$base" ;;
		esac
		echo "$base" >>"$root/modules/order"
	done < <(modprobe -d "$kernel" -S "$(cat "$kernel/release")" --show-depends "$1")
}

skeleton() {
	mkdir -p "$root"/{bin,etc,root,modules,var/lib,var/log}
	: >"$root/modules/order"
	install -m 755 "$(command -v busybox)" "$root/bin/busybox"
	install -m 755 "$vm_dir/init" "$root/init"
	install -m 755 "$job" "$root/job.sh"
	install -m 644 "$vm_dir/job_checks.sh" "$root/checks.sh"
	printf '%s\n' 'root:x:0:0:root:/root:/bin/sh' 'nobody:x:65534:65534::/:/bin/false' >"$root/etc/passwd"
	printf '%s\n' 'root:x:0:' 'nogroup:x:65534:' >"$root/etc/group"
	echo '127.0.0.1 localhost vm' >"$root/etc/hosts"
}

while getopts k:o:j:m:f: option; do
	case $option in
	k) kernel=$OPTARG ;;
	o) image=$OPTARG ;;
	j) job=$OPTARG ;;
	m) modules+=("$OPTARG") ;;
	f) files+=("$OPTARG") ;;
	*) usage ;;
	esac
done
shift $((OPTIND - 1))
[ -n "$kernel" ] && [ -n "$image" ] && [ -n "$job" ] || usage

need busybox cpio depmod xz
scratch
root=$vm_scratch/root
skeleton
for program in "$@"; do add_program "$program"; done
for file in "${files[@]}"; do add_file "$file"; done
for module in "${modules[@]}"; do add_module "$module"; done
mkdir -p "$(dirname "$image")"
(cd "$root" && find . | cpio --create --format newc --owner 0:0 --quiet) >"$image"
