#!/usr/bin/env python3
"""Answers everybody who says something, also in a datagram, after a while: peer.py ADDRESS PORT MS, peer.py unix PATH|@NAME MS."""

import socket
import sys
import threading
import time


def answer(connection):
    with connection:
        while connection.recv(64):
            time.sleep(int(sys.argv[3]) / 1000)
            connection.sendall(b"hello yourself")


def answer_datagrams(sock):
    while True:
        address = sock.recvfrom(64)[1]
        time.sleep(int(sys.argv[3]) / 1000)
        sock.sendto(b"hello yourself", address)


def listener():
    if sys.argv[1] == "unix":
        sock = socket.socket(socket.AF_UNIX)
        sock.bind(sys.argv[2].replace("@", "\0"))
        sock.listen()
        return sock
    family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
    datagrams = socket.socket(family, socket.SOCK_DGRAM)
    datagrams.bind((sys.argv[1], int(sys.argv[2])))
    threading.Thread(target=answer_datagrams, args=(datagrams,), daemon=True).start()
    return socket.create_server((sys.argv[1], int(sys.argv[2])), family=family)


with listener() as server:
    while True:
        threading.Thread(target=answer, args=(server.accept()[0],), daemon=True).start()
