"""A Docker engine of the tests' own: its images, volumes and networks are gone with its directory."""

import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time

import yaml  # comes with Debian's docker-compose

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORK = ROOT / "target" / "containers"
# Debian's client: another one on the PATH may have no builder.
DOCKER = "/usr/bin/docker" if os.path.exists("/usr/bin/docker") else "docker"


class Failed(Exception):
    """A command or a check that did not do what it should, in words for a person."""


class NoEngine(Exception):
    """Why containers cannot be had on this machine."""


def run(command, timeout=120, env=None, cwd=None, text=None, quiet=True):
    """Runs a command to its end and answers what it printed on standard output."""
    done = subprocess.run(
        [str(word) for word in command],
        timeout=timeout,
        env={**os.environ, **(env or {})},
        cwd=cwd,
        input=text,
        text=True,
        stdout=subprocess.PIPE if quiet else None,
        stderr=subprocess.PIPE if quiet else None,
    )
    if done.returncode != 0:
        told = "\n".join(part.strip() for part in (done.stdout, done.stderr) if part)
        raise Failed(f"{' '.join(map(str, command))}: exit {done.returncode}\n{told[-4000:]}")
    return done.stdout


def until(what, condition, patience=60.0):
    """Waits for a condition; answers what it answered, and how long that took."""
    begin = time.monotonic()
    last = None
    while time.monotonic() - begin < patience:
        try:
            answer = condition()
            if answer:
                return answer, time.monotonic() - begin
        except (Failed, OSError, ValueError) as error:
            last = error
        time.sleep(0.05)
    raise Failed(f"{what}: not within {patience:.0f} s" + (f"; last: {last}" if last else ""))


def is_free(port):
    with socket.socket() as one:
        # As Docker's proxy does: what is left of closed connections is in nobody's way.
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind(("0.0.0.0", port))
        except OSError:
            return False
    return True


def any_port():
    with socket.socket() as one:
        one.bind(("0.0.0.0", 0))
        return one.getsockname()[1]


class Engine:
    """dockerd with everything it writes below target/containers/engine."""

    def __init__(self, quick=False):
        # Built in a hurry, nothing is small or fast: such figures are shown and not judged.
        self.is_quick = quick
        self.home = WORK / "engine"
        # The path of a socket may have a hundred characters only.
        self.socket = pathlib.Path("/run") / f"headwater-tests-{os.getpid()}.sock"
        self.daemon = None

    def start(self):
        self.home.mkdir(parents=True, exist_ok=True)
        log = open(self.home / "log", "w", encoding="utf-8")
        self.daemon = subprocess.Popen(
            [
                "dockerd",
                "--data-root", self.home / "data",
                "--exec-root", self.home / "exec",
                "--pidfile", self.home / "pid",
                "--host", f"unix://{self.socket}",
            ],
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        os.environ["DOCKER_HOST"] = f"unix://{self.socket}"
        os.environ["DOCKER_BUILDKIT"] = "0"
        # Compose builds with the first client on the PATH; another builder than that of the images has another cache.
        first = WORK / "bin"
        first.mkdir(exist_ok=True)
        (first / "docker").unlink(missing_ok=True)
        (first / "docker").symlink_to(shutil.which(DOCKER))
        os.environ["PATH"] = f"{first}:{os.environ['PATH']}"

        def answers():
            if self.daemon.poll() is not None:
                raise NoEngine(self.last_words())
            return self.docker("info", "--format", "{{.ServerVersion}}").strip()

        try:
            return until("the Docker engine answers", answers)[0]
        except Failed as failed:
            raise NoEngine(str(failed)) from failed

    def last_words(self):
        last = (self.home / "log").read_text(encoding="utf-8").strip().splitlines()[-1:]
        return last[0] if last else "dockerd says nothing"

    def docker(self, *words, timeout=120, text=None, quiet=True):
        return run([DOCKER, *words], timeout=timeout, text=text, quiet=quiet)

    def inspect(self, container):
        return json.loads(self.docker("inspect", container))[0]

    def stop(self):
        if self.daemon is None or self.daemon.poll() is not None:
            return
        for container in self.docker("ps", "-aq").split():
            self.docker("rm", "-f", "-v", container)
        self.daemon.send_signal(signal.SIGTERM)
        try:
            self.daemon.wait(30)
        except subprocess.TimeoutExpired:
            self.daemon.kill()
        self.socket.unlink(missing_ok=True)

    def forget(self):
        """Removes images and volumes too."""
        shutil.rmtree(self.home, ignore_errors=True)


class Compose:
    """One of our Compose files, as a user in its directory would drive it."""

    def __init__(self, system, elsewhere=False):
        self.directory = ROOT / "stacks" / system
        self.system = system
        self.whole = yaml.safe_load((self.directory / "docker-compose.yml").read_text(encoding="utf-8"))
        # Where a port of the file is on this host: in its own place, unless somebody has it.
        self.at = {
            port: any_port() if elsewhere or not is_free(port) else port for port in self.published()
        }
        moved = {port: instead for port, instead in self.at.items() if port != instead}
        if moved and not elsewhere:
            print(f"   taken here, and others in their place: {moved}", flush=True)
        self.files = self.override() if moved else ["-f", "docker-compose.yml"]

    def published(self):
        ports = [port for service in self.whole["services"].values() for port in service.get("ports", [])]
        return [int(port.split(":")[0]) for port in ports]

    def override(self):
        """The same file with other host ports: a second file could only add ports, not replace them."""
        for service in self.whole["services"].values():
            if "ports" in service:
                pairs = [port.split(":") for port in service["ports"]]
                service["ports"] = [f"{self.at[int(outside)]}:{inside}" for outside, inside in pairs]
        path = WORK / f"{self.system}.yml"
        path.write_text(yaml.safe_dump(self.whole), encoding="utf-8")
        return ["-f", str(path)]

    def __call__(self, *words, timeout=180):
        command = ["docker-compose", "--project-name", self.system, "--project-directory", "."]
        return run([*command, *self.files, *words], timeout=timeout, cwd=self.directory)

    def container(self, service, index=1):
        names = self("ps", "-q", service).split()
        if len(names) < index:
            raise Failed(f"{self.system}: no container of {service}")
        return names[index - 1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self("down", "-v", "--timeout", "10")
