#!/usr/bin/env bats
# `coldmeter run`: agent, collector and dashboard together, and nothing left behind.

load helpers

port=17220

setup() {
	[ "$(id -u)" -eq 0 ] || skip "the agent needs root: sudo make check"
	[ -r /sys/kernel/btf/vmlinux ] || skip "this kernel has no BTF"
	[ -x "$OUT/coldmeter-agent" ] || skip "the agent is not built"
	data=$BATS_TEST_TMPDIR/data
}

teardown() {
	screen_end
	[ -z "${function_pid:-}" ] || kill "$function_pid" 2>/dev/null || true
	[ "$(id -u)" -ne 0 ] || nothing_left
}

# left: processes of a run that are still there.
left() { pgrep -f -- "(--listen|--collector) (http://)?127\.0\.0\.1:$port"; }

nothing_left() {
	for _ in $(seq 80); do
		left >/dev/null || return 0
		sleep 0.1
	done
	echo "still there:"
	pgrep -fa -- "127\.0\.0\.1:$port"
	return 1
}

# start_function: an HTTP function named greeter, on the port after ours.
start_function() {
	(cd "$BATS_TEST_TMPDIR" && exec env COLDMETER_FUNCTION=greeter python3 -m http.server --bind 127.0.0.1 $((port + 1))) \
		>/dev/null 2>&1 3>&- &
	function_pid=$!
	for _ in $(seq 50); do
		curl -fs "http://127.0.0.1:$((port + 1))/" >/dev/null && return 0
		sleep 0.1
	done
	return 1
}

@test "run shows a function that starts while it looks, and q ends everything" {
	screen 120 30 "$OUT/coldmeter run --data $data --listen 127.0.0.1:$port; echo \"ended with \$?\""
	see 'No functions seen yet'
	start_function
	see '^ greeter'
	keys q
	see 'ended with 0'
	nothing_left
}

@test "without a terminal run prints a table, until it is told to end" {
	"$OUT/coldmeter" run --data "$data" --listen 127.0.0.1:$port --interval 1s >"$BATS_TEST_TMPDIR/text" 2>&1 3>&- &
	run_pid=$!
	for _ in $(seq 100); do
		grep -q 'no functions seen yet' "$BATS_TEST_TMPDIR/text" && break
		sleep 0.1
	done
	start_function
	for _ in $(seq 100); do
		grep -q '^greeter' "$BATS_TEST_TMPDIR/text" && break
		sleep 0.1
	done
	kill -INT $run_pid
	wait $run_pid
	grep -q '^greeter' "$BATS_TEST_TMPDIR/text"
	nothing_left
}

@test "run --for ends by itself" {
	run timeout 30 "$OUT/coldmeter" run --data "$data" --listen 127.0.0.1:$port --interval 1s --for 2s --json
	[ "$status" -eq 0 ]
	jq -e .functions <<<"${lines[0]}"
	nothing_left
}

@test "run hands options on to the agent, and says what it thinks of them" {
	run timeout 30 "$OUT/coldmeter" run --data "$data" --listen 127.0.0.1:$port --max-overhead none --for 2s --json
	[ "$status" -eq 1 ]
	[[ $output == *"--max-overhead none: must be a percentage"* ]]
	echo 'functions: [{name: a}]' >"$BATS_TEST_TMPDIR/rules"
	run timeout 30 "$OUT/coldmeter" run --data "$data" --listen 127.0.0.1:$port --config "$BATS_TEST_TMPDIR/rules" --for 2s --json
	[ "$status" -eq 1 ]
	[[ $output == *"$BATS_TEST_TMPDIR/rules:1:"* ]]
	nothing_left
}

@test "run that is killed leaves nothing behind" {
	"$OUT/coldmeter" run --data "$data" --listen 127.0.0.1:$port --interval 1s >"$BATS_TEST_TMPDIR/text" 2>&1 3>&- &
	run_pid=$!
	for _ in $(seq 100); do
		grep -q 'no functions seen yet' "$BATS_TEST_TMPDIR/text" && break
		sleep 0.1
	done
	left
	kill -9 $run_pid
	nothing_left
}

@test "a dashboard that is killed leaves nothing behind, and the terminal as it was" {
	screen 120 30 "$OUT/coldmeter run --data $data --listen 127.0.0.1:$port; echo \"ended with \$?\""
	see 'No functions seen yet'
	kill -9 "$(pgrep -n -f "^$OUT/coldmeter run")"
	see 'the dashboard was killed by signal 9'
	see 'ended with 1'
	nothing_left
}

@test "a collector that dies is said with its last words, and started again" {
	screen 160 30 "$OUT/coldmeter run --data $data --listen 127.0.0.1:$port; echo \"ended with \$?\""
	see 'No functions seen yet'
	kill -9 "$(pgrep -n -f "^$OUT/coldmeter-collector --listen 127.0.0.1:$port")"
	see 'started again: coldmeter-collector was killed by signal 9'
	see 'not reachable'
	see_no 'not reachable'
	start_function
	see '^ greeter'
	keys q
	see 'ended with 1'
	nothing_left
}

@test "an agent that dies is started again, and measures" {
	screen 160 30 "$OUT/coldmeter run --data $data --listen 127.0.0.1:$port; echo \"ended with \$?\""
	see 'No functions seen yet'
	kill -9 "$(pgrep -o -f "^$OUT/coldmeter-agent --collector http://127.0.0.1:$port")"
	see 'started again: coldmeter-agent was killed by signal 9'
	rm "$data/coldmeter-agent.log" # what the first one said
	for _ in $(seq 300); do # on a busy host the probes take their time
		grep -q measuring "$data/coldmeter-agent.log" && break
		sleep 0.1
	done
	start_function
	see '^ greeter'
	keys q
	see 'ended with 1'
	nothing_left
}

@test "a port in use is one line" {
	start_stranger $port
	run timeout 30 "$OUT/coldmeter" run --data "$data" --listen 127.0.0.1:$port
	stop_stranger
	[ "$status" -eq 1 ]
	[ "${#lines[@]}" -eq 1 ]
	[[ $output == *"--listen"* ]]
}

@test "the collector and the dashboard run as the user behind sudo" {
	export SUDO_UID=65534 SUDO_GID=65534
	install -d -o 65534 -g 65534 "$data"
	chmod a+rx "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_TEST_TMPDIR" 2>/dev/null || true
	setpriv --reuid 65534 --regid 65534 --clear-groups test -w "$data" || skip "$data is out of reach for others"
	screen 120 30 "SUDO_UID=65534 SUDO_GID=65534 $OUT/coldmeter run --data $data --listen 127.0.0.1:$port"
	see 'No functions seen yet'
	[ "$(stat -c %u "/proc/$(pgrep -f "^$OUT/coldmeter-collector --listen 127.0.0.1:$port")")" -eq 65534 ]
	[ "$(stat -c %u "/proc/$(pgrep -n -f "^$OUT/coldmeter run")")" -eq 65534 ]
	keys q
	nothing_left
}

@test "without root run says what to do" {
	run setpriv --reuid 65534 --regid 65534 --clear-groups "$OUT/coldmeter" run
	[ "$status" -eq 1 ]
	[[ $output == *"sudo coldmeter run"* ]]
	[ "${#lines[@]}" -eq 1 ]
}
