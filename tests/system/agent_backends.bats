#!/usr/bin/env bats
# The ways to see what sockets move that this kernel would not need. What other kernels need is in kernels.bats.

# shellcheck disable=SC2154 # $programs: set in lib
load lib

port=17820

setup() {
	dir=$BATS_TEST_TMPDIR
	f=$(name "backend-$BATS_TEST_NUMBER")
}

teardown() {
	end_all
}

@test "by system calls: TCP and unix sockets and Lambda events, as the functions timed them; the cost is said" {
	agent_start --backend syscalls
	grep -Eq 'each system call of every process on this host takes [0-9]+ ns more' "$dir/agent.err"
	http_function $port "$f-tcp"
	"$programs/ask" 127.0.0.1:$port 20 - '/?ms=5' '/?status=503' '/?bytes=300000' '/?chunked=1&bytes=20000' >/dev/null
	http_function "unix:$dir/socket" "$f-unix"
	"$programs/ask" "unix:$dir/socket" 20 - '/?ms=5' '/?bytes=100000' >/dev/null
	LOG=$dir/$f-event.own runtime_api $((port + 1)) "$f-event" -- "$programs/lambda_function"
	"$programs/ask" 127.0.0.1:$((port + 1)) 10 '{"ms":3}' "/2015-03-31/functions/$f-event/invocations" >/dev/null
	expect "$f-tcp" 80
	expect "$f-unix" 40
	expect "$f-event" 10
	agent_stop
	for function in "${started[@]}"; do end "$function"; done # their logs are whole then
	compare "$f-tcp" "$dir/$f-tcp.log" read_ns sent_ns
	compare "$f-unix" "$dir/$f-unix.log" read_ns sent_ns
	compare "$f-event" "$dir/$f-event.own" received_ns asks_ns
	is "$(seen "$f-tcp" .http_status | sort | uniq -c | tr -s ' \n' ' ')" ' 60 200 20 503 ' "HTTP statuses"
	is "$(seen "$f-tcp" 'select(.response_bytes > 300000) | .status' | wc -l)" 20 "large answers"
}

@test "by system calls: streams of HTTP/2 too, and nothing of their connections stays" {
	needs h2load
	agent_start --backend syscalls
	in_background "$dir/$f" env COLDMETER_FUNCTION="$f" "$programs/h2_function" 127.0.0.1:$port "$dir/$f.log"
	until_true 10 listening 127.0.0.1:$port
	h2load -n 100 -c 1 -m 2 http://127.0.0.1:$port/ >/dev/null
	expect "$f" 100
	compare "$f" "$dir/$f.log" read_ns sent_ns
	is "$(left_in_map streams ".value.pid == ${started[-1]}")" 0 "streams left"
	is "$(bpftool -j map dump id "$(map_id keyed_connectio)" | jq length)" 0 "connections left"
	agent_stop
	is "$(seen "$f" '[.http_status, .status] | @csv' | sort | uniq -c | tr -s ' \n' ' ')" ' 90 200,"ok" 10 500,"error" ' outcomes
}

@test "by system calls: what was connected before the agent came is measured on, and a crash is one" {
	http_function $port "$f"
	python3 - $port "$dir/go" <<-'PY' >"$dir/client" &
		import os, socket, sys, time
		s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
		def ask(path):
		    s.sendall(b"GET " + path + b" HTTP/1.1\r\nHost: x\r\n\r\n")
		    return s.recv(65536)
		ask(b"/")
		while not os.path.exists(sys.argv[2]):
		    time.sleep(0.05)
		for _ in range(5):
		    ask(b"/?ms=2")
		s.sendall(b"GET /?ms=5000 HTTP/1.1\r\nHost: x\r\n\r\n")
		s.recv(1)
	PY
	client=$!
	sleep 0.5
	agent_start --backend syscalls
	touch "$dir/go"
	until_true 10 count_is "$f" 5
	sleep 0.3
	end "${started[0]}" KILL
	wait $client || true
	expect "$f" 6
	agent_stop
	is "$(seen "$f" .status | sort | uniq -c | tr -s ' \n' ' ')" ' 1 crash 5 ok ' "statuses"
}

@test "a back-end that there is none of, or that this kernel refuses, is one clear error" {
	run "$OUT/coldmeter-agent" --stdout --backend kprobe
	[ "$status" -eq 2 ]
	[ "${#lines[@]}" -eq 1 ]
	[[ $output == *"--backend kprobe: must be auto, tracepoint, fentry or syscalls"* ]]
	run "$OUT/coldmeter-agent" --check --backend syscalls
	[ "$status" -eq 0 ]
	[[ $output == *$'warn\tback-end\tsyscalls: '* ]]
	run "$OUT/coldmeter-agent" --check --backend fentry
	if [ "$status" -eq 0 ]; then
		[[ $output == *$'ok\tback-end\tfentry: '* ]]
	else
		[[ $output == *$'fail\tprobes\tno way to measure works here: fentry: '* ]]
	fi
}
