#!/bin/sh
# What each step of --max-overhead saves: one agent for each step watches the same functions under the same load,
# so that all are disturbed alike. CPU time for each invocation of a C function of one thread and of a Node function
# of many, of the probes (by the kernel's run-time statistics, less about 60 ns a run of the measuring itself) and of
# the agent's process, which ships to a collector. Prints a line for each step. Needs root and wrk.
set -u

: "${OUT:?set OUT to the build folder}"
seconds=${SHED_SECONDS:-5}
steps='first 0 1 2 3 4' # the first to run at each event pays for what is not in the caches, and is not told
[ "$(id -u)" -eq 0 ] || { echo "shedding: skipped, the agent needs root"; exit 0; }
command -v wrk >/dev/null || { echo "shedding: skipped, wrk is not installed"; exit 0; }
work=$(mktemp -d)
pids=''
trap 'kill $pids 2>/dev/null; wait; rm -rf "$work"' EXIT

# wait_for FILE TEXT
wait_for() {
	for _ in $(seq 600); do
		! grep -q "$2" "$1" || return 0
		sleep 0.1
	done
	echo "shedding: no start: $(tail -n 1 "$1")" >&2
	exit 1
}

"$OUT/coldmeter-collector" --listen 127.0.0.1:17690 --data "$work/data" 2>"$work/collector" &
pids="$pids $!"
for step in $steps; do
	"$OUT/coldmeter-agent" --collector http://127.0.0.1:17690 --max-overhead 100 --shed "$(echo "$step" | sed s/first/0/)" 2>"$work/agent$step" &
	echo $! >"$work/pid$step"
	pids="$pids $!"
done
for step in $steps; do wait_for "$work/agent$step" measuring; done

# figures STEP: nanoseconds and runs of its probes, nanoseconds of its process
figures() {
	pid=$(cat "$work/pid$1")
	for id in $(sed -n 's/^prog_id:[[:space:]]*//p' /proc/"$pid"/fdinfo/* | sort -un); do bpftool prog show id "$id"; done |
		sed -n 's/.* run_time_ns \([0-9]*\) run_cnt \([0-9]*\).*/\1 \2/p' |
		awk -v cpu="$(cut -d' ' -f1 "/proc/$pid/schedstat")" '{ ns += $1; n += $2 } END { printf "%.0f %.0f %.0f\n", ns, n, cpu }'
}

# load NAME URL
load() {
	for step in $steps; do figures "$step" >"$work/before$step"; done
	"$OUT/tests/functions/bpf_stats" wrk -t1 -c16 -d"$seconds" "$2" >"$work/wrk"
	sleep 1
	for step in ${steps#first}; do
		figures "$step" >"$work/after$step"
		paste "$work/before$step" "$work/after$step" | awk -v what="$1" -v step="$step" -v n="$(awk '/requests in/ { print $1 }' "$work/wrk")" '
			{ printf "shedding: %-5s step %s: probes %5.0f ns, agent %5.0f ns an invocation (%d)\n", what, step, ($4 - $1 - 60 * ($5 - $2)) / n, ($6 - $3) / n, n }'
	done
}

COLDMETER_FUNCTION=shedding "$OUT/tests/functions/http_function" --listen 127.0.0.1:17691 >/dev/null 2>&1 &
pids="$pids $!"
sleep 1
load C http://127.0.0.1:17691/
kill $!
command -v node >/dev/null || { echo "shedding: node is not installed"; exit 0; }
COLDMETER_FUNCTION=shedding node -e "require('http').createServer((q, r) => r.end('ok')).listen(17692, '127.0.0.1')" >"$work/node" 2>&1 &
pids="$pids $!"
for _ in $(seq 100); do
	! (ss -Hltn "sport = :17692" | grep -q LISTEN) || break
	sleep 0.1
done
load Node http://127.0.0.1:17692/
