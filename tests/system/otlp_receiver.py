#!/usr/bin/env python3
"""otlp_receiver.py FILE URL: takes OTLP/HTTP on a free loopback port, which it prints; keeps the last body of metrics
in FILE and hands spans on to URL. otlp_receiver.py --counts FILE: how many values each function's
faas.invoke_duration has in that body, by its buckets; it must be what the data point says."""
import http.server
import os
import struct
import sys
import urllib.request


def varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
        if data[at - 1] < 0x80:
            return value, at


def fields(data):
    """(number, value) of each field of a message."""
    at = 0
    while at < len(data):
        tag, at = varint(data, at)
        if tag & 7 == 0:
            value, at = varint(data, at)
        else:
            if tag & 7 == 1:
                size = 8
            elif tag & 7 == 2:
                size, at = varint(data, at)
            else:
                raise ValueError(f"wire type {tag & 7}")
            value, at = data[at : at + size], at + size
        yield tag >> 3, value


def inside(data, *path):
    """What lies at the end of a path of field numbers, each as often as it is there."""
    if not path:
        yield data
        return
    for number, value in fields(data):
        if number == path[0]:
            yield from inside(value, *path[1:])


def points(body):
    for metric in inside(body, 1, 2, 2):  # resource_metrics.scope_metrics.metrics
        if next(inside(metric, 1)) == b"faas.invoke_duration" and next(inside(metric, 3)) == b"s":
            yield from inside(metric, 10, 1)  # exponential_histogram.data_points


def counts(path):
    with open(path, "rb") as file:
        body = file.read()
    for point in points(body):
        names = {next(inside(a, 1)): next(inside(a, 2, 1)) for a in inside(point, 1)}
        (count,) = struct.unpack("<Q", next(inside(point, 4)))
        assert next(inside(point, 6)) == 10  # scale 5, zigzag
        packed = next(inside(point, 8, 2))
        total = at = 0
        while at < len(packed):
            n, at = varint(packed, at)
            total += n
        assert total == count, (total, count)
        yield names[b"faas.name"].decode(), count


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):  # the library's name
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status = 200
        if self.path == "/v1/metrics":
            with open(sys.argv[1] + ".new", "wb") as file:
                file.write(body)
            os.rename(sys.argv[1] + ".new", sys.argv[1])
        else:
            request = urllib.request.Request(sys.argv[2], body, {"Content-Type": self.headers["Content-Type"]})
            try:
                with urllib.request.urlopen(request, timeout=10) as answer:
                    status = answer.status
            except OSError:
                status = 503
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):  # quiet
        pass


if sys.argv[1] == "--counts":
    for name, n in sorted(counts(sys.argv[2])):
        print(name, n)
else:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    print(server.server_address[1], flush=True)
    server.serve_forever()
