#!/usr/bin/env bats
# Names that do not stand in the environment: by rules, and by what requests ask for.

# shellcheck disable=SC2154 # $programs: set in lib
load lib

port=17550

setup() {
	dir=$BATS_TEST_TMPDIR
	functions=$BATS_TEST_DIRNAME/../functions
	f=$(name "names-$BATS_TEST_NUMBER")
}

teardown() {
	end_all
}

# many: a server of many functions.
many() {
	in_background "$dir/$f" env COLDMETER_FUNCTION="$f" "$@" python3 "$functions/shapes/many.py" $port
	until_true 20 listening 127.0.0.1:$port
}

# post PATH...: on one connection.
post() { curl -sS -d x "${@/#/http://127.0.0.1:$port}" >/dev/null; }

get() { curl -sS "${@/#/http://127.0.0.1:$port}" >/dev/null; }

@test "a front door of Lambda's invoke API: each call belongs to the function that it names" {
	agent_start
	many
	door=/2015-03-31/functions
	post $door/$f-a/invocations $door/$f-b/invocations $door/$f-a/invocations "$door/arn:aws:lambda:x:1:function:$f-c:7/invocations" \
		$door/stranger/invocations /other
	expect "$f-a" 2
	expect "$f-b" 1
	expect "$f-c" 1
	expect "$f" 2
	agent_stop
	is "$(seen "$f-a" '[.platform, .kind, .status] | join(" ")' | sort -u)" "aws-lambda http ok" "the rest"
	is "$(seen "$f-c" .version)" 7 "the qualifier"
	is "$({ seen "$f-a" .sandbox; seen "$f" .sandbox; } | sort -u | wc -l)" 1 sandboxes
}

@test "a Runtime API server that is itself a function is not counted at its own front door" {
	agent_start
	COLDMETER_FUNCTION=$f-host runtime_api $port "$f" -- env -u COLDMETER_FUNCTION python3 "$functions/python/lambda_runtime.py"
	for _ in 1 2 3; do invoke $port "$f" '{}' >/dev/null; done
	expect "$f" 3
	agent_stop
	is "$(seen "$f" .kind | sort -u)" lambda kind
	expect "$f-host" 0
}

@test "rules name functions by their requests, and sandboxes by what they are" {
	cat >"$dir/agent.yml" <<-EOF
		functions:
		  - match: {function: $f, method: POST, path: /orders*}
		    name: $f-create
		  - match: {function: $f, path: /orders/*}
		    name: $f-read
		  - match: {function: $f-raw, process: system_calls}
		    name: $f-calls
	EOF
	agent_start --config "$dir/agent.yml"
	many
	post /orders /orders/7
	get /orders/7 '/orders/8?full=1' /orders/9 /items
	end "${started[-1]}"
	in_background "$dir/$f" env COLDMETER_FUNCTION="$f-raw" "$programs/system_calls" $port read write "$dir/$f.log"
	until_true 20 listening 127.0.0.1:$port
	get /orders/7
	expect "$f-create" 2
	expect "$f-read" 3
	expect "$f" 1
	expect "$f-calls" 1
	agent_stop
}

@test "what is wrong with the rules is said with its place, and nothing is measured" {
	printf 'functions:\n  - match: {route: /x}\n    name: y\n' >"$dir/agent.yml"
	status=0
	"$OUT/coldmeter-agent" --stdout --config "$dir/agent.yml" >"$dir/said" 2>&1 || status=$?
	is "$status" 1 status
	is "$(cat "$dir/said")" "coldmeter-agent: error: $dir/agent.yml:2:13: match knows function, process, container, method and path" "what it said"
}
