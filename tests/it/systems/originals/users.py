"""The lines of curl for `users`, whose table is empty: python3 users.py API
Statuses, bodies and places as the original has them, byte for byte."""
import json
import sys

from lines import end, expect

api = sys.argv[1].rstrip("/")
list_url = api + "/users/"
POST, PUT, DELETE = (["-X", method] for method in ["POST", "PUT", "DELETE"])
CREATED = '{"message":"User created successfully"}'
MISSING = '{"detail":"User not found"}'


def missing(name, place="query"):
    return {"type": "missing", "loc": [place, name], "msg": "Field required", "input": None}


def no_integer(name, text, place="query"):
    words = "Input should be a valid integer, unable to parse string as an integer"
    return {"type": "int_parsing", "loc": [place, name], "msg": words, "input": text}


def invalid(*entries):
    return json.dumps({"detail": list(entries)}, separators=(",", ":"), ensure_ascii=False)


expect("health", 200, '{"status":"healthy"}', api + "/health")
expect("empty", 200, "{}", list_url)
expect("create", 200, CREATED, list_url + "?user_id=123&name=Alice&age=30", *POST)
expect("again", 200, '{"error":"User already exists"}', list_url + "?user_id=123&name=Bob&age=31", *POST)
expect("read", 200, '{"name":"Alice","age":30}', list_url + "123", content_type="application/json")
expect("unknown", 404, MISSING, list_url + "999")
expect("another", 200, CREATED, list_url + "?user_id=7&name=%C3%89lo%C3%AFse+P.&age=41", *POST)
both = '{"123":{"name":"Alice","age":30},"7":{"name":"Éloïse P.","age":41}}'
expect("list", 200, both, list_url)
expect("list, more asked for", 200, both, list_url + "?limit=1")
expect("update", 200, '{"message":"User updated successfully"}', list_url + "123?name=Alice%20Johnson&age=31", *PUT)
expect("it keeps its place", 200, both.replace('Alice","age":30', 'Alice Johnson","age":31'), list_url)
expect("update of none", 404, MISSING, list_url + "999?name=a&age=1", *PUT)
expect("delete", 200, '{"message":"User deleted successfully"}', list_url + "123", *DELETE)
expect("delete again", 404, MISSING, list_url + "123", *DELETE)
expect("back", 200, CREATED, list_url + "?user_id=123&name=A&age=1", *POST)
expect("at the end", 200, '{"7":{"name":"Éloïse P.","age":41},"123":{"name":"A","age":1}}', list_url)

expect("nothing", 422, invalid(missing("user_id"), missing("name"), missing("age")), list_url, *POST)
expect("before existence", 422, invalid(no_integer("age", "x")), list_url + "999?name=a&age=x", *PUT)
expect("path", 422, invalid(no_integer("user_id", "abc", "path")), list_url + "abc")
semicolons = invalid(no_integer("user_id", "26;name=semi;age=3"), missing("name"), missing("age"))
expect("semicolons", 422, semicolons, list_url + "?user_id=26;name=semi;age=3", *POST)
for number, (text, value) in enumerate({
    "-5": -5, "%2B18": 18, "+18": 18, "0019": 19, "1_7": 17, "14.0": 14, "1.000": 1, "%2013%20": 13, "1%0A": 1, "-0": 0,
}.items(), 1000):
    expect(f"age {text}", 200, CREATED, f"{list_url}?user_id={number}&name=&age={text}", *POST)
    expect(f"age {text}", 200, f'{{"name":"","age":{value}}}', f"{list_url}{number}")
for text in ["", "abc", "true", "null", "1.5", "1e2", "1.", ".0", "0x10", "1__7", "_1", "%2B", "-", "%D9%A3"]:
    expect(f"age {text}", 422, ..., f"{list_url}?user_id=2000&name=a&age={text}", *POST)
expect("ids too", 200, '{"name":"A","age":1}', list_url + "00123")
expect("with blanks", 200, '{"name":"A","age":1}', list_url + "%20123")
expect("but no fraction", 422, ..., list_url + "1.5")
expect("the last wins", 200, CREATED, list_url + "?user_id=3000&name=a&name=b&age=1", *POST)
expect("the last won", 200, '{"name":"b","age":1}', list_url + "3000")
expect("no UTF-8", 200, CREATED, list_url + "?user_id=3001&name=%FF%FE&age=1", *POST)
expect("replaced", 200, '{"name":"\ufffd\ufffd","age":1}', list_url + "3001")

host = api.split("//")[1]
for method, path, place in [
    ("GET", "/users", "/users/"),
    ("POST", "/users?user_id=9&name=A&age=3", "/users/?user_id=9&name=A&age=3"),
    ("GET", "/users/123/", "/users/123"),
    ("PUT", "/users/123/?name=a&age=1", "/users/123?name=a&age=1"),
    ("DELETE", "/users/123/", "/users/123"),
    ("GET", "/health/", "/health"),
]:
    expect(f"{method} {path}", 307, "", api + path, "-X", method, location=f"http://{host}{place}")
for path in ["/", "/nope", "//users/", "/Users/"]:
    expect(path, 404, '{"detail":"Not Found"}', api + path)
expect("docs", 200, ..., api + "/docs", content_type="text/html; charset=utf-8")
expect("openapi", 200, ..., api + "/openapi.json", content_type="application/json")
expect("patch", 405, '{"detail":"Method Not Allowed"}', list_url + "1", "-X", "PATCH")
end()
