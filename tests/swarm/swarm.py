"""What is deployed on the lab's Swarm: the image, carried to the nodes without a registry, and the stacks."""

import os
import pathlib
import shutil
import time

from engine import ROOT, Failed, run, until
from lab import OUTSIDE, WORK

HERE = pathlib.Path(__file__).resolve().parent
# An address that refuses at once: no engine waits for a registry before it takes the image that it has.
IMAGE = "127.0.0.1:1/headwater:test"
RECORDER_PORT = 5005


def binary(given, profile):
    """A static program: the one that is given, or a new one."""
    if given:
        return pathlib.Path(given).resolve()
    host = next(
        line.split()[1] for line in run(["rustc", "-vV"], cwd=ROOT).splitlines() if line.startswith("host:")
    )
    run(
        ["cargo", "build", "--locked", "--target", host, "--profile", profile, "--bin", "headwater"],
        env={"RUSTFLAGS": "-C target-feature=+crt-static"}, cwd=ROOT, timeout=3000, quiet=False,
    )
    return ROOT / "target" / host / ("debug" if profile == "dev" else profile) / "headwater"


def image(lab, program):
    """The last stage of the Dockerfile, behind one that has what its build stage would have made; then a copy of it
    for every node. Answers how long the carrying took."""
    context = WORK / "context"
    shutil.rmtree(context, ignore_errors=True)
    for directory in ("out/bin", "empty", "shared-data/results", "etc/ssl/certs"):
        (context / directory).mkdir(parents=True)
    shutil.copy2(program, context / "out/bin/headwater")
    trusted = pathlib.Path("/etc/ssl/certs/ca-certificates.crt")
    (context / "etc/ssl/certs/ca-certificates.crt").write_bytes(
        trusted.read_bytes() if trusted.exists() else b""
    )
    whole = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    last = whole[whole.index("FROM scratch AS headwater") :]
    (context / "Dockerfile").write_text(f"FROM scratch AS build\nCOPY . /\n\n{last}", encoding="utf-8")
    os.environ["DOCKER_BUILDKIT"] = "0"
    first, *others = lab.nodes
    first.docker("build", "-q", "-t", IMAGE, context, timeout=300)
    shutil.rmtree(context)
    begin = time.monotonic()
    archive = WORK / "image.tar"
    first.docker("save", "-o", archive, IMAGE, timeout=120)
    for node in others:
        node.docker("load", "-q", "-i", archive, timeout=120)
    archive.unlink()
    return time.monotonic() - begin


def deploy(lab, program, stack, *words):
    """One of the stacks beside this file, rendered by the program itself."""
    there = WORK / stack
    there.mkdir(parents=True, exist_ok=True)
    shutil.copy2(HERE / "stacks" / stack / "headwater.yaml", there)
    run([program, "render", "swarm", there / "headwater.yaml", "-o", there, "--image", IMAGE, *words])
    up(lab, there / "docker-stack.yml", stack)


def up(lab, file, stack):
    lab.nodes[0].docker("stack", "deploy", "--resolve-image", "never", "-c", file, stack)


def tasks(node, service):
    """The tasks of a service that shall run and do: their names, and where they are."""
    told = node.docker(
        "service", "ps", service, "--no-trunc", "--filter", "desired-state=running",
        "--format", "{{.ID}} {{.Node}} {{.CurrentState}}", timeout=10,
    )
    lines = (line.split() for line in told.splitlines())
    return {line[0]: line[1] for line in lines if len(line) > 2 and line[2] == "Running"}


def running(node, service, count, patience=120):
    """Waits until so many tasks run; answers how long that took."""
    return until(
        f"{count} tasks of {service} run", lambda: len(tasks(node, service)) == count, patience
    )[1]


def scale(node, **counts):
    """Tells the Swarm how many shall run, and waits until they do."""
    words = [f"{service}={count}" for service, count in counts.items()]
    node.docker("service", "scale", "-d", *words)
    for service, count in counts.items():
        running(node, service, count)


def container_of(node, service):
    """One of a service's containers on this node."""
    found = containers(node, service)
    if not found:
        raise Failed(f"no task of {service} runs on {node.name}")
    return found[0]


def containers(node, service):
    return node.docker("ps", "-q", "--filter", f"label=com.docker.swarm.service.name={service}").split()


def about(node, container, what):
    return node.docker("inspect", "-f", what, container).strip()


def random_file_settings():
    address = f"http://{OUTSIDE}:{RECORDER_PORT}/"
    return ["--set", f"PRODUCER_URL={address}", "--set", "INTERVAL=50ms"]
