"""A function that tells its own figures: figures.py PORT [MB of a child that lives beside it].

It answers with what it used itself between the request and the answer: {"cpu_ns", "wait_ns" for a CPU, "rss_bytes",
"peak_bytes"}. /threads?ms=N burns so much on each of 4 threads, /pool?ms=N on 4 that live on, /child?ms=N in a child that it waits for, /burn?ms=N in the thread
that answers, /move?ms=N while it moves from CPU to CPU, /hold?mb=N has so much memory for a moment. /spin?ms=N goes by the wall
clock and tells {"wall_ns"} alone: whoever asks the kernel for CPU time makes it count what it had not counted yet.
"""

import json
import os
import resource
import socket
import sys
import threading
import time
from urllib.parse import parse_qs, urlsplit


def used_ns():
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time_ns() + int((children.ru_utime + children.ru_stime) * 1e9)


def burn(ms):
    until = time.thread_time_ns() + ms * 1000000
    while time.thread_time_ns() < until:
        pass


def spin(ms):
    began = time.monotonic_ns()
    while time.monotonic_ns() < began + ms * 1000000:
        pass
    return {"wall_ns": time.monotonic_ns() - began}


def move(ms):
    cpus = sorted(os.sched_getaffinity(0))
    for i in range(max(1, ms // 5)):
        os.sched_setaffinity(0, {cpus[i % len(cpus)]})
        burn(5)
    os.sched_setaffinity(0, cpus)


def threads(ms):
    all_of_them = [threading.Thread(target=burn, args=(ms,)) for _ in range(4)]
    for one in all_of_them:
        one.start()
    for one in all_of_them:
        one.join()


def pool(ms):
    done = threading.Barrier(5)
    for _ in range(4):
        threading.Thread(target=lambda: (burn(ms), done.wait(), time.sleep(1)), daemon=True).start()
    done.wait()


def child(ms):
    pid = os.fork()
    if not pid:
        burn(ms)
        os._exit(0)
    os.waitpid(pid, 0)


def hold(mb):
    memory = bytearray(mb << 20)
    for at in range(0, len(memory), 4096):
        memory[at] = 1


def memory_of(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        lines = dict(line.split(":", 1) for line in status if line.startswith("Vm"))
    return [int(lines[key].split()[0]) * 1024 for key in ("VmRSS", "VmHWM")]


def waited_ns():
    try:
        with open("/proc/thread-self/schedstat", encoding="ascii") as file:
            return int(file.read().split()[1])
    except FileNotFoundError:  # a kernel that does not count it
        return 0


def figures_of(work, amount, beside):
    began, waited = used_ns(), waited_ns()
    work(amount)
    both = [memory_of(pid) for pid in ["self", *beside]]
    figures = {"rss_bytes": sum(rss for rss, _ in both), "peak_bytes": both[0][1], "cpu_ns": used_ns() - began}
    figures["wait_ns"] = waited_ns() - waited
    return figures


def serve(connection, beside):
    works = {"/burn": burn, "/move": move, "/threads": threads, "/pool": pool, "/child": child, "/hold": hold}
    with connection:
        while request := connection.recv(4096):
            path = urlsplit(request.split()[1].decode())
            amount = int(next(iter(parse_qs(path.query).values()))[0])
            body = json.dumps(spin(amount) if path.path == "/spin" else figures_of(works[path.path], amount, beside))
            connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())


def live_beside(mb):
    ready, told = os.pipe()
    parent = os.getpid()
    pid = os.fork()
    if not pid:
        memory = bytearray(os.urandom(1 << 20)) * mb
        os.write(told, b"x")
        while memory and os.getppid() == parent:
            time.sleep(1)
        os._exit(0)
    os.read(ready, 1)
    return pid


others = [live_beside(int(sys.argv[2]))] if len(sys.argv) > 2 else []
with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as listener:
    while True:
        threading.Thread(target=serve, args=(listener.accept()[0], others), daemon=True).start()
