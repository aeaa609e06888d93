#!/bin/busybox sh
# shellcheck shell=dash
# The first process of the guest: functions of each kind do known work while the agent measures, once for each
# back-end in $BACKENDS (from the kernel's command line, separated by commas). Everything that they wrote down goes
# to the second serial line as a tar archive; the first one is the console.
PATH=/bin
export PATH
/bin/busybox --install -s /bin

mkdir -p /proc /sys /tmp /results
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir /sys/fs/cgroup/unified 2>/dev/null
mount -t cgroup2 cgroup /sys/fs/cgroup
echo +memory >/sys/fs/cgroup/cgroup.subtree_control
mkdir /sys/fs/cgroup/small
echo 16M >/sys/fs/cgroup/small/memory.max
ifconfig lo 127.0.0.1 up

# until_true SECONDS COMMAND...
until_true() {
	tries=$(($1 * 10))
	shift
	until "$@" 2>/dev/null; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || { echo "not in time: $*"; return 1; }
		usleep 100000
	done
}

# begin NAME COMMAND...: a function, in the background, its pid in $pid
begin() {
	name=$1
	shift
	COLDMETER_FUNCTION=$name "$@" >"$name.out" 2>&1 &
	pid=$!
}

ends() { ! kill -0 "$1"; }

# the agent measures, or has given up
has_begun() { grep -q measuring agent.err || ends "$agent"; }

http_kind() {
	# each is asked at once: a second later it would be warm
	begin web http_function --listen 127.0.0.1:8080 --log web.log
	web=$pid
	until_true 20 ask 127.0.0.1:8080 1 - /
	begin six http_function --listen '[::1]:8081' --log six.log
	until_true 20 ask '[::1]:8081' 1 - '/?ms=5'
	begin path http_function --listen unix:/tmp/path --log path.log
	until_true 20 ask unix:/tmp/path 1 - /
	ask 127.0.0.1:8080 20 - '/?ms=5' '/?ms=23' '/?status=503' '/?bytes=300000' '/?chunked=1&bytes=20000&ms=2' >web.answers
	ask '[::1]:8081' 10 - '/?ms=5' >six.answers
	ask 127.0.0.1:8080 5 'a body' '/?ms=3' >>web.answers
	ask unix:/tmp/path 20 - '/?ms=5' '/?bytes=100000' '/?status=404' >path.answers
	grep VmHWM "/proc/$web/status" >web.memory
}

# http2_kind: streams, two at once on one connection
http2_kind() {
	begin h2 h2_function 127.0.0.1:8082 h2.log
	until_true 20 grep -q ':1F92 .* 0A ' /proc/net/tcp
	h2load -n 100 -c 1 -m 2 http://127.0.0.1:8082/ >h2.answers
}

# threads_kind: another thread than that which answers does the work
threads_kind() {
	begin threads threads_function 127.0.0.1:8083 threads.log
	until_true 20 ask 127.0.0.1:8083 1 - /
	for _ in 1 2 3 4 5; do ask 127.0.0.1:8083 1 - /; done >threads.answers
}

# worker_kind: a server on a unix socket that dies while the rest of its sandbox lives on, and while it is asked
worker_kind() {
	COLDMETER_FUNCTION=under sh -c 'http_function --listen unix:/tmp/under & echo $! >under.pid; sleep 1000' >under.out 2>&1 &
	until_true 20 ask unix:/tmp/under 1 - /
	ask unix:/tmp/under 1 - '/?ms=60000' >under.answers 2>&1 &
	usleep 500000
	kill -KILL "$(cat under.pid)"
}

lambda_kind() {
	INIT_MS=50 LOG=$PWD/event.log runtime_api --listen 127.0.0.1:9001 --function event -- /bin/lambda_function >event.out 2>&1 &
	until_true 20 ask 127.0.0.1:9001 1 '{"ms":5}' /2015-03-31/functions/event/invocations
	for ms in 0 3 11 29 0 3 11 29; do
		ask 127.0.0.1:9001 5 "{\"ms\":$ms}" /2015-03-31/functions/event/invocations
	done >event.answers
	ask 127.0.0.1:9001 2 '{"fail":1}' /2015-03-31/functions/event/invocations >>event.answers
}

process_kind() {
	spawn once once.log /bin/one_shot 0 5 20 50 0 5 20 50
	COLDMETER_FUNCTION=failing sh -c 'exit 3'
	COLDMETER_FUNCTION=crashing sh -c 'kill -SEGV $$'
	COLDMETER_FUNCTION=busy sh -c 'i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done'
	# it reads as much at once as its cgroup does not allow
	COLDMETER_FUNCTION=hungry sh -c 'echo $$ >/sys/fs/cgroup/small/cgroup.procs; exec dd if=/dev/zero of=/dev/null bs=64M count=1'
}

for backend in $(echo "$BACKENDS" | tr , ' '); do
	mkdir "/results/$backend"
	cd "/results/$backend" || exit
	# in an emulated machine everything costs too much
	coldmeter-agent --stdout --backend "$backend" --max-overhead 100 >seen 2>agent.err &
	agent=$!
	# the kernel checks the probes first, which takes an emulated machine a while
	until_true 240 has_begun
	if grep -q measuring agent.err; then
		http_kind
		http2_kind
		threads_kind
		worker_kind
		lambda_kind
		process_kind
		usleep 300000
	fi
	kill -TERM $agent
	until_true 20 ends $agent
	killall http_function h2_function threads_function runtime_api sleep
	usleep 200000
done 2>&1

stty -F /dev/ttyS1 raw
tar -c -C /results . >/dev/ttyS1
sync
poweroff -f
