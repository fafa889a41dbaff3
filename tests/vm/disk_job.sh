# Runs in the virtual machine: mounts the attached disk on /disk and runs /work.sh there. Unmounting is the init's.
. /checks.sh

wait_until test -b /dev/vda || exit 125
mkdir -p /disk
mount -t ext4 /dev/vda /disk || exit 125
cd /disk || exit 125
. /work.sh
