"""Builds the binaries of all architectures and their images, runs each of them, and compares."""

import argparse
import pathlib
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "containers")]

import binaries  # noqa: E402
import contents  # noqa: E402
from engine import ROOT, WORK, Engine, Failed, run  # noqa: E402

BINARIES = {
    "starts": binaries.starts,
    "same_data": binaries.same_data,
    "same_meaning": binaries.same_meaning,
    "one_disk": binaries.one_disk,
}
IMAGES = {
    "equal": contents.equal,
    "small": contents.small,
    "start": contents.start,
    "carried": contents.carried,
    "together": contents.together,
}


def check(name, act):
    begin = time.monotonic()
    try:
        act()
    except Failed as failed:
        print(f"FAIL  {name}: {failed}\n      again: tests/images/run --built --only {name}", flush=True)
        return [name]
    print(f"ok    {name} ({time.monotonic() - begin:.0f} s)", flush=True)
    return []


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--list", action="store_true", help="name the checks")
    parser.add_argument("--only", help="run only these: NAME,NAME")
    parser.add_argument("--machines", default=",".join(binaries.EMULATORS), help="[default: %(default)s]")
    parser.add_argument("--quick", action="store_true", help="build what is hardly optimised")
    parser.add_argument("--built", action="store_true", help="build nothing: target/dist has it")
    words = parser.parse_args()
    everything = [*BINARIES, *IMAGES]
    if words.list:
        print("\n".join(everything))
        return 0
    wanted = words.only.split(",") if words.only else everything
    if words.quick and not words.only:
        wanted.remove("small")
    unknown = [name for name in wanted if name not in everything]
    if unknown:
        parser.error(f"no check named {unknown[0]}; --list names them")
    names = binaries.usable(words.machines.split(","))
    if not words.built:
        run([ROOT / "dist" / "build", *(["--quick"] if words.quick else []), *names], timeout=None, quiet=False)
    run([ROOT / "dist" / "images"], timeout=600, quiet=False)
    WORK.mkdir(parents=True, exist_ok=True)
    binaries.WORK.mkdir(parents=True, exist_ok=True)
    failures = []
    for name in filter(BINARIES.__contains__, wanted):
        failures += check(name, lambda name=name: BINARIES[name](names))
    if not any(name in IMAGES for name in wanted):
        return 1 if failures else 0
    engine = Engine()
    engine.home = binaries.WORK / "engine"
    try:
        print(f"engine {engine.start()}", flush=True)
        for name in filter(IMAGES.__contains__, wanted):
            failures += check(name, lambda name=name: IMAGES[name](engine, names))
    finally:
        engine.stop()
        engine.forget()
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
