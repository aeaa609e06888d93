#!/usr/bin/env bats
# The bench of kills, shorter: collector, agent and ClickHouse are killed under load, and everything adds up.

: "${OUT:?set OUT to the build folder}"

@test "12 kills of collector, agent and ClickHouse under load: what was acknowledged is stored, each once" {
	said=$(KILLS=12 timeout 120 sh "$BATS_TEST_DIRNAME/../bench/kills.sh" 2>&1) || {
		echo "$said"
		return 1
	}
	[[ $said != *skipped* ]] || skip "$said"
	[[ $said =~ all\ +12 ]] || {
		echo "$said"
		return 1
	}
	mkdir -p "$OUT/check"
	echo "$said" | sed 's/^/kills.bats: /' >>"$OUT/check/figures"
}
