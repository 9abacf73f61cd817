"""Row 17: a backlog of MQTT messages with QoS 1 through a filter into a file."""

import time

from kit import ours
from kit.brokers import MESSAGE_BYTES, Mosquitto, bare_subscriber
from kit.model import OURS, Against, Contestant, Missing, Published, Row
from kit.places import fresh_folder
from kit.proc import SERVER_CORE, Server

EKUIPER_MESSAGES_PER_SECOND = 12_000
PATIENCE = 300
STACK = """stack: bench
services:
  flow:
    source: {{ mqtt: {{ url: "mqtt://127.0.0.1:{port}", topics: "bench/#", version: {version} }} }}
    steps: [filter: .n >= 0]
    sink: {{ append_file: out.ndjson }}
"""


def _ours(version, count, lifted=False):
    def sample():
        with fresh_folder() as folder, Mosquitto(folder, lifted) as broker:
            command = ours.run_command("flow", STACK.format(port=broker.port, version=version), folder)
            session = folder / "data" / "bench" / "flow" / "mqtt-session.json"
            with Server(command, folder, core=SERVER_CORE) as flow:
                flow.wait_until(session.is_file, PATIENCE)
            broker.publish("bench/a", count)
            out = folder / "out.ndjson"

            def size():
                return out.stat().st_size if out.is_file() else 0

            with Server(command, folder, core=SERVER_CORE) as flow:
                flow.wait_until(lambda: size() > 0, PATIENCE)
                begin, first = time.monotonic(), size() // MESSAGE_BYTES
                cpu, broker_cpu = flow.run_seconds(), broker.run_seconds()
                flow.wait_until(lambda: size() >= count * MESSAGE_BYTES, PATIENCE, pause=0.005)
                wall = time.monotonic() - begin
                cpu, broker_cpu = flow.run_seconds() - cpu, broker.run_seconds() - broker_cpu
            if size() != count * MESSAGE_BYTES:
                raise Missing(f"{size()} bytes of {count} messages of {MESSAGE_BYTES}")
            return _figures(count - first, wall, cpu, broker_cpu)

    return sample


def _bare(version, count, lifted=False):
    def sample():
        with fresh_folder() as folder, Mosquitto(folder, lifted) as broker:
            place = [bare_subscriber(), str(broker.port), version]
            _said(Server([*place, "0"], folder, core=SERVER_CORE))
            broker.publish("bench/a", count)
            broker_cpu = broker.run_seconds()
            wall, cpu = _said(Server([*place, str(count)], folder, core=SERVER_CORE))
            return _figures(count - 1, wall, cpu, broker.run_seconds() - broker_cpu)

    return sample


def _said(subscriber):
    """The numbers that it prints at its end."""
    with subscriber:
        subscriber.process.wait(PATIENCE)
        if subscriber.process.returncode != 0:
            subscriber.check_alive()
        return map(float, subscriber.log.read_text().split())


def _figures(count, wall, cpu, broker_cpu):
    return {
        "records/s": count / wall,
        "CPU us/record": cpu / count * 1e6,
        "broker CPU us/record": broker_cpu / count * 1e6,
    }


NOTES = [
    "The bare subscriber acknowledges at once and keeps nothing, with the client of the crate whose packets both use.",
    "Both count from the first message to the last: ours those in the file, the bare one those that came.",
]


def five(options):
    count = options.pick(200_000, 40_000)
    return Row(
        number=17,
        title=f"MQTT 5, QoS 1, to filter to a durable file, a backlog of {count} messages of {MESSAGE_BYTES} bytes",
        ours=Contestant(OURS, _ours("5", count)),
        peers=[Contestant("bare subscriber", _bare("5", count))],
        goals=[
            Against("bare subscriber", "records/s", 0.8),
            Against("bare subscriber", "CPU us/record"),
            Published("eKuiper on a Pi", "records/s", EKUIPER_MESSAGES_PER_SECOND),
        ],
        notes=[
            *NOTES,
            "mosquitto runs on the other core, with max_queued_messages 0 and its other defaults; "
            "both subscribers ask it for 16384 messages before the first acknowledgement.",
        ],
    )


def four(options):
    count = options.pick(200_000, 40_000)
    limited = ", 20 under way"
    return Row(
        number=18,
        title=f"the same with MQTT 3.1.1, a backlog of {count} messages of {MESSAGE_BYTES} bytes",
        ours=Contestant(OURS, _ours("3.1.1", count, lifted=True)),
        variants=[
            Contestant(OURS + limited, _ours("3.1.1", count // 4)),
            Contestant("bare subscriber" + limited, _bare("3.1.1", count // 4)),
        ],
        peers=[Contestant("bare subscriber", _bare("3.1.1", count, lifted=True))],
        goals=[
            Against("bare subscriber", "records/s", 0.8),
            Against("bare subscriber", "CPU us/record"),
        ],
        notes=[
            *NOTES,
            "mosquitto runs on the other core, with max_queued_messages 0; with version 3.1.1 it decides itself how many "
            "messages are under way without an acknowledgement: max_inflight_messages, here 16384 for both, and its "
            "default of 20 where it says so.",
        ],
    )
