#!/usr/bin/env python3
"""Prices random usage with the calculator and once more with Python's decimal numbers, by the
vendors' rules as their pages give them. Each line must be the same to the last digit.

usage: price_exact.py COLDMETER [ROUNDS [OBJECTS]]"""

import json
import random
import subprocess
import sys
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Decimal, getcontext

getcontext().prec = 120
PICO = Decimal(1).scaleb(-12)
GB_MS = 1024 * 1000
HOUR_MS = 3600 * 1000
REGIONS = {
    "aws-lambda": ["us-east-1", "eu-west-1", "ap-east-1"],
    "aws-lambda-provisioned": ["us-east-1"],
    "aws-lambda-snapstart": ["us-east-1"],
    "aws-lambda-managed": ["us-east-1"],
    "azure-consumption": ["eastus"],
    "azure-flex": ["eastus2"],
    "azure-premium": ["eastus"],
    "gcp-functions-1": ["us-central1", "europe-west3"],
    "gcp-run-request": ["us-central1", "europe-west3"],
    "gcp-run-instance": ["us-central1", "europe-west3"],
    "own-host": [None],
}
HOST = {"host_usd_per_hour": "0.123456789012", "host_vcpus": 7, "host_memory_gb": "30.5"}


def up(value, step):
    """Rounded up to the next step."""
    return -(-value // step) * step


def milliseconds(random_, most):
    """A duration of up to six decimals: as ns, and as the calculator takes it."""
    ns = random_.randrange(int(most * 10**6))
    if random_.random() < 0.2:
        ns = up(ns, 10**6)
    return ns, str(Decimal(ns).scaleb(-6))


def make(random_):
    """One description, and the same in whole numbers."""
    n = random_.choice([0, 1, 2, 1000, 3000000, random_.randrange(10**7)])
    cold = random_.randrange(min(n, 1000) + 1)
    duration, duration_text = milliseconds(random_, 10 ** random_.randrange(1, 5))
    init, init_text = milliseconds(random_, 3000)
    memory = random_.choice([128, 256, 512, 1024, 1769, 4096, random_.randrange(1, 4097)])
    observed = random_.randrange(1, 4097)
    cpu, cpu_text = milliseconds(random_, 100)
    tmp = random_.randrange(512, 10241)
    json_ = {
        "requests": n, "duration_ms": duration_text, "memory_mb": memory, "observed_mb": observed,
        "ephemeral_mb": tmp, "cold_starts": cold, "init_ms": init_text, "cpu_ms": cpu_text,
    }
    return json_, {"n": n, "cold": cold, "warm": n - cold, "duration": duration, "init": init,
                   "memory": memory, "observed": observed, "tmp": tmp, "cpu": cpu}


def add_kept(random_, json_, d):
    """What no invocation tells."""
    seconds = random_.randrange(0, 10**6)
    units = random_.randrange(1, 50)
    d["units"], d["kept"] = units, seconds * 1000
    d["ready"] = min(d["n"], random_.randrange(10**6))
    d["restores"] = random_.randrange(10**6)
    size = random_.randrange(3)
    d["vcpus"] = 2**size
    ready = {"pc": {"pc_units": units, "pc_seconds": seconds, "pc_requests": d["ready"]},
             "flex": {"always_ready_instances": units, "always_ready_seconds": seconds,
                      "always_ready_requests": d["ready"]}}
    other = {"snapstart": {"versions": units, "snapstart_active_s": seconds, "restores": d["restores"]},
             "instances": {"instances": units, "instance_seconds": seconds,
                           "instance_size": "EP%d" % (size + 1)},
             "managed": {"instances": units, "instance_seconds": seconds, "instance_type": "c7i.xlarge"}}
    return ready, other


def lambda_ms(d, init):
    return up(d["duration"] + init, 10**6) // 10**6


def lambda_mb(d):
    return min(max(d["memory"], 128), 10240)


def lambda_quantities(d):
    warm, cold = lambda_ms(d, 0), lambda_ms(d, d["init"])
    ms = d["warm"] * warm + d["cold"] * cold
    return ms, (cold - warm) * d["cold"] * lambda_mb(d)


def aws_lambda(d):
    ms, _ = lambda_quantities(d)
    return {"requests": d["n"], "compute": Decimal(ms * lambda_mb(d)) / GB_MS,
            "ephemeral_extra": Decimal(ms * (d["tmp"] - 512)) / GB_MS}


def aws_lambda_provisioned(d):
    all_ = aws_lambda(d)
    pc = Decimal(d["ready"] * lambda_ms(d, 0) * lambda_mb(d)) / GB_MS
    return {"provisioned": Decimal(up(d["kept"], 300000) * d["units"] * lambda_mb(d)) / GB_MS,
            "requests": all_["requests"], "compute_pc": pc,
            "compute_on_demand": all_["compute"] - pc, "ephemeral_extra": all_["ephemeral_extra"]}


def aws_lambda_snapstart(d):
    ms, init = lambda_quantities(d)
    kept = max(d["kept"], 3 * HOUR_MS) if d["kept"] else 0
    return {"requests": d["n"], "compute": Decimal(ms * lambda_mb(d) - init) / GB_MS,
            "snapstart_cache": Decimal(kept * d["units"] * lambda_mb(d)) / GB_MS,
            "snapstart_restore": Decimal(d["restores"] * lambda_mb(d)) / 1024,
            "ephemeral_extra": aws_lambda(d)["ephemeral_extra"]}


def aws_lambda_managed(d):
    hours = Decimal(d["kept"] * d["units"]) / HOUR_MS
    return {"requests": d["n"], "instances": hours, "management_fee": hours}


def azure_consumption(d):
    mb = min(max(up(d["observed"], 128), 128), 1536)
    ms = max(up(d["duration"], 10**6) // 10**6, 100)
    return {"executions": d["n"], "execution_time": Decimal(d["n"] * ms * mb) / GB_MS}


def azure_flex(d):
    mb = min([s for s in (512, 2048, 4096) if s >= d["memory"]])
    ms = max(up(d["duration"], 10**8) // 10**6, 1000)
    ready = d["ready"]
    return {"executions": d["n"] - ready,
            "execution_time": Decimal((d["n"] - ready) * ms * mb) / GB_MS,
            "always_ready_baseline": Decimal(d["kept"] * d["units"] * mb) / GB_MS,
            "always_ready_execution_time": Decimal(ready * ms * mb) / GB_MS,
            "always_ready_executions": ready}


def azure_premium(d):
    ms = d["kept"] * d["units"] * d["vcpus"]
    return {"vcpu": Decimal(ms) / HOUR_MS, "memory": Decimal(ms) * Decimal("3.5") / HOUR_MS}


def gcp_functions_1(d):
    mhz = {128: 200, 256: 400, 512: 800, 1024: 1400, 2048: 2400, 4096: 4800}
    mb = min(s for s in mhz if s >= d["memory"])
    ms = max(up(d["duration"], 10**8) // 10**6, 100) * d["n"]
    return {"invocations": d["n"], "memory": Decimal(ms * mb) / GB_MS,
            "cpu": Decimal(ms * mhz[mb]) / 10**6}


def gcp_run_request(d):
    mb = max(d["memory"], 128)
    ms = (up(d["duration"], 10**8) * d["warm"]
          + up(d["duration"] + d["init"], 10**8) * d["cold"]) // 10**6
    return {"requests": d["n"], "cpu": Decimal(ms) / 1000, "memory": Decimal(ms * mb) / GB_MS}


def gcp_run_instance(d):
    ms = (max(d["kept"], 60000) if d["kept"] else 0) * d["units"]
    return {"cpu": Decimal(ms) / 1000, "memory": Decimal(ms * max(d["memory"], 128)) / GB_MS}


def own_host(d):
    mb_ms = 0
    for init, n in ((0, d["warm"]), (d["init"], d["cold"])):
        us = (d["duration"] + init) // 1000
        mb_ms += us * d["observed"] // 1000 * n
    return {"cpu": Decimal(d["cpu"] // 1000 * d["n"]) / (HOUR_MS * 1000),
            "memory": Decimal(mb_ms) / 1024 / HOUR_MS}


PLANS = {"aws-lambda": aws_lambda, "aws-lambda-provisioned": aws_lambda_provisioned,
         "aws-lambda-snapstart": aws_lambda_snapstart, "aws-lambda-managed": aws_lambda_managed, "azure-consumption": azure_consumption,
         "azure-flex": azure_flex, "azure-premium": azure_premium, "gcp-functions-1": gcp_functions_1,
         "gcp-run-request": gcp_run_request, "gcp-run-instance": gcp_run_instance,
         "own-host": own_host}
READY = {"aws-lambda-provisioned": "pc", "azure-flex": "flex"}
OTHER = {"aws-lambda-snapstart": "snapstart", "aws-lambda-managed": "managed", "azure-premium": "instances",
         "gcp-run-instance": "instances"}
# item: (key of the price, key of the free quantity, base units in a unit); what is left out
# has no free quantity
FREE = {
    ("aws", "requests"): ("lambda.free.requests", 1),
    ("aws", "compute"): ("lambda.free.duration", GB_MS),
    ("aws", "compute_on_demand"): ("lambda.free.duration", GB_MS),
    ("azure-consumption", "executions"): ("consumption.free.executions", 1),
    ("azure-consumption", "execution_time"): ("consumption.free.duration", GB_MS),
    ("azure-flex", "executions"): ("flex.free.executions", 1),
    ("azure-flex", "execution_time"): ("flex.free.duration", GB_MS),
    ("gcp-functions-1", "invocations"): ("functions1.free.invocations", 1),
    ("gcp-functions-1", "memory"): ("functions1.free.memory", GB_MS),
    ("gcp-functions-1", "cpu"): ("functions1.free.cpu", 10**6),
    ("gcp-run-request", "requests"): ("run.free.requests", 1),
    ("gcp-run-request", "cpu"): ("run.free.cpu", 10**6),
    ("gcp-run-request", "memory"): ("run.free.memory", GB_MS),
    ("gcp-run-instance", "cpu"): ("run.instance.free.cpu", 10**6),
    ("gcp-run-instance", "memory"): ("run.instance.free.memory", GB_MS),
}
KEYS = {
    "aws": {"requests": "lambda.requests", "compute": "lambda.duration.%s",
            "compute_on_demand": "lambda.duration.%s", "ephemeral_extra": "lambda.ephemeral",
            "provisioned": "lambda.provisioned.idle.%s", "compute_pc": "lambda.provisioned.duration.%s",
            "snapstart_cache": "lambda.snapstart.cache", "snapstart_restore": "lambda.snapstart.restore"},
    "aws-lambda-managed": {"requests": "lambda.managed.requests", "instances": "ec2.c7i.xlarge",
                           "management_fee": "lambda.managed.fee.c7i.xlarge"},
    "azure-consumption": {"executions": "consumption.executions", "execution_time": "consumption.duration"},
    "azure-flex": {"executions": "flex.executions", "execution_time": "flex.duration",
                   "always_ready_baseline": "flex.ready.baseline",
                   "always_ready_execution_time": "flex.ready.duration",
                   "always_ready_executions": "flex.executions"},
    "azure-premium": {"vcpu": "premium.vcpu", "memory": "premium.memory"},
    "gcp-functions-1": {"invocations": "functions1.invocations", "memory": "functions1.memory",
                        "cpu": "functions1.cpu"},
    "gcp-run-request": {"requests": "run.requests", "cpu": "run.cpu", "memory": "run.memory"},
    "gcp-run-instance": {"cpu": "run.instance.cpu", "memory": "run.instance.memory"},
}


class Book:
    """The prices of the program, as it shows them: what is tested here is what it makes of them."""

    def __init__(self, meter):
        shown = subprocess.run([meter, "prices", "show", "--json"], check=True, capture_output=True)
        self.tiers = {}
        for price in json.loads(shown.stdout)["prices"]:
            tier = (price.get("tier_from", 0), price.get("tier_until"), Decimal(price["price"]))
            self.tiers.setdefault((price["key"], price["region"]), []).append(tier)

    def find(self, key, region):
        return sorted(self.tiers.get((key, region)) or self.tiers[(key, "*")], key=lambda t: t[0])


def round_pico(amount):
    return amount.quantize(PICO, rounding=ROUND_HALF_EVEN)


def expected(book, plan, region, arch, item, quantity, grant):
    """The lines of one item: [(quantity, amount)], the free one first."""
    family = "aws" if plan.startswith("aws") and plan != "aws-lambda-managed" else plan
    if plan == "own-host":
        vcpus, memory = Decimal(HOST["host_vcpus"]), Decimal(HOST["host_memory_gb"])
        half = Decimal(HOST["host_usd_per_hour"]) / 2
        price = round_pico(half / (vcpus if item == "cpu" else memory))
        tiers = [(0, None, price)]
    else:
        key = KEYS[family][item]
        tiers = book.find(key % arch if "%s" in key else key, region)
    lines = []
    free = Decimal(0)
    if grant and (family, item) in FREE:
        key, unit = FREE[(family, item)]
        free = Decimal(book.find(key, region)[0][1])
        if plan.startswith("gcp-run"):  # a credit at the prices of Tier 1
            home = book.find(KEYS[family][item], "us-central1")[0][2]
            if tiers[0][2]:
                free = free * home / tiers[0][2]
                free = (free * unit).to_integral_value(rounding=ROUND_FLOOR) / unit
        free = min(free, Decimal(quantity))
        if free:
            lines.append((free, Decimal(0)))
    for start, end, price in tiers:
        low = max(Decimal(start), free)
        high = Decimal(quantity) if end is None else min(Decimal(end), Decimal(quantity))
        if high > low:
            lines.append((high - low, round_pico((high - low) * price)))
    return lines


def check_plan(meter, book, random_, plan, objects):
    region, arch, grant = random_.choice(REGIONS[plan]), random_.choice(["x86_64", "arm64"]), random_.random() < 0.5
    inputs, sums = [], {}
    for i in range(objects):
        json_, d = make(random_)
        ready, other = add_kept(random_, json_, d)
        if plan in READY:
            d["cold"] = 0 if d["n"] == d["ready"] else min(d["cold"], d["n"] - d["ready"])
            d["warm"] = d["n"] - d["cold"]
            json_["cold_starts"] = d["cold"]
            json_.update(ready[READY[plan]])
        elif plan in OTHER:
            json_.update(other[OTHER[plan]])
        if plan == "own-host":
            json_.update(HOST)
        if i == 0 or random_.random() < 0.9:
            inputs.append(json_)
            for item, quantity in PLANS[plan](d).items():
                sums[item] = sums.get(item, 0) + quantity
    arguments = [meter, "price", "--plan", plan, "--arch", arch, "--usage", "-", "--json"]
    arguments += ["--region", region] if region else []
    arguments += ["--free-tier"] if grant else []
    run = subprocess.run(arguments, input=json.dumps(inputs).encode(), capture_output=True)
    if run.returncode:
        sys.exit("%s: %s" % (" ".join(arguments), run.stderr.decode()))
    answer = json.loads(run.stdout)["plans"]
    got = {}
    for line in answer[0]["lines"]:
        got.setdefault(line["item"], []).append((Decimal(line["quantity"]), Decimal(line["amount_usd"])))
    total = Decimal(0)
    for item, quantity in sums.items():
        want = expected(book, plan, region, arch, item, quantity, grant)
        cut = Decimal(1).scaleb(-18)  # of hours
        have = [line for line in got.get(item, []) if line[0]]
        if len(want) != len(have) or any(abs(w[0] - h[0]) >= cut or w[1] != h[1] for w, h in zip(want, have)):
            sys.exit("%s %s %s %s: %s: want %s, got %s" % (plan, region, arch, grant, item, want, have))
        total += sum(line[1] for line in want)
    if total != Decimal(answer[0]["total_usd"]) or len(answer) != 1:
        sys.exit("%s: total %s, got %s" % (plan, total, answer[0]["total_usd"]))
    return len(inputs)


def main():
    meter = sys.argv[1]
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    objects = int(sys.argv[3]) if len(sys.argv) > 3 else 2000
    book, random_, done = Book(meter), random.Random(5), 0
    for number in range(rounds):
        for plan in PLANS:
            done += check_plan(meter, book, random_, plan, objects if number else 1)
    print("%d usages under %d plans, exact" % (done, len(PLANS)))


if __name__ == "__main__":
    main()
