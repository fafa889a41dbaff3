# Runs in the virtual machine, in /disk: what becomes of 32 random bytes that were written, in each way to be rid of them.
secret() { head -c 32 /dev/urandom >"/tmp/$1"; }
expect() { echo "search: $1 $(od -An -v -tx1 "/tmp/$2" | tr -d ' \n') $3"; }

for name in kept unlinked truncated overwritten unwritten; do
	secret "$name"
done
for name in kept unlinked truncated overwritten; do
	cp "/tmp/$name" "/disk/$name"
done
sync
rm /disk/unlinked
: >/disk/truncated
dd if=/dev/zero of=/disk/overwritten bs=32 count=1 conv=notrunc,fsync 2>/dev/null
sync

expect present kept "bytes in a file"
expect present unlinked "bytes of a file that was unlinked"
expect present truncated "bytes of a file that was truncated"
expect absent overwritten "bytes that were overwritten in place"
expect absent unwritten "bytes that were never on the disk"
