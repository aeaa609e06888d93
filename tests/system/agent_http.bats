#!/usr/bin/env bats
# Servers that we did not write, and a process for each request, against their own clocks. A duration is from the first
# byte of a request read until the last byte of its answer written; the server stamps right after that read and that
# write (Node and Java: when it was given the request, when its answer was handed over). A process begins between
# the return of posix_spawn() and its own main(), and ends between its own last line and waitpid(): what the kernel does
# between these is part of exec and exit. An init is from just before the start until listen().

# shellcheck disable=SC2154 # $runtimes, $programs: set in lib
load lib

port=17370
requests=200

setup() {
	dir=$BATS_TEST_TMPDIR
	functions=$BATS_TEST_DIRNAME/../functions
	f=$(name "http-$BATS_TEST_NUMBER")
	agent_start
}

teardown() {
	end_all
}

# server PORT NAME COMMAND...: with a clock of its own that writes to $dir/NAME.log; listening when this returns.
server() {
	local port=$1 name=$2
	shift 2
	in_background "$dir/$name" "${timed[@]}" env -C "$functions/python" COLDMETER_FUNCTION="$name" CLOCK_LOG="$dir/$name.log" \
		PYTHONPATH="$functions/python" PYTHONDONTWRITEBYTECODE=1 "$@"
	until_true 30 listens "$port"
}

gunicorn_of() { server "$1" "$2" gunicorn -b "127.0.0.1:$1" --worker-tmp-dir /dev/shm "${@:3}" wsgi:app; }

uvicorn_of() { server "$1" "$2" uvicorn --host 127.0.0.1 --port "$1" --loop asyncio --http h11 --no-access-log asgi:app; }

java_of() {
	javac -d "$dir" "$functions/java/HttpFunction.java"
	server "$1" "$2" java -cp "$dir" HttpFunction "$1"
}

framework_of() {
	server "$1" "$2" env PORT="$1" NODE_OPTIONS="--require=$functions/node/clock.js" FUNCTION_TARGET=work \
		node "$runtimes/node_modules/.bin/functions-framework" --source="$functions/node/http.js"
}

# mixed_requests N: of 0 to 200 ms, one after the other, on one connection where the server keeps it.
mixed_requests() { python3 "$functions/node/invoke.py" "http://127.0.0.1:$port" "$1" 7 '/?ms={ms}' >"$dir/client"; }

# as_timed: all of them are seen, as the server timed them.
as_timed() {
	mixed_requests $requests
	expect "$f" $requests
	agent_stop
	end "${started[-1]}"
	compare "$f" "$dir/$f.log" read_ns sent_ns --started "$started_ns"
	is "$(seen "$f" '[.kind, .status, .http_status] | join(" ")' | sort -u)" "http ok 200" "the rest of each"
}

@test "gunicorn, two workers forked beforehand: 200 of 0 to 200 ms, as it timed them" {
	needs gunicorn
	gunicorn_of $port "$f" -w 2
	as_timed
	is "$(seen "$f" .sandbox | sort -u | wc -l)" 1 "sandboxes of one server with its workers"
}

@test "gunicorn with threads: 200 of 0 to 200 ms, as it timed them" {
	needs gunicorn
	gunicorn_of $port "$f" -w 1 --threads 4 -k gthread
	as_timed
}

@test "uvicorn: 200 of 0 to 200 ms, as it timed them" {
	needs uvicorn
	uvicorn_of $port "$f"
	as_timed
}

@test "Python's own server: 200 of 0 to 200 ms, as it timed them" {
	server $port "$f" python3 http_server.py 127.0.0.1 $port
	as_timed
}

@test "Java's own server: 200 of 0 to 200 ms, as it timed them" {
	needs java javac
	java_of $port "$f"
	as_timed
}

@test "functions-framework: 200 of 0 to 200 ms, as it timed them" {
	needs_runtimes
	framework_of $port "$f"
	as_timed
}

@test "a process for each request: 200 of 0 to 200 ms, as they timed themselves" {
	# without a dynamic linker or a sanitizer, which take their time around main()
	gcc -O2 -static -o "$dir/one_shot" "$functions/process/one_shot.c"
	"${timed[@]}" python3 "$functions/python/spawn.py" "$f" $requests "$dir/one_shot" "$dir/$f.log"
	expect "$f" $requests
	agent_stop
	compare "$f" "$dir/$f.log" spawned_ns ended_ns --start-by began_ns --end-by reaped_ns
	is "$(seen "$f" '[.kind, .status] | join(" ")' | sort -u)" "process ok" "the rest of each"
	is "$(seen "$f" 'has("init_ms")' | sort -u)" false "an init"
}

# ask CURL-OPTIONS...: ten requests on one connection.
ask() { curl -sS --max-time 10 "$@" >/dev/null; }

@test "one server on IPv6, on IPv4 through an IPv6 socket and on a unix socket, as it timed them" {
	http_function "[::1]:$port" "$f"
	ask --resolve "six:$port:[::1]" "http://six:$port/?ms=[20-29]"
	http_function "[::ffff:127.0.0.1]:$port" "$f"
	ask "http://127.0.0.1:$port/?ms=[30-39]"
	http_function "unix:$dir/socket" "$f"
	ask --unix-socket "$dir/socket" "http://function/?ms=[40-49]"
	expect "$f" 30
	agent_stop
	for pid in "${started[@]}"; do end "$pid"; done
	compare "$f" "$dir/$f.log" read_ns sent_ns
	is "$(seen "$f" 'has("init_ms")' | sort | uniq -c | tr -s ' \n' ' ')" " 27 false 3 true " "an init for each sandbox"
}

@test "on a unix socket too a server that dies is a crash" {
	http_function "unix:$dir/socket" "$f"
	ask --unix-socket "$dir/socket" "http://function/?ms=300"
	curl -s --unix-socket "$dir/socket" 'http://function/?ms=5000' &
	sleep 0.5
	end "${started[-1]}" KILL
	expect "$f" 2
	agent_stop
	is "$(seen "$f" .status | tr '\n' ' ')" "ok crash " statuses
	between "$(seen "$f" 'select(.status == "crash") | .duration_ms')" 350 1500 "duration of the one that it died on"
}

# worker COMMAND...: it and a process that outlives it are one sandbox; its pid in $worker.
worker() {
	rm -f "$dir/socket"
	in_background "$dir/$f" env COLDMETER_FUNCTION="$f" bash -c '"$@" & echo $! >"$0"; sleep 60' "$dir/worker" "$@"
	until_true 10 listening "unix:$dir/socket"
	worker=$(cat "$dir/worker")
}

# dies_on_unix: of a worker that dies on a request each has its figures, and its sandbox goes on.
dies_on_unix() {
	worker "$programs/http_function" --listen "unix:$dir/socket" --log "$dir/$f.log"
	ask --unix-socket "$dir/socket" "http://function/?ms=100"
	curl -s --unix-socket "$dir/socket" 'http://function/?ms=5000' &
	sleep 0.5
	end "$worker" KILL
	expect "$f" 2
	is "$(left_in_map sandboxes ".value.first_pid == ${started[-1]} and .value.in_flight == 0")" 1 "sandboxes that live on"
	is "$(seen "$f" .status | tr '\n' ' ')" "ok crash " statuses
	between "$(seen "$f" 'select(.status == "crash") | .duration_ms')" 350 1000 "duration of the one that it died on"
	end "$(pgrep -P "${started[-1]}")"
	agent_stop
}

@test "on a unix socket too a worker that dies while its sandbox lives on is a crash" {
	dies_on_unix
}

@test "on a unix socket too a worker that dies is a crash, by system calls" {
	end "$agent"
	agent_start --backend syscalls
	dies_on_unix
}

@test "on a unix socket too a worker that exits has answered, or has given the request to another" {
	worker python3 -c '
import os, socket, sys, time
server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1])
server.listen()
first = server.accept()[0]
first.recv(4096)
if os.fork():
    os._exit(0)  # the child has it too
time.sleep(0.2)
first.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
second = server.accept()[0]
second.recv(4096)
second.sendall(b"HTTP/1.1 202 Accepted\r\n\r\nuntil the end")
os._exit(0)' "$dir/socket"
	curl -s --unix-socket "$dir/socket" http://function/
	curl -s --unix-socket "$dir/socket" http://function/ >"$dir/body"
	is "$(cat "$dir/body")" "until the end" "the answer"
	expect "$f" 2
	end "$(pgrep -P "${started[-1]}")"
	agent_stop
	is "$(seen "$f" '[.status, .http_status] | @csv' | tr '\n' ' ')" '"ok",200 "ok",202 ' outcomes
}

# late: a function on a unix socket that answers everything in 9 s.
late() {
	needs node
	in_background "$dir/$f" env COLDMETER_FUNCTION="$f" node -e \
		'require("http").createServer((_, r) => setTimeout(() => r.end(), 9000)).listen(process.argv[1])' "$dir/socket"
	late=${started[-1]}
	until_true 10 listening "unix:$dir/socket"
}

# ask_late N: so many connections ask it, until this is killed.
ask_late() {
	in_background "$dir/clients" python3 -c '
import socket, sys, time
clients = []
for _ in range(int(sys.argv[2])):
    clients.append(socket.socket(socket.AF_UNIX))
    clients[-1].connect(sys.argv[1])
    clients[-1].sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
time.sleep(60)' "$dir/socket" "$1"
	until_true 10 has_open "$1"
}

has_open() { [ "$(left_in_map sandboxes ".value.first_pid == $late and .value.in_flight == $1")" -eq 1 ]; }

@test "on a unix socket too clients that hang up are seen" {
	late
	ask_late 20
	end "${started[-1]}" KILL
	expect "$f" 20
	is "$(seen "$f" .status | sort -u)" aborted statuses
	between "$(seen "$f" .duration_ms | head -n 1)" 10 5000 "duration of one"
	has_open 0
	agent_stop
}

@test "a server that dies on 150 requests on unix sockets leaves nothing" {
	late
	ask_late 150
	end "$late" KILL
	expect "$f" 150
	is "$(seen "$f" .status | sort -u)" crash statuses
	is "$(left_in_map sandboxes ".value.number != 0 and .value.first_pid == $late")" 0 "sandboxes that are left"
	is "$(left_in_map processes ".value.pid == $late")" 0 "processes that are left"
	agent_stop
}

@test "nothing is reported while they idle for 30 s" {
	needs gunicorn uvicorn java javac
	needs_runtimes
	gunicorn_of $port "$f" -w 2
	gunicorn_of $((port + 1)) "$f" -w 1 --threads 4 -k gthread
	uvicorn_of $((port + 2)) "$f"
	server $((port + 3)) "$f" python3 http_server.py 127.0.0.1 $((port + 3))
	java_of $((port + 4)) "$f"
	framework_of $((port + 5)) "$f"
	runtime_api $((port + 6)) "$f" -- python3 "$functions/python/lambda_runtime.py"
	runtime_api $((port + 7)) "$f" --handler lambda.handler -- \
		env -C "$functions/node" "$runtimes/node_modules/.bin/aws-lambda-ric" lambda.handler
	for n in 0 1 2 3 4 5; do ask "http://127.0.0.1:$((port + n))/"; done
	for n in 6 7; do invoke $((port + n)) "$f" '{}' >/dev/null; done
	expect "$f" 8
	sleep 30
	is "$(count "$f")" 8 "invocations after 30 s of nothing"
	agent_stop
}
