# Node functions, plain or with the instrumentation that npm has. Sourced before pairs.sh, which gives the script a
# network of its own: npm may have to install.
# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # for the scripts
sink_port=4318

# npm_folders TESTS: $framework and $otel are folders with node_modules, or empty after a line that says why.
npm_folders() {
	command -v node >/dev/null || { echo "$name: skipped, node is not installed"; exit 0; }
	said=$(mktemp)
	framework=$(sh "$1/functions/install.sh" 2>"$said") || {
		framework=''
		echo "$name: no functions-framework: $(tail -n 1 "$said")"
	}
	otel=$(sh "$1/functions/install.sh" otel 2>"$said") || {
		otel=''
		echo "$name: no opentelemetry beside it: $(tail -n 1 "$said")"
	}
	rm -f "$said"
	export framework otel
}
[ -n "${BENCH_INSIDE:-}" ] || npm_folders "$(dirname "$0")/.."

# For `env`. The spans go to a server on this host that takes and forgets them, in batches, as the instrumentation
# does unless told otherwise. Metrics and logs are off, and so are the detectors that ask a cloud's network.
otel_env="NODE_OPTIONS=--require=$otel/node_modules/@opentelemetry/auto-instrumentations-node/build/src/register.js
	OTEL_SERVICE_NAME=$name OTEL_METRICS_EXPORTER=none OTEL_LOGS_EXPORTER=none
	OTEL_NODE_RESOURCE_DETECTORS=env,host,os,process
	OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://127.0.0.1:$sink_port/v1/traces?bytes=0"
export NODE_ENV=production
