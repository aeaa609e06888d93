#!/usr/bin/env python3
"""One process that serves many functions: many.py [WORDS...] PORT[,PORT...]. Any path is answered with 200, /2015-03-31/functions/stranger/...
with 404. A front door of Lambda's invoke API, as serverless-offline has one, and any other route."""

import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(404 if "/functions/stranger/" in self.path else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST

    def log_message(self, *_):
        pass


servers = [ThreadingHTTPServer(("127.0.0.1", int(port)), Handler) for port in sys.argv[-1].split(",")]
for server in servers[1:]:
    threading.Thread(target=server.serve_forever, daemon=True).start()
servers[0].serve_forever()
