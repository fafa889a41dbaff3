#!/bin/bash
# logins.sh BUILD [KERNEL_NAME]: a Debian with a real sshd, sudo, su and login. People come and go in all the ways that
# there are, and what the store has of each is compared with what they did. What kernel audit reports of each way without
# any rule goes to BUILD/tests/vm/seen/, for the table of docs/kernels.md.
set -euo pipefail
. "$(dirname "$(readlink -f "$0")")/harness.sh"

[ $# -ge 1 ] || die "usage: logins.sh BUILD [KERNEL_NAME]"
build=$1 kernel_name=${2:-6.1}
include=auditd,expect,iproute2,libaudit1,libbpf1,libcap-ng0,libcurl4,libevent-core-2.1-7,libevent-openssl-2.1-7,libjansson4,libpcre2-8-0
include=$include,libpam-modules,libssl3,libyaml-0-2,libzstd1,login,openssh-client,openssh-server,passwd,procps,sudo

# Who may come, and with which key or password.
add_users() {
	local root=$1
	chroot "$root" useradd -m -s /bin/bash tester
	printf '%s\n' tester:correct-horse root:battery-staple | chroot "$root" chpasswd
	echo 'tester ALL=(root) /usr/bin/id' >"$root/etc/sudoers.d/tester"
	chmod 440 "$root/etc/sudoers.d/tester"
	mkdir -p "$root/home/tester/.ssh" "$root/root/.ssh"
	ssh-keygen -q -t ed25519 -N '' -f "$root/root/.ssh/key"
	cp "$root/root/.ssh/key.pub" "$root/home/tester/.ssh/authorized_keys"
	chroot "$root" chown -R tester: /home/tester
}

make_disk() {
	local root=$vm_scratch/root program
	mkdir "$root"
	tar -C "$root" -xf "$base"
	add_users "$root"
	for program in swornlog swornlog-{agent,collector,sealer,shipper,sink}; do
		install -m 755 "$build/$program" "$root/usr/local/bin/"
	done
	install -m 755 "$(command -v busybox)" "$root/bin/"
	install -m 755 "$vm_dir/logins_init" "$root/logins_init"
	install -m 755 "$vm_dir/login_job.sh" "$root/job.sh"
	install -m 755 "$vm_dir/login.expect" "$root/login.expect"
	install -m 644 "$vm_dir/job_checks.sh" "$root/checks.sh"
	install -m 644 "$vm_dir/job_fleet.sh" "$root/fleet.sh"
	mkfs.ext4 -q -d "$root" "$vm_scratch/disk" 700M
	rm -rf "$root"
}

boot_and_compare() {
	local status=0
	"$vm_dir/boot.sh" -k "$kernel" -i "$vm_scratch/image" -d "$vm_scratch/disk" -d "$vm_scratch/out" -t 400 || status=$?
	tar -C "$vm_scratch" -xf "$vm_scratch/out" || return 1
	"$vm_dir/compare_logins.py" --cell "$kernel_name" --seen "$build/tests/vm/seen" "$vm_scratch" ||
		status=1
	return $status
}

need busybox cpio mkfs.ext4 python3 qemu-system-x86_64 ssh-keygen
[ "$(id -u)" = 0 ] || die "another root is for root"
scratch
kernel=$("$vm_dir/fetch_kernel.sh" "$kernel_name")
base=$("$vm_dir/debian_base.sh" bookworm-logins "$include")
make_disk
echo /logins_init >"$vm_scratch/next"
"$vm_dir/mkimage.sh" -k "$kernel" -o "$vm_scratch/image" -j "$vm_dir/login_job.sh" -f "$vm_dir/disk_init:/init" \
	-f "$vm_scratch/next:/next" -m virtio_pci -m virtio_blk -m ext4
truncate -s 16M "$vm_scratch/out"
mkdir -p "$build/tests/vm/seen"
tally boot_and_compare
