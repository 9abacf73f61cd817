"""What runs outside of the Swarm, in the switch's namespace: clients that load it."""

import contextlib
import json
import pathlib
import subprocess
import sys

from engine import Failed
from lab import SWITCH

HERE = pathlib.Path(__file__).resolve().parent


def start(program, *words):
    """A program of this directory in the switch's namespace; it ends with the test that started it."""
    command = ["setpriv", "--pdeathsig", "TERM", "nsenter", f"--net=/run/netns/{SWITCH}"]
    command += [sys.executable, "-B", HERE / program, *words]
    return subprocess.Popen(
        [str(word) for word in command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def result(process, patience=120):
    try:
        printed, _ = process.communicate(timeout=patience)
    except subprocess.TimeoutExpired:
        process.kill()
        raise Failed("the client outside did not come to an end") from None
    if process.returncode != 0:
        raise Failed(f"the client outside ended with {process.returncode}")
    return Load(json.loads(printed))


def ask(nodes, port, path, count, kept=2, fresh=1):
    """So many requests of each connection to each node, and their result."""
    targets = [f"{node.address}:{port}" for node in nodes]
    words = ["--path", path, "--count", count, "--kept", kept, "--fresh", fresh]
    return result(start("load.py", *targets, *words))


@contextlib.contextmanager
def loaded(nodes, port, path, pause=0.0, kept=2, fresh=1):
    """Constant load while the block runs; afterwards the result stands in what the block was given."""
    targets = [f"{node.address}:{port}" for node in nodes]
    words = ["--path", path, "--pause", pause, "--kept", kept, "--fresh", fresh]
    process = start("load.py", *targets, *words)
    load = Load()
    try:
        yield load
        process.stdin.close()
        process.stdin = None
        load.told = result(process).told
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


class Load:
    """What became of the requests."""

    def __init__(self, told=None):
        self.told = told

    @property
    def requests(self):
        return self.told["requests"]

    @property
    def failures(self):
        return self.told["failures"]

    @property
    def rate(self):
        return self.told["requests"] / self.told["seconds"]

    def shares(self):
        """For each target, how many answers each replica gave."""
        return {target: about["replicas"] for target, about in self.told["targets"].items()}

    def longest(self):
        """The longest time that one request took, in seconds; half a second if none took longer."""
        return max((end - begin for begin, end, *_ in self.told["slow"]), default=0.5)

    def usual(self, moment):
        """The longest time that a request took which ended before this moment: how busy the machine is anyway."""
        return max((end - begin for begin, end, *_ in self.told["slow"] if end < moment), default=0.5)

    def whole_after(self, moment, within):
        """When the last of those requests ended that failed or took unusually long, counted from this moment; 0 when
        there was none. What begins later than `within` is another matter."""
        long = 1.5 * self.usual(moment)
        hurt = self.failures + [it for it in self.told["slow"] if it[1] - it[0] > long]
        ends = [end for begin, end, *_ in hurt if end > moment and begin < moment + within]
        return max((end - moment for end in ends), default=0.0)

    def spoiled_since(self, moment, before):
        """Requests begun after this moment that failed or took more than three times as long as those before."""
        long = 3 * self.usual(before)
        slow = [it for it in self.told["slow"] if it[0] > moment and it[1] - it[0] > long]
        return slow + [it for it in self.failures if it[0] > moment]
