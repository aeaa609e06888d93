#!/usr/bin/env bats
# A disk that is full, or read-only: the collector takes nothing more and says why, once; what it has it tells; with
# room again it goes on by itself, and nothing is lost or there twice. The agent's spool on such a disk likewise.

bats_require_minimum_version 1.5.0
load lib

port=18090
url=http://127.0.0.1:$port
each=500

setup() {
	dir=$BATS_TEST_TMPDIR
	disk=$dir/disk
	mkdir "$disk"
	collector='' agent='' with_clock=()
	base=$(date -u -d '10 minutes ago' +%FT%T)
	printf 'min_free_mb: 1\n' >"$dir/config"
}

teardown() {
	end_all
}

# on_disk COMMAND...: where $disk is mounted.
on_disk() { "${inside[@]}" "$@"; }

# collector_start [COMMAND...]: in front of it.
collector_start() {
	in_background "$dir/collector" "${inside[@]}" "$@" "$OUT/coldmeter-collector" --listen 127.0.0.1:$port \
		--data "$disk/ledger" --config "$dir/config"
	collector=$!
	until_true 20 curl -fs -o "$dir/health" $url/healthz || {
		tail -n 3 "$dir/collector.err"
		return 1
	}
}

# body KEY: always the same lines for it, which do not pack well.
body() {
	awk -v key="$1" -v n=$each -v base="$base" 'BEGIN {
		srand(key)
		for (i = 0; i < n; i++)
			printf "{\"function\":\"f%d\",\"request_id\":\"%d-%d-%08x%08x\",\"start\":\"%s.%03dZ\",\"duration_ms\":%.6f}\n",
				i % 20, key, i, rand() * 2 ^ 32, rand() * 2 ^ 32, base, i, rand() * 100
	}'
}

# post KEY: the status; the answer is in $dir/answer.
post() {
	body "$1" | curl -s -D "$dir/head" -o "$dir/answer" -w '%{http_code}' -H 'Content-Type: application/x-ndjson' \
		-H "Idempotency-Key: $1" --data-binary @- $url/v1/invocations
}

ready() { curl -s -o "$dir/ready" -w '%{http_code}' $url/readyz; }
counted() { curl -fs "$url/v1/functions?since=7d" | jq '[.functions[].invocations] | add // 0'; }
# one function's as they were received, of which each has to be another one
told() { curl -fs "$url/v1/invocations?function=f7&since=7d&limit=10000" | jq '[.invocations[].request_id] | if length == (unique | length) then length else error("one is there twice") end'; }
logged() { grep -c "$1" "$dir/collector.err"; }

# refused KEY WHY: and again, which is said once.
refused() {
	local key
	for key in "$1" "$1" $(($1 + 1)); do
		is "$(post "$key")" 503 "the status of what cannot be stored"
		is "$(jq -r '.error | "\(.code): \(.message)"' "$dir/answer")" "cannot_store: nothing was stored: $2" "the answer"
		grep -qi '^Retry-After: ' "$dir/head"
	done
	is "$(logged 'cannot store what was received')" 1 "how often it is logged"
	grep -q "cannot store what was received: $2" "$dir/collector.err"
	is "$(ready)" 503 "the status of /readyz"
	is "$(jq -r .error.message "$dir/ready")" "what was received last could not be stored: $2" "/readyz"
}

# has N: batches, as sums and as single invocations.
has() {
	is "$(counted)" $(($1 * each)) "what the sums have"
	is "$(told)" $(($1 * each / 20)) "what is there of one function"
}

has_no_more() {
	between "$(counted)" $((2 * each)) $(($1 * each)) "what the sums have"
	between "$(told)" $((2 * each / 20)) $(($1 * each / 20)) "what is there of one function"
}

# An earlier day's batches. forget_readers: nobody has read them since, which leaves files beside theirs.
forget_readers() { on_disk sh -c "rm -f '$disk/ledger/raw_$(date -u -d '1 day ago' +%Y%m%d).db-'*"; }
yesterday() {
	base=$(date -u -d '1 day ago' +%FT%T)
	collector_start env "${with_clock[@]}" FAKETIME=-1d
	is "$(post 1)" 200 "the status of a batch"
	end "$collector"
	base=$(date -u -d '10 minutes ago' +%FT%T)
}

@test "a full disk stops ingest with one clear error, what is there is told, and room again is used by itself" {
	needs_clock
	enter_mounts "mount -t tmpfs -o size=6m tmpfs '$disk'"
	yesterday
	collector_start
	is "$(post 2)" 200 "the status of a batch"
	forget_readers
	on_disk sh -c "head -c 6m /dev/zero >'$disk/ballast'" 2>/dev/null || true # as much as fits
	stored=2
	while [ $stored -lt 20 ] && [ "$(post $((stored + 1)))" -eq 200 ]; do stored=$((stored + 1)); done
	refused $((stored + 1)) 'No space left on device'
	has_no_more $stored # where main.db has no room for what the raw file had, it is counted later
	on_disk rm "$disk/ballast"
	for key in $(seq $((stored + 1)) $((stored + 4))); do is "$(post "$key")" 200 "the status with room"; done
	is "$(ready)" 200 "the status of /readyz"
	is "$(logged 'what is received is stored again')" 1 "how often the end is logged"
	stored=$((stored + 4))
	has $stored
	for key in $(seq 2 $stored); do
		is "$(post "$key")" 200 "the status of what is sent again"
		is "$(jq .duplicate "$dir/answer")" true "whether it was there"
	done
	end "$collector" KILL
	collector_start
	has $stored
}

@test "a disk that turns read-only stops ingest with one clear error, what is there is told, also of days before" {
	needs_clock
	needs mkfs.ext4 losetup
	truncate -s 24M "$dir/image"
	mkfs.ext4 -q "$dir/image"
	enter_mounts "mount -o loop,errors=remount-ro '$dir/image' '$disk'"
	loop=$(losetup -n -O NAME -j "$dir/image")
	yesterday
	collector_start
	is "$(post 2)" 200 "the status of a batch"
	forget_readers
	on_disk sync -f "$disk" # the rest is up to the disk
	echo 1 >"/sys/fs/ext4/${loop##*/}/trigger_fs_error" || skip "no ext4 here that can be made to fail"
	refused 3 'Read-only file system'
	has 2
	end "$collector"
	run -1 timeout 10 "${inside[@]}" "$OUT/coldmeter-collector" --listen 127.0.0.1:$port --data "$disk/ledger"
	is "${#lines[@]}" 1 "the number of lines about it"
	[[ $output == *"cannot write in the data directory"*"Read-only file system" ]]
	on_disk umount "$disk"
	e2fsck -p "$dir/image" >"$dir/fsck" || [ $? -eq 1 ] # 1: it has mended something
	on_disk mount -o loop "$dir/image" "$disk"
	collector_start
	is "$(post 3)" 200 "the status of what was refused"
	is "$(post 2)" 200 "the status of what is sent again"
	is "$(jq .duplicate "$dir/answer")" true "whether it was there"
	has 3
}

asked_of_function() {
	for _ in $(seq "$1"); do
		curl -fs -o "$dir/said" "http://127.0.0.1:$((port + 1))/"
		sleep 0.02
	done
}
spooled() { on_disk find "$disk/spool" -name '*.batch' | wc -l; }
spools() { [ "$(spooled)" -ge "$1" ]; }

# settled: there is something in the spool, as much as a second ago; $kept is that.
settled() {
	kept=$(spooled)
	sleep 1
	[ "$kept" -gt 0 ] && [ "$(spooled)" -eq "$kept" ]
}

arrived() { [ "$(curl -fs "$url/v1/functions?since=1h" | jq --arg f "$f" '[.functions[] | select(.function == $f) | .invocations] | add // 0')" -eq "$1" ]; }

@test "an agent whose spool is on a full disk keeps what is new in memory, and loses none while that is enough" {
	enter_mounts "mount -t tmpfs -o size=1m tmpfs '$disk'"
	f=$(name disk)
	in_background "$dir/agent" "${inside[@]}" "$OUT/coldmeter-agent" --collector $url --spool "$disk/spool" \
		--max-overhead 100
	agent=$!
	until_true 20 grep -q measuring "$dir/agent.err"
	http_function $((port + 1)) "$f"
	asked_of_function 20
	until_true 1 settled # 20 times: a batch is sealed within half a second; on a busy host the agent may come to it later
	on_disk sh -c "head -c 1m /dev/zero >'$disk/ballast'" 2>/dev/null || true
	for _ in 1 2 3; do
		asked_of_function 20
		sleep 0.7
	done
	is "$(spooled)" "$kept" "what is on the full disk"
	is "$(grep -c 'the spool folder cannot be written (No space left on device): batches wait in memory' "$dir/agent.err")" 1 \
		"how often it is said"
	on_disk rm "$disk/ballast"
	asked_of_function 20
	until_true 5 spools $((kept + 2)) # what waited may be in one batch
	until_true 5 grep -q 'the spool folder is written again' "$dir/agent.err"
	on_disk sh -c "head -c 1m /dev/zero >'$disk/ballast'" 2>/dev/null || true
	asked_of_function 20
	sleep 0.7
	inside=() disk=$dir # with room
	collector_start
	until_true 15 arrived 120
	sleep 0.7
	arrived 120
	end "$agent"
	agent=''
	[[ $(grep 'ledger: ' "$dir/agent.err" | tail -n 1) =~ lost=0$ ]]
}
