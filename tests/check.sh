#!/bin/sh
# Runs the tests and counts them: check.sh unit|system|screens ...
#
# Every test function counts once, whichever binary or file it lives in. A binary or file that crashes, is
# stopped by its time limit or leaves a sanitizer report counts what it did not report as failed. The last line
# is exactly "N passed, N failed, N skipped"; the exit status is 1 when anything failed or nothing ran.
# These tests race real kernels, servers and clocks on a machine that others use too: where at most three tests of
# a file fail, each is tried once more. What the first try said is printed all the same, and the line before the last
# counts the tests that passed at the second try only.
# From the Makefile: OUT (absolute), SAN (may be empty).
set -u

: "${OUT:?set OUT to the build folder}"
unit_limit_s=120
bats_limit_s=600
work=$OUT/check
here=$(cd "$(dirname "$0")" && pwd)
passed=0 failed=0 skipped=0 second=0
most_again=3 # what is broken breaks more

# Under sudo the results belong to the user who called it, as the rest of OUT does.
trap '[ -z "${SUDO_UID:-}" ] || chown -R "$SUDO_UID:$SUDO_GID" "$work"' EXIT
rm -rf "$work"
mkdir -p "$work/reports"
chmod 1777 "$work/reports" # programs that dropped their privileges still leave a report here
export OUT
export CMOCKA_MESSAGE_OUTPUT=TAP
if [ -n "${SAN:-}" ]; then
	export ASAN_OPTIONS="detect_leaks=1:exitcode=99:log_path=$work/reports/asan${ASAN_OPTIONS:+:$ASAN_OPTIONS}"
	export UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1:log_path=$work/reports/ubsan${UBSAN_OPTIONS:+:$UBSAN_OPTIONS}"
	export TSAN_OPTIONS="exitcode=99:log_path=$work/reports/tsan${TSAN_OPTIONS:+:$TSAN_OPTIONS}"
	export LSAN_OPTIONS="print_suppressions=0${LSAN_OPTIONS:+:$LSAN_OPTIONS}"
fi

# count KIND NAME STATUS SECONDS LIMIT FILE: reads $work/tap, prints the line of this file and every failure in
# full, and leaves "passed failed skipped" in $work/counts and the titles of the failed in $work/again. cmocka says "not ok N # SKIP name" for a skipped
# test and prints the reason on the lines before it; bats says "ok N name # skip reason".
count() {
	awk -v kind="$1" -v name="$2" -v status="$3" -v seconds="$4" -v limit="$5" -v counts="$work/counts" \
		-v again="$work/again" -v source="$6" '
	function title(s) { sub(/^(not )?ok[ \t]+[0-9]+[ \t]*(- )?/, "", s); return s }
	function note(s) { notes[++n] = "    " s }
	# of bats, the test that was running: they tell of themselves in their order
	function running(number, line, at) {
		while (kind != "unit" && (getline line < source) > 0)
			if (line ~ /^@test / && ++at == number) note("  in: " line)
	}
	/^1\.\.[0-9]+$/ && !planned { planned = substr($0, 4) + 0; has_plan = 1; next }
	/^(not )?ok [0-9]+ # SKIP / {
		skipped++; sub(/.*# SKIP /, "")
		note("skipped: " $0 ": " (said == "" ? "no reason given" : said)); said = ""; failing = 0; next
	}
	/^ok [0-9]+/ && /# skip/ {
		skipped++; reason = $0; sub(/.*# skip[ ]*/, "", reason); sub(/ # skip.*/, "")
		note("skipped: " title($0) ": " (reason == "" ? "no reason given" : reason)); said = ""; failing = 0; next
	}
	/^ok [0-9]+/ { passed++; said = ""; failing = 0; next }
	/^not ok [0-9]+/ {
		failed++; failing = 1; note("FAILED: " title($0)); print title($0) > again
		if (kind == "unit" && said != "") note("  " said)
		said = ""; next
	}
	failing { note("  " $0) }
	failing && !(kind == "unit" && !/^#/) { next }
	{ line = $0; sub(/^# /, "", line); said = said == "" ? line : said "; " line }
	END {
		passed += 0; failed += 0; skipped += 0
		missing = planned - passed - failed - skipped
		if (missing < 0) missing = 0
		if (status == 124 || status == 137) why = "stopped after its limit of " limit " s"
		else if (status > 128) why = "crashed with signal " status - 128
		else why = "ended with status " status
		if (missing > 0) {
			print "no result" > again
			note("FAILED: " missing " of " planned " tests gave no result: " why)
			running(passed + failed + skipped + 1)
			failed += missing
			if (said != "") note("  " said)
		} else if (!has_plan || (status != 0 && failed == 0)) {
			failed++; print "no result" > again
			note("FAILED: " (has_plan ? "all tests passed, but it " : "no tests ran: it ") why)
			if (said != "") note("  " said)
		}
		line = passed " passed"
		if (failed) line = line ", " failed " failed"
		if (skipped) line = line ", " skipped " skipped"
		printf "%-8s %-34s %-32s %6.1f s\n", kind, name, line, seconds
		for (i = 1; i <= n; i++) print notes[i]
		print passed, failed, skipped > counts
	}' "$work/tap"
	read -r p f s <"$work/counts"
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
	reports "$2"
}

# Sanitizer reports of any process that the test started.
reports() {
	for report in "$work"/reports/*; do
		[ -s "$report" ] || continue
		failed=$((failed + 1))
		echo "    FAILED: sanitizer report while $1 ran:"
		sed '/^Shadow bytes/,$d; 60q; s/^/      /' "$report"
		rm -f "$report"
	done
}

now_ms() { date +%s%3N; }

# run KIND NAME LIMIT COMMAND...
run() {
	kind=$1 name=$2 limit=$3
	shift 3
	begun=$(now_ms)
	timeout -k 10 "$limit" "$@" >"$work/tap" 2>&1 </dev/null
	status=$?
	: >"$work/again"
	for last; do :; done
	count "$kind" "$name" "$status" "$(($(now_ms) - begun))e-3" "$limit" "$last"
	[ "$(wc -l <"$work/again")" -gt $most_again ] || again "$kind" "$limit" "$@"
}

# again KIND LIMIT COMMAND...: the tests that $work/again names, of bats one by one, of a unit test's binary all of it.
again() {
	kind=$1 limit=$2
	shift 2
	for last; do :; done
	while read -r title <&3; do
		[ "$title" != "no result" ] || return
		if [ "$kind" = unit ]; then
			set -- "$last"
		else
			set -- "$here/network.sh" bats --tap -f "^$(printf '%s' "$title" | sed 's/[][\.*^$+?(){}|]/\\&/g')\$" "$last"
		fi
		timeout -k 10 "$limit" "$@" >"$work/tap" 2>&1 </dev/null && grep -q '^ok ' "$work/tap" || continue
		echo "    passed at its second try: $title"
		second=$((second + 1)) passed=$((passed + 1)) failed=$((failed - 1))
	done 3<"$work/again"
}

# skip_file KIND FILE REASON: every test of a file that cannot run here.
skip_file() {
	tests=$(grep -c '^[[:space:]]*@test ' "$2")
	printf '%-8s %-34s %s skipped: %s\n' "$1" "$(basename "$2")" "$tests" "$3"
	skipped=$((skipped + tests))
}

check_unit() {
	for source in "$here"/unit/test_*.c; do
		[ -e "$source" ] || continue
		name=$(basename "$source" .c)
		run unit "$name" $unit_limit_s "$OUT/tests/$name"
	done
}

# check_bats KIND FOLDER [REASON not to run]
check_bats() {
	for file in "$here/$2"/*.bats; do
		[ -e "$file" ] || continue
		if [ -n "${3:-}" ]; then
			skip_file "$1" "$file" "$3"
		else
			run "$1" "$(basename "$file")" $bats_limit_s "$here/network.sh" bats --tap "$file"
		fi
	done
}

for kind in "$@"; do
	case $kind in
	unit) check_unit ;;
	system)
		reason=
		[ -r /sys/kernel/btf/vmlinux ] || reason="this kernel has no BTF"
		[ "$(id -u)" -eq 0 ] || reason="loading probes needs root: sudo make check"
		for set in functions exporter offline; do # the tests have no network, and say why it failed
			[ -n "$reason" ] || "$here/functions/install.sh" $set >>"$work/install" 2>&1
		done
		[ -n "$reason" ] || "$here/kernels.sh" get 6.12 6.1 >"$work/kernels" 2>&1  # likewise
		check_bats system system "$reason"
		;;
	screens) check_bats screen screens ;;
	*)
		echo "usage: check.sh unit|system|screens ..." >&2
		exit 2
		;;
	esac
done

[ $((passed + failed + skipped)) -gt 0 ] || {
	echo "no test ran: is the list of tests empty?" >&2
	failed=1
}
[ $second -eq 0 ] || echo "$second of those that passed did so at the second try"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
