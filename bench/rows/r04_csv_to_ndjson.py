"""Row 4: CSV to NDJSON, durable."""

import json
import sys

from kit import data, ours
from kit.install import python
from kit.model import OURS, Against, Contestant, Limit, Missing, Published, Row
from kit.places import PEERS, fresh_folder
from kit.proc import measured


def _ours(source, out, folder):
    return ours.run_flow(folder, source, "csv", out)


def _stdlib(source, out, folder):
    return measured([sys.executable, PEERS / "csv_json.py", source, out], folder)


def _polars(source, out, folder):
    return measured([python("polars"), PEERS / "csv_polars.py", source, out], folder)


def _contestant(name, run, count):
    def sample():
        source = data.people(count)
        data.count_lines(source)  # into the page cache
        with fresh_folder() as folder:
            out = folder / "out.ndjson"
            done = run(source, out, folder)
            _check(out, count)
            return {
                "rows/CPU s": count / done.cpu,
                "rows/s": count / done.wall,
                "wall s": done.wall,
                "CPU s": done.cpu,
                "peak MiB": done.peak / (1 << 20),
            }

    return Contestant(name, sample)


def _check(out, count):
    """As many records as rows, and the first one has the right fields."""
    with open(out, encoding="utf-8") as file:
        first = json.loads(file.readline())
    if data.count_lines(out) != count:
        raise Missing(f"{data.count_lines(out)} records of {count} rows")
    if str(first.get("id")) != "0" or len(first) != 8:
        raise Missing(f"wrong first record: {first}")


def row(options):
    count = options.pick(1_000_000, 200_000)
    return Row(
        number=4,
        title=f"CSV to NDJSON, durable, {count} rows of 8 columns",
        ours=_contestant(OURS, _ours, count),
        peers=[
            _contestant("Python csv+json", _stdlib, count),
            _contestant("polars", _polars, count),
        ],
        goals=[
            Limit("rows/CPU s", 700_000),
            Limit("peak MiB", 12),
            Published("faucet-stream, M3 Pro", "rows/s", 712_000),
            Published("faucet-stream, M3 Pro", "peak MiB", 11.8),
            Against("Python csv+json", "rows/CPU s"),
            Against("polars", "rows/CPU s"),
            Against("polars", "rows/s"),
            Against("polars", "peak MiB"),
        ],
        notes=[
            "polars scans and sinks in a stream and may use all cores; Python writes text fields.",
            "All outputs are synced once at the end at least; ours also at every checkpoint.",
        ],
    )
