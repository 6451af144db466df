"""Sessions as Odoo keeps them: adopted, rotated whole or by half, ended by a password change."""

import base64
import hashlib
import hmac
import os
import re
import threading
import time
from dataclasses import dataclass, field
from email.utils import formatdate

STORED_PREFIX = 42  # characters of a 19 session id that survive a soft rotation
GRACE_SECONDS = 120
ROTATION_SECONDS = 3 * 3600
CSRF_SECONDS = 365 * 86400
MAX_SESSIONS = 100000  # a hostile client must not fill the memory


@dataclass
class Session:
    sid: str
    uid: int | None = None
    login: str = ""
    token: str = ""  # dies with the user's password
    pre_login: str = ""  # password given, second factor wanted
    pre_uid: int | None = None
    identity_checked: float = 0.0
    created: float = field(default_factory=time.time)
    next_sid: str = ""  # where a soft rotation led
    dies: float = 0.0  # end of the predecessor's grace
    devices: set = field(default_factory=set)
    debug: str = ""
    # Of this request alone:
    explicit: bool = False  # named by query or header: never answered with a cookie
    dirty: bool = False
    rotate: bool = False

    @property
    def prefix(self):
        return self.sid[:STORED_PREFIX]

    def logout(self):
        """Keeps nothing; the answer, if it can carry a cookie, brings a new anonymous id."""
        self.uid, self.login, self.token = None, "", ""
        self.pre_login, self.pre_uid, self.identity_checked = "", None, 0.0
        self.dirty = self.rotate = True


class SessionStore:
    def __init__(self, version, rotation=ROTATION_SECONDS, grace=GRACE_SECONDS, old_carriers=False):
        self.version, self.rotation, self.grace = version, rotation, grace
        self.old_carriers = old_carriers and version.major <= 17
        self.secret = os.urandom(32)
        self.lock = threading.RLock()
        self.sessions = {}

    def new_sid(self):
        if self.version.session_hex:
            return hashlib.sha1(os.urandom(64)).hexdigest()
        return base64.urlsafe_b64encode(os.urandom(63)).decode()

    def secret_text(self, size):
        return os.urandom(size).hex()

    def valid_sid(self, sid):
        return bool(self.version.session_pattern.fullmatch(sid))

    def _carried(self, request):
        """(id, explicit): early 16 and 17 look at query and header before the cookie."""
        if self.old_carriers:
            sid = dict(reversed(request.query)).get("session_id") or request.header(
                "X-Openerp-Session-Id"
            )
            if sid:
                return sid, True
        return request.cookie("session_id"), False

    def open(self, request):
        """The request's session; an unknown but well-formed id is adopted as it is."""
        sid, explicit = self._carried(request)
        with self.lock:
            stored = self.sessions.get(sid)
            if stored is None or not self.valid_sid(sid):
                stored = Session(sid if self.valid_sid(sid) else self.new_sid())
            copy = Session(**vars(stored))
            copy.devices = set(stored.devices)
        copy.explicit, copy.dirty, copy.rotate = explicit, False, False
        return copy

    def save(self, session, token_of):
        """After a successful dispatch: rotate or store. `token_of(uid, sid)` renews the token."""
        with self.lock:
            if session.rotate:
                self._rotate_hard(session, token_of)
            elif self._wants_soft(session):
                self._rotate_soft(session, token_of)
            elif session.dirty:
                self._put(session)

    def _put(self, session):
        if session.sid not in self.sessions and len(self.sessions) >= MAX_SESSIONS:
            self.sessions.pop(next(iter(self.sessions)))
        stored = Session(**vars(session))
        stored.dirty = stored.rotate = stored.explicit = False
        self.sessions[session.sid] = stored

    def _rotate_hard(self, session, token_of):
        self.sessions.pop(session.sid, None)
        self._renew(session, self.new_sid(), token_of)

    def _renew(self, session, sid, token_of):
        session.sid, session.created = sid, time.time()
        session.next_sid, session.dies = "", 0.0
        session.token = token_of(session.uid, sid) if session.uid else ""
        self._put(session)

    def _wants_soft(self, session):
        return (
            self.version.soft_rotation
            and session.uid is not None
            and time.time() >= session.created + self.rotation
        )

    def _rotate_soft(self, session, token_of):
        """Parallel requests with the old id all get the one successor."""
        stored = self.sessions.get(session.sid)
        if stored is not None and stored.next_sid:
            session.sid = stored.next_sid
            return
        successor = session.prefix + self.new_sid()[STORED_PREFIX:]
        if stored is not None:
            stored.next_sid, stored.dies = successor, time.time() + self.grace
        self._renew(session, successor, token_of)

    def dead(self, session):
        return bool(session.dies) and time.time() >= session.dies

    def cookie_header(self, session, sent_sid):
        if session.explicit or not (session.dirty or sent_sid != session.sid):
            return None
        return set_cookie(
            "session_id", session.sid, self.version.cookie_max_age, self.version.cookie_expires
        )

    def end_where(self, condition):
        """Remove session files, as the device list does; returns how many."""
        with self.lock:
            gone = [sid for sid, session in self.sessions.items() if condition(session)]
            for sid in gone:
                del self.sessions[sid]
        return len(gone)

    def age(self):
        """As if the time after which an id is renewed had passed for every session."""
        with self.lock:
            for session in self.sessions.values():
                session.created -= self.rotation

    def csrf_token(self, session):
        stamp = int(time.time()) + CSRF_SECONDS
        return f"{self._csrf_digest(session, stamp)}o{stamp}"

    def _csrf_digest(self, session, stamp):
        bound_to = session.prefix if self.version.soft_rotation else session.sid
        return hmac.new(self.secret, f"{bound_to}{stamp}".encode(), "sha1").hexdigest()

    def csrf_valid(self, session, token):
        match = re.fullmatch(r"([0-9a-f]{40})o(\d{1,12})", token)
        return (
            bool(match)
            and int(match[2]) > time.time()
            and hmac.compare_digest(match[1], self._csrf_digest(session, int(match[2])))
        )


def set_cookie(name, value, max_age, expires=None, http_only=True, extra=""):
    stamp = formatdate(time.time() + (max_age if expires is None else expires), usegmt=True)
    flags = "HttpOnly; " if http_only else ""
    return f"{name}={value}; Expires={stamp}; Max-Age={max_age}; {flags}Path=/{extra}"
