"""A producer of datasets that writes them in place, slowly: python3 datasets.py DIRECTORY FIRST LAST"""
import csv
import datetime
import hashlib
import json
import pathlib
import random
import sys
import time

directory, first, last = pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
for number in range(first, last + 1):
    data = directory / f"data_{number}.csv"
    with data.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "timestamp", "category", "value", "quantity"])
        for row in range(40):
            moment = datetime.datetime(2026, 1, 1) + datetime.timedelta(seconds=row)
            word = random.choice(["food", "books", "tools"])
            writer.writerow([row, moment.isoformat(), word, f"{random.gauss(50, 9):.2f}", row % 7])
            if row % 10 == 0:
                file.flush()
                time.sleep(0.02)
    metadata = {
        "dataset": f"data_{number}",
        "file": data.name,
        "rows": 40,
        "columns": ["id", "timestamp", "category", "value", "quantity"],
        "created": datetime.datetime.now().isoformat(),
        "sha256": hashlib.sha256(data.read_bytes()).hexdigest(),
    }
    (directory / f"metadata_{number}.json").write_text(json.dumps(metadata))
print("done")
