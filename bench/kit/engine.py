"""As much of a Docker engine as `headwater autoscale` asks for: the containers of one service are processes."""

import contextlib
import json
import re
import socketserver
import threading
from http.server import BaseHTTPRequestHandler

from kit.proc import end, spawn

NUMBER = "com.docker.compose.container-number"


class Engine:
    """A service `producer` of the project `bench`; `commands` are those of its containers 1, 2, …"""

    def __init__(self, socket, commands):
        self.socket, self.commands = socket, commands
        self.running = {}
        self.most = 0

    def __enter__(self):
        self.start(1)
        engine = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self):
                length = int(self.headers.get("content-length") or 0)
                body = json.loads(self.rfile.read(length) or "null")
                status, said = engine.say(self.command, self.path.partition("?")[0], body)
                text = json.dumps(said).encode()
                head = f"HTTP/1.0 {status} X\r\nContent-Length: {len(text)}\r\n\r\n"
                self.wfile.write(head.encode() + text)

            do_GET = do_POST = do_DELETE = answer

            def log_message(self, *_):
                pass

        self.server = socketserver.ThreadingUnixStreamServer(str(self.socket), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        for number in list(self.running):
            self.stop(number)

    def start(self, number):
        self.running[number] = spawn(self.commands[number - 1])
        self.most = max(self.most, len(self.running))

    def stop(self, number):
        with contextlib.suppress(KeyError):
            end(self.running.pop(number))

    def say(self, method, path, body):
        """Status and body of an answer. A container's id is its number, twelve times."""
        if path == "/info":
            return 200, {"Swarm": {"LocalNodeState": "inactive"}}
        if path == "/containers/json":
            return 200, [self._listed(number) for number in sorted(self.running)]
        if path == "/containers/create":
            return 201, {"Id": body["Labels"][NUMBER] * 12}
        named = re.fullmatch(r"/containers/(\d)\1{11}(/json|/start|/stop|)", path)
        if not named or int(named[1]) > len(self.commands):
            return 404, {"message": f"no such thing: {method} {path}"}
        number = int(named[1])
        if named[2] == "/json":
            return 200, self._inspected(number)
        if named[2] == "/start":
            self.start(number)
        elif named[2] == "/stop":
            self.stop(number)
        return 204, None

    def _listed(self, number):
        container = self._inspected(number)
        labels = container["Config"]["Labels"]
        return {"Id": container["Id"], "State": "running", "Status": "Up", "Labels": labels}

    @staticmethod
    def _inspected(number):
        labels = {
            "com.docker.compose.project": "bench",
            "com.docker.compose.service": "producer",
            NUMBER: str(number),
        }
        name = f"/bench_producer_{number}"
        return {"Id": str(number) * 12, "Name": name, "Image": "x", "Config": {"Labels": labels}}
