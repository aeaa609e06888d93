#!/usr/bin/env python3
"""A server that is told which function it is, as OpenWhisk's action proxies and Fission's environments are: proxy.py PORT.
POST /init, /specialize and /v2/specialize take 100 ms; everything else is answered after 20 ms."""

import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        time.sleep(0.1 if self.path in ("/init", "/specialize", "/v2/specialize") else 0.02)
        self.send_response(200)
        self.send_header("Content-Length", "11")
        self.end_headers()
        self.wfile.write(b'{"OK":true}')

    do_GET = do_POST

    def log_message(self, *_):
        pass


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
