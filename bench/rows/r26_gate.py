"""Row 26: GET /number through a gate. Beside it the producer without a gate, and nginx in the gate's place."""

from contextlib import contextmanager

from kit import ours
from kit.install import program
from kit.load import ask, free_port, loaded, ready, wrk
from kit.model import OURS, Against, Contestant, Missing, Row
from kit.places import PEERS, fresh_folder
from kit.proc import Server

CONNECTIONS = 32
ALONE = "producer alone"
NGINX = "nginx as proxy"
PRODUCER = """stack: bench
services:
  producer:
    listen: {port}
    routes:
      /number: {{ generate: {{ number: integer 1..180 }} }}
"""
GATE = """stack: bench
services:
  front:
    listen: {port}
    gate: {{ to: producer, at: ["127.0.0.1:{behind}"] }}
  producer:
    listen: {behind}
    routes:
      /number: {{ generate: {{ number: integer 1..180 }} }}
"""


def _gate(folder, port, behind):
    return ours.run_command("front", GATE.format(port=port, behind=behind), folder)


def _nginx(folder, port, behind):
    text = (PEERS / "nginx_proxy.conf").read_text()
    conf = folder / "nginx.conf"
    conf.write_text(text.replace("PORT", str(port)).replace("BEHIND", str(behind)))
    return [program("nginx"), "-p", folder, "-c", conf, "-e", "stderr"]


@contextmanager
def _producer(port):
    with fresh_folder() as folder:
        command = ours.run_command("producer", PRODUCER.format(port=port), folder)
        with Server(command, folder) as server:
            server.wait_until(lambda: ready(port, "/number"), pause=0.05)
            yield server


def _measure(server, port, options):
    if '"number"' not in ask(port, "/number")[1]:
        raise Missing("no number came through")
    wrk(port, "/number", CONNECTIONS, 1)
    return loaded(server, port, "/number", CONNECTIONS, options.pick(5, 2))[1]


def _alone(options):
    def sample():
        port = free_port()
        with _producer(port) as server:
            return _measure(server, port, options)

    return Contestant(ALONE, sample)


def _through(name, command, options):
    def sample():
        port, behind = free_port(), free_port()
        with _producer(behind), fresh_folder() as folder:
            with Server(command(folder, port, behind), folder) as server:
                server.wait_until(lambda: ready(port, "/number"), pause=0.05)
                return _measure(server, port, options)

    return Contestant(name, sample)


def row(options):
    return Row(
        number=26,
        title=f"GET /number through a gate, {CONNECTIONS} connections",
        ours=_through(OURS, _gate, options),
        peers=[_alone(options), _through(NGINX, _nginx, options)],
        goals=[
            Against(ALONE, "requests/s"),
            Against(NGINX, "requests/s", 1),
            Against(NGINX, "CPU us/request"),
            Against(NGINX, "p99 ms"),
        ],
        notes=[
            "The producer is ours in each case and shares one core with what stands in front of it.",
            "CPU is that of the gate, or of nginx, without the producer's.",
            "nginx: one worker, keep-alive to the producer, no access log, no health checks, no retries by method.",
        ],
    )
