"""Runs the checks one after another: one browser, five stacks, a profile of its own for each check."""

import argparse
import functools
import http.server
import pathlib
import shutil
import sys
import tempfile
import threading
import time
import traceback
from functools import cached_property

import figures
import letters
import live
import people
from reader import PLACES, Browser
from stacks import ROOT, Stack, until

CHECKS = [*live.CHECKS, *people.CHECKS, *letters.CHECKS, *figures.CHECKS]


class World:
    """What all checks share. Stacks start when the first one asks for them."""

    def __init__(self, browser, program, folder, pictures):
        self.browser, self.program, self.folder, self.pictures = browser, program, folder, pictures
        self.stacks = []
        self.age = 100

    def start(self, stack, name, ports=(), only=(), **variables):
        started = Stack(self.program, stack, self.folder / name, ports, only, **variables)
        self.stacks.append(started)
        return started

    @cached_property
    def users(self):
        return self.start("users", "users", ["api", "frontend"], SIMULATION_INTERVAL="1")

    @cached_property
    def cached(self):
        stack = self.start("cached-users", "cached", ["user-service", "data-service", "dashboard"])
        stack.post("user-service", "/register", {"name": "Ada", "info": "first"})
        for _ in range(20):
            stack.get("data-service", "/user/Ada")
        return stack

    @cached_property
    def random(self):
        return self.start("random-file", "random", ["producer"], INTERVAL="1")

    @cached_property
    def numbers(self):
        return self.start("numbers", "numbers", ["producer"])

    @cached_property
    def panels(self):
        stack = self.start(ROOT / "tests/browser/panels.yaml", "panels")
        address = stack.address("intake").replace("0.0.0.0", "127.0.0.1")
        stack.addresses["intake"] = address
        for at in range(60):
            record = {"n": at, "a": at * 7 % 50, "b": at * at % 97, "text": people.HOSTILE[at % 4]}
            stack.post("intake", "/", record)
        stack.post("intake", "/", {"n": "no number", "text": "refused"})
        return stack

    @cached_property
    def shared(self):
        return self.start("shared-data", "shared", INTERVAL="1s", RESULTS_DIR=str(self.folder / "results"))

    @cached_property
    def results(self):
        """The reports of `shared-data` as any server of files gives them; answers its address."""
        assert self.shared.address("admin")
        folder = self.folder / "results"
        until(lambda: len(list(folder.glob("report_*.html"))) > 1, "two reports", 60)
        quiet = type("Quiet", (http.server.SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
        handler = functools.partial(quiet, directory=folder)
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}"

    @cached_property
    def guarded(self):
        return self.start(ROOT / "tests/browser/token.yaml", "token", VIEW_TOKEN="let me in")

    def all_stacks(self):
        return [self.users, self.cached, self.random, self.numbers, self.panels]

    def user(self):
        """Stores somebody older than all before; answers the age."""
        self.age += 1
        self.users.post("api", f"/users/?user_id={100_000 + self.age}&name=Old&age={self.age}")
        return self.age

    def end(self):
        for stack in self.stacks:
            if stack.process.poll() is None:
                stack.end()


def one(check, world):
    """True if it held."""
    begun = time.monotonic()
    name = check.__name__
    try:
        said = check(world)
    except Exception as error:  # pylint: disable=broad-exception-caught
        where = [frame for frame in traceback.extract_tb(error.__traceback__) if "tests/browser" in frame.filename]
        print(f"FAILED {name}: {check.__doc__.splitlines()[0]}")
        print("  " + str(error).strip().replace("\n", "\n  ")[:3000])
        print("  at " + ", ".join(f"{pathlib.Path(it.filename).name}:{it.lineno}" for it in where))
        print(f"  to see it: tests/browser/run --only {name}; pictures: {world.pictures}", flush=True)
        return False
    print(f"{time.monotonic() - begun:5.1f} s  {name}{': ' + said if said else ''}", flush=True)
    return True


def chosen(names):
    known = {check.__name__: check for check in CHECKS}
    if not names:
        return CHECKS
    for name in names.split(","):
        if name not in known:
            sys.exit(f"there is no check {name}; there are {', '.join(known)}")
    return [known[name] for name in names.split(",")]


def main():
    parser = argparse.ArgumentParser(prog="tests/browser/run")
    parser.add_argument("--target", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--only", help="names with commas between them")
    parser.add_argument("--program", type=pathlib.Path, help="a build of headwater")
    parser.add_argument("--browser", help="a Chromium; Debian's else")
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    if options.list:
        print("\n".join(f"{it.__name__}: {it.__doc__.splitlines()[0]}" for it in CHECKS))
        return 0
    checks = chosen(options.only)
    executable = options.browser or next((it for it in PLACES if pathlib.Path(it).exists()), None)
    if executable is None:
        sys.exit("there is no Chromium: apt-get install chromium")
    pictures = options.target / "browser"
    shutil.rmtree(pictures, ignore_errors=True)
    pictures.mkdir(parents=True)
    program = (options.program or options.target / "debug" / "headwater").resolve()
    browser = Browser(executable)
    with tempfile.TemporaryDirectory() as folder:
        world = World(browser, program, pathlib.Path(folder), pictures)
        try:
            held = [one(check, world) for check in checks]
        finally:
            browser.end()
            world.end()
    print(f"{sum(held)} of {len(held)} checks of the pages held; pictures are in {pictures}")
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
