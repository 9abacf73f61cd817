"""Measure a row: ours, a peer, ours, the next peer, and so on, in every round."""

import statistics
import sys

from kit.model import MORE_IS_BETTER, OURS, Against, Limit, Missing, Published
from kit.places import REPOSITORY


class Samples:
    """Everything that was measured in one row."""

    def __init__(self, row):
        self.row = row
        self.values = {}  # name -> [sample, …]
        self.pairs = {}  # peer -> [(ours, peer), …]
        self.missing = {}  # name -> why

    def take(self, contestant):
        """Measure one contestant once; None if it cannot run."""
        name = contestant.name
        if name in self.missing:
            return None
        try:
            sample = contestant.sample()
        except (Missing, OSError, ValueError, LookupError) as why:
            self._drop(name, why)
            return None
        self.values.setdefault(name, []).append(sample)
        first = next(iter(sample))
        say(f"    {name}: {sample[first]:.4g} {first}")
        return sample

    def _drop(self, name, why):
        """It failed: forget its samples, keep the reason, ask it no more."""
        kind = "" if isinstance(why, Missing) else f"{type(why).__name__}: "
        text = " ".join(str(why).split()).replace(f"{REPOSITORY}/", "")
        self.missing[name] = kind + text
        self.values.pop(name, None)
        self.pairs.pop(name, None)
        if name == OURS:
            self.pairs.clear()
        say(f"    {name}: missing: {self.missing[name]}")

    def round(self):
        """One round: ours before every peer, then our variants."""
        for peer in self.row.peers:
            pair = self.take(self.row.ours), self.take(peer)
            if None not in pair:
                self.pairs.setdefault(peer.name, []).append(pair)
        if not self.row.peers:
            self.take(self.row.ours)
        for variant in self.row.variants:
            self.take(variant)


def say(text):
    """Progress goes to standard error, the result to standard output."""
    print(text, file=sys.stderr, flush=True)


def run(row, rounds):
    """Measure the row; answers what to print, as plain data."""
    say(f"row {row.number}: {row.title}")
    samples = Samples(row)
    for number in range(rounds):
        say(f"  round {number + 1} of {rounds}")
        samples.round()
    return {
        "number": row.number,
        "title": row.title,
        "figures": {name: _figures(taken) for name, taken in samples.values.items()},
        "goals": [_judge(goal, samples) for goal in row.goals],
        "missing": samples.missing,
        "notes": row.notes,
    }


def _figures(taken):
    """Median, least and most of every measure."""
    return {
        measure: {
            "median": statistics.median(one[measure] for one in taken),
            "least": min(one[measure] for one in taken),
            "most": max(one[measure] for one in taken),
            "samples": len(taken),
        }
        for measure in taken[0]
    }


def _ratio(measure, ours, other):
    """How many times better ours is."""
    above, below = (ours, other) if MORE_IS_BETTER[measure] else (other, ours)
    return above / max(below, 1e-9)


def _judge(goal, samples):
    """One line of the table of ratios."""
    if isinstance(goal, Limit):
        return _judge_limit(goal, samples)
    own = [one[goal.measure] for one in samples.values.get(OURS, [])]
    line = {"measure": goal.measure, "want": goal.want, "kind": type(goal).__name__.lower()}
    line["ours"] = statistics.median(own) if own else None
    if isinstance(goal, Published):
        line |= {"against": goal.source, "theirs": goal.value}
        ratios = [_ratio(goal.measure, one, goal.value) for one in own]
    elif isinstance(goal, Against):
        theirs = [one[goal.measure] for one in samples.values.get(goal.peer, [])]
        line |= {"against": goal.peer, "theirs": statistics.median(theirs) if theirs else None}
        pairs = samples.pairs.get(goal.peer, [])
        ratios = [_ratio(goal.measure, a[goal.measure], b[goal.measure]) for a, b in pairs]
    line["ratio"] = statistics.median(ratios) if ratios else None
    line["spread"] = [min(ratios), max(ratios)] if ratios else None
    judged = line["ratio"] is not None and goal.want is not None
    line["reached"] = line["ratio"] >= goal.want if judged else None
    return line


def _judge_limit(goal, samples):
    """A bound for one figure of ours."""
    own = [one[goal.measure] for one in samples.values.get(goal.who, [])]
    value = statistics.median(own) if own else None
    more = MORE_IS_BETTER[goal.measure]
    reached = None if value is None else (value >= goal.bound if more else value <= goal.bound)
    return {
        "measure": goal.measure,
        "kind": "limit",
        "against": "limit" if goal.who == OURS else f"limit ({goal.who})",
        "want": goal.bound,
        "bound": ">=" if more else "<=",
        "ours": value,
        "theirs": None,
        "ratio": None,
        "spread": [min(own), max(own)] if own else None,
        "reached": reached,
    }
