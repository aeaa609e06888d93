#!/usr/bin/env bats
# CPU time and memory of each invocation, against what the function says that it used itself.

# shellcheck disable=SC2154 # $programs: set in lib
load lib

port=17720

setup() {
	dir=$BATS_TEST_TMPDIR
	f=$(name "figures-$BATS_TEST_NUMBER")
	agent_start
}

teardown() {
	end_all
	[ -z "${group:-}" ] || rmdir "$group"
}

# figures [MB beside]
figures() {
	in_background "$dir/$f" "${timed[@]}" env COLDMETER_FUNCTION="$f" python3 \
		"$BATS_TEST_DIRNAME/../functions/python/figures.py" $port "$@"
	until_true 10 listening 127.0.0.1:$port
}

# ask PATH...: what the function says of each, one after the other on one connection.
ask() { curl -sS -w '\n' "${@/#/http://127.0.0.1:$port}" >>"$dir/own"; }

# within MS|MB FIELD OWN [PART]: each as the function has it, to so much or 2 %. Half of a millisecond is what an
# interpreter does between the request and its own first reading of the clock.
within() {
	paste <(seen "$f" ".$2") <(jq "$3" "$dir/own") >"$dir/pairs"
	figure "$f $2 seen, own: $(tr '\t\n' ' ;' <"$dir/pairs")"
	awk -v most="$1" -v name="$2" '
		{ off = $1 - $2; off = off < 0 ? -off : off; limit = $2 * 0.02 > most ? $2 * 0.02 : most }
		off > limit || NF != 2 { print name " is " $1 ", the function says " $2; bad = 1 }
		END { exit bad || NR == 0 }' "$dir/pairs"
}

@test "CPU time of one thread, of four, of one that moves from CPU to CPU, of a child" {
	figures
	ask /burn?ms=1 /burn?ms=40 /threads?ms=20 /move?ms=60 /child?ms=40 /burn?ms=5 /move?ms=20
	expect "$f" 7
	agent_stop
	within 1 cpu_ms '.cpu_ns / 1e6'
	is "$(seen "$f" '.quality // [] | index("cpu:estimate")' | sort -u)" null "estimates among them"
}

@test "CPU time of threads that live on beside the one that answers" {
	figures
	ask /burn?ms=1 /pool?ms=20
	expect "$f" 2
	agent_stop
	within 1 cpu_ms '.cpu_ns / 1e6'
}

@test "CPU time of short invocations: what no tick has counted yet is there" {
	figures
	mapfile -t paths < <(yes '/spin?ms=1' | head -n 30)
	ask "${paths[@]}"
	expect "$f" 30
	agent_stop
	seen "$f" .cpu_ms >"$dir/spun"
	figure "$f cpu_ms of 30 that spun for 1 ms: $(sort -n "$dir/spun" | tr '\n' ' ')"
	# a neighbour may take the CPU from some; the interpreter has something around what it tells
	between "$(jq -s 'sort | .[15]' "$dir/spun")" 0.95 2 "the middle CPU time"
	wall=$(jq -s 'map(.wall_ns) | add / 1e6' "$dir/own")
	between "$(jq -s add "$dir/spun")" 0 "$(jq -n "$wall + 30 * 0.5")" "CPU time of 30"
}

@test "what another process on its CPU takes is a wait, as the kernel counts it" {
	[ -e /proc/thread-self/schedstat ] || skip "this kernel does not count waits for a CPU"
	timed=(taskset -c 0)
	figures
	in_background "$dir/beside" taskset -c 0 sh -c 'while :; do :; done'
	ask /burn?ms=100
	expect "$f" 1
	agent_stop
	real=$(jq '.wait_ns / 1e6' "$dir/own")
	figure "$f run_queue_ms $(seen "$f" .run_queue_ms), the function's own $real"
	between "$real" 30 100000 "what it waited"
	# once more it may have to wait, before it reads its clock or behind that
	between "$(seen "$f" .run_queue_ms)" "$(jq -n "$real - 0.1")" "$(jq -n "$real * 1.1 + 25")" run_queue_ms
}

@test "invocations that overlap share the CPU time: together they have what was used" {
	figures
	ask /burn?ms=1
	expect "$f" 1
	pid=${started[-1]}
	ticks() { awk '{ print ($14 + $15) * 10 }' "/proc/$pid/stat"; }
	before=$(ticks)
	for _ in 1 2 3; do
		ask '/burn?ms=150' &
		asked+=($!)
	done
	wait "${asked[@]}"
	expect "$f" 4
	after=$(ticks)
	agent_stop
	total=$(seen "$f" .cpu_ms | tail -n 3 | jq -s add)
	figure "$f cpu_ms of 3 that overlapped: $total, of their process $((after - before))"
	between "$total" $((after - before - 30)) $((after - before + 30)) "CPU time of the three"
	is "$(seen "$f" '.quality | index("cpu:estimate") != null' | tail -n 3 | sort -u)" true "each is an estimate"
}

@test "memory that is freed before the answer, and that of a process beside it" {
	figures
	ask /burn?ms=1 /hold?mb=100 /hold?mb=200
	expect "$f" 3
	is "$(seen "$f" '.quality // [] | index("peak_memory:bound")' | tail -n 2 | sort -u)" null "bounds among them"
	within 1 peak_memory_mb '.peak_bytes / 1048576'
	end "${started[-1]}"
	f=$f-beside
	: >"$dir/own"
	figures 80
	ask /burn?ms=1 /burn?ms=1
	expect "$f" 2
	within 1 peak_memory_mb '.rss_bytes / 1048576'
	ask /hold?mb=100 # a peak that the kernel notes, beside one that it may not
	expect "$f" 3
	agent_stop
	is "$(seen "$f" '.quality | index("peak_memory:bound") != null' | sort -u)" true "of several processes a bound"
}

@test "a CPU limit that holds it up is told, as the kernel counts it" {
	local cpu=/sys/fs/cgroup/cpu
	[ -e $cpu/cpu.cfs_quota_us ] || skip "no cpu controller of cgroup v1 here"
	timed=() # a real-time process is in no such group
	figures
	ask /burn?ms=1
	group=$cpu/$f
	mkdir "$group"
	echo 100000 >"$group/cpu.cfs_period_us"
	echo 20000 >"$group/cpu.cfs_quota_us"
	echo "${started[-1]}" >"$group/cgroup.procs"
	ask /burn?ms=100
	expect "$f" 2
	agent_stop
	is "$(seen "$f" .throttled_ms | head -n 1)" null "throttled without a limit"
	real=$(awk '/throttled_time/ { print $2 / 1e6 }' "$group/cpu.stat")
	figure "$f throttled_ms $(seen "$f" .throttled_ms | tail -n 1), the kernel's own $real"
	between "$(seen "$f" .throttled_ms | tail -n 1)" "$(jq -n "$real * 0.7")" "$(jq -n "$real * 1.01")" throttled_ms
	end_all
}
