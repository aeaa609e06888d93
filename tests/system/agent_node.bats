#!/usr/bin/env bats
# Real Node runtimes against the clocks of those they talk to: aws-lambda-ric behind our Runtime API server, whose
# own times (reply to next written, following next read) are the same boundaries as a duration's; and
# functions-framework, bounded by its handler's own time from below and the client's from above.

setup_file() {
	[ "$(id -u)" -eq 0 ] || skip "the agent needs root: sudo make check"
	runtimes=$("$BATS_TEST_DIRNAME/../functions/install.sh" 2>"$BATS_FILE_TMPDIR/install") || true
	export runtimes
}

setup() {
	[ "$(id -u)" -eq 0 ] || skip "the agent needs root: sudo make check"
	[ -r /sys/kernel/btf/vmlinux ] || skip "this kernel has no BTF"
	[ -n "$runtimes" ] || skip "$(cat "$BATS_FILE_TMPDIR/install")"
	functions=$BATS_TEST_DIRNAME/../functions
	out=$BATS_TEST_TMPDIR/out
	err=$BATS_TEST_TMPDIR/err
	truth=$BATS_TEST_TMPDIR/truth
	pids=''
	"$OUT/coldmeter-agent" --stdout >"$out" 2>"$err" 3>&- &
	agent_pid=$!
	for _ in $(seq 100); do grep -q measuring "$err" && break || sleep 0.1; done
}

teardown() {
	for p in ${pids:-} ${agent_pid:-}; do kill "$p" 2>/dev/null || true; done
}

listening() {
	for _ in $(seq 200); do
		ss -Hltn "sport = :$1" | grep -q LISTEN && return 0
		sleep 0.05
	done
	return 1
}

agent_done() {
	sleep 0.3
	kill -TERM "$agent_pid"
	wait "$agent_pid"
	agent_pid=''
	jq -c --arg f "$1" 'select(.function == $f)' "$out" >"$out.mine"
	grep ledger "$err"
	grep -q 'lost=0' "$err"
}

lambda() {
	"$OUT/tests/functions/runtime_api" --listen 127.0.0.1:17660 --function node-lambda --memory 256 --timeout 2 \
		--handler lambda.handler --log "$truth" -- \
		sh -c "cd '$functions/node' && exec '$runtimes/node_modules/.bin/aws-lambda-ric' lambda.handler" \
		>/dev/null 2>&1 3>&- &
	pids="$pids $!"
	listening 17660
}

event() { curl -s -X POST -d "$1" http://127.0.0.1:17660/2015-03-31/functions/node-lambda/invocations >/dev/null; }

@test "aws-lambda-ric: 200 invocations of 0 to 200 ms: each counted, named by its id, timed like its server" {
	lambda
	python3 "$functions/node/invoke.py" http://127.0.0.1:17660 200 1 /2015-03-31/functions/node-lambda/invocations >/dev/null
	agent_done node-lambda
	python3 - "$truth" "$out.mine" <<'PY'
import json, sys
truth = {t['request_id']: t for t in map(json.loads, open(sys.argv[1]))}
seen = [json.loads(line) for line in open(sys.argv[2])]
assert len(seen) == len(truth) == 200, (len(seen), len(truth))
assert {s['request_id'] for s in seen} == set(truth)
errors, inits = [], []
for s in seen:
    t = truth[s['request_id']]
    if 'next_ns' in t:
        server = (t['next_ns'] - t['delivered_ns']) / 1e6
        errors.append((abs(s['duration_ms'] - server), server))
    if s.get('cold'):
        inits.append(abs(s['init_ms'] - t['init_ms']))
errors.sort()
print('# duration error ms: median %.3f, P99 %.3f, max %.3f; init error ms: %s' % (
    errors[len(errors) // 2][0], errors[len(errors) * 99 // 100][0], errors[-1][0], inits))
late = [e for e in errors if e[0] > max(1.0, 0.02 * e[1])]
assert len(errors) >= 199
assert len(late) <= len(errors) // 100, late  # the server's own thread may wait for a CPU on a busy machine
assert len(inits) == 1 and inits[0] < 15
assert all(s['memory_limit_mb'] == 256 and s['peak_memory_mb'] > 20 for s in seen)
PY
}

@test "aws-lambda-ric: an error, a timeout and an exit each have their status, and the next start its cause" {
	lambda
	event '{}'
	event '{"fail":1}'
	event '{"ms":5000}'
	event '{}'
	event '{"exit":3}'
	event '{}'
	agent_done node-lambda
	cat "$out.mine"
	[ "$(jq -s -c 'map(.status)' "$out.mine")" = '["ok","error","timeout","ok","crash","ok"]' ]
	[ "$(jq -s -c 'map(select(.cold) | .cause)' "$out.mine")" = '["first","timeout","crash"]' ]
	[ "$(jq -s '.[2].duration_ms | . > 1950 and . < 2300' "$out.mine")" = true ]
}

@test "functions-framework: 200 requests on one connection, between the handler's time and the client's" {
	(cd "$functions/node" && exec env PORT=17661 FUNCTION_TARGET=work K_SERVICE=node-http TRUTH="$truth" \
		node "$runtimes/node_modules/.bin/functions-framework" --source="$functions/node/http.js") >/dev/null 2>&1 3>&- &
	pids="$pids $!"
	listening 17661
	python3 "$functions/node/invoke.py" http://127.0.0.1:17661 200 2 '/?ms={ms}' >"$BATS_TEST_TMPDIR/client"
	curl -s "http://127.0.0.1:17661/?status=503" >/dev/null
	agent_done node-http
	[ "$(tail -n 1 "$out.mine" | jq -r '.status + " " + (.http_status | tostring)')" = 'error 503' ]
	python3 - "$truth" "$BATS_TEST_TMPDIR/client" "$out.mine" <<'PY'
import json, sys
inside = [float(x) for x in open(sys.argv[1])][:200]
client = [float(x) for x in open(sys.argv[2])]
seen = [json.loads(line) for line in open(sys.argv[3])][:200]
assert len(inside) == len(client) == len(seen) == 200
beyond = [(i, s['duration_ms'], c) for i, s, c in zip(inside, seen, client) if not i - 0.01 <= s['duration_ms'] <= c + 0.01]
print('# outside of handler..client:', beyond)
assert not beyond
assert seen[0]['init_ms'] > 20 and seen[0]['platform'] == 'knative'
PY
}
