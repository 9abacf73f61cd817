"""Input files: made once by a seeded generator, kept in the working folder."""

import random
from datetime import datetime, timedelta, timezone

from kit.places import INPUTS
from kit.rounds import say

FIRST = "Anna Bruno Clara David Emma Felix Greta Henry Ida Jonas Klara Louis Maria Noah Olga Paul".split()
LAST = (
    "Adler Bauer Costa Dubois Evans Fischer Garcia Hansen Ivanov Jensen Keller Lopez Meyer".split()
)
CITIES = "Aachen Bergen Chester Dresden Esbjerg Florence Geneva Hamburg Innsbruck Jena".split()
WORDS = "alpha bravo charlie delta echo foxtrot golf hotel".split()


def _kept(name, count, lines):
    """Make the file once; a half-made one never gets its name."""
    path = INPUTS / f"{count}-{name}"
    if not path.is_file():
        say(f"  making {path.name}")
        INPUTS.mkdir(parents=True, exist_ok=True)
        half = path.with_suffix(".half")
        with open(half, "w", newline="\n", buffering=1 << 20) as file:
            file.writelines(lines(random.Random(1)))
        half.rename(path)
    return path


def log_lines(count):
    """Lines of 62 bytes with the line feed."""

    def lines(rng):
        for index in range(count):
            took = rng.randrange(10**6)
            yield f"{index:09d} INFO request {rng.getrandbits(64):016x} took {took:06d} us, done.\n"

    return _kept("lines.log", count, lines)


def people(count):
    """CSV with eight columns, about 116 bytes a row."""
    begin = datetime(2025, 1, 1, tzinfo=timezone.utc)

    def lines(rng):
        yield "id,uuid,name,email,city,age,amount,created\n"
        for index in range(count):
            first, last = rng.choice(FIRST), rng.choice(LAST)
            mark = f"{rng.getrandbits(128):032x}"
            created = (begin + timedelta(seconds=index)).strftime("%Y-%m-%dT%H:%M:%SZ")
            yield (
                f"{index},{mark},{first} {last},{first.lower()}.{last.lower()}@example.org,"
                f"{rng.choice(CITIES)},{rng.randint(18, 80)},{rng.random() * 10000:.2f},{created}\n"
            )

    return _kept("people.csv", count, lines)


def readings(count):
    """CSV with five columns: id, time, one of eight words, float, integer; 47 bytes a row."""
    begin = datetime(2025, 1, 1, tzinfo=timezone.utc)

    def lines(rng):
        yield "id,timestamp,category,value,quantity\n"
        for index in range(count):
            moment = (begin + timedelta(seconds=index)).strftime("%Y-%m-%dT%H:%M:%SZ")
            value = rng.gauss(5000, 1000)
            yield f"{10_000_000 + index},{moment},{rng.choice(WORDS)},{value:.2f},{rng.randint(1, 100)}\n"

    return _kept("readings.csv", count, lines)


def count_lines(path):
    """How many line feeds a file holds."""
    total = 0
    with open(path, "rb") as file:
        while piece := file.read(1 << 20):
            total += piece.count(b"\n")
    return total
