"""Row 17: a backlog of MQTT messages with QoS 1 through a filter into a file."""

import subprocess
import time

from kit import ours
from kit.brokers import Mosquitto, bare_subscriber
from kit.model import OURS, Against, Contestant, Missing, Published, Row
from kit.places import fresh_folder
from kit.proc import SERVER_CORE, pinned

EKUIPER_MESSAGES_PER_SECOND = 12_000
VERSIONS = ("5", "3.1.1")
PATIENCE = 120
STACK = """stack: bench
services:
  flow:
    source: {{ mqtt: {{ url: "mqtt://127.0.0.1:{port}", topics: "bench/#", version: {version} }} }}
    steps: [filter: .n >= 0]
    sink: {{ append_file: out.ndjson }}
"""


def _lines(path):
    if not path.is_file():
        return 0
    with open(path, "rb") as file:
        return sum(piece.count(b"\n") for piece in iter(lambda: file.read(1 << 20), b""))


def _ours(version, count):
    def sample():
        with fresh_folder() as folder, Mosquitto(folder) as broker:
            command = ours.run_command("flow", STACK.format(port=broker.port, version=version), folder)
            command = pinned(SERVER_CORE, [str(word) for word in command])
            session = folder / "data" / "bench" / "flow" / "mqtt-session.json"
            first = subprocess.Popen(command, cwd=folder, stderr=subprocess.DEVNULL)
            _until(session.is_file, first)
            first.terminate()
            first.wait()
            broker.publish("bench/a", count)
            out, begin = folder / "out.ndjson", time.monotonic()
            second = subprocess.Popen(command, cwd=folder, stderr=subprocess.DEVNULL)
            _until(lambda: _lines(out) >= count, second)
            wall = time.monotonic() - begin
            second.terminate()
            second.wait()
            if _lines(out) != count:
                raise Missing(f"{_lines(out)} lines of {count} messages")
            return {"records/s": count / wall}

    return sample


def _until(holds, process):
    deadline = time.monotonic() + PATIENCE
    while not holds():
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            raise Missing("it ended, or takes too long")
        time.sleep(0.02)


def _bare(version, count):
    def sample():
        with fresh_folder() as folder, Mosquitto(folder) as broker:
            program = bare_subscriber()
            place = [str(broker.port), version]
            subprocess.run([program, *place, "0"], check=True, capture_output=True, timeout=PATIENCE)
            broker.publish("bench/a", count)
            argv = pinned(SERVER_CORE, [str(program), *place, str(count)])
            done = subprocess.run(argv, check=True, capture_output=True, timeout=PATIENCE)
            return {"records/s": count / float(done.stdout)}

    return sample


def row(options):
    count = options.pick(200_000, 40_000)
    bare = {version: f"bare subscriber, MQTT {version}" for version in VERSIONS}
    return Row(
        number=17,
        title=f"MQTT QoS 1 to filter to a durable file, a backlog of {count} messages of 200 bytes",
        ours=Contestant(OURS, _ours("5", count)),
        variants=[Contestant(f"{OURS}, MQTT 3.1.1", _ours("3.1.1", count))],
        peers=[Contestant(name, _bare(version, count)) for version, name in bare.items()],
        goals=[
            Against(bare["5"], "records/s", 0.8),
            Published("eKuiper on a Pi", "records/s", EKUIPER_MESSAGES_PER_SECOND),
        ],
        notes=[
            "The bare subscriber acknowledges at once and keeps nothing; both use the same client crate.",
            "Ours counts from the start of the process to the last line in the file.",
            "mosquitto runs on the other core, with max_queued_messages 0 and its other defaults.",
        ],
    )
