"""A server's own clock: with CLOCK_LOG=file, when it began to listen, and of each request when its first byte was read
and its last byte written.

Python loads this module by itself when its folder is in PYTHONPATH. It stands around the socket's methods, so the
moments are those that any server on them sees, whatever its framework. A request ends with the last write before the
next read on its connection, or before the connection is closed.
"""

import json
import os
import socket
import threading
import time
import weakref

LOG = os.environ.get("CLOCK_LOG")
exchanges = weakref.WeakKeyDictionary()
lock = threading.Lock()


def write(line):
    with lock, open(LOG, "a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def finish(sock):
    exchange = exchanges.pop(sock, None)
    if exchange and "sent_ns" in exchange:
        write(exchange)


def received(sock, result):
    now = time.time_ns()
    if not (result if isinstance(result, int) else len(result)):
        return
    if "sent_ns" in exchanges.get(sock, {}):
        finish(sock)
    exchanges.setdefault(sock, {"read_ns": now})


def sent(sock, _):
    now = time.time_ns()
    if sock in exchanges:
        exchanges[sock]["sent_ns"] = now


def listens(_sock, _):
    write({"listen_ns": time.time_ns()})


def after(name, then):
    plain = getattr(socket.socket, name)

    def method(self, *args, **kwargs):
        result = plain(self, *args, **kwargs)
        then(self, result)
        return result

    setattr(socket.socket, name, method)


def before(name, first):
    plain = getattr(socket.socket, name)

    def method(self, *args, **kwargs):
        first(self)
        return plain(self, *args, **kwargs)

    setattr(socket.socket, name, method)


if LOG:
    for method_name in ("recv", "recv_into"):
        after(method_name, received)
    for method_name in ("send", "sendall"):
        after(method_name, sent)
    after("listen", listens)
    for method_name in ("shutdown", "close"):
        before(method_name, finish)
