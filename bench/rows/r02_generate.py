"""Row 2: six-field records to NDJSON on one core."""

import json
from functools import cache

from kit import ours
from kit.data import count_lines
from kit.install import node, python
from kit.model import OURS, Against, Contestant, Limit, Missing, Row
from kit.places import PEERS, fresh_folder
from kit.proc import SERVER_CORE, measured

SCHEMA = (
    "{ id: uuid, name: person.name, email: person.email, city: address.city, "
    "age: integer 18..80, time: time every 1s }"
)
TO_FILE = f"{OURS}, to a file"


@cache
def _check():
    """What goes to /dev/null cannot be looked at, so look at a thousand records first."""
    with fresh_folder() as folder:
        argv = [ours.binary(), "generate", SCHEMA, "-n", 1000, "--format", "ndjson", "--workers", 1]
        lines = measured(argv, folder).output.splitlines()
    if len(lines) != 1000 or any(len(json.loads(line)) != 6 for line in lines):
        raise Missing(f"it made {len(lines)} lines instead of 1000 records of six fields")


def _ours(count, to_file):
    def sample():
        _check()
        with fresh_folder() as folder:
            out = folder / "out.ndjson" if to_file else "/dev/null"
            argv = [ours.binary(), "generate", SCHEMA, "-n", count]
            done = measured(
                [*argv, "--format", "ndjson", "--workers", 1], folder, core=SERVER_CORE, out=out
            )
            if to_file and count_lines(out) != count:
                raise Missing(f"{count_lines(out)} lines instead of {count}")
            return _figures(count, done.wall, done)

    return Contestant(TO_FILE if to_file else OURS, sample)


def _peer(name, command, count):
    def sample():
        with fresh_folder() as folder:
            done = measured(command(count), folder, core=SERVER_CORE, out="/dev/null")
            return _figures(count, float((folder / "stderr").read_text()), done)

    return Contestant(name, sample)


def _figures(count, seconds, done):
    return {"records/s": count / seconds, "CPU s": done.cpu, "peak MB": done.peak / 1e6}


def _faker(count):
    return [python("faker"), PEERS / "faker_six.py", count]


def _faker_unweighted(count):
    return [*_faker(count), "unweighted"]


def _faker_js(count):
    package = node("@faker-js/faker")
    return ["node", PEERS / "faker_six.mjs", package / "package.json", count]


def row(options):
    count = options.pick(5_000_000, 500_000)
    return Row(
        number=2,
        title=f"generate six-field records to NDJSON, one core, {count} of ours",
        ours=_ours(count, to_file=False),
        peers=[
            _peer("Faker", _faker, options.pick(20_000, 5_000)),
            _peer("Faker, unweighted", _faker_unweighted, options.pick(100_000, 20_000)),
            _peer("faker-js", _faker_js, options.pick(200_000, 50_000)),
        ],
        variants=[_ours(count, to_file=True)],
        goals=[
            Limit("records/s", 1_500_000),
            Against("Faker", "records/s", 400),
            Against("Faker, unweighted", "records/s"),
            Against("faker-js", "records/s"),
            Limit("records/s", 1_500_000, who=TO_FILE),
        ],
        notes=[
            "Faker: as it comes; unweighted: all names equally likely, its fast setting.",
            "Peers write fewer records; their start-up is not counted, ours is.",
            "All write to /dev/null, except the one to a file (page cache, not synced).",
        ],
    )
