#!/bin/sh
# What watching costs a process that is no function: system calls, ping-pong between two processes, page faults and the
# start of a process, with no tool, with coldmeter's agent, with the floor, which leaves as soon as it sees that it is not
# asked for, and with bpftrace. Options: lib/pairs.sh. Needs root.
set -u
name=overhead_plain
# shellcheck source=tests/bench/lib/pairs.sh
. "$(dirname "$0")/lib/pairs.sh"

# What bpftrace watches meanwhile, and the agent too: a function that nobody calls.
COLDMETER_FUNCTION=$name "$programs/http_function" --listen 127.0.0.1:8080 >/dev/null &
running=$!

turn() {
	tool_on "$1" "$running"
	# all its processes on one CPU: no wake-up across CPUs in what is measured
	taskset -c 1 "$programs/plain" "$((load_seconds * 1500))" >"$work/plain" || fail "plain ended with $?"
	while read -r what ns; do
		figure "$what ns" "$1" "$ns"
	done <"$work/plain"
	tool_off
}

for what in getppid file pipe unix tcp fault spawn; do row "$what ns"; done
collector_start
tools="without again coldmeter floor"
! has_bpftrace || tools="$tools bpftrace"
rounds "$tools" turn
table "$tools"
