"""Get what the peers need. What cannot be had is said once; the rows go on without it."""

import json
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

from kit.model import Missing
from kit.places import PEERS, WORK
from kit.rounds import say

VENV = WORK / "venv"
NODE = WORK / "npm"
DEBIAN = {"nginx": "nginx", "wrk": "wrk", "taskset": "util-linux", "time": "time", "npm": "npm"}
DEBIAN |= {"redis-server": "redis-server", "redis-benchmark": "redis-tools", "psql": "postgresql"}
DEBIAN |= {"mosquitto": "mosquitto", "mosquitto_pub": "mosquitto-clients"}
DEBIAN |= {"nats-server": "nats-server"}


def _try(argv, **more):
    """Run an installer quietly; True if it worked."""
    try:
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=900,
            check=False,
            **more,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        say(f"  {argv[0]}: {error}")
        return False
    if done.returncode != 0:
        said = " ".join(done.stderr.decode(errors="replace").split())
        say(f"  {Path(argv[0]).name} failed: {said[:200]}")
    return done.returncode == 0


@cache
def program(name):
    """A program of the system, from Debian if it is missing."""
    if not shutil.which(name) and shutil.which("apt-get") and os.geteuid() == 0:
        say(f"  installing {DEBIAN[name]} with apt-get")
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        install = ["apt-get", "install", "-y", "--no-install-recommends", DEBIAN[name]]
        if not _try(install, env=quiet):
            _try(["apt-get", "update"], env=quiet) and _try(install, env=quiet)
    if not shutil.which(name):
        raise Missing(f"{name} is not installed (Debian package {DEBIAN[name]})")
    return name


@cache
def python(package):
    """The Python of the virtual environment, with all packages at their pinned versions."""
    _python_packages()
    interpreter = VENV / "bin" / "python"
    if not interpreter.is_file() or not _try([interpreter, "-c", f"import {package}"]):
        raise Missing(f"Python package {package} could not be installed")
    return interpreter


@cache
def _python_packages():
    wanted = (PEERS / "requirements.txt").read_text()
    mark = VENV / "installed.txt"
    if mark.is_file() and mark.read_text() == wanted:
        return
    say("  installing the Python peers")
    _try(["python3", "-m", "venv", VENV])
    pip = [VENV / "bin" / "python", "-m", "pip", "install", "-q"]
    if _try([*pip, "-r", PEERS / "requirements.txt"]):
        mark.write_text(wanted)
        return
    for line in wanted.split():  # one that cannot be had must not take the others along
        _try([*pip, line])


@cache
def node(package):
    """The folder of an npm package, at its pinned version."""
    program("npm")
    version = json.loads((PEERS / "package.json").read_text())["dependencies"][package]
    folder = NODE / "node_modules" / package
    if not _has_version(folder, version):
        say(f"  installing {package} with npm")
        NODE.mkdir(parents=True, exist_ok=True)
        quiet = ["--no-audit", "--no-fund", "--no-package-lock"]
        _try(["npm", "install", "--prefix", NODE, *quiet, f"{package}@{version}"])
    if not _has_version(folder, version):
        raise Missing(f"npm package {package} could not be installed")
    return folder


def _has_version(folder, version):
    """True if the package is there at this version."""
    try:
        return json.loads((folder / "package.json").read_text())["version"] == version
    except (OSError, ValueError, LookupError):
        return False


def tools():
    """What every row needs; a missing one is only said here."""
    for name in ("taskset", "time", "wrk"):
        try:
            program(name)
        except Missing as why:
            say(f"  could not be had: {why}")
