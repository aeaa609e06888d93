#!/usr/bin/env bats
# Functions in containers that runc makes: killed for their memory, frozen and thawed.

# shellcheck disable=SC2154 # set in lib
load lib

port=17410

setup() {
	dir=$BATS_TEST_TMPDIR
	functions=$BATS_TEST_DIRNAME/../functions
	f=$(name "container-$BATS_TEST_NUMBER")
	id=$(echo "$f" | sha256sum | cut -c1-64) # as a runtime makes one
	needs runc
	agent_start
	"$functions/container.sh" "$dir/bundle" "$id" 256 COLDMETER_FUNCTION="$f" -- \
		/usr/bin/python3 -B /tests/python/http_server.py 127.0.0.1 $port
	container || skip "runc cannot make a container here: $(cat "$dir/container")"
	until_true 20 listening "127.0.0.1:$port"
}

# container: makes and starts it; what runc says is in $dir/container.
container() {
	runc --root "$dir/runc" run -d --bundle "$dir/bundle" "$id" >"$dir/container" 2>&1 </dev/null 3>&- 4>&-
}

teardown() {
	runc --root "$dir/runc" delete -f "$id" 2>/dev/null || true
	end_all
	find /sys/fs/cgroup -maxdepth 2 -type d -name coldmeter-tests -exec rmdir {} + 2>/dev/null || true
}

ask() { curl -s --max-time 20 -o /dev/null "http://127.0.0.1:$port/$1"; }

@test "a function that asks for more memory than its container has is an OOM" {
	ask "?ms=10"
	ask "?mb=400" || true
	expect "$f" 2
	runc --root "$dir/runc" delete -f "$id"
	container || {
		cat "$dir/container"
		return 1
	}
	until_true 20 listening "127.0.0.1:$port"
	ask "?ms=10"
	expect "$f" 3
	agent_stop
	is "$(seen "$f" .status | tr '\n' ' ')" "ok oom ok " status
	is "$(seen "$f" 'select(.cold) | .cause' | tail -n 1)" oom "cause of the next start"
}

@test "a container that is frozen and thawed: the time passes, the invocation ends" {
	ask "?ms=10"
	ask "?ms=300" &
	sleep 0.1
	runc --root "$dir/runc" pause "$id"
	sleep 1
	runc --root "$dir/runc" resume "$id"
	wait $!
	expect "$f" 2
	agent_stop
	is "$(seen "$f" .status | tr '\n' ' ')" "ok ok " status
	between "$(seen "$f" .duration_ms | tail -n 1)" 1000 1600 "duration of 0.3 s with 1 s frozen"
}

@test "a sandbox is its container: named by its id, and what runs in it from outside is no invocation" {
	ask "?ms=10"
	for _ in 1 2 3; do runc --root "$dir/runc" exec "$id" /bin/sh -c 'sleep 0.05; exit 0' </dev/null; done
	ask "?ms=10"
	expect "$f" 2
	agent_stop
	is "$(seen "$f" .sandbox | sort -u)" "$id" "sandbox of each"
	is "$(seen "$f" .kind | sort -u)" http kind
	printf 'functions:\n  - match: {container: %s*, path: /named*}\n    name: %s-named\n' "${id:0:12}" "$f" >"$dir/agent.yml"
	agent_start --config "$dir/agent.yml"
	ask "named?ms=10"
	expect "$f-named" 1
	agent_stop
	is "$(seen "$f-named" .sandbox)" "$id" "sandbox of what a rule names by its container"
}
