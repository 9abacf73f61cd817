"""Who answers: all replicas, at every node, in equal shares; and new ones by themselves."""

import time

import outside
import swarm
from engine import Failed, until

# What chance exceeds once in a thousand times, by the degrees of freedom.
CHI_SQUARED = {1: 10.83, 2: 13.82, 3: 16.27, 4: 18.47}
PORT = 8080


def expect(what, condition):
    if not condition:
        raise Failed(what)


def unfairness(counts, replicas):
    """Pearson's statistic: how far these shares are from equal ones."""
    fair = sum(counts.values()) / replicas
    return sum((count - fair) ** 2 / fair for count in counts.values())


def judge(load, replicas):
    """Every replica answers at every node, and their shares are as equal as chance would make them."""
    answered_by_all(load, replicas)
    worst = 0.0
    for target, counts in load.shares().items():
        worst = max(worst, unfairness(counts, replicas))
        expect(f"shares at {target}: {counts}", worst <= CHI_SQUARED[replicas - 1])
    return worst


def answered_by_all(load, replicas):
    expect(f"failed: {load.failures[:3]}", not load.failures)
    for target, counts in load.shares().items():
        expect(f"{target} asks {len(counts)} of {replicas} replicas", len(counts) == replicas)


def spread(lab, note):
    """Requests to any node are spread over all replicas."""
    swarm.scale(lab.nodes[0], numbers_producer=3)
    wait_for_shares(lab, 3)
    for name, kept, fresh in (("a kept connection", 1, 0), ("new connections", 0, 1)):
        load = outside.ask(lab.nodes, PORT, "/number", 300, kept=kept, fresh=fresh)
        note(f"spread, {name}: worst chi-squared of a node", f"{judge(load, 3):.2f}", f"<= {CHI_SQUARED[2]}")
    # Of many at once the gate gives each to who has the least to do: a replica on a slow node gets fewer.
    for name, kept, fresh in (("kept", 8, 0), ("new", 0, 8)):
        load = outside.ask(lab.nodes, PORT, "/number", 500, kept=kept, fresh=fresh)
        answered_by_all(load, 3)
        counts = [count for shares in load.shares().values() for count in shares.values()]
        note(f"24 {name} connections at once: requests a second", f"{load.rate:.0f}")
        note(f"24 {name} connections at once: smallest share of a replica at a node", f"{min(counts) / 40:.0f} %")


def wait_for_shares(lab, replicas):
    """Until all replicas have grown into their shares at every gate."""
    def shared():
        load = outside.ask(lab.nodes, PORT, "/number", 50, kept=1, fresh=0)
        return judge(load, replicas) is not None

    until(f"{replicas} replicas have equal shares at every node", shared, 60)


def scaled(lab, note):
    """New replicas are found by the gates by themselves, under load."""
    manager = lab.nodes[0]
    swarm.scale(manager, numbers_producer=1, numbers_consumer=1)
    with outside.loaded(lab.nodes, PORT, "/number", pause=0.005) as load:
        begin = time.monotonic()
        manager.docker("service", "scale", "-d", "numbers_producer=4")
        until("every gate asks four producers", lambda: all_ask(lab, 4), 60)
        found = time.monotonic() - begin
        wait_for_shares(lab, 4)
        shared = time.monotonic() - begin
    expect(f"failed while scaling: {load.failures[:3]}", not load.failures)
    note("scale producer 1 to 4: each gate asks all four after", f"{found:.1f} s")
    note("scale producer 1 to 4: in equal shares after", f"{shared:.1f} s")
    note("scale producer 1 to 4: failed requests", f"0 of {load.requests}", "0")
    begin = time.monotonic()
    manager.docker("service", "scale", "-d", "numbers_consumer=5")
    until("five consumers receive numbers", lambda: receiving(lab) == 5, 60)
    note("scale consumer 1 to 5: all five receive after", f"{time.monotonic() - begin:.1f} s")


def all_ask(lab, replicas):
    load = outside.ask(lab.nodes, PORT, "/number", 40, kept=1, fresh=0)
    return all(len(counts) == replicas for counts in load.shares().values())


def receiving(lab):
    """Consumers whose log shows a number."""
    return sum(
        "Received number: " in node.docker("logs", container)
        for node in lab.nodes
        for container in swarm.containers(node, "numbers_consumer")
    )
