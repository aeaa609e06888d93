#!/usr/bin/env bats
# Manifests beside what was measured, and the advice that names their lines.

bats_require_minimum_version 1.5.0
load helpers

port=17245

# measured NAME PLATFORM DURATION_MS CPU_MS PEAK_MB LIMIT_MB: 300 invocations over two days.
measured() {
	jq -nc --arg name "$1" --arg platform "$2" --argjson ms "$3" --argjson cpu "$4" --argjson peak "$5" --argjson limit "$6" \
		--argjson now "$(date +%s)" 'range(300) | {function: $name, platform: $platform,
		kind: (if $platform == "aws-lambda" then "lambda" else "http" end), arch: "x86_64",
		request_id: "\($name)-\(.)", host: "box", sandbox: "s-\($name)", start: ($now - 172800 + . * 570 | todate),
		duration_ms: $ms, cpu_ms: $cpu, cold: (. % 10 == 0), status: "ok", peak_memory_mb: $peak, memory_limit_mb: $limit,
		concurrency: 1, pid: 1} + (if . % 10 == 0 then {init_ms: 400} else {} end)'
}

setup_file() {
	export data=$BATS_FILE_TMPDIR/data
	echo 'companions: {zz-locked: {sqs-requests: 1}}' >"$BATS_FILE_TMPDIR/settings.yaml"
	start_collector $port "$data" --config "$BATS_FILE_TMPDIR/settings.yaml"
	{
		measured shop-prod-orders aws-lambda 9000 20 120 512
		measured shop-prod-thumb aws-lambda 50 5 700 2048
		measured resize openfaas 80 10 120 128
		measured worker aws-lambda 400000 200000 300 1769
		measured zz-locked aws-lambda 50 5 100 256 | jq -c 'if .cold then . + {
			init_phases: [{phase: "fork", start_ms: 0, wall_ms: 400}],
			init_peers: [{peer: "52.94.0.7:443", wait_ms: 30, waits: 2}, {peer: "10.0.0.5:5432", wait_ms: 3, waits: 1}]}
			else . end'
	} | post $port
}

teardown_file() {
	stop_collector "$data"
}

setup() {
	export COLDMETER_URL=http://127.0.0.1:$port
	meter=$OUT/coldmeter
	manifests=$BATS_TEST_DIRNAME/../manifests
	cd "$manifests" || return
}

@test "manifest shows what is set beside what was measured" {
	run "$meter" manifest serverless.yml
	[ "$status" -eq 0 ]
	[[ ${lines[0]} == FUNCTION*PLACE*MEMORY*PEAK*TIMEOUT*P99*TRIGGERS ]]
	[[ ${lines[1]} == shop-prod-orders*serverless.yml:23*"512 MB"*"120 MB"*"10.0 s"*"9.0 s"*arm64*300*10.0%*"http, sqs" ]]
	[[ ${lines[3]} == "*-nightly"*"? :50"* ]]
	[[ ${lines[4]} == "shop-prod-orders: its P99 of "*"90 % of its timeout of 10.0 s (serverless.yml:17)" ]]
}

@test "manifest --json has the line of each setting" {
	"$meter" manifest serverless.yml --json | jq -e '.functions[0] | .function == "shop-prod-orders" and .line == 23
		and .memory_mb == {from: "shared", value: 512, line: 16} and .triggers[1] == {trigger: "sqs", line: 29, only: "Amazon SQS"}
		and .measured.invocations == 300 and .measured.memory_max_mb == 120'
	"$meter" manifest serverless.yml --json | jq -e '.functions[2] | .name_is_exact == false and .timeout_ms == {from: "unknown", line: 50}
		and (has("measured") | not)'
}

@test "manifest reads every kind in a folder, and tells what it passed over" {
	run --separate-stderr "$meter" manifest . --json --offline
	[ "$status" -eq 0 ]
	jq -e '[.functions[].kind] | unique == ["cloudformation", "knative", "openfaas", "serverless", "sst", "terraform"]' <<<"$output"
	[[ $stderr == *"passed over; the first: ./broken/"*:*:* ]]
}

@test "a broken manifest gives file, line and reason, and nothing else" {
	run --separate-stderr "$meter" manifest serverless.yml broken/duplicate.yml
	[ "$status" -eq 1 ]
	[ -z "$output" ]
	[ "$stderr" = "coldmeter manifest: broken/duplicate.yml:7:5: duplicate key" ]
	run "$meter" manifest broken/laughs.yml
	[ "$status" -eq 1 ]
	[[ $output == *"broken/laughs.yml:8:"*"aliases in place" ]]
	run "$meter" manifest broken/other.yml
	[ "$status" -eq 1 ]
	[[ $output == *"is no manifest of"* ]]
	run "$meter" manifest none.yml
	[ "$status" -eq 1 ]
	[[ $output == *"none.yml: No such file or directory" ]]
	run "$meter" manifest
	[ "$status" -eq 2 ]
}

@test "a count that is not whole is told with its line, and no figure is made of it" {
	cd "$BATS_TEST_TMPDIR"
	printf 'service: s\nprovider: {name: aws}\nfunctions:\n  f: {handler: a.b, memorySize: 2048.5}\n' >serverless.yml
	run "$meter" manifest serverless.yml --offline
	[ "$status" -eq 0 ]
	[[ ${lines[1]} == *"? :4"* ]]
	[ "${lines[2]}" = "s-dev-f: its memory must be a whole number (serverless.yml:4)" ]
	"$meter" manifest serverless.yml --offline --json |
		jq -e '.functions[0].memory_mb == {from: "unknown", why: "must be a whole number", line: 4}'
}

@test "without a collector the manifests alone are shown" {
	run --separate-stderr "$meter" --url http://127.0.0.1:1 manifest stack.yaml
	[ "$status" -eq 0 ]
	[[ ${lines[1]} == resize*stack.yaml:11*"128 MB"*"1m 30s"* ]]
	[[ $stderr == *"no collector answers at http://127.0.0.1:1: what was measured is left out" ]]
}

@test "advise memory names the place of the size" {
	run "$meter" advise memory --manifest serverless.yml --manifest stack.yaml
	[ "$status" -eq 0 ]
	[[ ${lines[1]} == resize*raise*"128 MB"*"120 MB"*"160 MB"*stack.yaml:9* ]]
	[[ ${lines[3]} == shop-prod-thumb*lower*"700 MB"*"896 MB"*serverless.yml:9*"700.0 MB"* ]]
	"$meter" advise memory --function shop-prod-thumb --manifest serverless.yml --json |
		jq -e '.advice[0] | .advised_mb == 896 and .file == "serverless.yml" and .memory_line == 9'
}

@test "advise memory --patch changes the figures, which are then set" {
	cp serverless.yml template.yaml "$BATS_TEST_TMPDIR"
	cd "$BATS_TEST_TMPDIR"
	run --separate-stderr "$meter" advise memory --manifest serverless.yml --manifest template.yaml --patch
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	[ "$(grep -c '^-[^-]' <<<"$output")" -eq 3 ]
	[[ $output == *"-    large: 2048 # the images do not fit in less"*"+    large: 896 # the images do not fit in less"* ]]
	patch -p1 <<<"$output"
	"$meter" manifest serverless.yml --offline --json | jq -e '.functions[1].memory_mb == {from: "shared", value: 896, line: 9}'
	diff <(grep -v 'large:\|memorySize: [0-9]* # opt' serverless.yml) <(grep -v 'large:\|memorySize: [0-9]* # opt' "$manifests/serverless.yml")
	run --separate-stderr "$meter" advise memory --manifest serverless.yml --patch
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	[[ $stderr == *"nothing to change" ]]
}

@test "advise memory --patch leaves alone what others share and what a tool wrote" {
	run --separate-stderr "$meter" advise memory --manifest stack.yaml --patch
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	[[ $stderr == *"stack.yaml:11: resize is left alone: its size is also that of report, which has no advice"* ]]
	sed 's/"api"/"worker"/' plan.json >"$BATS_TEST_TMPDIR/plan.json"
	run --separate-stderr "$meter" advise memory --manifest "$BATS_TEST_TMPDIR/plan.json" --patch
	[ -z "$output" ]
	[[ $stderr == *"worker is left alone: a tool wrote the file, which is only read"* ]]
}

@test "advise memory --patch sets the own size of one to what another that refers to it needs" {
	cd "$BATS_TEST_TMPDIR"
	cat >serverless.yml <<-'END'
		service: s
		provider: {name: aws}
		functions:
		  orders: {name: shop-prod-orders, memorySize: 512}
		  thumb: {name: shop-prod-thumb, memorySize: "${self:functions.orders.memorySize}"}
	END
	run --separate-stderr "$meter" advise memory --manifest . --patch
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	[ "$(grep -c '^[+]  ' <<<"$output")" -eq 1 ]
	[[ $output == *"+  orders: {name: shop-prod-orders, memorySize: 896}"* ]]
	sed -i 's/name: shop-prod-thumb/name: never-seen/' serverless.yml
	run --separate-stderr "$meter" advise memory --manifest . --patch
	[ -z "$output" ]
	[[ $stderr == *"shop-prod-orders is left alone: its size is also that of never-seen, which has no advice"* ]]
}

@test "advise memory --patch puts in a size that is not written, and GNU patch applies it" {
	cd "$BATS_TEST_TMPDIR"
	cat >serverless.yml <<-'END'
		service: shop
		provider:
		  name: aws
		  stage: prod
		  memorySize: 512 # of all
		functions:
		  orders:
		    # takes orders
		    handler: h.orders # the first
		    timeout: 10
		  thumb: {handler: h.thumb}
		  other: {handler: h.other}
	END
	cat >stack.yaml <<-'END'
		provider: {name: openfaas}
		functions:
		  resize:
		    lang: go
	END
	printf '{"Resources": {"Worker": {"Type": "AWS::Lambda::Function", "Properties": {\r\n\t"FunctionName": "worker"}}}}' >template.json
	cp -r . ../before
	run --separate-stderr "$meter" advise memory --manifest . --patch
	[ "$status" -eq 0 ]
	[ "$(grep -c '^-[^-]' <<<"$output")" -eq 1 ] # the flow mapping
	[[ $stderr == *"./serverless.yml:7: shop-prod-orders gets its own size: that of line 5 is also the size of others"* ]]
	patch -p1 --dry-run --fuzz=0 <<<"$output"
	patch -p1 --fuzz=0 <<<"$output"
	"$meter" manifest . --offline --json | jq -e '[.functions[] | select(.function != "shop-prod-other").memory_mb | .from] | unique == ["function"]'
	grep -A1 -F '    handler: h.orders # the first' serverless.yml | grep '^    memorySize: [0-9]*$'
	grep -x '  thumb: {memorySize: 896, handler: h.thumb}' serverless.yml
	grep -A2 'lang: go' stack.yaml | tail -2 | diff - <(printf '    limits:\n      memory: 160Mi\n')
	grep -P '^\t"MemorySize": [0-9]+,\r$' template.json
	run --separate-stderr "$meter" advise memory --manifest . --patch
	[ -z "$output" ]
	[[ $stderr == *"nothing to change" ]]
}

@test "advise plan: what a manifest finds counts in the verdict on the function" {
	"$meter" advise plan --target-ms 60000 --function shop-prod-orders --json | jq -e '.advice[0].verdict == "fits"'
	"$meter" advise plan --target-ms 60000 --function shop-prod-orders --manifest serverless.yml --json |
		jq -e '.advice[0] | .verdict == "act" and (.findings[] | select(.check == "set-timeout").verdict) == "act"'
}

@test "advise plan says what to do, with its numbers, and where the manifest locks in" {
	run "$meter" advise plan --manifest serverless.yml --manifest template.yaml
	[ "$status" -eq 0 ]
	[ "$(wc -L <<<"$output")" -le 80 ]
	output=$(tr -s ' \n' ' ' <<<"$output")
	[[ $output == *"worker (aws-lambda): act, template.yaml:52"* ]]
	[[ $output == *"act steady Busy 69."*"% of the time"*"fargate, us-east-1"*"-> Run it all the time"* ]]
	[[ $output == *"consider lock-in Only one provider has what calls it: Amazon SQS (line 64), Amazon S3 events (line 70)"* ]]
	[[ $output == *"shop-prod-orders"*"act set-timeout It takes 9 s at most, and its manifest ends it at 10 s."*"-> Set a longer timeout"* ]]
	[[ $output == *"shop-prod-thumb"*"act latency"*"The P95 is a cold start"* ]]
	"$meter" advise plan --target-ms 500 --function shop-prod-thumb --json |
		jq -e '.advice[0].findings[] | select(.check == "latency") | .verdict == "fits" and .target_ms == 500'
}

@test "advise plan names the services that inits were measured to call, and guesses none" {
	"$meter" advise plan --function zz-locked --json | jq -e '.advice[0].findings[] | select(.check == "calls") | .verdict == "consider"
		and .cold_starts == 30 and .peers == [
		{peer: "52.94.0.7:443", cold_starts: 30, wait_ms: 900, service: "Amazon DynamoDB", source: "https://ip-ranges.amazonaws.com/ip-ranges.json"},
		{peer: "10.0.0.5:5432", cold_starts: 30, wait_ms: 90}]'
	run "$meter" advise plan --function zz-locked
	output=$(tr -s ' \n' ' ' <<<"$output")
	[[ $output == *"consider calls Its settings state calls of a queue (SQS, Service Bus, Pub/Sub). Its inits were measured to call Amazon DynamoDB (52.94.0.7:443). Measured: 1 peer, of which service is not known: port 5432 at 10.0.0.5. -> Call them through"* ]]
}

@test "options of advice go with their kind" {
	run "$meter" advise concurrency --manifest serverless.yml
	[ "$status" -eq 2 ]
	run "$meter" advise memory --patch
	[ "$status" -eq 2 ]
	run "$meter" advise memory --target-ms 5
	[ "$status" -eq 2 ]
	run "$meter" advise plan --target-ms none
	[ "$status" -eq 2 ]
	run "$meter" advise plan --manifest broken/flow.yml
	[ "$status" -eq 1 ]
	[[ $output == *"broken/flow.yml:5:"* ]]
}
