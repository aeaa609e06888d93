#!/usr/bin/env bats
# What the collector exports, read by those who keep it: Debian's Prometheus and VictoriaMetrics, and a second
# collector for spans. All are started here, on loopback, and end with the file.

bats_require_minimum_version 1.5.0

setup_file() {
	: "${OUT:=out}"
	export OUT dir=$BATS_FILE_TMPDIR
	local tool server
	for tool in prometheus victoria-metrics; do
		command -v "$tool" >/dev/null || {
			echo "$tool is not installed" >"$dir/missing"
			return
		}
	done
	export a=http://127.0.0.1:27077 b=http://127.0.0.1:27078 c=http://127.0.0.1:27079
	export prom=http://127.0.0.1:29090 vm=http://127.0.0.1:28428
	cat >"$dir/prometheus.yml" <<-END
		global: {scrape_interval: 1s}
		scrape_configs: [{job_name: scraped, static_configs: [{targets: ['${a#http://}']}]}]
	END
	in_background prometheus prometheus --config.file="$dir/prometheus.yml" --storage.tsdb.path="$dir/tsdb" \
		--web.listen-address="${prom#http://}" --enable-feature=native-histograms --web.enable-remote-write-receiver
	in_background vm victoria-metrics -httpListenAddr="${vm#http://}" -storageDataPath="$dir/vm" -search.latencyOffset=0s \
		-memory.allowedBytes=128MB
	# takes metrics for itself and hands spans on to the second collector
	in_background otlp python3 "$BATS_TEST_DIRNAME/otlp_receiver.py" "$dir/otlp.body" "$b/v1/traces" >"$dir/otlp"
	until_true 10 test -s "$dir/otlp"
	otlp=http://127.0.0.1:$(cat "$dir/otlp")
	export otlp
	start_a
	in_background b "$OUT/coldmeter-collector" --listen "${b#http://}" --data "$dir/b" --alerts off \
		--remote-write "$vm/api/v1/write" --remote-write-histograms vmrange --export-interval 1
	in_background c "$OUT/coldmeter-collector" --listen "${c#http://}" --data "$dir/c" --alerts off \
		--remote-write "$vm/api/v1/write" --remote-write-histograms classic --export-interval 1
	for server in "$a" "$b" "$c"; do
		until_true 10 answers "$server/readyz"
	done
	python3 "$BATS_TEST_DIRNAME/exports_load.py" "$dir/exact" >"$dir/load"
	# the first one of each function, so that everybody has seen a beginning
	head -n 4 "$dir/load" | post "$a"
	until_true 20 scraped 1 # after Prometheus's five seconds of finding targets
	sleep 1
	tail -n +5 "$dir/load" | post "$a"
	sed 's/"function": "f/"function": "classic-f/' "$dir/load" | post "$c"
	until_true 10 scraped 1000
	# VictoriaMetrics remembers for ten seconds that it has no such series: it is asked when it has
	sleep 2
	until_true 10 vm_has f1
	until_true 10 vm_has classic-f1
}

teardown_file() {
	local pid
	while read -r pid; do
		kill -KILL "$pid" 2>/dev/null || true
	done < <(cat "$dir"/*.pid)
}

setup() {
	[ ! -e "$dir/missing" ] || skip "$(cat "$dir/missing")"
}

# in_background NAME COMMAND...
in_background() {
	local name=$1
	shift
	"$@" 2>>"$dir/$name.log" </dev/null 3>&- 4>&- &
	echo $! >"$dir/$name.pid"
	disown
}

start_a() {
	in_background a "$OUT/coldmeter-collector" --listen "${a#http://}" --data "$dir/a" --alerts off \
		--remote-write "$prom/api/v1/write" --otlp "$otlp" --export-interval 1
}

until_true() {
	local left=$(($1 * 20))
	shift
	until "$@" >/dev/null 2>&1; do
		left=$((left - 1))
		[ $left -gt 0 ] || {
			echo "not in time: $*" >&2
			return 1
		}
		sleep 0.05
	done
}

answers() { curl -fsS "$1"; }

post() { curl -fsS -H 'Content-Type: application/x-ndjson' --data-binary @- "$1/v1/invocations"; }

# ask SERVER QUERY: the values, one a line, by name: "f0 12".
ask() {
	curl -fsS --data-urlencode "query=$2" "$1/api/v1/query" |
		jq -r '.data.result[] | "\(.metric.faas_name // "all") \(.value[1])"' | sort
}

scraped() { [ "$(ask "$prom" 'faas_invocations_total{job="scraped",faas_name="f1"}')" = "f1 $1" ]; }

vm_has() { [ "$(ask "$vm" "faas_invocations_total{faas_name=\"$1\"}")" = "$1 1000" ]; }

# same WANTED GOT WHAT
same() {
	[ "$1" = "$2" ] || {
		printf '%s: wanted\n%s\ngot\n%s\n' "$3" "$1" "$2"
		return 1
	}
}

# near FILE PERCENT: each quantile on standard input ("f0 0.12") is so near the exact one of that file. The exact one
# is a value; what interpolates between two may lie a step beside it, so the neighbours' range is what must be hit.
near() {
	awk -v percent="$2" 'NR == FNR { low[$1] = $2; high[$1] = $3; next }
		{ n++; if ($2 < low[$1] * (1 - percent / 100) || $2 > high[$1] * (1 + percent / 100)) {
			print $0 ", exact " low[$1] " to " high[$1]; bad = 1 } }
		END { if (n != 4) { print n " quantiles"; bad = 1 } exit bad }' "$1" -
}

counts_of() { # SERVER JQ-field: "f0 1000" of the collector's own answer
	curl -fsS "$1/v1/functions?since=1h" | jq -r ".functions[] | \"\(.function) \(.$2)\"" | sort
}

values_sent() {
	[ "$(ask "$prom" 'histogram_count(faas_invoke_duration_seconds{job="coldmeter"})')" = "$(counts_of "$a" invocations)" ]
}

spans_arrived() { [ "$(counts_of "$b" invocations)" = "$(counts_of "$a" invocations)" ]; }

points_arrived() {
	[ "$(python3 "$BATS_TEST_DIRNAME/otlp_receiver.py" --counts "$dir/otlp.body")" = "$(counts_of "$a" invocations)" ]
}

is_away() { ! answers "$1"; }

@test "Prometheus scrapes native histograms: counts are the collector's, quantiles within the bound" {
	local native='faas_invoke_duration_seconds{job="scraped"}'
	same "$(counts_of "$a" invocations)" "$(ask "$prom" 'faas_invocations_total{job="scraped"}')" invocations
	same "$(counts_of "$a" cold)" "$(ask "$prom" 'faas_coldstarts_total{job="scraped"}')" "cold starts"
	same "$(counts_of "$a" errors)" "$(ask "$prom" 'faas_errors_total{job="scraped"}')" errors
	same "$(counts_of "$a" by_status.timeout)" "$(ask "$prom" 'faas_timeouts_total{job="scraped"}')" timeouts
	same "$(counts_of "$a" invocations)" "$(ask "$prom" "histogram_count($native)")" "values in histograms"
	for q in 0.5 0.95 0.99; do
		ask "$prom" "histogram_quantile($q, $native)" | near "$dir/exact.$q" 1.09
	done
	# over time, as dashboards ask
	[ "$(ask "$prom" "histogram_count(rate(${native}[1m])) > 0" | wc -l)" -eq 4 ]
}

@test "the classic buckets are there for who reads text, and lead to useful quantiles" {
	curl -fsS -H 'Accept: application/openmetrics-text;version=1.0.0' "$a/metrics" >"$dir/metrics"
	[ "$(tail -n 1 "$dir/metrics")" = "# EOF" ]
	if command -v promtool >/dev/null; then
		curl -fsS -H 'Accept: text/plain;version=0.0.4' "$a/metrics" | promtool check metrics >"$dir/promtool" 2>&1 ||
			! grep -v 'counter metrics should\|non-histogram\|abbreviated\|use base unit' "$dir/promtool"
	fi
	local buckets='faas_invoke_duration_seconds_bucket{faas_name=~"classic.*"}'
	ask "$vm" "histogram_quantile(0.95, sum by (faas_name, le) ($buckets))" |
		sed 's/classic-//' | near "$dir/exact.0.95" 20
}

@test "remote write: native histograms to Prometheus, vmrange to VictoriaMetrics" {
	local sent='faas_invoke_duration_seconds{job="coldmeter"}'
	until_true 5 values_sent
	ask "$prom" "histogram_quantile(0.95, $sent)" | near "$dir/exact.0.95" 1.09
	same "$(counts_of "$b" invocations)" "$(ask "$vm" 'faas_invocations_total{faas_name=~"f."}')" "invocations"
	# of buckets of 9 percent
	local buckets='faas_invoke_duration_seconds_bucket{faas_name=~"f."}'
	ask "$vm" "histogram_quantile(0.95, sum by (faas_name, vmrange) ($buckets))" | near "$dir/exact.0.95" 4.5
	curl -fsS "$a/metrics" | grep '^coldmeter_export_dropped_total{to="remote-write"} 0$'
	curl -fsS "$b/metrics" | grep '^coldmeter_export_failures_total{to="remote-write"} 0$'
}

@test "OTLP: another collector has the same of the spans, and metrics are exponential histograms" {
	until_true 5 spans_arrived
	for field in cold errors duration_ms.p95 duration_ms.p99 platform version; do
		same "$(counts_of "$a" "$field")" "$(counts_of "$b" "$field")" "$field"
	done
	until_true 5 test -s "$dir/otlp.body"
	until_true 5 points_arrived
}

@test "every query of the Grafana dashboard has an answer, with either kind of histogram" {
	local board=$BATS_TEST_DIRNAME/../../collector/grafana/coldmeter.json n=0 server query
	# shellcheck disable=SC2016 # Grafana's variables
	jq -r '.panels[].targets[].expr' "$board" |
		sed 's/\$__rate_interval/1m/g; s/\$__range/5m/g; s/\$function/.*/g' >"$dir/queries"
	[ "$(wc -l <"$dir/queries")" -ge 15 ]
	for server in "$prom" "$vm"; do # VictoriaMetrics has what spans say
		while read -r query; do
			ask "$server" "$query" | grep -qv NaN || {
				echo "$server has nothing for $query"
				return 1
			}
			n=$((n + 1))
		done < <(if [ "$server" = "$vm" ]; then grep -v 'mem_\|cpu_\|init_' "$dir/queries"; else cat "$dir/queries"; fi)
	done
	[ "$n" -ge 25 ]
}

@test "a collector that is killed goes on counting where it was" {
	local before
	# while it lives: what Prometheus misses once is no answer any more
	before=$(ask "$prom" 'faas_invocations_total{job="scraped"}')
	kill -KILL "$(cat "$dir/a.pid")"
	until_true 5 is_away "$a/readyz"
	start_a
	until_true 10 answers "$a/readyz"
	curl -fsS "$a/metrics" | sed -n 's/^faas_invocations_total.*faas_name="\([^"]*\)".* \([0-9]*\)$/\1 \2/p' >"$dir/after"
	same "$before" "$(sort "$dir/after")" "after the kill"
	head -n 4 "$dir/load" | post "$a"
	until_true 10 scraped 1001
	[ "$(ask "$prom" 'sum(resets(faas_invocations_total{job="scraped"}[1m]))')" = "all 0" ]
}

@test "a bad address or form is refused with one line" {
	run -2 "$OUT/coldmeter-collector" --data "$dir/x" --remote-write localhost:9090
	[[ "${#lines[@]}" -eq 1 && "$output" == *"http://"* ]]
	run -2 "$OUT/coldmeter-collector" --data "$dir/x" --remote-write-histograms sparse
	[[ "${#lines[@]}" -eq 1 && "$output" == *vmrange* ]]
	run -2 "$OUT/coldmeter-collector" --data "$dir/x" --export-interval 0
	printf 'metrics_functions: none\n' >"$dir/c.yaml"
	run -1 "$OUT/coldmeter-collector" --config "$dir/c.yaml" --check-config
	[[ "$output" == *c.yaml:1:20* ]]
}
