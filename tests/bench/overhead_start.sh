#!/bin/sh
# What watching adds to a cold start: from before the fork until the function listens, and the CPU time until then, of
# an HTTP function in C, on Node's own http and on functions-framework. STARTS (1) times as many starts in each turn.
# Options: lib/pairs.sh. Needs root; node for what it is for.
set -u
name=overhead_start
# shellcheck source=tests/bench/lib/node.sh
. "$(dirname "$0")/lib/node.sh"
# shellcheck source=tests/bench/lib/pairs.sh
. "$(dirname "$0")/lib/pairs.sh"
starts=${STARTS:-1}
export COLDMETER_FUNCTION=$name PORT=8090

# start LABEL VARIANT TIMES COMMAND...
start() {
	label=$1 variant_of=$2 times=$(($3 * starts))
	shift 3
	# shellcheck disable=SC2086 # words
	[ "$variant_of" != otel ] || set -- env $otel_env "$@"
	"$programs/starts" $PORT "$times" "$@" >"$work/starts" || fail "no start: $*"
	figure "$label listens after ms" "$variant_of" "$(sed -n 's/^listen //p' "$work/starts")"
	figure "$label CPU ms" "$variant_of" "$(sed -n 's/^cpu //p' "$work/starts")"
}

turn() {
	tool_on "$1" "$running"
	[ "$1" = otel ] || start C "$1" 40 "$programs/http_function" --listen 127.0.0.1:$PORT
	start node "$1" 5 node "$functions/node/plain_http.js"
	[ -z "$framework" ] || start framework "$1" 2 env FUNCTION_TARGET=quick node \
		"$framework/node_modules/.bin/functions-framework" --source="$functions/node/http.js"
	tool_off
}

for what in C node ${framework:+framework}; do
	row "$what listens after ms"
	row "$what CPU ms"
done
"$programs/http_function" --listen 127.0.0.1:$sink_port >/dev/null & # takes spans, and is what bpftrace watches
running=$!
collector_start
tools="without again coldmeter"
! has_bpftrace || tools="$tools bpftrace"
[ -z "$otel" ] || tools="$tools otel"
rounds "$tools" turn
table "$tools"
