"""/_standin/*: what tests ask of the stand-in itself; only there with --control."""

from . import data
from .errors import not_found
from .routing import route
from .wire import json_response


def _controlled(exchange):
    if not exchange.app.control:
        raise not_found()


@route("/_standin/log", auth="none", saves=False, csrf=False)
def operations(exchange):
    _controlled(exchange)
    return json_response(exchange.app.log.all())


@route("/_standin/clear", auth="none", saves=False, csrf=False)
def clear(exchange):
    _controlled(exchange)
    exchange.app.log.clear()
    return json_response(True)


@route("/_standin/expire", auth="none", saves=False, csrf=False)
def expire(exchange):
    """?session_id= one session, ?login= all of a user: gone as if their files were deleted."""
    _controlled(exchange)
    wanted = dict(exchange.request.query)
    gone = exchange.app.sessions.end_where(
        lambda session: session.sid == wanted.get("session_id")
        or session.login == wanted.get("login")
    )
    return json_response(gone)


@route("/_standin/age", auth="none", saves=False, csrf=False)
def age(exchange):
    """All sessions are as old as 19 lets an id become: each gets another with its next request."""
    _controlled(exchange)
    exchange.app.sessions.age()
    return json_response(True)


@route("/_standin/demote", auth="none", saves=False, csrf=False)
def demote(exchange):
    """?login= is no administrator any more."""
    _controlled(exchange)
    user = exchange.db.user_by_login(dict(exchange.request.query).get("login"))
    user["_groups"] -= {data.SYSTEM}
    return json_response(data.SYSTEM)


@route("/_standin/state", auth="none", saves=False, csrf=False)
def state(exchange):
    _controlled(exchange)
    app = exchange.app
    return json_response(
        {
            "sessions": len(app.sessions.sessions),
            "sockets": app.sockets.open,
            "operations": len(app.log.lines),
            "delayed": app.delayed,
        }
    )
