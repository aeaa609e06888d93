#!/bin/sh
# The meter on other kernels, Debian's own, in an emulated machine:
#
#   kernels.sh get SERIES...              downloads them, once: 6.1, 6.12
#   kernels.sh run SERIES BACKEND,...     boots one, measures functions of every kind by each back-end, and compares
#   kernels.sh all                        what make check-kernels does
#
# Kernels are unpacked, never installed, and kept in the user's cache, which `make clean` leaves alone;
# COLDMETER_TEST_CACHE moves it. Emulated without KVM, which needs no support of this machine and hangs on some. Exit
# status 77 when a kernel cannot be had or a tool is missing, with the reason on standard error. From the Makefile: OUT.
set -eu

: "${OUT:?set OUT to the build folder}"
PATH=$PATH:/usr/sbin:/sbin
here=$(cd "$(dirname "$0")" && pwd)
cache=${COLDMETER_TEST_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/coldmeter}/kernels
limit_s=${KERNEL_LIMIT_S:-500} # for one boot with all that is measured in it
functions="http_function h2_function threads_function ask lambda_function runtime_api one_shot spawn"
failed=0

cannot() {
	echo "$*" >&2
	exit 77
}

# package SERIES: the newest kernel for cloud machines, the smallest of its kind.
package() {
	apt-cache search --names-only "^linux-image-$(echo "$1" | sed 's/\./\\./')\.[0-9].*-cloud-amd64\$" 2>/dev/null |
		sed 's/ .*//' | sort -V | tail -n 1
}

# get SERIES: its kernel stands in $cache/SERIES, what it is called in $cache/SERIES.name.
get() {
	[ -s "$cache/$1.name" ] && return
	[ "$(uname -m)" = x86_64 ] || cannot "kernels are emulated for x86_64 only"
	command -v apt-get >/dev/null || cannot "Linux $1 comes from apt, which is not here"
	name=$(package "$1")
	[ -n "$name" ] || cannot "apt knows no linux-image-$1*-cloud-amd64 (apt-get update?)"
	unpacked=$(mktemp -d)
	# apt may not write as its own user where root's temporary folders are
	(cd "$unpacked" && apt-get -qq -o APT::Sandbox::User=root download "$name" && dpkg -x ./*.deb .) >"$unpacked/log" 2>&1 || {
		why=$(tail -n 1 "$unpacked/log")
		rm -rf "$unpacked"
		cannot "$name cannot be downloaded: $why"
	}
	mkdir -p "$cache"
	mv "$unpacked"/boot/vmlinuz-* "$cache/$1"
	echo "$name" >"$cache/$1.name"
	rm -rf "$unpacked"
}

# copy PROGRAM: into the guest, with the libraries that it names.
copy() {
	cp "$1" "$root/bin"
	ldd "$1" 2>/dev/null | sed -n 's/.*=> \(\/[^ ]*\) (.*/\1/p; s/^[[:space:]]*\(\/[^ ]*\) (.*/\1/p' | while read -r library; do
		mkdir -p "$root$(dirname "$library")"
		cp -L "$library" "$root$library"
	done
}

# boot SERIES BACKENDS: what the guest left goes to $work/results.
boot() {
	root=$work/root
	mkdir -p "$root/bin" "$work/results"
	copy "$(command -v busybox)"
	copy "$(command -v h2load)"
	copy "$OUT/coldmeter-agent"
	for program in $functions; do copy "$OUT/tests/functions/$program"; done
	cp "$here/kernels/guest.sh" "$root/init"
	chmod +x "$root/init"
	(cd "$root" && find . | cpio -o -H newc --quiet) >"$work/initramfs"
	# without the watchdog of the clock, which takes a host that was busy for a clock that is wrong, and leaves the
	# scheduler's clock and that of durations to drift apart; and without the check that the timer ticks, which panics
	# on such a host
	timeout "$limit_s" qemu-system-x86_64 -accel tcg -cpu max -smp 2 -m 1024 -display none -monitor none -no-reboot \
		-kernel "$cache/$1" -initrd "$work/initramfs" -append "console=ttyS0 quiet panic=-1 tsc=reliable no_timer_check BACKENDS=$2" \
		-serial "file:$work/console" -serial "file:$work/tar" 2>"$work/qemu" ||
		echo "the guest did not end within $limit_s s" >>"$work/console"
	tar -x -C "$work/results" -f "$work/tar" 2>/dev/null || echo "the guest left no results" >>"$work/console"
}

# wrong TEXT...: this back-end fails.
wrong() {
	printf '  %s\n' "$*"
	bad=1
}

# is WHAT VALUE WANTED
is() { [ "$2" = "$3" ] || wrong "$1 is '$2', expected '$3'"; }

# of FUNCTION JQ: of each invocation, one value a line
of() { jq -r --arg name "$1" "select(.function == \$name) | $2" seen; }

# durations FUNCTION START END [more]: count and durations against the function's own clock. An emulated CPU stops when
# the real one does something else, between the event and the function's look at its clock: half are within 5 ms, 1 of 5
# may be off by more than 10.
durations() {
	name=$1
	shift
	said=$(python3 "$here/system/compare.py" seen "$name" "$name.log" "$@" --within 10 --beyond 0.2 2>&1) || wrong "$said"
	figures="$figures; $(echo "$said" | sed -n 's/\(.*\): .*duration error ms: \(median [^,]*\), \(P99 [^,]*\).*/\1 \2 \3/p')"
}

statuses() { of "$1" .status | sort | uniq -c | awk '{ printf "%s%s %s", sep, $1, $2; sep = " " }'; }

# compare BACKEND: in the folder of its results.
compare() {
	bad=0 figures=
	said=$(cat agent.err)
	by=$(echo "$said" | sed -n 's/.*measuring by back-end \([a-z]*\);.*/\1/p')
	case $1 in
	auto) [ -n "$by" ] || wrong "it does not measure" ;;
	*) is "back-end" "$by" "$1" ;;
	esac
	ledger=$(echo "$said" | sed -n 's/.*ledger: //p')
	seen=$(wc -l <seen)
	is ledger "$ledger" "seen=$seen delivered=$seen lost=0"
	durations web read_ns sent_ns
	durations six read_ns sent_ns
	durations path read_ns sent_ns
	durations h2 read_ns sent_ns
	durations event received_ns asks_ns
	durations once spawned_ns ended_ns --start-by began_ns --end-by reaped_ns
	is "statuses of web" "$(statuses web)" "20 error 86 ok"
	is "HTTP statuses of web" "$(of web .http_status | sort | uniq -c | tr -s ' \n' ' ')" " 86 200 20 503 "
	is "HTTP statuses of path" "$(of path .http_status | sort | uniq -c | tr -s ' \n' ' ')" " 41 200 20 404 "
	is "HTTP statuses of h2" "$(of h2 .http_status | sort | uniq -c | tr -s ' \n' ' ')" " 90 200 10 500 "
	is "statuses of event" "$(statuses event)" "2 error 41 ok"
	is "cold starts" "$(jq -r 'select(.cold and .function != "h2") | .function' seen | sort | tr '\n' ' ')" \
		"event path six threads under web " # the client of h2 takes as long to start as makes a start warm
	is "statuses of under" "$(statuses under)" "1 crash 1 ok"
	for ended in failing:error crashing:crash hungry:oom busy:ok; do
		is "statuses of ${ended%:*}" "$(statuses "${ended%:*}")" "1 ${ended#*:}"
	done
	is "large answers by web" "$(of web 'select(.response_bytes >= 300000) | .http_status' | wc -l)" 20
	busy=$(of busy '[.cpu_ms, .duration_ms, .run_queue_ms // 0] | join(" ")')
	echo "$busy" | awk '{ exit !($1 > 0 && $1 <= $2 + 10 && $1 + $3 >= $2 / 2) }' ||
		wrong "CPU time, duration and run-queue wait of busy are $busy ms: it is busy all the time that it gets"
	# of the 30 ms that another thread works; what is emulated takes CPU time between one look at the clock and the next
	errors=$(of threads .cpu_ms | paste - threads.log | awk '{ printf "%s%.3f", sep, $1 - $2; sep = " " }')
	is "median CPU time of threads within 10 ms of their own ($errors)" "$(echo "$errors" | tr ' ' '\n' | sort -n |
		sed -n 3p | awk '{ print ($1 < 10 && $1 > -10) }')" 1
	figures="$figures; CPU time of threads off by $errors"
	is "peak memory of web within 0.5 MB" "$(of web .peak_memory_mb | sort -n | tail -n 1 |
		awk -v own_kb="$(awk '{ print $2 }' web.memory)" '{ d = $1 - own_kb / 1024; print (d < 0.5 && d > -0.5) }')" 1
	[ $bad -eq 0 ] || failed=1
	printf 'kernels: %s, back-end %s: %s, %s%s\n' "$kernel" "${by:-$1}" "$([ $bad -eq 0 ] && echo passed || echo FAILED)" \
		"${ledger:-no ledger}" "$figures$(echo "$said" | sed -n 's/.*\(each system call\).* takes \([0-9]* ns\) more.*/; \1 \2 more/p')"
}

run() {
	for tool in qemu-system-x86_64 busybox cpio jq python3 h2load; do
		command -v $tool >/dev/null || cannot "$tool is not installed"
	done
	get "$1"
	kernel=$(sed 's/^linux-image-//' "$cache/$1.name")
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	trap 'exit 1' INT TERM
	boot "$1" "$2"
	for backend in $(echo "$2" | tr , ' '); do
		cd "$work/results/$backend" 2>/dev/null || {
			echo "kernels: $kernel, back-end $backend: FAILED, nothing came of it"
			failed=1
			continue
		}
		compare "$backend"
	done
	[ $failed -eq 0 ] || {
		echo "  the end of the guest's console, and what its agents said:"
		tail -n 20 "$work/console" | tr -d '\r' | cut -c 1-200 | sed 's/^/    /'
		tail -n 5 "$work"/results/*/agent.err | cut -c 1-300 | sed 's/^/    /'
	}
}

case ${1:-} in
get)
	shift
	for series in "$@"; do get "$series"; done
	;;
run)
	[ $# -eq 3 ] || cannot "usage: kernels.sh run SERIES BACKEND,..."
	run "$2" "$3"
	exit $failed
	;;
all)
	status=0
	"$0" run 6.12 auto || status=1
	"$0" run 6.1 auto,syscalls || status=1
	exit $status
	;;
*)
	echo "usage: kernels.sh get SERIES... | run SERIES BACKEND,... | all" >&2
	exit 2
	;;
esac
