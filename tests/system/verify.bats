#!/usr/bin/env bats
# The meter against a function's own figures, as a user asks for it.

setup() {
	[ -x "$OUT/coldmeter" ] || skip "coldmeter is not built"
}

@test "verify: every request is counted, none is lost, and half of them within 0.1 ms" {
	"$OUT/coldmeter" verify --span 1s --json >"$BATS_TEST_TMPDIR/out" || true # a busy host fails on P99
	cat "$BATS_TEST_TMPDIR/out"
	[ "$(jq -c '[.rates[] | .count_asked == .count_measured and .count_asked > 0 and .lost == 0]' "$BATS_TEST_TMPDIR/out")" \
		= '[true,true,true,true]' ]
	[ "$(jq '.lost' "$BATS_TEST_TMPDIR/out")" = 0 ]
	[ "$(jq '[.rates[] | .duration_error_ms // {p50: 0} | .p50 < 0.1] | all' "$BATS_TEST_TMPDIR/out")" = true ]
	[ "$(jq '[.rates[] | .init_error_ms.max < 15] | all' "$BATS_TEST_TMPDIR/out")" = true ]
	[ "$(jq '.rates[0].memory_error_mb.max < 1' "$BATS_TEST_TMPDIR/out")" = true ]
}

@test "verify leaves nothing behind, and says what it needs" {
	"$OUT/coldmeter" verify --span 1s >"$BATS_TEST_TMPDIR/out" || true
	[ -z "$(find /tmp -maxdepth 1 -name 'coldmeter-verify-*' -newer "$BATS_TEST_TMPDIR" | head -n 1)" ]
	run "$OUT/coldmeter" verify now
	[ "$status" -eq 2 ]
	[ "${#lines[@]}" -eq 1 ]
	run setpriv --reuid 65534 --clear-groups "$OUT/coldmeter" verify
	[ "$status" -eq 1 ]
	[[ $output == *sudo* ]]
}

@test "verify whose agent is killed says so" {
	"$OUT/coldmeter" verify --span 2s >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
	verify=$!
	for _ in $(seq 200); do
		agent=$(pgrep -P "$verify" -f -- "coldmeter-agent --stdout" | head -n 1) && [ -n "$agent" ] && break
		sleep 0.05
	done
	sleep 3
	kill -9 "$agent"
	status=0
	wait "$verify" || status=$?
	[ "$status" -eq 1 ]
	grep -q 'the agent did not last: it was killed by signal 9' "$BATS_TEST_TMPDIR/out"
}
