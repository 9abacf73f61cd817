"""Dead letters on the page of a flow: why they are there, and the button that delivers them."""

import json

from playwright.sync_api import expect
from stacks import until

STACK = """stack: letters
services:
  intake:
    source: {{ http_listen: {{ listen: 0, path: / }} }}
    steps:
      - map: '{step}'
    sink: {{ append_file: out.ndjson }}
  made:
    source: {{ generate: {{ limit: 2, record: {{ n: person.name }} }} }}
    steps:
      - map: '{step}'
    sink: {{ append_file: "made-{{replica}}.ndjson" }}
    scale: 2
"""


def start(world, step):
    folder = world.folder / "letters"
    folder.mkdir(exist_ok=True)
    (folder / "stack.yaml").write_text(STACK.format(step=step))
    return world.start(folder / "stack.yaml", "letters")


def dead_letters(world):
    """A dead letter shows its reason and place; the button delivers one, and all, with scripts and without."""
    broken = start(world, "{n: (.n + 1)}")
    broken.addresses["intake"] = broken.address("intake").replace("0.0.0.0", "127.0.0.1")
    for name in ("one", "two", "three"):
        broken.post("intake", "/", {"n": name})
    kept = world.folder / "letters/data/letters"
    letters = lambda flow: (kept / flow / "dead-letters.ndjson")
    for flow, many in (("intake", 3), ("made-1", 2), ("made-2", 2)):
        until(lambda: letters(flow).exists() and len(letters(flow).read_text().splitlines()) >= many, f"letters of {flow}")
    broken.end()
    mended = start(world, "{n: .n}")
    address = mended.address("admin") + "/node/intake"
    with world.browser.reader(java_script_enabled=False) as reader:
        page = reader.open(address)
        section = page.locator("#dead-letters")
        expect(section.locator("tbody tr")).to_have_count(3)
        expect(section.locator("tbody tr").first).to_contain_text("step 1 map")
        section.get_by_role("button", name="Replay letter 2").click()
        expect(section.get_by_role("status")).to_contain_text("1 letter delivered")
        expect(section.locator("tbody tr")).to_have_count(2)
    with world.browser.reader() as reader:
        page = reader.open(address)
        page.screenshot(path=world.pictures / "letters.png", full_page=True)
        page.get_by_role("button", name="Replay all").click()
        section = page.locator("#dead-letters")
        expect(section.get_by_role("status")).to_contain_text("2 letters delivered")
        expect(section).to_contain_text("every record could be delivered")
    out = (world.folder / "letters/out.ndjson").read_text().splitlines()
    assert [json.loads(line)["n"] for line in out] == ["two", "one", "three"], out
    replicas(world, mended)
    mended.end()


def replicas(world, mended):
    """The page of a flow that runs several times has the letters of each of them."""
    with world.browser.reader() as reader:
        page = reader.open(mended.address("admin") + "/node/made")
        section = page.locator("#dead-letters")
        expect(section.get_by_role("heading", level=3)).to_have_text(["made-1", "made-2"])
        page.screenshot(path=world.pictures / "letters-of-replicas.png", full_page=True)
        section.get_by_role("region", name="Dead letters of made-2").get_by_role("button").first.click()
        expect(section.get_by_role("status")).to_contain_text("1 letter delivered")
        regions = section.get_by_role("region")
        expect(regions.first.locator("tbody tr")).to_have_count(2)
        expect(regions.last.locator("tbody tr")).to_have_count(1)
    assert not (world.folder / "letters/made-1.ndjson").read_text()
    assert len((world.folder / "letters/made-2.ndjson").read_text().splitlines()) == 1


CHECKS = [dead_letters]
