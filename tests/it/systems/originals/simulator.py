"""The simulator of the original `users`, written anew: python3 simulator.py API_BASE_URL COUNT HIGHEST_ID SEED
It waits for /docs, posts random users by the query string and logs as the original does, which takes every 200 for a
success. Its last line is an object of what it was told: who was created, in order, and how many were there already."""
import http.client
import json
import logging
import random
import sys
import time
import urllib.parse

base, count, highest, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
logging.basicConfig(level=logging.INFO, stream=sys.stderr)
logger = logging.getLogger("__main__")
host = urllib.parse.urlparse(base).netloc
draw = random.Random(seed)
FIRST = ["Spencer", "Katherine", "Dr. Mary", "Zoë", "José", "Anne-Marie", "D'Angelo", "Ludwig"]
LAST = ["Griffith", "Smith", "Nguyễn", "O'Neil", "Müller & Co", "100%", "Jr.", "de la Cruz"]
# What the `requests` package sends.
HEADERS = {
    "User-Agent": "python-requests/2.32.5",
    "Accept-Encoding": "gzip, deflate",
    "Accept": "*/*",
    "Connection": "keep-alive",
}


def request(method, path, headers):
    """One request on a connection of its own, as the package does it without a session."""
    connection = http.client.HTTPConnection(host, timeout=5)
    connection.putrequest(method, path, skip_accept_encoding=True)
    for name, value in {**HEADERS, **headers}.items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body


def wait_for_api():
    for _ in range(30):
        try:
            if request("GET", "/docs", {})[0] == 200:
                return
        except OSError:
            pass
        time.sleep(0.2)
    sys.exit("the API is not ready")


wait_for_api()
created, refused = {}, 0
for _ in range(count):
    user = {
        "user_id": draw.randint(1, highest),
        "name": f"{draw.choice(FIRST)} {draw.choice(LAST)}",
        "age": draw.randint(18, 80),
    }
    query = urllib.parse.urlencode(user)
    status, body = request("POST", f"/users/?{query}", {"Content-Length": "0"})
    if status != 200:
        logger.error(f"Failed to create user {user['user_id']}: {body}")
        sys.exit(1)
    logger.info(f"Created user: ID={user['user_id']}, Name={user['name']}, Age={user['age']}")
    told, key = json.loads(body), str(user["user_id"])
    if told == {"message": "User created successfully"}:
        assert key not in created, f"{key} was created twice"
        created[key] = {"name": user["name"], "age": user["age"]}
    else:
        assert told == {"error": "User already exists"} and key in created, (key, told)
        refused += 1
print(json.dumps({"created": list(created.items()), "refused": refused}))
