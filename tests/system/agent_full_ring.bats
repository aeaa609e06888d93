#!/usr/bin/env bats
# The agent stands still until the ring is full: what finds no room then is not forgotten.

load lib

# shellcheck disable=SC2034 # lib uses it
timed=() # nobody's clock is compared here
port=17350

setup() {
	needs wrk jq bpftool
	dir=$BATS_TEST_TMPDIR
	agent_start
}

teardown() {
	[ -z "${agent:-}" ] || kill -CONT "$agent" 2>/dev/null || true
	end_all
}

# fill PORT: until invocations find no room, 4 MB of them, and then what is smaller than an invocation, too.
fill() {
	local requests=0
	rounds=0
	while [ $requests -lt $(((4 << 20) / 128 + 1000)) ]; do
		rounds=$((rounds + 1))
		wrk -t 1 -c 50 -d 2 "http://127.0.0.1:$1/" >"$dir/wrk"
		requests=$((requests + $(sed -n 's/^ *\([0-9]*\) requests in.*/\1/p' "$dir/wrk")))
	done
	for _ in $(seq 12); do
		env COLDMETER_FUNCTION="$(name small)" COLDMETER_KIND=process true
	done
}

# waiting N: so many sandboxes have ended without a record, and the agent has not found them.
waiting() { [ "$(left_in_map sandboxes '.value.number != 0 and .value.end_ns != 0')" = "$1" ]; }

# The causes of its cold starts, in one line.
causes() { seen "$1" 'select(.cold) | .cause' | paste -sd ' '; }

causes_are() { [ "$(causes "$1")" = "$2" ]; }

@test "a sandbox whose end finds no room in the ring ends all the same, and its losses are told" {
	function=$(name full)
	http_function $port "$function"
	function_pid=$!
	curl -s "http://127.0.0.1:$port/" >/dev/null
	until_true 3 count_reaches "$function" 1
	kill -STOP "$agent"
	fill $port
	end $function_pid
	until_true 1 waiting 1 # 20 looks, each a dump of the whole map of half a second
	kill -CONT "$agent"
	until_true 10 waiting 0
	sleep 0.3 # another drain, after which it is dropped
	http_function $((port + 1)) "$function"
	curl -s "http://127.0.0.1:$((port + 1))/" >/dev/null
	# no scale-out: none lives any more
	until_true 3 causes_are "$function" "first idle_reap" || is "$(causes "$function")" "first idle_reap" causes
	end "$agent"
	answered=$(sed -n 's/^requests //p' "$dir/$function")
	lost=$(sed -n "s/.*lost of $function: ring_full=//p" "$dir/agent.err")
	ended=$(seen "$function" .status | wc -l)
	figure "$answered answered by the function, $ended seen, $lost found no room in the ring"
	[ "$lost" -gt 0 ]
	# the one of the second sandbox is not in what the first answered; each wrk aborts up to one a connection at its end,
	# answered or not
	between $((ended - 1 + lost)) "$answered" $((answered + 50 * rounds)) "seen and lost"
}
