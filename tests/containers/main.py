"""Builds the images without a registry, starts an engine of its own, and drives the five systems."""

import argparse
import pathlib
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import image  # noqa: E402
import images  # noqa: E402
import needs  # noqa: E402
import systems  # noqa: E402
from engine import WORK, Engine, Failed, NoEngine  # noqa: E402

CHECKS = {
    "image": image.image,
    "hardened": image.hardened,
    "names": image.names,
    "rendered": image.rendered,
    "first_answer": image.first_answer,
    "bad_volumes": image.bad_volumes,
    "random_file": systems.random_file,
    "shared_data": systems.shared_data,
    "numbers": systems.numbers,
    "users": systems.users,
    "cached_users": systems.cached_users,
    "by_need": needs.by_need,
    "together": systems.together,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--list", action="store_true", help="name the checks")
    parser.add_argument("--only", help="run only these: NAME,NAME")
    parser.add_argument("--keep", action="store_true", help="keep images for the next run")
    parser.add_argument("--quick", action="store_true", help="build what is hardly optimised, judge no size and no time")
    parser.add_argument("--where-possible", action="store_true", help="where no engine can be had, say so and succeed")
    words = parser.parse_args()
    if words.list:
        print("\n".join(CHECKS))
        return 0
    wanted = words.only.split(",") if words.only else list(CHECKS)
    unknown = [name for name in wanted if name not in CHECKS]
    if unknown:
        parser.error(f"no check named {unknown[0]}; --list names them")
    WORK.mkdir(parents=True, exist_ok=True)
    engine = Engine(words.quick)
    failures = []
    try:
        print(f"engine {engine.start()}", flush=True)
        for what, make in (("base images", images.bases), ("headwater's images", images.product)):
            begin = time.monotonic()
            make(engine)
            print(f"{what}: {time.monotonic() - begin:.0f} s", flush=True)
        for name in wanted:
            begin = time.monotonic()
            try:
                CHECKS[name](engine)
                print(f"ok    {name} ({time.monotonic() - begin:.0f} s)", flush=True)
            except Failed as failed:
                failures.append(name)
                print(f"FAIL  {name}: {failed}\n      again: tests/containers/run --keep --only {name}", flush=True)
    except NoEngine as reason:
        print(f"no Docker engine can be had here: {reason}", flush=True)
        return 0 if words.where_possible else 1
    finally:
        engine.stop()
        if not words.keep:
            engine.forget()
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
