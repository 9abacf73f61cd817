"""Row 1: GET /number. Ours generates, nginx answers a constant, Flask is the original."""

import json

from kit import ours
from kit.install import program, python
from kit.load import ask, free_port, loaded, ready, wrk
from kit.model import OURS, Against, Contestant, Missing, Row
from kit.places import PEERS, fresh_folder
from kit.proc import Server

CONNECTIONS = 32
STACK = """stack: bench
services:
  producer:
    listen: {port}
    routes:
      /number: {{ generate: {{ number: integer 1..180 }} }}
"""


def headwater(folder, port):
    return ours.run_command("producer", STACK.format(port=port), folder)


def _nginx(folder, port):
    conf = folder / "nginx.conf"
    conf.write_text((PEERS / "nginx.conf").read_text().replace("PORT", str(port)))
    return [program("nginx"), "-p", folder, "-c", conf, "-e", "stderr"]


def flask(_, port):
    return [python("flask"), PEERS / "flask_number.py", port]


def _gunicorn(_, port):
    options = ["--workers", 1, "--bind", f"127.0.0.1:{port}", "--chdir", PEERS]
    return [python("gunicorn"), "-m", "gunicorn", *options, "flask_number:app"]


def _fastapi(_, port):
    options = ["--port", port, "--no-access-log", "--app-dir", PEERS]
    return [python("uvicorn"), "-m", "uvicorn", *options, "fastapi_number:app"]


def _check(text):
    if not 1 <= json.loads(text).get("number", 0) <= 180:
        raise Missing(f"GET /number answered {text[:80]}")


def _contestant(name, command, options):
    def sample():
        port = free_port()
        with fresh_folder() as folder, Server(command(folder, port), folder) as server:
            server.wait_until(lambda: ready(port, "/number"), pause=0.05)
            _check(ask(port, "/number")[1])
            wrk(port, "/number", CONNECTIONS, 1)
            seconds = options.pick(5, 2)
            return loaded(server, port, "/number", CONNECTIONS, seconds)[1]

    return Contestant(name, sample)


def row(options):
    peers = {"nginx": _nginx, "Flask": flask, "gunicorn": _gunicorn, "FastAPI": _fastapi}
    return Row(
        number=1,
        title=f"GET /number, {CONNECTIONS} connections",
        ours=_contestant(OURS, headwater, options),
        peers=[_contestant(name, command, options) for name, command in peers.items()],
        goals=[
            Against("nginx", "requests/s", 1),
            Against("Flask", "requests/s", 50),
            Against("gunicorn", "requests/s"),
            Against("FastAPI", "requests/s"),
            Against("nginx", "CPU us/request"),
            Against("Flask", "CPU us/request"),
        ],
        notes=[
            "nginx: one worker, a constant answer, no access log; the others draw a number.",
            "Flask: its development server, as the original; gunicorn: one sync worker.",
        ],
    )
