"""Replicas by need: `headwater autoscale` beside a real engine, a load through a gate, and no request that fails."""

import contextlib
import json
import subprocess
import sys
import urllib.request

from engine import ROOT, WORK, any_port, run, until
from systems import expect, get

MOST = 4
STACK = """stack: by-need
services:
  front:
    listen: 8080
    gate: { to: producer, name_replica: true }
  producer:
    listen: 5000
    routes:
      /number: { generate: { number: integer 1..180 } }
"""
COMPOSE = """version: "3"
services:
  front:
    image: headwater
    command: run front --stack /stack.yaml
    environment: { HEADWATER_ADMIN: "0.0.0.0:7070" }
    volumes: [ ./stack.yaml:/stack.yaml:ro ]
    ports: [ "%(port)s:8080" ]
  producer:
    image: headwater
    command: run producer --stack /stack.yaml
    volumes: [ ./stack.yaml:/stack.yaml:ro ]
  autoscale:
    image: headwater
    command: >
      autoscale /stack.yaml --service producer --project by-need --target rate=20 --max %(most)s
      --every 1s --up-after 2s --down-after 5s
    user: "0"
    volumes: [ ./stack.yaml:/stack.yaml:ro, "%(socket)s:/var/run/docker.sock" ]
"""


@contextlib.contextmanager
def load(port, *words):
    """Asks until the block ends; what came of it is then in the dictionary."""
    client = ROOT / "tests" / "swarm" / "load.py"
    argv = [sys.executable, "-B", client, f"127.0.0.1:{port}", "--path", "/number", *words]
    process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    told = {}
    try:
        yield told
        told.update(json.loads(process.communicate("", timeout=60)[0]))
    finally:
        process.kill()
        process.wait()


def by_need(engine):
    directory, port = WORK / "by-need", any_port()
    directory.mkdir(exist_ok=True)
    (directory / "stack.yaml").write_text(STACK, encoding="utf-8")
    words = {"port": port, "most": MOST, "socket": engine.socket}
    (directory / "docker-compose.yml").write_text(COMPOSE % words, encoding="utf-8")

    def compose(*words):
        return run(["docker-compose", "--project-name", "by-need", *words], timeout=180, cwd=directory)

    def replicas():
        return len(compose("ps", "-q", "producer").split())

    try:
        compose("up", "-d")
        until("the gate answers", lambda: get(f"http://localhost:{port}/number")[0] == 200)
        # More than a hundred a second, however slow the machine: five that ask without a pause.
        with load(port, "--kept", "4", "--fresh", "1") as much:
            until("all replicas that are allowed", lambda: replicas() == MOST)
            seen = set()
            until("each of them answers", lambda: seen.add(replica_of(port)) or len(seen) == MOST)
        with load(port, "--kept", "1", "--fresh", "0", "--pause", "0.2") as little:
            until("one replica again", lambda: replicas() == 1)
        for what, of in (("while it grew", much), ("while it shrank", little)):
            expect(f"{what}: {of['failures'][:3]}", not of["failures"])
        print(f"   1 to {MOST} and back, {much['requests'] + little['requests']} requests", flush=True)
    except Exception:
        print(compose("logs", "--tail", "20", "autoscale"), flush=True)
        raise
    finally:
        compose("down", "-v", "--timeout", "10")


def replica_of(port):
    """Who answers behind the gate."""
    with urllib.request.urlopen(f"http://localhost:{port}/number", timeout=5) as answer:
        return answer.headers["x-headwater-replica"]
