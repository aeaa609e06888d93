#!/usr/bin/env bats
# Other kernels than this one, Debian's own, emulated: functions of every kind are measured there by each back-end, and
# compared with their own clocks.

# on SERIES BACKENDS
on() {
	[ -x "$OUT/coldmeter-agent" ] || skip "the agent is not built"
	local status=0
	"$BATS_TEST_DIRNAME/../kernels.sh" run "$@" >"$BATS_TEST_TMPDIR/out" 2>&1 || status=$?
	[ $status -ne 77 ] || skip "$(tail -n 1 "$BATS_TEST_TMPDIR/out")"
	cat "$BATS_TEST_TMPDIR/out"
	mkdir -p "$OUT/check"
	grep '^kernels: ' "$BATS_TEST_TMPDIR/out" >>"$OUT/check/figures"
	return $status
}

@test "Linux 6.12: every kind is measured, by the tracepoints" {
	on 6.12 tracepoint
}

@test "Linux 6.1: every kind is measured, by the kernel's functions and by system calls" {
	on 6.1 auto,syscalls
	grep -q 'back-end fentry: passed' "$BATS_TEST_TMPDIR/out"
}
