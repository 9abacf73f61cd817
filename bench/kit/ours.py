"""Our side: the binary and the stack files it runs."""

import json
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

from kit.model import Missing
from kit.places import REPOSITORY
from kit.proc import measured
from kit.rounds import say

# One admin listener per process, on any free port.
QUIET = ["--admin", "127.0.0.1:0"]
FLOW = """stack: bench
services:
  flow:
    source: {{ file: {{ path: {source}, format: {form} }} }}
{steps}    sink: {{ append_file: {{ path: {out} }} }}
"""


def quoted(path):
    """A path as YAML takes it, whatever is in it."""
    return json.dumps(str(path))


@cache
def binary():
    """The program: $HEADWATER, else the release build of this repository, built if missing."""
    named = os.environ.get("HEADWATER")
    path = Path(named).resolve() if named else REPOSITORY / "target" / "release" / "headwater"
    if named and not path.is_file():
        raise Missing("HEADWATER names no file")
    if not path.is_file():
        _build()
    if not path.is_file():
        raise Missing("the release build is not there")
    return path


def _build():
    """Build it once with cargo."""
    if not shutil.which("cargo"):
        raise Missing("no release build and no cargo")
    say("  building the release binary")
    done = subprocess.run(["cargo", "build", "--release"], cwd=REPOSITORY, stdout=2, check=False)
    if done.returncode != 0:
        raise Missing("cargo build --release failed")


def run_command(service, stack, folder):
    """Write the stack file and answer the command that runs one service of it."""
    path = folder / "stack.yaml"
    path.write_text(stack)
    data = folder / "data"
    return [binary(), "run", service, "--stack", path, "--data", data, *QUIET]


def run_flow(folder, source, form, out, steps=""):
    """Run a flow over a whole file to its end and measure it."""
    steps = f"    steps: [{steps}]\n" if steps else ""
    stack = FLOW.format(source=quoted(source), form=form, steps=steps, out=quoted(out))
    done = measured(run_command("flow", stack, folder), folder)
    if not out.is_file():
        raise Missing("it ended with 0 but wrote no file")
    return done
