# A collector on a free port for each test, and what it says. Sourced by the tests of the collector.
# shellcheck shell=bash
# shellcheck disable=SC2154 # bats sets the others

setup() {
	: "${OUT:=out}"
	collector="$OUT/coldmeter-collector"
	dir=$(mktemp -d)
	pid=
}

teardown() {
	if [ -n "$pid" ]; then
		kill -9 "$pid" 2>/dev/null || true
	fi
	rm -rf "$dir"
}

# Starts it on a free port; $pid and $url are set.
start() {
	: >"$dir/log" # or the first look at it may come before the shell below has made it
	"$collector" --listen 127.0.0.1:0 --data "$dir/data" "$@" 2>"$dir/log" 3>&- &
	pid=$!
	for _ in $(seq 100); do
		url=$(sed -n 's/.*listening on \(http.*\)/\1/p' "$dir/log")
		[ -n "$url" ] && return
		sleep 0.05
	done
	cat "$dir/log"
	return 1
}

# A run that must fail with that status and one line holding that text.
refused() {
	local status_wanted=$1 text=$2
	shift 2
	run timeout 10 "$collector" "$@"
	[ "$status" -eq "$status_wanted" ] || { echo "status $status: $output"; return 1; }
	[ "${#lines[@]}" -eq 1 ] || { echo "$output"; return 1; }
	[[ "$output" == *"$text"* ]] || { echo "$output"; return 1; }
}

# status_of PATH [curl options]: what it answers with.
status_of() {
	local path=$1
	shift
	curl -s -o "$dir/answer" -w '%{http_code}' "$@" "$url$path"
}

# says TEXT: the log holds that, soon.
says() {
	for _ in $(seq 100); do
		grep -qF -- "$1" "$dir/log" && return
		sleep 0.05
	done
	echo "the log says no \"$1\":"
	cat "$dir/log"
	return 1
}

# certificate NAME [DAYS]: $dir/NAME.crt and $dir/NAME.key, for localhost.
certificate() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days "${2:-2}" -subj "/CN=$1" \
		-addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout "$dir/$1.key" -out "$dir/$1.crt" 2>/dev/null
}
