#!/bin/sh
# Pings against cold starts: the demo's Lambda function, whose sandbox is taken away after 20 s without an event, is
# called every 24 to 32 s: without pings every call is cold. Three calls teach the idle life; then keep-warm is on for
# KEEPWARM_SECONDS, then off again. One line a phase, by the product and by the platform's own log; 1 when a call was
# cold while pinged, was warm before or after, or when cost or saving is not shown. Takes three minutes longer than
# KEEPWARM_SECONDS, so it runs only when that is set (300). KEEPWARM_PORT (18070) and the port after it are used. Needs
# root.
set -u

: "${OUT:?set OUT to the build folder}"
[ -n "${KEEPWARM_SECONDS:-}" ] || { echo "keepwarm: skipped, it takes minutes: KEEPWARM_SECONDS=300 runs it"; exit 0; }
[ "$(id -u)" -eq 0 ] || { echo "keepwarm: skipped, the agent needs root"; exit 0; }
port=${KEEPWARM_PORT:-18070}
url=http://127.0.0.1:$port
name=keepwarm-$$
event=http://127.0.0.1:$((port + 1))/2015-03-31/functions/$name/invocations
here=$(cd "$(dirname "$0")/../functions" && pwd)
work=$(mktemp -d)
collector='' agent='' platform='' failed=0
calls=0 # made in this run; gaps come from it, the same ones every time

stop() {
	# shellcheck disable=SC2086 # those that were not started are no words
	kill $platform $agent $collector 2>/dev/null
	wait
	rm -rf "$work"
}
trap stop EXIT
trap 'exit 1' INT TERM HUP

fail() {
	echo "keepwarm: FAILED: $*" >&2
	failed=1
}

# until_true COMMAND...: at most 10 s.
until_true() {
	for _ in $(seq 100); do
		"$@" >/dev/null 2>&1 && return 0
		sleep 0.1
	done
	fail "still not so after 10 s: $*"
	tail -n 3 "$work"/*.err >&2
	exit 1
}

start() {
	"$OUT/coldmeter-collector" --listen "127.0.0.1:$port" --data "$work/data" 2>"$work/collector.err" &
	collector=$!
	until_true grep -q 'listening on' "$work/collector.err"
	"$OUT/coldmeter-agent" --collector "$url" --spool "$work/spool" 2>"$work/agent.err" &
	agent=$!
	until_true grep -q measuring "$work/agent.err"
	"$OUT/tests/functions/runtime_api" --listen "127.0.0.1:$((port + 1))" --function "$name" --memory 256 --timeout 10 \
		--idle-life 20 --log "$work/platform" -- python3 "$here/demo/thumbnail.py" 2>"$work/platform.err" &
	platform=$!
	until_true grep -q listening "$work/platform.err"
}

call() {
	curl -fsS --max-time 60 -o /dev/null -d '{"width":200,"height":200}' "$event" || fail "a call was not answered"
	calls=$((calls + 1))
	sleep 2 # until the agent has shipped it
}
gap() { sleep $((22 + calls * 5 % 9)); } # 24 to 32 s with the wait of the call

coldmeter() { "$OUT/coldmeter" --url "$url" "$@"; }
# seen FIELD: of the function, as the dashboard shows it.
seen() { coldmeter functions --since 1h --json | jq -r --arg f "$name" ".functions[] | select(.function == \$f) | .$1"; }
# warm FIELD: of its keep-warm row, also when it was never switched on.
warm() { coldmeter keepwarm list --json | jq -r --arg f "$name" ".keepwarm[] | select(.function == \$f) | .$1"; }
# truth JQ: so many events of the platform's own log, of calls ($ping false) and of pings.
truth() { jq -s "map(.ping = (.trace_id | contains(\"c01dc01dc01dc01d\"))) | map(select($1)) | length" "$work/platform"; }

# phase WHAT: the calls since the last one, and how many were cold.
last_n=0 last_cold=0
phase() {
	n=$(truth '.ping | not')
	cold=$(truth '(.ping | not) and .cold')
	phase_n=$((n - last_n)) phase_cold=$((cold - last_cold))
	last_n=$n last_cold=$cold
	[ "$(seen invocations)/$(seen cold)" = "$n/$cold" ] ||
		fail "$1: coldmeter has $(seen invocations) invocations and $(seen cold) cold ones, the platform $n and $cold"
}

start
call
for _ in 1 2 3; do
	gap
	call
done
phase before
[ "$phase_cold" -eq "$phase_n" ] || fail "a call was warm before there were pings"
coldmeter keepwarm on "$name" --method POST --ping "$event" >/dev/null || fail "it cannot be switched on"
echo "keepwarm: before: $phase_n calls, $phase_cold cold; learned an idle life of $(warm idle_life_s) s from $(warm samples) gaps, first ping after $(warm ping_after_s) s"

end=$(($(date +%s) + KEEPWARM_SECONDS))
while [ "$(date +%s)" -lt $((end - 34)) ]; do
	gap
	call
done
now=$(date +%s)
[ "$now" -ge "$end" ] || sleep $((end - now))
phase pinged
# The last ping may still be on its way through the agent.
row_is_settled() {
	coldmeter keepwarm list --json | jq -c --arg f "$name" '.keepwarm[] | select(.function == $f)' >"$work/row"
	jq -e --argjson n "$(truth .ping)" '.pings == $n and .pings_seen == $n' "$work/row"
}
until_true row_is_settled
echo "keepwarm: pinged for $KEEPWARM_SECONDS s: $phase_n calls, $phase_cold cold; $(jq -r '"\(.pings) pings sent, \(.pings_seen) seen, \(.pings_cold) of them cold, the next after \(.ping_after_s) s; they cost $\(.ping_cost_usd) and saved $\(.saved_usd) and \(.saved_s) s of waiting in \(.cold_avoided) cold starts avoided"' "$work/row")"
echo "keepwarm: $(jq -r '"\(.state): \(.why)"' "$work/row")"
[ "$phase_cold" -eq 0 ] || fail "a call was cold while pinged"
jq -e '.pings > 0 and .pings_cold == 0 and .cold_since == 0 and .cold_avoided > 0 and
	(.ping_cost_usd | tonumber) > 0 and (.saved_usd | tonumber) > 0' "$work/row" >/dev/null || fail "the row is wrong: $(cat "$work/row")"

coldmeter keepwarm off "$name" >/dev/null || fail "it cannot be switched off"
for _ in 1 2 3; do
	gap
	call
done
phase after
echo "keepwarm: switched off: $phase_n calls, $phase_cold cold"
[ "$phase_cold" -eq "$phase_n" ] || fail "a call was warm though nobody pings"
exit $failed
