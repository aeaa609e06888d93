#!/usr/bin/env python3
"""A server that ends its answers in every way that HTTP/1.1 has: endings.py PORT, one path for each. With CLOCK_LOG it
writes down its own times, as any server with sitecustomize beside it does; a path may say that the answer ends later
than its last write."""

import os
import socket
import struct
import sys
import tempfile
import threading
import time

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
LARGE = 50 << 20


def length(sock, _):
    sock.sendall(HEAD + b"Content-Length: 5\r\n\r\nhello")


def nothing(sock, _):
    sock.sendall(HEAD + b"Content-Length: 0\r\n\r\n")


def no_content(sock, _):
    sock.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")


def not_modified(sock, _):
    sock.sendall(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n")


def pieces(sock, _):
    for piece in (b"HTTP/1.1 20", b"0 OK\r\nContent-Le", b"ngth: 1", b"0\r", b"\n\r\n01234", b"56789"):
        sock.sendall(piece)
        time.sleep(0.02)


def stream(sock, _):
    sock.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    for _ in range(3):
        time.sleep(0.5)
        sock.sendall(b"5\r\nhello\r\n")
    sock.sendall(b"0\r\n\r\n")


def stream_until_go(sock, _):
    sock.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    while not os.path.exists(os.environ["GO"]):
        sock.sendall(b"5\r\nhello\r\n")
        time.sleep(0.05)
    sock.sendall(b"0\r\n\r\n")


def large(sock, _):
    sock.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % LARGE)
    block = bytes(1 << 20)
    for _ in range(LARGE >> 20):
        sock.sendall(block)


def sendfile(sock, _):
    with tempfile.TemporaryFile() as file:
        file.write(bytes(1 << 20))
        file.seek(0)
        sock.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % (1 << 20))
        sock.sendfile(file)


def splice(sock, _):
    out, into = os.pipe()
    os.write(into, b"x" * 4096)
    sock.sendall(HEAD + b"Content-Length: 4096\r\n\r\n")
    os.splice(out, sock.fileno(), 4096)
    os.close(out)
    os.close(into)


def sendmsg(sock, _):
    sock.sendmsg([HEAD, b"Content-Length: 10\r\n\r\n", b"01234"])
    time.sleep(0.05)
    sock.sendmsg([b"567", b"89"])


def until_closed(sock, _):
    sock.sendall(HEAD + b"\r\nall that comes")
    time.sleep(0.05)
    sock.sendall(b" until the end")
    raise ConnectionError


def session(sock, _):
    sock.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n")
    while True:
        frame = sock.recv(4096)
        if not frame:
            raise ConnectionError
        sock.sendall(frame)


def half(sock, _):
    sock.sendall(HEAD + b"Content-Length: 100\r\n\r\nnot all of it")
    raise ConnectionError


def reset(sock, _):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    raise ConnectionError


def error(sock, _):
    sock.sendall(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")


def expect(sock, read):
    sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    body = read()
    sock.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body)


def expect_nothing(sock, _):
    sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" + HEAD + b"Content-Length: 5\r\n\r\n")
    time.sleep(0.05)
    sock.sendall(b"hello")


def hints(sock, _):
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n"
    sock.sendmsg([early, early + b"HTTP/1.1 503 Service Unavailable\r\n", b"Content-Length: 5\r\n\r\nhello"])


def long_head(sock, _):
    sock.sendall(HEAD + b"X-Long: %03000d\r\nContent-Length: 5\r\n\r\nhello" % 0)


def frame(kind, flags, stream, payload=b""):
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def h2c(sock, _):
    """Upgraded to HTTP/2: 200 on stream 1, 404 on stream 3, each a block of one field and the end of its stream."""
    for piece in (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2", b"c\r\nConnection: Upgrade\r\n"):
        sock.sendall(piece)
        time.sleep(0.02)
    sock.sendall(b"\r\n" + frame(4, 0, 0) + frame(1, 5, 1, b"\x88"))
    received = b""
    while not received.endswith(frame(1, 5, 3, b"\x82")):
        more = sock.recv(65536)
        if not more:
            raise ConnectionError
        received += more
    sock.sendall(frame(1, 5, 3, b"\x8d"))


def die(_sock, _):
    os._exit(9)


def slow(sock, _):
    time.sleep(0.4)
    length(sock, _)


def take_request(sock, rest):
    while b"\r\n\r\n" not in rest:
        more = sock.recv(65536)
        if not more:
            return None, b""
        rest += more
    head, _, rest = rest.partition(b"\r\n\r\n")
    return head, rest


def serve(sock):
    rest = b""
    try:
        while True:
            head, rest = take_request(sock, rest)
            if head is None:
                break
            method, path = head.split(b" ")[:2]
            answer = globals()[path.decode().lstrip("/")]
            if method == b"HEAD":
                sock.sendall(HEAD + b"Content-Length: 5\r\n\r\n")
            else:
                answer(sock, lambda body=rest: body or sock.recv(65536))
    except OSError:
        pass
    sock.close()


def main():
    listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
    while True:
        sock, _ = listener.accept()
        threading.Thread(target=serve, args=(sock,), daemon=True).start()


main()
