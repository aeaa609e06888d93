# HTTP functions under wrk, with lib/pairs.sh: throughput, P50 and P99 latency, and the CPU time of the function's
# process for each request, at 1, 16 and 64 connections. The function runs on CPU 0 and wrk on CPU 1; the tools
# run where the kernel puts them. Sourced.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # what pairs.sh sets, and what is for the scripts
all=0 # requests of this turn
agent_all=0 tracer_all=0 tracer_counted=0

counted_by='' # a command that wrk runs under
# load PORT CONNECTIONS SECONDS: sets $requests $seconds $p50_us $p99_us.
load() {
	# shellcheck disable=SC2086 # words
	taskset -c 1 $counted_by wrk --timeout 30s -t1 -c"$2" -d"$3" -s "$here/lib/load.lua" "http://127.0.0.1:$1/" >"$work/wrk" || fail "wrk ended with $?"
	read -r requests seconds p50_us p99_us errors <<-EOF
		$(sed -n 's/^load //p' "$work/wrk")
	EOF
	[ "${errors:-1}" -eq 0 ] || fail "$errors requests failed: $(cat "$work/wrk")"
	all=$((all + requests))
}

# measure LABEL VARIANT PID PORT CONNECTIONS
measure() {
	before=$(cpu_ns "$3")
	load "$4" "$5" "$load_seconds"
	after=$(cpu_ns "$3")
	figure "$1 c$5 CPU us/request" "$2" "$(echo "$before $after $requests" | awk '{ print ($2 - $1) / $3 / 1000 }')"
	figure "$1 c$5 requests/s" "$2" "$(echo "$requests $seconds" | awk '{ print $1 / $2 }')"
	figure "$1 c$5 P50 us" "$2" "$p50_us"
	figure "$1 c$5 P99 us" "$2" "$p99_us"
}

# rows_of LABEL CONNECTIONS TARGET: those of measure.
rows_of() {
	row "$1 c$2 CPU us/request" "$3"
	row "$1 c$2 requests/s" '' more
	row "$1 c$2 P50 us"
	row "$1 c$2 P99 us"
}

# with_tool VARIANT COMMAND PID...: the tool is on while COMMAND runs; its own CPU time goes into $tool_row. What it
# should have seen is compared with what it says it has.
with_tool() {
	all=0 variant_on=$1 command=$2
	shift 2
	tool_on "$variant_on" "$@"
	set -- "$variant_on"
	before_tool=$(cpu_ns "$tool_pid")
	"$command" "$1"
	tool_cpu=$(($(cpu_ns "$tool_pid") - before_tool))
	tool_off
	[ -z "$tool_pid" ] || figure "$tool_row" "$1" "$(echo "$tool_cpu $all" | awk '{ print $1 / $2 / 1000 }')"
	case $1 in
	coldmeter)
		[ "$seen" -ge "$all" ] || fail "wrk had $all answers, the agent saw $seen: $(cat "$work/agent")"
		agent_all=$((agent_all + all))
		;;
	bpftrace) tracer_all=$((tracer_all + all)) tracer_counted=$((tracer_counted + counted)) ;;
	esac
}

# stored FUNCTION: how many invocations the collector has.
stored() {
	"$OUT/coldmeter" --url http://127.0.0.1:7077 functions --since 1h --json |
		jq --arg f "$1" '[.functions[] | select(.function == $f) | .invocations] | add // 0'
}
all_are_stored() { [ "$(stored "$1")" -ge "$agent_all" ]; }

# check_counts FUNCTION: wrk drops its connections at its end, with a request on the way on some of them, so that
# coldmeter may have counted a few more. An agent ships what one before it could not.
check_counts() {
	agent_start
	until_true 15 all_are_stored "$1" ||
		fail "wrk had $agent_all answers while coldmeter watched, which counted $(stored "$1"): $(cat "$work/agent" "$work/collector")"
	agent_stop
	echo "$name: wrk had $agent_all answers while coldmeter watched, which counted $(stored "$1")"
	[ "$tracer_all" -eq 0 ] || echo "$name: wrk had $tracer_all answers while bpftrace watched, which counted $tracer_counted"
}
