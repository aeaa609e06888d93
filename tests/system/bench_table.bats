#!/usr/bin/env bats
# The statistics of the overhead benches: figures whose medians and intervals are known.

setup() {
	raw=$BATS_TEST_TMPDIR/raw
	tsv=$BATS_TEST_TMPDIR/table.tsv
	: >"$raw"
}

row() { printf 'row\t%s\t%s\t%s\n' "$1" "${2:-}" "${3:-}" >>"$raw"; }

# figures WHAT VARIANT VALUE...: one a round.
figures() {
	local what=$1 variant=$2 round=0 value
	shift 2
	for value in "$@"; do
		round=$((round + 1))
		printf 'figure\t%s\t%s\t%s\t%s\n' "$what" "$variant" $round "$value" >>"$raw"
	done
}

table() {
	awk -v name=t -v variants="$1" -v tsv="$tsv" -f "$BATS_TEST_DIRNAME/../bench/lib/table.awk" "$raw" >"$BATS_TEST_TMPDIR/out"
	cat "$BATS_TEST_TMPDIR/out"
}

# field WHAT COLUMN: of the kept table.
field() { awk -F'\t' -v what="$1" -v column="$2" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == column) at = i } $1 == what { print $at }' "$tsv"; }

# is ACTUAL EXPECTED
is() {
	[ "$1" = "$2" ] || {
		echo "is '$1', expected '$2'"
		return 1
	}
}

@test "a ratio is the median of the rounds' own, with the second to the eighth of nine" {
	row work
	figures work without 10 20 30 40 50 60 70 80 90
	# in whatever order the rounds come: 1.01 to 1.09 times as much
	figures work coldmeter 10.9 20.2 31.5 41.2 52.0 60.6 75.6 83.2 96.3
	table "without coldmeter"
	is "$(field work without)" 50
	is "$(field work low)" 20
	is "$(field work high)" 80
	is "$(field work coldmeter_ratio)" 1.0400
	is "$(field work coldmeter_low)" 1.0100
	is "$(field work coldmeter_high)" 1.0800
	is "$(field work verdict)" costs
}

@test "three rounds are too few for an interval: all of them are shown, and nothing is judged" {
	row work
	figures work without 10 10 10
	figures work coldmeter 11 11.5 12
	table "without coldmeter"
	is "$(field work coldmeter_low)" 1.1000
	is "$(field work coldmeter_high)" 1.2000
	is "$(field work verdict)" "too few"
}

@test "no more than noise, when no change at all is in the interval" {
	row work
	figures work without 10 10 10 10 10
	figures work coldmeter 9 10.5 11 11 12
	table "without coldmeter"
	is "$(field work verdict)" noise
}

@test "nor when what changed nothing differs as much" {
	row work
	row other
	figures work without 10 10 10 10 10
	figures work again 11 11.5 11 11 11
	figures work coldmeter 11.4 11.5 11.6 11.6 11.6
	figures other without 10 10 10 10 10
	figures other again 10 10.1 10.2 10.3 10.3
	figures other coldmeter 11.4 11.5 11.6 11.6 11.6
	table "without again coldmeter"
	is "$(field work verdict)" noise
	is "$(field other verdict)" costs
}

@test "a target is met or missed by the whole interval, and open otherwise" {
	for what in met missed open; do
		row $what 1.08
		figures $what without 100 100 100 100 100
	done
	figures met coldmeter 104 105 106 107 108
	figures missed coldmeter 109 110 111 112 113
	figures open coldmeter 104 105 106 107 109
	row flat 40
	figures flat coldmeter 30 31 32 33 41
	table "without coldmeter"
	is "$(field met verdict)" met
	is "$(field missed verdict)" MISSED
	is "$(field open verdict)" open
	is "$(field flat coldmeter)" 32
	is "$(field flat verdict)" open
}

@test "where another tool is better, the row is named; more requests are better, more time is worse" {
	row time
	row "requests/s" '' more
	row same
	figures time without 10 10 10 10 10
	figures time coldmeter 12 12 12 12 12
	figures time bpftrace 11 11 11 11 11
	figures "requests/s" without 100 100 100 100 100
	figures "requests/s" coldmeter 98 98 98 98 98
	figures "requests/s" bpftrace 90 90 90 90 90
	figures same without 10 10 10 10 10
	figures same coldmeter 10 11 10 11 10
	figures same bpftrace 11 10 11 10 11
	table "without coldmeter bpftrace"
	grep -qx 't: coldmeter is better than bpftrace in 1 rows; cannot be told apart in: same; WORSE in: time' "$BATS_TEST_TMPDIR/out"
}
