#!/usr/bin/env bats
# The published serverless-offline: one process that serves many functions, each in a thread, at an API gateway's port and
# at one of Lambda's invoke API. Against the durations that it prints of its handlers.

# shellcheck disable=SC2154 # $runtimes: set in lib
load lib

port=17580
door=/2015-03-31/functions

setup() {
	dir=$BATS_TEST_TMPDIR
	f=$(name "offline-$BATS_TEST_NUMBER")
	needs_runtimes offline
}

teardown() {
	end_all
}

offline() {
	in_background "$dir/$f" env -C "$BATS_TEST_DIRNAME/../functions/node" COLDMETER_FUNCTION="$f" \
		node serverless offline start $port $((port + 1)) "$f"
	until_true 30 grep -q 'Server ready' "$dir/$f"
}

# asked KEY CURL-ARGUMENTS...: how long the client waited goes to $dir/KEY.client, in milliseconds.
asked() {
	curl -sS -o /dev/null -w '%{time_total}\n' "${@:2}" | jq '. * 1000' >>"$dir/$1.client"
}

invoked() { asked "$1" -d "{\"ms\":$2}" "http://127.0.0.1:$((port + 1))$door/$f-$1/invocations"; }

# handled KEY: milliseconds of each call of a handler, by the server's own clock.
handled() { sed -n "s/.*(λ: $1) RequestId: .*Duration: \([0-9.]*\) ms  Billed.*/\1/p" "$dir/$f"; }

# as_handled KEY: each took at least what its handler did and, give or take when either was held up, at most what its
# client waited, however busy this host is.
as_handled() {
	local ms least most n=0
	while read -r ms least most; do
		n=$((n + 1))
		between "$ms" "$least" "$(jq -n "$most + 10")" "duration of call $n"
	done < <(paste -d ' ' <(seen "$f-$1" .duration_ms) <(handled "$1") "$dir/$1.client")
	is "$n" "$(count "$f-$1")" "calls that the handler ended"
}

@test "at the invoke API each call belongs to the function that it names, counted once, failed when that failed" {
	agent_start
	offline
	for ms in 0 10 30 50 70; do invoked a $ms; done
	for _ in 1 2 3; do invoked b 20; done
	expect "$f-a" 5
	expect "$f-b" 3
	expect "$f" 0
	agent_stop
	is "$(seen "$f-a" '[.platform, .kind, .status, .http_status] | join(" ")' | sort -u)" "aws-lambda http ok 200" "of a"
	is "$(seen "$f-b" '[.platform, .kind, .status, .http_status] | join(" ")' | sort -u)" "aws-lambda http error 200" "of b"
	is "$({ seen "$f-a" .sandbox; seen "$f-b" .sandbox; } | sort -u | wc -l)" 1 sandboxes
	as_handled a
}

@test "at the gateway's port rules of paths name the functions, each call counted once" {
	printf 'functions:\n  - match: {function: %s, path: /a}\n    name: %s-a\n  - match: {function: %s, path: /b}\n    name: %s-b\n' \
		"$f" "$f" "$f" "$f" >"$dir/agent.yml"
	agent_start --config "$dir/agent.yml"
	offline
	for ms in 0 10 30 50; do asked a "http://127.0.0.1:$port/a?ms=$ms"; done
	for _ in 1 2; do curl -sS "http://127.0.0.1:$port/b?ms=20" >/dev/null; done
	curl -sS "http://127.0.0.1:$port/stranger" >/dev/null
	expect "$f-a" 4
	expect "$f-b" 2
	expect "$f" 1
	agent_stop
	is "$(seen "$f-a" '[.kind, .status, .http_status] | join(" ")' | sort -u)" "http ok 200" "of a"
	is "$(seen "$f" .http_status)" 404 "of the stranger"
	as_handled a
}
