#!/usr/bin/env bats
# The published Node runtime of Lambda, aws-lambda-ric, behind our Runtime API server, against that server's own times:
# the reply to `next` written, the following `next` arrived. functions-framework is among the servers of agent_http.

# shellcheck disable=SC2154 # $runtimes, $programs: set in lib
load lib

port=17660

setup() {
	dir=$BATS_TEST_TMPDIR
	f=$(name "node-$BATS_TEST_NUMBER")
	needs_runtimes
	agent_start
	runtime_api $port "$f" --memory 256 --timeout 2 --handler lambda.handler -- \
		env -C "$BATS_TEST_DIRNAME/../functions/node" "$runtimes/node_modules/.bin/aws-lambda-ric" lambda.handler
}

teardown() {
	end_all
}

@test "200 invocations of 0 to 200 ms: each counted, named by its id, timed like its server" {
	for ms in $(mixed 200); do invoke $port "$f" "{\"ms\":$ms}" >/dev/null; done
	expect "$f" 200
	agent_stop
	compare "$f" "$dir/$f.log" delivered_ns next_ns
	is "$(seen "$f" .request_id | sort | tr '\n' ' ')" "$(jq -r .request_id "$dir/$f.log" | sort | tr '\n' ' ')" "request ids"
	real=$(jq 'select(.cold) | .init_ms' "$dir/$f.log")
	between "$(seen "$f" 'select(.cold) | .init_ms')" "$(jq -n "$real - 15")" "$(jq -n "$real + 15")" init_ms
	figure "init_ms seen $(seen "$f" 'select(.cold) | .init_ms'), real $real"
	is "$(seen "$f" '[.memory_limit_mb == 256, .peak_memory_mb > 20] | tostring' | sort -u)" '[true,true]' memory
}

@test "an error, a timeout and an exit each have their status, and the next start its cause" {
	for event in '{}' '{"fail":1}' '{"ms":5000}' '{}' '{"exit":3}' '{}'; do invoke $port "$f" "$event" >/dev/null; done
	expect "$f" 6
	agent_stop
	is "$(seen "$f" .status | tr '\n' ' ')" 'ok error timeout ok crash ok ' status
	is "$(seen "$f" 'select(.cold) | .cause' | tr '\n' ' ')" 'first timeout crash ' cause
	between "$(seen "$f" .duration_ms | sed -n 3p)" 1950 2300 "duration of the one killed at 2 s"
}
