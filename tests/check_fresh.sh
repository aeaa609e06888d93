#!/bin/sh
# Proves that a fresh machine needs nothing but git, make and certificates (and sudo, unless one is root): makes a bare
# Debian 12 root, puts a clone of HEAD in it and runs there what the README documents.
# usage: check_fresh.sh [COMMAND]   default: make deps all check-unit
#
# The mirror and every apt setting are this machine's own. The bare root is kept as an archive under
# ${XDG_CACHE_HOME:-~/.cache}/coldmeter/fresh and unpacked anew for each run. Needs root, apt and debootstrap.
set -eu

suite=bookworm
command=${1:-make deps all check-unit}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/coldmeter/fresh
tree=$(cd "$(dirname "$0")/.." && pwd)
archive=$cache/$suite-$(dpkg --print-architecture).tar

die() {
	echo "check-fresh: $*" >&2
	exit 1
}

[ "$(id -u)" -eq 0 ] || die "needs root: sudo make check-fresh"
command -v debootstrap >/dev/null || die "needs debootstrap: make deps"

# The address that apt itself fetches this suite from (deb822 or one-line sources, proxies applied by apt).
# shellcheck disable=SC2016 # apt's own variables
mirror=$(apt-get indextargets --format '$(SITE) $(CODENAME) $(COMPONENT) $(CREATED_BY)' |
	awk -v suite=$suite '$2 == suite && $3 == "main" && $4 == "Packages" { print $1; exit }')
[ -n "$mirror" ] || die "apt here has no source for Debian $suite: run apt-get update, or use a Debian 12 machine"

mkdir -p "$cache"
root=$(mktemp -d "$cache/root.XXXXXX")
cleanup() {
	status=$?
	trap - EXIT
	for folder in dev/pts dev sys proc; do
		if mountpoint -q "$root/$folder"; then umount "$root/$folder" || umount -l "$root/$folder"; fi
	done
	# Never walk into something that is still mounted.
	if grep -q " $root/" /proc/mounts; then
		echo "check-fresh: left in place, still mounted: $root" >&2
	else
		rm -rf --one-file-system "$root"
	fi
	exit $status
}
trap cleanup EXIT
trap 'exit 1' INT TERM HUP

# tar and not cp: an absolute link in the root must be replaced, never followed out of it.
copy_in() {
	for path in "$@"; do
		[ ! -e "$path" ] || echo "${path#/}"
	done | tar -C / --dereference -cf - -T - | tar -C "$root" -xf -
}

# How this machine reaches the network: names, certificates, apt's sources, keys, proxies and passwords.
copy_settings() {
	rm -rf "$root/etc/apt/sources.list" "$root/etc/apt/sources.list.d"
	copy_in /etc/hosts /etc/resolv.conf /etc/apt /usr/share/keyrings /etc/ssl/certs /usr/share/ca-certificates \
		/usr/local/share/ca-certificates
}

begun=$(date +%s)
if [ ! -s "$archive" ]; then
	echo "check-fresh: making a bare $suite root"
	debootstrap --variant=minbase "$suite" "$root" "$mirror" >"$cache/debootstrap.log" 2>&1 || {
		tail -n 5 "$cache/debootstrap.log" >&2
		die "debootstrap failed; its log is $cache/debootstrap.log"
	}
	copy_settings
	chroot "$root" sh -ec 'export DEBIAN_FRONTEND=noninteractive
		apt-get -qq update
		apt-get -qq install --yes --no-install-recommends git make ca-certificates' \
		>"$cache/debootstrap.log" 2>&1 || {
		tail -n 5 "$cache/debootstrap.log" >&2
		die "cannot install git, make and ca-certificates; the log is $cache/debootstrap.log"
	}
	# Package lists go stale: the next run fetches its own.
	rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/*
	tar -C "$root" -cf "$archive.part" . && mv "$archive.part" "$archive"
else
	tar -C "$root" -xf "$archive"
	copy_settings
fi
echo "check-fresh: bare root ready after $(($(date +%s) - begun)) s"

git -c safe.directory='*' clone -q --no-hardlinks "$tree" "$root/root/coldmeter"
head=$(git -c safe.directory='*' -C "$tree" rev-parse --short HEAD)

mount -t proc proc "$root/proc"
mount --bind /sys "$root/sys"
mount -o remount,bind,ro "$root/sys"
mount --bind /dev "$root/dev"
[ ! -d /dev/pts ] || mount --bind /dev/pts "$root/dev/pts"

echo "check-fresh: $command (commit $head)"
chroot "$root" env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
	sh -c "cd /root/coldmeter && $command" || die "failed: $command"
echo "check-fresh: passed in $(($(date +%s) - begun)) s"
