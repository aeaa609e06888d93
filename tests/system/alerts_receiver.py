"""What alerts.bats talks to, as python3 alerts_receiver.py receive|platform PORT DIRECTORY [COLLECTOR].

receive: an HTTP receiver. Each POST is kept as DIRECTORY/post.N (head and body); the answer is the status
in DIRECTORY/status (200 when there is none), "close" for no answer at all.

platform: an HTTP function whose sandbox is lost after IDLE_LIFE seconds without a request. What a meter
would have seen of each request goes to COLLECTOR as an invocation: cold or warm, ping or not.
"""

import datetime
import http.server
import json
import os
import sys
import threading
import time
import urllib.request

IDLE_LIFE_S = 8.0
INIT_S = 0.2
MARK = "c01dc01dc01dc01d"

mode, port, directory = sys.argv[1], int(sys.argv[2]), sys.argv[3]
collector = sys.argv[4] if len(sys.argv) > 4 else ""
lock = threading.Lock()
state = {"n": 0, "end": 0.0, "sandbox": 0}


class Receiver(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        with lock:
            state["n"] += 1
            name = os.path.join(directory, "post.%d" % state["n"])
            with open(name + ".tmp", "wb") as out:
                out.write(self.requestline.encode() + b"\n" + bytes(self.headers) + body)
            os.rename(name + ".tmp", name)
        try:
            with open(os.path.join(directory, "status")) as wanted:
                status = wanted.read().strip()
        except FileNotFoundError:
            status = "200"
        self.close_connection = True
        if status != "close":
            self.send_response(int(status))
            self.send_header("Content-Length", "0")
            self.end_headers()

    def log_message(self, *args):
        pass


def moment(t):
    return datetime.datetime.fromtimestamp(t, datetime.timezone.utc).isoformat()


class Function(Receiver):
    def do_GET(self):
        trace = self.headers.get("traceparent", "")
        with lock:
            now = time.time()
            cold = now - state["end"] > IDLE_LIFE_S
            if cold:
                state["sandbox"] += 1
                time.sleep(INIT_S)
            start = time.time()
            state["end"] = start + 0.01
            seen = {"function": "sleepy", "platform": "aws-lambda", "kind": "lambda", "memory_limit_mb": 128,
                    "region": "us-east-1", "start": moment(start), "duration_ms": 10, "status": "ok",
                    "sandbox": "s%d" % state["sandbox"], "cold": cold, "trace_id": trace[3:35]}
            if cold:
                seen["init_ms"] = INIT_S * 1000
            if MARK in trace:
                seen["ping"] = True
            request = urllib.request.Request(collector + "/v1/invocations", json.dumps(seen).encode(),
                                             {"Content-Type": "application/x-ndjson"})
            urllib.request.urlopen(request, timeout=5).read()
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"cold\n" if cold else b"warm\n")


http.server.ThreadingHTTPServer(("127.0.0.1", port), Receiver if mode == "receive" else Function).serve_forever()
