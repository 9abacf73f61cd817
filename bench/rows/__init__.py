"""One file per row of the table. To add a row, write the file and name it in ALL."""

from importlib import import_module

ALL = {
    1: "r01_number",
    2: "r02_generate",
    3: "r03_append",
    4: "r04_csv_to_ndjson",
    5: "r05_summary",
    6: "r06_post",
    7: "r07_create_sqlite",
    8: "r08_postgres.create",
    9: "r09_cached_read.cached",
    10: "r10_start",
    11: "r11_pages",
    12: "r08_postgres.read",
    13: "r09_cached_read.register",
    14: "r09_cached_read.post_users",
    15: "r09_cached_read.get_users",
    16: "r16_million",
    17: "r17_mqtt.five",
    18: "r17_mqtt.four",
    20: "r20_streams.reads",
    21: "r20_streams.writes",
    22: "r22_autoscale",
    23: "r20_streams.backlog",
    24: "r24_workers.workers",
    25: "r24_workers.hand_over",
    26: "r26_gate",
    27: "r27_fogdeft.fifty",
    28: "r27_fogdeft.two_thousand",
}


def load(number, options):
    """Build the row with this number; a file that holds several names its function behind a dot."""
    file, _, function = ALL[number].partition(".")
    return getattr(import_module(f"rows.{file}"), function or "row")(options)
