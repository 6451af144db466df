"""What differs between the Odoo versions on the wire, as data."""

import re
from dataclasses import dataclass

DATABASE = "odoo"
SECONDS_PER_DAY = 86400


@dataclass(frozen=True)
class Version:
    """One Odoo series. `major` is for comparisons that no field below covers."""

    major: int
    session_pattern: re.Pattern
    session_hex: bool  # 40 hex digits, or 84 characters of base64url
    cookie_max_age: int  # seconds
    cookie_expires: int  # seconds; 17 and later state a year here, Max-Age rules
    landing: str  # where a login leads
    error_code: int  # JSON-RPC code of any server exception
    wrong_type_status: int  # a JSON route called with another content type
    route_type: str  # how Odoo names its JSON routes in that refusal
    debug_last: bool  # key order inside error.data
    copies_give_list: bool
    recordsets_give_ids: bool  # else a recordset becomes text, "res.partner(1, 2)"
    web_save: bool
    button_tail: bool  # may a path follow /web/dataset/call_button
    resequence_route: bool
    probes_body: bool  # the read-only probe looks into the body before anything else
    soft_rotation: bool
    bearer: bool  # /json/1 and Authorization: Bearer
    json2: bool
    device_log: bool  # a new browser or address makes the session dirty
    websocket_version: str  # query of the handshake; empty where none is sent
    nosniff: bool

    @property
    def name(self):
        return f"{self.major}.0"


HEX40 = re.compile(r"[0-9a-f]{40}")
BASE64_84 = re.compile(r"[A-Za-z0-9_-]{84}")
WEEK = 7 * SECONDS_PER_DAY
YEAR = 365 * SECONDS_PER_DAY

# One row per field keeps the four columns comparable at a glance.
_ROWS = {
    "major": (16, 17, 18, 19),
    "session_pattern": (HEX40, HEX40, BASE64_84, BASE64_84),
    "session_hex": (True, True, False, False),
    "cookie_max_age": (90 * SECONDS_PER_DAY, WEEK, WEEK, WEEK),
    "cookie_expires": (90 * SECONDS_PER_DAY, YEAR, YEAR, YEAR),
    "landing": ("/web", "/web", "/odoo", "/odoo"),
    "error_code": (200, 200, 200, 0),
    "wrong_type_status": (400, 400, 400, 415),
    "route_type": ("json", "json", "json", "jsonrpc"),
    "debug_last": (False, False, False, True),
    "copies_give_list": (False, False, True, True),
    "recordsets_give_ids": (False, False, False, True),
    "web_save": (False, True, True, True),
    "button_tail": (False, False, True, True),
    "resequence_route": (True, True, True, False),
    "probes_body": (False, False, True, True),
    "soft_rotation": (False, False, False, True),
    "bearer": (False, False, True, True),
    "json2": (False, False, False, True),
    "device_log": (False, False, True, True),
    "websocket_version": ("", "", "18.0-2", "19.0-2"),
    "nosniff": (False, True, True, True),
}


def _column(index):
    return Version(**{field: values[index] for field, values in _ROWS.items()})


VERSIONS = {16 + index: _column(index) for index in range(4)}
