"""Six fields with Python Faker: faker_six.py COUNT [unweighted].

Prints on standard error how many seconds the records took.
"""

import json
import sys
import time
from datetime import datetime, timedelta, timezone

from faker import Faker

COUNT = int(sys.argv[1])
fake = Faker(use_weighting=sys.argv[2:] != ["unweighted"])
Faker.seed(1)
moment, second = datetime(2025, 1, 1, tzinfo=timezone.utc), timedelta(seconds=1)
write = sys.stdout.write
start = time.perf_counter()
for index in range(COUNT):
    record = {
        "id": fake.uuid4(),
        "name": fake.name(),
        "email": fake.email(),
        "city": fake.city(),
        "age": fake.random_int(18, 80),
        "time": (moment + index * second).isoformat(),
    }
    write(json.dumps(record) + "\n")
sys.stdout.flush()
print(time.perf_counter() - start, file=sys.stderr)
