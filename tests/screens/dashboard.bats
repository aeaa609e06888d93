#!/usr/bin/env bats
# The dashboard in a real terminal (tmux), against a real collector.

load helpers

port=17210
url=http://127.0.0.1:$port

setup_file() {
	export data=$BATS_FILE_TMPDIR/data
	start_collector $port "$data"
	{
		invocations checkout generic 60 180 1
		invocations resize generic 20 12 4
		invocations $'evil\e[2Jname' generic 5 3 0
	} | post $port
}

teardown_file() {
	stop_collector "$data"
}

teardown() {
	screen_end
}

dashboard() {
	screen "$1" "$2" "$OUT/coldmeter --url $url"
	see '^ FUNCTION'
}

@test "one row a function, with its figures" {
	dashboard 120 30
	see '^ checkout +generic +[0-9.]+ +60 +1\.7% +2[0-9][0-9] ms +1[78][0-9] ms +1[78][0-9] ms'
	see '^ resize +generic +[0-9.]+ +20 +20\.0%'
	see '50/256 MB'
	see '3 functions'
	see '0 lost'
}

@test "control characters of a name are harmless" {
	dashboard 120 30
	see 'evil\?\[2Jname'
	see '^ checkout'
}

@test "s sorts by the next column, r reverses" {
	dashboard 120 30
	see 'COUNT▼'
	[ "$(shown | sed -n 5p | awk '{print $1}')" = checkout ]
	keys s
	see 'COLD▼'
	[ "$(shown | sed -n 5p | awk '{print $1}')" = resize ]
	keys r
	see 'COLD▲'
	[ "$(shown | sed -n 5p | awk '{print $1}')" != resize ]
}

@test "/ filters while it is typed, Esc shows all again" {
	dashboard 120 30
	type_text /res
	see_no '^ checkout'
	see '^ resize'
	keys Enter
	see '/res'
	keys Escape
	see '^ checkout'
}

@test "? shows the keys, q goes back" {
	dashboard 120 30
	keys '?'
	see '^ Keys'
	see 'sort by the next column'
	keys q
	see '^ FUNCTION'
}

@test "Enter opens the page of the selected function" {
	dashboard 120 40
	see '^ checkout'
	keys Enter
	see '^ checkout +generic'
	see 'LATENCY +P50 +P95 +P99 +max'
	see 'starts +60 invocations, 1 cold'
	see 'LATEST \(UTC\)'
	see '[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3} +warm +180 ms'
	see 'DURATION P95 by minute'
	keys q
	see '^ FUNCTION'
}

@test "the window widens, pause holds, advice and budgets open" {
	dashboard 120 30
	keys w
	see 'last 24h'
	keys p
	see 'PAUSED'
	keys p
	see 'updated'
	keys a
	see 'Advice: provisioned concurrency'
	keys q
	keys b
	see '^ BUDGETS'
	see '^ ALERTS'
}

@test "it follows the size of the terminal" {
	dashboard 120 30
	see 'P99'
	resize 60 20
	see_no 'P99'
	see '^ checkout'
	resize 39 9
	see 'needs 40 x 10 cells'
	resize 120 30
	see 'P99'
}

@test "keep-warm is switched on and off with K" {
	dashboard 120 30
	see '^ checkout'
	keys K
	see 'address that runs checkout: http://'
	type_text "127.0.0.1:$((port + 1))/"
	keys Enter
	see 'checkout is kept warm now'
	keys Enter
	see 'keep-warm +(learning|warming|idle)'
	keys K
	see 'no longer kept warm'
	see 'keep-warm +off'
}

@test "a collector that goes away is said, and so is its return" {
	dashboard 120 30
	see '^ checkout'
	stop_collector "$data" KILL
	see 'collector not reachable since [0-9]+ s, retrying'
	see '^ checkout'
	start_collector $port "$data"
	see_no 'collector not reachable'
	see '^ checkout'
}

# restored HOW: the terminal's settings before and after are the same, and the shell's screen is back.
restored() {
	screen 100 30 "stty -a >$BATS_TEST_TMPDIR/before; $OUT/coldmeter --url $url; echo \"ended with \$?\"; stty -a >$BATS_TEST_TMPDIR/after"
	see '^ FUNCTION'
	eval "$1"
	see 'ended with'
	see_no '^ FUNCTION'
	cmp "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
}

its_pid() { pgrep -n -f "^$OUT/coldmeter --url $url"; }

@test "q leaves the terminal as it was" {
	restored 'keys q'
	see 'ended with 0'
}

@test "a signal leaves the terminal as it was" {
	for signal in INT TERM HUP QUIT; do
		restored "kill -$signal \$(its_pid)"
	done
}

@test "even an abort leaves the terminal as it was" {
	[ -z "${SAN:-}" ] || skip "the sanitizer takes the signal"
	restored 'kill -ABRT $(its_pid)'
}

@test "without UTF-8 it draws in ASCII" {
	screen 120 30 "LC_ALL=C $OUT/coldmeter --url $url"
	see 'COUNTv'
	! shown | LC_ALL=C grep -q '[^ -~]'
}

@test "a terminal that cannot place the cursor is refused in one line" {
	screen 120 30 "TERM=dumb $OUT/coldmeter --url $url; echo \"ended with \$?\""
	see 'ended with 1'
	see 'cannot use this terminal: is TERM'
	see_no 'FUNCTION'
}

@test "NO_COLOR is honoured" {
	screen 120 30 "NO_COLOR=1 $OUT/coldmeter --url $url"
	see '^ FUNCTION'
	! shown -e | grep -Eq $'\e\[([0-9]+;)*(3[0-8]|4[0-8])[;m]'
}

@test "without a collector it says how to start one" {
	screen 200 30 "$OUT/coldmeter --url http://127.0.0.1:$((port + 2)); echo \"ended with \$?\""
	see 'no collector answers at http://127.0.0.1:[0-9]+ .*sudo coldmeter run'
	see 'ended with 1'
}
