#!/usr/bin/env python3
"""Compares what the agent printed of one function with what the other side timed itself.

compare.py SEEN NAME TRUTH START END [--skip N] [--started NS] [--start-by LATER] [--end-by LATER]
           [--within MS] [--beyond SHARE]

SEEN is the agent's output, TRUTH one JSON object per event with the moments START and END in nanoseconds of the wall
clock; a line with listen_ns says when a server began to listen. Where TRUTH has request ids they must be the same,
otherwise order of start pairs them. The count must be exact.

Durations are within 1 ms (--within: another) or 2 %, and half of them within half of that. The other side's clock is
read in user space, which a busy host may hold up between the event and the reading: 1 of 20 (--beyond: another share) may
be further away, and how many are is printed. With --start-by and --end-by the truth knows each moment only as one between
two: an error is how far the duration is outside of the shortest and the longest that they allow. With --started, the
moment before the function's first process was started, the init is within 15 ms of the time from there until it listened.

Prints the figures, says what is wrong and ends with 1.
"""

import argparse
import datetime
import json
import sys


def moment_ns(text):
    """RFC 3339 with nanoseconds, in UTC."""
    seconds, fraction = text.rstrip("Z").split(".")
    at = datetime.datetime.fromisoformat(seconds).replace(tzinfo=datetime.timezone.utc)
    return int(at.timestamp()) * 10**9 + int(fraction.ljust(9, "0"))


def read(path, keep=lambda line: True):
    with open(path, encoding="utf-8") as file:
        return [line for line in map(json.loads, file) if keep(line)]


def read_seen(path, name):
    """Of the lines of many functions only those that are worth parsing."""
    with open(path, encoding="utf-8") as file:
        return [line for line in map(json.loads, (text for text in file if name in text)) if line["function"] == name]


def pairs(seen, truth, start):
    if all("request_id" in line for line in truth):
        by_id = {line["request_id"]: line for line in truth}
        strangers = [line.get("request_id") for line in seen if line.get("request_id") not in by_id]
        if strangers:
            sys.exit(f"request ids that the server did not give: {strangers[:5]}")
        if len({line["request_id"] for line in seen}) != len(seen):
            sys.exit("a request id was seen twice")
        return [(line, by_id[line["request_id"]]) for line in seen]
    return list(zip(sorted(seen, key=lambda line: line["start"]), sorted(truth, key=lambda line: line[start])))


def at(values, share):
    return values[min(int(len(values) * share), len(values) - 1)] if values else float("nan")


def compare_init(seen, listened_ns, started_ns):
    inits = [line["init_ms"] for line in seen if "init_ms" in line]
    real_ms = (min(listened_ns) - started_ns) / 1e6
    print(f"init ms: seen {inits}, real {real_ms:.3f}")
    if len(inits) != 1 or abs(inits[0] - real_ms) > 15:
        sys.exit(f"init ms as seen and as it was: {inits}, {real_ms}")


def main():
    parser = argparse.ArgumentParser()
    for name in ("seen", "name", "truth", "start", "end"):
        parser.add_argument(name)
    parser.add_argument("--skip", type=int, default=0, help="pairs at the start whose durations are not compared")
    parser.add_argument("--started", type=int, help="when the function was started, ns of the wall clock")
    parser.add_argument("--within", type=float, default=1, help="ms that a duration may be off")
    parser.add_argument("--beyond", type=float, default=0.05, help="share of durations that may be off by more")
    parser.add_argument("--start-by")
    parser.add_argument("--end-by")
    given = parser.parse_args()
    seen = read_seen(given.seen, given.name)
    truth = read(given.truth, lambda line: "listen_ns" not in line)
    if len(seen) != len(truth):
        sys.exit(f"{given.name}: {len(seen)} invocations seen, {len(truth)} happened")
    errors, starts, beyond, widths = [], [], [], []
    for line, real in pairs(seen, truth, given.start)[given.skip:]:
        if given.end not in real:
            continue
        shortest_ms = (real[given.end] - real[given.start_by or given.start]) / 1e6
        real_ms = (real[given.end_by or given.end] - real[given.start]) / 1e6
        error = max(shortest_ms - line["duration_ms"], line["duration_ms"] - real_ms, 0)
        widths.append(real_ms - shortest_ms)
        errors.append(error)
        starts.append(abs(moment_ns(line["start"]) - real[given.start]) / 1e6)
        if error > max(given.within, real_ms * 0.02):
            beyond.append((round(line["duration_ms"], 3), round(real_ms, 3)))
    errors.sort()
    starts.sort()
    widths.sort()
    print(f"{given.name}: {len(seen)} of {len(truth)}; duration error ms: median {at(errors, 0.5):.3f}, "
          f"P99 {at(errors, 0.99):.3f}, max {at(errors, 1):.3f}; start error ms: P99 {at(starts, 0.99):.3f}; "
          f"beyond {given.within:g} ms or 2 %: {len(beyond)}" +
          (f"; the truth is vague by {at(widths, 0.5):.3f} ms in the median" if given.start_by else ""))
    if not errors or at(errors, 0.5) > given.within / 2 or len(beyond) > int(len(errors) * given.beyond):
        sys.exit(f"durations as seen and as they were: {beyond[:10]}")
    if given.started:
        compare_init(seen, [line["listen_ns"] for line in read(given.truth, lambda line: "listen_ns" in line)], given.started)


main()
