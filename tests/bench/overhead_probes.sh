#!/bin/sh
# What the probes take in the kernel for each invocation, by the kernel's own run-time statistics, and what the agent
# takes in user space at the highest rate that this host makes, of HTTP functions in C and Node.js that answer two
# bytes. Each run of a program is counted with what the measuring itself takes; an empty program beside them says how
# much that is, and the floor, the least that a meter of requests can do (tests/functions/bpf_floor), what there is to
# win. Options: lib/pairs.sh; the full rate lasts five times LOAD_SECONDS. Needs root and wrk.
set -u
name=overhead_probes
# shellcheck source=tests/bench/lib/pairs.sh
. "$(dirname "$0")/lib/pairs.sh"
# shellcheck source=tests/bench/lib/http.sh
. "$here/lib/http.sh"

function=$name-$$
COLDMETER_FUNCTION=$function taskset -c 0 "$programs/http_function" --listen 127.0.0.1:8080 >/dev/null &
running=$!
node=$(command -v node >/dev/null && echo node)
if [ -n "$node" ]; then
	COLDMETER_FUNCTION=$function PORT=8081 taskset -c 0 node "$functions/node/plain_http.js" >"$work/node" 2>&1 &
	running="$running $!"
fi

# programs_of PID: "NS RUNS NAME" of each of its programs.
programs_of() {
	for id in $(cat "/proc/$1/fdinfo/"* | sed -n 's/^prog_id:[[:space:]]*//p' | sort -un); do
		bpftool prog show id "$id"
	done | sed -n 's/^[0-9]*: [a-z_]*  name \([^ ]*\) .* run_time_ns \([0-9]*\) run_cnt \([0-9]*\).*/\2 \3 \1/p'
}

# in_kernel LABEL VARIANT PORT
in_kernel() {
	programs_of "$tool_pid" >"$work/programs_before"
	counted_by="$programs/bpf_stats --empty sock_recv_length"
	load "$3" 16 "$load_seconds"
	counted_by=''
	read -r empty_ns _ <<-EOF
		$(sed -n 's/^empty //p' "$work/wrk")
	EOF
	programs_of "$tool_pid" | paste - "$work/programs_before" | awk '{ print $1 - $4, $2 - $5, $3 }' >"$work/programs"
	awk -v n="$requests" -v each="$empty_ns" '
		{ time += $1; runs += $2 }
		END { printf "%.1f %.1f %.3f\n", (time - each * runs) / n, time / n, runs / n }' "$work/programs" >"$work/sum"
	read -r net_ns gross_ns runs <"$work/sum"
	figure "$1 programs ns/invocation, less empty ones" "$2" "$net_ns"
	figure "$1 programs ns/invocation, as counted" "$2" "$gross_ns"
	figure "$1 program runs/invocation" "$2" "$runs"
	figure "empty program ns/run" "$2" "$empty_ns"
	[ "$2" != coldmeter ] || awk -v what="$1" -v n="$requests" -v each="$empty_ns" '
		$2 > 0 { print $3, what, $2 / n, $1 / $2 - each }' "$work/programs" >>"$work/each"
}

# floor LABEL VARIANT PORT PID: the least that any meter of requests takes, with no tool on. See bpf_floor.
floor() {
	counted_by="$programs/bpf_floor $4"
	load "$3" 16 "$load_seconds"
	counted_by=''
	figure "$1 floor ns/invocation, less empty ones" "$2" \
		"$(sed -n 's/^floor //p' "$work/wrk" | awk -v n="$requests" '{ print ($1 - $2 * $3) / n }')"
}

in_user_space() {
	before=$(cpu_ns "$agent")
	before_collector=$(cpu_ns "$collector")
	load 8080 64 $((5 * load_seconds))
	sleep 0.2 # what is in the ring yet
	figure "invocations/s" "$1" "$(echo "$requests $seconds" | awk '{ print $1 / $2 }')"
	figure "agent CPU us/invocation" "$1" "$(echo "$(($(cpu_ns "$agent") - before)) $requests" | awk '{ print $1 / $2 / 1000 }')"
	figure "collector CPU us/invocation" "$1" "$(echo "$(($(cpu_ns "$collector") - before_collector)) $requests" | awk '{ print $1 / $2 / 1000 }')"
	figure "agent resident MB, at most" "$1" "$(awk '/^VmHWM/ { print $2 / 1024 }' "/proc/$agent/status")"
	# resident counts the ring twice, as its pages are mapped twice, one copy behind the other
	figure "agent resident MB, each page once" "$1" "$(awk '/^Pss:/ { print $2 / 1024 }' "/proc/$agent/smaps_rollup")"
}

turn() {
	all=0
	# shellcheck disable=SC2086 # one or two
	tool_on "$1" $running
	in_kernel C "$1" 8080
	[ -z "$node" ] || in_kernel node "$1" 8081
	[ "$1" != coldmeter ] || in_user_space "$1"
	tool_off
	[ "$1" != coldmeter ] || [ "$seen" -ge "$all" ] || fail "wrk had $all answers, the agent saw $seen: $(cat "$work/agent")"
	all_seen=$all
	if [ "$1" = coldmeter ]; then
		floor C "$1" 8080 "${running%% *}"
		[ -z "$node" ] || floor node "$1" 8081 "${running##* }"
	fi
	all=$all_seen # what nobody watched is not compared
	[ "$1" != coldmeter ] || figure "ring full %, at most" "$1" "$(echo "$ring_most $ring_bytes" | awk '{ print 100 * $1 / $2 }')"
	[ "$1" != coldmeter ] || agent_all=$((agent_all + all))
}

for what in C $node; do
	row "$what programs ns/invocation, less empty ones" 1000
	row "$what floor ns/invocation, less empty ones"
	row "$what programs ns/invocation, as counted"
	row "$what program runs/invocation"
done
row "empty program ns/run"
row "invocations/s"
row "agent CPU us/invocation" 3
row "agent resident MB, at most" 40
row "agent resident MB, each page once"
row "ring full %, at most" 50
row "collector CPU us/invocation"
collector_start
tools=coldmeter
! has_bpftrace || tools="$tools bpftrace"
until_true 10 curl -sf http://127.0.0.1:8080/ || fail "the function does not answer"
if [ -n "$node" ]; then
	until_true 30 curl -sf http://127.0.0.1:8081/ || fail "the Node function does not answer"
	load 8081 16 3 # compiled by then
fi
rounds "$tools" turn
table "$tools"
awk -v name=$name '{ p = $2 " " $1; n[p]++; runs[p] += $3; ns[p] += $4 }
	END { for (p in n) printf "%s: %-21s %.3f runs/invocation, %.0f ns each less the empty one\n", name, p, runs[p] / n[p], ns[p] / n[p] }' "$work/each" | sort
check_counts "$function"
