#!/bin/sh
# The npm runtimes that the tests run functions on, installed once: install.sh prints the folder that holds
# node_modules. It stands in the user's cache, which `make clean` leaves alone; COLDMETER_TEST_CACHE moves it.
# Exit status 77 when npm or a compiler is not here, with the reason on standard error.
set -eu

ric=aws-lambda-ric@3.3.0
framework=@google-cloud/functions-framework@5.0.5
cache=${COLDMETER_TEST_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/coldmeter}/functions
stamp=$cache/$(echo "$ric $framework $(node --version 2>/dev/null || echo none)" | tr '/@ ' '---').installed

if [ ! -e "$stamp" ]; then
	for tool in node npm cmake autoconf automake libtoolize g++ python3; do
		command -v "$tool" >/dev/null || { echo "$tool is not installed" >&2; exit 77; }
	done
	echo "installing $ric and $framework into $cache (a minute or two, once)" >&2
	rm -rf "$cache"
	mkdir -p "$cache"
	echo '{"name":"coldmeter-test-functions","version":"1.0.0","private":true}' >"$cache/package.json"
	# the headers that node came with, so that node-gyp downloads none
	npm_config_nodedir=$(dirname "$(dirname "$(readlink -f "$(command -v node)")")")
	export npm_config_nodedir
	if ! (cd "$cache" && npm install --no-audit --no-fund "$ric" "$framework") >"$cache/install.log" 2>&1; then
		echo "npm install failed: $(tail -n 1 "$cache/install.log")" >&2
		exit 77
	fi
	touch "$stamp"
fi
echo "$cache"
