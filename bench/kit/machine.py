"""The machine: what a reader needs to place the figures."""

import os
import platform
import statistics
import time
from pathlib import Path

from kit.places import WORK, fresh_folder
from kit.proc import CORES


def describe():
    """Cores, kernel, memory, load and the disk, as a dict."""
    return {
        "cores": len(CORES),
        "processor": _field("/proc/cpuinfo", "model name"),
        "memory_gb": round(int(_field("/proc/meminfo", "MemTotal").split()[0]) / 1e6, 1),
        "kernel": platform.release(),
        "load_1min": round(os.getloadavg()[0], 2),
        "file_system": _file_system(),
        **_fdatasync(),
    }


def lines(machine):
    """The same for people."""
    yield (
        f"machine: {machine['cores']} cores ({machine['processor']}), "
        f"{machine['memory_gb']} GB, Linux {machine['kernel']}, load {machine['load_1min']}"
    )
    yield (
        f"disk: {machine['file_system']}, 4 KiB append + fdatasync: "
        f"median {machine['fdatasync_ms']} ms, p99 {machine['fdatasync_p99_ms']} ms"
    )
    if machine["cores"] < 2:
        yield "WARNING: one core only: server and client share it, rows 1 and 6 say little."
    if machine["load_1min"] > 0.7:
        yield "WARNING: the machine is busy with other work; read the ratios, not the figures."
    if machine["file_system"] == "tmpfs":
        yield "WARNING: the working folder is in memory; an fdatasync costs nothing here."


def _field(path, name):
    for line in Path(path).read_text().splitlines():
        if line.startswith(name):
            return line.partition(":")[2].strip()
    return "0"


def _file_system():
    """The type of the file system under the working folder."""
    best = ("", "unknown")
    for line in Path("/proc/mounts").read_text().splitlines():
        _, mount, kind, *_ = line.split()
        inside = mount == "/" or f"{WORK}/".startswith(f"{mount}/")
        if inside and len(mount) >= len(best[0]):
            best = (mount, kind)
    return best[1]


def _fdatasync(times=200):
    """How long the disk takes to make 4 KiB durable."""
    block, took = b"x" * 4095 + b"\n", []
    with fresh_folder() as folder, open(folder / "probe", "wb", buffering=0) as file:
        for _ in range(times):
            file.write(block)
            start = time.perf_counter()
            os.fdatasync(file.fileno())
            took.append((time.perf_counter() - start) * 1e3)
    took.sort()
    return {
        "fdatasync_ms": round(statistics.median(took), 3),
        "fdatasync_p99_ms": round(took[int(times * 0.99) - 1], 3),
    }
