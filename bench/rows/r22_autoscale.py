"""Row 22: FogDEFT's load with and without autoscaling: a gate in front of producers that take 10 ms for an answer."""

import sys

from kit import ours
from kit.engine import Engine
from kit.load import free_port, ready, wrk
from kit.model import OURS, Against, Contestant, Missing, Published, Row
from kit.places import PEERS, fresh_folder
from kit.proc import CLIENT_CORE, SERVER_CORE, Server, pinned

CONNECTIONS = 50
REPLICAS = 8
ALONE = "one replica"
STACK = """stack: bench
services:
  front:
    listen: {port}
    gate: {{ to: producer, at: [{places}], slow_start: 0s }}
  producer:
    listen: 1
    routes:
      /number: {{ generate: {{ number: integer 1..180 }} }}
"""


def _autoscale(folder, admin, engine):
    options = ["--service", "producer", "--target", "rate=60", "--max", str(REPLICAS)]
    options += ["--every", "1s", "--up-after", "2s", "--down-after", "10s"]
    where = ["--from", f"127.0.0.1:{admin}", "--engine", engine, "--data", folder / "scaler"]
    return [ours.binary(), "autoscale", folder / "stack.yaml", *options, *where, *ours.QUIET]


def _contestant(name, scales, options):
    def sample():
        ports = [free_port() for _ in range(REPLICAS)]
        port, admin = free_port(), free_port()
        commands = [
            pinned(SERVER_CORE, [sys.executable, PEERS / "slow_number.py", port]) for port in ports
        ]
        places = ", ".join(f'"127.0.0.1:{port}"' for port in ports)
        with fresh_folder() as folder, Engine(folder / "engine", commands) as engine:
            text = STACK.format(port=port, places=places)
            command = ours.run_command("front", text, folder)[:-1] + [f"127.0.0.1:{admin}"]
            with Server(command, folder) as gate:
                gate.wait_until(lambda: ready(port, "/number"), pause=0.05)
                if not scales:
                    return _load(port, options, engine)
                (folder / "scaler").mkdir()
                argv = _autoscale(folder, admin, engine.socket)
                with Server(argv, folder / "scaler", core=CLIENT_CORE) as scaler:
                    figures = _load(port, options, engine)
                    scaler.check_alive()
                    if engine.most < 2:
                        raise Missing("it started no replica")
                    return figures

    return Contestant(name, sample)


def _load(port, options, engine):
    answers = wrk(port, "/number", CONNECTIONS, options.pick(60, 15))
    if answers.bad:
        raise Missing(f"{answers.bad} bad answers beside {answers.good} good ones")
    return {
        "requests/s": answers.rate,
        "p99 ms": answers.p99_ms,
        "replicas": engine.most,
    }


def row(options):
    return Row(
        number=22,
        title=f"a load of {CONNECTIONS} connections that comes at once, with autoscaling",
        ours=_contestant(OURS, True, options),
        peers=[_contestant(ALONE, False, options)],
        goals=[
            Against(ALONE, "requests/s", 1.436),
            Against(ALONE, "p99 ms"),
            Published("FogDEFT, two Pis, with autoscaling", "requests/s", 273.8),
            Published("FogDEFT, two Pis, without", "requests/s", 188.1),
        ],
        notes=[
            "A replica takes 10 ms for an answer, one at a time, and hardly works: cores are not what is short.",
            "The engine is a stand-in (kit/engine.py) whose containers are processes; the rate is that of the whole "
            "load, its first seconds with one replica included.",
            "1.436 is what autoscaling gave FogDEFT, with 129 time-outs; here a bad answer is a missing figure.",
        ],
    )
