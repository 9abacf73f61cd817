"""A target that takes 20 ms for each request. It prints the number in each record's `id`, and when it was taken."""

import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Target(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(0.02)
        os.write(1, f"{json.loads(body)['id']} {time.monotonic()}\n".encode())
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, *_):
        """Of whoever was killed in the middle of a request nothing is said."""


Server(("127.0.0.1", int(sys.argv[1])), Target).serve_forever()
