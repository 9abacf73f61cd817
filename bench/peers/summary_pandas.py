"""Summary of all columns with pandas."""

import sys

import pandas

frame = pandas.read_csv(sys.argv[1], parse_dates=["timestamp"])
print(frame.describe(include="all"))
print(frame.nunique())
print(frame[["value", "quantity"]].quantile([0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99]))
print(frame["category"].value_counts())
