#!/usr/bin/env bats
# Containers of podman and of crun, as each makes them: on cgroups of this host, and with version 2 of them hidden, where
# every container is in the root of that hierarchy. crun refuses hosts that have both.

# shellcheck disable=SC2154 # set in lib
load lib

port=17420

setup() {
	dir=$BATS_TEST_TMPDIR
	functions=$BATS_TEST_DIRNAME/../functions
	f=$(name "runtimes-$BATS_TEST_NUMBER")
	id=$(echo "$f" | sha256sum | cut -c1-64)
	settings=(PYTHONPATH=/tests/python PYTHONDONTWRITEBYTECODE=1 CLOCK_LOG=/tmp/clock)
	server=(/usr/bin/python3 /tests/python/http_server.py 127.0.0.1 "$port")
	needs runc
	"$functions/container.sh" "$dir/bundle" "$id" 256 COLDMETER_FUNCTION="$f" "${settings[@]}" -- "${server[@]}"
	log=$dir/bundle/root/tmp/clock
	hide_v2=true
	[ ! -e /sys/fs/cgroup/unified ] || hide_v2='umount /sys/fs/cgroup/unified'
}

no_cgroups_left() {
	local which=(-type d '(' -name coldmeter-tests -o -path '*/libpod_parent*' ')')
	find /sys/fs/cgroup -maxdepth 3 -depth "${which[@]}" -exec rmdir {} ';' 2>/dev/null || true
	[ -z "$(find /sys/fs/cgroup -maxdepth 3 "${which[@]}" 2>/dev/null)" ]
}

teardown() {
	"${podman[@]}" rm -f -t 0 -a >/dev/null 2>&1 || true
	"${inside[@]}" crun --root "$dir/crun" delete -f "$id" 2>/dev/null || true
	end_all
	until_true 3 no_cgroups_left || true # conmon may still be in one
	[ -z "${made:-}" ] || rmdir "$made" 2>/dev/null || true
}

podman=(false)

# podman_run RUNTIME HIDE ENVIRONMENT...: the server in a container of podman's that is called $f, its store where podman
# has it and yet not the host's.
podman_run() {
	local runtime=$1 hide=$2 one
	local -a options=()
	shift 2
	needs podman "$runtime"
	[ -e /var/lib/containers ] || made=/var/lib/containers
	enter_mounts "mkdir -p /var/lib/containers && mount -t tmpfs tmpfs /var/lib/containers && $hide"
	podman=("${inside[@]}" podman --runroot "$dir/run" --tmpdir "$dir/tmp" --cgroup-manager cgroupfs --events-backend none
		--runtime "$(command -v "$runtime")")
	for one in "${settings[@]}" "$@"; do options+=(-e "$one"); done
	agent_start
	# limits of its own: those that it would set are more than this host may allow
	"${podman[@]}" run -d --name "$f" --network host --log-driver none --memory 256m --ulimit nofile=1024:1024 \
		--ulimit nproc=1024:1024 -v /usr:/usr:ro -v "$functions:/tests:ro" "${options[@]}" \
		--rootfs "$dir/bundle/root" "${server[@]}" >"$dir/id" 2>"$dir/podman.err" </dev/null 3>&- 4>&- ||
		skip "podman cannot make a container with $runtime here: $(cat "$dir/podman.err")"
	id=$(cat "$dir/id")
	until_true 20 listening "127.0.0.1:$port"
}

ask() { curl -s --max-time 20 -o /dev/null "http://127.0.0.1:$port/$1"; }

# as_one_container NAME N: so many were seen of it, as its server timed them, in the one sandbox that is its container,
# which may have 256 MB.
as_one_container() {
	expect "$1" "$2"
	compare "$1" "$log" read_ns sent_ns --within 3
	is "$(seen "$1" '[.sandbox, .kind, .status, .memory_limit_mb] | join(" ")' | sort -u)" "$id http ok 256" "the rest of each"
}

# is_of_podman: named by podman's own list.
is_of_podman() {
	for ms in {1..20}; do ask "?ms=$ms"; done
	for _ in 1 2; do "${podman[@]}" exec "$f" /bin/sh -c 'sleep 0.05' </dev/null; done
	as_one_container "$f" 20
	is "$(seen "$f" .platform | sort -u)" azure-functions platform
	is "$(seen "$f" 'select(has("init_ms")) | .cold' | tr '\n' ' ')" "true " inits
}

@test "podman's containers that runc makes: known by their id, named as podman has it on disk, counted once; by an agent that comes again too" {
	podman_run runc true FUNCTIONS_CUSTOMHANDLER_PORT=1 # of a mark that names nothing
	is_of_podman
	agent_stop
	agent_start
	ask "?ms=10"
	ask "?mb=400" || true
	expect "$f" 2
	agent_stop
	is "$(seen "$f" .status | tr '\n' ' ')" "ok oom " status
	is "$(seen "$f" '[.sandbox, .memory_limit_mb] | join(" ")' | sort -u)" "$id 256" "of one that is older than the agent"
}

@test "podman's containers that crun makes, without cgroups of version 2: known and named likewise" {
	podman_run crun "$hide_v2" FUNCTIONS_CUSTOMHANDLER_PORT=1
	is_of_podman
	agent_stop
}

@test "a container of crun's own, without cgroups of version 2: known by its id, counted once" {
	needs crun
	enter_mounts "$hide_v2"
	agent_start
	"${inside[@]}" crun --root "$dir/crun" run -d --bundle "$dir/bundle" "$id" >"$dir/container" 2>&1 </dev/null 3>&- 4>&- ||
		skip "crun cannot make a container here: $(cat "$dir/container")"
	until_true 20 listening "127.0.0.1:$port"
	for ms in {1..20}; do ask "?ms=$ms"; done
	for _ in 1 2; do "${inside[@]}" crun --root "$dir/crun" exec "$id" /bin/sh -c 'sleep 0.05' </dev/null; done
	as_one_container "$f" 20
	ask "?mb=400" || true
	expect "$f" 21
	agent_stop
	is "$(seen "$f" .status | tail -n 1)" oom "status of what asked for more than it has"
}
