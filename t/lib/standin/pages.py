"""The HTML of the stand-in: login, second factor, web client."""

import html
import json
import re
from functools import lru_cache
from pathlib import Path

from . import session_info
from .wire import html_response

WEB = Path(__file__).parent / "web"
_FRAME = ("X-Frame-Options", "SAMEORIGIN"), ("Content-Security-Policy", "frame-ancestors 'self'")
_HINT = (
    '<p class="muted">Try admin/admin (sees everything), demo/demo, portal/portal, '
    "or totp/totp with "
    "a second factor.</p>"
)
_FIELD = (
    '<label>{label}<input type="{kind}" name="{name}" id="{name}" value="{value}" {more}/></label>'
)


@lru_cache(maxsize=None)
def template(name):
    return (WEB / name).read_text(encoding="utf-8")


def fill(name, **values):
    """In one pass, so that a value cannot name another placeholder."""
    return re.sub(r"\{\{(\w+)\}\}", lambda match: values[match[1]], template(name))


def inline_json(value):
    """JSON inside a script element: nothing in it may end the element."""
    return json.dumps(value).replace("<", "\\u003c").replace("\u2028", "\\u2028")


def _field(label, name, kind="text", value="", more=""):
    return _FIELD.format(
        label=label, name=name, kind=kind, value=html.escape(str(value)), more=more
    )


def _login_page(exchange, action, fields, button, wanted, error, hint):
    return fill(
        "login.html",
        csrf=exchange.app.sessions.csrf_token(exchange.session),
        action=action,
        info=inline_json(session_info.frontend_info(exchange)),
        fields=fields,
        button=button,
        hint=hint,
        version=exchange.version.name,
        redirect=html.escape(str(wanted)),
        error=f'<p class="error" role="alert">{html.escape(error)}</p>' if error else "",
    )


def login(exchange, wanted, login="", error=""):
    fields = _field("Email", "login", value=login, more='required="required" autofocus="autofocus"')
    fields += _field("Password", "password", "password", more='required="required"')
    if exchange.version.major >= 18:
        fields += '<input type="hidden" name="type" value="password"/>'
    if exchange.version.major >= 19:
        fields += '<input type="hidden" name="webauthn_response" value=""/>'
    page = _login_page(exchange, "/web/login", fields, "Log in", wanted, error, _HINT)
    cached = [("Cache-Control", "no-cache")] if exchange.version.major >= 19 else []
    response = html_response(page, headers=[*cached, *_FRAME])
    response.chunked = exchange.version.major == 16
    return response


def signup(exchange, action, button, token="", error=""):
    """To sign up and to set a new password."""
    fields = _field("Your Email", "login") + _field("Your Name", "name")
    fields += _field("Password", "password", "password")
    fields += _field("Confirm Password", "confirm_password", "password")
    fields += f'<input type="hidden" name="token" value="{html.escape(token)}"/>'
    return html_response(_login_page(exchange, action, fields, button, "", error, ""))


def totp(exchange, wanted, error=""):
    fields = _field(
        "Authentication Code", "totp_token", more='required="required" autofocus="autofocus"'
    )
    fields += (
        '<label><input type="checkbox" name="remember" value="1" class="inline"/>'
        " Don't ask again on this device</label>"
    )
    page = _login_page(exchange, "/web/login/totp", fields, "Verify", wanted, error, "")
    return html_response(page)


def client(exchange):
    version = exchange.version
    wire = {
        "major": version.major,
        "web_save": version.web_save,
        "button_tail": version.button_tail,
        "copies_give_list": version.copies_give_list,
        "websocket_version": version.websocket_version,
    }
    page = fill(
        "client.html",
        csrf=exchange.app.sessions.csrf_token(exchange.session),
        info=inline_json(session_info.session_info(exchange)),
        wire=inline_json(wire),
        version=version.name,
    )
    return html_response(page, headers=[("X-Frame-Options", "DENY")])


def portal(exchange):
    """What a portal user sees: no session_info with a user name, only that of a public page."""
    return html_response(
        fill(
            "portal.html",
            info=inline_json(session_info.frontend_info(exchange)),
            name=html.escape(exchange.user.get("name", "")),
        )
    )
