"""A process for each request: spawn.py FUNCTION N PROGRAM LOG runs PROGRAM MS LOG for N times of 0 to 200 ms, one after
the other. To the line that each leaves, from its main() to before its exit, it adds the moments around those: when the
new program was about to be in place (spawned_ns) and when the process had been waited for (reaped_ns)."""

import json
import os
import sys
import time

_, function, n, program, path = sys.argv
# at real-time priority what it starts comes after it: the moment is not to wait for a CPU
lower = {"scheduler": (os.SCHED_RR, os.sched_param(1))} if os.sched_getscheduler(0) == os.SCHED_RR else {}
environment = dict(os.environ, COLDMETER_FUNCTION=function)
around = []
for i in range(int(n)):
    # the C library returns from this when the new program takes the place of the old one
    pid = os.posix_spawn(program, [program, str((i * 73 + 11) % 201), path], environment, **lower)
    spawned_ns = time.time_ns()
    os.waitpid(pid, 0)
    around.append({"spawned_ns": spawned_ns, "reaped_ns": time.time_ns()})
with open(path, encoding="utf-8") as log:
    lines = [dict(json.loads(line), **moments) for line, moments in zip(log, around)]
with open(path, "w", encoding="utf-8") as log:
    log.writelines(json.dumps(line) + "\n" for line in lines)
