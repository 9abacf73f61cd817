"""The original producer: a number for every GET. Alone it is Flask's development server."""

import random
import sys

from flask import Flask, jsonify

app = Flask(__name__)


@app.route("/number")
def number():
    return jsonify({"number": random.randint(1, 180)})


if __name__ == "__main__":
    app.run(host="127.0.0.1", port=int(sys.argv[1]))
