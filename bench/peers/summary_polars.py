"""Summary of all columns with polars: summary_polars.py IN [guess].

The spelling is the cheapest one we found: a time format that is given, not guessed, and all
quantiles in one `describe`. With `guess`, polars finds the times by itself.
"""

import sys

import polars

PERCENTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)

if sys.argv[2:] == ["guess"]:
    frame = polars.read_csv(sys.argv[1], try_parse_dates=True)
else:
    time = polars.col("timestamp").str.to_datetime("%Y-%m-%dT%H:%M:%SZ")
    frame = polars.read_csv(sys.argv[1]).with_columns(time)
print(frame.describe(percentiles=PERCENTILES))
print(frame.select(polars.all().n_unique()))
print(frame["category"].value_counts(sort=True))
