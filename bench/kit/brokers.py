"""mosquitto and a subscriber that does the least, for the row that needs them."""

import subprocess
from functools import cache

from kit.install import program
from kit.load import free_port
from kit.model import Missing
from kit.places import PEERS
from kit.proc import CLIENT_CORE, Server

SETTINGS = """listener {port} 127.0.0.1
allow_anonymous true
max_queued_messages 0
"""
PUBLISHED_AT_A_TIME = 50_000
# As many as version 5 lets our subscribers ask for themselves.
LIFTED = "max_inflight_messages 16384\n"
LINE = '{{"n":{:>9},"text":"' + "x" * 174 + '"}}\n'
# In the file, with the end of the line.
MESSAGE_BYTES = len(LINE.format(0))


class Mosquitto(Server):
    """A mosquitto with its defaults, but for the number of messages that it keeps and, where it is lifted, of those
    that it sends before the first is acknowledged."""

    def __init__(self, folder, lifted=False, core=CLIENT_CORE):
        self.port = free_port()
        file = folder / "mosquitto.conf"
        file.write_text(SETTINGS.format(port=self.port) + (LIFTED if lifted else ""))
        super().__init__([program("mosquitto"), "-c", file], folder, core=core)
        self.log = folder / "mosquitto.log"

    def __enter__(self):
        super().__enter__()
        self.wait_until(self._answers, pause=0.01)
        return self

    def _argv(self):
        return ["mosquitto_pub", "-h", "127.0.0.1", "-p", str(self.port), "-q", "1"]

    def _answers(self):
        asked = [*self._argv(), "-t", "x", "-n"]
        return subprocess.run(asked, capture_output=True, check=False).returncode == 0

    def publish(self, topic, count):
        """So many messages. One mosquitto_pub sends no more than it has packet numbers for: after 68 000 or so the
        broker ends its connection, and it ends as if nothing were wrong."""
        argv = [*self._argv(), "-V", "5", "-l", "-t", topic]
        for first in range(0, count, PUBLISHED_AT_A_TIME):
            numbers = range(first, min(first + PUBLISHED_AT_A_TIME, count))
            lines = "".join(map(LINE.format, numbers))
            subprocess.run(argv, input=lines.encode(), check=True, timeout=300)


@cache
def bare_subscriber():
    """Built once with cargo."""
    package = PEERS / "bare_mqtt"
    argv = ["cargo", "build", "--release", "--quiet"]
    if subprocess.run(argv, cwd=package, check=False).returncode != 0:
        raise Missing("the bare subscriber cannot be built")
    return package / "target" / "release" / "bare_mqtt"
