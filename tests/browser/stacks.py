"""Stacks that run in folders of their own, and a way to them that can be cut."""

import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import threading
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent

# For starting and stopping on a machine that is busy.
PATIENCE = 60


def free_port():
    """A port that nobody listens on now: the other services of a stack are told of it before it is bound."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Stack:
    """A process of the real program, with the addresses that it prints."""

    def __init__(self, program, stack, folder, ports=(), only=(), **variables):
        command = [program, "up", stack, "--data", folder / "data", "--admin", "127.0.0.1:0"]
        if only:
            command += ["--only", *only]
        for service in ports:
            command += ["--port", f"{service}={free_port()}"]
        folder.mkdir(parents=True, exist_ok=True)
        environment = {**os.environ, "OUT": str(folder / "out.ndjson"), "DATA_DIR": str(folder), **variables}
        self.process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        self.lines, self.addresses = [], {}
        self.changed = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stderr:
            with self.changed:
                self.lines.append(line)
                if found := re.match(r"  (\S+)\s+(http://\S+)", line):
                    self.addresses[found[1]] = re.match(r"http://[^/]+", found[2])[0]
                self.changed.notify_all()
        with self.changed:
            self.addresses.setdefault("", "ended")
            self.changed.notify_all()

    def address(self, service):
        with self.changed:
            self.changed.wait_for(lambda: {service, ""} & self.addresses.keys(), PATIENCE)
            if service not in self.addresses:
                raise SystemExit(f"{service} did not start:\n{self.log()}")
            return self.addresses[service]

    def log(self):
        return "".join(self.lines[-50:])

    def get(self, service, path):
        with urllib.request.urlopen(self.address(service) + path, timeout=PATIENCE) as answer:
            return answer.read()

    def post(self, service, path, body=None):
        """Sends a record; answers when it was accepted."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address(service) + path, data or b"", method="POST")
        request.add_header("content-type", "application/json")
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.read()

    def end(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise


class Way:
    """Passes connections on to a server; cut, it refuses new ones and breaks those that there are."""

    def __init__(self, address):
        self.target = address
        self.is_cut = False
        self.refused = None  # a path that gets no answer
        self.lock = threading.Lock()
        self.open = {}
        self.requests = []
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.address = "http://127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        host, port = self.target.removeprefix("http://").split(":")
        try:
            if self.is_cut:
                raise OSError("cut")
            server = socket.create_connection((host, int(port)), timeout=PATIENCE)
        except OSError:
            client.close()
            return
        server.settimeout(None)
        with self.lock:
            self.open[client] = (server, None)
        threading.Thread(target=self._pass, args=(server, client, None), daemon=True).start()
        self._pass(client, server, client)
        with self.lock:
            self.open.pop(client, None)

    def _pass(self, source, sink, client):
        try:
            while piece := source.recv(65536):
                if client is not None:
                    self._note(client, source, sink, piece)
                sink.sendall(piece)
        except OSError:
            pass
        for end in (source, sink):
            _break(end)

    def _note(self, client, _, server, piece):
        for path in re.findall(rb"^GET (\S+)", piece, re.MULTILINE):
            path = path.decode()
            if path == self.refused:
                raise OSError("refused")
            with self.lock:
                self.requests.append((path, piece.decode(errors="replace")))
                self.open[client] = (server, path)

    def streams(self):
        """How many event streams are open."""
        with self.lock:
            paths = [path for _, path in self.open.values()]
        return sum(path is not None and "live?" in path for path in paths)

    def cut(self):
        self.is_cut = True
        with self.lock:
            pairs = [(client, server) for client, (server, _) in self.open.items()]
        for pair in pairs:
            for end in pair:
                _break(end)

    def mend(self, address=None):
        self.target = address or self.target
        self.is_cut = False


def _break(end):
    try:
        end.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    end.close()


def until(condition, what, seconds=15):
    """Waits for a condition, and says what did not come."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"after {seconds} s still not: {what}")
        time.sleep(0.02)
    return value
