"""A polling consumer as a class would write it: python3 poller.py URL INTERVAL HOW_MANY"""
import json
import sys
import time
import urllib.request

url, interval, how_many = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
for _ in range(how_many):
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            body = answer.read().decode()
            kind = answer.headers.get_content_type()
            value = json.loads(body)["number"] if kind == "application/json" else int(body)
            print(f"{answer.status} {kind} {value}")
    except Exception as error:
        print(f"Error fetching the number: {error}")
    time.sleep(interval)
