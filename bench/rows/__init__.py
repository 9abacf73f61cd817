"""One file per row of the table. To add a row, write the file and name it in ALL."""

from importlib import import_module

ALL = {
    1: "r01_number",
    2: "r02_generate",
    3: "r03_append",
    4: "r04_csv_to_ndjson",
    5: "r05_summary",
    6: "r06_post",
    # 7: create on the embedded store; 8: PostgreSQL; 9: cached read.
    10: "r10_start",
    # 11: the dashboard.
}


def load(number, options):
    """Build the row with this number."""
    return import_module(f"rows.{ALL[number]}").row(options)
