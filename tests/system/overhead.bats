#!/usr/bin/env bats
# What watching costs: measured by the agent itself, and said.
# shellcheck disable=SC2034,SC2154 # lib uses $timed, and sets $programs

load lib

timed=() # nobody's clock is compared here
port=17350

setup() {
	dir=$BATS_TEST_TMPDIR
	needs wrk jq bpftool
}

teardown() {
	end_all
}

# said WORD: the number behind it in the line about cost.
said() { sed -n "s/.*cost:.*$1 \([0-9.]*\) %.*/\1/p" "$dir/agent.err"; }

# counted ID...: what the kernel has counted of these programs: nanoseconds and runs.
counted() {
	for id in "$@"; do bpftool prog show id "$id"; done |
		sed -n 's/.* run_time_ns \([0-9]*\) run_cnt \([0-9]*\).*/\1 \2/p' | awk '{ ns += $1; n += $2 } END { printf "%.0f %.0f\n", ns, n }'
}

# rests ID...: nothing is counted for a while, although the programs run (another agent here may count meanwhile).
rests() {
	local now
	now=$(counted "$@")
	sleep 0.3
	[ "$now" = "$(counted "$@")" ]
}

@test "who has the kernel count can do nothing else, and ends with the agent" {
	agent_start
	gate=$(pgrep -P "$agent")
	[ "$(awk '/^CapEff/ { print $2 }' "/proc/$gate/status")" = 0000000000200000 ] # CAP_SYS_ADMIN, bit 21
	[ "$(awk '/^CapBnd/ { print $2 }' "/proc/$gate/status")" = 0000000000200000 ]
	[ "$(awk '/^NoNewPrivs/ { print $2 }' "/proc/$gate/status")" = 1 ]
	[ "$(awk '/^Seccomp:/ { print $2 }' "/proc/$gate/status")" = 2 ] # a filter
	is "$(find "/proc/$gate/fd" -type l | wc -l)" 1 "descriptors"
	end "$agent" KILL
	until_true 5 gone "$gate"
}

@test "the share of the probes is what the kernel counts of them, and counting ends" {
	function=$(name cost)
	http_function $port "$function"
	in_background "$dir/wrk" wrk -t1 -c8 -d30 "http://127.0.0.1:$port/"
	agent_start
	mapfile -t ids < <(sed -n 's/^prog_id:[[:space:]]*//p' /proc/"$agent"/fdinfo/* | sort -un)
	read -r ns runs < <(counted "${ids[@]}")
	begun=$(date +%s%N)
	"$programs/bpf_stats" sleep 4 # all the time here; the agent counts 1 s of it
	read -r ns_after runs_after < <(counted "${ids[@]}")
	wall=$(($(date +%s%N) - begun))
	until_true 10 rests "${ids[@]}"
	agent_stop
	# with all that counting adds to a run, and without twice what it does here; half for what the moment changes
	high=$(echo "$ns $ns_after $wall $(nproc)" | awk '{ print 150 * ($2 - $1) / $3 / $4 }')
	low=$(echo "$ns $ns_after $wall $(nproc) $runs $runs_after" | awk '{ print 50 * ($2 - $1 - 120 * ($6 - $5)) / $3 / $4 }')
	between "$(said probes)" "$low" "$high" "share of the probes in percent"
	between "$(said agent)" 0.01 100 "share of the process in percent"
	[ "$runs_after" -gt "$runs" ]
	figure "agent $(said agent) %, probes $(said probes) % of the host under wrk on 8 connections"
}

# ledger: seen, delivered and lost of the last line about it.
ledger() { sed -n 's/.*ledger: seen=\([0-9]*\) delivered=\([0-9]*\) lost=\([0-9]*\)$/\1 \2 \3/p' "$dir/agent.err" | tail -n 1; }

@test "what costs more than it may sheds detail in steps, says so, and counts on" {
	function=$(name shedding)
	http_function $port "$function"
	in_background "$dir/wrk" wrk -t1 -c8 -d60 "http://127.0.0.1:$port/"
	load=$!
	agent_start --max-overhead 0.05
	for step in 1 2 3 4; do
		until_true 30 grep -q "more than --max-overhead 0.05: step $step, left out from now on: " "$dir/agent.err"
	done
	sleep 1 # all is only counted now
	end $load INT
	sleep 0.3
	end "$agent"
	read -r seen delivered lost < <(ledger)
	[ "$lost" -gt 0 ]
	is "$seen" $((delivered + lost)) "seen"
	is "$(wc -l <"$dir/seen")" "$delivered" "lines"
	# each step once
	is "$(grep -c 'left out from now on' "$dir/agent.err")" 4 "steps said"
	figure "shed $lost of $seen at --max-overhead 0.05; $(grep -o 'watching costs [0-9.]* %' "$dir/agent.err" | tr '\n' ' ')"
}

@test "detail comes back when watching costs little again" {
	function=$(name back)
	http_function $port "$function"
	in_background "$dir/wrk" wrk -t1 -c8 -d60 "http://127.0.0.1:$port/"
	load=$!
	agent_start --max-overhead 1
	until_true 40 grep -q 'step 1, left out' "$dir/agent.err"
	end $load INT
	until_true 60 grep -q 'step 1 is taken back' "$dir/agent.err"
}

@test "with warm invocations shed, those that are cold or went wrong and keep-warm pings still have their records" {
	function=$(name notable)
	agent_start --shed 4
	http_function $port "$function"
	function_pid=$!
	for _ in $(seq 5); do curl -fsS "http://127.0.0.1:$port/" >/dev/null; done
	curl -sS "http://127.0.0.1:$port/?status=503" >/dev/null
	for _ in $(seq 5); do curl -fsS "http://127.0.0.1:$port/" >/dev/null; done
	curl -fsS -H 'traceparent: 00-c01dc01dc01dc01d0000000000000001-0000000000000001-00' "http://127.0.0.1:$port/" >/dev/null
	end $function_pid
	sleep 0.3
	end "$agent"
	is "$(seen "$function" '[.cold, .status] | join(" ")' | tr '\n' ',')" "true ok,false error,false ok," "records"
	read -r total delivered lost < <(ledger)
	is "$total" $((delivered + lost)) "seen"
	[ "$lost" -ge 9 ]
}

@test "one of 8 warm invocations has its record at step 3, and CPU time of several threads is an estimate from step 1" {
	function=$(name most)
	agent_start --shed 3
	in_background "$dir/$function" env COLDMETER_FUNCTION="$function" \
		python3 "$BATS_TEST_DIRNAME/../functions/python/http_server.py" 127.0.0.1 $port
	until_true 10 listening 127.0.0.1:$port
	for _ in $(seq 33); do curl -fsS "http://127.0.0.1:$port/" >/dev/null; done
	sleep 0.3
	end "$agent"
	is "$(count "$function")" 5 "records" # the first, and four of 32
	is "$(seen "$function" '.quality | index("cpu:estimate") != null' | sort -u)" true "CPU time is an estimate"
}

# collector: at $url, until the end of the test.
collector() {
	url=http://127.0.0.1:$((port + 1))
	in_background "$dir/collector" "$OUT/coldmeter-collector" --listen "127.0.0.1:$((port + 1))" --data "$dir/data"
	until_true 10 curl -fs "$url/readyz"
}

# shipping_agent [options]: an agent that ships to it.
shipping_agent() {
	: >"$dir/agent.err"
	"$OUT/coldmeter-agent" --collector "$url" "$@" 2>>"$dir/agent.err" </dev/null 3>&- 4>&- &
	agent=$!
	disown
	until_true 40 grep -q measuring "$dir/agent.err"
}

# of FUNCTION JQ: what the collector knows of it.
of() { curl -fsS "$url/v1/functions?function=$1" | jq -r ".functions[0] | $2"; }

ends() { [ "$(of "$1" .ledger.seen)" -ge "$2" ]; }

@test "whatever is shed, seen = delivered + lost for each function and host" {
	collector
	shipping_agent --shed 3
	loaded=$(name loaded)
	quiet=$(name quiet)
	http_function $port "$loaded"
	loaded_pid=$!
	http_function $((port + 2)) "$quiet"
	wrk -t1 -c8 -d3 "http://127.0.0.1:$port/" >/dev/null
	for _ in $(seq 20); do curl -fsS "http://127.0.0.1:$((port + 2))/" >/dev/null; done
	end $loaded_pid
	total=$(sed -n 's/^requests //p' "$dir/$loaded")
	until_true 10 ends "$loaded" "$total"
	until_true 10 ends "$quiet" 20
	for function in "$loaded" "$quiet"; do
		is "$(of "$function" '.ledger | .seen - .delivered - .lost')" 0 "$function: seen - delivered - lost"
		is "$(of "$function" '.ledger | .lost - .lost_by_reason.shed')" 0 "$function: lost for another reason"
		is "$(of "$function" '.invocations - .ledger.delivered')" 0 "$function: invocations - delivered"
	done
	# wrk closes its connections in the middle: what the function read and could not answer in full
	aborted=$(of "$loaded" '.by_status.aborted // 0')
	is "$(of "$loaded" .ledger.seen)" $((total + aborted)) "seen of the loaded function"
	is "$(of "$quiet" .ledger.seen)" 20 "seen of the quiet function"
	is "$(of "$quiet" .ledger.lost)" 17 "lost of the quiet function" # 1 and 2 of 19 have a record
	shed=$(($(of "$loaded" .ledger.lost) + 17))
	metrics=$(curl -fsS "$url/metrics" | grep "^coldmeter_function_lost_total{function=\"$loaded\"")
	[[ $metrics = *",host=\"$(hostname)\",reason=\"shed\"} $((shed - 17))" ]]
	host=$(curl -fsS "$url/v1/functions" | jq -c --arg host "$(hostname)" '.agents[] | select(.host == $host)')
	between "$(jq .ledger.lost_by_reason.shed <<<"$host")" $shed 1000000000 "lost on the host"
	is "$(jq .overhead.shed <<<"$host")" 3 "step"
	is "$(jq '.overhead.max_pct' <<<"$host")" 1 "max_pct"
	between "$(jq .overhead.resident_bytes <<<"$host")" 1000000 41943040 "memory of the agent"
	figure "memory of the agent after $total requests: $(jq .overhead.resident_bytes <<<"$host") bytes"
}
