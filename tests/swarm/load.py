"""A client outside of the Swarm: asks nodes again and again, tries nothing twice, and counts every answer. It runs in
the switch's namespace, until its input ends, and prints what became of the requests as JSON."""

import argparse
import json
import re
import socket
import sys
import threading
import time

# A request that takes longer than this is told one by one.
SLOW = 0.5
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
REPLICA = re.compile(rb"\r\nx-headwater-replica: *(\S+)", re.IGNORECASE)


class Asker(threading.Thread):
    """One connection's worth of requests to one node."""

    def __init__(self, words, target, keep, stop):
        super().__init__(daemon=True)
        self.words, self.target, self.keep, self.stop = words, target, keep, stop
        self.socket = None
        self.done = 0
        self.replicas = {}
        self.failures = []
        self.slow = []
        kept = "keep-alive" if keep else "close"
        self.request = (
            f"GET {words.path} HTTP/1.1\r\nHost: {target}\r\nConnection: {kept}\r\n\r\n".encode()
        )

    def run(self):
        while not self.stop.is_set() and (not self.words.count or self.done < self.words.count):
            begin = time.monotonic()
            try:
                replica = self.ask()
                self.replicas[replica] = self.replicas.get(replica, 0) + 1
            except (OSError, ValueError) as error:
                self.close()
                why = f"{type(error).__name__}: {error}"
                self.failures.append([begin, time.monotonic(), self.target, why])
                # What is dead must not be counted a thousand times a second.
                self.stop.wait(0.05)
            end = time.monotonic()
            self.done += 1
            if end - begin > SLOW:
                self.slow.append([begin, end, self.target])
            if self.words.pause:
                self.stop.wait(self.words.pause)
        self.close()

    def ask(self):
        if self.socket is None:
            host, port = self.target.split(":")
            self.socket = socket.create_connection((host, int(port)), self.words.patience)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.sendall(self.request)
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self.more()
        head, _, body = answer.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200 "):
            raise ValueError(head.split(b"\r\n")[0].decode(errors="replace") + " " + body.decode(errors="replace"))
        length = int(LENGTH.search(head).group(1))
        while len(body) < length:
            body += self.more()
        if not self.keep:
            self.close()
        named = REPLICA.search(head)
        return named.group(1).decode() if named else "?"

    def more(self):
        piece = self.socket.recv(65536)
        if not piece:
            raise ValueError("the connection ended before the answer")
        return piece

    def close(self):
        if self.socket is not None:
            self.socket.close()
            self.socket = None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("targets", nargs="+", help="HOST:PORT")
    parser.add_argument("--path", default="/")
    parser.add_argument("--count", type=int, default=0, help="requests of each connection; 0: until the input ends")
    parser.add_argument("--kept", type=int, default=2, help="connections that are kept, to each target")
    parser.add_argument("--fresh", type=int, default=1, help="askers that connect anew for each request")
    parser.add_argument("--pause", type=float, default=0.0, help="seconds between two requests")
    parser.add_argument("--patience", type=float, default=10.0, help="seconds until a request has failed")
    words = parser.parse_args()
    stop = threading.Event()
    askers = []
    for target in words.targets:
        for keep, number in ((True, words.kept), (False, words.fresh)):
            askers += [Asker(words, target, keep, stop) for _ in range(number)]
    begin = time.monotonic()
    for asker in askers:
        asker.start()
    if words.count:
        for asker in askers:
            asker.join()
    else:
        sys.stdin.read()
        stop.set()
        for asker in askers:
            asker.join(words.patience + 1)
    print(json.dumps(told(askers, time.monotonic() - begin)))


def told(askers, seconds):
    targets = {}
    for asker in askers:
        target = targets.setdefault(asker.target, {"requests": 0, "replicas": {}})
        target["requests"] += asker.done
        for replica, count in asker.replicas.items():
            target["replicas"][replica] = target["replicas"].get(replica, 0) + count
    return {
        "seconds": seconds,
        "requests": sum(asker.done for asker in askers),
        "failures": [failure for asker in askers for failure in asker.failures],
        "slow": [slow for asker in askers for slow in asker.slow],
        "targets": targets,
    }


if __name__ == "__main__":
    main()
