"""Summary of all columns with duckdb."""

import sys

import duckdb

name = sys.argv[1].replace("'", "''")
print(duckdb.sql(f"SUMMARIZE SELECT * FROM read_csv('{name}')"))
print(duckdb.sql(f"SELECT category, count(*) FROM read_csv('{name}') GROUP BY 1 ORDER BY 2 DESC"))
