#!/usr/bin/env bats
# The commands, against a real collector.

load helpers

port=17215

setup_file() {
	export data=$BATS_FILE_TMPDIR/data
	start_collector $port "$data"
	{
		invocations checkout generic 60 180 1
		invocations resize generic 20 12 4
	} | post $port
}

teardown_file() {
	stop_collector "$data"
}

setup() {
	export COLDMETER_URL=http://127.0.0.1:$port
	meter=$OUT/coldmeter
}

@test "functions prints an aligned table without colours" {
	run "$meter" functions
	[ "$status" -eq 0 ]
	[[ ${lines[0]} == FUNCTION*PLATFORM*COUNT* ]]
	[[ ${lines[1]} == checkout*generic*60* ]]
	[[ $output != *$'\e'* ]]
}

@test "functions --json is the collector's own answer" {
	"$meter" functions --json | jq -e '.functions | length == 2'
	"$meter" functions --json --function resize | jq -e '.functions[0].function == "resize"'
}

@test "functions --csv has a head and plain numbers" {
	run "$meter" functions --csv --sort name
	[ "$status" -eq 0 ]
	[[ ${lines[0]} == function,version,platform,*,lost ]]
	[[ ${lines[1]} == checkout,,generic,* ]]
}

@test "invocations are filtered, newest last" {
	run "$meter" invocations --function resize --cold
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -eq 5 ]
	[[ ${lines[4]} == *"cold: first"*resize-3 ]]
	"$meter" invocations --limit 3 --json | jq -e '.invocations | length == 3'
}

@test "invocations --trace: what one event cost over all its functions" {
	local now
	now=$(date +%s) # one moment for both
	for function in checkout resize; do
		jq -nc --arg f "$function" --argjson now "$now" '{function: $f, platform: "aws-lambda", kind: "lambda", status: "ok",
			start: ($now - 20 | todate), duration_ms: 10, memory_limit_mb: 128, trace_id: "one-event"}'
	done | post $port
	run "$meter" invocations --trace one-event
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -eq 4 ]
	[[ ${lines[3]} == "total: 2 invocations of 2 functions, 20.0 ms together, 10.0 ms from the first start to the last end, \$0.00000"* ]]
	run "$meter" invocations --trace no-event
	[ "${#lines[@]}" -eq 2 ]
}

@test "coldstart draws the latest one that has phases, and the one that is asked for" {
	local now
	now=$(date +%s)
	for id in older newer; do
		jq -nc --arg id "$id" --argjson now "$now" '{function: "waterfall", kind: "http", request_id: $id, sandbox: "w-s",
			start: ($now - (if $id == "older" then 20 else 10 end) | todate), duration_ms: 5, cold: true, init_ms: 60.5,
			cause: "oom", cause_certainty: "certain", wait_ms: 12, status: "ok", init_phases: [
			{phase: "fork", start_ms: 0, wall_ms: 0.5}, {phase: "exec \($id)", start_ms: 0.5, wall_ms: 60, cpu_ms: 40.25,
			run_queue_ms: 1, disk_bytes: 4096, major_faults: 1}], init_peers: [{peer: "10.0.0.5:5432", wait_ms: 12.5, waits: 3}]}'
	done | post $port
	run "$meter" coldstart --function waterfall
	[ "$status" -eq 0 ]
	[[ $output == *"cold start: init 60.5 ms; oom (certain)"* ]]
	[[ $output == *"exec newer"*"60.0 ms"*"███"*"40.2 ms"* ]]
	[[ $output == *"12.5 ms in 3 waits for 10.0.0.5:5432"* ]]
	[[ $output == *"waited 12.0 ms newer"* ]]
	run env LC_ALL=C "$meter" coldstart --request older
	[[ $output == *"exec older"*"###"* ]]
	"$meter" coldstart --request older --json | jq -e '.init_phases[1] ==
		{phase: "exec older", start_ms: 0.5, wall_ms: 60, cpu_ms: 40.25, run_queue_ms: 1, disk_bytes: 4096, major_faults: 1}
		and .init_peers[0] == {peer: "10.0.0.5:5432", wait_ms: 12.5, waits: 3} and .cause_certainty == "certain"'
	"$meter" invocations --function waterfall --cold --json | jq -e '.invocations | length == 2 and all(.init_phases | length == 2)'
	run "$meter" coldstart --request nobody
	[ "$status" -eq 1 ]
	run "$meter" coldstart --function checkout
	[ "$status" -eq 1 ]
	[[ $output == *"no cold start with phases"* ]]
	run "$meter" coldstart --latest --request older
	[ "$status" -eq 2 ]
}

@test "invocations --follow prints each new one once" {
	"$meter" invocations --follow --json >"$BATS_TEST_TMPDIR/followed" 3>&- &
	pid=$!
	sleep 1
	invocations fresh generic 3 7 0 | post $port
	sleep 2
	kill $pid
	[ "$(jq -r .request_id "$BATS_TEST_TMPDIR/followed" | sort | tr '\n' ' ')" = "fresh-0 fresh-1 fresh-2 " ]
}

@test "invoice names the price of each line" {
	"$meter" invoice --plan aws-lambda --json | jq -e '.plans[0].lines[0].source'
	run "$meter" invoice --plan aws-lambda
	[ "$status" -eq 0 ]
	[[ $output == *aws-lambda*total* ]]
}

@test "invoice of all plans says which it leaves out, and why" {
	run "$meter" invoice --plan all
	[ "$status" -eq 0 ]
	[[ $output == *"azure-premium  left out: needs instances and instance_seconds: "* ]]
	[[ $output == *"own-host  left out: the price book has no host.cpu"* ]]
}

@test "a budget is set, listed and removed; its addresses stay out of sight" {
	echo "http://127.0.0.1:$((port + 1))/services/secret" >"$BATS_TEST_TMPDIR/hook"
	run "$meter" budget set daily --limit 5.00 --period day --threshold 50 --slack-file "$BATS_TEST_TMPDIR/hook"
	[ "$status" -eq 0 ]
	run "$meter" budget list
	[[ ${lines[1]} == daily*all*'$5.00/day'*slack* ]]
	"$meter" budget list --json | jq -e '.budgets[0].thresholds == [50]'
	run "$meter" budget list --json
	[[ $output != *secret* ]]
	run "$meter" budget rm daily
	[ "$status" -eq 0 ]
	"$meter" budget list --json | jq -e '.budgets == []'
}

@test "a Slack address is refused as an argument" {
	run "$meter" budget set daily --limit 5 --slack https://hooks.slack.com/services/T/B/x
	[ "$status" -eq 2 ]
	[[ $output == *--slack-file* ]]
	[[ $output != *services/T* ]]
}

@test "keep-warm is switched on, listed and switched off" {
	"$meter" keepwarm on resize --ping "http://127.0.0.1:$((port + 1))/" --idle-life 20s
	"$meter" keepwarm list --json | jq -e '.keepwarm[0] | .function == "resize" and .enabled'
	run "$meter" keepwarm
	[[ ${lines[1]} == resize* ]]
	"$meter" keepwarm off resize
	"$meter" keepwarm list --json | jq -e '[.keepwarm[] | select(.enabled)] == []'
}

@test "alerts and advice answer, also when there is nothing" {
	"$meter" alerts --json | jq -e '.alerts'
	"$meter" advise --json | jq -e '.advice'
	run "$meter" alerts
	[ "$status" -eq 0 ]
}

@test "advice on too little gives no figures a month" {
	run "$meter" advise
	[ "$status" -eq 0 ]
	[[ $output =~ checkout\ +"not yet"(\ +-){6}\ +"Too little" ]]
}

@test "doctor --json lists checks with a state each" {
	"$meter" doctor --json >"$BATS_TEST_TMPDIR/doctor" || [ $? -eq 1 ]
	jq -e '.checks | length > 4 and all(.state == "ok" or .state == "warn" or .state == "fail")' "$BATS_TEST_TMPDIR/doctor"
	jq -e '.checks[] | select(.what == "collector") | .state == "ok"' "$BATS_TEST_TMPDIR/doctor"
}

@test "wrong usage is one line with a hint, and status 2" {
	for words in --bogus bogus 'functions --sort nothing' 'functions --since' 'invocations --limit 0' 'budget set' \
		'budget set x' 'budget set x --limit -1' 'budget set x --limit 1 --period year' 'keepwarm on x' \
		'alerts snooze 1 --for never' 'invoice --month May' 'advise magic' '--url nonsense functions' 'doctor now' \
		'functions --since soon' 'invoice --plan azure-flux' 'invoice --region mars-1' 'budget set a/b --limit 1'; do
		# shellcheck disable=SC2086 # words are words
		run "$meter" $words
		echo "$words: $status: $output"
		[ "$status" -eq 2 ]
		[ "${#lines[@]}" -eq 1 ]
	done
}

@test "what the collector refuses is one line, and status 1" {
	run "$meter" budget rm nothing-like-it
	[ "$status" -eq 1 ]
	[ "${#lines[@]}" -eq 1 ]
	for words in 'alerts ack nothing-like-it' 'alerts test nothing-like-it' 'keepwarm off nothing-like-it'; do
		# shellcheck disable=SC2086
		run "$meter" $words
		[ "$status" -eq 1 ]
		[ "${#lines[@]}" -eq 1 ]
	done
	"$meter" keepwarm --json | jq -e '[.keepwarm[] | select(.function == "nothing-like-it")] == []'
}

@test "without a collector every command says how to start one" {
	for words in functions invocations invoice 'budget list' 'alerts list' 'keepwarm list' advise; do
		# shellcheck disable=SC2086
		run "$meter" --url http://127.0.0.1:$((port + 3)) $words
		[ "$status" -eq 1 ]
		[ "${#lines[@]}" -eq 1 ]
		[[ $output == *"sudo coldmeter run"* ]]
	done
}

@test "another server on the port is told apart" {
	start_stranger $((port + 4))
	run "$meter" --url http://127.0.0.1:$((port + 4)) functions
	stop_stranger
	[ "$status" -eq 1 ]
	[ "${#lines[@]}" -eq 1 ]
}

@test "the programs are of one version" {
	[[ $("$meter" --version) =~ ^coldmeter\ ([0-9.]+)$ ]]
	[ "$("$OUT/coldmeter-collector" --version)" = "coldmeter-collector ${BASH_REMATCH[1]}" ]
	[ "$("$OUT/coldmeter-agent" --version)" = "coldmeter-agent ${BASH_REMATCH[1]}" ]
}

@test "every command has help and takes --json" {
	run "$meter" --help
	[ "$status" -eq 0 ]
	for command in run doctor functions invocations invoice budget anomalies alerts keepwarm advise; do
		[[ $output == *"  $command "* ]]
	done
	for command in run doctor functions invocations invoice budget anomalies alerts keepwarm advise; do
		run "$meter" $command --help
		[ "$status" -eq 0 ]
		[[ $output == *--json* ]]
	done
}

@test "the collector's address is taken before the command and after it" {
	for words in "--url http://127.0.0.1:1 functions" "functions --url http://127.0.0.1:1" "functions --url=http://127.0.0.1:1 --json"; do
		# shellcheck disable=SC2086 # words
		run "$OUT/coldmeter" $words
		[ "$status" -eq 1 ]
		[[ $output == *http://127.0.0.1:1* ]]
	done
	run "$OUT/coldmeter" functions --url
	[ "$status" -eq 2 ]
}
