"""An API of users as a class would write it: python3 users.py PORT COUNT
It begins with COUNT users of the ages 20, 21, ..., keeps them in memory, and says 200 to everything it understands."""
import http.server
import json
import sys
import urllib.parse

port, count = int(sys.argv[1]), int(sys.argv[2])
users = {str(1_000_000 + n): {"name": f"User {n}", "age": 20 + n} for n in range(count)}


class Api(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, value):
        body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer(users)

    def do_POST(self):
        fields = dict(urllib.parse.parse_qsl(urllib.parse.urlparse(self.path).query))
        key = str(int(fields["user_id"]))
        if key in users:
            self.answer({"error": "User already exists"})
            return
        users[key] = {"name": fields["name"], "age": int(fields["age"])}
        self.answer({"message": "User created successfully"})

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Api)
print(server.server_address[1])
server.serve_forever()
