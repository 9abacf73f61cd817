"""Forms a Swarm of three nodes in network namespaces, deploys numbers and random-file behind gates, loads them from
outside, and breaks what can break. Figures are written to target/swarm/figures.json and figures.md."""

import argparse
import json
import pathlib
import signal
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "containers")]

import losses  # noqa: E402
import spread  # noqa: E402
import swarm  # noqa: E402
from books import Books  # noqa: E402
from engine import ROOT, Failed  # noqa: E402
from lab import WORK, Lab  # noqa: E402

CHECKS = {
    "spread": lambda at: spread.spread(at.lab, at.note),
    "scale": lambda at: spread.scaled(at.lab, at.note),
    "update": lambda at: losses.updated(at.lab, at.note, at.words.requests),
    "kill": lambda at: losses.killed(at.lab, at.books, at.note),
    "drain": lambda at: losses.drained(at.lab, at.books, at.note),
    "cable": lambda at: losses.unplugged(at.lab, at.books, at.note),
    "leader": lambda at: losses.beheaded(at.lab, at.books, at.note),
}


class Run:
    """One run: the lab, what is deployed on it, and the figures so far."""

    def __init__(self, words):
        self.words = words
        self.lab = Lab()
        self.books = None
        self.figures = []

    def note(self, what, figure, limit=""):
        self.figures.append({"what": what, "figure": figure, "limit": limit})
        print(f"   {what}: {figure}" + (f" ({limit})" if limit else ""), flush=True)

    def begin(self):
        stack = (HERE / "stacks" / "numbers" / "headwater.yaml").read_text(encoding="utf-8")
        if stack not in (ROOT / "docs" / "guides" / "swarm.md").read_text(encoding="utf-8"):
            raise SystemExit("docs/guides/swarm.md shows another stack than tests/swarm/stacks/numbers/headwater.yaml")
        program = swarm.binary(self.words.binary, self.words.profile)
        self.note("three nodes are a Swarm after", f"{self.lab.up(self.words.heartbeat):.1f} s")
        self.note("the image is carried to two nodes in", f"{swarm.image(self.lab, program):.1f} s")
        begin = time.monotonic()
        manager, last = self.lab.nodes[0], self.lab.nodes[-1]
        manager.docker("node", "update", "--label-add", "random-file-data=yes", last.name)
        self.books = Books(last)
        swarm.deploy(self.lab, program, "numbers", "--scale", "producer=3")
        settings = swarm.random_file_settings()
        swarm.deploy(self.lab, program, "random-file", "--scale", "producer=3", *settings)
        swarm.up(self.lab, HERE / "stacks" / "plain.yml", "plain")
        for service, count in (
            ("numbers_front", 3), ("numbers_producer", 3), ("numbers_consumer", 1), ("plain_producer", 3),
            ("random-file_front", 3), ("random-file_producer", 3), ("random-file_consumer", 1),
        ):
            swarm.running(manager, service, count)
        self.note("three stacks with 17 tasks run after", f"{time.monotonic() - begin:.1f} s")

    def check(self, name):
        begin = time.monotonic()
        try:
            CHECKS[name](self)
            print(f"ok    {name} ({time.monotonic() - begin:.0f} s)", flush=True)
            return True
        except (Failed, subprocess.TimeoutExpired) as failed:
            print(f"FAIL  {name}: {failed}\n      again: tests/swarm/run --only {name}", flush=True)
            return False

    def end(self):
        if self.books:
            self.books.close()
        self.lab.down()
        if not self.words.keep:
            self.lab.forget()

    def write(self):
        (WORK / "figures.json").write_text(json.dumps(self.figures, indent=1) + "\n", encoding="utf-8")
        rows = [f"| {it['what']} | {it['figure']} | {it['limit']} |" for it in self.figures]
        table = ["| what | figure | asked for |", "|---|---|---|", *rows]
        (WORK / "figures.md").write_text("\n".join(table) + "\n", encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--list", action="store_true", help="name the checks")
    parser.add_argument("--only", help="run only these: NAME,NAME")
    parser.add_argument("--keep", action="store_true", help="keep what the nodes have written, until the next run")
    parser.add_argument("--binary", help="a static program, instead of building one")
    parser.add_argument("--profile", default="release", help="what is built: release or dev")
    parser.add_argument("--requests", type=int, default=5000, help="at least so many during rolling updates")
    parser.add_argument("--heartbeat", default="5s", help="the Swarm's; a node that misses three is lost")
    words = parser.parse_args()
    if words.list:
        print("\n".join(CHECKS))
        return 0
    wanted = words.only.split(",") if words.only else list(CHECKS)
    unknown = [name for name in wanted if name not in CHECKS]
    if unknown:
        parser.error(f"no check named {unknown[0]}; --list names them")
    WORK.mkdir(parents=True, exist_ok=True)
    # An end from outside is an end in order.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    this = Run(words)
    try:
        this.begin()
        good = [this.check(name) for name in wanted]
    except Failed as failed:
        print(f"FAIL  before the first check: {failed}", flush=True)
        good = [False]
    finally:
        this.write()
        this.end()
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
