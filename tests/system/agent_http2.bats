#!/usr/bin/env bats
# HTTP/2 in clear text: each stream is one invocation, by real servers and clients.

# shellcheck disable=SC2154 # $runtimes, $programs: set in lib
load lib

port=17700
functions=$BATS_TEST_DIRNAME/../functions

setup() {
	dir=$BATS_TEST_TMPDIR
	f=$(name "http2-$BATS_TEST_NUMBER")
	agent_start
}

teardown() {
	end_all
}

# node_function [port or unix path]
node_function() {
	needs node
	in_background "$dir/$f" "${timed[@]}" env COLDMETER_FUNCTION="$f" CLOCK_LOG="$dir/$f.log" \
		node "$functions/node/http2.js" "$port" ${1:+"$1"}
	until_true 10 listening "${1:+unix:}${1:-127.0.0.1:$port}"
}

ask() { node "$functions/node/http2_client.js" "$@"; }

@test "HTTP/2 with prior knowledge: each stream counted and timed like its server, with its status" {
	node_function
	mapfile -t paths < <(for ms in $(mixed 100); do echo "/?ms=$ms"; done)
	is "$(ask 127.0.0.1:$port "${paths[@]}" | sort | uniq -c | tr -s ' ')" ' 100 200' "answers"
	expect "$f" 100
	compare "$f" "$dir/$f.log" read_ns sent_ns
	ask 127.0.0.1:$port '/?status=503' '/?status=503' '/?status=404' '/?status=418' '/?status=503' '/?status=204' >/dev/null
	expect "$f" 106
	agent_stop
	is "$(seen "$f" .http_status | tail -n 6 | tr '\n' ' ')" '503 503 404 418 503 204 ' "statuses, also out of the table"
	is "$(seen "$f" .status | tail -n 6 | tr '\n' ' ')" 'error error ok ok error ok ' status
	is "$(seen "$f" 'select(.cold) | .cause')" first "cause of the one cold start"
	is "$(seen "$f" 'select(.quality // [] | index("status:estimate"))' | wc -l)" 0 "statuses that are estimates"
}

@test "streams at once on one connection: each has its own time, and how many were open" {
	node_function
	ask 127.0.0.1:$port --together '/?ms=300' '/?ms=200' '/?ms=100' >/dev/null
	expect "$f" 3
	agent_stop
	is "$(seen "$f" '(.duration_ms / 100 | floor) as $t | "\($t) \(.concurrency)"' | tr '\n' ' ')" '1 3 2 2 3 1 ' "hundreds of ms and concurrency"
	between "$(seen "$f" .busy_ms | jq -s add)" 290 400 "busy time"
}

@test "a response of 5 MB in frames, and one of nothing: bytes and ends" {
	node_function
	ask 127.0.0.1:$port '/?bytes=5000000' '/?bytes=0' '/' >/dev/null
	expect "$f" 3
	agent_stop
	between "$(seen "$f" .response_bytes | head -n 1)" 5000000 5001000 "bytes of the large one"
	between "$(seen "$f" .response_bytes | sed -n 2p)" 1 100 "bytes of the empty one"
	is "$(seen "$f" .http_status | tr '\n' ' ')" '200 200 200 ' statuses
}

@test "a stream that either side gives up, and one whose server exits" {
	node_function
	ask 127.0.0.1:$port '!/?ms=400' '/?reset' '/' >/dev/null
	expect "$f" 3
	is "$(seen "$f" .status | tr '\n' ' ')" 'aborted error ok ' status
	between "$(seen "$f" .duration_ms | head -n 1)" 30 200 "duration of the one given up"
	ask 127.0.0.1:$port --together '/?ms=500' '/?exit=3&ms=100' >/dev/null 2>&1 || true
	expect "$f" 5
	agent_stop
	is "$(seen "$f" .status | tail -n 2 | tr '\n' ' ')" 'crash crash ' "status when the server exits"
}

@test "a client that goes away leaves no stream open" {
	node_function
	timeout 0.5 node "$functions/node/http2_client.js" 127.0.0.1:$port --together '/?ms=3000' '/?ms=3000' || true
	expect "$f" 2
	agent_stop
	is "$(seen "$f" .status | tr '\n' ' ')" 'aborted aborted ' status
	between "$(seen "$f" .duration_ms | head -n 1)" 50 1500 duration
}

@test "a connection that goes away with many streams open, with some of distant numbers, with a few: each is ended" {
	node_function
	python3 - $port <<'PY'
import socket, sys, time
block = b"\x82\x86\x04\x09/?ms=9000\x41\x01x"
def ask(*streams):
    sock = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    sock.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0")
    for stream in streams:
        sock.sendall(len(block).to_bytes(3, "big") + b"\1\5" + stream.to_bytes(4, "big") + block)
    time.sleep(0.3)
ask(*range(1, 401, 2))
ask(1, 3, 257, 259, 513, 100001)
ask(1, 3, 5)
PY
	expect "$f" 209
	is "$(seen "$f" .status | sort -u)" aborted statuses
	is "$(left_in_map streams ".value.pid == ${started[-1]}")" 0 "streams left of it"
	agent_stop
}

@test "a connection that is older than the agent is followed from where it is" {
	end "$agent"
	node_function
	mapfile -t paths < <(yes '/?ms=200' | head -n 60)
	in_background "$dir/client" node "$functions/node/http2_client.js" 127.0.0.1:$port "${paths[@]}"
	sleep 0.5
	agent_start
	until_true 5 count_reaches "$f" 3
	end "${started[-1]}"
	agent_stop
	is "$(seen "$f" .status | sort -u | grep -v aborted)" ok status
	# a timer of Node.js counts whole milliseconds and may end up to one early
	between "$(seen "$f" 'select(.status == "ok") | .duration_ms' | head -n 1)" 199 300 "duration of one"
}

@test "on a unix socket too" {
	node_function "$dir/socket"
	ask "$dir/socket" '/?ms=20' '/?status=500' >/dev/null
	expect "$f" 2
	is "$(seen "$f" .http_status | tr '\n' ' ')" '200 500 ' statuses
	ask "$dir/socket" --together '/?ms=9000' '/?ms=9000' '/?exit=3&ms=50' >/dev/null 2>&1 || true
	expect "$f" 5
	is "$(seen "$f" .status | tail -n 3 | sort -u)" crash "status when the server exits"
	sandbox=$(seen "$f" .sandbox | tail -n 1)
	is "$(left_in_map streams ".value.pid == ${sandbox%-*}")" 0 "streams left of it"
	agent_stop
}

@test "on a unix socket too a worker that dies while its sandbox lives on: its streams are crashes" {
	needs node
	in_background "$dir/$f" env COLDMETER_FUNCTION="$f" bash -c '"$@"; sleep 60' - node "$functions/node/http2.js" $port "$dir/socket"
	until_true 10 listening "unix:$dir/socket"
	ask "$dir/socket" --together '/?ms=9000' '/?ms=9000' '/?exit=3&ms=50' >/dev/null 2>&1 || true
	expect "$f" 3
	is "$(seen "$f" .status | sort -u)" crash status
	is "$(left_in_map sandboxes ".value.first_pid == ${started[-1]} and .value.in_flight == 0")" 1 "sandboxes that live on"
	end "$(pgrep -P "${started[-1]}")"
	agent_stop
}

@test "upgraded from HTTP/1.1: the request goes on as a stream, once" {
	needs hypercorn curl
	in_background "$dir/$f" env COLDMETER_FUNCTION="$f" PYTHONPATH="$functions/python" /usr/bin/python3 -m hypercorn \
		--bind 127.0.0.1:$port asgi:app
	until_true 10 listening 127.0.0.1:$port
	is "$(curl -sS --http2 -o "$dir/body" -w '%{http_version} %{http_code}' "http://127.0.0.1:$port/?ms=30")" '2 200' "the answer"
	is "$(curl -sS --http2 -o "$dir/body" -w '%{http_version} %{http_code}' "http://127.0.0.1:$port/?status=503")" '2 503' "the answer"
	expect "$f" 2
	agent_stop
	is "$(seen "$f" .http_status | tr '\n' ' ')" '200 503 ' statuses
	between "$(seen "$f" .duration_ms | head -n 1)" 30 300 duration
}

# upgrade: what endings.py is asked on a connection that it upgrades: for stream 1, and then for stream 3.
upgrade() {
	python3 - $port <<'PY'
import socket, sys
sock = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
sock.sendall(b"GET /h2c HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nHTTP2-Settings: \r\n\r\n")
text = b""
while not text.endswith(b"\x88"):
    text += sock.recv(65536)
sock.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0")
sock.sendall(b"\0\0\1\1\5\0\0\0\3\x82")
while not text.endswith(b"\x8d"):
    text += sock.recv(65536)
PY
}

endings() {
	in_background "$dir/$f" env COLDMETER_FUNCTION="$f" python3 "$functions/python/endings.py" $port
	until_true 10 listening 127.0.0.1:$port
}

@test "upgraded by an answer that comes in pieces: what follows is told in frames" {
	endings
	upgrade
	expect "$f" 2
	agent_stop
	is "$(seen "$f" .http_status | tr '\n' ' ')" '200 404 ' statuses
}

@test "streams that find no room are counted as lost, and nothing of them stays open" {
	endings
	python3 "$functions/python/fill_map.py" "$(map_id streams)" >"$dir/put"
	upgrade
	is "$(left_in_map sandboxes ".value.first_pid == ${started[-1]} and .value.in_flight == 0")" 1 "sandboxes without a request"
	end "${started[-1]}"
	is "$(left_in_map sandboxes ".value.number != 0 and .value.first_pid == ${started[-1]}")" 0 "sandboxes that are left"
	end "$agent"
	is "$(grep -o "lost of $f: .*" "$dir/agent.err")" "lost of $f: ring_full=2" "what the ledger says of them"
}

@test "gRPC: the status is that of the trailers, a stream of answers is one invocation" {
	needs /usr/bin/python3
	/usr/bin/python3 -c 'import grpc' 2>/dev/null || skip "python3-grpcio is not installed"
	in_background "$dir/$f" env COLDMETER_FUNCTION="$f" /usr/bin/python3 "$functions/python/grpc_function.py" serve 127.0.0.1:$port
	until_true 10 listening 127.0.0.1:$port
	call() { /usr/bin/python3 "$functions/python/grpc_function.py" call 127.0.0.1:$port "$@"; }
	is "$(call Echo a b c d | tr '\n' ' ')" 'OK a OK b OK c OK d ' "answers"
	is "$(call Fail INTERNAL NOT_FOUND INTERNAL | tr '\n' ' ')" 'INTERNAL NOT_FOUND INTERNAL ' "answers"
	is "$(call Count 6)" 'OK 6' "answers"
	expect "$f" 8
	agent_stop
	is "$(seen "$f" .status | tr '\n' ' ')" 'ok ok ok ok error error error ok ' status
	between "$(seen "$f" .duration_ms | tail -n 1)" 290 500 "duration of the stream"
}

@test "h2load, 20,000 requests, 8 connections of 20 streams: seen = answered, none lost" {
	needs h2load
	node_function
	h2load -n 20000 -c 8 -m 20 "http://127.0.0.1:$port/" >"$dir/load"
	is "$(sed -n 's/.* \([0-9]*\) succeeded.*/\1/p' "$dir/load")" 20000 "requests that succeeded"
	expect "$f" 20000
	agent_stop
	is "$(seen "$f" .status | sort | uniq -c | tr -s ' ')" ' 20000 ok' status
}

@test "while detail is shed, streams are counted: with prior knowledge, upgraded, and given up" {
	end "$agent"
	agent_start --shed 4
	endings
	for _ in $(seq 5); do upgrade; done
	port=$((port + 1))
	node_function
	ask 127.0.0.1:$port '/' '!/?ms=400' '/?status=503' '/' '/' >/dev/null
	for pid in "${started[@]}"; do
		is "$(left_in_map sandboxes ".value.first_pid == $pid and .value.in_flight == 0")" 1 "sandboxes without a request"
	done
	is "$(left_in_map streams ".value.pid == $pid")" 0 "streams left of it"
	end "$agent"
	is "$(seen "$f" .status | tr '\n' ' ')" 'ok ok aborted error ' "status of those that have a record: the first two, and what went wrong"
	is "$(grep -o "lost of $f: .*" "$dir/agent.err")" "lost of $f: shed=11" "the others"
}
