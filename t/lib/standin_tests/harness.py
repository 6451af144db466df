"""What the stand-in's tests share: servers per version and options, a browser's worth of client."""

import http.client
import json
import os
import re
import sys
import threading
from urllib.parse import urlencode

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import odoo_standin  # noqa: E402

ALL = (16, 17, 18, 19)
SERVERS = {}
TESTS = []


def test(*versions, **options):
    """Runs the function once per version against a server with these options."""

    def register(function):
        TESTS.extend((function, version, options) for version in versions or ALL)
        return function

    return register


def server(version, options):
    key = (version, tuple(sorted(options.items())))
    if key not in SERVERS:
        arguments = ["--version", str(version), "--control"]
        for name, value in options.items():
            arguments += [f"--{name.replace('_', '-')}"] + ([] if value is True else [str(value)])
        started = odoo_standin.make_server(odoo_standin.parse_arguments(arguments))
        threading.Thread(target=started.serve_forever, daemon=True).start()
        SERVERS[key] = started
    return SERVERS[key]


class Answer:
    def __init__(self, response, body):
        self.status, self.body = response.status, body
        self.headers = response.getheaders()

    def header(self, name):
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    @property
    def sid(self):
        for key, value in self.headers:
            if key == "Set-Cookie" and value.startswith("session_id="):
                return value.split(";")[0].partition("=")[2]
        return None

    @property
    def json(self):
        return json.loads(self.body)


class Client:
    """A browser's worth: one cookie jar, one server."""

    def __init__(self, server):
        self.server, self.app = server, server.app
        self.version = server.app.version.major
        self.cookies = {}

    def send(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection(*self.server.server_address, timeout=20)
        sent = (
            {"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}
            if self.cookies
            else {}
        )
        connection.request(method, path, body, {**sent, **(headers or {})})
        response = connection.getresponse()
        answer = Answer(response, response.read() if response.status != 101 else b"")
        connection.close()
        for key, value in answer.headers:
            if key == "Set-Cookie":
                name, _, rest = value.partition("=")
                self.cookies[name] = rest.split(";")[0]
        return answer

    def rpc(self, path, params, content_type="application/json", method="POST", **extra):
        body = json.dumps({"jsonrpc": "2.0", "method": "call", "id": 7, "params": params, **extra})
        return self.send(method, path, body, {"Content-Type": content_type})

    def call(self, model, method, *args, **kwargs):
        return self.rpc(
            f"/web/dataset/call_kw/{model}/{method}",
            {"model": model, "method": method, "args": list(args), "kwargs": kwargs},
        ).json

    def result(self, model, method, *args, **kwargs):
        answer = self.call(model, method, *args, **kwargs)
        assert "error" not in answer, answer
        return answer.get("result")

    def error(self, model, method, *args, **kwargs):
        return self.call(model, method, *args, **kwargs)["error"]["data"]["name"]

    def login(self, login="admin", password=None, path="/web/login", **fields):
        page = self.send("GET", "/web/login").body.decode()
        form = {
            "csrf_token": csrf_of(page),
            "login": login,
            "password": login if password is None else password,
            "redirect": "",
            **fields,
        }
        return self.send("POST", path, urlencode(form), FORM)

    def sid(self):
        return self.cookies.get("session_id")

    def log(self):
        return self.send("GET", "/_standin/log").json

    def last(self, operation):
        return [line for line in self.log() if line["operation"] == operation][-1]


FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def csrf_of(page):
    return re.search(r'csrf_token: "([^"]+)"', page)[1]


def equal(got, wanted):
    assert got == wanted, f"got {got!r}, wanted {wanted!r}"


def admin(server):
    client = Client(server)
    equal(client.login().status, 303)
    return client
