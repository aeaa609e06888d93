#!/bin/sh
# What the tests and benches need from npm, installed once: install.sh [functions|offline|otel|exporter] prints the
# folder that holds node_modules. It stands in the user's cache, which `make clean` leaves alone; COLDMETER_TEST_CACHE
# moves it. `functions` (unless told) are the runtimes that functions run on, `offline` the laptop's server of many
# functions, `otel` the instrumentation that the bench of overhead compares with, `exporter` what sends spans to the
# collector. Exit status 77 when npm or a compiler is not here, with the reason on standard error.
set -eu

set=${1:-functions}
case $set in
functions)
	packages='aws-lambda-ric@3.3.0 @google-cloud/functions-framework@5.0.5'
	tools='node npm cmake autoconf automake libtoolize g++ python3'
	;;
offline)
	packages='serverless-offline@13.9.0' # the last for release 3 of the framework, which wants no account
	tools='node npm'
	npm_config_legacy_peer_deps=true # not the framework itself: 230 MB
	export npm_config_legacy_peer_deps
	;;
otel)
	packages='@opentelemetry/auto-instrumentations-node@0.81.2' # the last for Node.js 20
	tools='node npm'
	;;
exporter)
	packages='@opentelemetry/sdk-trace-base@2.12.0 @opentelemetry/exporter-trace-otlp-proto@0.223.0
		@opentelemetry/exporter-trace-otlp-http@0.223.0'
	packages=$(echo $packages) # on one line: they name the stamp
	tools='node npm'
	;;
*)
	echo 'usage: install.sh [functions|offline|otel|exporter]' >&2
	exit 2
	;;
esac
cache=${COLDMETER_TEST_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/coldmeter}/$set
stamp=$cache/$(echo "$packages $(node --version 2>/dev/null || echo none)" | tr '/@ ' '---').installed

if [ ! -e "$stamp" ]; then
	for tool in $tools; do
		command -v "$tool" >/dev/null || { echo "$tool is not installed" >&2; exit 77; }
	done
	echo "installing $packages into $cache (a minute or two, once)" >&2
	rm -rf "$cache"
	mkdir -p "$cache"
	echo '{"name":"coldmeter-test-functions","version":"1.0.0","private":true}' >"$cache/package.json"
	# the headers that node came with, so that node-gyp downloads none
	npm_config_nodedir=$(dirname "$(dirname "$(readlink -f "$(command -v node)")")")
	export npm_config_nodedir
	# shellcheck disable=SC2086 # a list of packages
	if ! (cd "$cache" && npm install --no-audit --no-fund $packages) >"$cache/install.log" 2>&1; then
		echo "npm install failed: $(tail -n 1 "$cache/install.log")" >&2
		exit 77
	fi
	touch "$stamp"
fi
echo "$cache"
