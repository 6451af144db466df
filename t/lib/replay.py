#!/usr/bin/env python3
"""A backend that answers each request with the recorded response that its X-Replay header names.

A proxy under test may ask on its own who a session is; those requests bear no X-Replay and are
answered from what the recording tells about that session."""

import argparse
import json
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import recording  # noqa: E402
from standin.server import Handler, Server  # noqa: E402
from standin.wire import Response, html_response, json_response  # noqa: E402

_INFO = re.compile(r'"uid": (\d+), "is_system": (\w+), "is_admin": (\w+)')
_USERNAME = re.compile(r'"name": "((?:[^"\\]|\\.)*)", "username": "((?:[^"\\]|\\.)*)"')
_DATABASE = re.compile(r'"db": "([^"]*)"')
_CLAIMED_UID = re.compile(r'"uid":\s*(\d+)')
EXPIRED = {
    "code": 100,
    "message": "Odoo Session Expired",
    "data": {
        "name": "odoo.http.SessionExpiredException",
        "debug": "",
        "message": "Session expired",
        "arguments": ["Session expired"],
        "context": {},
    },
}


class Identities:
    """Who each recorded session was: from session_info first, else from the calls it made."""

    def __init__(self, lines):
        self.users, self.sessions = {}, {}
        for line in lines:
            self._learn_info(line)
        for line in lines:
            self._learn_call(line)

    def _learn_info(self, line):
        text = line.response.get("body") or ""
        info, name = _INFO.search(text), _USERNAME.search(text)
        if not info or not name:
            return
        uid, database = int(info[1]), _DATABASE.search(text)
        self.users[uid] = {
            "uid": uid,
            "is_system": info[2] == "true",
            "is_admin": info[3] == "true",
            "db": database[1] if database else "odoo",
            "name": json.loads(f'"{name[1]}"'),
            "username": json.loads(f'"{name[2]}"'),
            "server_version": f"{line.version}.0",
        }
        self.sessions[line.new_session or line.session] = uid

    def _learn_call(self, line):
        """Recorded clients told the truth in context.uid, and only a live session got a result."""
        body, answer = line.request.get("body") or "", line.response.get("body") or ""
        claimed = _CLAIMED_UID.search(body)
        if claimed and "/web/dataset/" in line.path and '"error"' not in answer[:80]:
            self.sessions.setdefault(line.session, int(claimed[1]))

    def info(self, session):
        uid = self.sessions.get(session)
        return (
            None
            if uid is None
            else self.users.get(
                uid,
                {
                    "uid": uid,
                    "username": f"user{uid}",
                    "name": f"User {uid}",
                    "db": "odoo",
                    "is_system": False,
                    "is_admin": False,
                },
            )
        )


class Replay:
    """What standin.server calls an application."""

    control = False

    def __init__(self, lines):
        self.lines = lines
        self.identities = Identities(lines)

    def serve(self, request):
        number = request.header("X-Replay")
        if not number:
            return self._own_question(request)
        if not number.isdigit() or not 1 <= int(number) <= len(self.lines):
            return html_response("no such line", 500)
        return recorded_response(self.lines[int(number) - 1])

    def _own_question(self, request):
        if request.path != "/web/session/get_session_info":
            return html_response("no X-Replay header", 404)
        info = self.identities.info(request.cookie("session_id"))
        answer = {"error": EXPIRED} if info is None else {"result": info}
        return json_response({"jsonrpc": "2.0", "id": None, **answer})


def recorded_response(line):
    chunked = line.response_header("Transfer-Encoding").lower() == "chunked"
    takeover = (lambda connection: None) if line.status == 101 else None
    return Response(line.status, line.response_headers, line.response_body, chunked, takeover)


class ReplayHandler(Handler):
    def send_response(self, code, message=None):
        # Server and Date are among the recorded headers.
        self.send_response_only(code, message)


def make_server(path, port=0):
    server = Server(("127.0.0.1", port), Replay(recording.read(path)), keepalive=True)
    server.RequestHandlerClass = ReplayHandler
    return server


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", required=True, metavar="FILE")
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    server = make_server(options.corpus, options.port)
    print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
