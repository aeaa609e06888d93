#!/usr/bin/env python3
"""Starts the three functions of the demo and keeps them gently busy, until it is told to end: load.py OUT PORT."""

import http.client
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
OUT, PORT = sys.argv[1], int(sys.argv[2])
IDLE_LIFE_S = 20
AGENT_WAIT_S = 20
stopping = threading.Event()
# What a function calls itself must not come from the shell that started the demo.
PLAIN = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_LAMBDA_", "COLDMETER_"))}


def say(text):
    print(text, flush=True)


def post(port, path, body):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("POST", path, json.dumps(body))
        connection.getresponse().read()
    except OSError as error:
        if not stopping.is_set():
            say(f"load: {path} on port {port}: {error}")
    finally:
        connection.close()


def drive_thumbnail():
    """A few in a row, then longer nothing than its sandbox lives: a cold start every time."""
    while not stopping.is_set():
        for _ in range(random.randint(4, 8)):
            side = random.choice([150, 250, 400]) if random.random() > 0.06 else 0
            post(PORT, "/2015-03-31/functions/thumbnail/invocations", {"width": side, "height": side})
            stopping.wait(random.uniform(0.2, 1.2))
        stopping.wait(IDLE_LIFE_S + random.uniform(3, 8))


def drive_checkout():
    while not stopping.is_set():
        cart = [{"name": random.choice(["tea", "cup", "pot"]), "count": 1} for _ in range(random.randint(1, 12))]
        if random.random() < 0.02:
            cart.append({"name": "unicorn", "count": 1})
        post(PORT + 1, "/checkout", cart)
        stopping.wait(random.expovariate(5))


def drive_report():
    while not stopping.is_set():
        subprocess.run([sys.executable, os.path.join(HERE, "report.py"), __file__, os.path.join(HERE, "checkout.py")],
                       env={**PLAIN, "COLDMETER_FUNCTION": "report", "COLDMETER_KIND": "process"},
                       stdout=subprocess.DEVNULL, check=False)
        stopping.wait(random.uniform(1.5, 4))


def watches(pid):
    """Whether that agent has attached its probes."""
    try:
        return any(os.readlink(f"/proc/{pid}/fd/{fd}") == "anon_inode:bpf_link" for fd in os.listdir(f"/proc/{pid}/fd"))
    except OSError:
        return False


def wait_for_agent():
    """So that the first cold starts are seen."""
    for _ in range(AGENT_WAIT_S * 4):
        agents = subprocess.run(["pgrep", "-x", "coldmeter-agent"], stdout=subprocess.PIPE, check=False).stdout.split()
        if any(watches(int(pid)) for pid in agents):
            stopping.wait(1)
            return
        if stopping.wait(0.25):
            return


def start_thumbnail():
    server = subprocess.Popen(
        [os.path.join(OUT, "tests/functions/runtime_api"), "--listen", f"127.0.0.1:{PORT}", "--function", "thumbnail",
         "--memory", "256", "--timeout", "10", "--idle-life", str(IDLE_LIFE_S), "--",
         sys.executable, os.path.join(HERE, "thumbnail.py")], env=PLAIN)
    time.sleep(0.3)
    return server


def start_checkout():
    return subprocess.Popen([sys.executable, os.path.join(HERE, "checkout.py"), str(PORT + 1)],
                            env={**PLAIN, "COLDMETER_FUNCTION": "checkout"})


def main():
    os.setsid()  # whoever is left at the end is found by this session's group
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: stopping.set())
    functions = [start_thumbnail()]
    if functions[0].poll() is not None:
        sys.exit(1)
    say("ready")
    wait_for_agent()
    functions.append(start_checkout())
    time.sleep(0.5)
    for drive in (drive_thumbnail, drive_checkout, drive_report):
        threading.Thread(target=drive, daemon=True).start()
    while not stopping.wait(1):
        for function in functions:
            if function.poll() is not None:
                say(f"load: {function.args[0]} has ended with {function.returncode}")
                stopping.set()
    for function in functions:
        function.terminate()
        function.wait()


main()
