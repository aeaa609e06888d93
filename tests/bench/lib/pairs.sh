# Rounds of the same work without a tool and with each of several, so that each round gives a pair. Sourced by
# tests/bench/overhead_*.sh with sh; each of them sets `name` first.
#
#   PAIRS         rounds (9)
#   LOAD_SECONDS  of load for each figure (1)
#   RESULTS       a folder: NAME.tsv gets the table, NAME.raw.tsv every single figure ($OUT/bench/results)
#
# The variants: `without` any tool; `again`, which is without too and shows what the host's noise does to a ratio;
# `coldmeter`, its agent shipping to a collector on this host; `floor`, the least that any meter of requests does
# (tests/functions/bpf_floor), which says what there is to win; `bpftrace`, tests/bench/requests.bt; and `otel` in a
# Node function. Their order is turned by one in each round. The work, the load and the tools run at nice BENCH_NICE
# (-15), so that what else the host does is in the way as little as can be, and of all of them equally.
# shellcheck shell=sh
# shellcheck disable=SC2034 # much of it is for the scripts
: "${OUT:?set OUT to the build folder}"
: "${name:?}"
pairs=${PAIRS:-9}
load_seconds=${LOAD_SECONDS:-1}
results=${RESULTS:-$OUT/bench/results}
programs=$OUT/tests/functions
here=$(cd "$(dirname "$0")" && pwd)
functions=$(cd "$here/../functions" && pwd)

[ "$(id -u)" -eq 0 ] || { echo "$name: skipped, the agent needs root"; exit 0; }
[ "$(nproc)" -ge 2 ] || { echo "$name: skipped, the function and its load need a CPU each"; exit 0; }
# Ports of its own, and a place for tracefs, both gone with the script.
if [ -z "${BENCH_INSIDE:-}" ]; then
	export BENCH_INSIDE=1
	exec nice -n "${BENCH_NICE:--15}" unshare -n -m --propagation private sh "$0" "$@"
fi
ip link set lo up || exit 1
# where each session has a share of its own, nice counts within it only: the session's is set too, until the end
session_nice=$(sed -n 's/.* nice //p' /proc/self/autogroup 2>/dev/null)
session_nice_set() { [ -z "$session_nice" ] || echo "$1" 2>/dev/null >/proc/self/autogroup; }
session_nice_set "${BENCH_NICE:--15}"

work=$(mktemp -d)
raw=$work/raw
: >"$raw"
agent='' collector='' tracer='' floor='' running=''
# a process with opentelemetry in it does not end on SIGTERM
trap 'kill $agent $collector $tracer $floor 2>/dev/null; kill -KILL $running 2>/dev/null; wait; rm -rf "$work"; session_nice_set "$session_nice"' EXIT
trap 'exit 1' INT TERM HUP

fail() {
	echo "$name: FAILED: $*" >&2
	exit 1
}

# until_true SECONDS COMMAND...: tries it every 20 ms.
until_true() {
	left=$(($1 * 50))
	shift
	until "$@" >/dev/null 2>&1; do
		left=$((left - 1))
		[ $left -gt 0 ] || return 1
		sleep 0.02
	done
}

has_bpftrace() {
	if ! command -v bpftrace >/dev/null; then
		echo "$name: no bpftrace beside it: it is not installed (make deps)"
	elif ! mount -t tracefs tracefs /sys/kernel/tracing 2>"$work/mount" ||
		[ ! -e /sys/kernel/tracing/events/syscalls/sys_enter_read ]; then
		echo "$name: no bpftrace beside it: no system call tracepoints here: $(cat "$work/mount")"
	else
		return 0
	fi
	return 1
}

# agent_start: until it measures.
agent_start() {
	: >"$work/agent" # what the one before said is not taken for this one's
	"$OUT/coldmeter-agent" --collector http://127.0.0.1:7077 --spool "$work/spool" --max-overhead 100 \
		2>"$work/agent" &
	agent=$!
	until_true 60 grep -q measuring "$work/agent" || fail "the agent does not start: $(cat "$work/agent")"
}

# agent_stop: $seen, $lost and $ring_most of $ring_bytes are what it said at its end.
agent_stop() {
	kill "$agent"
	wait "$agent"
	agent=''
	seen=$(sed -n 's/.*ledger: seen=\([0-9]*\) .*/\1/p' "$work/agent")
	lost=$(sed -n 's/.*ledger: .* lost=\([0-9]*\)$/\1/p' "$work/agent")
	ring_most=$(sed -n 's/.*ring: at most \([0-9]*\) of .*/\1/p' "$work/agent")
	ring_bytes=$(sed -n 's/.*ring: at most [0-9]* of \([0-9]*\) .*/\1/p' "$work/agent")
	[ "$lost" = 0 ] || fail "the agent lost records: $(tail -n 2 "$work/agent")"
}

collector_start() {
	"$OUT/coldmeter-collector" --data "$work/data" 2>"$work/collector" &
	collector=$!
	until_true 20 grep -q 'listening on' "$work/collector" || fail "the collector does not start: $(cat "$work/collector")"
}

# tool_on VARIANT PID [PID2]: the functions'; $tool_pid the tool's, or nothing.
tool_on() {
	tool_pid=''
	case $1 in
	coldmeter)
		agent_start
		tool_pid=$agent
		;;
	floor)
		: >"$work/floor"
		"$programs/bpf_floor" --uncounted "$2${3:+,$3}" sleep 1000 >"$work/floor" 2>&1 &
		floor=$!
		tool_pid=$floor
		until_true 20 grep -q measuring "$work/floor" || fail "the floor does not start: $(cat "$work/floor")"
		;;
	bpftrace)
		: >"$work/bpftrace"
		bpftrace -B line "$here/requests.bt" "$2" "${3:-$2}" >"$work/bpftrace" 2>&1 &
		tracer=$!
		tool_pid=$tracer
		until_true 60 grep -q measuring "$work/bpftrace" || fail "bpftrace does not start: $(cat "$work/bpftrace")"
		;;
	esac
}

tracer_is_told() {
	kill -INT "$tracer"
	sleep 0.2
	[ ! -e "/proc/$tracer/status" ] || grep -q '^State:[[:space:]]*Z' "/proc/$tracer/status"
}

floor_stop() {
	pkill -P "$floor" # its sleep
	wait "$floor"
	floor=''
}

# tool_off: bpftrace's count is in $counted then, the agent's in $seen.
tool_off() {
	[ -z "$agent" ] || agent_stop
	[ -z "$floor" ] || floor_stop
	[ -n "$tracer" ] || return 0
	# bpftrace 0.17 may miss the first one: it goes to sleep between its look for a signal and its wait
	until_true 1 tracer_is_told || fail "bpftrace does not end"
	wait "$tracer"
	tracer=''
	counted=$(sed -n 's/^@requests: //p' "$work/bpftrace")
}

# cpu_ns PID: user and system time of all its threads so far; 0 of none.
cpu_ns() {
	[ -n "$1" ] || { echo 0; return; }
	cat "/proc/$1/task/"*/schedstat | awk '{ n += $1 } END { printf "%.0f", n }'
}

# Rows of the table, in order. row WHAT [TARGET [more]]: TARGET is the largest ratio with coldmeter to without that is
# good enough; "more" says that more is better of this one.
row() { printf 'row\t%s\t%s\t%s\n' "$1" "${2:-}" "${3:-}" >>"$raw"; }
# figure WHAT VARIANT VALUE: of this round.
figure() { printf 'figure\t%s\t%s\t%s\t%s\n' "$1" "$2" "$round" "$3" >>"$raw"; }

# foreign: are there probes of another agent, or of another tracer of system calls, on this host? The kernel frees those
# of a tool that has just ended a little later.
foreign() { foreign_now && sleep 0.5 && foreign_now; }
foreign_now() {
	mine=$(cat /proc/self/fdinfo/* ${agent:+/proc/"$agent"/fdinfo/*} ${tracer:+/proc/"$tracer"/fdinfo/*} 2>/dev/null |
		sed -n 's/^prog_id:[[:space:]]*//p' | sort -u | tr '\n' ' ')
	bpftool prog list | awk -v mine=" $mine" '
		/^[0-9]+: / { sub(/:/, "", $1); if (index(mine, " " $1 " ") == 0 && $2 ~ /^(tracing|tracepoint|raw_tracepoint|perf_event|kprobe)$/) n++ }
		END { exit !n }'
}

disturbed=0
# rounds VARIANTS COMMAND: calls COMMAND VARIANT for each of the variants in each of $pairs rounds. A round's
# figures stand even if somebody else's probes were in the way, but it is said.
rounds() {
	variants=$1
	round=0
	while [ "$round" -lt "$pairs" ]; do
		round=$((round + 1))
		for variant in $variants; do
			"$2" "$variant"
			! foreign || disturbed=$((disturbed + 1))
		done
		variants="${variants#* } ${variants%% *}" # the first one is the last now
	done
}

# table VARIANTS: prints the rows, and keeps them.
table() {
	mkdir -p "$results"
	cp "$raw" "$results/$name.raw.tsv"
	awk -v name="$name" -v variants="$1" -v tsv="$results/$name.tsv" -f "$here/lib/table.awk" "$raw"
	[ "$disturbed" -eq 0 ] || echo "$name: probes of others were in the kernel in $disturbed of $((pairs * $(echo "$1" | wc -w))) turns: take it again when they are gone"
	[ -z "${SUDO_UID:-}" ] || chown -R "$SUDO_UID:$SUDO_GID" "$results"
}
