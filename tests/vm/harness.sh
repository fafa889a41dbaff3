# Shared by the scripts of this folder: messages, the check for needed commands, one scratch folder.
# Sourced, never run; the script that sources it has set -euo pipefail.

vm_dir=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
vm_name=$(basename "$0" .sh)

say() { printf '%s: %s\n' "$vm_name" "$*" >&2; }

# 125 is the harness's own failure: a job's status is passed through, and 124 is a time-out.
die() {
	say "$*"
	exit 125
}

# Makes $vm_scratch, removed when the script ends.
scratch() {
	vm_scratch=$(mktemp -d "${TMPDIR:-/tmp}/swornlog-vm.XXXXXX")
	trap 'rm -rf -- "$vm_scratch"' EXIT
}

# tally COMMAND...: passes on what a job says, adds its checks up, and ends with the command's status. A command that
# fails without a check that did, and one without any check, count as one failure.
tally() {
	local status=0 passed failed
	"$@" 2>&1 | tee "$vm_scratch/tally" || status=$?
	passed=$(grep -c '^ok - ' "$vm_scratch/tally") || true
	failed=$(grep -c '^not ok - ' "$vm_scratch/tally") || true
	[ "$passed" != 0 ] || [ "$failed" != 0 ] || [ "$status" != 0 ] || status=1
	[ "$status" = 0 ] || [ "$failed" != 0 ] || failed=1
	[ "$failed" = 0 ] || [ "$status" != 0 ] || status=1
	printf '%d passed, %d failed\n' "$passed" "$failed"
	return "$status"
}

# command:package
vm_commands=(
	qemu-system-x86_64:qemu-system-x86
	busybox:busybox-static
	cpio:cpio
	debootstrap:debootstrap
	debugfs:e2fsprogs
	e2fsck:e2fsprogs
	depmod:kmod
	mkfs.ext4:e2fsprogs
	ssh-keygen:openssh-client
	xz:xz-utils
	dpkg-deb:dpkg
	flock:util-linux
	nbdkit:nbdkit
	setpriv:util-linux
	python3:python3
	auditctl:auditd
	bpftool:bpftool
	clang:clang
)

package_of() {
	local pair
	for pair in "${vm_commands[@]}"; do
		[ "${pair%%:*}" = "$1" ] && echo "${pair##*:}" && return
	done
	die "no package is known for the command $1"
}

# need COMMAND... : installs the packages of those that are missing, after naming them.
need() {
	PATH=$PATH:/usr/sbin:/sbin
	local command packages=()
	for command in "$@"; do
		command -v "$command" >/dev/null || packages+=("$(package_of "$command")")
	done
	[ ${#packages[@]} -gt 0 ] || return 0
	say "packages missing: ${packages[*]}"
	[ "$(id -u)" = 0 ] || die "install them first: apt-get install ${packages[*]}"
	say "installing: ${packages[*]}"
	apt-get update -qq >&2 || die "apt-get update failed"
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null ||
		die "apt-get install failed"
}
