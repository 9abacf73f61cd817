"""Row 16: a million records on SQLite: pages and memory."""

import http.client
import json
import statistics
import time

from kit import ours
from kit.load import HOST, free_port, ready
from kit.model import OURS, Contestant, Limit, Missing, Row
from kit.places import fresh_folder
from kit.proc import Server

STACK = """stack: bench
resources:
  users:
    key: id
    fields: {{ id: integer, name: text, age: integer }}
    store: sqlite:bench.db
services:
  api:
    listen: {port}
    routes:
      /users/: {{ resource: users }}
"""
PART = 10_000


def _fill(connection, records):
    for start in range(0, records, PART):
        lines = (
            json.dumps({"id": i, "name": f"Person {i}", "age": i % 90}) for i in range(start, start + PART)
        )
        headers = {"content-type": "application/x-ndjson", "prefer": "return=minimal"}
        connection.request("POST", "/users/", "\n".join(lines), headers)
        answer = connection.getresponse()
        text = answer.read()
        if answer.status not in (200, 201, 204):
            raise Missing(f"filling answered {answer.status}: {text[:80]}")


def _median_ms(connection, paths):
    took = []
    for path in paths:
        start = time.perf_counter()
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise Missing(f"{path} answered {answer.status}")
        took.append((time.perf_counter() - start) * 1e3)
    return statistics.median(took)


def _sample(options):
    port, records = free_port(), options.pick(1_000_000, 100_000)
    with fresh_folder() as folder:
        argv = ours.run_command("api", STACK.format(port=port), folder)
        with Server(argv, folder) as server:
            server.wait_until(lambda: ready(port, "/users/?limit=1"), pause=0.05)
            connection = http.client.HTTPConnection(HOST, port, timeout=60)
            begun = time.monotonic()
            _fill(connection, records)
            filled = time.monotonic() - begun
            steps = range(0, records, records // 200)
            list_ms = _median_ms(connection, ["/users/?limit=100"] * 100)
            page_ms = _median_ms(connection, [f"/users/?id=gte.{i}&limit=100" for i in steps])
            one_ms = _median_ms(connection, [f"/users/{i}" for i in steps])
            return {
                "list page ms": list_ms,
                "filtered page ms": page_ms,
                "one record ms": one_ms,
                "peak MB": server.memory("VmHWM") / 1e6,
                "rows/s": records / filled,
            }


def row(options):
    return Row(
        number=16,
        title=f"{options.pick('a million', '100 000')} records on SQLite",
        ours=Contestant(OURS, lambda: _sample(options)),
        peers=[],
        goals=[Limit("list page ms", 5), Limit("filtered page ms", 5), Limit("peak MB", 60)],
        notes=["rows/s: filled by NDJSON bodies of 10 000 records, each durable before it is answered."],
    )
