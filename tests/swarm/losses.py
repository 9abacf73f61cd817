"""What a rolling update, a killed task, a drained node, a pulled cable and a lost leader do to those who ask."""

import os
import signal
import time

import outside
import swarm
from engine import Failed, until
from spread import PORT, expect, wait_for_shares

OURS, PLAIN = "numbers_producer", "plain_producer"
REPLICAS = 3
# After a cable was pulled, the gates of the other nodes shall be whole again within so many seconds.
WHOLE = 2.0
# So long before it the load runs undisturbed, and shows what is usual on this machine.
USUAL = 3.0


def updated(lab, note, requests):
    """Rolling updates under load until so many requests were made."""
    manager = lab.nodes[0]
    prepare(lab)
    made, updates, seconds, longest = 0, 0, 0.0, 0.0
    while made < requests:
        with outside.loaded(lab.nodes, PORT, "/number", kept=4, fresh=2) as load:
            begin = time.monotonic()
            manager.docker(
                "service", "update", "-q", "-d=false", "--env-add", f"ROUND={time.time()}", OURS, timeout=240
            )
            seconds += time.monotonic() - begin
        state = manager.docker("service", "inspect", "-f", "{{.UpdateStatus.State}}", OURS).strip()
        expect(f"the update is {state}", state == "completed")
        expect(f"failed: {load.failures[:3]} of {load.requests}", not load.failures)
        made, updates, longest = made + load.requests, updates + 1, max(longest, load.longest())
    note("rolling update: failed requests", f"0 of {made}", "0")
    note("rolling update: of three replicas", f"{seconds / updates:.1f} s")
    note("rolling update: longest request", f"< {longest:.1f} s")


def killed(lab, books, note):
    """kill -9 of one producer, ours and a plain one, and of the consumer that writes the file."""
    prepare(lab)
    manager, victim = lab.nodes[0], lab.nodes[1]
    with outside.loaded(lab.nodes, PORT, "/number", pause=0.002) as load:
        time.sleep(USUAL)
        gone = [kill(victim, service) for service in (OURS, PLAIN)]
        begin = time.monotonic()
        back = recovered(manager, lambda task, _: task not in gone, begin)
    tell(note, "task killed", load, begin, back)
    late = load.spoiled_since(begin + WHOLE, begin)
    expect(f"later than {WHOLE} s after the kill: {late[:3]}", not late)
    kill(books.node, "random-file_consumer")
    begin = time.monotonic()
    before = len(books.written())
    until("the file goes on", lambda: len(books.written()) > before + 10, 60)
    note("consumer killed: its file goes on after", f"{time.monotonic() - begin:.1f} s")
    settle_books(books, note, "consumer killed", killed=1)


def drained(lab, books, note):
    """A node gives its tasks away."""
    prepare(lab)
    manager, victim = lab.nodes[0], lab.nodes[1]
    others = [node for node in lab.nodes if node is not victim]
    try:
        with outside.loaded(others, PORT, "/number", pause=0.002) as load:
            time.sleep(USUAL)
            begin = time.monotonic()
            manager.docker("node", "update", "--availability", "drain", victim.name)
            back = recovered(manager, lambda _, node: node != victim.name, begin)
    finally:
        manager.docker("node", "update", "--availability", "active", victim.name)
    tell(note, "node drained", load, begin, back)
    settle_books(books, note, "node drained")


def unplugged(lab, books, note):
    """A node's cable is pulled."""
    prepare(lab)
    lose(lab, lab.nodes[1], lab.nodes[0], note, "cable pulled")
    settle_books(books, note, "cable pulled")


def beheaded(lab, books, note):
    """The leader of three managers is lost."""
    prepare(lab)
    if lab.leader() is books.node:
        begin = time.monotonic()
        move_leader(lab, books.node)
        note("the leader was moved away from the file in", f"{time.monotonic() - begin:.1f} s")
    leader = lab.leader()
    asked = next(node for node in lab.nodes if node is not leader)
    lose(lab, leader, asked, note, "leader lost")
    settle_books(books, note, "leader lost")


def move_leader(lab, node):
    """Another one shall lead. A Swarm may refuse a change while it makes another one, so each is asked for again."""
    asked = next(other for other in lab.nodes if other is not node)
    for change in ("demote", "promote"):
        until(f"{node.name} is told to {change}", lambda it=change: told(asked, it, node), 60)
    lab.settle()


def told(asked, change, node):
    asked.docker("node", change, node.name)
    return True


def lose(lab, victim, asked, note, what):
    others = [node for node in lab.nodes if node is not victim]
    was_leader = lab.leader() is victim
    try:
        with outside.loaded(others, PORT, "/number", pause=0.002) as load:
            time.sleep(USUAL)
            begin = time.monotonic()
            victim.pull_cable()
            if was_leader:
                until("there is a new leader", lambda: lab.leader(asked) is not victim, 120)
                note(f"{what}: a new one leads after", f"{time.monotonic() - begin:.1f} s")
            back = recovered(asked, lambda _, node: node != victim.name, begin)
    finally:
        victim.plug_cable()
    tell(note, what, load, begin, back)
    whole = load.whole_after(begin, WHOLE)
    note(f"{what}: requests through the other gates are whole again after", f"{whole:.2f} s", f"<= {WHOLE:.0f} s")
    late = load.spoiled_since(begin + WHOLE, begin)
    expect(f"{what}: later than {WHOLE} s: {late[:3]}", not late)
    expect(f"{what}: whole again after {whole:.2f} s", whole <= WHOLE)


def prepare(lab):
    """Three nodes, a producer of ours and a plain one on each, and gates that know it."""
    lab.settle()
    manager = lab.nodes[0]
    for stack in ("numbers", "random-file"):
        swarm.running(manager, f"{stack}_front", len(lab.nodes))
    for service in (OURS, PLAIN):
        # A Swarm leaves tasks where they are when a node comes back: one less and one more moves one there.
        for _ in range(4):
            where = swarm.tasks(manager, service).values()
            if len(where) == REPLICAS and len(set(where)) == REPLICAS:
                break
            swarm.scale(manager, **{service: REPLICAS - 1})
            swarm.scale(manager, **{service: REPLICAS})
        else:
            raise Failed(f"{service} is not spread over the nodes")
    swarm.running(manager, "random-file_producer", REPLICAS)
    swarm.running(manager, "random-file_consumer", 1)
    wait_for_shares(lab, REPLICAS)


def kill(node, service):
    """Answers the task whose process was killed."""
    container = swarm.container_of(node, service)
    task = swarm.about(node, container, '{{index .Config.Labels "com.docker.swarm.task.id"}}')
    os.kill(int(swarm.about(node, container, "{{.State.Pid}}")), signal.SIGKILL)
    return task


def recovered(asked, counts, begin):
    """When each service had all its replicas again, of those that count, in seconds."""
    back = {}

    def all_back():
        for service in (OURS, PLAIN):
            if service not in back:
                told = swarm.tasks(asked, service)
                if sum(counts(task, node) for task, node in told.items()) == REPLICAS:
                    back[service] = time.monotonic() - begin
        return len(back) == 2

    until("all replicas run again", all_back, 180)
    return back


def tell(note, what, load, begin, back):
    """The figures that all losses have in common, and what is asked of them."""
    expect(f"{what}: failed requests: {load.failures[:3]} of {load.requests}", not load.failures)
    note(f"{what}: failed requests", f"0 of {load.requests}", "0")
    # A second is what starting three containers beside three others may cost either of them.
    limit = max(back[PLAIN] * 1.1, back[PLAIN] + 1.0)
    note(f"{what}: all replicas back after", f"{back[OURS]:.1f} s", f"<= {limit:.1f} s")
    note(f"{what}: plain Swarm beside it", f"{back[PLAIN]:.1f} s")
    slow = sum(1 for it in load.told["slow"] if it[1] > begin)
    note(f"{what}: requests that took longer than half a second", f"{slow}")
    expect(f"{what}: ours back after {back[OURS]:.1f} s, plain {back[PLAIN]:.1f} s", back[OURS] <= limit)


def settle_books(books, note, what, killed=0):
    books.wait_for(10)
    told = books.compare(killed)
    handed, written = told["handed_out"], told["in_the_file"]
    wanted = "all in order, but one on its way to a killed consumer" if books.lost_on_the_way else "all, in order"
    note(f"{what}: numbers in the file, of those handed out", f"{written} of {handed}", wanted)
