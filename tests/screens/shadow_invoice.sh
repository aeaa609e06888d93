#!/bin/sh
# Prints the shadow invoice that README shows: three functions' invocations of this month, under every plan.
# OUT: the build folder. A collector runs on scratch data and PORT (17295) meanwhile.
set -eu
# The invocations are of a minute ago, and that is to be this month.
case $(date -u +%d%H%M) in 010000 | 010001) sleep 120 ;; esac
out=${OUT:-out}
port=${PORT:-17295}
scratch=$(mktemp -d)
collector=
trap '[ -z "$collector" ] || kill "$collector"; rm -rf "$scratch"' EXIT
cat >"$scratch/settings.yaml" <<-'END'
	companions:
	  api: http-api
	  checkout: {dynamodb-reads: 2, sqs-requests: 1}
	  thumbnail: {s3-puts: 1, s3-gets: 1}
END
"$out/coldmeter-collector" --listen "127.0.0.1:$port" --data "$scratch/data" --config "$scratch/settings.yaml" \
	2>"$scratch/log" &
collector=$!
export COLDMETER_URL="http://127.0.0.1:$port"
for _ in $(seq 100); do
	! curl -fs "$COLDMETER_URL/readyz" >/dev/null || break
	sleep 0.1
done

# some NAME COUNT DURATION_MS CONFIGURED_MB USED_MB: invocations of today, one a millisecond, 1 in 100 cold.
some() {
	jq -nc --arg name "$1" --argjson n "$2" --argjson ms "$3" --argjson mb "$4" --argjson used "$5" --argjson now "$(date +%s)" '
		range($n) | {function: $name, platform: "aws-lambda", kind: "lambda", request_id: "\($name)-\(.)", host: "box",
		sandbox: "\($name)-s", start: ($now - 60 + . / 1000 | floor | todate), duration_ms: $ms, memory_limit_mb: $mb,
		peak_memory_mb: $used, arch: "x86_64", status: "ok", cold: (. % 100 == 0)}
		+ (if . % 100 == 0 then {init_ms: 300} else {} end)'
}
{
	some checkout 20000 42.5 512 96
	some thumbnail 5000 380 1024 310
	some report 200 2900 2048 700
} | split -l 2000 --filter="curl -fsS -H 'Content-Type: application/x-ndjson' --data-binary @- $COLDMETER_URL/v1/invocations >/dev/null" -
# Without the month above the table and the notes below it.
"$out/coldmeter" invoice --plan all --brief | sed -n '/^PLAN /,/^  \*/ { /^  \*/!p }'
