#!/usr/bin/env bats
# What watching costs: measured by the agent itself, and said.

load lib

# shellcheck disable=SC2034 # lib uses it
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
