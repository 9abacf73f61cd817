"""The result as plain text."""

HEAD = ["measure", "ours", "against", "theirs", "ratio", "(least..most)", "goal", "reached"]


def number(value):
    """Short and readable: 107 k, 1.85 M, 0.42."""
    if value is None:
        return "-"
    for size, unit in ((1e6, " M"), (1e3, " k")):
        if abs(value) >= size * 10 or (size == 1e6 and abs(value) >= size):
            return f"{value / size:.3g}{unit}"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def columns(rows):
    """Aligned columns; the first line is the head."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths))
        yield "  " + "  ".join(cells).rstrip()


def _goal(line):
    """The text of one goal, as cells."""
    want, reached = line["want"], {True: "yes", False: "NO", None: "-"}[line["reached"]]
    if line["kind"] == "published" and reached != "-":
        reached = f"({reached.lower()})"
    if want is not None and line["ours"] is None:
        reached = "not run"
    spread = line["spread"]
    limit = line["kind"] == "limit"
    return [
        line["measure"],
        number(line["ours"]),
        line["against"] + (" [published]" if line["kind"] == "published" else ""),
        number(line["theirs"]),
        f"{number(line['ratio'])} x" if line["ratio"] is not None else "-",
        f"{number(spread[0])}..{number(spread[1])}" if spread else "-",
        (
            "-"
            if want is None
            else f"{line['bound']} {number(want)}" if limit else f">= {number(want)} x"
        ),
        reached,
    ]


def _figures(figures):
    """All figures of a row: contestants down, measures across."""
    measures = list(dict.fromkeys(name for one in figures.values() for name in one))
    yield ["median", *measures]
    for name, one in figures.items():
        yield [name, *(number(one[m]["median"]) if m in one else "-" for m in measures)]


def row_text(result):
    """One row: its ratios, its figures, what is missing."""
    yield f"{result['number']}. {result['title']}"
    yield ""
    yield from columns([HEAD, *map(_goal, result["goals"])])
    if result["figures"]:
        yield ""
        yield from columns(list(_figures(result["figures"])))
    for name, why in result["missing"].items():
        yield f"  missing: {name}: {why}"
    for note in result["notes"]:
        yield f"  note: {note}"
    yield ""


def legend():
    """How to read the table."""
    yield "A ratio says how many times better ours is: above 1 ours wins, whatever the measure."
    yield "It is the median over the rounds; beside it the least and the most of them."
    yield "(yes) and (no): against a published figure from another machine; that claims nothing."
