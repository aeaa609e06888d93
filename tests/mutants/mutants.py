#!/usr/bin/env python3
"""Removes the handling of one ending or shape at a time and demands that a test fails:
mutants.py check FILE... | run FILE... [-- NAME...]

A file holds mutants, each with what it removes, where, the test that has to fail and a piece of what that test has to say:

    mutant NAME: what is not handled any more
    in bpf/http1.h
    - text that stands there once; more lines of it, each with its dash
    + what stands there instead; without such a line nothing does
    test agent_endings.bats: the name of a test in tests/system, or of a function of a test in tests/unit
    says status is

Blanks and line breaks do not count in what is looked for, so that it outlives other formatting; it may come with several
"in", and with several "says" when it depends on the host which of them it is. `check` only finds out whether every mutant
still applies and has its test; it needs nothing built. `run` applies each, or those named (NAME may be a pattern), in a copy
of the tree under OUT, builds what is needed and runs that one test, which has to pass without the mutant. A mutant is killed
when its test fails for the reason that it gives. The exit status is 1 when one survives, fails for another reason, does not
build, is refused by the kernel or no longer applies.
"""

import fnmatch
import os
import re
import shutil
import signal
import subprocess
import sys
import time

TEST_LIMIT_S = 180
BUILD_LIMIT_S = 900


class Mutant:
    def __init__(self, name, place):
        self.name, self.place = name, place
        self.edits = []  # [file, old, new]
        self.test = None
        self.says = []

    def key(self):
        return tuple(self.test)


def pattern_of(text):
    """Words and signs in that order, whatever stands between them that cannot be seen."""
    return re.compile(r"\s*".join(map(re.escape, re.findall(r"\w+|[^\w\s]", text))))


def edited(text, old, new):
    """None when the old text does not stand there exactly once."""
    found = list(pattern_of(old).finditer(text)) if old.strip() else []
    if len(found) != 1:
        return None
    return text[: found[0].start()] + new + text[found[0].end() :]


def take_line(mutants, line, place):
    word, _, rest = line.partition(" ")
    if word == "mutant":
        mutants.append(Mutant(rest.partition(":")[0], place))
        return ":" in rest
    if not mutants:
        return False
    mutant = mutants[-1]
    if word == "in":
        mutant.edits.append([rest, "", ""])
    elif word in ("-", "+") and mutant.edits:
        mutant.edits[-1][1 if word == "-" else 2] += rest + "\n"
    elif word == "test":
        mutant.test = [part.strip() for part in rest.partition(":")[::2]]
    elif word == "says":
        mutant.says.append(rest)
    else:
        return False
    return True


def read(paths):
    """The mutants, and what is wrong with the files themselves."""
    mutants, wrong = [], []
    for path in paths:
        with open(path, encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                line, place = line.rstrip("\n"), f"{path}:{number}"
                if line and not line.startswith("#") and not take_line(mutants, line, place):
                    wrong.append(f"{place}: cannot be understood: {line}")
    return mutants, wrong


def has_test(test):
    name = test[1]
    path = test_path(test)
    if not os.path.exists(path):
        return False
    with open(path, encoding="utf-8") as file:
        text = file.read()
    return (f'@test "{name}" {{' if path.endswith(".bats") else f"static void {name}(void") in text


def test_path(test):
    return f"tests/{'system' if test[0].endswith('.bats') else 'unit'}/{test[0]}"


def apply(mutant, top="."):
    """The texts of the files that it changes, or what is in its way."""
    texts = {}
    for path, old, new in mutant.edits:
        full = os.path.join(top, path)
        if path not in texts:
            if not os.path.exists(full):
                return None, f"there is no {path}"
            with open(full, encoding="utf-8") as file:
                texts[path] = file.read()
        text = edited(texts[path], old, new)
        if text is None:
            times = len(pattern_of(old).findall(texts[path])) if old.strip() else 0
            return None, f"{path} has this {times} times, not once: {' '.join(old.split())}"
        texts[path] = text
    return texts, None if texts else "it changes nothing"


def check(mutants):
    wrong, names = [], set()
    for mutant in mutants:
        reason = apply(mutant)[1]
        if not reason and (not mutant.test or not has_test(mutant.test)):
            reason = f"it has no test: {': '.join(mutant.test or ['none is named'])}"
        if not reason and not mutant.says:
            reason = "what its test says is not told"
        if not reason and mutant.name in names:
            reason = "another one has this name"
        names.add(mutant.name)
        if reason:
            wrong.append(f"{mutant.place}: {mutant.name} no longer applies: {reason}")
    return wrong


# --- run ------------------------------------------------------------------------------------


class House:
    """A copy of the tree that mutants are applied in."""

    def __init__(self, out):
        self.top = os.path.abspath(".")
        self.tree = os.path.join(out, "mutants", "tree")
        self.out = os.path.join(out, "mutants", "out")
        self.backend = None

    def copy(self):
        """What did not change keeps its time, so that it is not built again."""
        kept = set()
        for folder, folders, files in os.walk("."):
            folders[:] = [name for name in folders if name not in ("out", ".git", ".cache", "__pycache__")
                and os.path.abspath(os.path.join(folder, name)) != os.path.abspath(os.environ["OUT"])]
            os.makedirs(os.path.join(self.tree, folder), exist_ok=True)
            for name in files:
                source = os.path.join(folder, name)
                target = os.path.join(self.tree, source)
                kept.add(os.path.normpath(target))
                if not os.path.exists(target) or content(source) != content(target):
                    shutil.copyfile(source, target)
                    shutil.copymode(source, target)
        for folder, _, files in os.walk(self.tree):
            for name in files:
                path = os.path.normpath(os.path.join(folder, name))
                if path not in kept and "__pycache__" not in path:
                    os.remove(path)

    def build(self, tests):
        goals = [f"{self.out}/coldmeter-agent", f"{self.out}/tests/functions"]
        goals += sorted({f"{self.out}/tests/{test[0][:-2]}" for test in tests if test[0].endswith(".c")})
        return command(["make", "-s", "-C", self.tree, f"OUT={self.out}", *goals], limit=BUILD_LIMIT_S)

    def loads(self):
        """The line of --check that names the back-end; a mutant that the kernel refuses is no mutant."""
        said = command([f"{self.out}/coldmeter-agent", "--check"])[1]
        return next((line for line in said.splitlines() if "\tback-end\t" in line), "").partition(";")[0]

    def run(self, test):
        """"ok", "failed" or "skipped", and what it said."""
        name = test[1]
        environment = dict(os.environ, OUT=self.out, CMOCKA_MESSAGE_OUTPUT="TAP", PYTHONDONTWRITEBYTECODE="1")
        if test[0].endswith(".c"):
            status, said = command([f"{self.out}/tests/{test[0][:-2]}"], environment)
            passed = re.search(rf"^ok \d+ - {name}$", said, re.M)
            return ("ok" if passed else "failed"), said
        bats = ["bats", "--tap", "-f", f"^{re.escape(name)}$", test_path(test)]
        status, said = command([f"{self.tree}/tests/network.sh", *bats], environment, self.tree)
        if status == 0 and "# skip" in said:
            return "skipped", said.partition("# skip")[2].strip()
        return ("ok" if status == 0 and "\nok 1 " in "\n" + said else "failed"), said

    def write(self, texts):
        for path, text in texts.items():
            with open(os.path.join(self.tree, path), "w", encoding="utf-8") as file:
                file.write(text)


def content(path):
    with open(path, "rb") as file:
        return file.read()


def command(words, environment=None, folder=None, limit=TEST_LIMIT_S):
    """Its exit status and what it said; 124 when it was stopped after its limit, with all that it started."""
    with subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment,
        cwd=folder, start_new_session=True) as process:
        try:
            said = process.communicate(timeout=limit)[0]
        except KeyboardInterrupt:  # which it does not get, in a session of its own
            os.killpg(process.pid, signal.SIGKILL)
            raise
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return 124, process.communicate()[0].decode(errors="replace") + "stopped after its limit\n"
        return process.returncode, said.decode(errors="replace")


def row(name, test, outcome, seconds):
    print(f"{name:<28} {outcome:<18} {seconds:5.0f} s  {test[0]}: {test[1]}", flush=True)


def explain(text):
    for line in text.strip().splitlines()[-12:]:
        print(f"    {line}", flush=True)


def outcome_of(house, mutant):
    """What became of it, and why when it was not killed."""
    texts, reason = apply(mutant, house.tree)
    if reason:
        return "no longer applies", reason
    originals = {path: content(os.path.join(house.tree, path)).decode() for path in texts}
    house.write(texts)
    try:
        status, said = house.build([mutant.test])
        if status:
            return "does not build", said
        if any(path.startswith("bpf/") for path in texts) and house.loads() != house.backend:
            return "does not load", f"{house.loads() or 'no back-end'}, not {house.backend}"
        result, said = house.run(mutant.test)
    finally:
        house.write(originals)
    if result != "failed":
        return "SURVIVED", said
    if any(says in said for says in mutant.says):
        return ("killed", "")
    return ("fails otherwise", f"it does not say: {' or '.join(mutant.says)}\n{said}")


def run(mutants):
    house = House(os.environ["OUT"])
    house.copy()
    tests = sorted({mutant.key() for mutant in mutants})
    for packages in ("functions", "offline", "exporter"):  # the tests have no network, and say why it failed
        command(["tests/functions/install.sh", packages], limit=BUILD_LIMIT_S)
    status, said = house.build(tests)
    if status:
        print(said)
        return 1
    house.backend = house.loads()
    without, counts = {}, {}
    for mutant in mutants:
        begun, key = time.monotonic(), mutant.key()
        if key not in without:
            house.build([mutant.test])
            without[key] = house.run(mutant.test)
        result, why = without[key]
        if result == "ok":
            outcome, why = outcome_of(house, mutant)
        else:
            outcome = "not tested here" if result == "skipped" else "FAILS WITHOUT IT"
        counts[outcome] = counts.get(outcome, 0) + 1
        row(mutant.name, mutant.test, outcome, time.monotonic() - begun)
        if outcome != "killed":
            explain(why)
    print(", ".join(f"{n} {outcome}" for outcome, n in sorted(counts.items(), key=lambda pair: -pair[1])))
    return 0 if set(counts) <= {"killed", "not tested here"} and "killed" in counts else 1


def main():
    words = sys.argv[1:]
    names = words[words.index("--") + 1 :] if "--" in words else []
    paths = words[1 : words.index("--") if "--" in words else None]
    if not words or words[0] not in ("check", "run") or not paths:
        print(__doc__.split("\n\n")[0], file=sys.stderr)
        return 2
    mutants, wrong = read(paths)
    if words[0] == "check":
        wrong += check(mutants)
    print("\n".join(wrong), end="\n" if wrong else "")
    if wrong or words[0] == "check":
        return 1 if wrong or not mutants else 0
    chosen = [m for m in mutants if not names or any(fnmatch.fnmatch(m.name, name) for name in names)]
    if not chosen:
        print("no mutant has that name", file=sys.stderr)
        return 2
    return run(chosen)


sys.exit(main())
