#!/usr/bin/env bats
# What a cold start was spent on: real inits that do one known thing each.

# shellcheck disable=SC2154 # set in lib
load lib

port=17810
python=/usr/bin/python3 # itself, not a shim that runs it

setup() {
	functions=$BATS_TEST_DIRNAME/../functions/python
	f=$(name "coldstart-$BATS_TEST_NUMBER")
	agent_start
}

teardown() {
	end_all
}

# function_of [NAME=VALUE...]: the function itself, without wrappers.
function_of() {
	in_background "$dir/$f" env -- COLDMETER_FUNCTION="$f" "$@" $python -B "$functions/slow_init.py" 127.0.0.1 $port
	until_true 20 listening 127.0.0.1:$port
}

ask() { curl -s --max-time 20 -o /dev/null "http://127.0.0.1:$port/$1"; }

peer() { # ADDRESS PORT MS
	in_background "$dir/peer" $python "$functions/peer.py" "$1" "$2" "$3"
	until_true 10 listening "$1:$2"
}

phases() { seen "$f" '.init_phases[]?.phase' | tr '\n' ','; }

# phase NAME KEY: of the last phase of that name.
phase() { seen "$f" "select(.init_phases) | [.init_phases[] | select(.phase == \"$1\")] | last | .$2"; }

@test "each program of a chain is a phase, in order and without gaps; what came back is a helper" {
	COLDMETER_FUNCTION=$f in_background "$dir/$f" sh -c "for i in 1 2 3 4 5 6 7 8 9 10 11 12; do uname >/dev/null; done; exec env X=1 sh -c 'exec $python -B $functions/slow_init.py 127.0.0.1 $port'"
	until_true 20 listening 127.0.0.1:$port
	ask && ask
	expect "$f" 2
	agent_stop
	is "$(phases)" 'fork,exec sh,exec env,exec sh,exec python3,listen,event,' phases
	is "$(seen "$f" '.init_helpers // empty')" 12 helpers
	is "$(seen "$f" 'select(.init_phases) | [.init_phases | .[1:] as $next | .[:-1] | to_entries[]
		| (.value.start_ms + .value.wall_ms - $next[.key].start_ms) | fabs < 0.000002] | all')" true "no gaps"
	between "$(seen "$f" 'select(.init_phases) | .init_ms - (.init_phases[] | select(.phase == "listen") | .start_ms) | fabs')" \
		0 0.000002 "ready and init_ms differ"
	# python's own time is there, with what a tick may hide
	between "$(phase 'exec python3' 'cpu_ms')" 8 "$(phase 'exec python3' 'wall_ms + 8')" "CPU time of python"
	is "$(seen "$f" 'select(.init_phases | not) | .cold')" false "the second one"
}

@test "a runtime that a shell forks is on the way, and its ancestors are" {
	COLDMETER_FUNCTION=$f in_background "$dir/$f" sh -c "sleep 30 & $python -B $functions/slow_init.py 127.0.0.1 $port; :"
	until_true 20 listening 127.0.0.1:$port
	ask
	expect "$f" 1
	for child in $(pgrep -P "${started[-1]}"); do end "$child"; done
	agent_stop
	is "$(phases)" 'fork,exec sh,exec python3,listen,event,' phases
	is "$(seen "$f" .init_helpers)" 1 "helpers (sleep)"
}

@test "what an init reads from a disk, and the pages it waits for, are told of its phase" {
	[ "$(stat -f -c %T "$dir")" != tmpfs ] || skip "the tests' files are in memory"
	head -c 16M /dev/urandom >"$dir/read"
	head -c 2M /dev/urandom >"$dir/map"
	sync "$dir/read" "$dir/map"
	dd of="$dir/read" oflag=nocache conv=notrunc,fdatasync count=0 2>/dev/null
	dd of="$dir/map" oflag=nocache conv=notrunc,fdatasync count=0 2>/dev/null
	function_of INIT_READ="$dir/read" INIT_MAP="$dir/map"
	ask
	expect "$f" 1
	agent_stop
	between "$(phase 'exec python3' disk_bytes)" $((18 << 20)) $((48 << 20)) disk_bytes
	between "$(phase 'exec python3' major_faults)" 256 1024 "major faults of 512 pages"
	is "$(phase event disk_bytes)" 0 "disk_bytes of the event"
}

@test "an init that waits for its CPU says how long" {
	in_background "$dir/beside" taskset -c 0 sh -c 'while :; do :; done'
	COLDMETER_FUNCTION=$f in_background "$dir/$f" taskset -c 0 $python -B "$functions/slow_init.py" 127.0.0.1 $port
	until_true 20 listening 127.0.0.1:$port
	ask
	expect "$f" 1
	agent_stop
	between "$(phase 'exec python3' run_queue_ms)" 5 "$(phase 'exec python3' wall_ms)" "run_queue_ms of the init"
}

@test "an init that waits for peers says for whom and how long, the longest first" {
	peer 127.0.0.1 $((port + 1)) 300
	peer ::1 $((port + 2)) 100
	function_of INIT_THINK_MS=150 INIT_PEERS="[::1]:$((port + 2)) 127.0.0.1:$((port + 1))"
	ask
	expect "$f" 1
	agent_stop
	is "$(seen "$f" '[.init_peers[].peer] | join(" ")')" "127.0.0.1:$((port + 1)) [::1]:$((port + 2))" peers
	between "$(seen "$f" '.init_peers[0].wait_ms')" 300 400 "the first peer's wait"
	between "$(seen "$f" '.init_peers[1].wait_ms')" 100 200 "the second peer's wait"
	is "$(seen "$f" '.init_peers[0].waits')" 2 "waits: a connect and an answer"
	between "$(phase 'exec python3' wall_ms)" 400 5000 "wall time of the init"
}

@test "an init that waits for the answer to a datagram, as for a name, says for whom and how long" {
	peer 127.0.0.1 $((port + 1)) 200
	function_of INIT_PEERS="udp:127.0.0.1:$((port + 1))"
	is "$(left_in_map sandboxes ".value.first_pid == ${started[-1]} and .value.in_init == 0")" 1 "sandboxes that are ready"
	ask
	expect "$f" 1
	agent_stop
	is "$(seen "$f" '[.init_peers[] | .peer, .waits] | join(" ")')" "127.0.0.1:$((port + 1)) 1" peers
	between "$(seen "$f" '.init_peers[0].wait_ms')" 200 300 "its wait"
}

@test "an init that asks on unix sockets says whom, by path or abstract name, and how long" {
	local long
	long=$dir/$(printf 'x%.0s' {1..60})
	peer unix "$dir/db" 200
	peer unix "@$f" 100
	peer unix "$long" 60
	function_of INIT_PEERS="unix:$long unix:$dir/db unix:@$f unix:$dir/db"
	ask
	expect "$f" 1
	agent_stop
	is "$(seen "$f" '[.init_peers[] | .peer, .waits] | join(" ")')" \
		"unix:$dir/db 2 unix:@$f 1 unix:...$(printf 'x%.0s' {1..47}) 1" peers
	between "$(seen "$f" '.init_peers[0].wait_ms')" 400 500 "the first peer's waits"
	between "$(seen "$f" '.init_peers[1].wait_ms')" 100 200 "the second peer's wait"
}

@test "of many peers the four of the longest waits are named, the others summed" {
	for i in 1 2 3 4; do peer 127.0.0.1 $((port + i)) $((i * 50)); done
	peer 127.0.0.1 $((port + 5)) 1
	peer 127.0.0.1 $((port + 6)) 1
	function_of INIT_PEERS="$(for i in 5 6 1 2 3 4; do printf '127.0.0.1:%d ' $((port + i)); done)"
	ask
	expect "$f" 1
	agent_stop
	is "$(seen "$f" '[.init_peers[].peer | sub(".*:"; "")] | join(" ")')" \
		"$((port + 4)) $((port + 3)) $((port + 2)) $((port + 1))" "named peers"
	between "$(seen "$f" .init_other_peers.wait_ms)" 2 60 "the others' waits"
}

@test "the first event and its response are phases; what comes later adds nothing" {
	peer 127.0.0.1 $((port + 1)) 1
	function_of
	sleep 0.3
	ask "?ms=150"
	ask "?ms=50"
	expect "$f" 2
	agent_stop
	between "$(phase listen wall_ms)" 300 1500 "time until the first event"
	between "$(phase event wall_ms)" 150 250 "time until the first response"
	is "$(seen "$f" 'select(.init_phases) | .init_phases | last | .phase')" event "last phase"
	is "$(seen "$f" .init_peers)" "$(printf 'null\nnull')" "peers that only others asked"
}

@test "the first response is its first byte, not its last" {
	COLDMETER_FUNCTION=$f in_background "$dir/$f" $python -c "
import socket, time
with socket.create_server(('127.0.0.1', $port)) as listener:
    connection = listener.accept()[0]
    connection.recv(4096)
    connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no')
    time.sleep(0.4)
    connection.sendall(b'k')
    time.sleep(20)"
	until_true 20 listening 127.0.0.1:$port
	ask
	expect "$f" 1
	agent_stop
	between "$(phase event wall_ms)" 0 300 "time until the first byte of the response"
	between "$(seen "$f" .duration_ms)" 400 1000 "time until the last"
}

@test "requests that lie in the socket of a function that is deaf after listen() have a wait" {
	function_of INIT_DEAF_MS=500
	ask "?ms=1" & # at once: it is in the socket while nobody accepts
	wait $!
	ask "?ms=1"
	expect "$f" 2
	agent_stop
	between "$(seen "$f" 'select(.init_phases) | .wait_ms')" 250 650 wait_ms
	is "$(seen "$f" 'select(.init_phases) | .quality | contains(["wait:estimate"])')" true quality
	is "$(seen "$f" 'select(.init_phases | not) | .wait_ms')" null "wait of a warm one"
}

@test "a runtime asks for its next event, and its Runtime API is no peer" {
	peer 127.0.0.1 $((port + 1)) 120
	runtime_api $port "$f" -- env INIT_THINK_MS=300 INIT_PEERS="127.0.0.1:$((port + 1))" $python -B "$functions/slow_init.py"
	invoke $port "$f" '{}' >/dev/null
	expect "$f" 1
	agent_stop
	is "$(phases | sed 's/^fork,exec env,//')" 'exec python3,next,event,' phases
	is "$(seen "$f" '[.init_peers[].peer] | join(" ")')" "127.0.0.1:$((port + 1))" peers
	between "$(seen "$f" '.init_peers[0].wait_ms')" 120 220 "the peer's wait"
}

@test "an init that fails has the phases it got to" {
	runtime_api $port "$f" -- env INIT_EXIT=3 $python -B "$functions/lambda_runtime.py"
	invoke $port "$f" '{}' >/dev/null || true
	until_true 5 count_reaches "$f" 1
	agent_stop
	is "$(seen "$f" .status | head -n 1)" init_error status
	is "$(phases | sed 's/exec python3,.*/exec python3/')" 'fork,exec env,exec python3' phases
	is "$(seen "$f" '[.init_phases[].phase | select(. == "next" or . == "event")] | length' | head -n 1)" 0 "phases never reached"
}

@test "a container's cgroup is its first phase" {
	needs runc
	id=$(echo "$f" | sha256sum | cut -c1-64)
	"$BATS_TEST_DIRNAME/../functions/container.sh" "$dir/bundle" "$id" 256 COLDMETER_FUNCTION="$f" -- \
		$python -B /tests/python/http_server.py 127.0.0.1 $port
	runc --root "$dir/runc" run -d --bundle "$dir/bundle" "$id" >"$dir/container" 2>&1 </dev/null 3>&- 4>&- ||
		skip "runc cannot make a container here: $(cat "$dir/container")"
	until_true 20 listening 127.0.0.1:$port
	ask
	runc --root "$dir/runc" delete -f "$id"
	expect "$f" 1
	agent_stop
	find /sys/fs/cgroup -maxdepth 2 -type d -name coldmeter-tests -exec rmdir {} + 2>/dev/null || true
	[[ ,$(phases) = *,cgroup,* ]]
	between "$(phase cgroup wall_ms)" 0.1 5000 "from the cgroup on"
	[[ $(phases) = *'exec python3,listen,event,' ]]
}

@test "deep mode names what an init does, in native code and in what a runtime made, and only that" {
	needs node
	end "$agent"
	agent_start --deep "$f" --deep-out "$dir/folded"
	cp "$functions/../node/deep.js" "$dir/other.js"
	COLDMETER_FUNCTION=$f-other in_background "$dir/other" env -C "$dir" node --perf-basic-prof other.js $((port + 1))
	COLDMETER_FUNCTION=$f in_background "$dir/$f" env -C "$dir" node --perf-basic-prof "$functions/../node/deep.js" $port
	until_true 60 listening 127.0.0.1:$port
	until_true 60 listening 127.0.0.1:$((port + 1))
	ask
	agent_stop
	rm -f "/tmp/perf-${started[-1]}.map" "/tmp/perf-${started[-2]}.map"
	# 99 a second of about one second of work; on a busy host it has less of it
	between "$(awk '{ n += $NF } END { print n }' "$dir/folded")" 10 400 samples
	between "$(awk '/worksInInit/ { n += $NF } END { print n + 0 }' "$dir/folded")" 3 200 "samples of worksInInit"
	grep -q '^node;.*node.*Start' "$dir/folded"
	is "$(grep -c worksWhileItServes "$dir/folded")" 0 "stacks of serving"
	is "$(grep -c other.js "$dir/folded")" 0 "stacks of another function"
	is "$(grep -cvE '^[^;]+(;[^;]+)* [0-9]+$' "$dir/folded")" 0 "lines that are no folded stack"
	grep -q ' samples, 0 lost' "$dir/agent.err"
}

@test "deep mode samples by the name that the records have, and says when there was none to sample" {
	needs node
	end "$agent"
	agent_start --deep "$f" --deep-out "$dir/folded"
	env COLDMETER_FUNCTION= FUNCTIONS_WORKER_RUNTIME=node WEBSITE_SITE_NAME="$f" node "$functions/../node/deep.js" $port 3>&- &
	started+=($!)
	until_true 60 listening 127.0.0.1:$port
	ask
	agent_stop
	grep -q '^node;' "$dir/folded"
	is "$(grep -c 'was sampled' "$dir/agent.err")" 0 "warnings"
	agent_start --deep "$f-none" --deep-out "$dir/folded"
	agent_stop
	grep -q "no init of $f-none was sampled: --deep wants the name that the process's environment gives" "$dir/agent.err"
}

@test "deep mode wants a function and a file" {
	run "$OUT/coldmeter-agent" --stdout --deep f
	is "$status" 2 status
	run "$OUT/coldmeter-agent" --stdout --deep-out "$dir/folded"
	is "$status" 2 status
	run "$OUT/coldmeter-agent" --stdout --deep "$(printf '%064d' 0)" --deep-out "$dir/folded"
	is "$status" 2 status
	run "$OUT/coldmeter-agent" --stdout --deep f --deep-out /nonexistent/folded
	is "$status" 1 status
	[[ $output = *"cannot write --deep-out /nonexistent/folded"* ]]
}

# dump MAP: the entries of our agent's map of that name.
dump() {
	local id
	for id in $(sed -n 's/^map_id:[[:space:]]*//p' /proc/"$agent"/fdinfo/* | sort -u); do
		[ "$(bpftool -j map show id "$id" | jq -r .name)" = "$1" ] || continue
		bpftool -j map dump id "$id" | jq -c '.[].formatted'
	done
}

# starts PID: cold starts under way whose first program is that process.
starts() { dump coldstarts | jq -c "select(.value.execs[0].mark.pid == $1)" | wc -l; }

@test "after the first invocation nothing is kept of a start, and nothing of a process that never listened" {
	needs bpftool jq
	function_of
	is "$(starts "${started[-1]}")" 1 "starts under way"
	ask
	is "$(starts "${started[-1]}")" 0 "starts under way after the response"
	pid=$(COLDMETER_FUNCTION=$f COLDMETER_KIND=process sh -c 'echo $$')
	is "$(starts "$pid")" 0 "starts after a process"
	agent_stop
}

@test "of cgroups that are gone nothing is kept" {
	needs bpftool jq
	root=/sys/fs/cgroup/unified
	[ -d $root ] || root=/sys/fs/cgroup
	births() { dump cgroup_births | jq .key | sort; }
	births >"$dir/before"
	mkdir "$root/$f" "$root/$f/1" "$root/$f/2" || skip "no cgroup can be made here"
	births | comm -13 "$dir/before" - >"$dir/made"
	rmdir "$root/$f/1" "$root/$f/2" "$root/$f"
	between "$(wc -l <"$dir/made")" 3 8192 "cgroups that were made"
	between "$(births | comm -23 "$dir/made" - | wc -l)" 3 8192 "of these gone"
	agent_stop
}
