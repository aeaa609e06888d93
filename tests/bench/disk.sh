#!/bin/sh
# What invocations of real functions take on disk: eight in Python that add up what is posted and eight in C that wait
# and answer, none asked twice for the same, as the agent measures and the collector keeps them; then, an hour later,
# merged (bench_raw). DISK_SECONDS (60) of load; DISK_CONNECTIONS of each function (1 to 5: some invocations overlap).
# Options: lib/pairs.sh. Needs root and wrk.
set -u
name=disk
# shellcheck source=tests/bench/lib/pairs.sh
. "$(dirname "$0")/lib/pairs.sh"

collector_start
agent_start
loads=''
for i in 1 2 3 4 5 6 7 8; do
	COLDMETER_FUNCTION=checkout-$i python3 "$functions/demo/checkout.py" $((8100 + i)) 2>/dev/null &
	running="$running $!"
	COLDMETER_FUNCTION=fetch-$i "$programs/http_function" --listen "127.0.0.1:$((8200 + i))" >/dev/null &
	running="$running $!"
done
for i in 1 2 3 4 5 6 7 8; do
	until_true 10 curl -s -o /dev/null -d '[]' "http://127.0.0.1:$((8100 + i))/checkout" &&
		until_true 10 curl -s -o /dev/null "http://127.0.0.1:$((8200 + i))/" || fail "the functions do not start"
done
for i in 1 2 3 4 5 6 7 8; do
	for url in "127.0.0.1:$((8100 + i))/checkout" "127.0.0.1:$((8200 + i))/"; do
		SEED=$i wrk -t1 -c"${DISK_CONNECTIONS:-$((1 + i / 3 * 2))}" -d"${DISK_SECONDS:-60}" -s "$here/lib/varied.lua" "http://$url" >/dev/null &
		loads="$loads $!"
	done
done
# shellcheck disable=SC2086 # a list
wait $loads
agent_stop
kill "$collector"
wait "$collector"
collector=''
told=$(LEDGER="$work/data" "$OUT/bench/bench_raw") || fail "what the collector left cannot be read"
kept=$(echo "$told" | sed -n 's/^raw: \([0-9]*\) of .*/\1/p')
[ "$kept" = "$seen" ] || fail "the agent saw $seen invocations, the ledger has ${kept:-none}"
echo "$name: $kept invocations of 16 functions:${told##*:}"
