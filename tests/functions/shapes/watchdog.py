#!/usr/bin/env python3
"""A watchdog as OpenFaaS has them: watchdog.py PORT http INNER_PORT COMMAND... starts the function, a server of its own,
once, and forwards each request to it; watchdog.py PORT pooled INNER_PORT COMMAND... on connections that it keeps;
watchdog.py PORT classic COMMAND... starts the function for each request, with the request's body as its input. INNER_PORT
may be [ADDRESS]:PORT of IPv6 or the path of a unix socket."""

import http.client
import signal
import socket
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class UnixConnection(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.host)


def inner_connection(where):
    if where.startswith("["):
        return http.client.HTTPConnection(where)
    return http.client.HTTPConnection("127.0.0.1", int(where)) if where.isdigit() else UnixConnection(where)


pool = []


def forward(where, path, body, keep):
    connection = pool.pop() if pool else inner_connection(where)
    connection.request("POST", path, body)
    reply = connection.getresponse()
    text = reply.read()
    if keep:
        pool.append(connection)
    else:
        connection.close()
    return reply.status, text


def start_for(command, body):
    done = subprocess.run(command, input=body, stdout=subprocess.PIPE, check=False)
    return (200 if done.returncode == 0 else 500), done.stdout


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status, text = self.server.answer(self.path, body)
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST

    def log_message(self, *_):
        pass


def is_up(where):
    try:
        inner_connection(where).connect()
    except OSError:
        return False
    return True


port, mode, rest = sys.argv[1], sys.argv[2], sys.argv[3:]
server = ThreadingHTTPServer(("127.0.0.1", int(port)), Handler, bind_and_activate=False)
if mode in ("http", "pooled"):
    inner, command = rest[0], rest[1:]
    child = subprocess.Popen(command)
    signal.signal(signal.SIGTERM, lambda *_: (child.terminate(), child.wait(), sys.exit(0)))
    while not is_up(inner):
        time.sleep(0.01)
    server.answer = lambda path, body: forward(inner, path, body, mode == "pooled")
else:
    server.answer = lambda path, body: start_for(rest, body)
server.server_bind()
server.server_activate()
server.serve_forever()
