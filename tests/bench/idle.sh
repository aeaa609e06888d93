#!/bin/sh
# What watching costs when nothing happens: resident memory and CPU of agent, collector and dashboard
# together, over IDLE_SECONDS (30). Prints one line. Needs root and tmux.
set -u

: "${OUT:?set OUT to the build folder}"
seconds=${IDLE_SECONDS:-30}
[ "$(id -u)" -eq 0 ] || { echo "idle: skipped, the agent needs root"; exit 0; }
work=$(mktemp -d)
socket=$work/tmux
trap 'tmux -S "$socket" kill-server 2>/dev/null; sleep 1; rm -rf "$work"' EXIT

tmux -S "$socket" new-session -d -x 120 -y 30 "$OUT/coldmeter run --data $work/data --listen 127.0.0.1:17070"
sleep 5
parent=$(tmux -S "$socket" list-panes -F '#{pane_pid}')
# the pane's process, its children, and theirs
pids="$parent $(pgrep -P "$parent" | tr '\n' ' ')"
for p in $pids; do pids="$pids $(pgrep -P "$p" | tr '\n' ' ')"; done
pids=$(echo "$pids" | tr ' ' '\n' | sort -un)

cpu_ns() {
	for p in $pids; do cat "/proc/$p/schedstat" 2>/dev/null; done | awk '{ n += $1 } END { printf "%.0f", n }'
}
before=$(cpu_ns)
sleep "$seconds"
after=$(cpu_ns)
memory_kb=$(for p in $pids; do grep VmRSS "/proc/$p/status" 2>/dev/null; done | awk '{ n += $2 } END { print n }')
echo "$before $after $memory_kb $seconds" | awk '{
	printf "idle: agent, collector and dashboard: %.1f MB resident, %.2f %% of one core over %d s\n", $3 / 1024, ($2 - $1) / 1e7 / $4, $4
}'
