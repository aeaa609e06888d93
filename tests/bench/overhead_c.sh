#!/bin/sh
# What watching costs an HTTP function written in C that answers two bytes. Options: lib/pairs.sh. Needs root and wrk.
set -u
name=overhead_c
# shellcheck source=tests/bench/lib/pairs.sh
. "$(dirname "$0")/lib/pairs.sh"
# shellcheck source=tests/bench/lib/http.sh
. "$here/lib/http.sh"

function=$name-$$
COLDMETER_FUNCTION=$function taskset -c 0 "$programs/http_function" --listen 127.0.0.1:8080 >/dev/null &
running=$!

load_all() {
	for c in 1 16 64; do measure C "$1" "$running" 8080 $c; done
}
turn() { with_tool "$1" load_all "$running"; }

for c in 1 16 64; do rows_of C $c 1.08; done
tool_row="the tool's own CPU us/request"
row "$tool_row"
collector_start
tools="without again coldmeter floor"
! has_bpftrace || tools="$tools bpftrace"
until_true 10 curl -sf http://127.0.0.1:8080/ || fail "the function does not answer"
rounds "$tools" turn
table "$tools"
check_counts "$function"
