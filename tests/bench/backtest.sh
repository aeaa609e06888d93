#!/bin/sh
# How long back-tests take: the day of Azure where ../shared has it, and ROWS (10 million) made-up rows of 20,000
# functions over a day. One line each: rows, seconds, CPU time, the most memory resident.
set -u

: "${OUT:?set OUT to the build folder}"
rows=${ROWS:-10000000}
traces=$(cd "$(dirname "$0")/../.." && pwd)/../shared/traces
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP

# replay NAME ROWS OPTION...
replay() {
	name=$1 n=$2
	shift 2
	python3 - "$name" "$n" "$OUT/coldmeter" backtest "$@" <<- 'END'
		import resource, subprocess, sys, time
		start = time.monotonic()
		subprocess.run(sys.argv[3:], check=True, stdout=subprocess.DEVNULL)
		used = resource.getrusage(resource.RUSAGE_CHILDREN)
		print("backtest %-22s %8s rows %6.2f s, %6.2f s of CPU %5d MB" % (sys.argv[1], sys.argv[2],
		    time.monotonic() - start, used.ru_utime + used.ru_stime, used.ru_maxrss // 1024))
	END
}

# every function at a pace and a phase of its own
awk -v rows="$rows" 'BEGIN {
	print "func,minute,count"
	for (f = 0; n < rows; f = (f + 1) % 20000) {
		step = 1 + (f * 7919) % 5
		for (m = 1 + f % step + int(n / 10000000) * 1440; m <= 1440 && n < rows; m += step) { print "f" f "," m ",3"; n++ }
	}
}' > "$work/counts.csv"
replay "keepwarm, made up" "$rows" keepwarm --counts "$work/counts.csv" --cold-minutes 10 || exit 1
replay "concurrency, made up" "$rows" concurrency --containers "$work/counts.csv" --memory-mb 512 || exit 1
[ -r "$traces/azure2019_day_counts.csv.gz" ] || { echo "backtest: no traces beside this tree, the day of Azure is left out"; exit 0; }
replay "keepwarm, Azure day" 373687 keepwarm --counts "$traces/azure2019_day_counts.csv.gz" \
	--weights "$traces/azure2019_day_functions.csv.gz" --cold-minutes 10
replay "concurrency, 61 apps" 20467 concurrency --containers "$traces/azure2019_apps100_containers.csv.gz" --memory-mb 512
