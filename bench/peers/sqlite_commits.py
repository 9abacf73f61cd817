"""SQLite alone: inserts for some seconds, so many rows a commit, each commit synced."""

import sqlite3
import sys
import time

rows, seconds = int(sys.argv[1]), float(sys.argv[2])
database = sqlite3.connect("peer.db", isolation_level=None)
database.execute("PRAGMA journal_mode=WAL")
database.execute("PRAGMA synchronous=FULL")
database.execute("CREATE TABLE users(id INTEGER NOT NULL UNIQUE, name TEXT, age INTEGER)")
made, start = 0, time.monotonic()
while time.monotonic() - start < seconds:
    database.execute("BEGIN IMMEDIATE")
    for _ in range(rows):
        made += 1
        database.execute("INSERT INTO users VALUES (?, 'Alice Example', 30)", (made,))
    database.execute("COMMIT")
print(made / (time.monotonic() - start))
