#!/bin/sh
# KILLS (200) kill -9 at random moments of the collector, of the agent and of the ClickHouse server that the ledger is
# on, while functions are invoked and clients send: what was acknowledged is stored, each once; what the agents saw they
# delivered, or it is counted as lost with the agent that had it in its memory. SEED repeats the choices of a run.
# Prints a table and ends with 1 when that is not so. Needs root and clickhouse-server.
set -u

: "${OUT:?set OUT to the build folder}"
[ "$(id -u)" -eq 0 ] || { echo "kills: skipped, the agent needs root"; exit 0; }
for tool in clickhouse-server curl python3; do
	command -v "$tool" >/dev/null || { echo "kills: skipped, $tool is not installed"; exit 0; }
done
# ports of its own, gone with the script
if [ -z "${KILLS_INSIDE:-}" ]; then
	export KILLS_INSIDE=1
	exec unshare --net sh "$0" "$@"
fi
ip link set lo up || exit 1
# many small files, of a server that is killed, lie in memory where that can be
work=$(mktemp -d "$([ -w /dev/shm ] && echo /dev/shm || echo "${TMPDIR:-/tmp}")/kills.XXXXXX")
trap 'kill $running 2>/dev/null; wait; [ -n "${KILLS_KEEP:-}" ] || rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP
python3 "$(dirname "$0")/lib/kills.py" "$work" --kills "${KILLS:-200}" --seed "${SEED:-$(date +%s)}" &
running=$!
wait "$running"
