#!/usr/bin/env python3
"""kills.py FOLDER --kills N --seed N: see kills.sh. FOLDER is empty; what all said stays in it."""

import argparse
import http.client
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

import kills_checks

OUT = os.environ["OUT"]
COLLECTOR, FUNCTION, CLICKHOUSE = 7077, 8080, 8123
URL = f"http://127.0.0.1:{COLLECTOR}"
UP_S = 60  # a program that is not up by then will not be
DRAIN_S = 60
CONFIG = """<yandex><logger><level>warning</level><console>1</console></logger>
<listen_host>127.0.0.1</listen_host><http_port>{port}</http_port><tcp_port>9000</tcp_port>
<interserver_http_port>9009</interserver_http_port><mark_cache_size>67108864</mark_cache_size>
<path>{path}/</path><tmp_path>{path}/tmp/</tmp_path><users_config>users.xml</users_config>
<default_profile>default</default_profile><default_database>default</default_database></yandex>"""
USERS = """<yandex><profiles><default/></profiles><quotas><default/></quotas><users><default><password></password>
<networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota></default></users></yandex>"""


def answers(path, port):
    """Whether somebody answers there, whatever it is."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=2):
            return True
    except urllib.error.HTTPError:
        return True
    except (OSError, http.client.HTTPException):
        return False


class Program:
    """One that is killed and started again. blind: the times in ns (killed, up again) without it."""

    def __init__(self, folder, name, command, is_up):
        self.name, self.command, self.is_up = name, command, is_up
        self.log = os.path.join(folder, f"{name}.log")
        self.kills = self.starting = 0
        self.blind = []
        self.process = None

    def start(self):
        self.up = False
        self.began = os.path.getsize(self.log) if os.path.exists(self.log) else 0
        with open(self.log, "a", encoding="utf-8") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def said(self):
        """Since it was started last."""
        with open(self.log, encoding="utf-8", errors="replace") as log:
            log.seek(self.began)
            return log.read()

    def look(self):
        """Takes note of the moment when it is up."""
        if self.process.poll() is not None:
            sys.exit(f"kills: {self.name} ended by itself with {self.process.returncode}: {self.said()[-2000:]}")
        if not self.up and self.is_up(self):
            self.up = True
            self.blind[-1][1] = time.time_ns()
        return self.up

    def wait_up(self):
        until = time.monotonic() + UP_S
        while not self.look():
            if time.monotonic() > until:
                sys.exit(f"kills: {self.name} is not up after {UP_S} s: {self.said()[-2000:]}")
            time.sleep(0.02)

    def kill(self):
        self.starting += not self.look()
        if self.up:
            self.blind.append([time.time_ns(), None])
        self.process.kill()
        self.process.wait()
        self.kills += 1

    def first_start(self):
        self.blind.append([time.time_ns(), None])
        self.start()
        self.wait_up()
        self.blind.clear()

    def end(self):
        self.process.terminate()
        self.process.wait(UP_S)


class Client(threading.Thread):
    """Sends lines of one function, each body until it is acknowledged."""

    lines = 20
    step_ns = 10**6  # from the start of one invocation to that of the next

    def __init__(self, function):
        super().__init__()
        self.function = function
        self.began_ns = time.time_ns() - 3600 * 10**9
        self.sent = self.tries = 0
        self.acknowledged = []
        self.stopping = False
        self.wrong = None

    def ends_ns(self):
        return self.began_ns + (self.sent + 1) * self.lines * self.step_ns

    def ids(self):
        return (f"{n}-{i}" for n in self.acknowledged for i in range(self.lines))

    def body(self, n):
        return "".join(json.dumps({
            "function": self.function, "host": "client", "request_id": f"{n}-{i}", "duration_ms": 5,
            "start": kills_checks.text_of(self.began_ns + (n * self.lines + i) * self.step_ns)}) + "\n"
            for i in range(self.lines))

    def is_acknowledged(self, connection, n):
        self.tries += 1
        try:
            connection.request("POST", "/v1/invocations", self.body(n),
                               {"Content-Type": "application/x-ndjson", "Idempotency-Key": f"{self.function} {n}"})
            answer = connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            return False
        if answer.status == 200 and json.loads(text)["accepted"] == self.lines:
            return True
        if answer.status not in (429, 503):
            self.wrong = f"{self.function}: {answer.status} {text}"
        return False

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", COLLECTOR, timeout=10)
        while not self.stopping and not self.wrong:
            n = self.sent
            self.sent += 1
            while not self.is_acknowledged(connection, n) and not self.wrong:
                time.sleep(0.02)
            self.acknowledged.append(n)
            time.sleep(0.01)


def clickhouse(folder):
    path = os.path.join(folder, "clickhouse")
    os.makedirs(os.path.join(path, "tmp"))
    for name, text in (("config.xml", CONFIG), ("users.xml", USERS)):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(text.format(port=CLICKHOUSE, path=path))
    return Program(folder, "clickhouse", ["clickhouse-server", f"--config-file={folder}/config.xml"],
                   lambda program: answers("/ping", CLICKHOUSE))


def programs(folder):
    return [
        clickhouse(folder),
        Program(folder, "collector", [f"{OUT}/coldmeter-collector", "--listen", f"127.0.0.1:{COLLECTOR}", "--data",
                                      f"{folder}/data", "--store", f"clickhouse://127.0.0.1:{CLICKHOUSE}/kills"],
                lambda program: answers("/healthz", COLLECTOR)),
        Program(folder, "agent", [f"{OUT}/coldmeter-agent", "--collector", URL, "--spool", f"{folder}/spool",
                                  "--max-overhead", "100"],
                lambda program: "measuring" in program.said()),
    ]


def do_kills(all_programs, kills, dice):
    """Each as often, half of the times when all are up, the other half whatever they do: also while they start."""
    victims = [all_programs[i % len(all_programs)] for i in range(kills)]
    dice.shuffle(victims)
    for victim in victims:
        if dice.random() < 0.5:
            for program in all_programs:
                program.wait_up()
        time.sleep(dice.uniform(0, 1.2))
        for program in all_programs:
            program.look()
        victim.kill()
        time.sleep(dice.choice((0, dice.uniform(0, 0.6))))
        victim.start()
    for program in all_programs:
        program.wait_up()


def wait_until(what, is_so):
    until = time.monotonic() + DRAIN_S
    while not is_so():
        if time.monotonic() > until:
            sys.exit(f"kills: {what} after {DRAIN_S} s")
        time.sleep(0.1)


def drain(folder, agent, clients):
    """All that was sent is acknowledged, all that was measured has left the agent."""
    for client in clients:
        client.stopping = True
    for client in clients:
        client.join(DRAIN_S)
        if client.wrong or client.is_alive():
            sys.exit(f"kills: {client.wrong or client.function + ' is not answered'}")
    time.sleep(kills_checks.SEAL_S)
    spool = os.path.join(folder, "spool")
    wait_until("batches are in the spool", lambda: not any(name.endswith(".batch") for name in os.listdir(spool)))
    agent.end()


def table(rows):
    for row in rows:
        print("kills:", f"{row[0]:<12}", *(f"{text:>13}" for text in row[1:]))


def report(all_programs, clients, figures):
    table([("", "kills", "starting", "tries")] +
          [(p.name, p.kills, p.starting, "") for p in all_programs] +
          [("all", sum(p.kills for p in all_programs), sum(p.starting for p in all_programs),
            sum(client.tries for client in clients))])
    for name, of in figures.items():
        table([("", *of), (name, *of.values())])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--kills", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    print(f"kills: {given.kills} kills, seed {given.seed}", flush=True)
    name = f"kills-{os.getpid()}"
    log = os.path.join(given.folder, "requests")
    all_programs = programs(given.folder)
    clients = [Client(f"{name}-client-{i}") for i in range(2)]
    others = []
    try:
        for program in all_programs:
            program.first_start()
        others.append(subprocess.Popen([f"{OUT}/tests/functions/http_function", "--listen", f"127.0.0.1:{FUNCTION}", "--log", log],
                                       env=dict(os.environ, COLDMETER_FUNCTION=name), stdout=subprocess.DEVNULL))
        wait_until("the function does not listen", lambda: answers("/", FUNCTION))
        others.append(subprocess.Popen(["curl", "-s", "-o", "/dev/null", "--rate", "200/s",
                                        f"http://127.0.0.1:{FUNCTION}/?ms=1&n=[1-10000000]"]))
        for client in clients:
            client.start()
        do_kills(all_programs, given.kills, random.Random(given.seed))
        others[1].terminate()
        others[1].wait()
        drain(given.folder, all_programs[2], clients)
        others[0].terminate() # writes its log
        others[0].wait()
        ledger = kills_checks.Ledger(URL)
        checks = {client.function.removeprefix(name + "-"): kills_checks.check_client(ledger, client) for client in clients}
        checks["agents"] = kills_checks.check_agents(ledger, clients)
        checks["function"] = kills_checks.check_function(ledger, name, log, all_programs[2].blind)
    finally:
        for client in clients:
            client.stopping = True
            client.wrong = client.wrong or "stopped"
        for process in [program.process for program in all_programs] + others:
            if process:
                process.kill()
    report(all_programs, clients, {key: figures for key, (figures, _) in checks.items()})
    complaints = [text for _, said in checks.values() for text in said]
    if complaints:
        sys.exit("kills: FAILED: " + "\nkills: FAILED: ".join(complaints))


main()
