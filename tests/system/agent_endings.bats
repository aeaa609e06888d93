#!/usr/bin/env bats
# Every way in which an answer of HTTP/1.1 ends, on real sockets: counted once, with its status, its bytes and its time.

# shellcheck disable=SC2154 # $programs: set in lib
load lib

port=17390

setup() {
	dir=$BATS_TEST_TMPDIR
	functions=$BATS_TEST_DIRNAME/../functions
	f=$(name "endings-$BATS_TEST_NUMBER")
	agent_start
	in_background "$dir/server" "${timed[@]}" env COLDMETER_FUNCTION="$f" CLOCK_LOG="$dir/$f.log" \
		PYTHONPATH="$functions/python" PYTHONDONTWRITEBYTECODE=1 python3 "$functions/python/endings.py" $port
	until_true 10 listening "127.0.0.1:$port"
}

teardown() {
	end_all
}

# ask PATH [curl options]
ask() { curl -s --max-time 20 -o /dev/null "${@:2}" "http://127.0.0.1:$port/$1"; }

# raw TEXT: sends it on a connection of its own, and prints what comes back within a second.
raw() {
	python3 - $port "$1" <<'PY'
import socket, sys
sock = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
sock.sendall(sys.argv[2].encode().decode("unicode_escape").encode())
sock.settimeout(1)
try:
    while text := sock.recv(65536):
        sys.stdout.buffer.write(text)
except TimeoutError:
    pass
PY
}

@test "answers with a length, without a body, in pieces, in chunks, by sendfile and splice: as the server timed them" {
	paths="length nothing no_content not_modified pieces stream large sendfile splice sendmsg error slow"
	for path in $paths; do ask "$path"; done
	ask length -I
	expect "$f" 13
	agent_stop
	end "${started[-1]}"
	is "$(seen "$f" .http_status | tr '\n' ' ')" "200 200 204 304 200 200 200 200 200 200 503 200 200 " "http_status"
	is "$(seen "$f" .status | tr '\n' ' ')" "ok ok ok ok ok ok ok ok ok ok error ok ok " status
	is "$(seen "$f" '.quality // [] | map(select(startswith("duration") or startswith("start"))) | length' | sort -u)" 0 \
		"durations that are estimates"
	# the server's clock stands around send and sendall: it misses the ends of sendfile and splice, and all of sendmsg
	seen "$f" | sed '8,10d' >"$dir/seen.timed"
	jq -c 'select(.listen_ns == null)' "$dir/$f.log" | sed '8,9d' >"$dir/timed.log"
	mv "$dir/seen.timed" "$dir/seen"
	compare "$f" "$dir/timed.log" read_ns sent_ns
	between "$(seen "$f" .response_bytes | sed -n 7p)" $((50 << 20)) $((51 << 20)) "bytes of 50 MB"
	between "$(seen "$f" .duration_ms | sed -n 6p)" 1500 1700 "duration of three pauses of 0.5 s"
}

@test "answers that nothing follows on a connection that stays open end with their last byte" {
	curl -s --max-time 20 "http://127.0.0.1:$port/{no_content,length,not_modified,length,nothing,length,pieces,length,stream,length}" \
		--next -s --max-time 20 -I "http://127.0.0.1:$port/length" \
		--next -s --max-time 20 "http://127.0.0.1:$port/length" >"$dir/answers"
	expect "$f" 12
	is "$(seen "$f" .http_status | tr '\n' ' ')" "204 200 304 200 200 200 200 200 200 200 200 200 " http_status
	is "$(seen "$f" .status | sort -u)" ok status
	is "$(seen "$f" '.quality // [] | index("duration:estimate")' | sort -u)" null "durations that are estimates"
}

@test "sendfile and splice: every byte is counted" {
	ask sendfile
	ask splice
	expect "$f" 2
	between "$(seen "$f" .response_bytes | head -n 1)" $((1 << 20)) $(((1 << 20) + 200)) "bytes by sendfile"
	between "$(seen "$f" .response_bytes | tail -n 1)" 4096 4296 "bytes by splice"
}

@test "an answer that ends with its connection, one cut short, one reset, and a client that hangs up" {
	ask until_closed
	ask half || true
	ask reset || true
	ask slow --max-time 0.1 || true
	sleep 0.6
	expect "$f" 4
	agent_stop
	is "$(seen "$f" .status | tr '\n' ' ')" "ok aborted aborted aborted " status
	between "$(seen "$f" .duration_ms | head -n 1)" 50 150 "duration until the last write"
}

@test "100 Continue is not the answer" {
	raw 'POST /expect HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\nbody' >"$dir/answer"
	expect "$f" 1
	is "$(seen "$f" .http_status)" 200 http_status
}

@test "100 Continue and 103 Early Hints in one write with the answer, and a long head: the answer's status and end" {
	get='HTTP/1.1\r\nHost: x\r\n\r\n'
	raw "GET /expect_nothing $get" >"$dir/answer"
	raw "GET /hints $get" >>"$dir/answer"
	raw "GET /long_head $get" >>"$dir/answer"
	is "$(grep -c hello "$dir/answer")" 3 answers
	expect "$f" 3
	is "$(seen "$f" .http_status | tr '\n' ' ')" "200 503 200 " http_status
	is "$(seen "$f" .status | tr '\n' ' ')" "ok error ok " status
	between "$(seen "$f" .duration_ms | head -n 1)" 50 200 "duration until the last write"
	is "$(seen "$f" '.quality // [] | index("duration:estimate")' | sort -u)" null "durations that are estimates"
}

@test "three requests in one packet are three invocations" {
	get='GET /length HTTP/1.1\r\nHost: x\r\n\r\n'
	raw "$get$get$get" >"$dir/answer"
	is "$(grep -o 'HTTP/1.1 200' "$dir/answer" | wc -l)" 3 answers
	expect "$f" 3
	is "$(seen "$f" '.quality // [] | index("start:estimate") != null' | tr '\n' ' ')" "false true true " "starts that are estimates"
}

@test "an upgraded connection is one long invocation" {
	raw 'GET /session HTTP/1.1\r\nHost: x\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\nGET /length HTTP/1.1\r\n' >"$dir/answer"
	expect "$f" 1
	is "$(seen "$f" .http_status)" 101 http_status
	between "$(seen "$f" .duration_ms)" 900 2000 "duration of the session"
}

@test "the trace of a request is kept, by either of its names" {
	ask length -H 'traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
	ask length -H 'X-Amzn-Trace-Id: Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1'
	ask length
	expect "$f" 3
	is "$(seen "$f" .trace_id | tr '\n' ' ')" "4bf92f3577b34da6a3ce929d0e0e4736 1-5759e988-bd862e3fe1be46a994272793 null " trace_id
}

@test "TLS is no invocation, and is said once; nor is the preface of HTTP/2" {
	raw '\x16\x03\x01\x02' >"$dir/answer"
	raw '\x16\x03\x01\x02' >"$dir/answer"
	raw 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' >"$dir/answer"
	ask length
	expect "$f" 1
	agent_stop
	is "$(grep -c "function $f answers in TLS" "$dir/agent.err")" 1 "lines about TLS"
}

@test "nothing is left in the maps when its process has died" {
	ask length
	pid=${started[-1]}
	is "$(left_in_map processes ".value.pid == $pid")" 1 "entries of the living process"
	ask die || true
	expect "$f" 2
	is "$(seen "$f" .status | tr '\n' ' ')" "ok crash " status
	is "$(left_in_map processes ".value.pid == $pid")" 0 "entries of the dead process"
}
