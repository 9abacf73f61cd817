"""Row 5: summary of all columns of a CSV file."""

import json

from kit import data, ours
from kit.install import python
from kit.model import OURS, Against, Contestant, Limit, Missing, Row
from kit.places import INPUTS, PEERS, fresh_folder
from kit.proc import measured

GUESSING = "polars, guessing the times"
FOUR = f"{OURS}, file 4 x as large"


def _ours(source, folder):
    out = folder / "summary.ndjson"
    done = ours.run_flow(folder, source, "csv", out, steps="summarise")
    text = out.read_text()
    json.loads(text.splitlines()[-1] if text else "null")
    absent = [name for name in ("timestamp", "category", "value", "quantity") if name not in text]
    if absent:
        raise Missing(f"the summary lacks {', '.join(absent)}")
    return done


def _script(package, *more):
    def run(source, folder):
        return measured([python(package), PEERS / f"summary_{package}.py", source, *more], folder)

    return run


def _peers(count):
    runs = {
        "polars": _script("polars"),
        GUESSING: _script("polars", "guess"),
        "pandas": _script("pandas"),
        "duckdb": _script("duckdb"),
    }
    return [_contestant(name, run, data.readings, count) for name, run in runs.items()]


def _four_times(count):
    """The same rows four times, one head."""
    source, path = data.readings(count), INPUTS / f"4x{count}-readings.csv"
    if not path.is_file():
        head, _, body = source.read_bytes().partition(b"\n")
        half = path.with_suffix(".half")
        with open(half, "wb") as file:
            file.write(head + b"\n")
            for _ in range(4):
                file.write(body)
        half.rename(path)
    return path


def _contestant(name, run, make, count):
    def sample():
        source = make(count)
        data.count_lines(source)  # into the page cache
        with fresh_folder() as folder:
            done = run(source, folder)
            return {"CPU s": done.cpu, "wall s": done.wall, "peak MB": done.peak / 1e6}

    return Contestant(name, sample)


def row(options):
    count = options.pick(3_000_000, 500_000)
    return Row(
        number=5,
        title=f"CSV summary, all columns, {count} rows of 5 columns",
        ours=_contestant(OURS, _ours, data.readings, count),
        peers=_peers(count),
        variants=[_contestant(FOUR, _ours, _four_times, count)],
        goals=[
            Against("polars", "CPU s", 2),
            Against(GUESSING, "CPU s"),
            Against("pandas", "CPU s"),
            Against("duckdb", "CPU s"),
            Against("polars", "wall s"),
            Limit("peak MB", 20),
            Limit("peak MB", 20, who=FOUR),
            Against("polars", "peak MB"),
        ],
        notes=[
            "polars is told the time format, which halves its work; guessing is what one writes first.",
            "Peers: read, describe, distinct values, quantiles, counts of the text column.",
            "duckdb: SUMMARIZE (approximate quantiles) and the counts. Start-up is counted for all.",
        ],
    )
