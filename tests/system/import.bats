#!/usr/bin/env bats
# Imports of a size that does not fit memory, in parts that overlap, and broken off.

setup() {
	: "${OUT:=out}"
	dir=$(mktemp -d)
	pids=()
	hour=$(($(date +%s) / 3600 * 3600)) # the lines of a test are all of one
}

teardown() {
	for pid in "${pids[@]}"; do
		kill -9 "$pid" 2>/dev/null || true
	done
	rm -rf "${dir:?}"
}

# start: a collector on a free port; $url is set.
start() {
	: >"$dir/log"
	"$OUT/coldmeter-collector" --listen 127.0.0.1:0 --data "$dir/data" 2>"$dir/log" 3>&- &
	pids+=("$!")
	for _ in $(seq 200); do
		url=$(sed -n 's/.*listening on \(http.*\)/\1/p' "$dir/log")
		[ -n "$url" ] && return
		sleep 0.05
	done
	cat "$dir/log"
	return 1
}

# lines FIRST LAST: a REPORT line for each number, at most two hours ago.
lines() {
	awk -v first="$1" -v last="$2" -v now="$hour" 'BEGIN {
		for (n = first; n <= last; n++)
			printf "%s.%03dZ REPORT RequestId: %08x-e9a3-11e6-939a-754dd98c7be3\tDuration: %d.%02d ms\tBilled Duration: %d ms\tMemory Size: 512 MB\tMax Memory Used: 87 MB\t\n",
				strftime("%Y-%m-%dT%H:%M:%S", now - n % 3000, 1), n % 1000, n, n % 3000, n % 100, n % 3000 + (n % 100 > 0)
	}'
}

# The highest resident memory of a process so far, in kB.
peak_kb() { awk '$1 == "VmHWM:" { print $2 }' "/proc/$1/status"; }

@test "a log far larger than its memory is read in less than 50 MB" {
	lines 1 20000 >"$dir/some"
	mkfifo "$dir/pipe" "$dir/hold"
	"$OUT/coldmeter" import lambda-report "$dir/pipe" --function big --dry-run --json >"$dir/counts" 3>&- &
	pid=$!
	pids+=("$pid")
	exec 4>"$dir/pipe"
	for _ in $(seq 100); do cat "$dir/some"; done >&4
	head -c 200000000 /dev/zero | tr '\0' x >&4 # a line of 200 MB
	echo >&4
	{
		printf '{"logEvents":[{"message":"'
		head -c 100000000 /dev/zero | tr '\0' x
		printf '"}]}\n'
	} >&4
	peak=$(peak_kb $pid)
	exec 4>&-
	wait $pid
	echo "peak memory $peak kB: $(cat "$dir/counts")"
	[ "$peak" -lt 51200 ]
	jq -e '.read == 2000000 and .bad == 2' "$dir/counts"
}

@test "a hundred thousand lines, twice and in parts that overlap, are each there once" {
	start
	lines 1 60000 >"$dir/a"
	lines 40001 100000 | gzip >"$dir/b.gz"
	export COLDMETER_URL=$url
	"$OUT/coldmeter" import lambda-report "$dir/a" --function big --json | jq -e '.imported == 60000 and .already == 0'
	"$OUT/coldmeter" import lambda-report "$dir/b.gz" --function big --json | jq -e '.imported == 40000 and .already == 20000'
	"$OUT/coldmeter" import lambda-report "$dir/b.gz" "$dir/a" --function big --json | jq -e '.imported == 0 and .already == 120000'
	"$OUT/coldmeter" functions --since 2d --json | jq -e '.functions[0].invocations == 100000'
	"$OUT/coldmeter" invoice --plan aws-lambda --function big --json | jq -e '.plans[0].lines[0].quantity | tonumber <= 100000'
	kb=$(du -sk "$dir/data" | cut -f1)
	echo "the ledger takes $kb kB"
	[ "$kb" -lt 51200 ]
}

@test "a collector that dies half way: the import is run again, and nothing counts twice" {
	start
	lines 1 60000 >"$dir/a"
	{ head -n 20000 "$dir/a"; sleep 1; tail -n +20001 "$dir/a"; } |
		"$OUT/coldmeter" --url "$url" import lambda-report - --function big >"$dir/out" 2>&1 3>&- &
	importer=$!
	sleep 0.6
	kill -9 "${pids[0]}"
	status=0
	wait $importer || status=$?
	cat "$dir/out"
	[ "$status" -eq 1 ]
	grep -q 'run it again, nothing counts twice' "$dir/out"
	start
	"$OUT/coldmeter" --url "$url" import lambda-report "$dir/a" --function big --json | jq -e '.imported + .already == 60000 and .already >= 1000'
	"$OUT/coldmeter" --url "$url" functions --since 2d --json | jq -e '.functions[0].invocations == 60000'
}
