"""Three Docker engines in three network namespaces, a switch between them, and a Swarm over all."""

import contextlib
import fcntl
import os
import pathlib
import shutil
import signal
import subprocess
import time

from engine import DOCKER, ROOT, Failed, run, until

WORK = ROOT / "target" / "swarm"
# The path of a socket may have a hundred characters only.
RUN = pathlib.Path("/run/headwater-swarm")
NET = "10.77.0"
OUTSIDE = f"{NET}.254"
SWITCH = "hwswitch"


class Node:
    """One machine of the lab: a namespace, an address, a cable to the switch, an engine."""

    def __init__(self, number):
        self.name = f"hwnode{number}"
        self.address = f"{NET}.{number}"
        self.cable = f"hwcable{number}"
        self.number = number
        self.data = WORK / "nodes" / self.name
        self.home = RUN / self.name
        self.socket = self.home / "docker.sock"
        self.daemon = None

    def docker(self, *words, timeout=60):
        try:
            return run([DOCKER, "--host", f"unix://{self.socket}", *words], timeout=timeout)
        except subprocess.TimeoutExpired as late:
            raise Failed(f"{self.name}: docker {' '.join(words)}: nothing within {timeout} s") from late

    def connect(self):
        """The namespace with its end of the cable."""
        for command in (
            f"ip netns add {self.name}",
            f"ip -n {self.name} link set lo up",
            f"ip link add {self.cable} netns {SWITCH} type veth peer name eth0 netns {self.name}",
            f"ip -n {SWITCH} link set {self.cable} master bridge up",
            f"ip -n {self.name} addr add {self.address}/24 dev eth0",
            f"ip -n {self.name} link set eth0 up",
            f"ip -n {self.name} route add default via {OUTSIDE}",
            f"nsenter --net=/run/netns/{self.name} sysctl -qw net.ipv4.ip_forward=1",
        ):
            run(command.split())

    def start(self):
        self.home.mkdir(parents=True, exist_ok=True)
        self.data.mkdir(parents=True, exist_ok=True)
        # A name server that says at once that it is none: looking for a registry must not take half a minute.
        names = self.home / "resolv.conf"
        names.write_text(f"nameserver {OUTSIDE}\n", encoding="utf-8")
        inside = (
            f"hostname {self.name}; mount --bind {names} /etc/resolv.conf; exec dockerd"
            f" --data-root {self.data} --exec-root {self.home / 'exec'} --pidfile {self.home / 'pid'}"
            f" --host unix://{self.socket} --bip 172.2{self.number}.0.1/24 --cgroup-parent /{self.name}"
        )
        # `ip netns exec` would hide the control groups. An engine ends with the test that started it, even when that
        # one is killed; its own mount namespace keeps its mounts out of the machine's.
        command = ["setpriv", "--pdeathsig", "TERM", "nsenter", f"--net=/run/netns/{self.name}"]
        command += ["unshare", "--uts", "--mount", "--propagation", "private", "bash", "-c", inside]
        with open(self.home / "log", "w", encoding="utf-8") as log:
            self.daemon = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

    def answers(self):
        if self.daemon.poll() is not None:
            last = (self.home / "log").read_text(encoding="utf-8").strip().splitlines()[-1:]
            raise SystemExit(f"no Docker engine can be had here: {last[0] if last else 'it says nothing'}")
        return self.docker("info", "--format", "{{.ServerVersion}}").strip()

    def pull_cable(self):
        run(["ip", "-n", SWITCH, "link", "set", self.cable, "down"])

    def plug_cable(self):
        run(["ip", "-n", SWITCH, "link", "set", self.cable, "up"])


class Lab:
    """The machines together. Only one lab fits on a computer; what a killed one left is cleared first."""

    def __init__(self, count=3):
        self.nodes = [Node(number) for number in range(1, count + 1)]
        RUN.mkdir(parents=True, exist_ok=True)
        self.lock = open(RUN / "lock", "w", encoding="utf-8")
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise SystemExit("another lab runs on this computer") from None

    def up(self, heartbeat):
        """Answers how long it took until all three were one Swarm."""
        self.down()
        self.forget()
        begin = time.monotonic()
        run(["ip", "netns", "add", SWITCH])
        for command in (
            "link set lo up",
            "link add bridge type bridge",
            f"addr add {OUTSIDE}/24 dev bridge",
            "link set bridge up",
        ):
            run(["ip", "-n", SWITCH, *command.split()])
        for node in self.nodes:
            node.connect()
            node.start()
        for node in self.nodes:
            until(f"the engine of {node.name} answers", node.answers, 60)
        first, *others = self.nodes
        first.docker(
            "swarm", "init", "--advertise-addr", first.address,
            "--listen-addr", f"{first.address}:2377", "--task-history-limit", "2",
            "--dispatcher-heartbeat", heartbeat,
        )
        token = first.docker("swarm", "join-token", "-q", "manager").strip()
        for node in others:
            node.docker(
                "swarm", "join", "--advertise-addr", node.address,
                "--listen-addr", f"{node.address}:2377", "--token", token, f"{first.address}:2377",
            )
        self.settle()
        return time.monotonic() - begin

    def settle(self, patience=90):
        """All are ready, and all can vote: with two of three lost there is no leader."""

        def whole():
            told = self.nodes[0].docker(
                "node", "ls", "--format", "{{.Status}} {{.Availability}} {{.ManagerStatus}}"
            ).splitlines()
            good = ("Ready Active Leader", "Ready Active Reachable")
            return len(told) == len(self.nodes) and all(line in good for line in told)

        return until("three nodes, all of them managers", whole, patience)[1]

    def leader(self, asked=None):
        """The node that leads, as another one sees it."""
        told = (asked or self.nodes[0]).docker(
            "node", "ls", "--format", "{{.Hostname}} {{.ManagerStatus}}"
        )
        name = next(line.split()[0] for line in told.splitlines() if line.endswith(" Leader"))
        return self.node(name)

    def node(self, name):
        return next(node for node in self.nodes if node.name == name)

    def down(self):
        """Ends whatever of a lab is there, this one or one that was killed."""
        end([pid for pid in map(pid_of, self.nodes) if pid])
        for node in self.nodes:
            if node.daemon:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    node.daemon.wait(5)
            clear(node)
        for namespace in [node.name for node in self.nodes] + [SWITCH]:
            if os.path.exists(f"/run/netns/{namespace}"):
                run(["ip", "netns", "del", namespace])

    def forget(self):
        """Removes images, volumes and logs too."""
        shutil.rmtree(WORK / "nodes", ignore_errors=True)
        for node in self.nodes:
            shutil.rmtree(node.home, ignore_errors=True)


def pid_of(node):
    """The engine's process, if that number still belongs to it."""
    try:
        pid = int((node.home / "pid").read_text(encoding="utf-8"))
        words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().decode()
    except (OSError, ValueError):
        return None
    return pid if str(node.data) in words else None


def end(pids, patience=25):
    """All at once: each waits for the others' votes until it gives up."""
    for pid in pids:
        os.kill(pid, signal.SIGTERM)
    begin = time.monotonic()
    while not all(map(dead, pids)) and time.monotonic() - begin < patience:
        time.sleep(0.05)
    for pid in pids:
        if not dead(pid):
            os.kill(pid, signal.SIGKILL)


def dead(pid):
    try:
        return "State:\tZ" in pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return True


def clear(node):
    """What outlives a killed engine: its containerd and shims, known by the lab's paths, and their containers, known
    by their control group."""
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, ProcessLookupError):
            words = (process / "cmdline").read_bytes().decode(errors="replace")
            if f"{node.home}/" in words and "containerd" in words:
                os.kill(int(process.name), signal.SIGKILL)
    top = pathlib.Path("/sys/fs/cgroup")
    for group in [top / node.name, *(each / node.name for each in top.iterdir())]:
        for tasks in group.rglob("cgroup.procs"):
            with contextlib.suppress(OSError):
                for pid in tasks.read_text(encoding="utf-8").split():
                    os.kill(int(pid), signal.SIGKILL)
        for directory, _, _ in os.walk(group, topdown=False):
            # The last process of a group may take a moment to leave it.
            with contextlib.suppress(Failed, OSError):
                until("the group is empty", lambda path=directory: os.rmdir(path) is None, 2)
    for name in ("pid", "docker.sock"):
        (node.home / name).unlink(missing_ok=True)
