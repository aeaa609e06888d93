#!/usr/bin/env python3
"""A Lambda runtime in plain Python: asks for events, works, answers with what that cost it as it sees it itself: its
CPU time since the event came, and the most memory it ever held.

An event is {"ms","cpu","mb","bytes"}, and may ask for a bad end: {"fail": "text"}, {"exit": 3}, {"signal": 11}.
INIT_MS delays the start; INIT_FAIL=text reports an init error and ends, INIT_EXIT=3 just ends.
"""

import http.client
import json
import os
import signal
import sys
import time

from work import wishes, work

RUNTIME = "/2018-06-01/runtime/"


def post(connection, path, body, fields=None):
    connection.request("POST", RUNTIME + path, body, fields or {})
    connection.getresponse().read()


def peak_memory_mb():
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024


def handle(event):
    begun = time.process_time()
    if not isinstance(event, dict):
        event = {}
    if "exit" in event:
        os._exit(int(event["exit"]))
    if "signal" in event:
        os.kill(os.getpid(), int(event["signal"]))
        signal.pause()
    answer = work(wishes(event))
    if "fail" in event:
        raise RuntimeError(event["fail"])
    return json.dumps({"answer": answer.decode(), "cpu_ms": (time.process_time() - begun) * 1000,
                       "peak_memory_mb": peak_memory_mb()}).encode()


def failure(error):
    return json.dumps({"errorType": type(error).__name__, "errorMessage": str(error)}).encode()


def serve_one(connection, handler):
    connection.request("GET", RUNTIME + "invocation/next")
    reply = connection.getresponse()
    payload = reply.read()
    request_id = reply.getheader("Lambda-Runtime-Aws-Request-Id")
    try:
        answer = handler(json.loads(payload or b"null"))
    except Exception as error:  # whatever a handler raises is the event's outcome
        post(connection, f"invocation/{request_id}/error", failure(error),
             {"Lambda-Runtime-Function-Error-Type": type(error).__name__})
        return
    post(connection, f"invocation/{request_id}/response", answer)


def run(handler):
    connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    time.sleep(int(os.environ.get("INIT_MS", 0)) / 1000)
    if "INIT_EXIT" in os.environ:
        sys.exit(int(os.environ["INIT_EXIT"]))
    if "INIT_FAIL" in os.environ:
        post(connection, "init/error", failure(ImportError(os.environ["INIT_FAIL"])))
        sys.exit(1)
    while True:
        serve_one(connection, handler)


if __name__ == "__main__":
    run(handle)
