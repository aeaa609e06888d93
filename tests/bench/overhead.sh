#!/bin/sh
# What watching costs a process that is no function: getppid and file I/O with the agent off and on, in pairs
# (A B A B ...), as medians of PAIRS (9) with their spread. And what the probes cost the kernel for each
# invocation of a C HTTP function under wrk, by the kernel's own run-time statistics. Needs root and wrk.
set -u

: "${OUT:?set OUT to the build folder}"
pairs=${PAIRS:-9}
[ "$(id -u)" -eq 0 ] || { echo "overhead: skipped, the agent needs root"; exit 0; }
work=$(mktemp -d)
agent='' function=''
trap 'kill $agent $function 2>/dev/null; rm -rf "$work"' EXIT

agent_on() {
	"$OUT/coldmeter-agent" --stdout >/dev/null 2>"$work/agent" &
	agent=$!
	for _ in $(seq 100); do
		grep -q measuring "$work/agent" && return
		sleep 0.05
	done
	echo "overhead: the agent does not start: $(cat "$work/agent")" >&2
	exit 1
}
agent_off() {
	kill "$agent"
	wait "$agent"
	agent=''
}

i=0
while [ "$i" -lt "$pairs" ]; do
	i=$((i + 1))
	"$OUT/tests/functions/plain" >>"$work/off"
	agent_on
	"$OUT/tests/functions/plain" >>"$work/on"
	agent_off
done
for what in getppid file; do
	grep "^$what " "$work/off" >"$work/a"
	grep "^$what " "$work/on" >"$work/b"
	paste "$work/a" "$work/b" | awk '{ print $4 / $2 }' | sort -n | awk -v what="$what" -v a="$(sort -nk2 "$work/a" | awk '{ v[NR] = $2 } END { print v[int((NR + 1) / 2)] }')" '
		{ r[NR] = $1 }
		END { printf "overhead: %-8s %7.1f ns without, with/without %.3f (%.3f to %.3f in %d pairs)\n", what, a, r[int((NR + 1) / 2)], r[1], r[NR], NR }'
done

agent_on
COLDMETER_FUNCTION=overhead "$OUT/tests/functions/http_function" --listen 127.0.0.1:17680 2>/dev/null >/dev/null &
function=$!
sleep 0.5
# this agent's own: another one beside it has probes of the same names
ids=$(sed -n 's/^prog_id:[[:space:]]*//p' /proc/"$agent"/fdinfo/* | sort -un)
"$OUT/tests/functions/bpf_stats" wrk -t1 -c16 -d5 http://127.0.0.1:17680/ >"$work/wrk"
for id in $ids; do bpftool prog show id "$id"; done | sed -n 's/.* run_time_ns \([0-9]*\) run_cnt \([0-9]*\).*/\1 \2/p' |
	awk -v requests="$(awk '/requests in/ { print $1 }' "$work/wrk")" '
	# about 60 ns of each run is the measuring itself (an empty program reads so)
	{ time += $1; runs += $2 }
	END { printf "overhead: probes %.0f ns an invocation as counted, %.0f ns less the measuring itself (60 ns a run), %d invocations\n", time / requests, (time - 60 * runs) / requests, requests }'
