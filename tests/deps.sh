#!/bin/sh
# Finds what this tree needs and installs what is missing: deps.sh install|missing [GROUP...]
#
# The list is tests/packages. `install` says what it installs through apt (as root or through sudo) and does
# nothing when all is here; `missing` only says so. Without apt both name what is missing and stop.
# DEPS_QUIET=1 leaves out the line that says that everything is here.
set -u

list=$(dirname "$0")/packages
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
export PATH

say() { printf 'deps: %s\n' "$*"; }
die() {
	say "$*" >&2
	exit 1
}

has_header() {
	for folder in /usr/include /usr/include/*-linux-gnu /usr/local/include; do
		[ -e "$folder/$1" ] && return 0
	done
	return 1
}

# Is this proof present? $1 is a command, a header or an absolute pattern.
is_present() {
	case $1 in
	/*)
		for path in $1; do # a pattern, expanded on purpose
			[ -e "$path" ] && return 0
		done
		return 1
		;;
	*.h) has_header "$1" ;;
	*) command -v "$1" >/dev/null 2>&1 ;;
	esac
}

# Prints the packages of the groups in $1 (all when empty) whose proof is not here.
missing_packages() {
	while read -r group package proof; do
		case $group in '' | '#'*) continue ;; esac
		case " $1 " in
		'  ' | *" $group "*) is_present "$proof" || printf ' %s' "$package" ;;
		esac
	done <"$list"
}

apt() {
	$as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 "$@" >"$log" 2>&1 && return
	tail -n 15 "$log" >&2
	die "apt-get $1 failed; the last lines are above, and this is still missing:$missing"
}

action=${1:-}
case $action in
install | missing) shift ;;
*)
	echo "usage: deps.sh install|missing [build|run|test|lint|fresh ...]" >&2
	exit 2
	;;
esac
[ -r "$list" ] || die "cannot read $list"

missing=$(missing_packages "$*")
if [ -z "$missing" ]; then
	[ -n "${DEPS_QUIET:-}" ] || say "everything is here"
	exit 0
fi
[ "$action" = install ] || die "missing:$missing (make deps installs them)"
command -v apt-get >/dev/null 2>&1 ||
	die "this system has no apt; install what these Debian packages hold, then try again:$missing"
as_root=
if [ "$(id -u)" -ne 0 ]; then
	command -v sudo >/dev/null 2>&1 || die "installing needs root: run make deps as root. Missing:$missing"
	as_root=sudo
fi

# Some packages are servers that their installation would start, on ports of their own. Where somebody has a policy
# for this already, that one stands.
policy=/usr/sbin/policy-rc.d
our_policy='#!/bin/sh
# of coldmeter'"'"'s deps.sh, while it installs
exit 101'
forbid_services() {
	[ -e "$policy" ] && return
	printf '%s\n' "$our_policy" | $as_root tee "$policy" >/dev/null && $as_root chmod 755 "$policy"
}
tidy_up() {
	rm -f "$log"
	[ "$(cat "$policy" 2>/dev/null)" != "$our_policy" ] || $as_root rm -f "$policy"
}

log=$(mktemp) || exit 1
trap tidy_up EXIT
trap 'exit 1' INT TERM
say "installing with apt:$missing"
forbid_services
apt update
# shellcheck disable=SC2086 # a list of package names, split on purpose
apt install --yes --no-install-recommends $missing
left=$(missing_packages "$*")
[ -z "$left" ] || die "apt installed them, but this is still not usable:$left"
say "done"
