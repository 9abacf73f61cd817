"""Row 9 and its neighbours: `cached-users` and `users` beside Redis itself and beside their originals."""

import re
import subprocess

from kit import ours
from kit.databases import Postgres, Redis
from kit.install import program, python
from kit.load import Counted, ask, free_port, loaded, ready, wrk
from kit.model import OURS, Against, Contestant, Missing, Row
from kit.places import PEERS, REPOSITORY, fresh_folder
from kit.proc import CLIENT_CORE, Server, pinned

CONNECTIONS = 32
# What waits for the same sync shares it; row 7 creates with as many.
WRITERS = 64
ALICE = '{"name":"alice","info":"likes tea"}'
REGISTER = '{"name":"user%d","info":"likes tea"}'


def _up(stack, ports, folder):
    """One built-in stack whole, on ports of its own."""
    named = [part for service, port in ports.items() for part in ("--port", f"{service}={port}")]
    only = [part for service in ports for part in ("--only", service)]
    path = REPOSITORY / "stacks" / stack / "headwater.yaml"
    return [ours.binary(), "up", path, *only, *named, "--data", folder / "data", *ours.QUIET]


def _cached(options):
    def sample():
        register, read = free_port(), free_port()
        ports = {"user-service": register, "data-service": read}
        with fresh_folder() as folder, Server(_up("cached-users", ports, folder), folder) as server:
            server.wait_until(lambda: ready(register, "/register", "POST", ALICE), pause=0.05)
            server.wait_until(lambda: '"cached":true' in ask(read, "/user/alice")[1], pause=0.05)
            wrk(read, "/user/alice", CONNECTIONS, 1)
            return loaded(server, read, "/user/alice", CONNECTIONS, options.pick(8, 3))[1]

    return Contestant(OURS, sample)


def _redis_benchmark(options):
    def sample():
        with fresh_folder() as folder, Redis(folder) as redis:
            count = options.pick(800_000, 200_000)
            where = ["-p", redis.port, "-c", CONNECTIONS, "-n", count, "-t", "set,get", "--csv"]
            argv = pinned(CLIENT_CORE, [program("redis-benchmark"), *where])
            done = subprocess.run(argv, capture_output=True, check=False, timeout=120)
            found = re.search(r'"GET","([0-9.]+)"', done.stdout.decode())
            if not found:
                raise Missing(f"redis-benchmark failed: {done.stderr.decode()[-200:]}")
            return {"requests/s": float(found[1])}

    return Contestant("redis-benchmark GET", sample)


def _flask(options, path, load):
    """The original: Flask's development server, PostgreSQL and Redis on the same core."""

    def sample():
        port = free_port()
        with fresh_folder() as folder, Postgres(folder) as postgres, Redis(folder) as redis:
            argv = [python("flask"), PEERS / "flask_cached_users.py", port, postgres.port, redis.port]
            with Server(argv, folder) as server:
                server.wait_until(lambda: ready(port, "/register", "POST", ALICE), pause=0.05)
                server.wait_until(lambda: '"cached":true' in ask(port, "/user/alice")[1], pause=0.05)
                connections = WRITERS if load else CONNECTIONS
                return loaded(server, port, path, connections, options.pick(6, 3), load)[1]

    return Contestant("Flask", sample)


def cached(options):
    return Row(
        number=9,
        title=f"cached read over HTTP, {CONNECTIONS} connections",
        ours=_cached(options),
        peers=[_redis_benchmark(options), _flask(options, "/user/alice", None)],
        goals=[
            Against("redis-benchmark GET", "requests/s", 1),
            Against("Flask", "requests/s", 50),
            Against("Flask", "CPU us/request"),
            Against("Flask", "p99 ms"),
        ],
        notes=[
            "redis-benchmark: no pipelining, one thread, against a Redis on the server's core.",
            "Flask: the original written anew, its development server, with a real Redis.",
        ],
    )


def _register(options):
    def sample():
        port = free_port()
        with fresh_folder() as folder:
            with Server(_up("cached-users", {"user-service": port}, folder), folder) as server:
                server.wait_until(lambda: ready(port, "/register", "POST", ALICE), pause=0.05)
                load = Counted("/register", REGISTER, 0, "POST")
                return loaded(server, port, "/", WRITERS, options.pick(6, 3), load)[1]

    return Contestant(OURS, sample)


def register(options):
    load = Counted("/register", REGISTER, 0, "POST")
    return Row(
        number=13,
        title=f"register, durable, {WRITERS} connections",
        ours=_register(options),
        peers=[_flask(options, "/", load)],
        goals=[
            Against("Flask", "requests/s", 30),
            Against("Flask", "CPU us/request"),
            Against("Flask", "p99 ms"),
        ],
        notes=["Ours on SQLite with fsync; the original on PostgreSQL, a new connection each."],
    )


def _users(name, store, load, options):
    def sample():
        port = free_port()
        with fresh_folder() as folder:
            argv = ["env", f"USERS_STORE={store}", *_up("users", {"api": port}, folder)]
            with Server(argv, folder) as server:
                return _load_users(server, port, load, options)

    return Contestant(name, sample)


def _fastapi(load, options):
    def sample():
        port = free_port()
        argv = [python("uvicorn"), "-m", "uvicorn", "--port", port, "--no-access-log"]
        argv += ["--app-dir", PEERS, "fastapi_users:app"]
        with fresh_folder() as folder, Server(argv, folder) as server:
            return _load_users(server, port, load, options)

    return Contestant("FastAPI", sample)


def _load_users(server, port, load, options):
    server.wait_until(lambda: ready(port, "/health"), pause=0.05)
    for number in range(20):
        ask(port, f"/users/?user_id=-{number}&name=Alice&age=30", "POST")
    connections = WRITERS if load else CONNECTIONS
    return loaded(server, port, "/users/", connections, options.pick(6, 3), load)[1]


def post_users(options):
    load = Counted("/users/?user_id=%d&name=Alice+Example&age=30", method="POST")
    return Row(
        number=14,
        title=f"POST /users/, {WRITERS} connections",
        ours=_users(OURS, "sqlite:users.db", load, options),
        peers=[_fastapi(load, options)],
        variants=[_users(f"{OURS}, in memory", "memory", load, options)],
        goals=[Against("FastAPI", "requests/s", 20), Against("FastAPI", "CPU us/request")],
        notes=["FastAPI under uvicorn keeps a dict in memory; ours is durable unless named otherwise."],
    )


def get_users(options):
    return Row(
        number=15,
        title=f"GET /users/, 20 users, {CONNECTIONS} connections",
        ours=_users(OURS, "sqlite:users.db", None, options),
        peers=[_fastapi(None, options)],
        variants=[_users(f"{OURS}, in memory", "memory", None, options)],
        goals=[Against("FastAPI", "requests/s", 20), Against("FastAPI", "CPU us/request")],
        notes=["FastAPI under uvicorn keeps a dict in memory."],
    )
