#!/usr/bin/env bats
# The collector as a program: options, bad input in one clear line, start and stop.
# shellcheck disable=SC2154 # collector.bash and bats set what is not set here

load collector.bash

@test "help and version go to standard output" {
	run "$collector" --help
	[ "$status" -eq 0 ]
	[[ "$output" == usage:* ]]
	run "$collector" --version
	[ "$status" -eq 0 ]
}

@test "wrong usage exits 2 with one line" {
	refused 2 "--nonsense" --nonsense
	refused 2 "requires an argument" --listen
	refused 2 "on or off" --alerts maybe
	refused 2 "unexpected argument" --data "$dir" extra
}

@test "a bad address is refused with one line" {
	refused 2 "ADDR:PORT" --data "$dir/d" --listen 7077
	refused 2 "ADDR:PORT" --data "$dir/d" --listen 127.0.0.1:99999
	refused 1 "takes --tls-cert, --tls-key and --token-file" --data "$dir/d" --listen 0.0.0.0:0
	refused 1 "takes --tls-cert, --tls-key and --token-file" --data "$dir/d" --listen '[::]:0'
}

@test "with tokens it answers only to them, and says so; its health is open" {
	printf 'first-token-of-16\nsecond-token-of-17\n' >"$dir/tokens"
	refused 1 "chmod 600" --data "$dir/d" --token-file "$dir/tokens"
	chmod 600 "$dir/tokens"
	start --token-file "$dir/tokens"
	[ "$(curl -s -o "$dir/answer" -w '%{http_code}' "$url/v1/functions")" = 401 ]
	[ "$(jq -r .error.code "$dir/answer")" = unauthorized ]
	[ "$(curl -s -o /dev/null -w '%{http_code}' -H 'Authorization: Bearer second-token-of-1' "$url/metrics")" = 401 ]
	[ "$(curl -s -o /dev/null -w '%{http_code}' -H 'Authorization: Bearer second-token-of-17' "$url/v1/functions")" = 200 ]
	[ "$(curl -s -o /dev/null -w '%{http_code}' "$url/healthz")" = 200 ]
	[ "$(curl -s -o /dev/null -w '%{http_code}' "$url/readyz")" = 200 ]
	echo first-token-of-16 >"$dir/mine"
	chmod 600 "$dir/mine"
	"$OUT/coldmeter" --url "$url" --token-file "$dir/mine" functions
	[ "$(grep -c 'token-of' "$dir/log")" -eq 0 ]
}

@test "a bad setting is named with file, line and column" {
	printf 'raw_days: 3\nraw_dayz: 3\n' >"$dir/c.yaml"
	refused 1 "c.yaml:2:1: raw_dayz" --config "$dir/c.yaml" --check-config
	printf 'raw_days: lots\n' >"$dir/c.yaml"
	refused 1 "c.yaml:1:11: raw_days" --config "$dir/c.yaml" --check-config
	refused 1 "nowhere.yaml" --config "$dir/nowhere.yaml" --check-config
}

@test "a good setting passes --check-config and makes no data" {
	printf 'data: %s/data\nraw_days: 3\nalerts: off\n' "$dir" >"$dir/c.yaml"
	run "$collector" --config "$dir/c.yaml" --check-config
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	[ ! -e "$dir/data" ]
}

@test "a bad price book is named" {
	echo '{"prices": 3' >"$dir/p.json"
	refused 1 "p.json" --data "$dir/d" --listen 127.0.0.1:0 --prices "$dir/p.json"
}

@test "a data directory that cannot be made is named" {
	echo x >"$dir/file"
	refused 1 "$dir/file/d" --data "$dir/file/d" --listen 127.0.0.1:0
}

@test "a second collector on the same data is refused" {
	start
	refused 1 "in use by another collector" --data "$dir/data" --listen 127.0.0.1:0
}

@test "a busy port is named" {
	start
	refused 1 "Address already in use" --data "$dir/other" --listen "${url#http://}"
}

@test "SIGTERM stops it with 0, what it stored is there again" {
	start
	printf '{"function":"f","start":"%s","duration_ms":5}\n' "$(date -u +%FT%TZ)" |
		curl -sS --fail -H 'Content-Type: application/x-ndjson' --data-binary @- "$url/v1/invocations"
	kill -TERM "$pid"
	wait "$pid"
	start
	[ "$(curl -sS "$url/v1/functions" | jq '.functions[0].invocations')" -eq 1 ]
}

@test "spans of an OpenTelemetry SDK are invocations, in each encoding" {
	exporter=$("$BATS_TEST_DIRNAME/../functions/install.sh" exporter 2>"$dir/install") || skip "$(tail -n 1 "$dir/install")"
	start
	for form in proto 'proto gzip' json 'json gzip'; do
		# shellcheck disable=SC2086 # the encoding, and the compression if any
		NODE_PATH="$exporter/node_modules" timeout 60 node "$BATS_TEST_DIRNAME/../functions/node/spans.js" \
			"$url/v1/traces" "${form/ /-}" $form >>"$dir/sent"
	done
	[ "$(grep -c '^sent 12 spans: ok$' "$dir/sent")" -eq 4 ] || { cat "$dir/sent"; return 1; }
	curl -sS "$url/v1/functions?since=1h" >"$dir/functions"
	for form in proto proto-gzip json json-gzip; do
		# of 12 spans 10 are a function's: 1 cold, 2 that failed, all of 20 ms
		jq -e --arg name "$form" '.functions[] | select(.function == $name) | .platform == "aws-lambda" and
			.version == "7" and .invocations == 10 and .cold == 1 and .errors == 2 and
			.memory_mb.limit == 256 and (.duration_ms.p50 - 20 | fabs) < 0.3' "$dir/functions" ||
			{ cat "$dir/functions"; return 1; }
	done
	[ "$(curl -sS "$url/metrics" | grep -c '^coldmeter_otlp_spans_total{outcome="\(taken"} 40\|ignored"} 8\|rejected"} 0\)$')" -eq 3 ]
	curl -sS "$url/v1/invocations?function=proto&limit=1" | jq -e '.invocations[0] | .sandbox == "a-sandbox" and
		.host == "a-host" and (.request_id | startswith("request-")) and (.trace_id | length == 32)'
}

@test "the ledger is private" {
	start
	[ "$(stat -c %a "$dir/data")" = 700 ]
	[ -z "$(find "$dir/data" -type f -perm /077)" ]
}
