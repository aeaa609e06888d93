"""What the ledger holds after the kills, against what was sent, acknowledged and answered."""

import bisect
import collections
import datetime
import json
import urllib.parse
import urllib.request

PAGE = 10000  # invocations that one answer tells at most
SEAL_S = 2  # an agent seals within half a second; on a busy host it may come to it later


def moment_ns(text):
    """RFC 3339 with nanoseconds, in UTC."""
    seconds, fraction = text.rstrip("Z").split(".")
    at = datetime.datetime.fromisoformat(seconds).replace(tzinfo=datetime.timezone.utc)
    return int(at.timestamp()) * 10**9 + int(fraction.ljust(9, "0"))


def text_of(at_ns):
    at = datetime.datetime.fromtimestamp(at_ns // 10**9, datetime.timezone.utc)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at_ns % 10**9:09d}Z"


class Ledger:
    """Of the collector at url."""

    def __init__(self, url):
        self.url = url
        answer = self.ask("/v1/functions", since="6h", limit=1000)
        self.agents = answer["ledger"]
        self.sums = collections.Counter()
        for row in answer["functions"]:
            self.sums[row["function"]] += row["invocations"]

    def ask(self, path, **query):
        with urllib.request.urlopen(f"{self.url}{path}?{urllib.parse.urlencode(query)}", timeout=60) as answer:
            return json.load(answer)

    def invocations(self, function, until_ns):
        """All that began before, the newest first. Where a page ends is read again, so that nothing hides there."""
        while True:
            answer = self.ask("/v1/invocations", function=function, since="6h", until=text_of(until_ns), limit=PAGE)
            rows = answer["invocations"]
            if not answer["truncated"]:
                yield from rows
                return
            last = rows[-1]["start"]
            yield from (row for row in rows if row["start"] != last)
            until_ns = moment_ns(last) + 1


def check_client(ledger, client):
    """(figures, complaints) of one client: every line that was acknowledged is there once."""
    there = collections.Counter(row["request_id"] for row in ledger.invocations(client.function, client.ends_ns()))
    acknowledged = set(client.ids())
    figures = {
        "sent": client.sent * client.lines,
        "acknowledged": len(acknowledged),
        "stored": sum(there.values()),
        "doubled": sum(n - 1 for n in there.values()),
        "missing": len(acknowledged - set(there)),
    }
    said = []
    if figures["doubled"] or figures["missing"] or set(there) - acknowledged:
        said.append(f"{client.function}: not each once: {figures}, {len(set(there) - acknowledged)} that were not acknowledged")
    if ledger.sums[client.function] != figures["stored"]:
        said.append(f"{client.function}: {figures['stored']} invocations, sums of {ledger.sums[client.function]}")
    return figures, said


def check_agents(ledger, clients):
    """What all agents say of themselves, and what is there of it."""
    agents = ledger.agents
    stored = sum(n for name, n in ledger.sums.items() if name not in {client.function for client in clients})
    reasons = {reason: n for reason, n in agents["lost_by_reason"].items() if n}
    said = []
    if agents["seen"] != agents["delivered"] + agents["lost"]:
        said.append(f"agents: seen is not delivered and lost: {agents}")
    if set(reasons) - {"agent_gone"}:
        said.append(f"agents: lost for other reasons than a kill: {reasons}")
    if stored != agents["delivered"]:
        said.append(f"agents: {agents['delivered']} delivered, {stored} stored")
    return {"seen": agents["seen"], "delivered": agents["delivered"], "lost": agents["lost"], "stored": stored}, said


def check_function(ledger, name, log, blind):
    """The function's own log against what is there of it. blind: times (killed, measuring again) in ns. A request is
    asked after the one before it was answered, so that each moment of the log is within one invocation at most."""
    with open(log, encoding="utf-8") as file:
        answered = sorted(line["read_ns"] for line in map(json.loads, file) if "read_ns" in line)
    if not answered:
        return {"answered": 0}, [f"{name}: nothing was answered"]
    all_rows = list(ledger.invocations(name, answered[-1] + 60 * 10**9))
    # the last one may be cut off with its client
    rows = sorted((moment_ns(row["start"]), row["duration_ms"], "start:estimate" in row.get("quality", []))
                  for row in all_rows if row["status"] != "aborted")
    starts = [row[0] for row in rows]
    met = collections.Counter()
    figures = {"answered": len(answered), "stored": len(rows), "doubled": len(starts) - len(set(starts)), "no agent": 0,
               "in memory": 0, "missing": 0}
    for at, following in zip(answered, answered[1:] + [answered[-1] + 10**12]):
        i = bisect.bisect_right(starts, at + 10**6) - 1
        if i >= 0 and at <= starts[i] + rows[i][1] * 1e6 + 10**6 and not met[i]:
            met[i] += 1
        elif i + 1 < len(rows) and rows[i + 1][2] and starts[i + 1] < following:
            met[i + 1] += 1  # under way when an agent came: its start is when that was
        elif any(killed <= at <= back for killed, back in blind):
            figures["no agent"] += 1
        elif any(killed - SEAL_S * 10**9 <= at < killed for killed, _ in blind):
            figures["in memory"] += 1
        else:
            figures["missing"] += 1
    said = []
    if figures["doubled"] or figures["missing"] or len(met) != len(rows):
        said.append(f"{name}: not each once: {figures}, {len(rows) - len(met)} that were not answered")
    if ledger.sums[name] != len(all_rows):
        said.append(f"{name}: {len(all_rows)} invocations, sums of {ledger.sums[name]}")
    return figures, said
