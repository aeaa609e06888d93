#!/usr/bin/env python3
"""A Lambda runtime that spreads one event over connections and threads: lambda_connections.py SHAPE.

each       a new connection for each call, closed before the handler runs, as Ruby's runtime has it
threads    a thread of a pool asks and reads, the main thread answers on the same connection, as Node's has it
streaming  the answer in chunks on a connection of its own, from another thread, as Node's streaming handlers have it

An event is {"ms":N}; {"until":FILE} waits until there is one.
"""

import http.client
import json
import os
import sys
import threading
import time

API = os.environ["AWS_LAMBDA_RUNTIME_API"]
RUNTIME = "/2018-06-01/runtime/invocation/"


def ask(connection):
    connection.request("GET", RUNTIME + "next")
    reply = connection.getresponse()
    event = json.loads(reply.read() or b"{}")
    return reply.getheader("Lambda-Runtime-Aws-Request-Id"), event


def answer(connection, request_id, body):
    connection.request("POST", f"{RUNTIME}{request_id}/response", body)
    connection.getresponse().read()


def in_thread(work, *arguments):
    result = []
    thread = threading.Thread(target=lambda: result.append(work(*arguments)))
    thread.start()
    thread.join()
    return result[0]


def wait(event):
    while "until" in event and not os.path.exists(event["until"]):
        time.sleep(0.02)
    time.sleep(event.get("ms", 0) / 1000)
    return b"done"


def each():
    connection = http.client.HTTPConnection(API)
    request_id, event = ask(connection)
    connection.close()
    body = wait(event)
    connection = http.client.HTTPConnection(API)
    answer(connection, request_id, body)
    connection.close()


def threads(connection):
    request_id, event = in_thread(ask, connection)
    answer(connection, request_id, wait(event))


def chunks(event):
    yield b"begun "
    yield wait(event)


def streaming(connection):
    request_id, event = ask(connection)
    in_thread(answer, http.client.HTTPConnection(API), request_id, chunks(event))


kept = http.client.HTTPConnection(API)
while True:
    if sys.argv[1] == "each":
        each()
    elif sys.argv[1] == "threads":
        threads(kept)
    else:
        streaming(kept)
