#!/usr/bin/env python3
"""A receiver of webhooks for tests: checks each signature and writes each body to a file.
FOLDER/tries has a line with the delivery's id for each try.

hook_sink.py FOLDER SECRET. It answers the status in FOLDER/mode, 204 if there is none. A body whose
signature fits becomes FOLDER/<delivery>.json, anything else FOLDER/forged.
"""

import hashlib
import hmac
import http.server
import os
import sys

folder, secret = sys.argv[1:3]


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        wanted = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        good = (hmac.compare_digest(wanted, self.headers.get("X-User-Audit-Signature", ""))
                and self.headers.get_content_type() == "application/json")
        name = self.headers["X-User-Audit-Delivery"] + ".json" if good else "forged"
        with open(os.path.join(folder, name + ".new"), "wb") as file:
            file.write(body)
        os.rename(os.path.join(folder, name + ".new"), os.path.join(folder, name))
        with open(os.path.join(folder, "tries"), "a", encoding="ascii") as file:
            file.write(self.headers["X-User-Audit-Delivery"] + "\n")
        try:
            with open(os.path.join(folder, "mode"), encoding="ascii") as file:
                status = int(file.read())
        except FileNotFoundError:
            status = 204
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *words):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Receiver)
print("listening on http://127.0.0.1:%d" % server.server_port, flush=True)
server.serve_forever()
