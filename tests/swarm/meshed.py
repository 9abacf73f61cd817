"""What runs in the emulated machine: a Swarm of two nodes whose mesh answers at every node, by every replica, and at
the node without one."""

import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "containers")]

import swarm  # noqa: E402
from engine import Failed, run, until  # noqa: E402
from lab import SWITCH, Lab  # noqa: E402

SERVICE = "mesh_producer"
# An emulated processor takes its time.
PATIENCE = 240


def answered(node, times):
    """Who answers requests to this node's port, each on a connection of its own."""
    url = f"http://{node.address}:5000/number"
    ask = ["nsenter", f"--net=/run/netns/{SWITCH}", "curl", "-sS", "--max-time", "20", url]
    return {json.loads(run(ask))["replica"] for _ in range(times)}


def expect(what, found, wanted):
    print(f"   {what}: {', '.join(sorted(found))}", flush=True)
    if found != wanted:
        raise Failed(f"{what}: {sorted(found)} answered, {sorted(wanted)} expected")


def main():
    program = pathlib.Path(sys.argv[1])
    lab = Lab(2)
    try:
        lab.up("5s")
        swarm.image(lab, program)
        manager = lab.nodes[0]
        swarm.up(lab, HERE / "stacks" / "mesh.yml", "mesh")
        swarm.running(manager, SERVICE, 2, PATIENCE)
        both = {"replica-1", "replica-2"}
        for node in lab.nodes:
            # A node learns of a replica a moment after the Swarm does.
            until(f"{node.name} asks both", lambda at=node: answered(at, 4) == both, PATIENCE)
            expect(f"two replicas, asked at {node.name}", answered(node, 8), both)
        manager.docker("service", "scale", "-d", f"{SERVICE}=1")
        swarm.running(manager, SERVICE, 1, PATIENCE)
        for node in lab.nodes:
            until(f"{node.name} asks the one", lambda at=node: len(answered(at, 4)) == 1, PATIENCE)
        left = answered(lab.nodes[0], 4)
        expect("one replica, asked at the other node", answered(lab.nodes[1], 4), left)
    except Failed as failed:
        print(f"FAIL  mesh: {failed}", flush=True)
        return 1
    finally:
        lab.down()
    print("ok    mesh", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
