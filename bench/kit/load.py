"""HTTP load: wrk on the client's core, to loopback only, bounded in time."""

import http.client
import json
import shutil
import socket
import subprocess
from dataclasses import dataclass

from kit.model import Missing
from kit.places import PEERS
from kit.proc import CLIENT_CORE, end, pinned, spawn

HOST = "127.0.0.1"


def free_port():
    """A port that nobody listens on now."""
    with socket.socket() as one:
        one.bind((HOST, 0))
        return one.getsockname()[1]


def ask(port, path, method="GET", body=None):
    """One request: (status, text); status 0 while nobody answers."""
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        headers = {"content-type": "application/json"} if body else {}
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(errors="replace")
    except (OSError, http.client.HTTPException):
        return 0, ""
    finally:
        connection.close()


def ready(port, path, method="GET", body=None):
    """True once it answers 2xx. A 404 is a server that is up before its flows are."""
    status, text = ask(port, path, method, body)
    if status not in (0, 404) and not 200 <= status < 300:
        raise Missing(f"{method} {path} answered {status}: {text[:80]}")
    return 200 <= status < 300


@dataclass
class Answers:
    good: int  # answers of 2xx
    seconds: float
    bad: int  # other answers and broken connections
    p99_ms: float

    @property
    def rate(self):
        return self.good / self.seconds


@dataclass
class Counted:
    """A load in which every request is another: `%d` in path and body is a number behind `start`."""

    path: str
    body: str = ""
    start: int = 0
    method: str = "GET"
    around: int = 0  # after so many the numbers begin anew

    def arguments(self):
        return [self.body, self.path, str(self.start), self.method, str(self.around)]


def wrk(port, path, connections, seconds, post=None):
    """Load for some seconds; with `post`, POST that JSON text, or do what a `Counted` says."""
    if not shutil.which("wrk"):
        raise Missing("wrk could not be had")
    argv = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", PEERS / "load.lua"]
    more = post.arguments() if isinstance(post, Counted) else [post] if post else []
    argv += [f"http://{HOST}:{port}{path}", "--", *more]
    process = spawn(pinned(CLIENT_CORE, argv), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        output, errors = process.communicate(timeout=seconds + 30)
    finally:
        end(process)
    if process.returncode != 0 or "{" not in output.decode():
        raise Missing(f"wrk failed: {errors.decode().strip()[-200:]}")
    return Answers(**json.loads(output.decode().strip().splitlines()[-1]))


def loaded(server, port, path, connections, seconds, post=None):
    """Load a running server and measure both ends."""
    before = server.cpu_seconds()
    answers = wrk(port, path, connections, seconds, post)
    spent = server.cpu_seconds() - before
    server.check_alive()
    if answers.bad > answers.good / 100 or not answers.good:
        raise Missing(f"{answers.bad} bad answers beside {answers.good} good ones")
    return answers, {
        "requests/s": answers.rate,
        "CPU us/request": spent / answers.good * 1e6,
        "p99 ms": answers.p99_ms,
        "peak MB": server.memory("VmHWM") / 1e6,
    }


def under(server, port, path, connections, seconds):
    """Load that may be too much: what comes back, and how much of it is bad."""
    answers = wrk(port, path, connections, seconds)
    server.check_alive()
    if not answers.good:
        raise Missing(f"no answer on any of {connections} connections within {seconds} s")
    return {
        "requests/s": answers.rate,
        "p99 ms": answers.p99_ms,
        "bad %": 100 * answers.bad / (answers.good + answers.bad),
    }
