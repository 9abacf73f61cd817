"""CSV to NDJSON with the standard library: csv_json.py IN OUT. Durable at the end."""

import csv
import json
import os
import sys

with open(sys.argv[1], newline="") as source, open(sys.argv[2], "w") as target:
    for row in csv.DictReader(source):
        target.write(json.dumps(row) + "\n")
    target.flush()
    os.fdatasync(target.fileno())
