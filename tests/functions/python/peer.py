#!/usr/bin/env python3
"""Answers everybody who says something, also in a datagram, after a while: peer.py ADDRESS PORT MS."""

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


family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
datagrams = socket.socket(family, socket.SOCK_DGRAM)
datagrams.bind((sys.argv[1], int(sys.argv[2])))
threading.Thread(target=answer_datagrams, args=(datagrams,), daemon=True).start()
with socket.create_server((sys.argv[1], int(sys.argv[2])), family=family) as listener:
    while True:
        threading.Thread(target=answer, args=(listener.accept()[0],), daemon=True).start()
