"""What a page does while things change: it follows, shares one stream, says when it cannot, and rests when unseen."""

import json
import signal

from playwright.sync_api import expect
from reader import HIDE
from stacks import Way, until


def oldest(page):
    """The figure that each stored user changes."""
    return page.locator("dl.figures div", has_text="Oldest").locator("dd")


def first_paint(world):
    """Each first page is whole as it comes: a heading, content, nothing that waits for a script."""
    world.user()
    places = [(world.users, "admin"), (world.users, "frontend"), (world.panels, "charts")]
    with world.browser.reader(java_script_enabled=True) as reader:
        for stack, service in places:
            page = reader.open(stack.address(service) + "/", wait_until="commit")
            expect(page.locator("h1")).to_be_visible()
            expect(page.locator("main svg:visible").first).to_be_visible()
            painted = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
            until(lambda page=page: page.evaluate(painted), "a first paint")


def live(world):
    """A record that is stored shows by itself."""
    with world.browser.reader() as reader:
        page = reader.open(world.users.address("frontend") + "/")
        page.evaluate("window.same = true")
        for _ in range(2):
            expect(oldest(page)).to_have_text(str(world.user()))
        assert page.evaluate("window.same"), "the page was loaded anew"


def cache(world):
    """The view of a cache says who answers and what a hit and a miss take, and follows each read."""
    stack = world.cached
    with world.browser.reader() as reader:
        page = reader.open(stack.address("dashboard") + "/")
        found = page.locator("#found")
        expect(found).to_contain_text("A hit takes ")
        before = found.inner_text()
        page.evaluate("window.same = true")
        for _ in range(30):
            stack.get("data-service", "/user/Ada")
        expect(found).not_to_have_text(before)
        expect(found).to_contain_text(" of waiting.")
        figures = page.locator("dl.figures div", has_text="Miss p99").locator("dd")
        expect(figures).to_contain_text("µs")
        expect(page.locator("figure").nth(1).locator("svg:visible")).to_contain_text("store ")
        assert page.evaluate("window.same"), "the page was loaded anew"
    told = json.loads(stack.get("dashboard", "/panels/line-hit-ratio.json"))
    assert max(ratio for _, ratio in told["points"]) > 50, told
    assert stack.get("dashboard", "/panels/line-near.png").startswith(b"\x89PNG")


def map_moves(world):
    """The map shows what flows, second by second."""
    with world.browser.reader() as reader:
        page = reader.open(world.users.address("admin") + "/")
        seen = set()
        until(lambda: seen.add(page.locator("#as-of").inner_text()) or len(seen) > 2, "3 seconds of the map")
        expect(page.locator(".list tr", has_text="data-ingestion-simulator")).to_contain_text("/s")
        page.locator(".list a", has_text="data-ingestion-simulator").click()
        expect(page.locator("h1")).to_have_text("data-ingestion-simulator")
        first = page.locator("#records tbody tr").first.inner_text()
        until(lambda: page.locator("#records tbody tr").first.inner_text() != first, "a newer record")
        page.go_back()
        seen.clear()
        until(lambda: seen.add(page.locator("#as-of").inner_text()) or len(seen) > 1, "a map that goes on")


def nine_tabs(world):
    """Nine tabs are live over HTTP/1.1, with one stream for all of them."""
    way = Way(world.users.address("frontend"))
    with world.browser.reader() as reader:
        tabs = [reader.open(way.address + "/") for _ in range(9)]
        age = world.user()
        for tab in tabs:
            expect(oldest(tab)).to_have_text(str(age))
        assert way.streams() == 1, f"{way.streams()} streams are open"
        for tab in tabs[:8]:
            tab.close()
        expect(oldest(tabs[8])).to_have_text(str(world.user()))
        assert way.streams() == 1, f"{way.streams()} streams are open"
        tabs[8].close()
        until(lambda: way.streams() == 0, "no stream without a tab")


def network_cut(world):
    """Without the network the page says so, and catches up when it is back."""
    way = Way(world.users.address("frontend"))
    with world.browser.reader() as reader:
        reader.may_lose = True
        page = reader.open(way.address + "/")
        expect(oldest(page)).to_have_text(str(world.user()))
        page.evaluate("window.same = true")
        way.cut()
        banner = page.locator("#lost")
        expect(banner).to_be_visible()
        expect(banner).to_contain_text("Connection lost, data as of ")
        age = world.user()
        assert oldest(page).inner_text() != str(age)
        way.mend()
        expect(oldest(page)).to_have_text(str(age))
        expect(banner).to_be_hidden()
        assert page.evaluate("window.same"), "the page was loaded anew"
        again = [text for path, text in way.requests if "live?" in path][-1]
        assert "last-event-id" in again.lower() or "since=" in again, again


def lost_from_the_beginning(world):
    """A server that goes away before the page is live is a lost connection as well, and is found again."""
    way = Way(world.users.address("frontend"))
    way.refused = "/worker.js"
    with world.browser.reader() as reader:
        reader.may_lose = True
        page = reader.open(way.address + "/")
        expect(page.locator("#lost")).to_be_visible()
        way.refused = None
        expect(oldest(page)).to_have_text(str(world.user()))
        expect(page.locator("#lost")).to_be_hidden()


def server_restarts(world):
    """After a kill -9 and a new start of the server an open page goes on."""
    stack = world.start("random-file", "killed", ["producer"], INTERVAL="1")
    way = Way(stack.address("admin"))
    with world.browser.reader() as reader:
        reader.may_lose = True
        page = reader.open(way.address + "/")
        until(lambda: way.streams() == 1, "a stream")
        stack.end(signal.SIGKILL)
        way.cut()
        expect(page.locator("#lost")).to_be_visible()
        stack = world.start("random-file", "killed", ["producer"], INTERVAL="1")
        way.mend(stack.address("admin"))
        expect(page.locator("#lost")).to_be_hidden()
        seen = set()
        until(lambda: seen.add(page.locator("#as-of").inner_text()) or len(seen) > 1, "a map that goes on")


def hidden(world):
    """A hidden page has no stream and is not touched; shown again, it catches up at once."""
    way = Way(world.users.address("frontend"))
    with world.browser.reader() as reader:
        page = reader.open(way.address + "/")
        expect(oldest(page)).to_have_text(str(world.user()))
        page.evaluate(HIDE, True)
        until(lambda: way.streams() == 0, "no stream while hidden")
        hearings, old = page.evaluate("window.hearings"), oldest(page).inner_text()
        age = world.user()
        other = reader.open(way.address + "/")
        expect(oldest(other)).to_have_text(str(age))
        assert page.evaluate("window.hearings") == hearings, "it was updated while hidden"
        assert oldest(page).inner_text() == old, "it was updated while hidden"
        page.evaluate(HIDE, False)
        expect(oldest(page)).to_have_text(str(age))


def slow_reader(world):
    """A page that is stopped in its script slows neither the records nor another page."""
    with world.browser.reader() as reader:
        stuck = reader.open(world.users.address("frontend") + "/")
        page = reader.open(world.users.address("frontend") + "/")
        stuck.evaluate("setTimeout(() => { const end = Date.now() + 4000; while (Date.now() < end); }, 0)")
        expect(oldest(page)).to_have_text(str(world.user()), timeout=3500)
        age = world.user()
        expect(oldest(stuck)).to_have_text(str(age))


CHECKS = [first_paint, live, cache, map_moves, nine_tabs, network_cut, lost_from_the_beginning, server_restarts, hidden, slow_reader]
