#!/bin/sh
# What watching costs an HTTP function of Node.js that answers two bytes: on Node's own http at 1, 16 and 64
# connections, and on functions-framework at 16. The instrumentation from npm runs in a second process of the same
# function. Options: lib/pairs.sh. Needs root, wrk and node.
set -u
name=overhead_node
# shellcheck source=tests/bench/lib/node.sh
. "$(dirname "$0")/lib/node.sh"
# shellcheck source=tests/bench/lib/pairs.sh
. "$(dirname "$0")/lib/pairs.sh"
# shellcheck source=tests/bench/lib/http.sh
. "$here/lib/http.sh"

function=$name-$$
# server PORT COMMAND...: on CPU 0, until it answers and has been compiled; its process is $server.
server() {
	port=$1
	shift
	COLDMETER_FUNCTION=$function PORT=$port taskset -c 0 "$@" >>"$work/servers" 2>&1 &
	server=$!
	running="$running $server"
	until_true 60 curl -sf "http://127.0.0.1:$port/" || fail "it does not answer: $* $(tail -n 3 "$work/servers")"
	load "$port" 16 3
}

# servers PORT COMMAND...: with the instrumentation too, on the next port. Sets $bare and $instrumented.
servers() {
	port_of_bare=$1
	shift
	server "$port_of_bare" "$@"
	bare=$server instrumented=''
	[ -n "$otel" ] || return 0
	# shellcheck disable=SC2086 # words
	server $((port_of_bare + 1)) env $otel_env "$@"
	instrumented=$server
}

load_all() {
	with=$([ "$1" = otel ] && echo 1 || echo 0)
	for c in 1 16 64; do measure node "$1" "$(echo "$plain" | cut -d' ' -f$((with + 1)))" $((8080 + with)) $c; done
	[ -z "$framework" ] || measure framework "$1" "$(echo "$framed" | cut -d' ' -f$((with + 1)))" $((8082 + with)) 16
}
turn() { with_tool "$1" load_all "${plain%% *}" "${framed%% *}"; }

"$programs/http_function" --listen 127.0.0.1:$sink_port >/dev/null &
running=$!
servers 8080 node "$functions/node/plain_http.js"
plain="$bare $instrumented"
for c in 1 16 64; do rows_of node $c 1.04; done
framed=$plain
if [ -n "$framework" ]; then
	servers 8082 env FUNCTION_TARGET=quick node "$framework/node_modules/.bin/functions-framework" --source="$functions/node/http.js"
	framed="$bare $instrumented"
	rows_of framework 16 1.04
fi
tool_row="the tool's own CPU us/request"
row "$tool_row"
collector_start
tools="without again coldmeter floor"
! has_bpftrace || tools="$tools bpftrace"
[ -z "$otel" ] || tools="$tools otel"
rounds "$tools" turn
table "$tools"
check_counts "$function"
