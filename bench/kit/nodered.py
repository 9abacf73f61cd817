"""Node-RED, headless, with its own user folder and three flows."""

import json
import shutil

from kit.install import node
from kit.model import Missing
from kit.proc import Server

SETTINGS = """module.exports = {{
  uiHost: "127.0.0.1", uiPort: {port}, flowFile: "flows.json", httpAdminRoot: false,
  credentialSecret: false, telemetry: {{ enabled: false, updateNotification: false }},
  logging: {{ console: {{ level: "warn", metrics: false, audit: false }} }},
}};
"""


def _flows(target):
    """GET /number answers a number; POST /in appends the body as a line, then answers 200."""

    def one(kind, name, to, **more):
        return {"id": name, "type": kind, "z": "tab", "wires": [[to]] if to else [], **more}

    number = "msg.payload = {number: 1 + Math.floor(Math.random() * 180)}; return msg;"
    line = "msg.payload = JSON.stringify(msg.payload); return msg;"
    append = {"filename": str(target), "filenameType": "str", "appendNewline": True}
    return [
        {"id": "tab", "type": "tab", "label": "bench"},
        one("http in", "n-get", "n-number", url="/number", method="get"),
        one("function", "n-number", "n-answer", func=number, outputs=1),
        one("http in", "n-post", "n-line", url="/in", method="post"),
        one("function", "n-line", "n-file", func=line, outputs=1),
        one("file", "n-file", "n-answer", **append, overwriteFile="false", encoding="none"),
        one("http response", "n-answer", None, statusCode="200"),
    ]


def server(folder, port):
    """The server, not yet started; POSTs go to `out.ndjson` in the folder."""
    package = node("node-red")
    if not shutil.which("node"):
        raise Missing("node is not installed")
    user = folder / "user"
    user.mkdir()
    (user / "settings.js").write_text(SETTINGS.format(port=port))
    (user / "flows.json").write_text(json.dumps(_flows(folder / "out.ndjson")))
    (user / "package.json").write_text('{"name": "bench-user", "version": "0.0.1"}\n')
    return Server(["node", package / "red.js", "--userDir", user], folder)
