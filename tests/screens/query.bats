#!/usr/bin/env bats
# Questions that choose, group and compare, against a real collector.

load helpers

port=17245

# burst NAME VERSION HOST MINUTES_AGO COUNT MS COLD: of a minute that is over, 50 ms apart.
burst() {
	jq -nc --arg name "$1" --arg version "$2" --arg host "$3" --argjson ago "$4" --argjson n "$5" --argjson ms "$6" \
		--argjson cold "$7" --argjson now "$(date +%s)" 'range($n) | {function: $name, version: $version,
		platform: "aws-lambda", kind: "lambda", host: $host, memory_limit_mb: 128, arch: "x86_64", status: "ok",
		start: ((($now / 60 | floor) - $ago) * 60 + (. / 20 | floor) | todate), duration_ms: ($ms + . % 10),
		trace_id: "event-\(.)"} + (if . < $cold then {cold: true, init_ms: 200} else {} end)'
}

setup_file() {
	export data=$BATS_FILE_TMPDIR/data
	start_collector $port "$data"
	{
		burst checkout 7 h1 20 500 40 3
		burst checkout 8 h2 20 500 80 90
		burst resize 1 h1 20 40 900 0
		burst resize 1 h1 90 400 900 0
	} | post $port
}

teardown_file() {
	stop_collector "$data"
}

setup() {
	export COLDMETER_URL=http://127.0.0.1:$port
	meter=$OUT/coldmeter
}

@test "functions --sort --limit: the first of all, chosen by the collector" {
	run "$meter" functions --sort p95 --limit 1
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -eq 2 ]
	[[ ${lines[1]} == resize* ]]
	"$meter" functions --sort cold --limit 1 --json | jq -e '.function_count == 3 and (.functions | length == 1)
		and .functions[0].version == "8"'
	"$meter" functions --sort name --reverse --limit 2 --json | jq -e '[.functions[].function] == ["resize", "checkout"]'
}

@test "functions --by: hosts and versions added up, as a table, as CSV and as JSON" {
	run "$meter" functions --by host --sort name
	[ "$status" -eq 0 ]
	[[ ${lines[0]} == HOST*FUNCTIONS*COUNT*COST* ]]
	[[ ${lines[1]} =~ ^h1\ +2\ +540 ]]
	[[ ${lines[2]} =~ ^h2\ +1\ +500 ]]
	[ "${#lines[@]}" -eq 3 ]
	run "$meter" functions --by version --function checkout --csv --sort name
	[[ ${lines[0]} == version,function,functions,invocations,* ]]
	[[ ${lines[1]} == 7,checkout,1,500,3,* ]]
	"$meter" functions --by platform --json | jq -e '.basis == "sums" and .groups[0].invocations == 1040'
	run "$meter" functions --by colour
	[ "$status" -eq 2 ]
	[[ $output == *"by is one of function, host, platform, region, version"* ]]
}

@test "trace: one event, function by function" {
	run "$meter" trace event-30
	[ "$status" -eq 0 ]
	[[ ${lines[0]} == FUNCTION*AFTER*COST* ]]
	[[ $output == *"total: 4 invocations,"*"from the first start to the last end, \$0.0000"* ]]
	"$meter" trace event-30 --since 40m --json | jq -e '.total.functions == 3 and .truncated == false'
	run "$meter" trace nobody
	[ "$status" -eq 1 ]
	[[ $output == *"no invocation in this window has that trace id"* ]]
	run "$meter" trace
	[ "$status" -eq 2 ]
}

@test "diff: versions, and what is more than noise" {
	run "$meter" diff --function checkout --versions 8 7
	[ "$status" -eq 0 ]
	[[ ${lines[0]} == "before: "*"; now: "*" (UTC)" ]]
	[[ $output == *"checkout 7 -> 8  invocations"*500*500*"no more than noise"* ]]
	[[ $output =~ cold\ +0\.6%\ +18\.0%\ +\+2900\.0%\ +more ]]
	[[ $output =~ P50\ +4.*\ ms\ +8.*\ ms\ +\+8.*%\ +more ]]
	[[ $output =~ P99.*"too few to tell" ]]
	run "$meter" diff --function checkout --versions 8 7 --changed
	[[ $output != *invocations* && $output == *P95* ]]
}

@test "diff: two windows" {
	run "$meter" diff --since 1h --against 1h --function resize
	[ "$status" -eq 0 ]
	[[ $output =~ invocations\ +400\ +40\ +-90\.0%\ +less ]]
	[[ $output =~ P50\ +90.*\ ms\ +90.*\ ms\ .*"no more than noise" ]]
	run "$meter" diff --since 5h --until 4h
	[ "$status" -eq 0 ]
	[[ ${lines[1]} == "no invocations in either window" ]]
	run "$meter" diff --against soon
	[ "$status" -eq 2 ]
	run "$meter" diff --versions 8
	[ "$status" -eq 2 ]
	run "$meter" diff 8
	[ "$status" -eq 2 ]
}

@test "help of trace and diff" {
	for command in trace diff; do
		run "$meter" "$command" --help
		[ "$status" -eq 0 ]
		[[ ${lines[0]} == "usage: coldmeter [--url URL] $command "* ]]
	done
}
