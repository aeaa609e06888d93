#!/bin/sh
# Runs fuzzers for a while, one line each: fuzz.sh PROGRAM...
# The corpus in tests/fuzz/corpus/X is only read; what a run finds goes to $OUT/fuzz/found/X.
set -u

: "${OUT:?set OUT to the build folder}"
seconds=${FUZZ_SECONDS:-10}
corpora=$(dirname "$0")/fuzz/corpus
failed=0

[ $# -gt 0 ] || {
	echo "no fuzzer: tests/fuzz/fuzz_*.c is empty" >&2
	exit 1
}
for program in "$@"; do
	name=$(basename "$program")
	found=$OUT/fuzz/found/$name
	log=$OUT/fuzz/$name.log
	mkdir -p "$found"
	seeds=
	[ -d "$corpora/$name" ] && seeds=$corpora/$name
	# shellcheck disable=SC2086 # $seeds is one folder or nothing
	if timeout -k 5 $((seconds + 120)) "$program" -max_total_time="$seconds" -timeout=5 -rss_limit_mb=2048 \
		-print_final_stats=1 -artifact_prefix="$found.crash-" "$found" $seeds >"$log" 2>&1; then
		awk -v name="$name" '
		/number_of_executed_units/ { runs = $2 }
		/average_exec_per_sec/ { rate = $2 }
		/cov: / { for (i = 1; i < NF; i++) if ($i == "cov:") cov = $(i + 1) }
		END { printf "fuzz     %-34s %d runs, %d/s, %d edges covered\n", name, runs, rate, cov }' "$log"
	else
		failed=1
		echo "fuzz     $name FAILED (whole log: $log)"
		sed -n '/ERROR\|runtime error\|SUMMARY/,$p' "$log" | head -n 60
	fi
done
exit $failed
