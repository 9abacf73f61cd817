"""Where things are: all below the folder of the repository."""

import contextlib
import fcntl
import shutil
import sys
import tempfile
from pathlib import Path

BENCH = Path(__file__).resolve().parent.parent
REPOSITORY = BENCH.parent
PEERS = BENCH / "peers"
WORK = BENCH / ".work"
INPUTS = WORK / "inputs"
RESULTS = BENCH / "results"


def claim():
    """One benchmark at a time: two would measure each other. Also drops what a kill left behind."""
    WORK.mkdir(exist_ok=True)
    lock = open(WORK / "lock", "w")  # stays open, and locked, until this process ends
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.exit("another bench/run is measuring; wait for its end")
    shutil.rmtree(WORK / "tmp", ignore_errors=True)
    return lock


@contextlib.contextmanager
def fresh_folder():
    """A new empty folder on the disk that is measured; gone afterwards."""
    parent = WORK / "tmp"
    parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
