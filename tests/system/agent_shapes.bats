#!/usr/bin/env bats
# Shapes that functions come in: one event over several processes, threads and connections; servers behind servers; every
# system call that moves bytes; pids that are used again. Each is counted once, and timed as the other side timed it.

# shellcheck disable=SC2154 # $programs, $started_ns: set in lib
load lib

port=17510

setup() {
	dir=$BATS_TEST_TMPDIR
	functions=$BATS_TEST_DIRNAME/../functions
	f=$(name "shapes-$BATS_TEST_NUMBER")
	agent_start
}

teardown() {
	end_all
}

send() { invoke $port "$f" "$@" >/dev/null; }

# one_sandbox: all that was seen of the function happened in one, with one init.
one_sandbox() {
	is "$(seen "$f" .sandbox | sort -u | wc -l)" 1 sandboxes
	is "$(seen "$f" 'select(has("init_ms")) | .cold' | tr '\n' ' ')" "true " "inits"
}

# as_served N: N events of the Runtime API server, each as it timed it, in one sandbox.
as_served() {
	expect "$f" "$1"
	agent_stop
	compare "$f" "$dir/$f.log" delivered_ns next_ns
	one_sandbox
	is "$(seen "$f" '[.kind, .status, .concurrency] | join(" ")' | sort -u)" "lambda ok 1" "the rest of each"
}

@test "a bash runtime with a curl process for each call: one sandbox, one init, nothing for its helpers" {
	runtime_api $port "$f" -- "$functions/shapes/bootstrap.sh"
	for ms in 0 20 40 60 80 0 20 40 60 80 0 20 40 60 80 0 20 40 60 80; do send "{\"ms\":$ms}"; done
	as_served 20
}

@test "a runtime that opens a connection for each call, one that asks in threads, one that streams on another connection" {
	for shape in each threads streaming; do
		f=$(name "shapes-$shape")
		runtime_api $port "$f" -- python3 "$functions/shapes/lambda_connections.py" $shape
		for ms in $(mixed 20); do send "{\"ms\":$ms}"; done
		expect "$f" 20
		end "${started[-1]}"
	done
	agent_stop
	for shape in each threads streaming; do
		f=$(name "shapes-$shape")
		compare "$f" "$dir/$f.log" delivered_ns next_ns
		one_sandbox
		is "$(seen "$f" '.status + " " + (.response_ms != null | tostring)' | sort -u)" "ok true" "status, and a response"
	done
}

# worker_of PID: a worker of gunicorn's that has been forked.
worker_of() { pgrep -P "$1" | head -n 1 | grep .; }

@test "a worker forked beforehand that dies: its request is a crash, the sandbox goes on" {
	needs gunicorn
	in_background "$dir/$f" env -C "$functions/python" PYTHONPATH="$functions/python" COLDMETER_FUNCTION="$f" \
		gunicorn -w 2 -b 127.0.0.1:$port --worker-tmp-dir /dev/shm wsgi:app
	until_true 20 listening 127.0.0.1:$port
	server=${started[-1]}
	until_true 20 worker_of "$server"
	curl -sS "http://127.0.0.1:$port/?ms=10" >/dev/null
	curl -s "http://127.0.0.1:$port/?ms=3000" >/dev/null &
	sleep 0.5
	for pid in $(pgrep -P "$server"); do # the one that is at it
		[ -z "$(ss -Htnp state established "sport = :$port" | grep "pid=$pid,")" ] || kill -KILL "$pid"
	done
	wait $! || true
	curl -sS "http://127.0.0.1:$port/?ms=10" >/dev/null
	expect "$f" 3
	agent_stop
	is "$(seen "$f" .status | tr '\n' ' ')" "ok crash ok " status
	one_sandbox
}

# watchdog ARGUMENTS...: OpenFaaS's outer server, with its settings in its environment.
watchdog() {
	in_background "$dir/$f" env fprocess="python3 handler.py" OPENFAAS_NAME="$f" \
		python3 "$functions/shapes/watchdog.py" $port "$@"
	until_true 20 listening 127.0.0.1:$port
}

# at_least VALUE LOW WHAT
at_least() { between "$1" "$2" 1000000 "$3"; }

# inner_of: requests that the inner server had, by its own log.
inner_of() { jq -c 'select(.listen_ns == null)' "$dir/$f.log" | wc -l; }

inner_had() { [ "$(inner_of)" -eq "$1" ]; }

@test "a watchdog that forwards to a server in a child process: counted once, at its own door, with what the inner one cost" {
	export CLOCK_LOG="$dir/$f.log" PYTHONDONTWRITEBYTECODE=1
	watchdog http $((port + 1)) env PYTHONPATH="$functions/python" \
		python3 "$functions/python/http_server.py" 127.0.0.1 $((port + 1))
	for _ in $(seq 10); do curl -sS "http://127.0.0.1:$port/?ms=20&cpu=30&mb=200" >/dev/null; done
	until_true 5 inner_had 10 || true # it writes the last one down when it closes that connection
	end "${started[-1]}"
	expect "$f" 10
	agent_stop
	one_sandbox
	is "$(inner_of)" 10 "requests that the inner server had"
	is "$(seen "$f" '[.platform, .kind, .status, .http_status] | join(" ")' | sort -u)" "openfaas http ok 200" "the rest"
	for ms in $(seen "$f" .duration_ms); do at_least "$ms" 50 duration_ms; done
	for ms in $(seen "$f" .cpu_ms); do at_least "$ms" 29 "CPU time with the inner server's"; done
	# the kernel notes a peak once: that of the others is a bound
	at_least "$(seen "$f" .peak_memory_mb | head -n 1)" 200 "memory with the inner server's"
}

@test "a watchdog and its inner server on a unix socket: counted once" {
	watchdog http "$dir/inner" "$programs/http_function" --listen "unix:$dir/inner" --log "$dir/$f.log"
	for _ in $(seq 10); do curl -sS "http://127.0.0.1:$port/?ms=20" >/dev/null; done
	end "${started[-1]}"
	expect "$f" 10
	agent_stop
	one_sandbox
	is "$(inner_of)" 10 "requests that the inner server had"
}

@test "a watchdog and its inner server on IPv6, and on IPv4 through an IPv6 socket: counted once" {
	for address in "[::1]" "[::ffff:127.0.0.1]"; do
		f=$(name "shapes-six-${#address}")
		watchdog http "$address:$((port + 1))" "$programs/http_function" --listen "$address:$((port + 1))" --log "$dir/$f.log"
		for _ in $(seq 5); do curl -sS "http://127.0.0.1:$port/?ms=20" >/dev/null; done
		end "${started[-1]}"
		expect "$f" 5
		is "$(inner_of)" 5 "requests that the inner server had"
	done
	agent_stop
}

# asked_of_inner N: each is counted once, and its answer is the inner server's.
asked_of_inner() {
	for _ in $(seq "$1"); do curl -sS "http://127.0.0.1:$port/?ms=5&bytes=1000" >/dev/null; done
	expect "$f" "$1"
	is "$(seen "$f" '[.platform, .kind, .status, .http_status] | join(" ")' | sort -u)" "openfaas http ok 200" "the rest"
	for bytes in $(seen "$f" .response_bytes); do at_least "$bytes" 1000 response_bytes; done
}

@test "an agent that comes when watchdogs and their inner servers have long been connected, and one that comes again: counted once" {
	end "$agent"
	shapes=("http 17521 127.0.0.1:17521" "pooled 17522 127.0.0.1:17522" "pooled $dir/inner unix:$dir/inner")
	for i in "${!shapes[@]}"; do
		read -r how inner listen <<<"${shapes[i]}"
		f=$(name "shapes-old-$i")
		port=$((17511 + i))
		watchdog "$how" "$inner" "$programs/http_function" --listen "$listen" --log "$dir/$f.log"
		# two connections of the pool
		curl -sS "http://127.0.0.1:$port/?ms=200" >/dev/null 3>&- &
		curl -sS "http://127.0.0.1:$port/?ms=200" >/dev/null
		wait
	done
	for _ in 1 2; do
		agent_start
		for i in "${!shapes[@]}"; do
			f=$(name "shapes-old-$i")
			port=$((17511 + i))
			asked_of_inner 5
		done
		agent_stop
	done
}

@test "what a child asks of a server outside is not the server's inner request" {
	COLDMETER_FUNCTION=$f in_background "$dir/$f" sh -c "
		'$programs/http_function' --listen 127.0.0.1:$port --log '$dir/$f.log' &
		sleep 1; curl -s 'http://127.0.0.1:$port/?ms=1' >/dev/null; curl -s 'http://127.0.0.1:$port/?ms=1' >/dev/null; wait"
	expect "$f" 2
	pkill -P "${started[-1]}"
	# one that asks what it was forked from
	in_background "$dir/$f" env COLDMETER_FUNCTION="$f-own" python3 -c '
import socket, subprocess, sys
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
client = subprocess.Popen(["curl", "-s", f"http://127.0.0.1:{sys.argv[1]}/"])
connection = server.accept()[0]
connection.recv(4096)
connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
client.wait()' $((port + 1))
	expect "$f-own" 1
	# the same, without the function's variables
	in_background "$dir/$f" env COLDMETER_FUNCTION="$f-bare" python3 -c '
import socket, subprocess, sys
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
client = subprocess.Popen(["/usr/bin/curl", "-s", f"http://127.0.0.1:{sys.argv[1]}/"], env={"PATH": "/usr/bin:/bin"})
connection = server.accept()[0]
connection.recv(4096)
connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
client.wait()' $((port + 2))
	expect "$f-bare" 1
	agent_stop
}

@test "a classic watchdog, a process for each request: counted once, with what the processes cost" {
	watchdog classic python3 -c 'import sys, time
data = bytearray(30 << 20)
until = time.process_time() + 0.05
while time.process_time() < until: pass
print(len(sys.stdin.read()))'
	for _ in $(seq 5); do curl -sS -d "four" "http://127.0.0.1:$port/" >"$dir/answer"; done
	is "$(cat "$dir/answer")" 4 "what the process answered"
	expect "$f" 5
	agent_stop
	one_sandbox
	is "$(seen "$f" '[.platform, .kind, .status] | join(" ")' | sort -u)" "openfaas http ok" "the rest of each"
	for ms in $(seen "$f" .cpu_ms); do at_least "$ms" 49 "CPU time with the process's"; done
	for mb in $(seen "$f" .peak_memory_mb); do at_least "$mb" 30 "memory with the process's"; done
}

# calls READ WRITE: a server on those system calls.
calls() {
	in_background "$dir/$f" "${timed[@]}" env COLDMETER_FUNCTION="$f" "$programs/system_calls" $port "$@" "$dir/$f.log"
	until_true 10 listening 127.0.0.1:$port
}

# pipeline N: so many requests in one packet; waits for as many answers.
pipeline() {
	python3 - $port "$1" <<'PY'
import socket, sys
n = int(sys.argv[2])
sock = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
sock.sendall(b"GET / HTTP/1.1\r\nHost: function\r\n\r\n" * n)
sock.settimeout(5)
text = b""
while text.count(b"HTTP/1.1 200") < n or not text.endswith(b"ok"):
    text += sock.recv(65536)
PY
}

@test "every system call that moves bytes, and a socket that is dup'ed: as the server timed them" {
	for pair in "read write" "recvfrom sendto" "readv writev" "recvmsg sendmsg" "recvmmsg sendmmsg" "read dup"; do
		f=$(name "shapes-${pair/ /-}")
		calls $pair
		curl -sS "http://127.0.0.1:$port/[1-10]" >/dev/null
		expect "$f" 10
		end "${started[-1]}"
		compare "$f" "$dir/$f.log" read_ns sent_ns
		one_sandbox
		is "$(seen "$f" '[.status, .http_status] | join(" ")' | sort -u)" "ok 200" "what came of each by ${pair/ / and }"
		is "$(seen "$f" '.quality // [] | map(select(startswith("start") or startswith("duration"))) | length' | sort -u)" 0 estimates
	done
	agent_stop
}

@test "answers to requests that came together, in one write and in one writev: each is an invocation" {
	for how in batch split; do
		f=$(name "shapes-$how")
		calls read $how
		pipeline 1
		pipeline 3
		pipeline 40
		expect "$f" 44
		is "$(seen "$f" '[.status, .http_status] | join(" ")' | sort -u)" "ok 200" status
		for ms in $(seen "$f" .duration_ms); do between "$ms" 19 60 duration_ms; done
		is "$(seen "$f" 'select(.response_bytes != 40)' | wc -l)" 0 "answers that are not 40 bytes"
		end "${started[-1]}"
	done
	agent_stop
}

@test "io_uring moves bytes that cannot be read: requests are counted, their ends inferred, and it is said" {
	for pair in "uring write" "read uring" "uring uring"; do
		f=$(name "shapes-${pair/ /-}")
		calls $pair
		curl -sS "http://127.0.0.1:$port/[1-10]" >/dev/null
		expect "$f" 10
		end "${started[-1]}"
		is "$(seen "$f" .status | sort -u)" ok status
		for ms in $(seen "$f" .duration_ms); do between "$ms" 19.5 30 duration_ms; done
		if [[ $pair = *uring ]]; then
			is "$(seen "$f" 'has("http_status")' | sort -u)" false "a status that nobody could read"
			is "$(seen "$f" '.quality | index("duration:estimate") != null' | sort -u)" true "ends that are estimates"
		else
			compare "$f" "$dir/$f.log" read_ns sent_ns
			is "$(seen "$f" .http_status | sort -u)" 200 http_status
		fi
	done
	agent_stop
	is "$(grep -c "function $f answers by io_uring" "$dir/agent.err")" 1 "lines about io_uring"
}

@test "eight requests at once in one process: each has its own time, and says how many there were" {
	in_background "$dir/$f" "${timed[@]}" env -C "$functions/python" COLDMETER_FUNCTION="$f" CLOCK_LOG="$dir/$f.log" \
		PYTHONPATH="$functions/python" PYTHONDONTWRITEBYTECODE=1 python3 http_server.py 127.0.0.1 $port
	until_true 20 listening 127.0.0.1:$port
	for ms in 1000 1050 1100 1150 1200 1250 1300 1350; do
		curl -sS "http://127.0.0.1:$port/?ms=$ms" >/dev/null 3>&- &
		sleep 0.01
	done
	wait
	expect "$f" 8
	agent_stop
	end "${started[-1]}"
	compare "$f" "$dir/$f.log" read_ns sent_ns
	is "$(seen "$f" .concurrency | sort -n | tr '\n' ' ')" "1 2 3 4 5 6 7 8 " concurrency
	is "$(seen "$f" 'select(.concurrency > 1) | .quality | index("cpu:estimate") != null' | sort -u)" true "CPU time of those that overlap"
}

@test "one pid again and again, of two functions and of none: each life is its own" {
	# any pid that is free for the moment
	free=$(python3 -c 'import os
pid = os.fork() or os._exit(0)
os.waitpid(pid, 0)
print(pid)')
	"$programs/same_pid" "$free" 12 "COLDMETER_FUNCTION=$f" - "COLDMETER_FUNCTION=$f-other" -- sh -c 'sleep 0.05' || {
		[ $? -ne 3 ] || skip "somebody else has the pid"
		false
	}
	expect "$f" 4
	expect "$f-other" 4
	agent_stop
	is "$(seen "$f" .pid; seen "$f-other" .pid)" "$(for _ in $(seq 8); do echo "$free"; done)" pids
	is "$(seen "$f" .sandbox | sort -u | wc -l)" 4 sandboxes
}

# at_it_when_the_agent_comes: an event and two requests are on their way, one of these with a part of its answer sent, and
# end some time after the agent measures.
at_it_when_the_agent_comes() {
	rm -f "$dir/go"
	invoke $port "$f" "{\"until\":\"$dir/go\"}" >/dev/null 3>&- &
	curl -sS -d x "http://127.0.0.1:$((port + 1))/" >/dev/null 3>&- &
	curl -sS "http://127.0.0.1:$((port + 2))/stream_until_go" >/dev/null 3>&- &
	sleep 0.5
	agent_start
	sleep 0.3
	touch "$dir/go"
	wait
}

@test "what is in flight when the agent comes or comes again is counted once, its start marked" {
	end "$agent"
	runtime_api $port "$f" --timeout 90 -- python3 "$functions/shapes/lambda_connections.py" threads
	in_background "$dir/$f" env COLDMETER_FUNCTION="$f" python3 "$functions/shapes/watchdog.py" $((port + 1)) classic \
		sh -c "until [ -e '$dir/go' ]; do sleep 0.02; done"
	in_background "$dir/$f" env COLDMETER_FUNCTION="$f" GO="$dir/go" python3 -B "$functions/python/endings.py" $((port + 2))
	until_true 20 listening 127.0.0.1:$((port + 1))
	until_true 20 listening 127.0.0.1:$((port + 2))
	send '{}'
	for turn in first again; do
		at_it_when_the_agent_comes
		send '{}'
		curl -sS -d x "http://127.0.0.1:$((port + 1))/" >/dev/null
		expect "$f" 5
		is "$(seen "$f" '[.kind, .status] | join(" ")' | sort | uniq -c | tr -s ' \n' ' ')" " 3 http ok 2 lambda ok " "$turn: the rest"
		is "$(seen "$f" 'select(.duration_ms > 250) | .quality | index("start:estimate") != null' | tr '\n' ' ')" "true true true " \
			"$turn: starts that are estimates"
		is "$(seen "$f" 'select(.kind == "lambda") | .request_id' | sort)" \
			"$(tail -n 2 "$dir/$f.log" | jq -r .request_id | sort)" "$turn: request ids"
		agent_stop
	done
}
