#!/usr/bin/env bats
# The collector as a service: what systemd hears and hands over, reload, a stop that loses nothing.
# shellcheck disable=SC2154 # collector.bash and bats set what is not set here

load collector.bash

# hear FILE: a notify socket at $dir/notify; what it is told goes to FILE, a line each.
hear() {
	python3 -u - "$dir/notify" >"$1" 3>&- <<-'END' &
		import os, socket, sys
		s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		s.bind(sys.argv[1])
		while True:
		    print(s.recv(4096).decode().replace("\n", " "))
	END
	ear=$!
	until_there "$dir/notify"
}

until_there() {
	for _ in $(seq 100); do
		[ -e "$1" ] && return
		sleep 0.05
	done
	return 1
}

# heard TEXT: soon.
heard() {
	for _ in $(seq 100); do
		grep -q -- "$1" "$dir/heard" && return
		sleep 0.05
	done
	echo "not heard: $1"
	cat "$dir/heard"
	return 1
}

@test "systemd hears that it is ready, lives, reloads and stops" {
	hear "$dir/heard"
	NOTIFY_SOCKET=$dir/notify WATCHDOG_USEC=30000000 start
	heard '^READY=1$'
	[ "$(status_of /readyz)" = 200 ]
	heard '^WATCHDOG=1$'
	kill -HUP "$pid"
	heard '^RELOADING=1 MONOTONIC_USEC=[0-9]*$'
	for _ in $(seq 100); do
		[ "$(grep -c '^READY=1$' "$dir/heard")" = 2 ] && break
		sleep 0.05
	done
	[ "$(grep -c '^READY=1$' "$dir/heard")" = 2 ]
	kill -TERM "$pid"
	wait "$pid"
	heard '^STOPPING=1$'
	kill "$ear"
}

@test "without a watchdog, or with one for somebody else, it is not fed" {
	hear "$dir/heard"
	NOTIFY_SOCKET=$dir/notify WATCHDOG_USEC=30000000 WATCHDOG_PID=1 start
	heard '^READY=1$'
	sleep 1.5
	kill "$ear"
	[ "$(grep -c WATCHDOG "$dir/heard")" -eq 0 ]
}

# handed ADDRESS [options]: on a socket that listens already; as start().
handed() {
	local address=$1
	shift
	: >"$dir/log"
	python3 - "$address" "$collector" --data "$dir/data" "$@" 2>"$dir/log" 3>&- 4>&- <<-'END' &
		import os, socket, sys
		s = socket.create_server((sys.argv[1], 0))
		fd = os.dup(s.fileno())
		os.closerange(3, fd)
		os.dup2(fd, 3)
		os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
		os.execv(sys.argv[2], sys.argv[2:])
	END
	pid=$!
}

@test "it listens on the socket that it is handed" {
	handed 127.0.0.1
	says "listening on http://127.0.0.1:"
	url=$(sed -n 's/.*listening on \(http.*\)/\1/p' "$dir/log")
	[ "$(status_of /healthz)" = 200 ]
	[ "${url##*:}" != 7077 ]
}

@test "a socket that other machines reach takes TLS and tokens too" {
	handed 0.0.0.0
	says "takes --tls-cert, --tls-key and --token-file"
	run wait "$pid"
	[ "$status" -eq 1 ]
	[ "$(wc -l <"$dir/log")" -eq 1 ]
}

@test "on SIGHUP it reads certificate, tokens and settings again" {
	certificate one
	certificate two
	cp "$dir/one.crt" "$dir/crt"
	cp "$dir/one.key" "$dir/key"
	echo "client_requests_per_s: 100000" >"$dir/c.yaml"
	start --config "$dir/c.yaml" --tls-cert "$dir/crt" --tls-key "$dir/key"
	[ "$(status_of /healthz --cacert "$dir/one.crt")" = 200 ]
	cat "$dir/two.crt" >"$dir/crt"
	kill -HUP "$pid" # a certificate without its key: as it was
	says "reloaded in part"
	says "no certificate and its key"
	[ "$(status_of /healthz --cacert "$dir/one.crt")" = 200 ]
	cat "$dir/two.key" >"$dir/key"
	printf 'client_requests_per_s: 1\nraw_days: 3\n' >"$dir/c.yaml"
	kill -HUP "$pid"
	says "collector: reloaded"
	for _ in $(seq 50); do
		[ "$(status_of /healthz --cacert "$dir/two.crt")" = 200 ] && break
		sleep 0.1
	done
	[ "$(status_of /healthz --cacert "$dir/one.crt")" = 000 ]
	for _ in $(seq 50); do
		[ "$(status_of /healthz --cacert "$dir/two.crt")" = 429 ] && break
	done
	[ "$(status_of /healthz --cacert "$dir/two.crt")" = 429 ]
	echo "raw_days: lots" >"$dir/c.yaml"
	kill -HUP "$pid"
	says "c.yaml:1:11: raw_days"
	printf 'alerts: off\n' >"$dir/c.yaml"
	kill -HUP "$pid"
	says "takes a restart"
	kill -0 "$pid"
}

# teams: the teams that the invoice by team names.
teams() {
	curl -fsS "$url/v1/invoice?by=tag:team" | jq -r '[.by.parts[].value] | unique | join(" ")'
}

@test "on SIGHUP tags and companions change, all of the file or nothing" {
	printf 'tags: {f: {team: shop}}\n' >"$dir/c.yaml"
	start --config "$dir/c.yaml"
	printf '{"function":"f","platform":"aws-lambda","start":"%s","duration_ms":5,"memory_limit_mb":128}\n' \
		"$(date -u +%FT%TZ)" | curl -fsS -H 'Content-Type: application/x-ndjson' --data-binary @- "$url/v1/invocations"
	[ "$(teams)" = shop ]
	printf 'tags: {f: {team: till}}\ncompanions: {s3-puts: 2}\nraw_days: 3\n' >"$dir/c.yaml"
	kill -HUP "$pid"
	says "collector: reloaded"
	[ "$(teams)" = till ]
	curl -fsS "$url/v1/invoice" | jq -e .with_companions_usd
	printf 'raw_days: 4\ntags: {f: {team: bank}}\ncompanions: {s3-pats: 2}\n' >"$dir/c.yaml"
	: >"$dir/log"
	kill -HUP "$pid"
	says "reloaded in part"
	says "c.yaml:3:14: there is no such kind of call"
	[ "$(grep -c c.yaml "$dir/log")" -eq 1 ]
	[ "$(teams)" = till ]
}

@test "a request that is under way when it stops is answered, and stored" {
	start
	printf '{"function":"f","start":"%s","duration_ms":5}\n' "$(date -u +%FT%TZ)" >"$dir/line"
	python3 -u - "${url##*:}" "$dir/line" "$pid" <<-'END'
		import os, signal, socket, sys, time
		body = open(sys.argv[2], "rb").read()
		s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
		s.sendall(b"POST /v1/invocations HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
		          b"Content-Type: application/x-ndjson\r\nContent-Length: %d\r\n\r\n" % len(body) + body[:10])
		time.sleep(0.3)
		os.kill(int(sys.argv[3]), signal.SIGTERM)
		time.sleep(0.5)
		s.sendall(body[10:])
		s.settimeout(10)
		answer = s.recv(4096)
		assert answer.startswith(b"HTTP/1.1 200"), answer
	END
	wait "$pid"
	says "stopped: 1 requests were under way, 0 were cut off"
	start
	[ "$(curl -sS "$url/v1/functions" | jq '.functions[0].invocations')" -eq 1 ]
}

@test "a request that never ends does not keep it from stopping" {
	start
	exec 7<>"/dev/tcp/127.0.0.1/${url##*:}"
	printf 'POST /v1/invocations HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\nContent-Length: 9\r\n\r\n{' >&7
	sleep 0.3
	kill -TERM "$pid"
	timeout 10 tail --pid="$pid" -f /dev/null
	wait "$pid"
	exec 7>&-
	says "stopped: 1 requests were under way, 1 were cut off"
}

@test "its units are installed, and systemd can read them" {
	# as it was built: -o all builds nothing again
	make -s -o all -C "$BATS_TEST_DIRNAME/../.." install OUT="$OUT" DESTDIR="$dir/root" prefix=/usr >"$dir/made" 2>&1 ||
		{ cat "$dir/made"; return 1; }
	local units=$dir/root/usr/lib/systemd/system
	grep -q '^ExecStart=/usr/bin/coldmeter-collector' "$units/coldmeter-collector.service"
	grep -q '^ListenStream=127.0.0.1:7077' "$units/coldmeter-collector.socket"
	command -v systemd-analyze >/dev/null || skip "systemd is not installed"
	mkdir -p "$dir/root/bin"
	cp /bin/true "$dir/root/bin/kill" # what a unit runs must be there
	run systemd-analyze verify --man=no --recursive-errors=no --root="$dir/root" "$units/coldmeter-collector.service"
	[ "$status" -eq 0 ] || { echo "$output"; return 1; }
}
