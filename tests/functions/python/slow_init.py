#!/usr/bin/env python3
"""A function whose init does what it is told, then serves as the HTTP function does, or as a Lambda runtime when the
environment says so: slow_init.py [ADDRESS PORT].

INIT_READ=FILE reads a file, INIT_MAP=FILE touches each page of it; INIT_PEERS="ADDRESS:PORT ..." connects to each, thinks
for INIT_THINK_MS, sends "hello" and waits for the answer, by datagrams with "udp:" in front, and on a unix socket with "unix:PATH"
or "unix:@NAME"; INIT_DEAF_MS listens so long before it accepts.
"""

import mmap
import os
import socket
import sys
import time


def read(path):
    with open(path, "rb", buffering=0) as file:
        while file.read(1 << 20):
            pass


def touch(path):
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as pages:
        pages.madvise(mmap.MADV_RANDOM)
        for at in range(0, len(pages), mmap.PAGESIZE):
            pages[at]


def connect(peer):
    if peer.startswith("unix:"):
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(peer.removeprefix("unix:").replace("@", "\0"))
        return connection
    address, port = peer.rsplit(":", 1)
    return socket.create_connection((address.strip("[]"), int(port)))


def ask(peer):
    if peer.startswith("udp:"):
        address, port = peer.removeprefix("udp:").rsplit(":", 1)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.connect((address, int(port)))
            sock.send(b"hello")
            sock.recv(64)
        return
    with connect(peer) as connection:
        time.sleep(int(os.environ.get("INIT_THINK_MS", 0)) / 1000)
        connection.sendall(b"hello")
        connection.recv(64)


if "INIT_READ" in os.environ:
    read(os.environ["INIT_READ"])
if "INIT_MAP" in os.environ:
    touch(os.environ["INIT_MAP"])
for each in os.environ.get("INIT_PEERS", "").split():
    ask(each)
if "AWS_LAMBDA_RUNTIME_API" in os.environ:
    import lambda_runtime
    lambda_runtime.run(lambda event: b"{}")
if "INIT_DEAF_MS" in os.environ:
    import socketserver
    socketserver.TCPServer.server_activate = lambda server: (
        server.socket.listen(16), time.sleep(int(os.environ["INIT_DEAF_MS"]) / 1000))
del sys.argv[0]
sys.argv.insert(0, "http_server.py")
import http_server  # noqa: E402,F401 it serves when it is imported
