# Runs in the virtual machine: mounts the attached disk on /disk, with the options that are disk_options= on the kernel's
# command line, and runs /work.sh there. Unmounting is the init's.
. /checks.sh

wait_until test -b /dev/vda || exit 125
mkdir -p /disk
mount -t ext4 -o "$(tr ' ' '\n' </proc/cmdline | sed -n 's/^disk_options=//p')" /dev/vda /disk || exit 125
cd /disk || exit 125
. /work.sh
