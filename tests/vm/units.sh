#!/bin/bash
# units.sh BUILD [KERNEL_NAME]: a Debian with systemd as its first process, the packages installed, and a fleet of one
# host and its witness run from their units. The packages are those of `make deb`; the system is made once and kept.
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/harness.sh"

[ $# -ge 1 ] || die "usage: units.sh BUILD [KERNEL_NAME]"
build=$1 kernel_name=${2:-6.1}
include=systemd,systemd-sysv,procps,libaudit1,libbpf1,libcap-ng0,libcurl4,libevent-core-2.1-7,libevent-openssl-2.1-7,libjansson4,libpcre2-8-0,libssl3,libyaml-0-2,libzstd1

make_disk() {
	local root=$vm_scratch/root
	mkdir "$root"
	tar -C "$root" -xf "$base"
	mkdir "$root/debs"
	cp "$(dirname "$build")"/deb/swornlog{,-agent,-server,-witness}_*.deb "$root/debs/"
	chroot "$root" sh -c 'dpkg -i /debs/*.deb' >"$vm_scratch/log" 2>&1 || {
		tail -n 20 "$vm_scratch/log" >&2
		die "the packages don't install"
	}
	rm -rf "$root/debs"
	install -m 755 "$vm_dir/units_job.sh" "$root/job.sh"
	printf '%s\n' '[Service]' 'Type=exec' 'ExecStart=/job.sh' >"$root/etc/systemd/system/job.service"
	mkdir -p "$root/etc/systemd/system/multi-user.target.wants"
	ln -s /etc/systemd/system/job.service "$root/etc/systemd/system/multi-user.target.wants/"
	mkfs.ext4 -q -d "$root" "$vm_scratch/disk" 900M
	rm -rf "$root"
}

need busybox cpio mkfs.ext4 qemu-system-x86_64
[ "$(id -u)" = 0 ] || die "another root is for root"
scratch
kernel=$("$vm_dir/fetch_kernel.sh" "$kernel_name")
base=$("$vm_dir/debian_base.sh" bookworm-units "$include")
make_disk
echo /lib/systemd/systemd >"$vm_scratch/next"
"$vm_dir/mkimage.sh" -k "$kernel" -o "$vm_scratch/image" -j "$vm_dir/units_job.sh" -f "$vm_dir/disk_init:/init" -f "$vm_scratch/next:/next" \
	-m virtio_pci -m virtio_blk -m ext4
tally "$vm_dir/boot.sh" -k "$kernel" -i "$vm_scratch/image" -d "$vm_scratch/disk" -t 420 -m 1536 -a 'systemd.show_status=0 audit=1'
