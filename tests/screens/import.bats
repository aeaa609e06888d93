#!/usr/bin/env bats
# What is imported, against a real collector.

load helpers

port=17235
id=3604209a-e9a3-11e6-939a-754dd98c7be

setup() {
	export data=$BATS_TEST_TMPDIR/data
	start_collector $port "$data"
	export COLDMETER_URL=http://127.0.0.1:$port
	meter=$OUT/coldmeter
	cd "$BATS_TEST_TMPDIR" || return 1
	base=$(($(date +%s) - 200))
}

teardown() {
	stop_collector "$data"
}

# log FIRST LAST: whole invocations with these numbers, a second apart, a while ago.
log() {
	for n in $(seq "$1" "$2"); do
		second=$(date -u -d "@$((base + n))" +%FT%T)
		printf '%s.100Z START RequestId: %s%x Version: $LATEST\n' "$second" $id "$n"
		printf '%s.351Z END RequestId: %s%x\n' "$second" $id "$n"
		printf '%s.352Z REPORT RequestId: %s%x\tDuration: 250.06 ms\tBilled Duration: 251 ms\tMemory Size: 512 MB\tMax Memory Used: 87 MB\t\n' \
			"$second" $id "$n"
	done
}

# count NAME: invocations of a function in the ledger.
count() { "$meter" functions --since 1d --json | jq --arg f "$1" '[.functions[] | select(.function == $f) | .invocations] | add'; }

@test "a log is imported once, and functions, invocations and invoice show it" {
	log 1 9 >log
	run "$meter" import lambda-report log --function pay --region eu-west-1
	[ "$status" -eq 0 ]
	[[ ${lines[0]} == "read          9 invocations, "* ]]
	[ "${lines[1]}" = "imported      9" ]
	[ "${lines[2]}" = "already there 0" ]
	[ "${lines[3]}" = "bad lines     0" ]
	[ "${lines[4]}" = "billed time   9 as AWS says" ]
	[ "$(count pay)" = 9 ]
	"$meter" invocations --function pay --json | jq -e '.invocations | length == 9 and all(.host == "import:lambda-report"
		and .duration_ms == 250.06 and .memory_limit_mb == 512 and .region == "eu-west-1" and (.quality | contains(["peak_memory:sandbox"])))'
	"$meter" invoice --plan aws-lambda --function pay --json | jq -e '.plans[0].lines[0].quantity | tonumber == 9'
	"$meter" import lambda-report log --function pay --json >again
	jq -e '.read == 9 and .imported == 0 and .already == 9 and .bad == 0 and .billed == {checked: 9, differ: 0}' again
	[ "$(count pay)" = 9 ]
}

@test "a query's answer is imported, and counts nothing twice beside the log" {
	log 1 4 >log
	"$meter" import lambda-report log --function pay --json | jq -e '.imported == 4'
	log 2 6 | jq -Rc '[{field: "@timestamp", value: (.[0:10] + " " + .[11:23])}, {field: "@message", value: .[25:]},
		{field: "@log", value: "123456789012:/aws/lambda/pay"}, {field: "@ptr", value: "x"}]' |
		jq -s '{results: ., statistics: {recordsMatched: length}, status: "Complete"}' >answer
	"$meter" import lambda-report answer --json | jq -e '.read == 5 and .imported == 2 and .already == 3 and .bad == 0'
	[ "$(count pay)" = 6 ]
}

@test "files that overlap count once, whatever their form" {
	log 1 6 | gzip >first.gz
	log 4 9 | jq -Rc '{timestamp: (.[0:19] + "Z" | fromdate * 1000 + 352), message: .[25:]}' |
		jq -sc '{logGroup: "/aws/lambda/pay", logEvents: .}' >second
	log 8 12 >third
	"$meter" import lambda-report first.gz second third --function pay --json | jq -e '.read == 17 and .imported == 12 and .already == 5'
	[ "$(count pay)" = 12 ]
	kill -9 "$(cat "$data.pid")" # what it acknowledged, it knows
	start_collector $port "$data"
	cat third | "$meter" import lambda-report - --function pay --json | jq -e '.imported == 0 and .already == 5'
	[ "$(count pay)" = 12 ]
}

@test "bad lines are counted and shown, and stop nothing" {
	{
		log 1 2
		printf 'REPORT RequestId: \n'
		log 3 3
		for _ in 1 2 3 4 5 6; do printf 'REPORT RequestId: x\tDuration: much\n'; done
	} >log
	run "$meter" import lambda-report log --function pay
	[ "$status" -eq 0 ]
	[[ $output == *"bad lines     7"*"log:7: a REPORT line without a request id"*"log:11: a REPORT line with a figure that is none"*"and 2 more"* ]]
	[ "$(count pay)" = 3 ]
}

@test "what the input does not say is asked for, and nothing is half done" {
	log 1 3 >log
	run "$meter" import lambda-report log
	[ "$status" -eq 1 ]
	[ "$output" = "coldmeter import: log:3: nothing says of which function this is: name it with --function" ]
	cut -d' ' -f2- log | grep REPORT >bare
	run "$meter" import lambda-report bare --function pay
	[ "$status" -eq 1 ]
	[[ $output == *"bare:1: a REPORT line has no time of its own"*"--at TIME" ]]
	[ "$(count pay)" = null ]
	"$meter" import lambda-report bare --function pay --at 1h --json | jq -e '.imported == 3'
	printf 'nothing of the kind\n' >other
	run "$meter" import lambda-report other --function pay
	[ "$status" -eq 1 ]
	[[ $output == *"no invocation was found"* ]]
	gzip -c log | head -c 60 >cut.gz
	run "$meter" import lambda-report cut.gz --function pay
	[ "$status" -eq 1 ]
	[[ $output == *"cut.gz: the gzip data is cut off" ]]
	run "$meter" import lambda-report missing --function pay
	[ "$status" -eq 1 ]
	[[ $output == *"cannot open missing: No such file or directory" ]]
}

@test "events, requests and traces of other places" {
	local now
	now=$(date -u +%FT%TZ)
	jq -nc --arg now "$now" '[{time: $now, type: "platform.start", record: {requestId: "r-1", version: "1"}},
		{time: $now, type: "platform.report", record: {requestId: "r-1", status: "timeout", metrics: {durationMs: 3000, billedDurationMs: 3000,
		memorySizeMB: 128, maxMemoryUsedMB: 60}}}]' >events
	jq -nc --arg now "$now" '{insertId: "i-1", timestamp: $now, resource: {type: "cloud_run_revision", labels: {service_name: "run",
		location: "us-central1"}}, httpRequest: {requestMethod: "GET", latency: "0.25s", status: 200}}' >run
	jq -nc --arg now "$now" '{itemType: "request", timestamp: $now, id: "a-1", name: "Pay", success: false, resultCode: "500",
		duration: "00:00:01.5", cloud_RoleName: "shop"}' >requests
	jq -nc --arg ns "$(date +%s)000000000" '{resourceSpans: [{resource: {attributes: [{key: "faas.name", value: {stringValue: "spans"}}]},
		scopeSpans: [{spans: [{traceId: "5b8efff798038103d269b633813fc60c", spanId: "eee19b7ec3c1b174", kind: 2,
		startTimeUnixNano: $ns, endTimeUnixNano: $ns}]}]}]}' >traces
	for _ in 1 2; do
		"$meter" import telemetry events --function tele --json
		"$meter" import gcp-run run --json
		"$meter" import azure-insights requests --json
		"$meter" import otlp traces --json
	done | jq -s -e 'map(.imported) == [1, 1, 1, 1, 0, 0, 0, 0] and all(.read == 1 and .bad == 0)'
	"$meter" functions --since 1d --json | jq -e '[.functions[] | [.function, .platform, .invocations, .errors]] | sort ==
		[["run", "knative", 1, 0], ["shop:Pay", "azure-functions", 1, 1], ["spans", "generic", 1, 0], ["tele", "aws-lambda", 1, 1]]'
}

@test "a dry run needs no collector and changes nothing" {
	log 1 3 >log
	run "$meter" --url http://127.0.0.1:$((port + 1)) import lambda-report log --function pay --dry-run
	[ "$status" -eq 0 ]
	[[ $output != *imported* ]]
	run "$meter" --url http://127.0.0.1:$((port + 1)) import lambda-report log --function pay
	[ "$status" -eq 1 ]
	[ "${#lines[@]}" -eq 1 ]
	[[ $output == *"sudo coldmeter run"* ]]
	[ "$(count pay)" = null ]
}

@test "wrong usage is one line with a hint, and status 2" {
	for words in import 'import logs x' 'import lambda-report' 'import lambda-report x --at never' 'import otlp x --arch mips' \
		'import otlp x --no-such'; do
		# shellcheck disable=SC2086 # words are words
		run "$meter" $words
		echo "$words: $status: $output"
		[ "$status" -eq 2 ]
		[ "${#lines[@]}" -eq 1 ]
	done
	run "$meter" import --help
	[ "$status" -eq 0 ]
	[[ $output == *"aws logs tail"*--json* ]]
}
