"""The figures of the pages for the bench, as one line of JSON; `bench/run --rows 11` starts it."""

import argparse
import http.client
import http.server
import json
import pathlib
import socket
import statistics
import tempfile
import threading
import time
import urllib.request

import figures
from checks import World
from live import oldest
from playwright.sync_api import expect
from reader import PLACES, Browser
from stacks import free_port, until

EMPTY = b"<!DOCTYPE html><html lang=en><title>Empty</title><h1>Empty</h1>"
MILLION = """stack: million
resources:
  users: {{ key: id, fields: {{ id: integer, age: integer }}, store: memory }}
services:
  api:
    listen: {port}
    routes: {{ /users: {{ resource: users }} }}
  view:
    listen: 0
    view:
      from: {{ resource: users, url: "http://localhost:{port}/users" }}
      panels: [{{ histogram: {{ field: age }} }}]
"""


class Empty(http.server.BaseHTTPRequestHandler):
    """The least that a browser can be asked to paint."""

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.send_header("content-length", str(len(EMPTY)))
        self.end_headers()
        self.wfile.write(EMPTY)


def paint(world, times):
    """Medians of first contentful paints and of the work until then, the empty page's beside ours, in turn."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Empty)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    places = {
        "map": world.users.address("admin") + "/",
        "view": world.users.address("frontend") + "/",
        "empty": f"http://127.0.0.1:{server.server_port}/",
    }
    took = {f"{what} {name} ms": [] for what in ("paint", "work") for name in places}
    for _ in range(times):
        for name, address in places.items():
            took[f"paint {name} ms"].append(figures.one_paint_ms(world.browser, address))
            took[f"work {name} ms"].append(figures.paint_work_ms(world.browser, address))
    server.shutdown()
    return {name: statistics.median(all_) for name, all_ in took.items()}


def weight(world):
    with world.browser.reader() as reader:
        one = figures.weigh(reader, world.users.address("admin") + "/")
        other = figures.weigh(reader, world.panels.address("charts") + "/")
    return max(one[0], other[0]), max(one[1], other[1])


def pixels(world, times):
    with world.browser.reader() as reader:
        page = reader.open(world.users.address("frontend") + "/")
        expect(oldest(page)).to_have_text(str(world.user()))
        quick = figures.pixel_ms(page, world, times)
        alone = figures.pixel_ms(page, world, times // 2, figures.ALONE)
    return {
        "record to pixel p95 ms": figures.nearly_all(quick),
        "alone p50 ms": statistics.median(alone),
        "alone p95 ms": figures.nearly_all(alone),
    }


def updates(world, many):
    feed = figures.Feed(world.panels.address("charts"))
    with world.browser.reader() as reader:
        page = reader.open(feed.own + "/")
        _, first, _ = figures.update_costs(page, feed, 500)
        cost, last, _ = figures.update_costs(page, feed, many)
    return cost, (last - first) / 1e6


def processor_seconds(pid):
    tasks = pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9


def viewers(world, many, seconds):
    """What a view costs of a core while a record comes five times a second and so many look at it."""
    api = world.users.address("api")
    alone = world.start("users", f"viewers-{many}", ["frontend"], ["frontend"], API_URL=f"{api}/users/")
    host, port = alone.address("frontend").removeprefix("http://").split(":")
    until(lambda: b"Found" in alone.get("frontend", "/"), "the users in the view")
    page = alone.get("frontend", "/").decode()
    since = page.split('data-since="')[1].split('"')[0]
    heard = []
    ends = [socket.create_connection((host, int(port))) for _ in range(many)]
    for end in ends:
        end.sendall(f"GET /live?topics=view,view/broad&since={since} HTTP/1.1\r\nhost: x\r\n\r\n".encode())
        heard.append(0)
        threading.Thread(target=drain, args=(end, heard, len(heard) - 1), daemon=True).start()
    deadline, begun = time.monotonic() + seconds, time.monotonic()
    before = processor_seconds(alone.process.pid)
    while time.monotonic() < deadline:
        world.user()
        time.sleep(0.2)
    share = (processor_seconds(alone.process.pid) - before) / (time.monotonic() - begun) * 100
    for end in ends:
        end.close()
    alone.end()
    if min(heard, default=seconds) < seconds:
        raise SystemExit(f"a viewer heard of {min(heard)} changes in {seconds} s")
    return share


def drain(end, heard, at):
    try:
        while piece := end.recv(65536):
            heard[at] += piece.count(b"event: delta")
    except OSError:
        pass


def median_ms(address, times):
    """Each on a connection of its own, as curl would."""
    took = []
    for _ in range(times):
        begun = time.perf_counter()
        with urllib.request.urlopen(address) as answer:
            answer.read()
        took.append((time.perf_counter() - begun) * 1e3)
    return statistics.median(took)


def histogram_of_many(world, records):
    """A histogram that is drawn anew, because one more user has come."""
    folder = world.folder / "million"
    folder.mkdir()
    (folder / "million.yaml").write_text(MILLION.format(port=free_port()))
    stack = world.start(folder / "million.yaml", "million")
    api = http.client.HTTPConnection(stack.address("api").removeprefix("http://"), timeout=120)
    for start in range(0, records, 10_000):
        body = "\n".join(json.dumps({"id": it, "age": it % 90}) for it in range(start, start + 10_000))
        headers = {"content-type": "application/x-ndjson", "prefer": "return=minimal"}
        api.request("POST", "/users", body, headers)
        answer = api.getresponse()
        answer.read()
        assert answer.status < 300, answer.status
    known = lambda: json.loads(stack.get("view", "/data.json"))["records"] or 0
    until(lambda: known() >= records, f"{records} users in the view", 120)
    took = []
    for at in range(11):
        api.request("POST", "/users", json.dumps({"id": records + at, "age": 120 + at}), {"content-type": "application/json"})
        api.getresponse().read()
        # The record reaches the view by itself; who asks then has it drawn.
        time.sleep(0.5)
        took.append(median_ms(stack.address("view") + "/panels/1.svg", 1))
    stack.end()
    return statistics.median(took)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--target", type=pathlib.Path)
    parser.add_argument("--program", type=pathlib.Path, required=True)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    pick = lambda full, quick: quick if options.quick else full
    executable = next(it for it in PLACES if pathlib.Path(it).exists())
    with tempfile.TemporaryDirectory() as folder:
        browser = Browser(executable)
        world = World(browser, options.program.resolve(), pathlib.Path(folder), None)
        try:
            size, requests = weight(world)
            painted = paint(world, pick(7, 3))
            cost, growth = updates(world, pick(10_000, 1_000))
            found = {
                "first view kB": size,
                "requests": requests,
                **painted,
                **pixels(world, pick(100, 20)),
                "update ms": cost,
                "heap growth MB": growth,
                "0 viewers CPU %": viewers(world, 0, pick(20, 5)),
                "50 viewers CPU %": viewers(world, 50, pick(20, 5)),
                "PNG ms": median_ms(world.users.address("frontend") + "/panels/1.png", pick(31, 7)),
                "1 M histogram ms": histogram_of_many(world, pick(1_000_000, 100_000)),
            }
        finally:
            browser.end()
            world.end()
    print(json.dumps(found))


main()
