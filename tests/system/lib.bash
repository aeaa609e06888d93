# The agent, the functions that it watches, and what both say. Sourced by the tests of the agent.
# shellcheck shell=bash

: "${OUT:?set OUT to the build folder}"
export LC_ALL=C.UTF-8
unset AWS_LAMBDA_RUNTIME_API AWS_LAMBDA_FUNCTION_NAME COLDMETER_FUNCTION COLDMETER_KIND K_SERVICE FUNCTION_TARGET
programs=$OUT/tests/functions
started=()

# Whose clock is compared runs before others: on a busy host the wait for a CPU would stand between the two clocks. With
# turns (SCHED_RR): the main thread of Node asks again and again whether its helpers have swept the heap, and they would
# wait for its CPU for ever.
timed=()
! chrt -r 5 true 2>/dev/null || timed=(chrt -r 5)

# Others may run functions on this host at the same time: each test looks only at its own names.
name() { echo "test-$$-$1"; }

# in_background FILE COMMAND...: starts it, output to FILE; $! is it, $started_ns the wall clock just before. It is
# ended with the test.
in_background() {
	local file=$1
	shift
	# shellcheck disable=SC2034 # for the tests
	started_ns=${EPOCHREALTIME/[.,]/}000
	"$@" >>"$file" 2>>"$file.err" </dev/null 3>&- 4>&- &
	started+=($!)
	disown
}

# end PID [SIGNAL]: sends it and waits until the process has gone.
end() {
	kill "-${2:-TERM}" "$1" 2>/dev/null || return 0
	until_true 20 gone "$1" || {
		echo "process $1 does not end: $(tr '\0' ' ' <"/proc/$1/cmdline")"
		kill -KILL "$1"
		return 1
	}
}

gone() { [ ! -e "/proc/$1/exe" ] || grep -q '^State:[[:space:]]*Z' "/proc/$1/status"; }

# end_all: the agent too.
end_all() {
	local pid
	for pid in "${started[@]}"; do
		end "$pid" || true
	done
	started=()
	[ -z "${agent:-}" ] || end "$agent" KILL
}

# until_true SECONDS COMMAND...: tries it every 50 ms.
until_true() {
	local left=$(($1 * 20))
	shift
	until "$@" 2>/dev/null; do
		left=$((left - 1))
		[ $left -gt 0 ] || return 1
		sleep 0.05
	done
}

listens() { (exec 9<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# What runs a command with other mounts than this process has: enter_mounts; empty: nothing.
inside=()

# enter_mounts COMMAND: mounts of our own, which that shell command changes; ended with the test.
enter_mounts() {
	in_background "$dir/mounts" unshare --mount --propagation private sh -c "$1 && exec sleep infinity"
	until_true 10 runs "${started[-1]}" "$(readlink -f "$(command -v sleep)")" || skip "$(cat "$dir/mounts.err")"
	inside=(nsenter --mount="/proc/${started[-1]}/ns/mnt" --)
}

# runs PID PROGRAM: it has become that.
runs() { [ "$(readlink "/proc/$1/exe")" = "$2" ]; }

# agent_start [options]: its lines go to $dir/seen, what it says to $dir/agent.err. Whatever it costs: the loads here
# are those of a host that does nothing else, and must be measured in full.
agent_start() {
	[ -x "$OUT/coldmeter-agent" ] || skip "the agent is not built"
	dir=$BATS_TEST_TMPDIR
	: >"$dir/seen"
	: >"$dir/agent.err"
	"${inside[@]}" "$OUT/coldmeter-agent" --stdout --max-overhead 100 "$@" >>"$dir/seen" 2>>"$dir/agent.err" </dev/null 3>&- 4>&- &
	agent=$!
	disown
	until_true 20 grep -q measuring "$dir/agent.err" || {
		echo "the agent does not measure: $(cat "$dir/agent.err")"
		return 1
	}
}

# agent_stop: drains it; nothing may have been lost.
agent_stop() {
	end "$agent"
	local ledger
	ledger=$(sed -n 's/.*ledger: //p' "$dir/agent.err" | tail -n 1)
	[[ $ledger =~ ^seen=([0-9]+)\ delivered=([0-9]+)\ lost=([0-9]+)$ ]] || {
		echo "no ledger at the end: $(cat "$dir/agent.err")"
		return 1
	}
	[ "${BASH_REMATCH[3]}" -eq 0 ] && [ "${BASH_REMATCH[1]}" -eq "${BASH_REMATCH[2]}" ] || {
		echo "lost some: $ledger"
		return 1
	}
}

# map_id NAME: of our agent's.
map_id() {
	local id
	for id in $(sed -n 's/^map_id:[[:space:]]*//p' /proc/"$agent"/fdinfo/* | sort -u); do
		[ "$(bpftool -j map show id "$id" | jq -r .name)" != "$1" ] || echo "$id"
	done
}

# left_in_map NAME JQ: entries of our agent's map for which that is true.
left_in_map() { bpftool -j map dump id "$(map_id "$1")" | jq "[.[].formatted | select($2)] | length"; }

# with_clock: the variables for env of a process whose wall clock is another one, by $FAKETIME or, looked at each time, by
# the file $FAKETIME_TIMESTAMP_FILE: "-1d", "+3600". The clocks that only go forward are the host's.
with_clock=()
needs_clock() {
	local library
	for library in /usr/lib/*/faketime/libfaketimeMT.so.1; do
		[ -e "$library" ] || skip "faketime is not installed"
		# shellcheck disable=SC2034 # for the tests
		with_clock=("LD_PRELOAD=$library" FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1
			FAKETIME_FORCE_MONOTONIC_FIX=0) # its mending of waits ends them at once
	done
}

# needs COMMAND...: skips the test without them.
needs() {
	local tool
	for tool in "$@"; do
		command -v "$tool" >/dev/null || skip "$tool is not installed"
	done
}

# needs_runtimes [SET]: the npm runtimes, in $runtimes.
needs_runtimes() {
	runtimes=$("$BATS_TEST_DIRNAME/../functions/install.sh" "$@" 2>"$dir/install") || skip "$(tail -n 1 "$dir/install")"
	export runtimes
}

# seen NAME [JQ]: what the agent printed of a function, one value a line.
seen() {
	# a busy function of others beside the test fills the file: it is not worth parsing
	{ grep -aF "\"function\":\"$1\"" "$dir/seen" || true; } | jq -cr "${2:-.}"
}

count() { seen "$1" | wc -l; }

count_is() { [ "$(count "$1")" -eq "$2" ]; }

count_reaches() { [ "$(count "$1")" -ge "$2" ]; }

# expect NAME N: so many were seen, soon; and no more.
expect() {
	until_true 3 count_is "$1" "$2" || {
		echo "$1: $(count "$1") invocations seen, $2 expected"
		seen "$1" | tail -n 5
		return 1
	}
	sleep 0.15
	count_is "$1" "$2" || {
		echo "$1: $(count "$1") invocations seen, $2 expected"
		return 1
	}
}

# is VALUE WANTED WHAT
is() {
	[ "$1" = "$2" ] || {
		echo "$3 is '$1', expected '$2'"
		return 1
	}
}

# between VALUE LOW HIGH WHAT: numbers, both ends included.
between() {
	jq -en --arg v "$1" --argjson low "$2" --argjson high "$3" \
		'($v | tonumber? // null) as $n | $n != null and $n >= $low and $n <= $high' >/dev/null || {
		echo "$4 is '$1', expected $2 to $3"
		return 1
	}
}

# http_function PORT|ADDRESS:PORT|unix:PATH NAME [more environment]: the fast function in C, listening.
http_function() {
	local at=$1 name=$2
	shift 2
	[[ $at = *:* ]] || at=127.0.0.1:$at
	in_background "$dir/$name" "${timed[@]}" env COLDMETER_FUNCTION="$name" "$@" "$programs/http_function" \
		--listen "$at" --log "$dir/$name.log"
	until_true 10 listening "$at"
}

# listening ADDRESS:PORT|unix:PATH, asked of the kernel, so that the server sees nothing of it.
listening() {
	case $1 in
	unix:*) ss -Hlx src "${1#unix:}" | grep -q . ;;
	*) ss -Hlt src "$1" | grep -q . ;;
	esac
}

# runtime_api PORT NAME [options] -- COMMAND...: the Runtime API server in front of a runtime.
runtime_api() {
	local port=$1 name=$2
	shift 2
	in_background "$dir/$name" "${timed[@]}" "$programs/runtime_api" --listen "127.0.0.1:$port" --function "$name" \
		--log "$dir/$name.log" "$@"
	until_true 10 listens "$port"
}

# invoke PORT NAME EVENT [curl options]: what the function answered.
invoke() {
	local port=$1 name=$2 event=$3
	shift 3
	curl -sS --max-time 60 "$@" -d "$event" "http://127.0.0.1:$port/2015-03-31/functions/$name/invocations"
}

# figure TEXT: kept with the results of the run.
figure() {
	mkdir -p "$OUT/check"
	echo "$BATS_TEST_FILENAME: $*" | sed 's|.*/||' >>"$OUT/check/figures"
}

# compare NAME TRUTH START END [--skip N]: counts, ids and durations against the other side's own clock.
compare() {
	local said status=0
	said=$(python3 "$BATS_TEST_DIRNAME/compare.py" "$dir/seen" "$@" 2>&1) || status=$?
	figure "$said"
	echo "$said"
	return $status
}

# mixed N: N numbers from 0 to 200, the same ones every time.
mixed() { awk -v n="$1" 'BEGIN { for (i = 0; i < n; i++) print (i * 73 + 11) % 201 }'; }
