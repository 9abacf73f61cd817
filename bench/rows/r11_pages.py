"""Row 11: the live pages in a real browser, and what they cost the server."""

import json
import os
import subprocess

from kit import ours
from kit.model import OURS, Contestant, Limit, Missing, Row
from kit.places import REPOSITORY, fresh_folder
from kit.proc import tail


def _sample(options):
    quick = ["--quick"] if options.quick else []
    argv = [REPOSITORY / "tests/browser/run", "--program", ours.binary(), *quick]
    with fresh_folder() as folder, open(folder / "log", "wb") as log:
        done = subprocess.run(
            argv,
            env={**os.environ, "HEADWATER_MEASURE": "1"},
            stdout=subprocess.PIPE,
            stderr=log,
            timeout=900,
            check=False,
        )
        if done.returncode != 0:
            raise Missing(f"the browser's run ended with {done.returncode}: {tail(folder / 'log')}")
    return json.loads(done.stdout.decode().strip().splitlines()[-1])


def row(options):
    return Row(
        number=11,
        title="live pages in Chromium: weight, first paint, updates; and their cost for the server",
        ours=Contestant(OURS, lambda: _sample(options)),
        peers=[],
        goals=[
            Limit("first view kB", 40),
            Limit("requests", 6),
            Limit("paint map ms", 300),
            Limit("paint view ms", 300),
            Limit("record to pixel p95 ms", 300),
            Limit("alone p95 ms", 100),
            Limit("update ms", 5),
            Limit("heap growth MB", 0.5),
            Limit("0 viewers CPU %", 1),
            Limit("50 viewers CPU %", 3),
            Limit("PNG ms", 60),
            Limit("1 M histogram ms", 50),
        ],
        notes=[
            "first view: the larger of the map and of a view with 14 panels, packed, with its headers.",
            "paint: first contentful paint with a round trip of 150 ms, 1.6 Mbit/s, a processor slowed four times;",
            "paint empty: of a page with one word and no style in the same run: what this machine's browser needs.",
            "work: processor time of the page's main thread until that paint is on the screen, not slowed; on the map that is",
            "as a rule with the drawing, which is laid out meanwhile.",
            "record to pixel: records that come quicker than the page's pace of four changes a second, so most wait for it;",
            "alone: those that come half a second or more after the last one was seen.",
            "update: processor time of the page's main thread, fourteen panels, every bar and number another one.",
            "heap growth: over 10 000 updates, after garbage was collected.",
            "viewers: five records a second; streams of the wide charts.",
            f"histogram: drawn anew over {options.pick('a million', '100 000')} users, as SVG over HTTP.",
        ],
    )
