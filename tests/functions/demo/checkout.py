#!/usr/bin/env python3
"""An HTTP function: adds up the cart that is posted and answers with the total. checkout.py PORT."""

import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PRICES = {"tea": 420, "cup": 950, "pot": 3900}


def total_cents(cart):
    return sum(PRICES[item["name"]] * int(item["count"]) for item in cart)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            cart = json.loads(body)
            time.sleep(0.004 * len(cart))  # the stock is asked for each item
            status, answer = 200, {"total_cents": total_cents(cart)}
        except (KeyError, TypeError, ValueError) as error:
            status, answer = 500, {"error": repr(error)}
        text = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
