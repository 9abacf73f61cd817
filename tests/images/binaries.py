"""The binaries by themselves, those of other machines under QEMU's emulation of one program."""

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import urllib.error
import urllib.request

from engine import ROOT, Failed, run, until
from systems import expect

OUT = ROOT / "target" / "dist"
WORK = ROOT / "target" / "images"
EMULATORS = {"amd64": None, "arm64": "/usr/bin/qemu-aarch64-static", "armv7": "/usr/bin/qemu-arm-static"}
STACK = ROOT / "tests" / "images" / "stack.yaml"
PATIENCE = 300
# Every family of values, those with rounding, dates and text before all.
SCHEMA = (
    "{ id: uuid, n: sequence, i: integer 1..1000000000000, f: float 0..1, g: normal mean 20 sd 2 decimals 1, "
    "l: lognormal median 12 sigma 0.5, e: exponential mean 5, p: poisson mean 3, who: person.name }"
)


def command(name, *words):
    emulator = EMULATORS[name]
    return [*([emulator] if emulator else []), OUT / f"headwater-linux-{name}", *words]


def same(what, names, answer):
    """Every architecture answers what the first one does."""
    first = answer(names[0])
    for name in names[1:]:
        other = answer(name)
        expect(f"{what}: {names[0]} and {name} differ\n{first[-300:]}\n{other[-300:]}", first == other)
    return first


def starts(names):
    told = same("--version", names, lambda name: run(command(name, "--version")))
    expect(f"--version: {told}", re.fullmatch(r"headwater \d+\.\d+\.\d+\n", told))
    told = same("check", names, lambda name: run(command(name, "check", "numbers")))
    expect(f"check: {told}", "the stack numbers is right" in told)


def same_data(names):
    """What a seed means is the same on each machine, whatever its words are wide and however it rounds."""
    def digest(name):
        made = run(command(name, "generate", "-n", "20000", "--seed", "7", SCHEMA), timeout=PATIENCE)
        return f"{len(made.splitlines())} records {hashlib.sha256(made.encode()).hexdigest()}"

    told = same("generate", names, digest)
    expect(told, told.startswith("20000 records"))


def same_meaning(names):
    """Expressions answer the same, whether a number has room in a word of the machine or not."""
    numbers = [1, 1.5, 1e300, 3 * 10**9, 21 * 10**9, 1_700_000_000_123]
    numbers += [sign * (2**bits + more) for bits in (31, 32, 53, 63, 64) for sign in (1, -1) for more in (-1, 0, 1)]
    given = "".join(json.dumps({"n": number}) + "\n" for number in numbers)

    def answer(name):
        words = ["run", "meaning", "--stack", ROOT / "tests" / "images" / "meaning.yaml", "--admin", "127.0.0.1:0"]
        return run(command(name, *words, "--data", WORK / f"meaning-{name}"), timeout=PATIENCE, text=given)

    told = same("expressions", names, answer)
    expect(f"a line for each number: {told}", len(told.splitlines()) == len(numbers))


class Running:
    """The test's stack, by one architecture, in the directory that all of them share."""

    def __init__(self, name):
        self.name = name
        self.told = WORK / f"{name}.log"
        ports = ["--port", "api=0", "--port", "taken=0", "--admin", "127.0.0.1:0"]
        with open(self.told, "w", encoding="utf-8") as told:
            self.process = subprocess.Popen(
                [str(word) for word in command(name, "up", STACK, "--data", "data", *ports)],
                cwd=WORK / "disk", stdout=told, stderr=told,
            )

    def address(self, path):
        def found():
            told = self.told.read_text(encoding="utf-8")
            if self.process.poll() is not None:
                raise SystemExit(f"{self.name} ended:\n{told[-2000:]}")
            address = re.search(rf"http://127\.0\.0\.1:\d+{path}\b", told)
            return address and address[0]

        return until(f"{self.name} says where {path} is", found, PATIENCE)[0]

    def ask(self, path, value=None, key=""):
        """One request, sent once, however long its answer takes."""
        body = None if value is None else json.dumps(value).encode()
        headers = {"Content-Type": "application/json"} if body else {}
        request = urllib.request.Request(self.address(path) + key, data=body, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            raise Failed(f"{self.name}: {path}{key}: {error.code} {error.read().decode()}") from error

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def made():
    return (WORK / "disk" / "made.ndjson").stat().st_size


def one_disk(names):
    """A disk goes from machine to machine, each of which is killed: SQLite, journal, checkpoints and files are the
    same on all of them, and nothing is lost or doubled. The first machine is the last one, too."""
    shutil.rmtree(WORK / "disk", ignore_errors=True)
    (WORK / "disk").mkdir(parents=True)
    turns = [*names, names[0]]
    for turn, name in enumerate(turns):
        before = made() if turn else 0
        running = Running(name)
        try:
            _, drawn = running.ask("/number")
            expect(f"{name}: GET /number: {drawn}", 1 <= drawn["number"] <= 180)
            for earlier in range(turn):
                _, kept = running.ask("/users", key=f"/{earlier}")
                expect(f"{name}: user {earlier}: {kept}", kept["name"] == turns[earlier])
            status, told = running.ask("/users", {"user_id": turn, "name": name, "age": 40})
            expect(f"{name}: POST /users: {status} {told}", status == 201)
            until(f"{name} goes on with what is made", lambda: made() > before + 20_000, PATIENCE)
            _, told = running.ask("/readings", {"turn": turn, "celsius": 1})
            expect(f"{name}: POST /readings: {told}", told == {"accepted": 1})
        finally:
            running.kill()
    last = Running(names[-1])
    try:
        taken = WORK / "disk" / "taken.ndjson"
        until(
            "what was taken is in the file",
            lambda: len(taken.read_text(encoding="utf-8").splitlines()) >= len(turns),
            PATIENCE,
        )
        told = [json.loads(line)["turn"] for line in taken.read_text(encoding="utf-8").splitlines()]
        expect(f"what was taken is once in the file, in order: {told}", told == list(range(len(turns))))
    finally:
        last.kill()
    for name in names:
        told = subprocess.run(
            [str(word) for word in command(name, "audit", "made", "--stack", STACK, "--data", "data")],
            cwd=WORK / "disk", capture_output=True, text=True, timeout=PATIENCE,
        )
        expect(f"{name}: {told.stdout}{told.stderr}", told.returncode == 0 and "clean" in told.stdout)


def usable(names):
    """The architectures that can be run here."""
    for name in names:
        emulator = EMULATORS[name]
        if emulator and not os.path.exists(emulator):
            raise Failed(f"{name}: {emulator} is missing: install qemu-user-static")
    return names
