"""The dashboard of the original `users`, written anew: python3 dashboard.py API_URL
It reads the list once and prints what the page would show: a warning in words, or an object with the histogram as
numpy makes it, the statistics as the page words them, and the list itself in its order."""
import json
import sys
import urllib.error
import urllib.request

BINS = 10


def histogram(values):
    """numpy.histogram: ten bins of equal width, the last one closed; around one distinct value, half on each side."""
    low, high = min(values), max(values)
    if low == high:
        low, high = low - 0.5, high + 0.5
    step = (high - low) / BINS
    edges = [index * step + low for index in range(BINS)] + [float(high)]
    counts = [0] * BINS
    for value in values:
        counts[max(index for index in range(BINS) if edges[index] <= value)] += 1
    return edges, counts


def main(url):
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            text = answer.read()
    except urllib.error.HTTPError as error:
        return f"API Error: {error.code}"
    except OSError:
        return "Cannot connect to API. Make sure it's running on http://localhost:8000"
    users = json.loads(text)
    ages = [user["age"] for user in users.values()]
    if not ages:
        return "No users found"
    edges, counts = histogram(ages)
    return {
        "found": f"Found {len(ages)} users",
        "edges": edges,
        "counts": counts,
        "total": len(ages),
        "average": f"{sum(ages) / len(ages):.1f}",
        "youngest": min(ages),
        "oldest": max(ages),
        "users": list(users.items()),
    }


print(json.dumps(main(sys.argv[1])))
