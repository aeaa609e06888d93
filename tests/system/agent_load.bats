#!/usr/bin/env bats
# 100,000 requests: every one is counted, none is lost.

load lib

# shellcheck disable=SC2034 # lib uses it
timed=() # nobody's clock is compared here
requests=100000
port=17330

setup() {
	dir=$BATS_TEST_TMPDIR
	agent_start
}

teardown() {
	end_all
}

# answered: how many the function says it has answered, once it has ended.
answered() { sed -n 's/^requests //p' "$dir/$1"; }

# load_with THREADS CONNECTIONS: at least $requests in all.
load_with() {
	local name=$1 done=0 function_pid
	http_function $port "$name"
	function_pid=$!
	while [ "$done" -lt $requests ]; do
		wrk -t "$2" -c "$3" -d 1 "http://127.0.0.1:$port/" >"$dir/wrk"
		done=$((done + $(awk '/requests in/ {print $1}' "$dir/wrk")))
	done
	end "$function_pid"
}

@test "100,000 requests on 50 connections: the count is exact and nothing is lost" {
	command -v wrk >/dev/null || skip "wrk is not installed"
	function=$(name load)
	load_with "$function" 2 50
	sleep 0.3
	agent_stop
	total=$(answered "$function")
	[ "$total" -ge $requests ]
	[[ $(grep 'ring: ' "$dir/agent.err") =~ ring:\ at\ most\ ([0-9]+)\ of\ ([0-9]+)\ bytes ]]
	figure "the ring of ${BASH_REMATCH[2]} bytes held ${BASH_REMATCH[1]} at most"
	# drained in time: something waited, but it was never over half full
	[ "${BASH_REMATCH[1]}" -gt 0 ]
	[ "${BASH_REMATCH[1]}" -le $((BASH_REMATCH[2] / 2)) ]
	# wrk closes its connections in the middle: what the function read and could not answer in full
	ended=$(seen "$function" 'select(.status != "aborted")' | wc -l)
	aborted=$(seen "$function" 'select(.status == "aborted")' | wc -l)
	figure "$total answered by the function, $ended seen and $aborted aborted"
	# a client that hung up before its answer is an abort, though the function could still write
	between "$total" "$ended" $((ended + aborted)) "requests answered"
	[ "$aborted" -le 200 ]
	is "$(seen "$function" 'select(.cold) | .init_ms' | wc -l)" 1 "cold starts"
	is "$(seen "$function" 'select(.status == "ok") | .http_status' | sort -u)" 200 "http_status"
}

@test "what one connection asks one after the other has concurrency 1" {
	function=$(name single)
	http_function $port "$function"
	function_pid=$!
	wrk -t 1 -c 1 -d 1 "http://127.0.0.1:$port/?bytes=10000" >"$dir/wrk"
	end $function_pid
	sleep 0.3
	agent_stop
	is "$(seen "$function" 'select(.status != "aborted")' | wc -l)" "$(answered "$function")" "invocations seen"
	is "$(seen "$function" .concurrency | sort -u)" 1 "concurrency"
}
