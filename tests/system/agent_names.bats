#!/usr/bin/env bats
# Names that do not stand in the environment: by rules, and by what requests ask for.

# shellcheck disable=SC2154 # $programs, $started_ns: set in lib
load lib

port=17550
door=/2015-03-31/functions

setup() {
	dir=$BATS_TEST_TMPDIR
	functions=$BATS_TEST_DIRNAME/../functions
	f=$(name "names-$BATS_TEST_NUMBER")
}

teardown() {
	end_all
	# what a test that failed left
	[ -z "${id:-}" ] || rm -rf "/run/containerd/io.containerd.runtime.v2.task/k8s.io/$id"
	[ -z "${folder:-}" ] || until_true 2 empty_folders "$hierarchy" "$folder" || true
}

# many [PROGRAM WORDS...]: a server of many functions, started as that.
many() {
	local program=${1:-$functions/shapes/many.py}
	in_background "$dir/$f" env COLDMETER_FUNCTION="$f" python3 "$program" "${@:2}" "${ports:-$port}"
	until_true 20 listening "127.0.0.1:$(sed 's/.*,//' <<<"${ports:-$port}")"
}

# post PATH...: on one connection.
post() { curl -sS -d x "${@/#/http://127.0.0.1:$port}" >/dev/null; }

get() { curl -sS "${@/#/http://127.0.0.1:$port}" >/dev/null; }

@test "a front door of Lambda's invoke API: each call belongs to the function that it names" {
	agent_start
	cp "$functions/shapes/many.py" "$dir/serverless"
	many "$dir/serverless" offline start --lambdaPort
	post $door/$f-a/invocations $door/$f-b/invocations $door/$f-a/invocations "$door/arn:aws:lambda:x:1:function:$f-c:7/invocations" \
		$door/stranger/invocations /other
	expect "$f-a" 2
	expect "$f-b" 1
	expect "$f-c" 1
	expect "$f" 2
	agent_stop
	is "$(seen "$f-a" '[.platform, .kind, .status] | join(" ")' | sort -u)" "aws-lambda http ok" "the rest"
	is "$(seen "$f-c" .version)" 7 "the qualifier"
	is "$({ seen "$f-a" .sandbox; seen "$f" .sandbox; } | sort -u | wc -l)" 1 sandboxes
}

@test "clients of a server that is no front door name nobody, unless a rule makes it one" {
	agent_start
	many
	post $door/$f-a/invocations $door/$f-b/invocations
	expect "$f" 2
	is "$(count "$f-a") $(count "$f-b")" "0 0" "what was named"
	agent_stop
	end "${started[-1]}"
	printf 'functions:\n  - match: {function: %s}\n    front_door: true\n' "$f" >"$dir/agent.yml"
	agent_start --config "$dir/agent.yml"
	many
	post $door/$f-a/invocations $door/stranger/invocations
	expect "$f-a" 1
	expect "$f" 1
	agent_stop
}

@test "a Runtime API server that is itself a function is not counted at its own front door" {
	agent_start
	in_background "$dir/$f" env COLDMETER_FUNCTION="$f-host" "$programs/runtime_api" --listen 127.0.0.1:$port --function "$f" \
		--log "$dir/$f.log" -- env -u COLDMETER_FUNCTION python3 "$functions/python/lambda_runtime.py"
	until_true 10 listening 127.0.0.1:$port
	for _ in 1 2 3; do invoke $port "$f" '{}' >/dev/null; done
	expect "$f" 3
	agent_stop
	is "$(seen "$f" .kind | sort -u)" lambda kind
	# what the shell started meanwhile, under that name too, is of kind process
	is "$(seen "$f-host" 'select(.kind == "http")')" "" "what was counted at the door"
}

@test "rules name functions by their requests, and sandboxes by what they are" {
	cat >"$dir/agent.yml" <<-EOF
		functions:
		  - match: {function: $f, method: POST, path: /orders*}
		    name: $f-create
		  - match: {function: $f, path: /orders/*}
		    name: $f-read
		  - match: {function: $f-raw, process: system_calls}
		    name: $f-calls
	EOF
	agent_start --config "$dir/agent.yml"
	many
	post /orders /orders/7
	get /orders/7 '/orders/8?full=1' /orders/9 /items
	end "${started[-1]}"
	in_background "$dir/$f" env COLDMETER_FUNCTION="$f-raw" "$programs/system_calls" $port read write "$dir/$f.log"
	until_true 20 listening 127.0.0.1:$port
	get /orders/7
	expect "$f-create" 2
	expect "$f-read" 3
	expect "$f" 1
	expect "$f-calls" 1
	agent_stop
}

@test "on SIGHUP rules are read again, and name what runs" {
	printf 'functions:\n  - match: {function: %s}\n    name: %s-one\n' "$f" "$f" >"$dir/agent.yml"
	agent_start --config "$dir/agent.yml"
	many
	get /items
	expect "$f-one" 1
	printf 'functions:\n  - match: {function: %s, path: /items}\n    name: %s-two\n' "$f" "$f" >"$dir/agent.yml"
	kill -HUP "$agent"
	until_true 10 grep -q 'rules read again' "$dir/agent.err"
	get /items /others
	expect "$f-two" 1
	expect "$f" 1
	echo 'functions: lots' >"$dir/agent.yml"
	kill -HUP "$agent"
	until_true 10 grep -q 'the rules stay as they were' "$dir/agent.err"
	get /items
	expect "$f-two" 2
	agent_stop
}

@test "on SIGHUP it says why rules that could be read at the start cannot be read again" {
	echo 'functions: []' >"$dir/agent.yml"
	chown 12345 "$dir/agent.yml"
	chmod 600 "$dir/agent.yml"
	agent_start --config "$dir/agent.yml"
	kill -HUP "$agent"
	until_true 10 grep -q 'the rules stay as they were: .*must belong to root or be open to all' "$dir/agent.err"
	chown 0 "$dir/agent.yml"
	kill -HUP "$agent"
	until_true 10 grep -q 'rules read again' "$dir/agent.err"
	agent_stop
}

@test "on SIGHUP an agent ends when its terminal has gone, and reads rules while that is there" {
	needs tmux
	echo 'functions: []' >"$dir/agent.yml"
	tmux -L "$f" -f /dev/null new-session -d \
		"exec '$OUT/coldmeter-agent' --stdout --config '$dir/agent.yml' >'$dir/seen' 2>'$dir/agent.err'" 3>&-
	agent=$(tmux -L "$f" display-message -p '#{pane_pid}')
	until_true 20 grep -q measuring "$dir/agent.err"
	kill -HUP "$agent"
	until_true 10 grep -q 'rules read again' "$dir/agent.err"
	tmux -L "$f" kill-server
	until_true 10 gone "$agent"
	grep -q ledger: "$dir/agent.err"
}

@test "rules go by the process that began a sandbox, and by the one that got it ready" {
	cat >"$dir/agent.yml" <<-EOF
		functions:
		  - match: {function: $f, process: system_calls}
		    name: $f-became
		  - match: {function: $f-short, process: sleep}
		    name: $f-slept
		  - match: {function: $f-shell, process: bash}
		    name: $f-began
	EOF
	agent_start --config "$dir/agent.yml"
	in_background "$dir/$f" env COLDMETER_FUNCTION="$f" bash -c "sleep 0.3; exec '$programs/system_calls' $port read write '$dir/$f.log'"
	until_true 20 listening 127.0.0.1:$port
	get /a
	for _ in 1 2 3; do COLDMETER_FUNCTION=$f-short sleep 0; done # has gone when the agent hears of it
	expect "$f-became" 1
	expect "$f-slept" 3
	end "${started[-1]}"
	in_background "$dir/$f" env COLDMETER_FUNCTION="$f-shell" bash -c "sleep 0.3; exec '$programs/system_calls' $port read write '$dir/$f.log'"
	until_true 20 listening 127.0.0.1:$port
	get /a
	expect "$f-began" 1
	kill -HUP "$agent" # the same rules
	until_true 10 grep -q 'rules read again' "$dir/agent.err"
	get /a
	expect "$f-began" 2
	agent_stop
}

@test "rules go by the port: of a server that listens on several, by the one that a request came in on" {
	cat >"$dir/agent.yml" <<-EOF
		functions:
		  - match: {function: $f, port: 17551}
		    name: $f-admin
		  - match: {function: $f, port: '1755[23]', path: /x*}
		    name: $f-x
		  - match: {function: $f-first, port: $port}
		    name: $f-named
		  - match: {function: $f-any, port: '*'}
		    name: $f-bound
	EOF
	agent_start --config "$dir/agent.yml"
	ports=$port,17551,17552 many
	get /a /b
	port=17551 get /a
	port=17552 get /a /x/1
	end "${started[-1]}"
	f=$f-first ports=$port,17551 many
	get /a
	port=17551 get /a
	# one that is bound to no port before it listens
	in_background "$dir/auto" env COLDMETER_FUNCTION="$f-any" python3 -c 'import socket, sys
s = socket.socket()
s.listen()
print(s.getsockname()[1], flush=True)
c = s.accept()[0]
c.recv(4096)
c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")'
	until_true 20 grep -q . "$dir/auto"
	port=$(cat "$dir/auto") get /a
	expect "$f-admin" 1
	expect "$f-x" 1
	expect "$f" 3
	expect "$f-named" 1
	expect "$f-first" 1
	expect "$f-bound" 1
	agent_stop
	is "$(seen "$f-named" .cold)" true "the first one of what the port named"
}

@test "rules go by the port: also over HTTP/2, and of servers that are older than the agent" {
	needs node
	printf 'functions:\n  - match: {function: %s, port: %s}\n    name: %s-h2\n' "$f" $port "$f" >"$dir/agent.yml"
	in_background "$dir/$f" env COLDMETER_FUNCTION="$f" node "$functions/node/http2.js" $port
	until_true 20 listening 127.0.0.1:$port
	agent_start --config "$dir/agent.yml"
	node "$functions/node/http2_client.js" 127.0.0.1:$port / / >/dev/null
	expect "$f-h2" 2
	agent_stop
}

@test "what is wrong with the rules is said with its place, and nothing is measured" {
	printf 'functions:\n  - match: {route: /x}\n    name: y\n' >"$dir/agent.yml"
	status=0
	"$OUT/coldmeter-agent" --stdout --config "$dir/agent.yml" >"$dir/said" 2>&1 || status=$?
	is "$status" 1 status
	is "$(cat "$dir/said")" "coldmeter-agent: error: $dir/agent.yml:2:13: match knows function, process, container, port, method and path" "what it said"
}

# proxy ENVIRONMENT...: a server that is told which function it is.
proxy() {
	in_background "$dir/$f" env "$@" python3 "$functions/shapes/proxy.py" $port
	until_true 20 listening 127.0.0.1:$port
	up_ms=$(((${EPOCHREALTIME/[.,]/}000 - started_ns) / 1000000))
}

# one_cold_run NAME PLATFORM: of two runs the first is cold, its init the start and what the server was told, without
# the time that it idled between these.
one_cold_run() {
	expect "$1" 2
	expect unnamed "${unnamed:=0}"
	is "$(seen "$1" '[.platform, .kind, .status, .cold] | join(" ")' | tr '\n' ',')" "$2 http ok true,$2 http ok false," "both"
	between "$(seen "$1" 'select(.cold) | .init_ms')" 120 $((up_ms + 500)) "init_ms"
	for ms in $(seen "$1" .duration_ms); do between "$ms" 20 60 duration_ms; done
}

@test "OpenWhisk: /init is the init and names the function, /run is an invocation" {
	agent_start
	unnamed=$(count unnamed)
	proxy __OW_API_HOST=http://localhost
	sleep 2
	curl -sS -d "{\"value\":{\"name\":\"$f\",\"main\":\"main\",\"code\":\"x\"}}" "http://127.0.0.1:$port/init" >/dev/null
	for _ in 1 2; do curl -sS -d '{"value":{},"activation_id":"x"}' "http://127.0.0.1:$port/run" >/dev/null; done
	one_cold_run "$f" openwhisk
	agent_stop
}

@test "OpenWhisk: an /init whose body comes after its head" {
	agent_start
	proxy __OW_API_HOST=http://localhost
	python3 - $port "$f" <<'PY'
import socket, sys, time
body = b'{"value":{"name":"%s","code":"x"}}' % sys.argv[2].encode()
sock = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
sock.sendall(b"POST /init HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body))
time.sleep(0.2)
sock.sendall(body)
sock.recv(4096)
PY
	curl -sS -d '{}' "http://127.0.0.1:$port/run" >/dev/null
	expect "$f" 1
	agent_stop
}

@test "Fission: /v2/specialize is the init and names the function" {
	agent_start
	unnamed=$(count unnamed)
	proxy FUNCTIONS_CUSTOMHANDLER_PORT=1 # of a mark that names nothing
	sleep 2
	curl -sS -d "{\"filepath\":\"/userfunc/x\",\"functionName\":\"main\",\"FunctionMetadata\":{\"name\":\"$f\",\"namespace\":\"default\"}}" \
		"http://127.0.0.1:$port/v2/specialize" >/dev/null
	for _ in 1 2; do curl -sS "http://127.0.0.1:$port/" >/dev/null; done
	one_cold_run "$f" fission
	agent_stop
}

@test "health probes are no invocations, and a path of that name of other platforms is one" {
	agent_start
	proxy OPENFAAS_NAME="$f"
	curl -sS -A kube-probe/1.29 "http://127.0.0.1:$port/" >/dev/null
	curl -sS -H 'K-Network-Probe: queue' "http://127.0.0.1:$port/" >/dev/null
	curl -sS -H 'K-Kubelet-Probe: queue' "http://127.0.0.1:$port/" >/dev/null
	for path in health ready; do curl -sS "http://127.0.0.1:$port/_/$path" >/dev/null; done
	curl -sS "http://127.0.0.1:$port/" >/dev/null
	expect "$f" 1
	is "$(seen "$f" .cold)" true "the first that is an invocation"
	end "${started[-1]}"
	proxy COLDMETER_FUNCTION="$f-own"
	for path in _/health _/ready; do curl -sS "http://127.0.0.1:$port/$path" >/dev/null; done
	curl -sS -d x "http://127.0.0.1:$port/init" >/dev/null
	expect "$f-own" 3
	agent_stop
}

# stand_in NAME FIRST-ARGUMENT: a process that looks like a kernel of its own.
stand_in() {
	local program
	program=$(mktemp -d -p "$dir")/$1
	cp "$(readlink -f "$(command -v sleep)")" "$program"
	in_background "$dir/stand-in" bash -c "exec -a '$2' '$program' 60"
	until_true 10 runs "${started[-1]}" "$program"
}

@test "gVisor, Kata and microVMs are named, once each, when they are there and when they come" {
	stand_in firecracker firecracker
	agent_start
	until_true 5 grep -q "a microVM (firecracker) runs here (process ${started[-1]})" "$dir/agent.err"
	stand_in exe runsc-sandbox
	until_true 5 grep -q "gVisor (runsc) runs here (process ${started[-1]})" "$dir/agent.err"
	stand_in exe runsc-sandbox
	stand_in exe something-else
	stand_in qemu-system-x86_64 /opt/kata/bin/qemu-system-x86_64
	until_true 5 grep -q "Kata runs here (process ${started[-1]})" "$dir/agent.err"
	sleep 0.3
	agent_stop
	is "$(grep -c '\(gVisor\|Kata\|firecracker\).* runs here' "$dir/agent.err")" 3 "lines about them"
	"$OUT/coldmeter-agent" --check | grep -q "running here	gVisor (runsc), process"
}

# in_cgroup FOLDER SETTING: a server with that in its environment, in that cgroup of the hierarchy $hierarchy. It is there
# before its program is, as in a container.
in_cgroup() {
	mkdir -p "$hierarchy/$1"
	# shellcheck disable=SC2016 # for the inner shell
	in_background "$dir/$f" bash -c 'echo $$ >"$1/cgroup.procs" && exec env "${@:2}"' - "$hierarchy/$1" \
		"$2" python3 "$functions/shapes/many.py" $port
	until_true 20 listening 127.0.0.1:$port
}

# empty_folders ABOVE FOLDER: removes it and the empty ones above it, below ABOVE.
empty_folders() {
	(cd "$1" && rmdir -p "$2" 2>/dev/null) || true
	[ ! -e "$1/$2" ]
}

@test "a pod's container is known by its id and named by its runtime's files, on cgroup v1 and v2, before and after the agent" {
	task=/run/containerd/io.containerd.runtime.v2.task/k8s.io
	for hierarchy in /sys/fs/cgroup/memory /sys/fs/cgroup/unified /sys/fs/cgroup; do
		[ -e "$hierarchy/cgroup.procs" ] || continue
		tried=$hierarchy
		id=$(echo "$f-$hierarchy" | sha256sum | cut -c1-64)
		folder=kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1234.slice/cri-containerd-$id.scope/container
		mkdir -p "$task/$id"
		echo "{\"annotations\":{\"io.kubernetes.cri.container-name\":\"app\",\"io.kubernetes.cri.sandbox-name\":\"$f\"}}" >"$task/$id/config.json"
		agent_start
		in_cgroup "$folder" FUNCTIONS_CUSTOMHANDLER_PORT=1
		get /a
		expect "$f/app" 1
		agent_stop
		is "$(seen "$f/app" '[.sandbox, .platform] | join(" ")')" "$id azure-functions" "sandbox and platform"
		agent_start
		get /b
		expect "$f/app" 1
		agent_stop
		is "$(seen "$f/app" .sandbox)" "$id" "sandbox of one that is older than the agent"
		end "${started[-1]}"
		until_true 5 empty_folders "$hierarchy" "$folder"
		rm -r "${task:?}/$id"
		empty_folders /run "${task#/run/}"
	done
	[ -n "${tried:-}" ] || skip "no cgroups that can be made"
}
