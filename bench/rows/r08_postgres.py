"""Row 8: create and read on PostgreSQL, beside pgbench with the same statement and connections."""

import json

from kit import ours
from kit.databases import Postgres
from kit.load import Counted, ask, free_port, loaded, ready, wrk
from kit.model import OURS, Against, Contestant, Limit, Row
from kit.places import fresh_folder
from kit.proc import CLIENT_CORE, Server

CONNECTIONS = 16
RECORDS = 10_000
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
TABLE = "CREATE TABLE peer(id bigint PRIMARY KEY, name text NOT NULL, age bigint NOT NULL)"
INSERT = """\\set id random(1, 1000000000000)
INSERT INTO peer(id, name, age) VALUES (:id, 'Alice Example', 30) ON CONFLICT DO NOTHING;
"""
SELECT = f"""\\set id random(1, {RECORDS})
SELECT id, name, age FROM peer WHERE id = :id;
"""
BODY = '{"id":%d,"name":"Alice Example","age":30}'


def _pgbench(name, script, measure, options):
    def sample():
        with fresh_folder() as folder, Postgres(folder) as server:
            server.run(TABLE)
            fill = f"INSERT INTO peer SELECT i, 'Alice Example', 30 FROM generate_series(1, {RECORDS}) i"
            server.run(fill)
            seconds = options.pick(8, 3)
            return {measure: server.pgbench(CLIENT_CORE, script, CONNECTIONS, seconds)}

    return Contestant(name, sample)


def _sample(options, load):
    """Both servers have the first core, the load has the second, as pgbench has."""
    port = free_port()
    with fresh_folder() as folder, Postgres(folder) as postgres:
        stack = STACK.format(port=port, store=postgres.url)
        with Server(ours.run_command("api", stack, folder), folder) as server:
            server.wait_until(lambda: ready(port, "/users/?limit=1"), pause=0.05)
            return load(server, port)


def _create(options):
    def load(server, port):
        warm = wrk(port, "/", CONNECTIONS, 1, Counted("/users/", BODY, 0, "POST"))
        counted = Counted("/users/", BODY, 100_000_000, "POST")
        answers, figures = loaded(server, port, "/", CONNECTIONS, options.pick(8, 3), counted)
        kept = json.loads(ask(port, "/users/?limit=1&count=exact")[1])["count"]
        return {**figures, "lost": max(0, warm.good + answers.good - kept)}

    return Contestant(OURS, lambda: _sample(options, load))


def _read(options):
    def load(server, port):
        rows = "\n".join(BODY.replace("%d", str(i)) for i in range(1, RECORDS + 1))
        for start in range(0, RECORDS, 1000):
            part = "[" + ",".join(rows.split("\n")[start : start + 1000]) + "]"
            status, text = ask(port, "/users/", "POST", part)
            if status not in (200, 201):
                raise ValueError(f"filling answered {status}: {text[:80]}")
        counted = Counted("/users/%d", around=RECORDS)
        return loaded(server, port, "/", CONNECTIONS, options.pick(8, 3), counted)[1]

    return Contestant(OURS, lambda: _sample(options, load))


def create(options):
    return Row(
        number=8,
        title=f"create on PostgreSQL, {CONNECTIONS} connections",
        ours=_create(options),
        peers=[_pgbench("pgbench insert", INSERT, "requests/s", options)],
        goals=[Against("pgbench insert", "requests/s", 0.8), Limit("lost", 0)],
        notes=[
            "Servers on the first core: PostgreSQL, and with ours Headwater too. The load on the second.",
            "Ours also keeps a log of changes, in the same transaction.",
        ],
    )


def read(options):
    return Row(
        number=12,
        title=f"read by key on PostgreSQL without a cache, {CONNECTIONS} connections",
        ours=_read(options),
        peers=[_pgbench("pgbench select", SELECT, "requests/s", options)],
        goals=[Against("pgbench select", "requests/s", 0.8)],
        notes=["Servers on the first core: PostgreSQL, and with ours Headwater too. The load on the second."],
    )
