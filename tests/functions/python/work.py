"""What a test asks of a function: ms of waiting, cpu ms of work, mb of memory, bytes of answer, a status."""

import time
import urllib.parse

LIMITS = {"ms": 60000, "cpu": 60000, "mb": 2048, "bytes": 64 << 20, "status": 599}
DEFAULTS = {"ms": 0, "cpu": 0, "mb": 0, "bytes": 2, "status": 200}


def wishes(given):
    """Numbers out of a mapping, within limits; what is no number counts as not asked for."""
    out = dict(DEFAULTS)
    for name, most in LIMITS.items():
        try:
            out[name] = min(max(int(given.get(name, out[name])), 0), most)
        except (TypeError, ValueError):
            pass
    return out


def wishes_of_query(query):
    return wishes(dict(urllib.parse.parse_qsl(query)))


def work(wish):
    """Does it and returns the answer's bytes."""
    memory = bytearray(wish["mb"] << 20)
    for page in range(0, len(memory), 4096):
        memory[page] = 1
    until = time.thread_time() + wish["cpu"] / 1000
    while time.thread_time() < until:
        pass
    time.sleep(wish["ms"] / 1000)
    return b"x" * wish["bytes"]
