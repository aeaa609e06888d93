# A collector with known invocations, and a terminal of a known size to look at.
# shellcheck shell=bash

: "${OUT:?set OUT to the build folder}"
export LC_ALL=C.UTF-8
unset NO_COLOR COLDMETER_URL COLDMETER_TOKEN_FILE
tmux_socket=none
screens=0

# start_collector PORT DIR [OPTION...]: waits until it is ready. Its process id is in DIR.pid.
start_collector() {
	mkdir -p "$2"
	"$OUT/coldmeter-collector" --listen "127.0.0.1:$1" --data "$2" "${@:3}" >>"$2.log" 2>&1 3>&- &
	echo $! >"$2.pid"
	disown
	for _ in $(seq 100); do
		curl -fs "http://127.0.0.1:$1/readyz" >/dev/null && return 0
		sleep 0.1
	done
	echo "the collector is not ready: $(tail -n 3 "$2.log")"
	return 1
}

# stop_collector DIR [SIGNAL]
stop_collector() {
	kill "-${2:-TERM}" "$(cat "$1.pid")"
}

# start_stranger PORT: a web server that is no collector, until stop_stranger.
start_stranger() {
	python3 -m http.server --bind 127.0.0.1 "$1" >/dev/null 2>&1 3>&- &
	echo $! >"$BATS_TEST_TMPDIR/stranger.pid"
	for _ in $(seq 100); do
		curl -fs "http://127.0.0.1:$1/" >/dev/null && return 0
		sleep 0.1
	done
	return 1
}

stop_stranger() { kill "$(cat "$BATS_TEST_TMPDIR/stranger.pid")"; }

# invocations NAME PLATFORM COUNT DURATION_MS COLD: objects, one a second, up to a moment ago.
invocations() {
	jq -nc --arg name "$1" --arg platform "$2" --argjson n "$3" --argjson ms "$4" --argjson cold "$5" \
		--argjson now "$(date +%s)" 'range($n) | {function: $name, platform: $platform, kind: "http",
		request_id: "\($name)-\(.)", host: "box", sandbox: "\($name)-s", start: ($now - $n + . | todate),
		duration_ms: $ms, cold: (. < $cold), status: "ok", arch: "x86_64", peak_memory_mb: 50.5,
		memory_limit_mb: 256, concurrency: 1, pid: 1000} + (if . < $cold then {init_ms: 222.5, cause: "first"} else {} end)'
}

# post PORT: the objects of standard input.
post() {
	curl -fsS -H 'Content-Type: application/x-ndjson' --data-binary @- "http://127.0.0.1:$1/v1/invocations"
}

# screen COLUMNS ROWS COMMAND: runs it in a shell of a new terminal.
screen() {
	screen_end
	tmux_socket=coldmeter-test-$$-$((screens += 1)) # a server that ends takes its socket along, late
	tmux -L "$tmux_socket" -f /dev/null new-session -d -s t -x "$1" -y "$2" "exec sh" 3>&-
	tmux -L "$tmux_socket" resize-window -t t -x "$1" -y "$2"
	tmux -L "$tmux_socket" send-keys -t t -l "PS1=; clear; $3"
	keys Enter
}

screen_end() {
	tmux -L "$tmux_socket" kill-server 2>/dev/null || true
}

keys() { tmux -L "$tmux_socket" send-keys -t t "$@"; }
type_text() { tmux -L "$tmux_socket" send-keys -t t -l "$1"; }
resize() { tmux -L "$tmux_socket" resize-window -t t -x "$1" -y "$2"; }
# shellcheck disable=SC2120 # dashboard.bats asks for colours as well
shown() { tmux -L "$tmux_socket" capture-pane -p "$@" -t t; }

# Waits until the screen holds a text (an extended expression), at most ten seconds.
see() {
	for _ in $(seq 100); do
		shown | grep -Eq -- "$1" && return 0
		sleep 0.1
	done
	echo "not on the screen: $1"
	shown
	return 1
}

# Waits until it no longer does.
see_no() {
	for _ in $(seq 100); do
		shown | grep -Eq -- "$1" || return 0
		sleep 0.1
	done
	echo "still on the screen: $1"
	shown
	return 1
}
