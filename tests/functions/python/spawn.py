"""A process for each request: spawn.py FUNCTION N PROGRAM LOG runs PROGRAM MS LOG for N times of 0 to 200 ms, one after
the other. To the line that each leaves it adds when that process had become its program (spawned_ns, from outside: from
inside the first moment is main(), and the dynamic linker was there before it)."""

import json
import os
import sys
import time

_, function, n, program, path = sys.argv
environment = dict(os.environ, COLDMETER_FUNCTION=function)
spawned = []
for i in range(int(n)):
    # the C library returns from this once the new program is in place
    pid = os.posix_spawn(program, [program, str((i * 73 + 11) % 201), path], environment)
    spawned.append(time.time_ns())
    os.waitpid(pid, 0)
with open(path, encoding="utf-8") as log:
    lines = [dict(json.loads(line), spawned_ns=at) for line, at in zip(log, spawned)]
with open(path, "w", encoding="utf-8") as log:
    log.writelines(json.dumps(line) + "\n" for line in lines)
