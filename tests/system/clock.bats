#!/usr/bin/env bats
# The wall clock of agent and collector goes an hour forth and back while functions run: nothing is lost, nothing is
# there twice, nobody is told twice. The machine's own clock stays as it is.

bats_require_minimum_version 1.5.0
load lib

port=18100
url=http://127.0.0.1:$port

setup() {
	dir=$BATS_TEST_TMPDIR
	f=$(name "clock$BATS_TEST_NUMBER")
	collector='' agent='' with_clock=()
	needs_clock
	clock collector 0
	clock agent 0
}

teardown() {
	end_all
}

# clock WHO SECONDS: is so far ahead from now on.
clock() {
	printf '%+d\n' "$2" >"$dir/$1.next"
	mv "$dir/$1.next" "$dir/$1.clock"
}

collector_start() {
	: >"$dir/collector.err"
	in_background "$dir/collector" env "${with_clock[@]}" FAKETIME_TIMESTAMP_FILE="$dir/collector.clock" \
		"$OUT/coldmeter-collector" --listen 127.0.0.1:$port --data "$dir/data" "$@"
	collector=$!
	until_true 20 curl -fs -o "$dir/ready" $url/readyz || {
		tail -n 3 "$dir/collector.err"
		return 1
	}
}

agent_starts() {
	: >"$dir/agent.err"
	in_background "$dir/agent" env "${with_clock[@]}" FAKETIME_TIMESTAMP_FILE="$dir/agent.clock" \
		"$OUT/coldmeter-agent" --collector $url --spool "$dir/spool" --max-overhead 100
	agent=$!
	until_true 20 grep -q measuring "$dir/agent.err" || {
		cat "$dir/agent.err"
		return 1
	}
}

moment() { date -u -d "$1" +%FT%TZ; }
window() { echo "since=$(moment '3 hours ago')&until=$(moment '3 hours')"; }
answer() { curl -fs "$url/v1/functions?$(window)"; }
have() { answer | jq --arg f "$f" '[.functions[] | select(.function == $f) | .invocations] | add // 0'; }
have_is() { [ "$(have)" -eq "$1" ]; }
starts() { curl -fs "$url/v1/invocations?function=$f&limit=10000&$(window)" | jq -r '.invocations[].start'; }

spooled() { find "$dir/spool" -name '*.batch' | wc -l; }
nothing_lost() { answer | jq -e '.ledger | .seen == .delivered + .lost and .lost == .lost_by_reason.agent_gone and .seen > 0' >/dev/null; }

function_start() {
	http_function $((port + 1)) "$f"
	function=$!
}

# load_start N: N requests, 100 a second, on one connection; $! is it.
load_start() {
	in_background "$dir/load" curl -s --rate 100/s "http://127.0.0.1:$((port + 1))/?ms=2&n=[1-$1]"
	load=$!
}

# has N: exactly so many arrived, soon, and no more after a while; each as a sum and by itself, once.
has() {
	until_true 15 have_is "$1" || true
	sleep 0.7
	is "$(have)" "$1" "what the sums have"
	is "$(starts | wc -l)" "$1" "the number of single invocations"
	is "$(starts | sort -u | wc -l)" "$1" "the number of those that are different"
}

@test "clocks of agent and collector an hour forth and back under load: every request arrives once" {
	collector_start
	agent_starts
	function_start
	load_start 600
	for at in "collector 3600" "agent 3600" "collector 0" "agent 0" "agent -3600" "collector -3600" "collector 0" "agent 0"; do
		sleep 0.7
		# shellcheck disable=SC2086 # two words
		clock $at
	done
	until_true 30 gone "$load"
	end "$function"
	is "$(sed -n 's/^requests //p' "$dir/$f")" 600 "the function's count"
	has 600
	# what began by a clock that was ahead, or behind
	between "$(starts | awk -v from="$(moment '30 minutes')" '$0 > from' | wc -l)" 50 350 "those of an hour ahead"
	between "$(starts | awk -v to="$(moment '30 minutes ago')" '$0 < to' | wc -l)" 50 350 "those of an hour ago"
	is "$(spooled)" 0 "what is left in the spool"
	until_true 10 nothing_lost
	answer | jq -e 'all(.agents[]; .age_s >= 0)'
	end "$agent"
	[[ $(grep 'ledger: ' "$dir/agent.err" | tail -n 1) =~ lost=0$ ]]
}

@test "agent and collector killed with clocks an hour ahead, and started with clocks that are right: all is there once" {
	collector_start
	agent_starts
	function_start
	clock agent 3600
	clock collector 3600
	load_start 50
	until_true 30 gone "$load"
	has 50
	end "$collector" KILL
	load_start 50
	until_true 30 gone "$load"
	sleep 2 # a batch is sealed within half a second; on a busy host the agent may come to it later
	[ "$(spooled)" -gt 0 ]
	end "$agent" KILL
	clock agent 0
	clock collector 0
	agent_starts
	load_start 50
	until_true 30 gone "$load"
	sleep 0.7
	collector_start
	has 150
	is "$(spooled)" 0 "what is left in the spool"
	until_true 10 nothing_lost
	# the agent that lives goes on, and its next batches are told
	load_start 50
	until_true 30 gone "$load"
	has 200
	until_true 10 nothing_lost
	is "$(answer | jq '[.functions[] | select(.rate > 0)] | length > 0')" true "whether there is a rate"
}

# half_past: seconds ahead at which the hour that the collector is in has half an hour left. offset: that.
half_past() { offset=$((1800 - $(date +%s) % 3600)); }

# post N START: N invocations of 1 s at 1024 MB, $0.0000168667 each.
post() {
	for i in $(seq "$1"); do
		echo "{\"function\":\"$f\",\"platform\":\"aws-lambda\",\"kind\":\"lambda\",\"memory_limit_mb\":1024,\"region\":\"us-east-1\",\"request_id\":\"$2-$i\",\"start\":\"$2\",\"duration_ms\":1000}"
	done | curl -fs -o "$dir/answer" -H 'Content-Type: application/x-ndjson' --data-binary @- $url/v1/invocations
}

# keys: of the messages that arrived; fired: the thresholds that were told of.
keys() { cat "$dir"/posts/post.*[0-9] | tr -d '\r' | sed -n 's/^[Ii]dempotency-[Kk]ey: //p' | sort; }
fired() { grep -lF '"event":"budget.threshold"' "$dir"/posts/post.*[0-9] | wc -l; }
fired_is() { [ "$(fired)" -eq "$1" ]; }

# steps_back: by an hour, that the collector has told of since it was started; the two clocks that say so are read one
# after the other, and the seconds are cut off.
steps_back() { grep -Ec 'the wall clock went back by 3(599|60[0-9]) s' "$dir/collector.err"; }

@test "a budget by the hour is told of once, also when the collector's clock leaves the hour and comes back" {
	mkdir "$dir/posts"
	in_background "$dir/receiver" python3 "$BATS_TEST_DIRNAME/alerts_receiver.py" receive $((port + 2)) "$dir/posts"
	until_true 10 listening 127.0.0.1:$((port + 2))
	half_past
	clock collector "$offset"
	collector_start
	curl -fs -o "$dir/answer" -H 'Content-Type: application/json' -X PUT $url/v1/budgets/b -d "{\"limit_usd\":\"0.001\",
		\"period\":\"hour\",\"thresholds\":[50,100],\"notify\":[{\"type\":\"webhook\",\"url\":\"http://127.0.0.1:$((port + 2))/hook\"}]}"
	post 70 "$(moment "$((offset - 2)) seconds")"
	until_true 10 fired_is 2
	for ahead in 3600 0 -3600 0; do
		clock collector $((offset + ahead))
		sleep 2.5 # budgets are looked at every two seconds at most, and when the period is another one
	done
	post 5 "$(moment "$((offset - 1)) seconds")"
	sleep 2.5
	is "$(fired)" 2 "how many times a threshold was told of"
	is "$(keys | uniq -d)" "" "what was told twice"
	between "$(steps_back)" 1 2 "how many steps back of the clock were noticed"
	end "$collector" KILL
	collector_start
	sleep 2.5
	is "$(fired)" 2 "how many times a threshold was told of, after a kill"
	is "$(steps_back)" 0 "what this one knows of the clock"
}

@test "a ledger on ClickHouse gets what came when the clock was ahead over midnight, and was set right" {
	needs clickhouse-server
	mkdir -p "$dir/ch/tmp"
	cat >"$dir/config.xml" <<-END
		<yandex><logger><level>warning</level><console>1</console></logger>
		<listen_host>127.0.0.1</listen_host><http_port>18123</http_port><tcp_port>19000</tcp_port>
		<interserver_http_port>19009</interserver_http_port><mark_cache_size>67108864</mark_cache_size>
		<path>$dir/ch/</path><tmp_path>$dir/ch/tmp/</tmp_path><users_config>users.xml</users_config>
		<default_profile>default</default_profile><default_database>default</default_database></yandex>
	END
	cat >"$dir/users.xml" <<-END
		<yandex><profiles><default/></profiles><quotas><default/></quotas><users><default><password></password>
		<networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota></default></users></yandex>
	END
	in_background "$dir/server" clickhouse-server --config-file="$dir/config.xml"
	until_true 20 curl -fs -o "$dir/ready" http://127.0.0.1:18123/ping
	remote=(--store clickhouse://127.0.0.1:18123/clock)
	evening=$((84600 - $(date +%s) % 86400)) # half past eleven
	start=$(moment '1 minute ago')
	clock collector "$evening"
	collector_start "${remote[@]}"
	post 3 "$start"
	post 3 "$start"
	is "$(starts | wc -l)" 6 "what came in the evening"
	clock collector $((evening + 3600))
	post 1 "$start"
	is "$(starts | wc -l)" 7 "what came after midnight"
	end "$collector"
	collector_start "${remote[@]}" # which forgets the day before: all of it was sent
	until_true 10 no_day_before
	clock collector "$evening"
	post 1 "$start"
	is "$(starts | wc -l)" 8 "what came in the evening again"
	is "$(have)" 8 "what the sums have"
}
no_day_before() { [ "$(find "$dir/data" -name 'raw_*.db' | wc -l)" -eq 1 ]; }
