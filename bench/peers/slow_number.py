"""A producer as slow as one on a small machine: 10 ms for an answer, one at a time, and no work for the processor."""

import json
import random
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ONE_AT_A_TIME = threading.Lock()


class Producer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        with ONE_AT_A_TIME:
            time.sleep(0.01)
        body = json.dumps({"number": random.randint(1, 180)}).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        self.wfile.write(head.encode() + body)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256


Server(("127.0.0.1", int(sys.argv[1])), Producer).serve_forever()
