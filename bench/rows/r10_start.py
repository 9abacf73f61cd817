"""Row 10: start to first record, idle memory, idle work, size."""

import os
import time

from kit import nodered, ours
from kit.install import node
from kit.load import free_port, ready
from kit.model import OURS, Against, Contestant, Limit, Row
from kit.places import fresh_folder
from kit.proc import Server


def _up(stack, path, folder):
    """`headwater up STACK` in a fresh folder, on a free port."""
    port = free_port()
    env = {
        **os.environ,
        "PRODUCER_URL": f"http://127.0.0.1:{port}{path}",
        "DATA_DIR": str(folder / "out"),
    }
    argv = [ours.binary(), "up", stack, "--port", f"producer={port}"]
    return Server([*argv, "--data", folder / "data", *ours.QUIET], folder, env=env)


def _first_line(path):
    """True when the file holds a whole line."""
    try:
        return b"\n" in path.read_bytes()
    except OSError:
        return False


def _start():
    with fresh_folder() as folder, _up("random-file", "/", folder) as server:
        file = folder / "out" / "numbers.ndjson"
        return server.wait_until(lambda: _first_line(file), 10, pause=0.0002) * 1e3


def _idle(server, seconds):
    """Memory after 5 s of idling, and the work done while idling longer."""
    time.sleep(5)
    memory = {"RSS MB": server.memory("VmRSS") / 1e6, "PSS MB": server.memory("Pss") / 1e6}
    before, start = server.run_seconds(), time.monotonic()
    time.sleep(seconds)
    share = (server.run_seconds() - before) / (time.monotonic() - start)
    server.check_alive()
    return {**memory, "idle CPU %": share * 100}


def _ours(options):
    def sample():
        starts = sorted(_start() for _ in range(options.pick(7, 3)))
        with fresh_folder() as folder, _up("numbers", "/number", folder) as server:
            idle = _idle(server, options.pick(10, 5))
        size = ours.binary().stat().st_size / 1e6
        return {"start ms": starts[len(starts) // 2], **idle, "size MB": size}

    return Contestant(OURS, sample)


def _node_red(options):
    def sample():
        port = free_port()
        with fresh_folder() as folder, nodered.server(folder, port) as server:
            start = server.wait_until(lambda: ready(port, "/number"), pause=0.002) * 1e3
            idle = _idle(server, options.pick(10, 5))
        packages = node("node-red").parent
        files = (file for file in packages.rglob("*") if file.is_file() and not file.is_symlink())
        size = sum(file.stat().st_size for file in files) / 1e6
        return {"start ms": start, **idle, "size MB": size}

    return Contestant("Node-RED", sample)


def row(options):
    return Row(
        number=10,
        title="`up random-file` to first record; `up numbers` idling; size",
        ours=_ours(options),
        peers=[_node_red(options)],
        goals=[
            Limit("start ms", 50),
            Limit("RSS MB", 15),
            Limit("idle CPU %", 0.5),
            Limit("size MB", 20),
            Against("Node-RED", "start ms"),
            Against("Node-RED", "RSS MB"),
            Against("Node-RED", "idle CPU %"),
            Against("Node-RED", "size MB"),
        ],
        notes=[
            "start: from exec to the first whole line in the file, in a fresh folder, median of several.",
            "Node-RED: from exec to the first answer of a flow; size: its packages, without node.",
        ],
    )
