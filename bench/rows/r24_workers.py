"""Rows 24 and 25: workers of one flow through a stream, at a target that takes 20 ms for each record."""

import itertools
import sys
import time

from kit import ours
from kit.load import free_port
from kit.model import OURS, Against, Contestant, Limit, Row
from kit.places import PEERS, fresh_folder
from kit.proc import CLIENT_CORE, Server
from rows.r20_streams import Nats

WORKERS = 5
PATIENCE = 120
STACK = """stack: bench
via: {url}
services:
  send:
    source: {{ file: {{ path: in.ndjson, format: ndjson, follow: true }} }}
    sink: {{ http: "http://127.0.0.1:${{TARGET}}/" }}
    scale: {workers}
"""


class Target(Server):
    """Answers after 20 ms; a new folder of its own, because its log says what came when."""

    def __init__(self, folder):
        folder.mkdir()
        self.port = free_port()
        super().__init__([sys.executable, PEERS / "slow_target.py", str(self.port)], folder, core=CLIENT_CORE)

    def came(self):
        """Pairs of a record's number and the time."""
        lines = self.log.read_text().splitlines()
        pairs = (line.split() for line in lines)
        return [(int(pair[0]), float(pair[1])) for pair in pairs if len(pair) == 2]


def _append(folder, first, count):
    with (folder / "in.ndjson").open("a") as file:
        file.write("".join(f'{{"id":{number}}}\n' for number in range(first, first + count)))


def _process(folder, name, arguments, target):
    """One process of ours with a folder of its own for its files and its log."""
    place = folder / name
    place.mkdir()
    command = [ours.binary(), *arguments, "--data", place / "data", *ours.QUIET]
    server = Server(command, folder, env={"TARGET": str(target.port)})
    server.log = place / "log"
    return server


def _rate(workers, seconds):
    """Records a second at the target, once all workers are at it."""
    before, count = 20 * workers, 50 * workers * seconds
    with fresh_folder() as folder, Nats(folder) as server, Target(folder / "target") as target:
        _append(folder, 0, before + 5 * count)
        (folder / "stack.yaml").write_text(STACK.format(url=server.url, workers=workers))
        with _process(folder, "flow", ["up", folder / "stack.yaml"], target) as flow:
            flow.wait_until(lambda: len(target.came()) > before + count, PATIENCE, pause=0.1)
        times = [time for _, time in target.came()]
        return count / (times[before + count] - times[before])


def _worker_dies(folder, server):
    """Seconds from the death of a worker to the arrival of the last record that it held."""
    (folder / "stack.yaml").write_text(STACK.format(url=server.url, workers=1))
    _append(folder, 0, 20)
    with Target(folder / "one") as one, Target(folder / "other") as other:
        with (
            _process(folder, "in", _run(folder, "send-in"), one),
            _process(folder, "out-1", _run(folder, "send-out"), one) as dies,
            _process(folder, "out-2", _run(folder, "send-out"), other) as stays,
        ):
            for turn in itertools.count(1):
                wanted, seen = set(range(20 * turn)), len(one.came())
                done = lambda: wanted == {it for it, _ in one.came() + other.came()}  # noqa: B023,E731
                stays.wait_until(lambda: len(one.came()) > seen or done(), PATIENCE, 0.002)  # noqa: B023
                if turn > 1 and not done():
                    break
                stays.wait_until(done, PATIENCE, 0.01)
                _append(folder, 20 * turn, 20)
            dies.process.kill()
            killed = time.monotonic()
            stays.wait_until(done, PATIENCE, 0.01)
            arrived = {}
            for number, moment in sorted(one.came() + other.came(), key=lambda pair: pair[1]):
                arrived.setdefault(number, moment)
            return max(arrived.values()) - killed


def _holder_dies(folder, server):
    """Seconds from the death of the process that reads the source to the first record that the next one reads."""
    (folder / "stack.yaml").write_text(STACK.format(url=server.url, workers=1))
    _append(folder, 0, 1)
    with (
        Target(folder / "one") as target,
        _process(folder, "out", _run(folder, "send-out"), target) as out,
        _process(folder, "in-1", _run(folder, "send-in"), target) as dies,
    ):
        out.wait_until(lambda: len(target.came()) == 1, PATIENCE, 0.01)
        with _process(folder, "in-2", _run(folder, "send-in"), target) as stays:
            stays.wait_until(lambda: "stands by" in stays.log.read_text(), PATIENCE, 0.01)
            dies.process.kill()
            killed = time.monotonic()
            _append(folder, 1, 1)
            stays.wait_until(lambda: len(target.came()) > 1, PATIENCE, 0.01)
            return target.came()[-1][1] - killed


def _run(folder, service):
    return ["run", service, "--stack", folder / "stack.yaml"]


def _hand_over():
    def sample():
        with fresh_folder() as folder, Nats(folder) as server:
            worker = _worker_dies(folder, server)
        with fresh_folder() as folder, Nats(folder) as server:
            return {"worker s": worker, "holder s": _holder_dies(folder, server)}

    return Contestant(OURS, sample)


def workers(options):
    seconds = options.pick(20, 4)
    linear = f"one worker, times {WORKERS}"
    return Row(
        number=24,
        title=f"{WORKERS} workers through a stream, at a target that takes 20 ms for each record",
        ours=Contestant(OURS, lambda: {"records/s": _rate(WORKERS, seconds)}),
        peers=[Contestant(linear, lambda: {"records/s": WORKERS * _rate(1, seconds)})],
        goals=[Against(linear, "records/s", 0.9)],
        notes=["All workers in one process; nats-server and that process are on the first core."],
    )


def hand_over(_options):
    return Row(
        number=25,
        title="kill -9 of a process, and how long until another one has done its work",
        ours=_hand_over(),
        peers=[],
        goals=[Limit("worker s", 5), Limit("holder s", 5)],
        notes=[
            "worker: of two workers of the second half the one that held records; until the last of them is delivered.",
            "holder: the process that reads the source; until a record that was written after its death is delivered.",
        ],
    )
