"""Pages for everybody: by keyboard, for screen readers, without scripts, on a phone; and what a record must not do."""

import re

from axe_playwright_python.sync_playwright import Axe
from live import oldest
from playwright.sync_api import expect
from reader import ask
from stacks import until

HOSTILE = [
    "<script>window.harmed = 1</script>",
    "<img src=x onerror='window.harmed = 1'>",
    "plain",
    "</svg></template><svg onload='window.harmed = 1'>",
]
# Of the rules only those of colour can find something else in the second theme.
RULES = {
    "light": {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], "resultTypes": ["violations"]},
    "dark": {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}, "resultTypes": ["violations"]},
}
THEMES = list(RULES)


def addresses(world):
    """Every page of every stack, with a name."""
    found = []
    for stack in world.all_stacks():
        name = stack.get("admin", "/map.json")
        name = re.search(rb'"stack":"([^"]+)"', name)[1].decode()
        found.append((f"{name}-map", stack.address("admin") + "/"))
        for link in sorted(set(re.findall(r'href="(node/[^"]+)"', html(stack)))):
            label = link.removeprefix("node/").replace(":", "-")
            found.append((f"{name}-{label}", f"{stack.address('admin')}/{link}"))
    day = world.users.address("admin") + "/node/data-ingestion-simulator?span=day"
    found.append(("users-simulator-day", day))
    found.append(("users-view", world.users.address("frontend") + "/"))
    found.append(("users-embed", world.users.address("frontend") + "/embed/1"))
    found.append(("panels-view", world.panels.address("charts") + "/"))
    found.append(("cached-view", world.cached.address("dashboard") + "/"))
    return found


def html(stack):
    from urllib.request import Request, urlopen

    asked = Request(stack.address("admin") + "/", headers={"accept": "text/html"})
    with urlopen(asked) as answer:
        return answer.read().decode()


def every_page(world):
    """Each page in both themes: axe finds nothing, it does not scroll sideways from 320 px to 4k, and is pictured."""
    world.user()
    axe, wrong = Axe(), []
    pages = addresses(world)
    with world.browser.reader(viewport={"width": 1280, "height": 800}) as reader:
        page = reader.context.new_page()
        for name, address in pages:
            page.goto(address)
            wrong += both_themes(axe, page, world.pictures, name)
            wrong += [f"{name}: {it}" for it in charts(page)]
            wrong += [f"{name}: {it}" for it in overflows(page, world.pictures / name)]
            page.set_viewport_size({"width": 1280, "height": 800})
    assert not wrong, "\n".join(wrong)
    return f"{len(pages)} pages, {len(THEMES)} themes"


def violations(axe, page, theme):
    for found in axe.run(page, options=RULES[theme]).response["violations"]:
        where = [" ".join(map(str, node["target"])) for node in found["nodes"][:3]]
        why = found["nodes"][0].get("failureSummary", "").splitlines()[1:2]
        yield f"axe {found['id']}: {found['help']}: {where} {why}"


def overflows(page, picture):
    # 640 px with twice the pixels is what a window of 1280 px is at 200 %.
    for width in (320, 640, 3840):
        page.set_viewport_size({"width": width, "height": 800})
        wide = page.evaluate("document.documentElement.scrollWidth")
        if width == 320:
            page.screenshot(path=f"{picture}-320.png", full_page=True)
        if wide > width:
            yield f"it is {wide} px wide in a window of {width} px"


# What a screen reader gets: names and summaries of what is drawn, and the way to the numbers.
CHARTS = """() => {
  const found = [];
  for (const figure of document.querySelectorAll("figure")) {
    if (!figure.querySelector("svg")) continue;
    const region = figure.closest("section.panel") ?? figure;
    const table = region.querySelector("details.data table");
    const summary = region.querySelector("details.data > summary");
    const scroll = table?.closest("[tabindex='0']");
    found.push({
      caption: figure.querySelector("figcaption")?.innerText ?? "",
      rows: table?.querySelectorAll("tbody tr").length ?? 0,
      heads: table?.querySelectorAll("th[scope]").length ?? 0,
      opens: summary !== null && summary.innerText.trim() !== "",
      reached: Boolean(scroll),
    });
  }
  return found;
}"""


def charts(page):
    """Each chart has a name, a summary and a table that the keyboard reaches."""
    for at, chart in enumerate(page.evaluate(CHARTS)):
        for what in ("caption", "rows", "heads", "opens", "reached"):
            if not chart[what]:
                yield f"chart {at + 1} has no {what}: {chart}"
    tree = ask(page, "Accessibility.getFullAXTree")["nodes"]
    known = [node for node in tree if not node["ignored"]]
    for node in known:
        role, name = (node.get(it, {}).get("value", "") for it in ("role", "name"))
        if role in ("image", "figure", "SvgRoot", "table", "region", "dialog", "link", "button") and not name:
            yield f"the accessibility tree has a {role} without a name"
        if role == "image" and not node.get("description", {}).get("value"):
            yield f"the accessibility tree has an image without a summary: {name}"
    roles = {node["role"]["value"] for node in known}
    if not {"main", "banner", "heading"} <= roles and "/embed/" not in page.url:
        yield f"landmarks are missing: {sorted(roles)}"


def table_by_keyboard(world):
    """A chart's table is opened by the keyboard alone, is in the accessibility tree, and stays open and focused."""
    with world.browser.reader() as reader:
        page = reader.open(world.users.address("frontend") + "/")
        summary = page.locator("details.data > summary").first
        expect(summary).to_be_visible()
        for _ in range(30):
            page.keyboard.press("Tab")
            if summary.evaluate("it => it === document.activeElement"):
                break
        page.keyboard.press("Enter")
        expect(page.get_by_role("table").first).to_be_visible()
        page.keyboard.press("Tab")
        box = page.locator("details.data [tabindex='0']").first
        expect(box).to_be_focused()
        expect(oldest(page)).to_have_text(str(world.user()))
        expect(box).to_be_focused()
        expect(page.get_by_role("table").first).to_be_visible()


def keyboard(world):
    """Skip link, order of Tab, `?`, `t`, `p`, `d`, `g m`, Escape; and all keys can be turned off."""
    with world.browser.reader() as reader:
        page = reader.open(world.users.address("admin") + "/node/data-ingestion-simulator")
        press = page.keyboard.press
        press("Tab")
        expect(page.locator("a.skip")).to_be_focused()
        expect(page.locator("a.skip")).to_be_in_viewport()
        press("Enter")
        expect(page.locator("main")).to_be_focused()
        walk_in_order(page)
        keys_of_the_page(page, press)
        press("g")
        press("m")
        expect(page.locator("#as-of")).to_be_visible()
        node_by_keyboard(page, press)


def walk_in_order(page):
    page.goto(page.url.split("#")[0])
    walked = []
    for _ in range(200):
        page.keyboard.press("Tab")
        where = page.evaluate(
            """() => { const it = document.activeElement;
            if (it === document.body) return null;
            const box = it.getBoundingClientRect();
            return { at: [...document.querySelectorAll("*")].indexOf(it), seen: box.width > 0 && box.height > 0,
              small: Math.min(box.width, box.height) < 24 && getComputedStyle(it).display !== "inline",
              outline: getComputedStyle(it).outlineStyle, what: it.outerHTML.slice(0, 80) }; }"""
        )
        if where is None:
            break
        walked.append(where)
    assert len(walked) > 8, f"only {len(walked)} places are reached"
    places = [it["at"] for it in walked]
    assert places == sorted(places), "Tab jumps back"
    for it in walked:
        assert it["seen"], f"what has the focus is not seen: {it['what']}"
        assert it["outline"] != "none", f"the focus is not seen: {it['what']}"
        assert not it["small"], f"less than 24 px to hit: {it['what']}"


def keys_of_the_page(page, press):
    help_ = page.locator("#help")
    press("?")
    expect(help_).to_be_visible()
    press("Escape")
    expect(help_).to_be_hidden()
    tables = page.locator("details.data")
    press("t")
    expect(page.locator("details.data[open]")).to_have_count(tables.count())
    press("t")
    expect(page.locator("details.data[open]")).to_have_count(0)
    press("p")
    expect(page.locator("#pause")).to_have_attribute("aria-pressed", "true")
    until(lambda: page.evaluate("window.hearings") >= 0, "the page")
    hearings = page.evaluate("window.hearings")
    press("p")
    until(lambda: page.evaluate("window.hearings") > hearings, "it goes on after `p`")
    for theme in ("light", "dark"):
        press("d")
        expect(page.locator("html")).to_have_attribute("data-theme", theme)
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    press("?")
    page.locator("#shortcuts").press("Space")
    press("Escape")
    press("d")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    press("Shift+Tab")
    page.locator("#keys").press("Enter")
    page.locator("#shortcuts").press("Space")
    press("Escape")


def node_by_keyboard(page, press):
    node = page.locator("svg.map a[href='node/api']")
    node.focus()
    box = node.evaluate("it => it.id")
    hearings = page.evaluate("window.hearings")
    until(lambda: page.evaluate("window.hearings") > hearings + 1, "two updates of the map")
    assert page.evaluate("document.activeElement.id") == box, "an update takes the focus away"
    press("Enter")
    expect(page.locator("h1")).to_have_text("api")


def paused(world):
    """A paused page stands still, says so, and goes on where things are."""
    with world.browser.reader() as reader:
        page = reader.open(world.users.address("frontend") + "/")
        expect(oldest(page)).to_have_text(str(world.user()))
        page.keyboard.press("p")
        expect(page.locator("#pause")).to_have_text("Go on")
        old, age = oldest(page).inner_text(), world.user()
        other = reader.open(world.users.address("frontend") + "/")
        expect(oldest(other)).to_have_text(str(age))
        assert oldest(page).inner_text() == old
        page.locator("#pause").click()
        expect(oldest(page)).to_have_text(str(age))


def cursor(world):
    """The arrow keys read a chart's numbers one after another, aloud."""
    with world.browser.reader() as reader:
        page = reader.open(world.users.address("frontend") + "/")
        expect(oldest(page)).to_have_text(str(world.user()))
        figure = page.locator("figure").first
        told = figure.locator("[aria-live=polite]")
        figure.focus()
        page.keyboard.press("ArrowRight")
        expect(told).to_contain_text(": ")
        first = told.inner_text()
        page.keyboard.press("ArrowRight")
        expect(told).not_to_have_text(first)
        page.keyboard.press("Home")
        expect(told).to_have_text(first)
        page.keyboard.press("End")
        expect(told).not_to_have_text(first)
        page.keyboard.press("Tab")
        expect(told).to_have_text("")


def reports(world):
    """The index of reports and a report are for everybody, in both themes and without a script, and lead to each other."""
    axe, wrong, address = Axe(), [], world.results
    report = sorted(path.name for path in (world.folder / "results").glob("report_*.html"))[0]
    with world.browser.reader(viewport={"width": 1280, "height": 800}) as reader:
        page = reader.context.new_page()
        for name, path in (("reports-index", "index.html"), ("report", report)):
            page.goto(f"{address}/{path}")
            expect(page.locator("svg:visible").first).to_be_visible()
            wrong += both_themes(axe, page, world.pictures, name)
            wrong += [f"{name}: {it}" for it in overflows(page, world.pictures / name)]
            page.set_viewport_size({"width": 1280, "height": 800})
        page.goto(address + "/index.html")
        page.locator(f"a[href$='{report}']").first.click()
        expect(page).to_have_url(f"{address}/{report}")
        assert page.evaluate("document.scripts.length") == 0, "a report needs no script"
    assert not wrong, "\n".join(wrong)


# Swagger UI draws the inside of this page: its own buttons lie in one another, are low and pale.
SWAGGER = {"nested-interactive", "target-size", "color-contrast"}


def docs(world):
    """The API's page for people works without the internet: it lists the requests and sends one."""
    axe = Axe()
    with world.browser.reader(viewport={"width": 1280, "height": 800}) as reader:
        page = reader.open(world.users.address("api") + "/docs")
        expect(page.locator(".opblock")).not_to_have_count(0)
        for theme, colour in (("dark", "rgb(28, 32, 34)"), ("light", "rgb(250, 250, 250)")):
            page.emulate_media(color_scheme=theme)
            expect(page.locator("body")).to_have_css("background-color", colour)
        wrong = both_themes(axe, page, world.pictures, "docs")
        wrong = [it for it in wrong if not any(f"axe {rule}:" in it for rule in SWAGGER)]
        assert not wrong, "\n".join(wrong)
        operation = page.locator("#operations-default-get_all_users_users__get")
        operation.locator(".opblock-summary-control").click()
        operation.get_by_role("button", name="Try it out").click()
        operation.get_by_role("button", name="Execute").click()
        expect(operation.locator(".live-responses-table .response-col_status").last).to_contain_text("200")


def both_themes(axe, page, pictures, name):
    wrong = []
    for theme in THEMES:
        page.emulate_media(color_scheme=theme)
        page.screenshot(path=pictures / f"{name}-{theme}.png", full_page=True)
        wrong += [f"{name}, {theme}: {it}" for it in violations(axe, page, theme)]
    return wrong


def token(world):
    """A page behind a token asks for it, in both themes for everybody, and shows itself to who has it."""
    axe = Axe()
    address = world.guarded.address("page")
    with world.browser.reader() as reader:
        reader.may_refuse = True
        page = reader.open(address + "/")
        expect(page.locator("h1")).to_have_text("A token, please")
        wrong = both_themes(axe, page, world.pictures, "token")
        assert not wrong, "\n".join(wrong)
        page.keyboard.type("not this")
        page.keyboard.press("Enter")
        expect(page.locator("form.entrance")).to_contain_text("This is not the token.")
        page.locator("#token").fill("let me in")
        page.keyboard.press("Enter")
        expect(page.locator("h1")).to_have_text("Behind a token")
        expect(page.locator("#found")).to_contain_text("Found ")
        assert page.evaluate("document.cookie") == "", "a script can read the cookie"


def without_scripts(world):
    """With JavaScript disabled each page can be read, and says how to see what is new."""
    age = world.user()
    with world.browser.reader(java_script_enabled=False) as reader:
        page = reader.open(world.users.address("frontend") + "/")
        expect(oldest(page)).to_have_text(str(age))
        expect(page.locator("main svg:visible").first).to_be_visible()
        expect(page.locator("noscript")).to_be_visible()
        expect(page.locator(".tools")).to_be_hidden()
        page.locator("details.data > summary").first.click()
        expect(page.get_by_role("table").first).to_be_visible()
        page.goto(world.users.address("admin") + "/")
        expect(page.locator("svg.map")).to_be_visible()
        expect(page.locator(".list tr", has_text="frontend")).to_be_visible()
        page.locator(".list a", has_text="api").click()
        expect(page.locator("h1")).to_have_text("api")


def hostile_records(world):
    """Markup in records and titles is text: it neither runs nor breaks the page."""
    with world.browser.reader() as reader:
        page = reader.open(world.panels.address("charts") + "/")
        expect(page.locator("h1")).to_have_text("Twelve <i>charts</i>")
        world.panels.post("intake", "/", {"n": 7, "a": 1, "b": 2, "text": HOSTILE[1]})
        expect(page.locator("td:visible", has_text="onerror").first).to_be_visible()
        assert page.evaluate("window.harmed") is None
        page.goto(world.panels.address("admin") + "/node/intake")
        expect(page.locator("#records code", has_text="onerror").first).to_be_visible()
        assert page.evaluate("window.harmed") is None


def calm(world):
    """Who wants less motion gets none; forced colours leave words and shapes."""
    with world.browser.reader(reduced_motion="reduce", forced_colors="active") as reader:
        page = reader.open(world.users.address("admin") + "/")
        moving = "document.getAnimations().filter((it) => it.playState === 'running').length"
        assert page.evaluate(moving) == 0, "something moves"
        page.screenshot(path=world.pictures / "users-map-forced-colours.png", full_page=True)


CHECKS = [every_page, table_by_keyboard, keyboard, cursor, reports, docs, token, paused, without_scripts, hostile_records, calm]
