"""Rows 27 and 28: FogDEFT's two loads on GET /number: 50 connections, and 2000 that it calls "let's break it"."""

from kit.load import ask, free_port, ready, under, wrk
from kit.model import OURS, Against, Contestant, Limit, Missing, Published, Row
from kit.places import fresh_folder
from kit.proc import Server
from rows.r01_number import flask, headwater


def _contestant(name, command, connections, seconds):
    def sample():
        port = free_port()
        with fresh_folder() as folder, Server(command(folder, port), folder) as server:
            server.wait_until(lambda: ready(port, "/number"), pause=0.05)
            if '"number"' not in ask(port, "/number")[1]:
                raise Missing("GET /number gave no number")
            wrk(port, "/number", 32, 1)
            return under(server, port, "/number", connections, seconds)

    return Contestant(name, sample)


def fifty(options):
    published = Published("FogDEFT, one Pi", "requests/s", 578.6)
    return _row(27, 50, options.pick(10, 2), published, want=50)


def two_thousand(options):
    published = Published("FogDEFT, one Pi", "requests/s", 394)
    return _row(28, 2000, options.pick(30, 10), published)


def _row(number, connections, seconds, published, want=1):
    return Row(
        number=number,
        title=f"GET /number, FogDEFT's load of {connections} connections",
        ours=_contestant(OURS, headwater, connections, seconds),
        peers=[_contestant("Flask", flask, connections, seconds)],
        goals=[
            Against("Flask", "requests/s", want),
            Against("Flask", "p99 ms", 1),
            Limit("bad %", 0),
            published,
        ],
        notes=[
            "Flask: its development server, as the original; FogDEFT had it on a Raspberry Pi, in a container.",
            "bad: answers that were no 2xx, broken connections and time-outs after two seconds, of all that were asked.",
        ],
    )
