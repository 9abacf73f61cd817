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
    kept = world.folder / "letters/data/letters/intake/dead-letters.ndjson"
    until(lambda: kept.exists() and len(kept.read_text().splitlines()) >= 3, "three letters")
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
    mended.end()


CHECKS = [dead_letters]
