"""PostgreSQL and Redis for the rows that need them: started in a fresh folder, on free ports, ended with the block."""

import glob
import os
import pwd
import shutil
import subprocess

from kit.install import program
from kit.load import free_port
from kit.model import Missing
from kit.proc import SERVER_CORE, Server, pinned


class Redis(Server):
    """A Redis that keeps nothing."""

    def __init__(self, folder, core=SERVER_CORE):
        self.port = free_port()
        options = ["--port", self.port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        super().__init__([program("redis-server"), *options, "--dir", folder], folder, core=core)
        self.log = folder / "redis.log"

    def __enter__(self):
        super().__enter__()
        self.wait_until(self._answers, pause=0.01)
        return self

    def _answers(self):
        asked = ["redis-cli", "-p", str(self.port), "ping"]
        done = subprocess.run(asked, capture_output=True, check=False)
        return done.stdout.strip() == b"PONG"


class Postgres(Server):
    """A PostgreSQL with its defaults; durable as it comes."""

    def __init__(self, folder, core=SERVER_CORE):
        self.port, self.folder = free_port(), folder
        self.data = folder / "postgres"
        where = ["-D", self.data, "-p", self.port, "-h", "127.0.0.1", "-k", folder]
        super().__init__([*_as_owner(), tool("postgres"), *where], folder, core=core)
        self.log = folder / "postgres.log"

    def __enter__(self):
        _give(self.folder)
        made = [*_as_owner(), tool("initdb"), "-D", str(self.data), "-A", "trust", "-U", "postgres"]
        done = subprocess.run(made, capture_output=True, check=False)
        if done.returncode != 0:
            raise Missing(f"initdb failed: {done.stderr.decode()[-200:]}")
        super().__enter__()
        self.wait_until(self._answers, pause=0.05)
        return self

    def _answers(self):
        return self.run("select 1", must=False) == 0

    @property
    def url(self):
        return f"postgres://postgres@127.0.0.1:{self.port}/postgres"

    def run(self, sql, must=True):
        """Run some SQL; answers psql's exit code."""
        asked = [tool("psql"), "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "-qc", sql]
        done = subprocess.run(asked, capture_output=True, check=False)
        if must and done.returncode != 0:
            raise Missing(f"psql failed: {done.stderr.decode()[-200:]}")
        return done.returncode

    def pgbench(self, core, script, clients, seconds):
        """Transactions a second of one prepared statement."""
        path = self.folder / "script.sql"
        path.write_text(script)
        where = ["-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres"]
        load = ["-n", "-M", "prepared", "-c", str(clients), "-j", "1", "-T", str(seconds)]
        argv = pinned(core, [tool("pgbench"), *where, *load, "-f", str(path), "postgres"])
        done = subprocess.run(argv, capture_output=True, check=False, timeout=seconds + 60)
        for line in done.stdout.decode().splitlines():
            if line.startswith("tps = "):
                return float(line.split()[2])
        raise Missing(f"pgbench failed: {done.stderr.decode()[-200:]}")


def tool(name):
    """A program of PostgreSQL; Debian keeps them apart."""
    program("psql")
    found = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"))
    path = found[-1] if found else shutil.which(name)
    if not path:
        raise Missing(f"{name} is not installed (Debian package postgresql)")
    return path


def _as_owner():
    """PostgreSQL refuses to run as root."""
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if _is_root() else []


def _is_root():
    return os.geteuid() == 0


def _give(folder):
    if _is_root():
        owner = pwd.getpwnam("postgres")
        os.chown(folder, owner.pw_uid, owner.pw_gid)
        for above in folder.parents:
            if above.owner() == "root" and not above.stat().st_mode & 0o001:
                raise Missing("the working folder cannot be entered by the user postgres")
