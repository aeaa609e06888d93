#!/usr/bin/env bats
# Functions behind a Runtime API server, against what the server writes down itself. A duration is from the reply to
# `next` until the next `next`; the server stamps the one before it sends and the other when it arrives.

load lib

port=17340

setup() {
	dir=$BATS_TEST_TMPDIR
	functions=$BATS_TEST_DIRNAME/../functions
	agent_start
	f=$(name "lambda-$BATS_TEST_NUMBER")
}

teardown() {
	end_all
}

python_runtime() {
	runtime_api $port "$f" "$@" -- python3 "$functions/python/lambda_runtime.py"
}

send() { invoke $port "$f" "$@" >/dev/null; }

# log JQ: of the server's own lines.
log() { jq -cr "$1" "$dir/$f.log"; }

# same FIELD: of each event, in order, as seen and as written down.
same() { is "$(seen "$f" "$1" | tr '\n' ' ')" "$(log "$1" | tr '\n' ' ')" "$1"; }

# host PORT...: Runtime API servers that are one sandbox, itself a function, each with its runtime; $init_ms: of these.
# shellcheck disable=SC2154 # $programs: set in lib
host() {
	local each
	in_background "$dir/$f" env COLDMETER_FUNCTION="$f-host" bash -c '
		trap "kill \$(jobs -p)" TERM
		for port in "${@:5}"; do
			"$1/runtime_api" --listen 127.0.0.1:$port --function "$0" --log "$2/$port.log" -- \
				env -u COLDMETER_FUNCTION INIT_MS="$4" python3 "$3/python/lambda_runtime.py" &
		done
		wait' "$f" "$programs" "$dir" "$functions" "${init_ms:-0}" "$@"
	for each in "$@"; do until_true 10 listening 127.0.0.1:"$each"; done
}

@test "events say how long they waited at the front door of a server that is a function" {
	init_ms=300 host $port
	invoke $port "$f" '{}' >/dev/null # waits for the init
	expect "$f" 1
	invoke $port "$f" '{}' >/dev/null
	expect "$f" 2
	local calls=()
	invoke $port "$f" '{"ms":400}' >/dev/null &
	calls+=($!)
	sleep 0.1
	invoke $port "$f" '{"ms":100}' >/dev/null &
	calls+=($!)
	sleep 0.1
	invoke $port "$f" '{}' >/dev/null &
	calls+=($!)
	wait "${calls[@]}"
	expect "$f" 5
	invoke $port "$f" '{}' >/dev/null
	expect "$f" 6
	agent_stop
	mapfile -t waits < <(seen "$f" .wait_ms)
	between "${waits[0]}" 300 2000 "the wait for the init"
	between "${waits[1]}" 0 50 "the wait of a warm one"
	between "${waits[3]}" 200 360 "the wait for one of 400 ms that began 100 ms before"
	between "${waits[4]}" 200 420 "the wait of the one behind"
	between "${waits[5]}" 0 50 "the wait of the last"
	is "$(seen "$f" '[.quality // [] | index("wait:estimate") != null] | @csv' | tr '\n' ' ')" \
		"false false false true true false " "waits that rest on the order of events"
}

@test "which of two events waited for which of two runtimes cannot be told, and is not" {
	host $port $((port + 1))
	invoke $port "$f" '{}' >/dev/null
	invoke $((port + 1)) "$f" '{}' >/dev/null
	expect "$f" 2
	local calls=()
	invoke $port "$f" '{"ms":300}' >/dev/null &
	calls+=($!)
	sleep 0.1
	invoke $port "$f" '{}' >/dev/null &
	calls+=($!)
	sleep 0.1
	invoke $((port + 1)) "$f" '{}' >/dev/null &
	calls+=($!)
	wait "${calls[@]}"
	expect "$f" 5
	invoke $port "$f" '{}' >/dev/null
	expect "$f" 6
	agent_stop
	is "$(seen "$f" '.wait_ms != null' | sort | uniq -c | tr -s ' \n' ' ')" " 2 false 4 true " "waits that are known"
	is "$(seen "$f" .wait_ms | tail -n 1 | sed 's/\..*//')" 0 "the wait of the last"
}

@test "200 invocations of 0 to 200 ms: ids exact, durations and init as the server timed them" {
	python_runtime --memory 512 --region eu-north-1
	for ms in $(mixed 200); do send "{\"ms\":$ms}"; done
	expect "$f" 200
	agent_stop
	compare "$f" "$dir/$f.log" delivered_ns next_ns
	same .request_id
	is "$(seen "$f" 'select(.cold) | .cause')" first "cause of the one cold start"
	real=$(log 'select(.cold) | .init_ms')
	between "$(seen "$f" 'select(.cold) | .init_ms')" "$(jq -n "$real - 15")" "$(jq -n "$real + 15")" "init_ms"
	figure "init_ms seen $(seen "$f" 'select(.cold) | .init_ms'), real $real"
	is "$(seen "$f" '[.platform, .kind, .status, .region, .memory_limit_mb, .version] | join(" ")' | sort -u)" \
		'aws-lambda lambda ok eu-north-1 512 $LATEST' "the rest of each"
}

@test "the outcome of each event, and the cause of each cold start" {
	python_runtime --timeout 1
	for event in '{}' '{"fail":"asked to"}' '{"ms":3000}' '{"bytes":10}' '{"exit":3}' '{}' '{"signal":11}' '{}'; do
		send "$event"
	done
	expect "$f" 8
	agent_stop
	is "$(seen "$f" .status | tr '\n' ' ')" 'ok error timeout ok crash ok crash ok ' "status"
	same .request_id
	same .status
	same .cold
	is "$(seen "$f" 'select(.cold) | .cause' | tr '\n' ' ')" 'first timeout crash crash ' "causes"
	between "$(seen "$f" 'select(.status == "timeout") | .duration_ms')" 990 1200 "duration of the one killed at 1 s"
}

@test "an error while it starts is an init error, with the init and no duration" {
	INIT_MS=100 INIT_FAIL="no such module" python_runtime
	send '{}'
	send '{}'
	expect "$f" 2
	is "$(seen "$f" .status | sort -u)" init_error status
	is "$(seen "$f" 'has("duration_ms")' | sort -u)" false "a duration"
	for ms in $(seen "$f" .init_ms); do between "$ms" 100 2000 init_ms; done
	same .status
}

@test "a runtime that ends before it is ready is an init error too" {
	INIT_EXIT=3 python_runtime
	send '{}'
	expect "$f" 1
	is "$(seen "$f" .status)" init_error status
}

@test "a sandbox that was ready before its first event is prewarmed, not cold" {
	python_runtime --provisioned
	sleep 1
	send '{}'
	expect "$f" 1
	is "$(seen "$f" .cold)" false cold
	between "$(seen "$f" .init_ms)" 5 2000 init_ms
	same .cold
}

@test "after its idle life a sandbox is gone, and the next start says so" {
	python_runtime --idle-life 2
	send '{}'
	sleep 3.5
	send '{}'
	send '{}'
	expect "$f" 3
	is "$(seen "$f" .cold | tr '\n' ' ')" 'true true false ' cold
	is "$(seen "$f" 'select(.cold) | .cause' | tr '\n' ' ')" 'first idle_reap ' causes
	is "$(seen "$f" .sandbox | sort -u | wc -l)" 2 sandboxes
}

@test "a start beside another sandbox, and one with another memory size or version, have their causes" {
	python_runtime
	send '{}'
	port=$((port + 1)) python_runtime
	port=$((port + 1)) send '{}'
	port=$((port + 2)) python_runtime --memory 512
	port=$((port + 2)) send '{}'
	port=$((port + 3)) python_runtime --memory 512 --version 7
	port=$((port + 3)) send '{}'
	expect "$f" 4
	is "$(seen "$f" .cause | tr '\n' ' ')" 'first scale_out deploy deploy ' causes
	is "$(seen "$f" .cause_certainty | tr '\n' ' ')" 'likely likely likely certain ' "how sure these are"
}

@test "the caller's trace id is kept, and a ping is known by it" {
	python_runtime
	send '{}' -H 'X-Amzn-Trace-Id: Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1'
	send '{}' -H 'X-Amzn-Trace-Id: Root=1-5759e988-c01dc01dc01dc01d94272793;Sampled=0'
	expect "$f" 2
	is "$(seen "$f" .trace_id | head -n 1)" 1-5759e988-bd862e3fe1be46a994272793 trace_id
	is "$(seen "$f" '.ping // false' | tr '\n' ' ')" 'false true ' ping
}

@test "large events and answers, in many reads and writes" {
	python_runtime --timeout 20
	head -c 2000000 /dev/zero | tr '\0' ' ' >"$dir/large"
	printf '{"ms":50}' >>"$dir/large"
	send "@$dir/large"
	send '{"bytes":3000000,"ms":20}'
	send '{}'
	expect "$f" 3
	agent_stop
	is "$(seen "$f" .status | sort -u)" ok status
	same .request_id
	compare "$f" "$dir/$f.log" delivered_ns next_ns --skip 1 # the first is delivered in many pieces
	[ "$(seen "$f" .response_bytes | sed -n 2p)" -ge 3000000 ]
}

@test "memory, CPU time and the moment of the response" {
	python_runtime --timeout 20
	invoke $port "$f" '{"cpu":200,"mb":100}' >"$dir/says"
	send '{"ms":100}'
	expect "$f" 2
	cpu=$(jq .cpu_ms "$dir/says")
	between "$(seen "$f" .cpu_ms | head -n 1)" "$(jq -n "$cpu - 1")" "$(jq -n "$cpu * 1.02 + 5")" "cpu_ms, with 5 ms to take and answer an event"
	between "$(seen "$f" .cpu_ms | tail -n 1)" 0 30 "cpu_ms of waiting"
	memory=$(jq .peak_memory_mb "$dir/says")
	between "$(seen "$f" .peak_memory_mb | head -n 1)" "$(jq -n "$memory * 0.98")" "$(jq -n "$memory * 1.02")" "peak memory"
	figure "cpu_ms seen $(seen "$f" .cpu_ms | head -n 1), real $cpu; peak_memory_mb seen $(seen "$f" .peak_memory_mb | head -n 1), real $memory"
	is "$(seen "$f" '.response_ms <= .duration_ms and .response_ms > 0' | sort -u)" true "response before the end"
	real=$(log '(.responded_ns - .delivered_ns) / 1000000' | tail -n 1)
	between "$(seen "$f" .response_ms | tail -n 1)" "$(jq -n "$real - 1.5")" "$(jq -n "$real + 1.5")" response_ms
}

@test "events that wait for one sandbox are handled one by one" {
	python_runtime
	for _ in $(seq 20); do
		invoke $port "$f" '{"ms":20}' >/dev/null 3>&- &
	done
	wait
	expect "$f" 20
	agent_stop
	compare "$f" "$dir/$f.log" delivered_ns next_ns
	is "$(seen "$f" .concurrency | sort -u)" 1 concurrency
}
