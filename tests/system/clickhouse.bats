#!/usr/bin/env bats
# The ledger on a ClickHouse server, as a user has it: history moves there, a collector goes on there.

setup() {
	: "${OUT:=out}"
	command -v clickhouse-server >/dev/null || skip "clickhouse-server is not installed"
	dir=$(mktemp -d)
	collector_pid=
	server_pid=
	mkdir -p "$dir/ch/tmp"
	cat >"$dir/config.xml" <<-END
		<yandex><logger><level>warning</level><console>1</console></logger>
		<listen_host>127.0.0.1</listen_host><http_port>18123</http_port><tcp_port>19000</tcp_port>
		<interserver_http_port>19009</interserver_http_port><mark_cache_size>67108864</mark_cache_size>
		<path>$dir/ch/</path><tmp_path>$dir/ch/tmp/</tmp_path><users_config>users.xml</users_config>
		<default_profile>default</default_profile><default_database>default</default_database></yandex>
	END
	cat >"$dir/users.xml" <<-END
		<yandex><profiles><default/></profiles><quotas><default/></quotas><users><meter>
		<password>only-for-this-test</password><networks><ip>127.0.0.1</ip></networks>
		<profile>default</profile><quota>default</quota></meter></users></yandex>
	END
	clickhouse-server --config-file="$dir/config.xml" >"$dir/server.log" 2>&1 </dev/null 3>&- &
	server_pid=$!
	for _ in $(seq 200); do
		! curl -s http://127.0.0.1:18123/ping >/dev/null || break
		sleep 0.05
	done
	echo only-for-this-test >"$dir/password"
	remote=(--store clickhouse://meter@127.0.0.1:18123/ledger --store-password-file "$dir/password")
}

teardown() {
	for pid in $collector_pid $server_pid; do
		kill -9 "$pid" 2>/dev/null || true
	done
	rm -rf "${dir:?}"
}

# start DATA OPTIONS...: a collector on a free port; $collector_pid and $url are set.
start() {
	: >"$dir/log"
	"$OUT/coldmeter-collector" --listen 127.0.0.1:0 --data "$dir/$1" "${@:2}" 2>>"$dir/log" 3>&- &
	collector_pid=$!
	for _ in $(seq 200); do
		url=$(sed -n 's/.*listening on \(http.*\)/\1/p' "$dir/log")
		[ -n "$url" ] && return
		sleep 0.05
	done
	cat "$dir/log"
	return 1
}

stop() {
	kill "$collector_pid"
	wait "$collector_pid"
}

say() {
	printf '{"function":"%s","start":"%s","duration_ms":5}\n' "$1" "$(date -u +%FT%TZ)" |
		curl -sSf -H 'Content-Type: application/x-ndjson' --data-binary @- "$url/v1/invocations" >/dev/null
}

counts() { curl -sSf "$url/v1/functions?since=1h" | jq -c '[.functions[] | [.function, .invocations]]'; }

@test "history moves to ClickHouse, a collector goes on there, and nobody hears the password" {
	start data
	say old
	say both
	stop
	run "$OUT/coldmeter" store migrate "${remote[@]}" --data "$dir/data"
	[ "$status" -eq 0 ] || { echo "$output"; return 1; }
	start data "${remote[@]}"
	say both
	say new
	[ "$(counts)" = '[["both",2],["new",1],["old",1]]' ] || { counts; return 1; }
	stop
	start elsewhere "${remote[@]}" # another collector sees the same
	[ "$(counts)" = '[["both",2],["new",1],["old",1]]' ] || { counts; return 1; }
	run grep -qa only-for-this-test "/proc/$collector_pid/cmdline"
	[ "$status" -eq 1 ]
	stop
	run grep -rq only-for-this-test "$dir/log" "$dir/data" "$dir/elsewhere"
	[ "$status" -eq 1 ]
}

@test "what is imported is there once, also when it was before the history moved" {
	log=$dir/lambda.log
	for n in 1 2 3; do
		printf '%s.%sZ REPORT RequestId: 3604209a-%s\tDuration: 5 ms\tMemory Size: 128 MB\t\n' "$(date -u +%FT%T)" $n $n
	done >"$log"
	start data
	head -n 2 "$log" | "$OUT/coldmeter" --url "$url" import lambda-report - --function far
	stop
	"$OUT/coldmeter" store migrate "${remote[@]}" --data "$dir/data"
	start data "${remote[@]}"
	"$OUT/coldmeter" --url "$url" import lambda-report "$log" --function far --json | jq -e '.imported == 1 and .already == 2'
	"$OUT/coldmeter" --url "$url" import lambda-report "$log" "$log" --function far --json | jq -e '.imported == 0 and .already == 6'
	[ "$(counts)" = '[["far",3]]' ] || { counts; return 1; }
	curl -sSf "$url/v1/invocations?function=far" | jq -e '.invocations | length == 3 and all(.host == "import:lambda-report")'
}

@test "a ClickHouse that is away is named, and what was sent meanwhile is kept" {
	kill -9 "$server_pid"
	start data "${remote[@]}"
	say kept
	run curl -s -o /dev/null -w '%{http_code}' "$url/v1/functions"
	[ "$output" -ge 500 ]
	grep -q 'ClickHouse at 127.0.0.1:18123: ' "$dir/log"
	clickhouse-server --config-file="$dir/config.xml" >"$dir/server.log" 2>&1 </dev/null 3>&- &
	server_pid=$!
	for _ in $(seq 100); do
		[ "$(counts 2>/dev/null)" != '[["kept",1]]' ] || return 0
		sleep 0.1
	done
	counts
	return 1
}

@test "a URL with a password is refused without showing it" {
	run "$OUT/coldmeter-collector" --store clickhouse://meter:hunter2@127.0.0.1/ledger
	[ "$status" -eq 2 ]
	[[ "$output" == *"--store: a password does not belong on a command line"* ]]
	[[ "$output" != *hunter2* ]]
}
