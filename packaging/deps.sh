#!/bin/sh
# Lists the packages that are missing, and installs them when run as root. `deps.sh list` only lists.
set -eu
here=$(dirname "$0")
missing=
for package in $(sed 's/#.*//; s/[[:space:]].*//' "$here/packages" | grep .); do
	status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
	[ "$status" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
echo "swornlog: packages to install:$missing"
[ "${1:-install}" != list ] || exit 0
if [ "$(id -u)" != 0 ]; then
	echo "swornlog: not root, so nothing was installed. Run as root: apt-get install$missing" >&2
	exit 1
fi
if ! command -v apt-get >/dev/null; then
	echo "swornlog: no apt-get here; install these (or your system's names for them) by hand:$missing" >&2
	exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# shellcheck disable=SC2086 # one word a package
apt-get install -y -qq --no-install-recommends $missing >/dev/null
