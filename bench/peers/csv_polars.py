"""CSV to NDJSON with polars, streaming: csv_polars.py IN OUT. Durable at the end."""

import os
import sys

import polars

polars.scan_csv(sys.argv[1]).sink_ndjson(sys.argv[2])
with open(sys.argv[2], "rb") as target:
    os.fdatasync(target.fileno())
