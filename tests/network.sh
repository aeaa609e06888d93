#!/bin/sh
# network.sh COMMAND...: runs it in a network of its own, where every port is free whatever else this host serves,
# and only loopback is there. Without root, in the host's.
set -eu

if [ "$(id -u)" -eq 0 ] && unshare --net true 2>/dev/null; then
	# shellcheck disable=SC2016 # for the inner shell
	exec unshare --net sh -c 'ip link set lo up && exec "$@"' sh "$@"
fi
exec "$@"
