#!/bin/sh
# The rows of the overhead benches' latest results that say most, in the form that the README shows them.
# RESULTS as in lib/pairs.sh.
set -u

: "${OUT:?set OUT to the build folder}"
results=${RESULTS:-$OUT/bench/results}
cd "$results" 2>/dev/null || { echo "overhead_summary: skipped, no results in $results"; exit 0; }
set --
for table in plain c node start probes; do
	[ ! -e "overhead_$table.tsv" ] || set -- "$@" "overhead_$table.tsv"
done
[ $# -gt 0 ] || { echo "overhead_summary: skipped, no results in $results"; exit 0; }
awk '
BEGIN {
	FS = "\t"
	printf "    %-44s %7s  %-19s %-19s %-19s %-19s %s\n", "", "WITHOUT", "AGAIN", "COLDMETER", "FLOOR", "BPFTRACE", "OTEL"
}
function short(x) { return x == "-" ? x : sprintf(x >= 100 ? "%.0f" : "%.2f", x) }
function field(column) { return column in at ? $at[column] : "-" }
function cell(v) {
	if (field(v) == "-") return "-"
	if (field(v "_ratio") == "-") return sprintf("%s (%s %s)", short(field(v)), short(field(v "_low")), short(field(v "_high")))
	return sprintf("%.2f (%.2f %.2f)", field(v "_ratio"), field(v "_low"), field(v "_high"))
}
FNR == 1 { split("", at); for (i = 1; i <= NF; i++) at[$i] = i; next }
$1 ~ /^(getppid|tcp|fault) / || $1 ~ /CPU us.(request|invocation)$/ && $1 !~ /^the tool/ || $1 ~ /listens/ ||
$1 ~ /less empty ones|resident MB, each|^ring/ {
	printf "    %-44s %7s  %-19s %-19s %-19s %-19s %s\n", $1, short(field("without")), cell("again"), cell("coldmeter"), cell("floor"), cell("bpftrace"), cell("otel")
}' "$@"
