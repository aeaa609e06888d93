#!/bin/bash
# A Lambda runtime in bash: a curl process for each call of the Runtime API and a handful of small programs for each
# event, as bash-lambda-layer does it. An event is {"ms":N}.
set -eu

api=http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime
headers=$(mktemp)
trap 'rm -f "$headers"' EXIT
while true; do
	event=$(curl -sS -LD "$headers" -X GET "$api/invocation/next")
	id=$(grep -i '^Lambda-Runtime-Aws-Request-Id:' "$headers" | tr -d '\r' | cut -d' ' -f2)
	ms=$(echo "$event" | tr -dc 0-9)
	sleep "$(printf '%d.%03d' $((${ms:-0} / 1000)) $((${ms:-0} % 1000)))"
	echo "{\"ms\":${ms:-0}}" | curl -sS -X POST -d @- "$api/invocation/$id/response" >/dev/null
done
