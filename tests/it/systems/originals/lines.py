"""Runs lines of curl and compares what comes: status, body and headers. Used by the lists beside it."""
import json
import subprocess
import sys

wrong = []


def curl(url, *arguments):
    """Status, headers by lower-case name, and body."""
    command = ["curl", "-sS", "-i", "--path-as-is", "--max-time", "20", *arguments, url]
    done = subprocess.run(command, capture_output=True)
    if done.returncode:
        return 0, {}, done.stderr.decode()
    head, _, body = done.stdout.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines)}
    return int(status.split()[1]), headers, body.decode()


def expect(what, status, body, url, *arguments, **headers):
    """`body` is a text for an exact comparison, anything else for its meaning, and `...` for any."""
    got = curl(url, *arguments)
    if isinstance(body, str) or body is ...:
        is_right = body is ... or got[2] == body
    else:
        try:
            is_right = json.loads(got[2]) == body
        except ValueError:
            is_right = False
    is_right = is_right and got[0] == status
    for name, value in headers.items():
        is_right = is_right and got[1].get(name.replace("_", "-")) == value
    if not is_right:
        wrong.append(f"{what}: expected {status} {headers or ''} {body!r}\n  got {got}")


def end():
    if wrong:
        sys.exit("\n".join(wrong))
    print("all as expected")
