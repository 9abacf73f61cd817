"""What the images themselves promise: small, without rights, healthy, stopping at once, names and TLS inside."""

import json
import time

from engine import WORK, Failed, any_port, run, until
from systems import expect, get

LIMIT = 20 * 1000 * 1000


def image(engine):
    size = int(engine.docker("inspect", "-f", "{{.Size}}", "headwater"))
    print(f"   image: {size / 1e6:.1f} MB", flush=True)
    expect(f"the image has {size} bytes, {LIMIT} are allowed", engine.is_quick or size <= LIMIT)
    user = engine.docker("inspect", "-f", "{{.Config.User}}", "headwater").strip()
    expect(f"it runs as {user}", user == "65532:65532")


def hardened(engine):
    """Everything that can be taken away is taken away, and it still serves, keeps and stops."""
    name, port = "headwater-hardened", any_port()
    engine.docker(
        "run", "-d", "--name", name, "--read-only", "--cap-drop", "ALL", "--network", "bridge",
        "--security-opt", "no-new-privileges", "--memory", "64m", "--pids-limit", "64",
        "-p", f"{port}:8000", "headwater", "run", "api", "--stack", "users",
    )
    try:
        until("it answers", lambda: get(f"http://localhost:{port}/users/")[0] == 200)
        created = get(f"http://localhost:{port}/users/?user_id=1&name=A&age=2", method="POST")
        expect(f"{created}", created[0] == 200)
        until(
            "Docker calls it healthy",
            lambda: engine.inspect(name)["State"]["Health"]["Status"] == "healthy",
            30,
        )
        begin = time.monotonic()
        engine.docker("stop", name)
        took = time.monotonic() - begin
        state = engine.inspect(name)["State"]
        print(f"   docker stop: {took * 1000:.0f} ms", flush=True)
        expect(f"docker stop took {took:.2f} s", engine.is_quick or took <= 1.0)
        expect(f"exit {state['ExitCode']}", state["ExitCode"] == 0)
    finally:
        engine.docker("rm", "-f", "-v", name)


def names(engine):
    """A service finds another by its name, from `scratch`."""
    engine.docker("network", "create", "headwater-names")
    started = []
    try:
        for name, words in (
            ("producer", ["run", "producer", "--stack", "numbers"]),
            ("consumer", ["run", "consumer", "--stack", "numbers"]),
        ):
            engine.docker(
                "run", "-d", "--name", name, "--network", "headwater-names",
                "-e", "PRODUCER_URL=http://producer:5000/number", "headwater", *words,
            )
            started.append(name)
        until(
            "the consumer found the producer",
            lambda: "Received number: " in engine.docker("logs", "consumer"),
        )
    finally:
        for name in started:
            engine.docker("rm", "-f", "-v", name)
        engine.docker("network", "rm", "headwater-names")


def bad_volumes(engine):
    """A volume of somebody else, a read-only one, a full one: one line that says what to do."""
    run = ["run", "--rm", "--network", "none"]
    service = ["headwater", "run", "data-producer", "--stack", "shared-data"]
    cases = (
        ("somebody else's", ["--tmpfs", "/data:uid=0,mode=700"], "permission"),
        ("full", ["--tmpfs", "/data:uid=65532,size=4k"], "no space"),
        ("read-only", ["--read-only", "--mount", "type=tmpfs,dst=/data,readonly"], "ead-only"),
    )
    for what, mount, said in cases:
        try:
            told = engine.docker(*run, "-e", "DATA_DIR=/data/out", *mount, *service, timeout=20)
        except Failed as failed:
            told = str(failed)
        expect(f"{what}: {told}", said in told.lower() or said in told)


def rendered(engine):
    """What `render compose` writes comes up as it is."""
    directory = WORK / "rendered"
    directory.mkdir(exist_ok=True)
    file = directory / "docker-compose.yml"
    file.write_text(engine.docker("run", "--rm", "headwater", "render", "compose", "numbers"), encoding="utf-8")
    compose = ["docker-compose", "--project-name", "rendered"]
    try:
        run([*compose, "up", "-d"], timeout=180, cwd=directory)
        until(
            "its consumer receives",
            lambda: "Received number: " in run([*compose, "logs", "consumer"], cwd=directory),
        )
    finally:
        run([*compose, "down", "-v", "--timeout", "10"], cwd=directory)


def first_answer(engine):
    """From `docker run` to the first answer, beside a container that does nothing."""
    engine.docker("run", "--rm", "busybox:1.37", "true")
    rounds, port = [], any_port()
    for _ in range(3):
        begin = time.monotonic()
        engine.docker("run", "--rm", "busybox:1.37", "true")
        empty = time.monotonic() - begin
        begin = time.monotonic()
        engine.docker(
            "run", "-d", "--name", "headwater-first", "-p", f"{port}:5000",
            "headwater", "run", "producer", "--stack", "numbers",
        )
        until("it answers", lambda: json.loads(get(f"http://localhost:{port}/number")[1])["number"])
        took = time.monotonic() - begin
        engine.docker("rm", "-f", "-v", "headwater-first")
        rounds.append((took - empty, took, empty))
    beyond, took, empty = sorted(rounds)[1]
    print(f"   first answer {took * 1000:.0f} ms, an empty container {empty * 1000:.0f} ms", flush=True)
    expect(f"{beyond * 1000:.0f} ms beyond an empty container; 300 are allowed", engine.is_quick or beyond <= 0.3)
