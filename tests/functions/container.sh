#!/bin/sh
# A container of the host's own programs, in the host's network: container.sh BUNDLE ID MEMORY_MB NAME=VALUE... -- COMMAND...
# makes the bundle for `runc run -d --bundle BUNDLE ID`. The root is empty but for links, the host's /usr and this tree's
# tests, both read only.
set -eu

bundle=$1 id=$2 memory_mb=$3
shift 3
here=$(cd "$(dirname "$0")" && pwd)
root=$bundle/root
mkdir -p "$root/usr" "$root/proc" "$root/sys" "$root/dev" "$root/tmp" "$root/etc" "$root/tests"
for link in bin lib lib64 sbin; do ln -sfn "usr/$link" "$root/$link"; done

environment='"PATH=/usr/sbin:/usr/bin:/sbin:/bin"'
while [ "$1" != -- ]; do
	environment="$environment,$(printf %s "$1" | jq -R .)"
	shift
done
shift
arguments=$(for word; do printf '%s\n' "$word"; done | jq -R . | jq -sc .)

(cd "$bundle" && rm -f config.json && runc spec)
jq --arg root "$root" --arg id "$id" --arg tests "$here" --argjson memory $((memory_mb << 20)) \
	--argjson args "$arguments" --argjson env "[$environment]" '
	.process.terminal = false | .process.args = $args | .process.env = $env | .process.cwd = "/tmp"
	| .root = {path: $root, readonly: false}
	| .mounts += [{destination: "/usr", type: "bind", source: "/usr", options: ["rbind", "ro"]},
	              {destination: "/tests", type: "bind", source: $tests, options: ["rbind", "ro"]}]
	| .linux.namespaces |= map(select(.type != "network"))
	| .linux.cgroupsPath = "/coldmeter-tests/" + $id
	| .linux.resources.memory = {limit: $memory}
' "$bundle/config.json" >"$bundle/config.new"
mv "$bundle/config.new" "$bundle/config.json"
