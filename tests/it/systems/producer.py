"""A producer as a class would write it: python3 producer.py PORT PATH text|json FIRST
It counts up from FIRST, so that a reader can tell what it has missed."""
import http.server
import json
import sys

port, path, form, number = int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])


class Producer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        global number
        if self.path != path:
            self.send_error(404)
            return
        text = json.dumps({"number": number}) if form == "json" else str(number)
        number += 1
        body = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json" if form == "json" else "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


server = http.server.HTTPServer(("127.0.0.1", port), Producer)
print(server.server_address[1])
server.serve_forever()
