"""Row 6: POST to a durable append; the 2xx comes after the fsync."""

import time

from kit import nodered, ours
from kit.data import count_lines
from kit.load import free_port, loaded, ready, wrk
from kit.model import OURS, Against, Contestant, Limit, Row
from kit.places import fresh_folder
from kit.proc import Server

BODY = '{"number":42}'
STACK = """stack: bench
services:
  intake:
    source: {{ http_listen: {{ listen: {port}, path: / }} }}
    sink: {{ append_file: {{ path: {out} }} }}
"""


def _headwater(folder, port):
    stack = STACK.format(port=port, out=ours.quoted(folder / "out.ndjson"))
    return Server(ours.run_command("intake", stack, folder), folder)


def _settled_lines(path):
    """Lines of the file, once nobody writes to it any more."""
    size = -1
    while size != path.stat().st_size:
        size = path.stat().st_size
        time.sleep(0.5)
    return count_lines(path)


def _contestant(name, start, path, connections, options):
    def sample():
        port = free_port()
        with fresh_folder() as folder, start(folder, port) as server:
            server.wait_until(lambda: ready(port, path, "POST", BODY), pause=0.05)
            warm = wrk(port, path, connections, options.pick(2, 1), BODY)
            answers, figures = loaded(server, port, path, connections, options.pick(8, 3), BODY)
            answered = 1 + warm.good + answers.good
            lines = _settled_lines(folder / "out.ndjson")
            lost, surplus = max(0, answered - lines), max(0, lines - answered)
            return {**figures, "lost": lost, "surplus": surplus}

    return Contestant(name, sample)


def row(options):
    def mine(name, connections):
        return _contestant(name, _headwater, "/", connections, options)

    def theirs(name, connections):
        return _contestant(name, nodered.server, "/in", connections, options)

    return Row(
        number=6,
        title="POST to durable append, 2xx after fsync, 256 connections",
        ours=mine(OURS, 256),
        peers=[theirs("Node-RED", 256)],
        variants=[
            mine(f"{OURS}, 32 connections", 32),
            mine(f"{OURS}, 1 connection", 1),
        ],
        goals=[
            Against("Node-RED", "requests/s", 10),
            Against("Node-RED", "p99 ms"),
            Against("Node-RED", "CPU us/request"),
            Limit("lost", 0),
        ],
        notes=[
            "lost: 2xx answers without a line. surplus: lines whose answer the load did not wait for.",
            "Node-RED answers after its write, without fsync: the ratio is in its favour.",
        ],
    )
