#!/usr/bin/env bats
# Whoever of agent and collector is killed: nothing that was measured is lost or counted twice, and the next one goes
# on. A fast HTTP function under a steady load counts what it answers; the collector must have the same number.

bats_require_minimum_version 1.5.0
load lib

port=18080
url=http://127.0.0.1:$port

setup() {
	dir=$BATS_TEST_TMPDIR
	f=$(name "resume$BATS_TEST_NUMBER")
	collector='' agent=''
	asked=0
}

teardown() {
	end_all
}

collector_start() {
	in_background "$dir/collector" "$OUT/coldmeter-collector" --listen 127.0.0.1:$port --data "$dir/data"
	collector=$!
	until_true 10 curl -fs -o "$dir/ready" $url/readyz || {
		tail -n 3 "$dir/collector.err"
		return 1
	}
}

# One that ships; it measures when this returns.
shipper_start() {
	: >"$dir/agent.err"
	in_background "$dir/agent" "$OUT/coldmeter-agent" --collector $url --spool "$dir/spool" --max-overhead 100
	agent=$!
	until_true 20 grep -q measuring "$dir/agent.err" || {
		cat "$dir/agent.err"
		return 1
	}
}

function_start() {
	http_function $((port + 1)) "$f"
	function=$!
}

# load N: N requests, 100 a second, on one connection that is kept; $! is it.
load_start() {
	in_background "$dir/load" curl -s --rate 100/s "http://127.0.0.1:$((port + 1))/?ms=5&n=[1-$1]"
	load=$!
	asked=$((asked + $1))
}
load_ends() { until_true 30 gone "$load"; }

# ask PATH: on the connection that descriptor 8 holds, with an answer without a body; answered: until it is read.
ask() {
	printf 'GET %s HTTP/1.1\r\nHost: f\r\n\r\n' "$1" >&8
	asked=$((asked + 1))
}
answered() {
	local line
	IFS= read -r -t 10 line <&8
	[[ $line == "HTTP/1.1 200"* ]]
	until [ "$line" = $'\r' ]; do IFS= read -r -t 10 line <&8 || return 1; done
}

# counted: what the function says that it answered; it ends.
function_count() {
	end "$function"
	sed -n 's/^requests //p' "$dir/$f"
}

have() { curl -fs "$url/v1/functions?since=1h" | jq --arg f "$f" '[.functions[] | select(.function == $f) | .invocations] | add // 0'; }
have_is() { [ "$(have)" -eq "$1" ]; }
spooled() { find "$dir/spool" -name '*.batch' | wc -l; }

# has N: exactly so many arrived, soon, and no more after a while.
has() {
	until_true 15 have_is "$1" || true
	sleep 0.7 # a batch that came twice would have been sent by now
	is "$(have)" "$1" "the collector's count"
}

# adds_up: the sums of all agents so far; what was seen is delivered or lost. none_lost: and nothing is lost. Other
# functions of this host may be busy while an agent is killed: what it had of them in hand is lost.
ledger() { curl -fs "$url/v1/functions?since=1h" | jq -e ".ledger | $1" >/dev/null; }
adds_up() { ledger '.seen == .delivered + .lost and .lost == .lost_by_reason.agent_gone and .seen > 0'; }
none_lost() { ledger '.seen == .delivered and .lost == 0 and .seen > 0'; }

# probes PID: the programs that the agent PID holds; loaded ID...: whether the kernel still has one of them.
probes() { sed -n 's/^prog_id:[[:space:]]*//p' /proc/"$1"/fdinfo/* | sort -u; }
loaded() {
	local id
	for id in "$@"; do ! bpftool prog show id "$id" >/dev/null 2>&1 || return 0; done
	return 1
}
none_loaded() { ! loaded "$@"; }

@test "a collector killed three times under load: the agent keeps what it has, and every request arrives once" {
	collector_start
	shipper_start
	function_start
	load_start 600
	for _ in 1 2 3; do
		sleep 0.9
		acknowledged=$(have)
		[ "$acknowledged" -gt 0 ]
		end "$collector" KILL
		sleep 0.9
		[ "$(spooled)" -gt 0 ]
		collector_start
		[ "$(have)" -ge "$acknowledged" ]
	done
	load_ends
	has 600
	is "$(function_count)" 600 "the function's count"
	until_true 10 none_lost
	is "$(spooled)" 0 "what is left in the spool"
	grep -q 'the collector is back' "$dir/agent.err"
	end "$agent"
	[[ $(grep 'ledger: ' "$dir/agent.err" | tail -n 1) =~ ledger:\ seen=([0-9]+)\ delivered=([0-9]+)\ lost=0$ ]]
	is "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}" "what the agent delivered"
}

@test "an agent killed in between leaves no probe, and the next one goes on with the connections that are open" {
	collector_start
	shipper_start
	mapfile -t ours < <(probes "$agent")
	loaded "${ours[@]}"
	function_start
	load_start 50
	exec 8<>/dev/tcp/127.0.0.1/$((port + 1))
	ask '/?bytes=0'
	answered
	load_ends
	has 51 # nothing is asked now: an agent that is away misses nothing
	ask '/?bytes=0&ms=6000' # longer than an agent takes to come, also on a busy machine
	sleep 0.3
	end "$agent" KILL
	until_true 5 none_loaded "${ours[@]}"
	shipper_start
	answered # the one under way meanwhile
	ask '/?bytes=0'
	answered
	load_start 50
	load_ends
	exec 8>&-
	# the one under way began before this agent and ended after the other: it counts once, its start an estimate
	has 103
	is "$(function_count)" 103 "the function's count"
	until_true 10 adds_up
}

moment() { date -u +%Y-%m-%dT%H:%M:%S.%NZ; }

# started FROM UNTIL: invocations that began then; fails when one is there twice.
started_between() {
	curl -fs "$url/v1/invocations?function=$f&limit=1000" | jq --arg from "$1" --arg until "$2" '[.invocations[].start
		| select(. >= $from and . < $until)] | if length == (unique | length) then length else error("one is there twice") end'
}

# last_50_arrived: the batch of what was asked since $late is there.
last_50_arrived() { [ "$(started_between "$late" "$(moment)")" -ge 50 ]; }

@test "an agent killed under load: what it had sealed arrives once, and the next one goes on in the middle of it" {
	collector_start
	shipper_start
	function_start
	begin=$(moment)
	load_start 50
	load_ends
	sleep 0.7 # a batch is sealed within half a second
	middle=$(moment)
	load_start 500
	sleep 1.5
	killed=$(moment)
	end "$agent" KILL
	sleep 0.3
	shipper_start
	load_ends
	late=$(moment)
	load_start 50
	load_ends
	is "$(function_count)" 600 "the function's count"
	until_true 10 last_50_arrived
	until_true 10 adds_up
	is "$(started_between "$begin" "$middle")" 50 "what was asked before the load"
	between "$(started_between "$middle" "$killed")" 60 160 "what was asked before the kill"
	between "$(started_between "$killed" "$late")" 20 360 "what was asked of the next one"
	is "$(started_between "$late" "$(moment)")" 50 "what was asked after the load"
	is "$(started_between "$begin" "$(moment)")" "$(have)" "the collector's count"
}

@test "both killed: what lies in the spool reaches the next collector through the next agent" {
	collector_start
	shipper_start
	function_start
	load_start 50
	load_ends
	has 50
	end "$collector" KILL
	load_start 50
	load_ends
	sleep 2 # a batch is sealed within half a second; on a busy host the agent may come to it later
	[ "$(spooled)" -gt 0 ]
	end "$agent" KILL
	shipper_start
	load_start 50
	load_ends
	collector_start
	has 150
	is "$(function_count)" 150 "the function's count"
	until_true 10 adds_up
	is "$(spooled)" 0 "what is left in the spool"
}

@test "a collector that is older than the agent's batches: they wait until it is upgraded" {
	mkdir "$dir/older"
	echo 415 >"$dir/older/status"
	in_background "$dir/receiver" python3 "$BATS_TEST_DIRNAME/alerts_receiver.py" receive $port "$dir/older"
	older=$!
	shipper_start
	function_start
	load_start 50
	load_ends
	until_true 10 grep -q "does not take batches of this agent's version (status 415)" "$dir/agent.err"
	until_true 10 test -e "$dir/older/post.2" # it tries again
	end "$older"
	collector_start
	has 50
	is "$(function_count)" 50 "the function's count"
	until_true 10 none_lost
	is "$(spooled)" 0 "what is left in the spool"
}

# left: processes of this run that are still there.
left() { pgrep -f -- "(--listen|--collector) (http://)?127\.0\.0\.1:$port( |$)"; }
none_left() { ! left; }

run_start() {
	in_background "$dir/run" "$OUT/coldmeter" run --data "$dir/run.d" --listen 127.0.0.1:$port --interval 1s
	run_pid=$!
	until_true 15 curl -fs -o "$dir/ready" $url/readyz
	until_true 15 grep -q measuring "$dir/run.d/coldmeter-agent.log"
}

@test "run killed leaves neither agent nor collector nor probe, and run again has what was measured" {
	run_start
	function_start
	load_start 50
	load_ends
	has 50
	is "$(left | wc -l)" 4 "the number of processes" # the agent has a child that lets it measure itself
	mapfile -t ours < <(probes "$(pgrep -o -f -- "^$OUT/coldmeter-agent --collector $url( |\$)")")
	loaded "${ours[@]}"
	end "$run_pid" KILL
	until_true 8 none_left
	until_true 5 none_loaded "${ours[@]}"
	run_start
	load_start 50
	load_ends
	has 100
	is "$(function_count)" 100 "the function's count"
	end "$run_pid" INT
	none_left
}
