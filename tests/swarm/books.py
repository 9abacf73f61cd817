"""random-file's numbers as they were handed out beside the numbers in its consumer's file."""

import json
import subprocess

import outside
from engine import Failed, until
from lab import OUTSIDE, WORK
from swarm import RECORDER_PORT


class Books:
    """The recorder, and the file on the node that holds it."""

    def __init__(self, node):
        self.node = node
        # Numbers that were on their way to a consumer that was killed.
        self.lost_on_the_way = 0
        self.book = WORK / "handed-out"
        self.book.unlink(missing_ok=True)
        # The node with the file is never the one that is lost, so its own gate is asked.
        self.process = outside.start(
            "recorder.py", OUTSIDE, RECORDER_PORT, node.address, 8081, self.book
        )

    def handed_out(self):
        if not self.book.exists():
            return []
        lines = self.book.read_text(encoding="utf-8").splitlines()
        return [int(line) for line in lines if line.isdigit()]

    def written(self):
        path = self.node.data / "volumes" / "random-file_consumer_data" / "_data" / "numbers.ndjson"
        if not path.exists():
            return []
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        return [json.loads(line)["number"] for line in lines if line.endswith("\n")]

    def wait_for(self, more, patience=60):
        before = len(self.written())
        until(f"{more} numbers more in the file", lambda: len(self.written()) >= before + more, patience)

    def compare(self, killed=0):
        """All that was handed out is in the file, each once, in order. A number that was on its way to a consumer
        that was killed was not acknowledged: so many may be missing. Answers counts for the figures."""
        def level():
            # In this order: a number is in the book before it can be in the file.
            written = self.written()
            handed = self.handed_out()
            missing = missing_from(written, handed)
            # The latest are on their way.
            is_late = missing and missing[-1] == len(handed) - 1
            return None if is_late else (handed, written, missing)

        (handed, written, missing), _ = until("the file has the latest number", level, 10)
        self.lost_on_the_way += min(max(len(missing) - self.lost_on_the_way, 0), killed)
        if len(missing) > self.lost_on_the_way:
            raise Failed(
                f"{len(handed)} numbers were handed out, {len(written)} are in the file; missing: {missing[:5]}"
            )
        if not handed:
            raise Failed("no number was handed out")
        return {"handed_out": len(handed), "in_the_file": len(written)}

    def close(self):
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()


def missing_from(written, handed):
    """The places in what was handed out that are not in the file; what is in the file only is an error."""
    missing, at = [], 0
    for place, number in enumerate(handed):
        if at < len(written) and written[at] == number:
            at += 1
        else:
            missing.append(place)
    if at < len(written):
        raise Failed(
            f"the file has numbers that nobody handed out, or twice: {written[at:at + 5]} after {at} that are right"
        )
    return missing
