"""The doors for programs: /jsonrpc, /xmlrpc, /json/1 and /json/2."""

import re
import xmlrpc.client
from urllib.parse import urlencode

from . import registry, rpc_routes
from .errors import (
    AccessDenied,
    AccessError,
    HttpError,
    MissingError,
    UserError,
    ValidationError,
    exception_data,
    http_status,
    not_found,
)
from .orm import Environment, normalise_ids
from .routing import route
from .versions import DATABASE
from .wire import Response, json_response, redirect

FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")
PAGE_LIMIT = 80
# What a path of /json/1 names is an action, not a model.
ACTIONS = {
    "contacts": "res.partner",
    "action-contacts.action_contacts": "res.partner",
    "crm": "crm.lead",
    "sales": "sale.order",
    "orders": "sale.order",
}


# Services


def _version(exchange):
    version = exchange.version
    return {
        "server_version": version.name,
        "server_version_info": [version.major, 0, 0, "final", 0, ""],
        "server_serie": version.name,
        "protocol_version": 1,
    }


def _log_in(exchange, method, channel, db, login, password, *_):
    """A wrong password is a successful answer: false."""
    user = exchange.db.authenticate(login, password) if db == DATABASE else None
    if user is not None and user.get("_totp"):
        user = None  # a second factor cannot be given here
    exchange.log(
        "login" if user else "login_failed",
        model="res.users",
        method=method,
        channel=channel,
        ids=[user["id"]] if user else [],
        uid=user["id"] if user else None,
        login=login,
        ok=bool(user),
    )
    return user["id"] if user else False


def _common(exchange, method, args, channel):
    if method in ("login", "authenticate"):
        return _log_in(exchange, method, channel, *args)
    if method in ("version", "about"):
        return _version(exchange)
    raise Exception(f"Method not found: {method}")


def _check_secret(exchange, uid, secret):
    """A password, or an API key, which alone serves users with a second factor."""
    user = exchange.db.user(int(uid))
    if user is None or not isinstance(secret, str):
        raise AccessDenied()
    if exchange.db.api_keys.get(secret) == user["id"]:
        return user["id"]
    if user.get("_totp") or exchange.db.authenticate(user["login"], secret) is None:
        raise AccessDenied()
    return user["id"]


def _object(exchange, method, args, channel):
    db, uid, secret, model, name, *rest = args
    if method == "execute_kw":
        positional, keywords = rest[0], (rest[1] if len(rest) > 1 else None) or {}
    elif method == "execute":
        positional, keywords = rest, {}
    else:
        raise NameError(f"Method not available {method}")
    try:
        exchange.uid = _check_secret(exchange, uid, secret)
        if db != DATABASE:
            raise AccessDenied()
    except AccessDenied as error:
        exchange.log(
            "call",
            model=model,
            method=name,
            channel=channel,
            ok=False,
            uid=uid,
            login=None,
            error=error.name,
        )
        raise
    known = exchange.app.registry.known(model) or not isinstance(name, str) or name.startswith("_")
    if not known:
        exchange.log("call", model=model, method=name, channel=channel, ok=False)
        raise UserError(f"Object {model} doesn't exist")
    return rpc_routes.run(exchange, model, name, positional, keywords, channel)


def _database(exchange, method, args, channel):
    if method == "server_version":
        return exchange.version.name
    if method == "db_exist":
        return args[0] == DATABASE
    # Listing is off, and no master password opens the rest.
    raise AccessDenied()


SERVICES = {"common": _common, "object": _object, "db": _database}


@route("/jsonrpc", kind="json", auth="none", saves=False)
def jsonrpc(exchange, params):
    service, method, args = rpc_routes.take("RPC.jsonrpc", params, ("service", "method", "args"))
    return SERVICES[service](exchange, method, list(args), "jsonrpc")


# XML-RPC


def _fault_2(error):
    if isinstance(error, AccessDenied):
        return 3, str(error)
    if isinstance(error, AccessError):
        return 4, str(error)
    if (
        isinstance(error, (UserError, ValidationError, MissingError))
        or "RedirectWarning" in type(error).__name__
    ):
        return 2, error.message
    return 1, f"Traceback (most recent call last):\n  [cut]\n{_python_line(error)}\n"


def _fault_1(error):
    if isinstance(error, AccessDenied):
        return "AccessDenied", str(error)
    if isinstance(error, (UserError, ValidationError, MissingError, AccessError)):
        return f"warning -- {type(error).__name__}\n\n{error}", ""
    return str(error), f"Traceback (most recent call last):\n  [cut]\n{_python_line(error)}\n"


def _python_line(error):
    module = type(error).__module__
    prefix = "" if module in ("builtins", "standin.errors") else f"{module}."
    return f"{prefix}{type(error).__name__}: {error}"


def _xml(exchange, service, fault):
    # A form's content type lets werkzeug's form parser swallow the body.
    body = b"" if exchange.request.mimetype in FORM_TYPES else exchange.request.body
    try:
        args, method = xmlrpc.client.loads(body, use_builtin_types=True)
        result = SERVICES[service](exchange, method, list(args), "xmlrpc")
        result = None if result is registry.NO_RESULT else result
        # None fails only here: what the method did was committed before.
        text = xmlrpc.client.dumps((result,), methodresponse=1, allow_none=False, encoding="utf-8")
    except Exception as error:  # the boundary: every failure is a fault
        text = xmlrpc.client.dumps(xmlrpc.client.Fault(*fault(error)), methodresponse=1)
    return Response(
        200, [("Content-Type", "text/xml; charset=utf-8")], text.encode("utf-8", "replace")
    )


@route("/xmlrpc/<service>", auth="none", methods=("POST",), csrf=False, saves=False)
def xmlrpc_1(exchange, service):
    return _xml(exchange, service, _fault_1)


@route("/xmlrpc/2/<service>", auth="none", methods=("POST",), csrf=False, saves=False)
def xmlrpc_2(exchange, service):
    return _xml(exchange, service, _fault_2)


# Bearer keys


NAVIGATION = {
    "Sec-Fetch-Dest": ("document",),
    "Sec-Fetch-Mode": ("navigate",),
    "Sec-Fetch-Site": ("none", "same-origin"),
    "Sec-Fetch-User": ("?1",),
}
_NO_KEY = {
    18: 'User not authenticated, use the "Authorization" header',
    19: "User not authenticated, use an API Key with a Bearer Authorization header.",
}


def _unauthorized(exchange, text):
    challenge = [("WWW-Authenticate", "Bearer")] if exchange.version.major >= 19 else []
    return HttpError(401, text, challenge)


def bearer(exchange):
    """By key; or by a session cookie where the request looks like a person's navigation."""
    header = exchange.request.header("Authorization")
    match = re.fullmatch(r"bearer\s+(.+)", header, re.I)
    if not match:
        navigating = all(
            exchange.request.header(name) in values for name, values in NAVIGATION.items()
        )
        if exchange.uid is None or not navigating:
            raise _unauthorized(exchange, _NO_KEY[exchange.version.major])
        return
    uid = exchange.db.api_keys.get(match[1].strip())
    if uid is None:
        raise _unauthorized(exchange, "Invalid apikey")
    if exchange.uid is not None and exchange.uid != uid:
        raise HttpError(403, "Session user does not match the used apikey")
    exchange.uid = uid
    exchange.bearer = exchange.version.major >= 19  # 18 still gives such a request a cookie


# /json/1


@route("/json/1/<path:subpath>", auth="none", csrf=False, since=18)
def json_1(exchange, subpath):
    bearer(exchange)
    *names, last = subpath.strip("/").split("/")
    number = int(last) if last.isdigit() and names else None
    name = names[-1] if number is not None else last
    model = ACTIONS.get(name, name)
    if not exchange.app.registry.known(model):
        raise not_found()
    if number is not None:
        rows = _json_1_read(exchange, model, "web_read", [[number]])
        if not rows:
            raise not_found()
        return json_response(rows[0])
    return _json_1_list(exchange, subpath, model)


def _json_1_read(exchange, model, method, args, **kwargs):
    fields = dict(exchange.request.query).get("fields", "name")
    specification = {field: {} for field in fields.split(",") if field}
    return rpc_routes.run(
        exchange, model, method, args, {"specification": specification, **kwargs}, "json1"
    )


def _json_1_list(exchange, subpath, model):
    query = dict(exchange.request.query)
    missing = {
        name: value for name, value in (("offset", 0), ("limit", PAGE_LIMIT)) if name not in query
    }
    if missing:
        # Redirects until every parameter is explicit.
        joined = "&".join(filter(None, (exchange.request.query_string, urlencode(missing))))
        return redirect(f"/json/1/{subpath}?{joined}", 307)
    if "groupby" in query:
        groups = rpc_routes.run(
            exchange, model, "read_group", [[], [], [query["groupby"]]], {}, "json1"
        )
        return json_response({"groups": groups, "length": len(groups)})
    return json_response(
        _json_1_read(
            exchange,
            model,
            "web_search_read",
            [[]],
            offset=int(query["offset"]),
            limit=int(query["limit"]),
        )
    )


# /json/2


JSON_2_STATUS = {
    AccessDenied: 403,
    AccessError: 403,
    MissingError: 404,
    registry.UnboundArguments: 422,
    registry.NoMethod: 404,
}


@route("/json/2/<model>/<method>", auth="none", methods=("POST",), csrf=False, since=19)
def json_2(exchange, model, method):
    """Here the path decides, and everything in the body is a named argument."""
    bearer(exchange)
    body = _json_2_body(exchange)
    ids = body.pop("ids", ())
    env = Environment(exchange.db, exchange.version, exchange.uid, app=exchange.app)
    known = exchange.app.registry.known(model)
    if not known and not method.startswith("_"):
        exchange.log("call", model=model, method=method, channel="json2", ok=False)
        raise not_found(f"the model {model!r} does not exist")
    result = rpc_routes.logged(
        exchange,
        env,
        model,
        method,
        "json2",
        [ids],
        lambda: registry.call_named(env, model, method, ids, body),
    )
    return json_response(None if result is registry.NO_RESULT else result)


def _json_2_body(exchange):
    request = exchange.request
    if not request.headers.get("Content-Length"):
        return {}  # a chunked body is not looked at
    try:
        body = request.json()
    except (ValueError, RecursionError) as error:
        raise HttpError(400, f"could not parse the body as json: {error}") from None
    if not isinstance(body, dict):
        raise HttpError(400, "could not parse the body, expecting a json object")
    normalise_ids(body.get("ids"))
    # What the path names takes the place of what the body has under the same name.
    return {name: value for name, value in body.items() if name not in ("model", "method")}


def _json_2_failure(exchange, error):
    status = (
        error.status
        if isinstance(error, HttpError)
        else JSON_2_STATUS.get(type(error), http_status(exchange.version, error))
    )
    data = exception_data(error, exchange.version.debug_last)
    if isinstance(error, HttpError):
        data.update(message=error.text, arguments=[error.text, error.status])
    return json_response(data, status, getattr(error, "headers", ()))


@route("/json/2/<path:rest>", auth="none", csrf=False, since=19)
def json_2_elsewhere(exchange, rest):
    raise not_found("Did you mean POST /json/2/<model>/<method>?")


json_2.failure = json_2_elsewhere.failure = _json_2_failure


@route("/json/<path:subpath>", csrf=False, since=18)
def json_any(exchange, subpath):
    query = exchange.request.query_string
    return redirect(f"/json/1/{subpath}" + (f"?{query}" if query else ""), 307)


@route("/doc-bearer/index.json", auth="none", csrf=False, since=19)
def doc_index(exchange):
    bearer(exchange)
    return json_response(
        {"modules": ["base", "web", "rpc"], "models": sorted(exchange.app.registry.classes)}
    )
