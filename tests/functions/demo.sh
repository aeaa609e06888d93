#!/bin/sh
# Three small functions and a gentle load: demo.sh start|stop
#
#   thumbnail   a Lambda function behind a Runtime API server; its sandbox is taken away after 20 s without an event
#   checkout    an HTTP function
#   report      a process for each request
#
# Everything runs in a session of its own, whose leader's process id is kept under OUT. COLDMETER_DEMO_PORT (8410) and the
# port after it are used, on 127.0.0.1 only.
set -u

: "${OUT:?set OUT to the build folder}"
port=${COLDMETER_DEMO_PORT:-8410}
state=$OUT/demo
here=$(cd "$(dirname "$0")" && pwd)

# running: the leader of the last start is alive, and is ours.
running() {
	pid=$(cat "$state/pid" 2>/dev/null) && [ -n "$pid" ] &&
		tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -q 'demo/load\.py'
}

stop() {
	running || return 0
	kill -TERM "$pid"
	for _ in $(seq 50); do
		running || break
		sleep 0.1
	done
	kill -KILL -- "-$pid" 2>/dev/null # whoever is left of its session's group
	rm -f "$state/pid"
}

start() {
	if running; then
		echo "demo: already running as process $pid" >&2
		return 1
	fi
	mkdir -p "$state"
	: >"$state/log"
	python3 "$here/demo/load.py" "$OUT" "$port" >"$state/log" 2>&1 </dev/null &
	pid=$!
	echo $pid >"$state/pid"
	for _ in $(seq 50); do
		grep -q '^ready' "$state/log" && break
		kill -0 $pid 2>/dev/null || break
		sleep 0.1
	done
	if ! grep -q '^ready' "$state/log"; then
		echo "demo: did not start: $(tail -n 1 "$state/log")" >&2
		stop
		return 1
	fi
	echo "demo: thumbnail (lambda), checkout (http) and report (process) run until you stop; messages in $state/log"
	echo "demo: try  coldmeter keepwarm on thumbnail --method POST --ping http://127.0.0.1:$port/2015-03-31/functions/thumbnail/invocations"
}

case ${1:-} in
start) start ;;
stop) stop ;;
*)
	echo "usage: demo.sh start|stop" >&2
	exit 2
	;;
esac
