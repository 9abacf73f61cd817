"""The five systems in containers, driven as the originals' READMEs drive them. What they build is in the builder's
cache already, from the same files."""

import json
import re
import urllib.error
import urllib.request
from contextlib import ExitStack

from engine import Compose, Failed, until


def get(url, accept="*/*", method="GET", body=None, headers=None):
    request = urllib.request.Request(
        url, method=method, data=body, headers={"Accept": accept, **(headers or {})}
    )
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def expect(what, condition):
    if not condition:
        raise Failed(what)


def refused(compose, words, what, because):
    """A command that has to fail, for this reason."""
    try:
        compose(*words)
    except Failed as failed:
        expect(f"{what}: expected '{because}', got {failed}", because in str(failed))
        return
    raise Failed(f"{what}: it worked")


def lines_of(compose, service, path):
    return [json.loads(line) for line in compose("exec", "-T", service, "cat", path).splitlines()]


def random_file(engine):
    with Compose("random-file") as compose:
        port = compose.at[5000]
        compose("up", "-d", "--build", timeout=600)
        status, number = get(f"http://localhost:{port}/")
        expect(f"GET / answers {status} {number!r}", status == 200 and 1 <= int(number) <= 100)
        _, asked = get(f"http://localhost:{port}/", accept="application/json")
        expect(f"JSON on request: {asked}", 1 <= json.loads(asked)["number"] <= 100)
        path = "/data/numbers.ndjson"
        kept, _ = until("two numbers in the file", lambda: lines_of_at_least(compose, path, 2))
        expect(f"lines as the original's: {kept[0]}", 1 <= kept[0]["number"] <= 100)
        log = compose("logs", "consumer")
        expect(f"the log shows what was stored: {log}", "numbers.ndjson" in log)

        # A kill, a producer that is away, and a whole new start lose nothing and double nothing.
        engine.docker("kill", compose.container("consumer"))
        compose("up", "-d")
        compose("stop", "producer")
        before = lines_of(compose, "consumer", path)
        compose("start", "producer")
        until("the consumer goes on", lambda: lines_of_at_least(compose, path, len(before) + 1))
        before = lines_of(compose, "consumer", path)
        compose("down", "--timeout", "10")
        volumes = engine.docker("volume", "ls", "-q").split()
        expect(f"`down` keeps the volume: {volumes}", "random-file_data_volume" in volumes)
        compose("up", "-d")
        after, _ = until("a number more", lambda: lines_of_at_least(compose, path, len(before) + 1))
        expect("what was stored is still there", after[: len(before)] == before)


def lines_of_at_least(compose, path, count):
    lines = lines_of(compose, "consumer", path)
    return lines if len(lines) >= count else None


def shared_data(engine):
    with Compose("shared-data") as compose:
        compose("up", "-d", "--build", "data-producer", "data-consumer", timeout=600)
        running = compose("ps")
        expect(running, running.count("Up") == 2)
        shown = ["exec", "-T", "data-consumer"]
        until(
            "a result",
            lambda: "summary_1.json" in compose(*shown, "ls", "-la", "/shared-data/results"),
        )
        listing = compose(*shown, "ls", "-la", "/shared-data")
        expect(listing, "data_1.csv" in listing and "metadata_1.json" in listing)
        rows = compose(*shown, "cat", "/shared-data/data_1.csv").splitlines()
        expect(f"{len(rows)} rows", rows[0] == "id,timestamp,category,value,quantity" and len(rows) == 101)
        metadata = json.loads(compose(*shown, "cat", "/shared-data/metadata_1.json"))
        expect(f"{metadata}", metadata["rows"] == 100)
        refused(
            compose,
            [*shown, "touch", "/shared-data/test_file.txt"],
            "touch on the read-only mount",
            "Read-only file system",
        )
        engine.docker("kill", compose.container("data-consumer"))
        compose("up", "-d", "--force-recreate", "data-consumer")
        until("the third result", lambda: each_once(compose, 3))
        compose("stop", "data-producer", "data-consumer")
        compose("rm", "-f", "data-producer", "data-consumer")
        compose("up", "-d", "data-producer", "data-consumer")
        until("it goes on where it was", lambda: each_once(compose, 4))
        compose("down", "--timeout", "10")
        engine.docker("volume", "rm", "lab02_shared_data")


def each_once(compose, at_least):
    log = compose("exec", "-T", "data-consumer", "cat", "/shared-data/results/processed.ndjson")
    done = [json.loads(line)["dataset"] for line in log.splitlines()]
    expect(f"each dataset once: {done}", len(set(done)) == len(done))
    return done if len(done) >= at_least else None


def numbers(engine):
    with Compose("numbers") as compose:
        port = compose.at[5000]
        compose("up", "-d", "--build", timeout=600)
        status, body = get(f"http://localhost:{port}/number")
        expect(f"GET /number: {status} {body}", status == 200 and 1 <= json.loads(body)["number"] <= 180)
        seen = r"Received number: \d+"
        until("numbers in the log", lambda: len(re.findall(seen, compose("logs", "consumer"))) >= 2)
        compose("stop", "producer")
        until(
            "it says that it cannot fetch",
            lambda: "Error fetching the number: " in compose("logs", "consumer"),
        )
        compose("start", "producer")
        count = len(re.findall(seen, compose("logs", "consumer")))
        until("it goes on", lambda: len(re.findall(seen, compose("logs", "consumer"))) > count)


def users(engine):
    with Compose("users") as compose:
        api, frontend = compose.at[8000], compose.at[8501]
        compose("up", "-d", "--build", timeout=600)
        base = f"http://localhost:{api}"
        expect("/docs", get(f"{base}/docs")[0] == 200)
        expect("/health", get(f"{base}/health") == (200, '{"status":"healthy"}'))
        user = f"{base}/users/?user_id=20000&name=Alice&age=30"
        expect("created", get(user, method="POST") == (200, '{"message":"User created successfully"}'))
        expect("twice", get(user, method="POST") == (200, '{"error":"User already exists"}'))
        expect("read", get(f"{base}/users/20000") == (200, '{"name":"Alice","age":30}'))
        until("the simulator fills it", lambda: len(json.loads(get(f"{base}/users/")[1])) > 20)
        page, _ = until(
            "the dashboard shows the users", lambda: shows_users(get(f"http://localhost:{frontend}/")[1])
        )
        expect(page, "User Age Distribution" in page)
        for words, shown in (
            (["pwd"], "/app"),
            (["env"], "HEADWATER_DATA=/data"),
            (["ps"], "headwater"),
        ):
            printed = engine.docker("exec", "api", *words)
            expect(f"docker exec api {words}: {printed}", shown in printed)
        engine.docker("exec", "api", "touch", "/app/a-file")

        count = len(json.loads(get(f"{base}/users/")[1]))
        engine.docker("kill", "api")
        compose("up", "-d")
        back, _ = until("the API is back", lambda: json.loads(get(f"{base}/users/")[1]))
        expect(f"{len(back)} users after a kill, {count} before", len(back) >= count)
        until("the simulator goes on", lambda: len(json.loads(get(f"{base}/users/")[1])) > len(back))


def shows_users(page):
    return page if re.search(r"Found [\d,]+ users", page) else None


def cached_users(engine):
    with Compose("cached-users") as compose:
        register, read = compose.at[5000], compose.at[5001]
        compose("up", "-d", "--build", timeout=600)
        body = json.dumps({"name": "alice", "info": "likes tea"}).encode()
        headers = {"Content-Type": "application/json"}

        def registers():
            return get(f"http://localhost:{register}/register", "*/*", "POST", body, headers)[0] == 201

        until("registration", registers)
        alice = f"http://localhost:{read}/user/alice"
        first, _ = until("the first read", lambda: answer(alice))
        expect(f"first {first}", first == {"cached": False, "info": "likes tea", "name": "alice"})
        expect("then from the cache", answer(alice)["cached"] is True)
        unknown = get(f"http://localhost:{read}/user/nobody")
        expect(f"{unknown}", unknown[0] == 404 and "User nobody not found in database" in unknown[1])
        compose("stop", "redis")
        expect("without Redis it still answers", answer(alice)["info"] == "likes tea")
        compose("start", "redis")
        count = "select count(*) from users"
        rows = compose(
            "exec", "-T", "-e", "PGPASSWORD=postgres", "postgres",
            "psql", "-h", "127.0.0.1", "-U", "postgres", "-d", "users", "-tAc", count,
        )
        expect(f"in PostgreSQL: {rows}", rows.strip() == "1")
        compose("down", "--timeout", "10")
        compose("up", "-d")
        again, _ = until("after down and up", lambda: answer(alice))
        expect(f"{again}", again["info"] == "likes tea")


def answer(url):
    status, body = get(url)
    return json.loads(body) if status == 200 else None


def together(engine):
    """All five at once, on other host ports."""
    names = ("random-file", "shared-data", "numbers", "users", "cached-users")
    with ExitStack() as every:
        random, shared, numbers, users, cached = (
            every.enter_context(Compose(name, elsewhere=True)) for name in names
        )
        for compose in (random, shared, numbers, users, cached):
            compose("up", "-d", timeout=600)
        for compose, port, path, status in (
            (random, 5000, "/", 200),
            (numbers, 5000, "/number", 200),
            (users, 8000, "/users/", 200),
            (users, 8501, "/", 200),
            (cached, 5001, "/user/x", 404),
        ):
            url = f"http://localhost:{compose.at[port]}{path}"
            until(f"{compose.system} {path}", lambda: get(url)[0] == status)
        until("shared-data", lambda: each_once(shared, 1))
        resident = 0
        for container in engine.docker("ps", "-q").split():
            about = engine.inspect(container)
            if about["Config"]["Image"].startswith("headwater"):
                # Proportional: the pages of the one program are shared by all.
                memory = open(f"/proc/{about['State']['Pid']}/smaps_rollup", encoding="utf-8").read()
                resident += int(re.search(r"Pss:\s+(\d+)", memory).group(1))
        print(f"   all of ours resident: {resident / 1024:.0f} MB", flush=True)
        expect(f"{resident / 1024:.0f} MB resident; the limit is 150", resident < 150 * 1024)
