#!/usr/bin/env bats
# The agent by itself: what it sees of real processes, and what it leaves behind.

port=17600

setup() {
	[ "$(id -u)" -eq 0 ] || skip "the agent needs root: sudo make check"
	[ -r /sys/kernel/btf/vmlinux ] || skip "this kernel has no BTF"
	out=$BATS_TEST_TMPDIR/out
	err=$BATS_TEST_TMPDIR/err
	agent_pid='' function_pid=''
	name=basics$BATS_TEST_NUMBER
}

teardown() {
	for p in $agent_pid $function_pid; do kill -9 "$p" 2>/dev/null || true; done
}

agent() {
	"$OUT/coldmeter-agent" --stdout --max-overhead 100 >"$out" 2>"$err" 3>&- &
	agent_pid=$!
	for _ in $(seq 100); do
		grep -q measuring "$err" && return 0
		sleep 0.1
	done
	cat "$err"
	return 1
}

# Ends the agent and leaves what it printed about our function in $out.mine.
agent_done() {
	kill -TERM "$agent_pid"
	wait "$agent_pid"
	agent_pid=''
	jq -c --arg f "$name" 'select(.function == $f)' "$out" >"$out.mine"
	cat "$out.mine" "$err"
}

# An HTTP function of Python's own server, listening when this returns.
server() {
	(cd "$BATS_TEST_TMPDIR" && exec env COLDMETER_FUNCTION="$name" python3 -m http.server --bind 127.0.0.1 $port) \
		>/dev/null 2>&1 3>&- &
	function_pid=$!
	for _ in $(seq 100); do
		ss -Hltn "sport = :$port" | grep -q LISTEN && return 0
		sleep 0.05
	done
	return 1
}

# probes: the ids of loaded programs of that name, sorted.
probes() { bpftool prog show name on_receive | sed -n 's/^\([0-9]*\):.*/\1/p' | sort; }

count() { jq -s "$1" "$out.mine"; }

@test "each request of an HTTP function is one invocation, the first one cold with its init" {
	agent
	server
	for _ in $(seq 20); do curl -fs "http://127.0.0.1:$port/" >/dev/null; done
	sleep 0.3
	agent_done
	[ "$(count length)" -eq 20 ]
	[ "$(count '[.[] | select(.cold)] | length')" -eq 1 ]
	[ "$(count '.[0] | .cold and .init_ms > 5 and .init_ms < 10000 and .cause == "first"')" = true ]
	[ "$(count 'all(.kind == "http" and .status == "ok" and .http_status == 200 and .duration_ms > 0 and .peak_memory_mb > 1)')" = true ]
	grep -q 'ledger: seen=.* lost=0' "$err"
}

@test "what the function answers decides the status" {
	agent
	server
	curl -s "http://127.0.0.1:$port/not-there" >/dev/null
	curl -s -X POST "http://127.0.0.1:$port/" >/dev/null # Python's server: 501
	sleep 0.3
	agent_done
	[ "$(count 'map(.http_status)' | tr -d ' \n')" = '[404,501]' ]
	[ "$(count 'map(.status)' | tr -d ' \n')" = '["ok","error"]' ]
}

@test "a ping is known by its trace id" {
	agent
	server
	curl -fs -H 'traceparent: 00-c01dc01dc01dc01d0123456789abcdef-0123456789abcdef-00' "http://127.0.0.1:$port/" >/dev/null
	curl -fs "http://127.0.0.1:$port/" >/dev/null
	sleep 0.3
	agent_done
	[ "$(count 'map(.ping // false)' | tr -d ' \n')" = '[true,false]' ]
}

@test "a process that is one invocation is measured from exec to exit, with its status" {
	agent
	COLDMETER_FUNCTION=$name sh -c 'sleep 0.2'
	COLDMETER_FUNCTION=$name sh -c 'exit 3' || true
	COLDMETER_FUNCTION=$name sh -c 'kill -SEGV $$' || true
	sleep 0.3
	agent_done
	[ "$(count 'map(.status)' | tr -d ' \n')" = '["ok","error","crash"]' ]
	[ "$(count '.[0].duration_ms >= 200 and .[0].duration_ms < 300')" = true ]
	[ "$(count 'all(.kind == "process" and (has("cold") | not))')" = true ]
}

@test "processes that are gone at once are all named" {
	agent
	for _ in $(seq 300); do COLDMETER_FUNCTION=$name /bin/true; done
	sleep 0.3
	agent_done
	[ "$(count length)" -eq 300 ]
}

@test "the first variable of an environment of any size names its function" {
	agent
	for bytes in 16000 16384 17000 100000; do
		env -i "COLDMETER_FUNCTION=$name" "REST=$(head -c $bytes /dev/zero | tr '\0' x)" /bin/true
	done
	sleep 0.3
	agent_done
	[ "$(count length)" -eq 4 ]
}

@test "every variable that makes a process a function does so in the kernel, with its platform" {
	agent
	for variable in COLDMETER_FUNCTION K_SERVICE FUNCTION_TARGET WEBSITE_SITE_NAME OPENFAAS_NAME __OW_ACTION_NAME \
		NUCLIO_FUNCTION_NAME FUNCTIONS_WORKER_RUNTIME fprocess; do
		env "$variable=$name" /bin/true
	done
	env __OW_API_HOST=x AWS_LAMBDA_FUNCTION_NAME="$name" /bin/true
	env FUNCTIONS_CUSTOMHANDLER_PORT=1 AWS_LAMBDA_FUNCTION_NAME="$name" /bin/true
	env AWS_LAMBDA_RUNTIME_API=x AWS_LAMBDA_FUNCTION_NAME="$name" /bin/true
	env AWS_LAMBDA_FUNCTION_NAME="$name" /bin/true # also set for tools beside a function
	sleep 0.3
	agent_done
	platforms="generic knative gcp-functions azure-functions openfaas openwhisk nuclio azure-functions openfaas"
	[ "$(jq -r .platform "$out.mine" | tr '\n' ' ')" = "$platforms aws-lambda aws-lambda aws-lambda " ]
}

@test "what a cold start was spent on: its chain of programs, CPU, waits and what it read" {
	agent
	(cd "$BATS_TEST_TMPDIR" && COLDMETER_FUNCTION="$name" exec sh -c "sleep 0.3; exec env -- python3 -m http.server --bind 127.0.0.1 $port") \
		>/dev/null 2>&1 3>&- &
	function_pid=$!
	for _ in $(seq 100); do
		ss -Hltn "sport = :$port" | grep -q LISTEN && break
		sleep 0.05
	done
	for _ in 1 2; do curl -fs "http://127.0.0.1:$port/" >/dev/null; done
	sleep 0.3
	agent_done
	[ "$(count '.[0] | .init_execs >= 3 and .init_first_exec_ms < 100 and .init_last_exec_ms >= 300')" = true ]
	[ "$(count '.[0] | .init_last_exec_ms < .init_ms and .init_cpu_ms > 5 and .init_cpu_ms + .init_run_queue_ms <= .init_ms')" = true ]
	[ "$(count '.[0] | .init_read_bytes > 100000 and .init_disk_bytes >= 0 and .init_major_faults >= 0')" = true ]
	[ "$(count '.[1] | has("init_execs")')" = false ]
}

@test "another name under a function is a function of its own" {
	agent
	COLDMETER_FUNCTION=outer$name sh -c "COLDMETER_FUNCTION=$name sh -c 'exit 0'; :"
	sleep 0.3
	agent_done
	[ "$(count length)" -eq 1 ]
	[ "$(jq -s --arg f "outer$name" '[.[] | select(.function == $f)] | length' "$out")" -eq 1 ]
}

@test "a function that was there before the agent is measured, its init marked unknown" {
	server
	agent
	for _ in 1 2; do curl -fs "http://127.0.0.1:$port/" >/dev/null; done
	sleep 0.3
	agent_done
	[ "$(count length)" -eq 2 ]
	[ "$(count '.[0] | (has("init_ms") | not) and (has("cold") | not) and (.quality | index("init:unknown") != null)')" = true ]
	[ "$(count '.[1].cold')" = false ]
}

@test "a request that its process dies on is a crash" {
	cat >"$BATS_TEST_TMPDIR/app.py" <<'PY'
import http.server, os, time
class App(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        time.sleep(0.5)
        if self.path == '/die':
            os._exit(7)
        self.send_response(200)
        self.send_header('Content-Length', '0')
        self.end_headers()
    def log_message(self, *_):
        pass
import sys
http.server.ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])), App).serve_forever()
PY
	agent
	COLDMETER_FUNCTION=$name python3 "$BATS_TEST_TMPDIR/app.py" $port 3>&- &
	function_pid=$!
	for _ in $(seq 100); do
		ss -Hltn "sport = :$port" | grep -q LISTEN && break
		sleep 0.05
	done
	curl -s -m 5 "http://127.0.0.1:$port/die" >/dev/null || true
	sleep 0.3
	agent_done
	[ "$(count 'map(.status)' | tr -d ' \n')" = '["crash"]' ]
	[ "$(count '.[0].duration_ms >= 500 and .[0].duration_ms < 700')" = true ]
}

@test "an agent that is killed leaves no probe behind, and the next one measures on" {
	server
	# an agent beside the test may have probes of its own: ours are the ids that were not there before
	before=$(probes)
	agent
	ours=$(comm -13 <(echo "$before") <(probes))
	[ -n "$ours" ]
	kill -9 "$agent_pid"
	wait "$agent_pid" || true
	for _ in $(seq 50); do
		[ -z "$(comm -12 <(echo "$ours") <(probes))" ] && break
		sleep 0.1
	done
	[ -z "$(comm -12 <(echo "$ours") <(probes))" ]
	agent
	curl -fs "http://127.0.0.1:$port/" >/dev/null
	sleep 0.3
	agent_done
	[ "$(count length)" -eq 1 ]
}

@test "it says in one line what is wrong with its options, and runs with few capabilities" {
	run "$OUT/coldmeter-agent"
	[ "$status" -eq 2 ]
	[ "${#lines[@]}" -eq 1 ]
	run "$OUT/coldmeter-agent" --stdout --nonsense
	[ "$status" -eq 2 ]
	[ "${#lines[@]}" -eq 1 ]
	for wrong in '--max-overhead 0' '--max-overhead 101' '--max-overhead 1%' '--max-overhead nan' '--max-overhead -1' \
		'--shed 5' '--shed -1' '--shed 1x'; do
		# shellcheck disable=SC2086 # two words
		run "$OUT/coldmeter-agent" --stdout $wrong
		[ "$status" -eq 2 ]
		[ "${#lines[@]}" -eq 1 ]
	done
	run "$OUT/coldmeter-agent" --collector ftp://127.0.0.1
	[ "$status" -eq 2 ]
	[ "${#lines[@]}" -eq 1 ]
	agent
	[ "$(awk '/^CapEff/ { print $2 }' "/proc/$agent_pid/status")" = 0000008000000000 ] # CAP_BPF, bit 39
	[ "$(awk '/^NoNewPrivs/ { print $2 }' "/proc/$agent_pid/status")" = 1 ]
	agent_done
}
