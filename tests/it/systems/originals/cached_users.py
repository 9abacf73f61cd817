"""The lines of curl for `cached-users`: python3 cached_users.py USER_SERVICE DATA_SERVICE
The user service of the original answers pretty-printed JSON, ours compact: their meaning is compared. The data service
answers the same bytes. Where the original answers with a page of HTML or with 500, only our status counts."""
import json
import sys

from lines import curl, end, expect

users, data = sys.argv[1].rstrip("/"), sys.argv[2].rstrip("/")
JSON = ["-H", "Content-Type: application/json"]


def post(body, kind=JSON, path="/register"):
    return [users + path, "-X", "POST", *kind, "--data-binary", body]


def registered(name):
    return {"message": f"User '{name}' registered successfully"}


INCOMPLETE = {"error": "Please provide name and info"}

expect("greeting", 200, {"message": "User Service is running.."}, users + "/")
expect("greeting, head", 200, "", users + "/", "-I")
alice = json.dumps({"name": "alice", "info": "likes tea"})
expect("register", 201, registered("alice"), *post(alice))
first = '{"cached":false,"info":"likes tea","name":"alice"}\n'
again = '{"cached":true,"info":"likes tea","name":"alice"}\n'
expect("first read", 200, first, data + "/user/alice", content_type="application/json")
expect("second read", 200, again, data + "/user/alice")
expect("the same name", 201, registered("alice"), *post('{"name":"alice","info":"other"}'))
expect("its info stays", 200, again, data + "/user/alice")
expect("more fields", 201, registered("bob"), *post('{"name":"bob","info":"b","more":[1]}'))
expect("doubled keys", 201, registered("carol"), *post('{"name":"x","name":"carol","info":"1","info":"2"}'))
expect("the last wins", 200, '{"cached":false,"info":"2","name":"carol"}\n', data + "/user/carol")
for body in ["{}", '{"name":"a"}', '{"info":"a"}', '{"name":"","info":"a"}', '{"name":"a","info":null}', '{"name":0,"info":{}}']:
    expect(body, 400, INCOMPLETE, *post(body))
for name, info, text in [("n1", "42", "42"), ("n2", "1.5", "1.5"), ("n3", "true", "true")]:
    expect(info, 201, registered(name), *post(f'{{"name":"{name}","info":{info}}}'))
    expect(info, 200, f'{{"cached":false,"info":"{text}","name":"{name}"}}\n', f"{data}/user/{name}")
expect("a number as name", 201, registered("7"), *post('{"name":7,"info":"i"}'))
expect("true as name", 201, registered("True"), *post('{"name":true,"info":"i"}'))
expect("which is stored so", 200, '{"cached":false,"info":"i","name":"true"}\n', data + "/user/true")
expect("beyond ASCII", 201, registered("Éloïse"), *post('{"name":"Éloïse","info":"café"}'))
escaped = '{"cached":false,"info":"caf\\u00e9","name":"\\u00c9lo\\u00efse"}\n'
expect("escaped", 200, escaped, data + "/user/%C3%89lo%C3%AFse")
for kind in ["application/json; charset=utf-8", "application/vnd.api+json"]:
    expect(kind, 201, registered("dora"), *post('{"name":"dora","info":"d"}', ["-H", f"Content-Type: {kind}"]))
for kind in ["text/plain", "application/x-www-form-urlencoded", ""]:
    expect(f"type {kind!r}", 415, ..., *post(alice, ["-H", f"Content-Type: {kind}".rstrip(" ")]))
for body in ["", "{", "[1]", "null", '"text"', '{"name":"a","info":"b"']:
    expect(f"body {body!r}", 400, ..., *post(body))
for body in [json.dumps({"name": "x" * 101, "info": "i"}), '{"name":"a\\u0000","info":"i"}', '{"name":"a","info":{"b":1}}']:
    expect(f"body {body[:40]}", 422, ..., *post(body))
for method in ["GET", "PUT", "DELETE"]:
    expect(f"{method} /register", 405, ..., users + "/register", "-X", method)
expect("a slash more", 404, ..., *post(alice, path="/register/"))
expect("no path", 404, ..., users + "/nope")

expect("unknown", 404, '{"error":"User nobody not found in database"}\n', data + "/user/nobody")
expect("case matters", 404, '{"error":"User Alice not found in database"}\n', data + "/user/Alice")
expect("blanks", 201, registered("al ice"), *post('{"name":"al ice","info":"i"}'))
expect("a blank", 200, '{"cached":false,"info":"i","name":"al ice"}\n', data + "/user/al%20ice")
expect("a plus stays", 404, '{"error":"User al+ice not found in database"}\n', data + "/user/al+ice")
expect("no UTF-8", 404, '{"error":"User \\ufffd not found in database"}\n', data + "/user/%FF")
for path in ["/user/a/b", "/user/a%2Fb", "/user/", "/user", "/user/alice/", "/", "/health"]:
    expect(path, 404, ..., data + path)
expect("NUL", 422, ..., data + "/user/%00")
expect("head", 200, "", data + "/user/alice", "-I", content_length=str(len(again)))
for method in ["POST", "DELETE"]:
    expect(f"{method} /user/alice", 405, ..., data + "/user/alice", "-X", method)
status, headers, _ = curl(data + "/user/alice", "-X", "OPTIONS")
expect("options", status, ..., data + "/user/alice", "-X", "OPTIONS", allow=headers.get("allow"))
assert status < 300 and {"GET", "HEAD", "OPTIONS"} <= set(headers["allow"].split(", ")), headers
end()
