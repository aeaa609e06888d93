#!/usr/bin/env python3
"""exports_load.py PREFIX: invocations of four functions as NDJSON, a thousand each, with known durations. PREFIX.0.95
and the like get each function's exact quantile: the values one rank below and above it."""
import datetime
import json
import math
import random
import sys

FUNCTIONS = 4
EACH = 1000
dice = random.Random(7)
start = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=4)
durations = [[] for _ in range(FUNCTIONS)]
for i in range(FUNCTIONS * EACH):
    f = i % FUNCTIONS
    duration_ms = round(dice.lognormvariate(math.log(20 * (f + 1)), 0.8), 3)
    durations[f].append(duration_ms)
    line = {
        "function": f"f{f}",
        "version": "7",
        "platform": "aws-lambda",
        "kind": "lambda",
        "host": "h1",
        "request_id": f"r{i}",
        "start": (start + datetime.timedelta(milliseconds=40 * i)).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "duration_ms": duration_ms,
        "cpu_ms": duration_ms / 2,
        "peak_memory_mb": dice.randrange(40, 120),
        "cold": i % 100 < FUNCTIONS,
        "status": "timeout" if i % 40 < FUNCTIONS else "error" if i % 25 < FUNCTIONS else "ok",
    }
    if line["cold"]:
        line["init_ms"] = dice.randrange(150, 400)
    print(json.dumps(line))
for q in (0.5, 0.95, 0.99):
    with open(f"{sys.argv[1]}.{q}", "w", encoding="ascii") as file:
        for f, values in enumerate(durations):
            values.sort()
            rank = math.ceil(q * EACH) - 1
            print(f"f{f}", values[rank - 1] / 1000, values[rank + 1] / 1000, file=file)
