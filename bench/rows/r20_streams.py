"""Rows 20, 21 and 23: NATS JetStream, beside async-nats without anything around it."""

import socket
import subprocess
import time
from functools import cache

from kit import ours
from kit.install import program
from kit.load import free_port
from kit.model import OURS, Against, Contestant, Limit, Missing, Row
from kit.places import PEERS, WORK, fresh_folder
from kit.proc import CLIENT_CORE, SERVER_CORE, Server, measured

LINE = '{{"id":{},"sensor":"hall-7","value":21.5,"unit":"C","text":"{}"}}\n'
READS = """stack: bench
services:
  reads:
    source: {{ nats: {{ url: "{url}", stream: S }} }}
    sink: {{ append_file: out.ndjson }}
"""
WRITES = """stack: bench
services:
  writes:
    source: {{ file: {{ path: in.ndjson, format: ndjson }} }}
    sink: {{ nats: {{ url: "{url}", stream: S, subject: s.x, subjects: ["s.>"] }} }}
"""


class Nats(Server):
    """A nats-server with JetStream on the disk."""

    def __init__(self, folder):
        self.port = free_port()
        argv = [program("nats-server"), "-a", "127.0.0.1", "-p", str(self.port), "-js", "-sd", folder / "store"]
        super().__init__(argv, folder, core=SERVER_CORE)
        self.url = f"nats://127.0.0.1:{self.port}"

    def __enter__(self):
        super().__enter__()
        self.wait_until(self._answers, pause=0.01)
        return self

    def _answers(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                return connection.recv(4) == b"INFO"
        except OSError:
            return False


@cache
def _peer():
    """The peer's program, built once."""
    target = WORK / "nats-peer"
    build = ["cargo", "build", "--release", "--quiet", "--target-dir", target]
    if subprocess.run(build, cwd=PEERS / "nats", check=False).returncode != 0:
        raise Missing("the peer cannot be built")
    return target / "release" / "nats-peer"


def _lines(count):
    """Lines of 200 bytes."""
    lines = (LINE.format(number, "x" * 100) for number in range(count))
    return "".join(line[:-3] + "x" * (200 - len(line)) + line[-3:] for line in lines)


def _patience(count):
    """Seconds that so many records may take: far more than they do."""
    return 120 + count / 5_000


def _run_peer(server, work, count, folder):
    """Seconds that the work took, and those on a processor, with the start of the process."""
    lines = (folder / "in.ndjson").open("rb") if work == "publish" else subprocess.DEVNULL
    done = measured([_peer(), work, server.url, str(count)], folder, core=CLIENT_CORE, source=lines, timeout=_patience(count))
    return float(done.output), done.cpu


def _fill(server, count, folder):
    (folder / "in.ndjson").write_text(_lines(10_000))
    return _run_peer(server, "publish", count, folder)


def _figures(count, wall, cpu, **more):
    return {"records/s": count / wall, "CPU us/record": cpu / count * 1e6, **more}


def _acknowledge(count):
    def sample():
        with fresh_folder() as folder, Nats(folder) as server:
            _fill(server, count, folder)
            return _figures(count, *_run_peer(server, "acknowledge", count, folder))

    return Contestant("async-nats, acknowledging only", sample)


def _reads(count, name=OURS):
    def sample():
        with fresh_folder() as folder, Nats(folder) as server:
            _fill(server, count, folder)
            command = ours.run_command("reads", READS.format(url=server.url), folder)
            out = folder / "out.ndjson"
            size = lambda: out.stat().st_size if out.exists() else 0  # noqa: E731
            with Server(command, folder, core=CLIENT_CORE) as flow:
                flow.wait_until(lambda: size() > 0, _patience(count))
                start, before, cpu = time.monotonic(), size(), flow.run_seconds()
                flow.wait_until(lambda: size() >= count * 200, _patience(count), pause=0.005)
                wall, cpu = time.monotonic() - start, flow.run_seconds() - cpu
                peak = flow.memory("VmHWM") / 1e6
            return _figures(count - before // 200, wall, cpu, **{"peak MB": peak})

    return Contestant(name, sample)


def _drains(count):
    """A flow that starts in front of a stream full of records; the kernel says how much it held at most."""

    def sample():
        with fresh_folder() as folder, Nats(folder) as server:
            _fill(server, count, folder)
            command = ours.run_command("reads", READS.format(url=server.url), folder)
            out = folder / "out.ndjson"
            with Server(command, folder, core=CLIENT_CORE) as flow:
                start = time.monotonic()
                size = lambda: out.stat().st_size if out.exists() else 0  # noqa: E731
                flow.wait_until(lambda: size() >= count * 200, pause=0.1, seconds=_patience(count))
                wall, cpu = time.monotonic() - start, flow.run_seconds()
                peak, end = flow.memory("VmHWM") / 1e6, flow.memory("VmRSS") / 1e6
            if size() != count * 200:
                raise Missing(f"{size()} bytes of {count} records of 200")
            return {"peak MB": peak, "MB at the end": end, **_figures(count, wall, cpu)}

    return Contestant(OURS, sample)


def _bare_publish(count):
    def sample():
        with fresh_folder() as folder, Nats(folder) as server:
            return _figures(count, *_fill(server, count, folder))

    return Contestant("async-nats, publishing only", sample)


def _writes(count):
    def sample():
        with fresh_folder() as folder, Nats(folder) as server:
            (folder / "in.ndjson").write_text(_lines(count))
            command = ours.run_command("writes", WRITES.format(url=server.url), folder)
            done = measured(command, folder, core=CLIENT_CORE, timeout=_patience(count))
            return _figures(count, done.wall, done.cpu, **{"peak MB": done.peak / 1e6})

    return Contestant(OURS, sample)


def reads(options):
    count = options.pick(1_000_000, 200_000)
    return Row(
        number=20,
        title=f"JetStream to a durable file, {count} records of 200 bytes",
        ours=_reads(count),
        peers=[_acknowledge(count)],
        goals=[
            Against("async-nats, acknowledging only", "records/s", 0.8),
            Against("async-nats, acknowledging only", "CPU us/record"),
            Limit("peak MB", 25),
        ],
        notes=["nats-server on the first core, the reader on the second."],
    )


def writes(options):
    count = options.pick(500_000, 100_000)
    return Row(
        number=21,
        title=f"file to JetStream, {count} records of 200 bytes",
        ours=_writes(count),
        peers=[_bare_publish(count)],
        goals=[
            Against("async-nats, publishing only", "records/s", 0.8),
            Against("async-nats, publishing only", "CPU us/record"),
            Limit("peak MB", 25),
        ],
        notes=["nats-server on the first core, the writer on the second; ours sends an id with each message."],
    )


def backlog(options):
    count = options.pick(10_000_000, 200_000)
    return Row(
        number=23,
        title=f"memory in front of a backlog of {count} records of 200 bytes, JetStream to a durable file",
        ours=_drains(count),
        peers=[],
        goals=[Limit("peak MB", 25)],
        notes=["Two gigabytes in the stream and as many in the file at full size; records/s counts the start too."],
    )
