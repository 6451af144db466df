"""One request from its bytes to its answer: routing, session, rights, dispatch, cookie."""

import logging
import re
import time
from urllib.parse import quote

from . import orm, registry, websocket
from .app_models import make_registry
from .errors import HttpError, SessionExpired, http_status, not_found, rpc_error
from .oplog import OperationLog
from .routing import Router
from .sessions import SessionStore, set_cookie
from .wire import JSON_TYPES, Response, html_response, json_response, redirect

LOG = logging.getLogger("standin")
SAFE_METHODS = ("GET", "HEAD", "OPTIONS", "TRACE")
NO_RESULT = registry.NO_RESULT


class Exchange:
    """A request under way, with all that a handler needs."""

    def __init__(self, app, request, session):
        self.app, self.request, self.session = app, request, session
        self.version, self.db = app.version, app.db
        self.rpc_id = None  # stays null in answers that fail before the body was read
        self.uid = session.uid
        self.bearer = False
        self.cookies = []  # further Set-Cookie values
        self.cookie_twice = False

    def log_out(self):
        """On purpose: 17 and later have the browser forget the companies as well."""
        self.session.logout()
        if self.version.major >= 17:
            self.cookies.append(set_cookie("cids", "", 0, 365 * 86400, http_only=False))

    @property
    def user(self):
        return self.db.user(self.uid) or {}

    @property
    def login(self):
        return self.user.get("login")

    def env(self, context=None):
        env = orm.Environment(self.db, self.version, self.uid, context, self.session, self.app)
        env.log_out = self.log_out
        return env

    def log(self, operation, **facts):
        who = {"uid": self.uid, "login": self.login, **facts}
        self.app.log.add(operation, **who)


class App:
    def __init__(
        self, version, rotation=None, grace=None, old_carriers=False, control=False, log_path=None
    ):
        self.version, self.control = version, control
        self.db = orm.Database()
        self.registry = make_registry()
        timing = {"rotation": rotation, "grace": grace}
        self.sessions = SessionStore(
            version,
            old_carriers=old_carriers,
            **{name: value for name, value in timing.items() if value is not None},
        )
        self.router = Router(version)
        self.log = OperationLog(log_path)
        self.trusted_devices = {}
        self.challenges = set()  # of passkeys, given and not yet answered
        self.oauth_tokens = {f"oauth-{login}": login for login in ("demo", "portal")}
        self.reset_tokens = {}
        self.sockets = websocket.Sockets()
        self.started = time.time()
        self.delayed = 0  # requests that came with a delay

    # Finding the endpoint

    def find(self, request):
        """(route, path arguments), or an answer that werkzeug gives by itself."""
        path = request.path
        rule, arguments = self.router.match(path, request.method)
        if rule is None:
            return self._find_otherwise(request, path)
        if arguments is None:
            raise HttpError(405, "The method is not allowed for the requested URL.")
        return rule, arguments

    def _find_otherwise(self, request, path):
        merged = re.sub("/{2,}", "/", path)
        if merged != path and self.router.match(merged)[0]:
            return redirect(merged, 308), None
        language, rest = self.router.match_language(path)
        rule, arguments = self.router.match(rest, request.method) if language else (None, {})
        if rule is None or arguments is None:
            raise not_found()
        # Only a POST is rewritten in place for the default language too.
        if request.method != "POST" and language in ("en", "en_US"):
            return redirect(rest), None
        return rule, arguments

    # Dispatch

    def serve(self, request):
        """Never raises: whatever goes wrong becomes the answer that Odoo would give."""
        try:
            rule, arguments = self.find(request)
            if arguments is None:
                return rule
            self._check_type(rule, request)
        except HttpError as error:
            return html_response(error.page(), error.status, error.headers)
        exchange = Exchange(self, request, self.sessions.open(request))
        try:
            return self._answer(exchange, rule, arguments)
        except Exception as error:  # the boundary: a bad request must never end the server
            return self._failure(exchange, rule, error)

    def _check_type(self, rule, request):
        if rule.kind == "json" and request.mimetype not in JSON_TYPES:
            raise HttpError(
                self.version.wrong_type_status,
                f"Request inferred type is compatible with ['http'] but {request.path!r}"
                f" is type={self.version.route_type!r}.",
            )

    def _answer(self, exchange, rule, arguments):
        if rule.probes and self.version.probes_body:
            self._probe(exchange)
        self._authenticate(exchange, rule)
        if rule.kind == "json":
            response = self._dispatch_json(exchange, rule)
        else:
            self._check_csrf(exchange, rule)
            response = rule.handler(exchange, **arguments)
        return self._finish(exchange, rule, response)

    def _probe(self, exchange):
        """18 and 19 look up model and method, to choose a cursor, before anybody is known."""
        params = exchange.request.json()["params"]
        model, method = params["model"], params["method"]
        if not self.registry.known(model):
            raise not_found()
        if not isinstance(method, str):
            raise TypeError("getattr(): attribute name must be string")

    def _authenticate(self, exchange, rule):
        session = exchange.session
        if session.uid is not None and not self._session_good(session):
            session.logout()
            exchange.uid = None
        if rule.auth == "user" and exchange.uid is None:
            raise SessionExpired()
        if exchange.uid is not None and self.version.device_log:
            self._trace_device(exchange)

    def _session_good(self, session):
        user = self.db.user(session.uid)
        return (
            user is not None
            and not self.sessions.dead(session)
            and session.token == self.db.token(session.uid, session.sid)
        )

    def _trace_device(self, exchange):
        device = (exchange.request.header("User-Agent"), exchange.request.client)
        if device not in exchange.session.devices:
            exchange.session.devices.add(device)
            exchange.session.dirty = True

    def _check_csrf(self, exchange, rule):
        request = exchange.request
        if rule.csrf and request.method not in SAFE_METHODS and not exchange.bearer:
            token = request.params().get("csrf_token", "")
            if not isinstance(token, str) or not self.sessions.csrf_valid(exchange.session, token):
                raise HttpError(400, "Session expired (invalid CSRF token)")

    def _dispatch_json(self, exchange, rule):
        params = self._read_json(exchange)
        if isinstance(params, Response):
            return params
        result = rule.handler(exchange, params)
        answer = {"jsonrpc": "2.0", "id": exchange.rpc_id}
        if result is not NO_RESULT:
            answer["result"] = result
        return json_response(answer)

    def _read_json(self, exchange):
        """The params, or the plain answer that early dispatchers give to what is no JSON-RPC."""
        try:
            body = exchange.request.json()
        except (ValueError, RecursionError):
            if self.version.major == 16:
                raise HttpError(400, "Invalid JSON data") from None
            return html_response("Invalid JSON data", 400)
        if not isinstance(body, dict):
            if self.version.major == 16:
                return html_response(
                    HttpError(
                        500,
                        "The server encountered an internal error and was unable "
                        "to complete your request.",
                    ).page(),
                    500,
                )
            return html_response("Invalid JSON-RPC data", 400)
        exchange.rpc_id = body.get("id")
        # dict() is what lets an array of pairs through where no probe has looked before.
        return dict(body.get("params", {}))

    # After dispatch

    def _finish(self, exchange, rule, response):
        for cookie in exchange.cookies:
            response.add("Set-Cookie", cookie)
        if rule.saves and not exchange.bearer:
            self._save_session(exchange, response)
        if self.version.nosniff:
            response.add("X-Content-Type-Options", "nosniff")
        return response

    def _save_session(self, exchange, response):
        sent = exchange.request.cookie("session_id")
        self.sessions.save(exchange.session, self.db.token)
        cookie = self.sessions.cookie_header(exchange.session, sent)
        if cookie:
            for _ in range(1 + exchange.cookie_twice):
                response.add("Set-Cookie", cookie)

    def _failure(self, exchange, rule, error):
        if not isinstance(error, (HttpError, SessionExpired)):
            LOG.debug(
                "%s %s failed", exchange.request.method, exchange.request.target, exc_info=True
            )
        if rule.kind == "json":
            # No session is saved on this way: an error never carries a cookie.
            return json_response(
                {"jsonrpc": "2.0", "id": exchange.rpc_id, "error": rpc_error(self.version, error)}
            )
        if isinstance(error, SessionExpired):
            return self._to_login(exchange, rule)
        if getattr(rule.handler, "failure", None):
            return rule.handler.failure(exchange, error)
        status = http_status(self.version, error)
        page = error if isinstance(error, HttpError) else HttpError(status, str(error))
        return html_response(page.page(), status, page.headers)

    def _to_login(self, exchange, rule):
        wanted = exchange.request.path + "?" + exchange.request.query_string
        response = redirect("/web/login?redirect=" + quote(wanted, safe=""))
        if exchange.session.rotate:
            self._save_session(exchange, response)
        return response
