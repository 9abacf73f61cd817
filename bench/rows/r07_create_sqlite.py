"""Row 7: create on the embedded store; the 201 comes after the fsync."""

import json

from kit import ours
from kit.install import python
from kit.load import Counted, ask, free_port, loaded, ready, wrk
from kit.model import OURS, Against, Contestant, Limit, Published, Row
from kit.places import PEERS, fresh_folder
from kit.proc import SERVER_CORE, Server, measured

STACK = """stack: bench
resources:
  users:
    key: id
    fields: {{ id: integer, name: text, age: integer }}
    store: {store}
services:
  api:
    listen: {port}
    routes:
      /users/: {{ resource: users }}
"""
BODY = '{"id":%d,"name":"Alice Example","age":30}'


def create(start):
    """Every request creates another record."""
    return Counted("/users/", BODY, start, "POST")


def _headwater(name, store, connections, options):
    def sample():
        port = free_port()
        with fresh_folder() as folder:
            argv = ours.run_command("api", STACK.format(port=port, store=store), folder)
            with Server(argv, folder) as server:
                server.wait_until(lambda: ready(port, "/users/?limit=1"), pause=0.05)
                warm = wrk(port, "/", connections, options.pick(2, 1), create(0))
                load = create(100_000_000)
                answers, figures = loaded(server, port, "/", connections, options.pick(8, 3), load)
                kept = json.loads(ask(port, "/users/?limit=1&count=exact")[1])["count"]
                return {**figures, "lost": max(0, warm.good + answers.good - kept)}

    return Contestant(name, sample)


def _sqlite(name, rows_a_commit, options):
    def sample():
        with fresh_folder() as folder:
            seconds = options.pick(5, 2)
            argv = [python("flask"), PEERS / "sqlite_commits.py", rows_a_commit, seconds]
            done = measured(argv, folder, core=SERVER_CORE)
            return {"requests/s": float(done.output)}

    return Contestant(name, sample)


def row(options):
    return Row(
        number=7,
        title="create on SQLite, 201 after fsync, 64 connections",
        ours=_headwater(OURS, "sqlite:bench.db", 64, options),
        peers=[_sqlite("SQLite, one row a commit", 1, options)],
        variants=[
            _headwater(f"{OURS}, 1 connection", "sqlite:bench.db", 1, options),
            _headwater(f"{OURS}, in memory", "memory", 64, options),
            _sqlite("SQLite, 128 rows a commit", 128, options),
        ],
        goals=[
            Limit("requests/s", 10_000),
            Against("SQLite, one row a commit", "requests/s", 5),
            Published("PocketBase, 500 connections, not synced", "requests/s", 2_015, 5),
            Limit("lost", 0),
        ],
        notes=[
            "SQLite: Python's sqlite3, WAL with synchronous=FULL, no HTTP.",
            "PocketBase: its own figure for 2 cores (v0.36), with synchronous=NORMAL.",
            "lost: 201 answers without a record.",
        ],
    )
