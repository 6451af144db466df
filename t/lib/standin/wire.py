"""HTTP as werkzeug reads and writes it: requests, responses, cookies, forms."""

import email.errors
import email.parser
import email.policy
import html
import json
import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote_to_bytes

from .errors import HttpError

JSON_TYPES = ("application/json", "application/json-rpc")
JSON_UTF8 = "application/json; charset=utf-8"
HTML_UTF8 = "text/html; charset=utf-8"
MAX_FORM_PARTS = 1000


@dataclass
class Part:
    """One part of a multipart form: a file if it has a file name."""

    name: str
    filename: str | None
    mimetype: str
    content: bytes


@dataclass
class Request:
    method: str
    target: str  # as on the request line
    headers: object  # email.message.Message: case-insensitive, keeps repetitions
    body: bytes
    chunked: bool
    client: str
    _form: tuple | None = field(default=None, repr=False)

    def header(self, name, default=""):
        # The WSGI server joins repeated headers with a comma before Odoo sees them.
        values = self.headers.get_all(name)
        return ",".join(values) if values else default

    @property
    def raw_path(self):
        target = re.sub(r"^[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*", "", self.target)
        return re.split(r"[?#]", target, maxsplit=1)[0] or "/"

    @property
    def path(self):
        """Percent-decoded exactly once, %2F included; any number of leading slashes is one."""
        decoded = unquote_to_bytes(self.raw_path.encode("utf-8", "surrogateescape"))
        return "/" + decoded.decode("utf-8", "replace").lstrip("/")

    @property
    def query_string(self):
        return self.target.split("#", 1)[0].partition("?")[2]

    @property
    def query(self):
        return parse_qsl(self.query_string, keep_blank_values=True)

    @property
    def mimetype(self):
        # werkzeug 2 also cuts at a comma: "application/json, text/plain" is JSON.
        return re.split("[;,]", self.header("Content-Type"), maxsplit=1)[0].strip().lower()

    def json_text(self):
        """Any charset parameter is ignored, and bad UTF-8 never fails."""
        return self.body.decode("utf-8", "replace")

    def json(self):
        return json.loads(self.json_text())

    def cookie(self, name):
        for key, value in parse_cookies(self.header("Cookie")):
            if key == name:
                return value
        return ""

    def parts(self):
        if self._form is None:
            self._form = tuple(self._read_parts())
        return self._form

    def _read_parts(self):
        if self.mimetype == "application/x-www-form-urlencoded":
            pairs = parse_qsl(self.json_text(), keep_blank_values=True)
            return [Part(key, None, "", value.encode()) for key, value in pairs]
        if self.mimetype == "multipart/form-data":
            return parse_multipart(self.header("Content-Type"), self.body)
        return []

    def params(self):
        """Form beats query; of several values of one key the first counts."""
        merged = {}
        for part in self.parts():
            value = part if part.filename is not None else part.content.decode("utf-8", "replace")
            merged.setdefault(part.name, value)
        for key, value in self.query:
            merged.setdefault(key, value)
        return merged

    def files(self, name):
        return [part for part in self.parts() if part.name == name and part.filename is not None]


def parse_multipart(content_type, body):
    text = b"Content-Type: " + content_type.encode("latin-1", "replace") + b"\r\n\r\n" + body
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(text)
    if not message.is_multipart():
        raise HttpError(400, "Invalid multipart body")
    # Of a form without its last boundary werkzeug hands over no field at all.
    if any(isinstance(defect, email.errors.CloseBoundaryNotFoundDefect) for defect in message.defects):
        return []
    parts = list(message.iter_parts())[:MAX_FORM_PARTS]
    return [
        Part(
            part.get_param("name", "", header="content-disposition"),
            part.get_filename(),
            part.get_content_type(),
            part.get_payload(decode=True) or b"",
        )
        for part in parts
    ]


_OCTAL = re.compile(r"\\([0-3][0-7][0-7]|.)", re.S)


def _unquote_cookie(value):
    if len(value) < 2 or value[0] != '"' or value[-1] != '"':
        return value
    return _OCTAL.sub(
        lambda match: chr(int(match[1], 8)) if len(match[1]) == 3 else match[1], value[1:-1]
    )


def parse_cookies(header):
    """Pairs in order: the first of several equal names is the one that counts."""
    for piece in header.split(";"):
        key, separator, value = piece.partition("=")
        if separator:
            yield key.strip(), _unquote_cookie(value.strip())


@dataclass
class Response:
    status: int = 200
    headers: list = field(default_factory=list)
    body: bytes = b""
    chunked: bool = False  # werkzeug chunks what has no known length
    takeover: object = None  # callable(handler): the connection belongs to it afterwards

    def has(self, name):
        return any(key.lower() == name.lower() for key, _ in self.headers)

    def add(self, name, value):
        self.headers.append((name, value))
        return self


def html_response(text, status=200, headers=()):
    return Response(status, [("Content-Type", HTML_UTF8), *headers], text.encode())


def json_response(value, status=200, headers=()):
    text = json.dumps(value, ensure_ascii=False, default=str)
    return Response(
        status, [("Content-Type", JSON_UTF8), *headers], text.encode("utf-8", "surrogatepass")
    )


def file_response(content, mimetype, filename=None, headers=()):
    extra = (
        [("Content-Disposition", f"attachment; filename*=UTF-8''{filename}")] if filename else []
    )
    return Response(200, [*extra, ("Content-Type", mimetype), *headers], content)


def redirect(location, status=303):
    shown = html.escape(location)
    page = (
        "<!doctype html>\n<html lang=en>\n<title>Redirecting...</title>\n"
        "<h1>Redirecting...</h1>\n<p>You should be redirected automatically to the target "
        f'URL: <a href="{shown}">{shown}</a>. If not, click the link.\n'
    )
    return html_response(page, status, [("Location", header_safe(location))])


def header_safe(text):
    """A value that cannot break out of its header line."""
    return re.sub(
        r"[^\x21-\x7e]", lambda match: "".join(f"%{b:02X}" for b in match[0].encode()), text
    )
