"""Recordings of real Odoo servers: one request with its response a line."""

import base64
import gzip
import json
import re

# A static file's body was not kept; what stands in for it depends on its type.
PLACEHOLDERS = {
    "application/json": b"{}",
    "text/css": b"/**/",
    "application/javascript": b"/**/",
    "text/javascript": b"/**/",
}
# These concern one connection, or a length that no longer holds for a cut body.
HOP_BY_HOP = {
    "connection",
    "keep-alive",
    "transfer-encoding",
    "content-length",
    "te",
    "trailer",
    "proxy-connection",
}


class Line:
    """One recorded exchange; `number` counts from 1 as an editor does."""

    def __init__(self, number, facts):
        self.number, self.facts = number, facts
        self.request, self.response = facts["request"], facts["response"]
        self.expect = facts["expect"]

    @property
    def method(self):
        return self.request["method"]

    @property
    def path(self):
        return self.request["path"]

    @property
    def version(self):
        return int(float(self.facts["odoo"]))

    def request_header(self, name):
        for key, value in self.request["headers"].items():
            if key.lower() == name.lower():
                return value
        return ""

    def response_header(self, name):
        for key, value in self.response["headers"]:
            if key.lower() == name.lower():
                return value
        return ""

    @property
    def request_body(self):
        parts = self.request.get("body_parts")
        if parts is not None:
            return b"".join(text.encode() * times for text, times in parts)
        return _body(self.request)

    @property
    def status(self):
        return self.response["status"]

    @property
    def response_headers(self):
        """Without those of the hop; a 101 keeps what makes it one."""
        kept = {"connection"} if self.status == 101 else set()
        return [
            (key, value)
            for key, value in self.response["headers"]
            if key.lower() not in HOP_BY_HOP or key.lower() in kept and value.lower() == "upgrade"
        ]

    @property
    def response_body(self):
        if self.response.get("body_dropped"):
            return PLACEHOLDERS.get(self.response_header("Content-Type").split(";")[0].strip(), b"")
        return _body(self.response)

    @property
    def answer_unreadable(self):
        """A JSON answer that the recorder cut: neither outcome nor ids can be read from it."""
        return bool(self.response.get("body_truncated")) and "json" in self.response_header(
            "Content-Type"
        )

    @property
    def session(self):
        match = re.search(r"(?:^|;\s*)session_id=([^;]*)", self.request_header("Cookie"))
        return match[1] if match else ""

    @property
    def new_session(self):
        for key, value in self.response["headers"]:
            if key.lower() == "set-cookie" and value.startswith("session_id="):
                return value[11:].split(";")[0]
        return ""


def _body(side):
    if side.get("body_b64") is not None:
        return base64.b64decode(side["body_b64"])
    return (side.get("body") or "").encode("utf-8", "surrogatepass")


def read(path):
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [Line(number, json.loads(text)) for number, text in enumerate(file, 1)]
