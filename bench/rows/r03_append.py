"""Row 3: lines from a file to a durable append."""

import hashlib
import sys

from kit import data, ours
from kit.model import OURS, Against, Contestant, Missing, Published, Row
from kit.places import PEERS, fresh_folder
from kit.proc import measured

VECTOR_LINES_PER_CPU_SECOND = 2_000_000 / 50
PIECES = {"512 KiB": 512 << 10, "1 MiB": 1 << 20}


def _ours(source, out, folder):
    return ours.run_flow(folder, source, "lines", out)


def _cat(source, out, folder):
    script = 'cat "$1" > "$2" && sync -d "$2"'
    return measured(["sh", "-c", script, "sh", source, out], folder)


def _bare(piece, when):
    def run(source, out, folder):
        argv = [sys.executable, "-S", "-E", PEERS / "bare_write.py", source, out, piece, when]
        return measured(argv, folder)

    return run


def _digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def _contestant(name, run, count):
    def sample():
        source = data.log_lines(count)
        wanted = _digest(source)  # also brings it into the page cache
        with fresh_folder() as folder:
            out = folder / "out.log"
            done = run(source, out, folder)
            if _digest(out) != wanted:
                raise Missing(f"its file differs: {data.count_lines(out)} lines of {count}")
            return {
                "MB/s": source.stat().st_size / 1e6 / done.wall,
                "lines/CPU s": count / done.cpu,
                "wall s": done.wall,
                "CPU s": done.cpu,
                "peak MB": done.peak / 1e6,
            }

    return Contestant(name, sample)


def row(options):
    count = options.pick(2_000_000, 400_000)
    bare = {
        f"write {label}, fdatasync {text}": _bare(size, when)
        for label, size in PIECES.items()
        for when, text in (("once", "at the end"), ("each", "each"))
    }
    runs = {"cat, sync": _cat, **bare}
    return Row(
        number=3,
        title=f"lines to durable append, {count} lines of 62 bytes",
        ours=_contestant(OURS, _ours, count),
        peers=[_contestant(name, run, count) for name, run in runs.items()],
        goals=[
            Published("Vector file sink", "lines/CPU s", VECTOR_LINES_PER_CPU_SECOND, 20),
            Against("cat, sync", "MB/s"),
            *(Against(name, "MB/s", 0.5) for name in bare),
        ],
        notes=[
            "The input is in the page cache; every output must equal the input, byte for byte.",
            "Vector spent 50 CPU s on 2 M lines of 125 MB; its binary is in no registry.",
        ],
    )
