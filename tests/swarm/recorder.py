"""Stands between a consumer and a gate, outside of the Swarm, and writes down every number that was handed out whole:
what the consumer's file is compared with, one by one."""

import argparse
import http.client
import http.server
import json
import socketserver


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        words = self.server.words
        try:
            asked = http.client.HTTPConnection(words.gate, words.gate_port, timeout=10)
            asked.request("GET", self.path, headers={"Accept": self.headers.get("Accept", "*/*")})
            answer = asked.getresponse()
            status, kind, body = answer.status, answer.getheader("Content-Type", ""), answer.read()
            asked.close()
        except OSError as error:
            status, kind, body = 502, "text/plain", str(error).encode()
        # Before it is handed out: the file must never know more than the book.
        with open(words.book, "a", encoding="utf-8") as book:
            book.write(f"{number(body)}\n" if status == 200 else f"refused {status} {body.decode()!r}\n")
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def number(body):
    value = json.loads(body)
    return value["number"] if isinstance(value, dict) else value


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """A consumer that is killed resets its connection."""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("address")
    parser.add_argument("port", type=int)
    parser.add_argument("gate")
    parser.add_argument("gate_port", type=int)
    parser.add_argument("book")
    words = parser.parse_args()
    server = Server((words.address, words.port), Handler)
    server.words = words
    server.serve_forever()


if __name__ == "__main__":
    main()
