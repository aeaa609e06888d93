#!/usr/bin/env bats
# Who may talk to the collector, and how: TLS, tokens, limits.
# shellcheck disable=SC2154 # collector.bash and bats set what is not set here

load collector.bash

# start_tls: with the certificate "one"; as start().
start_tls() {
	certificate one
	start --tls-cert "$dir/one.crt" --tls-key "$dir/one.key"
}

@test "with a certificate it speaks TLS alone, to those who trust it" {
	start_tls
	[[ $url == https://127.0.0.1:* ]]
	[ "$(status_of /healthz --cacert "$dir/one.crt")" = 200 ]
	[ "$(status_of /healthz)" = 000 ]
	[ "$(curl -s -o /dev/null -w '%{http_code}' "http://${url#https://}/healthz")" = 000 ]
	"$OUT/coldmeter" --url "$url" --ca-file "$dir/one.crt" functions
	COLDMETER_CA_FILE=$dir/one.crt "$OUT/coldmeter" --url "$url" functions
	run "$OUT/coldmeter" --url "$url" functions
	[ "$status" -eq 1 ]
	[[ $output == *"SSL peer certificate"* ]] || { echo "$output"; return 1; }
	run "$OUT/coldmeter" --url "$url" --ca-file "$dir/none" functions
	[ "$status" -eq 2 ]
	[[ $output == *"$dir/none"* ]]
}

@test "TLS before 1.2 is refused" {
	start_tls
	for version in 1.2 1.3; do
		[ "$(status_of /healthz --cacert "$dir/one.crt" "--tlsv$version" --tls-max "$version")" = 200 ]
	done
	# OpenSSL speaks those only when it is told that security does not matter
	for version in tls1 tls1_1; do
		echo Q | timeout 10 openssl s_client -connect "${url#https://}" "-$version" \
			-cipher ALL:@SECLEVEL=0 >"$dir/said" 2>&1 || true
		grep -q 'Cipher is (NONE)' "$dir/said" || { cat "$dir/said"; return 1; }
	done
}

@test "a certificate and key that are missing, open to others or no pair are refused with one line" {
	certificate one
	certificate two
	local at=(--data "$dir/d" --listen 127.0.0.1:0)
	refused 2 "go together" "${at[@]}" --tls-cert "$dir/one.crt"
	refused 2 "go together" "${at[@]}" --tls-key "$dir/one.key"
	refused 1 "$dir/none.crt" "${at[@]}" --tls-cert "$dir/none.crt" --tls-key "$dir/one.key"
	refused 1 "$dir/none.key" "${at[@]}" --tls-cert "$dir/one.crt" --tls-key "$dir/none.key"
	refused 1 "no certificate and its key" "${at[@]}" --tls-cert "$dir/one.crt" --tls-key "$dir/two.key"
	refused 1 "no certificate and its key" "${at[@]}" --tls-cert "$dir/one.key" --tls-key "$dir/one.key"
	printf 'tls_cert: %s\ntls_key: %s\n' "$dir/one.crt" "$dir/two.key" >"$dir/c.yaml"
	refused 1 "no certificate and its key" "${at[@]}" --config "$dir/c.yaml"
	chmod 644 "$dir/one.key"
	refused 1 "chmod 600" "${at[@]}" --tls-cert "$dir/one.crt" --tls-key "$dir/one.key"
	[ ! -e "$dir/d" ]
}

@test "other machines may reach it with TLS and tokens, not with one of them" {
	certificate one
	echo a-token-of-16-bytes >"$dir/tokens"
	chmod 600 "$dir/tokens"
	local at=(--data "$dir/d" --listen 0.0.0.0:0)
	local tls=(--tls-cert "$dir/one.crt" --tls-key "$dir/one.key")
	refused 1 "takes --tls-cert, --tls-key and --token-file" "${at[@]}" "${tls[@]}"
	refused 1 "takes --tls-cert, --tls-key and --token-file" "${at[@]}" --token-file "$dir/tokens"
	start --listen 0.0.0.0:0 "${tls[@]}" --token-file "$dir/tokens"
	url=https://localhost:${url##*:}
	[ "$(status_of /v1/functions --cacert "$dir/one.crt")" = 401 ]
	[ "$(status_of /v1/functions --cacert "$dir/one.crt" -H 'Authorization: Bearer a-token-of-16-bytes')" = 200 ]
}

@test "the agent ships over TLS to whom it was told to trust, and to nobody else" {
	[ "$(id -u)" -eq 0 ] || skip "loading probes needs root"
	run "$OUT/coldmeter-agent" --collector https://127.0.0.1:1 --ca-file "$dir/none"
	[ "$status" -eq 1 ]
	[[ $output == *"$dir/none"* ]]
	start_tls
	"$OUT/coldmeter-agent" --collector "$url" --ca-file "$dir/one.crt" 2>"$dir/trusts" 3>&- &
	trusts=$!
	"$OUT/coldmeter-agent" --collector "$url" 2>"$dir/doubts" 3>&- &
	doubts=$!
	for _ in $(seq 200); do
		agents=$(curl -s --cacert "$dir/one.crt" "$url/v1/functions" | jq '.agents | length')
		[ "$agents" = 1 ] && grep -q 'cannot be reached (SSL peer certificate' "$dir/doubts" && break
		sleep 0.1
	done
	kill "$trusts" "$doubts"
	wait "$trusts" "$doubts"
	[ "$agents" = 1 ] || { cat "$dir/trusts"; return 1; }
	grep -q 'cannot be reached (SSL peer certificate' "$dir/doubts" || { cat "$dir/doubts"; return 1; }
}

# token COMMAND...: of $dir/tokens.
token() { "$OUT/coldmeter" token "$@" --file "$dir/tokens" 2>"$dir/said"; }

# as FILE METHOD PATH: the status, asked with the token in $dir/FILE.
as() { status_of "$3" -X "$2" -H "Authorization: Bearer $(cat "$dir/$1")" -H 'Content-Type: application/json' ${4:+-d "$4"}; }

@test "tokens: made, listed, shown once, each with its role on every route" {
	token add web-1 --role agent >"$dir/agent"
	token add eyes --role read >"$dir/read"
	token add boss --role admin >"$dir/admin"
	[ "$(stat -c %a "$dir/tokens")" = 600 ]
	[ "$(grep -cF -f "$dir/agent" "$dir/tokens")" -eq 0 ]
	[ "$(token list --json | jq -c '[.tokens[] | [.name, .role]]')" = '[["web-1","agent"],["eyes","read"],["boss","admin"]]' ]
	run token add boss --role admin
	[ "$status" -eq 1 ]
	run token add other
	[ "$status" -eq 2 ]
	run token add 'a b' --role read
	[ "$status" -eq 2 ]
	start --token-file "$dir/tokens"
	for path in /v1/functions /v1/functions/f/series /v1/invocations /v1/invoice /metrics /v1/budgets /v1/budgets/b \
		/v1/alerts /v1/keepwarm /v1/keepwarm/f /v1/advice?kind=memory; do
		[ "$(as agent GET "$path")" = 403 ] || { echo "agent GET $path"; return 1; }
		[[ $(as read GET "$path") = [24]0[04] ]] || { echo "read GET $path: $(cat "$dir/answer")"; return 1; }
	done
	for path in /v1/batches /v1/invocations /v1/traces; do
		[ "$(as read POST "$path" {})" = 403 ] || { echo "read POST $path"; return 1; }
		[[ $(as agent POST "$path" {}) = 415 ]] || [ "$(as agent POST "$path" {})" = 200 ] || { echo "agent POST $path"; return 1; }
	done
	for what in 'PUT /v1/budgets/b' 'DELETE /v1/budgets/b' 'POST /v1/alerts/test' 'POST /v1/alerts/1/ack' \
		'POST /v1/alerts/1/snooze' 'PUT /v1/keepwarm/f'; do
		for who in read agent; do
			# shellcheck disable=SC2086 # method and path
			[ "$(as $who $what {})" = 403 ] || { echo "$who $what"; return 1; }
		done
	done
	[ "$(as admin PUT /v1/budgets/b '{"limit_usd":"5.00","period":"day"}')" = 200 ]
	[ "$(grep -cF -f "$dir/agent" -f "$dir/read" -f "$dir/admin" "$dir/log")" -eq 0 ]
}

@test "tokens: one that is revoked is none within seconds, without a restart; the last one too" {
	token add one --role read >"$dir/one"
	token add two --role read >"$dir/two"
	start --token-file "$dir/tokens"
	[ "$(as one GET /v1/functions)" = 200 ]
	token revoke one
	says "tokens read again"
	[ "$(as one GET /v1/functions)" = 401 ]
	[ "$(as two GET /v1/functions)" = 200 ]
	echo nonsense >>"$dir/tokens"
	says "the tokens stay as they were"
	[ "$(as two GET /v1/functions)" = 200 ]
	sed -i '$d' "$dir/tokens"
	token revoke two
	for _ in $(seq 60); do
		[ "$(as two GET /v1/functions)" = 401 ] && break
		sleep 0.1
	done
	[ "$(as two GET /v1/functions)" = 401 ]
	refused 1 "holds no token" --data "$dir/other" --listen 127.0.0.1:0 --token-file "$dir/tokens"
}

@test "one address gets so many connections and requests, and is told when to come back" {
	refused 2 "whole number" --client-connections none
	start --client-connections 4 --client-requests-per-s 2
	# from one process, so that a busy host has no time to let some pass again
	mapfile -t codes < <(curl -s -D "$dir/head" -o "$dir/answer" -w '%{http_code}\n' "$url/healthz?n=[1-80]")
	[ "${#codes[@]}" -eq 80 ]
	for i in $(seq 0 9); do [ "${codes[i]}" = 200 ]; done
	[ "${codes[79]}" = 429 ]
	grep -qi '^retry-after: 1' "$dir/head"
	[ "$(jq -r .error.code "$dir/answer")" = too_many ]
	printf 'client_connections: 4\nclient_requests_per_s: many\n' >"$dir/c.yaml"
	refused 1 "c.yaml:2:24: client_requests_per_s" --config "$dir/c.yaml" --check-config
}

@test "a client that drips does not hold others up, and a thousand connections are served" {
	start
	python3 - "${url##*:}" <<-'END'
		import resource, socket, sys
		resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
		at = ("127.0.0.1", int(sys.argv[1]))
		drips = []
		for _ in range(1100):
		    s = socket.create_connection(at)
		    s.sendall(b"GET /healthz HTTP/1.1\r\nHost: loc")
		    drips.append(s)
		for s in drips:
		    s.sendall(b"alhost\r\n\r\n")
		for s in drips:
		    s.settimeout(10)
		    assert s.recv(4096).startswith(b"HTTP/1.1 200 OK")
	END
	[ "$(status_of /healthz)" = 200 ]
}

@test "thousands of connections that say nothing are bounded, cut off, and then others are served and stored" {
	start
	python3 - "${url##*:}" <<-'END'
		import resource, socket, sys, time, urllib.request
		resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
		at = ("127.0.0.1", int(sys.argv[1]))
		idle = []
		late = 0
		while len(idle) < 4000 and late < 3: # it takes 2048 at once, the kernel some more
		    try:
		        idle.append(socket.create_connection(at, timeout=1))
		        late = 0
		    except TimeoutError:
		        late += 1
		assert 2000 < len(idle) < 4000, len(idle)
		line = b'{"function":"f","start":"2026-11-28T00:00:00Z","duration_ms":5}'
		request = urllib.request.Request("http://%s:%d/v1/invocations" % at, line, {"Content-Type": "application/x-ndjson"})
		until = time.monotonic() + 60
		while True:
		    try:
		        assert urllib.request.urlopen(request, timeout=2).status == 200
		        break
		    except OSError:
		        assert time.monotonic() < until
		        time.sleep(0.2)
	END
	[ "$(status_of /readyz)" = 200 ]
	if ! nm "$collector" 2>/dev/null | grep -q '__[at]san_init'; then
		[ "$(awk '/^VmHWM:/ { print $2 }' "/proc/$pid/status")" -lt 60000 ] # KB
	fi
	kill -0 "$pid"
}

@test "it runs confined, unless told not to" {
	if nm "$collector" 2>/dev/null | grep -q '__[at]san_init'; then skip "a sanitizer needs more"; fi
	start
	for task in "/proc/$pid/task/"*; do
		[ "$(awk '/^Seccomp:/ { print $2 }' "$task/status")" = 2 ]
		[ "$(awk '/^NoNewPrivs:/ { print $2 }' "$task/status")" = 1 ]
	done
	kill -9 "$pid"
	start --seccomp off
	[ "$(awk '/^Seccomp:/ { print $2 }' "/proc/$pid/status")" = 0 ]
}

@test "the request log says who and what, and no secret" {
	token add eyes --role read >"$dir/read"
	start --token-file "$dir/tokens" --request-log on
	[ "$(as read GET "/v1/functions?since=2h&access_token=$(cat "$dir/read")&$(cat "$dir/read")=x")" = 200 ]
	[ "$(status_of "/v1/functions" -H 'Authorization: Bearer not-a-token-of-any')" = 401 ]
	says "request: 127.0.0.1 eyes GET /v1/functions?since=2h&***=***&***=*** 200 0 in "
	says "request: 127.0.0.1 - GET /v1/functions 401 0 in "
	[ "$(grep -cF -f "$dir/read" -e not-a-token "$dir/log")" -eq 0 ]
	[ "$(status_of "/$(printf '%%1b%0900d' 7)")" = 401 ]
	says " 401 0 in "
	kill -9 "$pid"
	start --token-file "$dir/tokens"
	[ "$(as read GET /v1/functions)" = 200 ]
	[ "$(grep -c request: "$dir/log")" -eq 0 ]
}

# doctor [options]: its checks; it may fail for other reasons on this host, and here has no agent beside it to try probes.
doctor() { "$dir/coldmeter" --url "$url" "$@" doctor --json >"$dir/checks" || [ $? -eq 1 ]; }

# checked WHAT STATE TEXT
checked() {
	jq -e --arg what "$1" --arg state "$2" --arg text "$3" \
		'any(.checks[]; .what == $what and .state == $state and (.detail | contains($text)))' "$dir/checks" >/dev/null || {
		jq -c '.checks[]' "$dir/checks"
		return 1
	}
}

@test "doctor says how it talks to a collector elsewhere: TLS, token, clock, version" {
	token add eyes --role read >"$dir/read"
	token add web-1 --role agent >"$dir/agent"
	cp "$OUT/coldmeter" "$dir"
	certificate one
	start --tls-cert "$dir/one.crt" --tls-key "$dir/one.key" --token-file "$dir/tokens"
	doctor --ca-file "$dir/one.crt" --token-file "$dir/read"
	checked TLS ok trust
	checked certificate warn "ends in"
	checked token ok "eyes, of role read"
	checked clock ok agree
	checked version ok "as the collector's"
	checked agents warn "none has sent anything"
	doctor --ca-file "$dir/one.crt" --token-file "$dir/agent"
	checked token warn "web-1 is of role agent"
	doctor --ca-file "$dir/one.crt"
	checked token fail "--token-file"
	doctor
	checked collector fail "SSL peer certificate"
}
