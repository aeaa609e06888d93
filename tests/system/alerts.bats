# Budgets that reach a webhook, deliveries that survive a kill, pings that keep a function warm: with the real
# collector, real sockets, and a function whose sandbox is lost after 8 s without a request.

bats_require_minimum_version 1.5.0

COLLECTOR_PORT=17150
RECEIVER_PORT=17151
PLATFORM_PORT=17152
URL=http://127.0.0.1:$COLLECTOR_PORT

setup() {
	dir=$(mktemp -d)
	mkdir "$dir/posts"
	start_collector
	receiver=$(spawn python3 "$BATS_TEST_DIRNAME/alerts_receiver.py" receive $RECEIVER_PORT "$dir/posts")
	wait_for port_open $RECEIVER_PORT
}

teardown() {
	for pid in "${collector:-}" "${receiver:-}" "${platform:-}" "${load:-}"; do
		[ -z "$pid" ] || kill "$pid" 2>/dev/null || true
	done
	[ -z "${collector:-}" ] || wait_for gone "$collector"
	rm -rf "$dir"
}

# spawn COMMAND...: starts it apart from bats and says its pid.
spawn() {
	"$@" >>"$dir/log" 2>&1 3>&- 4>&- &
	echo $!
}

start_collector() {
	collector=$(spawn "$OUT/coldmeter-collector" --listen 127.0.0.1:$COLLECTOR_PORT --data "$dir/data")
	wait_for curl -fs $URL/healthz
}

gone() { ! kill -0 "$1" 2>/dev/null; }
# send METHOD PATH [BODY]: the answer; fails on an error status. code METHOD PATH [BODY]: only the status.
send() { curl -fs -H 'Content-Type: application/json' -X "$1" "$URL$2" ${3+-d "$3"}; }
code() { curl -s -o /dev/null -w '%{http_code}' -H 'Content-Type: application/json' -X "$1" "$URL$2" ${3+-d "$3"}; }
port_open() { (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# wait_for COMMAND...: up to 10 s.
wait_for() {
	for _ in $(seq 100); do
		! "$@" >/dev/null 2>&1 || return 0
		sleep 0.1
	done
	echo "still not so after 10 s: $*"
	return 1
}

# spend N: N invocations of 1 s at 1024 MB, now: $0.0000168667 each.
spend() {
	now=$(date -u +%Y-%m-%dT%H:%M:%S.%NZ)
	for _ in $(seq "$1"); do
		echo "{\"function\":\"bar\",\"platform\":\"aws-lambda\",\"kind\":\"lambda\",\"memory_limit_mb\":1024,\"region\":\"us-east-1\",\"start\":\"$now\",\"duration_ms\":1000,\"status\":\"ok\",\"cold\":false,\"sandbox\":\"s\"}"
	done | curl -fs -H 'Content-Type: application/x-ndjson' --data-binary @- $URL/v1/invocations
}

put_budget() { # LIMIT TYPE
	send PUT /v1/budgets/bar "{\"limit_usd\":\"$1\",\"period\":\"day\",\"thresholds\":[50,100],
		\"notify\":[{\"type\":\"$2\",\"url\":\"http://127.0.0.1:$RECEIVER_PORT/secret-hook\"}]}"
}

posts() { find "$dir/posts" -name 'post.*[0-9]' | wc -l; }
has_posts() { [ "$(posts)" -ge "$1" ]; }
delivery_is() { curl -fs $URL/v1/alerts | jq -e --arg s "$1" '.alerts | length > 0 and all(.[]; .deliveries | length > 0 and all(.[]; .state == $s))'; }

@test "a budget that is overrun reaches its webhook once per threshold" {
	put_budget 0.001 webhook
	spend 35
	wait_for has_posts 1
	grep -q '"event":"budget.threshold"' "$dir/posts/post.1"
	grep -q '"threshold":50' "$dir/posts/post.1"
	grep -q '"top_function":"bar"' "$dir/posts/post.1"
	grep -qi '^idempotency-key: bar-day-' "$dir/posts/post.1"
	spend 40
	wait_for has_posts 2
	grep -q '"threshold":100' "$dir/posts/post.2"
	spend 40
	sleep 4
	[ "$(posts)" -eq 2 ]
	run curl -fs $URL/v1/budgets
	[ "$(jq -r '.budgets[0].state' <<<"$output")" = over ]
	[ "$(jq -r '.budgets[0].notify[0].url' <<<"$output")" = "http://127.0.0.1:$RECEIVER_PORT/..." ]
	[ "$(jq -r '.budgets[0].spent_usd' <<<"$output")" = "$(curl -fs "$URL/v1/functions?since=1h" | jq -r '.functions[0].cost_usd')" ]
	wait_for delivery_is delivered
	[ "$(grep -c secret-hook "$dir/log")" -eq 0 ]
}

@test "a slack message says what, how much and who" {
	put_budget 0.001 slack
	spend 70
	wait_for has_posts 2
	sed '1,/^$/d' "$dir/posts/post.1" | jq -e '.text and (.blocks | length == 4) and .blocks[0].type == "header"'
	grep -q 'Driven by' "$dir/posts/post.1"
}

# days FUNCTION MB LAST_MB: 30 invocations of 1 s on each of the last six days at MB, and today at LAST_MB.
days() {
	for back in 6 5 4 3 2 1 0; do
		day=$(date -u -d "-$back days" +%F)
		[ "$back" -gt 0 ] || now=$(date -u +%T)
		mb=$2
		[ "$back" -gt 0 ] || mb=$3
		for _ in $(seq 30); do
			echo "{\"function\":\"$1\",\"platform\":\"aws-lambda\",\"kind\":\"lambda\",\"memory_limit_mb\":$mb,\"region\":\"us-east-1\",\"start\":\"${day}T${now:-00:00:01}Z\",\"duration_ms\":1000,\"status\":\"ok\",\"cold\":false,\"sandbox\":\"s\"}"
		done
		now=
	done | curl -fs -H 'Content-Type: application/x-ndjson' --data-binary @- $URL/v1/invocations
}

alert_states() { curl -fs $URL/v1/alerts | jq -r '[.alerts[].state] | sort | join(" ")'; }
states_are() { [ "$(alert_states)" = "$1" ]; }

@test "functions that leave their band are told in one message, listed, acknowledged and called off" {
	export COLDMETER_URL=$URL
	days steady 512 512
	days bar 128 1024
	days foo 128 512
	curl -fs "$URL/v1/invoice?anomalies=true" | jq -e '[.anomalies[].function] == ["bar", "foo"]'
	send PUT /v1/anomalies '{"least_usd":"1.00"}' # these are cents
	sleep 2
	states_are ""
	echo "http://127.0.0.1:$RECEIVER_PORT/secret-hook" >"$dir/hook"
	"$OUT/coldmeter" anomalies set --least 0.0001 --webhook-file "$dir/hook" | grep 'tells webhook http://127.0.0.1:.*/\.\.\.'
	wait_for states_are "firing firing"
	wait_for has_posts 1
	sed '1,/^\r*$/d' "$dir/posts/post.1" | jq -e '.event == "anomaly.found" and .function == "bar" and .others == 1
		and .cause == "more memory" and (.message | test("So is 1 more, .* foo"))'
	wait_for delivery_is delivered # of both, by the message of one
	run "$OUT/coldmeter" alerts
	grep -q 'anomaly-bar-.* anomaly .*firing .*webhook delivered.*more memory (1024 MiB, usually 128)' <<<"$output"
	id=$("$OUT/coldmeter" alerts --json | jq -r '.alerts[] | select(.function == "bar") | .id')
	"$OUT/coldmeter" alerts ack "$id"
	states_are "acked firing"
	kill -9 "$collector"
	wait_for gone "$collector"
	start_collector
	sleep 2
	states_are "acked firing"
	[ "$(posts)" -eq 1 ]
	"$OUT/coldmeter" anomalies test
	wait_for has_posts 2
	grep -q '"event":"anomaly.test"' "$dir/posts/post.2"
	"$OUT/coldmeter" anomalies off
	wait_for states_are "resolved resolved"
	sleep 1
	[ "$(posts)" -eq 2 ]
	[ "$(grep -c secret-hook "$dir/log")" -eq 0 ]
	[ "$(code PUT /v1/anomalies '{"least":1}')" = 400 ]
	run "$OUT/coldmeter" anomalies set --least lots
	[ "$status" -eq 2 ]
}

@test "a message survives kill -9 between decision and delivery" {
	echo 503 >"$dir/posts/status"
	put_budget 0.001 webhook
	spend 70
	wait_for has_posts 2
	kill -9 "$collector"
	wait_for gone "$collector"
	before=$(posts)
	echo 200 >"$dir/posts/status"
	start_collector
	wait_for has_posts $((before + 2))
	wait_for delivery_is delivered
	after=$(posts)
	sleep 3
	[ "$(posts)" -eq "$after" ] # restarting sends nothing anew
	[ "$(grep -hi '^idempotency-key' "$dir"/posts/post.* | sort -u | wc -l)" -eq 2 ]
}

@test "a refusal is given up and said" {
	echo 404 >"$dir/posts/status"
	put_budget 0.001 webhook
	spend 70
	wait_for delivery_is "given up"
	curl -fs $URL/v1/alerts | jq -e '.alerts[0].deliveries[0].error | startswith("HTTP 404")'
}

@test "an alert is acknowledged, snoozed, and tested" {
	put_budget 0.001 webhook
	spend 35
	wait_for has_posts 1
	id=$(curl -fs $URL/v1/alerts | jq -r '.alerts[0].id')
	[ "$(send POST "/v1/alerts/$id/ack" | jq -r .state)" = acked ]
	[ "$(send POST "/v1/alerts/$id/snooze" '{"for":"1h"}' | jq -r .state)" = snoozed ]
	[ "$(code POST "/v1/alerts/$id/snooze" '{"for":"soon"}')" = 400 ]
	[ "$(code POST "/v1/alerts/nobody/ack")" = 404 ]
	kill "$collector"
	wait_for gone "$collector"
	start_collector
	[ "$(curl -fs $URL/v1/alerts | jq -r '.alerts[0].state')" = snoozed ]
	[ "$(send POST "/v1/alerts/test" '{"budget":"bar"}' | jq -r .queued)" = 1 ]
	wait_for has_posts 2
	grep -q '"event":"budget.test"' "$dir/posts/post.2"
}

@test "raising the limit resolves, and a new period begins again" {
	put_budget 0.001 webhook
	spend 35
	wait_for has_posts 1
	put_budget 1.00 webhook
	wait_for has_posts 2
	grep -q '"event":"budget.resolved"' "$dir/posts/post.2"
	[ "$(curl -fs $URL/v1/alerts | jq -r '.alerts[0].state')" = resolved ]
	[ "$(code DELETE "/v1/budgets/bar")" = 204 ]
	[ "$(code DELETE "/v1/budgets/bar")" = 404 ]
	[ "$(curl -fs $URL/v1/budgets | jq '.budgets | length')" = 0 ]
}

@test "bad budgets and bad keep-warm settings change nothing and say why" {
	for body in '{"limit_usd":"5"}' '{"limit_usd":"x","period":"day"}' '{"limit_usd":"5","period":"day","tresholds":[1]}' \
		'{"limit_usd":"5","period":"day","notify":[{"type":"slack","url":"file:///etc/passwd"}]}' 'nonsense'; do
		run curl -s -w '\n%{http_code}' -H 'Content-Type: application/json' -X PUT $URL/v1/budgets/bar -d "$body"
		[ "${lines[-1]}" = 400 ]
		jq -e '.error.message | length > 10' <<<"${lines[0]}"
	done
	[ "$(code PUT "/v1/budgets/b%20r" '{"limit_usd":"5","period":"day"}')" = 400 ]
	[ "$(code PUT "/v1/keepwarm/f" '{"enabled":true}')" = 400 ]
	[ "$(curl -fs $URL/v1/budgets | jq '.budgets | length')" = 0 ]
	[ "$(curl -fs $URL/v1/keepwarm | jq '.keepwarm | length')" = 0 ]
	[ "$(code GET "/v1/advice?kind=tarot")" = 400 ]
}

@test "advice is made from what was measured" {
	spend 60
	curl -fs "$URL/v1/advice?kind=concurrency&function=bar" | jq -e '.advice[0] |
		.function == "bar" and .memory_mb == 1024 and .slots[0].slot == 1 and .enough_data == false and (.why | length > 10)'
}

# busy: 1200 invocations over two days, each of so many ms, at 1769 MB.
busy() {
	jq -nc --argjson ms "$1" --argjson now "$(date +%s)" 'range(1200) | {function: "busy", platform: "aws-lambda",
		kind: "lambda", region: "us-east-1", arch: "x86_64", request_id: "busy-\(.)", host: "box", sandbox: "s",
		start: ($now - 172800 + . * 144 | todate), duration_ms: $ms, cpu_ms: ($ms / 2), cold: false, status: "ok",
		peak_memory_mb: 400, memory_limit_mb: 1769, concurrency: 1, pid: 1}' |
		curl -fsS -H 'Content-Type: application/x-ndjson' --data-binary @- $URL/v1/invocations
}

@test "advice on memory and on the plan is made from a week" {
	busy 120000
	curl -fs "$URL/v1/advice?kind=memory&function=busy" | jq -e '.advice[0] | .verdict == "lower" and .memory_mb == 1769
		and .peak_mb == 400 and .floor_mb == 512 and .advised_mb == 1536 and (.saving_month_usd | tonumber) > 0'
	curl -fs "$URL/v1/advice?kind=plan&function=busy&target_ms=50" | jq -e '.advice[0] | .verdict == "act" and .enough_data
		and (.findings[] | select(.check == "steady") | .verdict == "act" and .busy_pct > 80 and .busy_pct < 84
		and .always_on[0].cost_month_usd != null and (.always_on[0].source | startswith("https://")) and (.do | length > 10))
		and (.findings[] | select(.check == "latency") | .target_ms == 50 and .verdict == "consider" and (has("init_p50_ms") | not))'
	[ "$(code GET "/v1/advice?kind=plan&target_ms=nan")" = 400 ]
	[ "$(code GET "/v1/advice?kind=memory&since=tomorrow")" = 400 ]
}

@test "a ping that cannot arrive is said" {
	send PUT /v1/keepwarm/nobody '{"enabled":true,"ping_url":"http://127.0.0.1:1/"}'
	wait_for sh -c "curl -fs $URL/v1/keepwarm/nobody | jq -e '.trouble | startswith(\"The last ping failed: \")'"
	[[ $("$OUT/coldmeter" --url $URL keepwarm list) == *"nobody: The last ping failed: "* ]]
	send PUT /v1/keepwarm/nobody '{"enabled":false}' | jq -e 'has("trouble") | not'
}

# Requests every 12 s meet a sandbox that is lost after 8 s: all cold, until pings come.
@test "an idle life is learned, and pings end the cold starts" {
	platform=$(spawn python3 "$BATS_TEST_DIRNAME/alerts_receiver.py" platform $PLATFORM_PORT "$dir" $URL)
	wait_for port_open $PLATFORM_PORT
	call() { curl -fs http://127.0.0.1:$PLATFORM_PORT/; }
	[ "$(call)" = cold ]
	sleep 12
	[ "$(call)" = cold ]
	send PUT "/v1/keepwarm/sleepy" "{\"enabled\":true,\"ping_url\":\"http://127.0.0.1:$PLATFORM_PORT/\"}"
	for _ in 1 2 3; do
		sleep 13
		[ "$(call)" = warm ]
	done
	run curl -fs $URL/v1/keepwarm
	echo "$output"
	jq -e '.keepwarm[0] | .pings >= 4 and .pings_seen >= 4 and .cold_since == 0 and .cold_avoided == 3 and .last_ping_result.status == 200
		and .warm_max_s >= 5 and .cold_min_s < 12.5 and (.ping_cost_usd | tonumber) > 0 and (.saved_usd | tonumber) > 0' <<<"$output"
	# a spent budget stops them, and what was learned survives a restart
	send PUT "/v1/budgets/all" '{"limit_usd":"0.0000001","period":"day"}'
	wait_for sh -c "curl -fs $URL/v1/keepwarm | jq -e '.keepwarm[0].state == \"paused_budget\"'"
	send DELETE "/v1/budgets/all"
	kill "$collector"
	wait_for gone "$collector"
	start_collector
	curl -fs $URL/v1/keepwarm | jq -e '.keepwarm[0] | .state == "warming" and .cold_avoided == 3 and .samples >= 4'
	send PUT "/v1/keepwarm/sleepy" '{"enabled":false}' | jq -e '.state == "off"'
	sleep 12
	[ "$(call)" = cold ]
}
