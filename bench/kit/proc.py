"""Starting, measuring and ending processes. Whatever is started here is ended here, by its pid."""

import contextlib
import os
import shutil
import signal
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from kit.model import Missing

TICK = os.sysconf("SC_CLK_TCK")
CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE = CORES[0]
CLIENT_CORE = CORES[1] if len(CORES) > 1 else CORES[0]

_alive = []  # every process that was started and not yet ended


def pinned(core, argv):
    """The command on one core; `None` leaves it free."""
    argv = [str(part) for part in argv]
    return argv if core is None else ["taskset", "-c", str(core), *argv]


def tree(pid):
    """The process and everything below it, parents first."""
    children = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, ValueError, IndexError):
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                children.setdefault(parent, []).append(int(entry.name))
    found = [pid]
    for one in found:
        found.extend(children.get(one, []))
    return found


def end(process):
    """Ask it to stop, wait, then kill what is left of its tree."""
    handles = _handles(tree(process.pid)) if process.poll() is None else []
    if handles:
        process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(5)
    for handle in handles:
        _kill(handle)
    process.wait()
    if process in _alive:
        _alive.remove(process)


def _handles(pids):
    """Handles that stay true to their process even when its number is given away again."""
    handles = []
    for pid in pids:
        with contextlib.suppress(OSError):
            handles.append(os.pidfd_open(pid))
    return handles


def _kill(handle):
    """Kill one process, if it is still there."""
    with contextlib.suppress(ProcessLookupError):
        signal.pidfd_send_signal(handle, signal.SIGKILL)
    os.close(handle)


def end_all():
    """End everything that still runs: after an error, and on Ctrl-C."""
    for process in list(_alive):
        end(process)


def spawn(argv, **more):
    """Start a command in its own session, so that Ctrl-C reaches only the benchmark."""
    more.setdefault("stdin", subprocess.DEVNULL)
    try:
        process = subprocess.Popen(argv, start_new_session=True, **more)
    except OSError as error:
        raise Missing(f"cannot start {Path(argv[0]).name}: {error.strerror}") from error
    _alive.append(process)
    return process


@dataclass
class Done:
    wall: float  # seconds
    cpu: float  # seconds, user and system, with its children
    peak: int  # bytes of resident memory, at most, of the command itself
    output: str  # standard output, if it was wanted


def measured(argv, folder, *, core=None, out=None, env=None, source=subprocess.DEVNULL, timeout=300):
    """Run a command to its end and measure it; `source` is its standard input.

    Standard output goes to the file `out`, or is returned.
    The peak is read by time(1): the rusage of our own child would include the size of this
    Python, which the kernel counts until the exec.
    """
    target = out or folder / "stdout"
    peak = folder / "peak"
    timer = ["time", "-q", "-f", "%M", "-o", str(peak)] if shutil.which("time") else []
    with open(target, "wb") as stdout, open(folder / "stderr", "wb") as stderr:
        start = time.monotonic()
        process = spawn(
            pinned(core, [*timer, *argv]),
            cwd=folder,
            env=env,
            stdin=source,
            stdout=stdout,
            stderr=stderr,
        )
        code, usage, wall = _wait(process, start, timeout)
    if code != 0:
        raise Missing(f"{Path(argv[0]).name} ended with {code}: {tail(folder / 'stderr')}")
    return Done(
        wall=wall,
        cpu=usage.ru_utime + usage.ru_stime,
        peak=int(peak.read_text().split()[-1]) * 1024 if timer else 0,
        output="" if out else Path(target).read_text(),
    )


def _wait(process, start, timeout):
    """Wait for the end with its resource usage; kill what takes too long."""
    late = threading.Event()

    def stop():
        late.set()
        for handle in _handles(tree(process.pid)):
            _kill(handle)

    watchdog = threading.Timer(timeout, stop)
    watchdog.start()
    try:
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - start
    finally:
        watchdog.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    _alive.remove(process)
    if late.is_set():
        raise Missing(f"did not end within {timeout} s")
    return process.returncode, usage, wall


def tail(path):
    """The last words of a log, on one line."""
    lines = Path(path).read_text(errors="replace").strip().splitlines()
    return " / ".join(line.strip() for line in lines[-3:])[-300:] or "it said nothing"


class Server:
    """A process that runs until the `with` block ends."""

    def __init__(self, argv, folder, *, env=None, core=SERVER_CORE):
        self.log = folder / "server.log"
        self.argv, self.folder, self.env, self.core = argv, folder, env, core

    def __enter__(self):
        with open(self.log, "wb") as log:
            self.started = time.monotonic()
            self.process = spawn(
                pinned(self.core, self.argv), cwd=self.folder, env=self.env, stdout=log, stderr=log
            )
        return self

    def __exit__(self, *_):
        end(self.process)

    def check_alive(self):
        """Raise Missing with its last words if it is gone."""
        if self.process.poll() is not None:
            raise Missing(f"ended with {self.process.returncode}: {tail(self.log)}")

    def wait_until(self, ready, seconds=30.0, pause=0.0005):
        """Wait for `ready()`; answers the seconds since the start."""
        while not ready():
            self.check_alive()
            if time.monotonic() - self.started > seconds:
                raise Missing(f"not ready after {seconds:.0f} s: {tail(self.log)}")
            time.sleep(pause)
        return time.monotonic() - self.started

    def cpu_seconds(self):
        """User and system time of the tree, from /proc/PID/stat."""
        total = 0
        for pid in tree(self.process.pid):
            with contextlib.suppress(OSError):
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                total += int(fields[11]) + int(fields[12])
        return total / TICK

    def run_seconds(self):
        """The same from schedstat: finer, but without threads that have ended. For idling."""
        total = 0
        for pid in tree(self.process.pid):
            for path in Path(f"/proc/{pid}/task").glob("*/schedstat"):
                with contextlib.suppress(OSError):
                    total += int(path.read_text().split()[0])
        return total / 1e9

    def memory(self, key):
        """Bytes of the tree: `VmRSS`, `VmHWM` or `Pss`."""
        name = "smaps_rollup" if key == "Pss" else "status"
        total = 0
        for pid in tree(self.process.pid):
            with contextlib.suppress(OSError):
                for line in Path(f"/proc/{pid}/{name}").read_text().splitlines():
                    if line.startswith(f"{key}:"):
                        total += int(line.split()[1]) * 1024
        return total
