"""Logging in and out, by form, by JSON and with a second factor; what Odoo says of a session."""

import hmac
import json
import os

from . import pages, totp
from .errors import AccessDenied, AccessError, HttpError
from .registry import NO_RESULT
from .routing import route
from .session_info import session_info
from .sessions import set_cookie
from .versions import DATABASE
from .wire import html_response, redirect

TRUSTED_DEVICE_SECONDS = 90 * 86400
WRONG_LOGIN = "Wrong login/password"
WRONG_CODE = "Verification failed, please double-check the 6-digit code"


def _open(exchange, user):
    """The session becomes this user's; the answer brings a new id."""
    session = exchange.session
    session.uid, session.login = user["id"], user["login"]
    session.pre_login, session.pre_uid = "", None
    session.dirty = session.rotate = True
    exchange.uid = user["id"]


def _landing(exchange, user):
    internal = "base.group_user" in user.get("_groups", ())
    return exchange.version.landing if internal else "/my"


def _wants_second_factor(user):
    return bool(user.get("_totp"))


def _remember_password_step(exchange, user):
    session = exchange.session
    session.logout()
    session.rotate = False  # the id stays until the second factor is given
    session.pre_login, session.pre_uid = user["login"], user["id"]
    exchange.uid = None


@route("/web/login", auth="none")
def web_login(exchange):
    params = exchange.request.params()
    wanted = params.get("redirect") or ""
    if exchange.request.method != "POST":
        if exchange.uid is not None and wanted:
            return redirect(wanted)
        return pages.login(exchange, wanted)
    if params.get("type") == "webauthn" and exchange.version.major >= 18:
        return _passkey_given(exchange, params, wanted)
    login, password = params.get("login", ""), params.get("password", "")
    user = exchange.db.authenticate(login, password)
    if user is None:
        exchange.log(
            "login_failed", model="res.users", method="/web/login", ok=False, uid=None, login=login
        )
        return pages.login(exchange, wanted, login=login, error=WRONG_LOGIN)
    if _wants_second_factor(user):
        _remember_password_step(exchange, user)
        return redirect("/web/login/totp" + (f"?redirect={wanted}" if wanted else ""))
    _open(exchange, user)
    exchange.log("login", model="res.users", method="/web/login", ids=[user["id"]])
    return redirect(wanted or _landing(exchange, user))


@route("/auth/passkey/start-auth", kind="json", auth="none", since=18)
def passkey_start(exchange, params):
    challenge = os.urandom(32).hex()
    exchange.app.challenges.add(challenge)
    return {"challenge": challenge, "timeout": 60000, "rpId": "localhost"}


def _passkey_given(exchange, params, wanted):
    """The form has no login: who it is stands in the signed answer. No second factor is asked."""
    given = json.loads(params.get("webauthn_response") or "{}")
    user = exchange.db.user_by_login(str(given.get("id", "")))
    known = given.get("challenge") in exchange.app.challenges
    exchange.app.challenges.discard(given.get("challenge"))
    if user is None or not known:
        exchange.log("login_failed", model="res.users", method="/web/login", ok=False, uid=None)
        return pages.login(exchange, wanted, error="Unknown passkey")
    _open(exchange, user)
    exchange.log("login", model="res.users", method="/web/login", ids=[user["id"]])
    return redirect(wanted or _landing(exchange, user))


OAUTH_FRAGMENT = """<html><head><script>
var hash = window.location.hash.substring(1);
window.location = window.location.pathname + (hash ? "?" + hash : "");
</script></head><body></body></html>"""


@route("/auth_oauth/signin", auth="none")
def oauth_signin(exchange):
    """The provider's answer comes as a fragment, which a page of scripts turns into a query."""
    params = exchange.request.params()
    if "state" not in params:
        return html_response(OAUTH_FRAGMENT)
    user = exchange.db.user_by_login(exchange.app.oauth_tokens.get(params.get("access_token"), ""))
    if user is None:
        return redirect("/web/login?oauth_error=3")
    _open(exchange, user)
    exchange.log("login", model="res.users", method="/auth_oauth/signin", ids=[user["id"]])
    return redirect(json.loads(params["state"]).get("r") or _landing(exchange, user))


@route("/web/login/totp", auth="none")
def web_login_totp(exchange):
    session, params = exchange.session, exchange.request.params()
    if session.pre_uid is None:
        return redirect("/web/login")
    user = exchange.db.user(session.pre_uid)
    session.dirty = True  # this page always sends the cookie again
    if exchange.request.method != "POST":
        if _trusted(exchange, user):
            return _second_factor_done(exchange, user, params)
        return pages.totp(exchange, params.get("redirect", ""))
    if not totp.valid(user["_totp"], str(params.get("totp_token", "")).replace(" ", "")):
        exchange.log(
            "login_failed",
            model="res.users",
            method="/web/login/totp",
            ok=False,
            uid=None,
            login=user["login"],
        )
        return pages.totp(exchange, params.get("redirect", ""), error=WRONG_CODE)
    if params.get("remember"):
        if exchange.version.major in (16, 18) and not _names_browser(exchange):
            return _fall_over_the_device(exchange, user)
        key = _new_trusted_device(exchange, user)
        exchange.cookies.append(
            set_cookie("td_id", key, TRUSTED_DEVICE_SECONDS, extra="; SameSite=Lax")
        )
    return _second_factor_done(exchange, user, params)


def _second_factor_done(exchange, user, params):
    _open(exchange, user)
    exchange.log("login", model="res.users", method="/web/login/totp", ids=[user["id"]])
    return redirect(params.get("redirect") or _landing(exchange, user))


def _names_browser(exchange):
    return "Mozilla" in (exchange.request.header("User-Agent") or "")


def _fall_over_the_device(exchange, user):
    """A browser that it has no name for breaks the note of it, behind the login."""
    _open(exchange, user)
    exchange.log("login", model="res.users", method="/web/login/totp", ids=[user["id"]])
    return html_response(HttpError(500, "Internal Server Error").page(), 500)


def _new_trusted_device(exchange, user):
    key = os.urandom(20).hex()
    exchange.app.trusted_devices[key] = user["id"]
    return key


def _trusted(exchange, user):
    key = exchange.request.cookie("td_id")
    return (
        any(
            hmac.compare_digest(known.encode(), key.encode("utf-8", "replace"))
            and uid == user["id"]
            for known, uid in exchange.app.trusted_devices.items()
        )
        if key
        else False
    )


@route("/web/session/authenticate", kind="json", auth="none")
def authenticate(exchange, params):
    login = params["login"]
    if params["db"] != DATABASE:
        _refuse(exchange, login, AccessError("Database not found."))
    user = exchange.db.authenticate(login, params["password"])
    if user is None:
        _refuse(exchange, login, AccessDenied())
    if _wants_second_factor(user):
        _remember_password_step(exchange, user)
        return {"uid": None}
    _open(exchange, user)
    exchange.cookie_twice = exchange.version.major >= 19  # the controller saves once more
    exchange.log("login", model="res.users", method="/web/session/authenticate", ids=[user["id"]])
    return session_info(exchange)


def _refuse(exchange, login, error):
    exchange.log(
        "login_failed",
        model="res.users",
        method="/web/session/authenticate",
        ok=False,
        uid=None,
        login=login,
    )
    raise error


@route("/web/session/get_session_info", kind="json")
def get_session_info(exchange, params):
    exchange.session.dirty = True  # it prolongs: the file is touched, the cookie sent again
    return session_info(exchange)


@route("/web/session/modules", kind="json")
def modules(exchange, params):
    return ["base", "web", "mail", "sale", "crm", "contacts"]


@route("/web/session/account", kind="json")
def account(exchange, params):
    return "https://accounts.odoo.com/oauth2/auth?response_type=token"


@route("/web/session/get_lang_list", kind="json", auth="none")
def get_lang_list(exchange, params):
    return [["en_US", "English (US)"], ["fr_BE", "French (BE)"]]


def _log_out(exchange, method):
    if exchange.uid is not None:
        exchange.log("logout", model="res.users", method=method, ids=[exchange.uid])
    exchange.log_out()
    exchange.uid = None


@route("/web/session/logout", auth="none")
def logout(exchange):
    _log_out(exchange, "/web/session/logout")
    return redirect(str(exchange.request.params().get("redirect") or exchange.version.landing))


@route("/web/session/destroy", kind="json")
def destroy(exchange, params):
    _log_out(exchange, "/web/session/destroy")
    return NO_RESULT


@route("/web/become", methods=("GET",))
def become(exchange):
    """A system user becomes OdooBot, and the session id stays what it was."""
    if "base.group_system" in exchange.user.get("_groups", ()):
        session = exchange.session
        session.uid, session.login = 1, "__system__"
        session.token = exchange.db.token(1, session.sid)
        session.dirty = True
        exchange.log("call", model="res.users", method="/web/become", ids=[1])
        exchange.uid = 1
    return redirect(exchange.version.landing)


SIGNUP_FIELDS = ("login", "name", "password", "confirm_password")


@route("/web/signup", auth="public")
def signup(exchange):
    """Open to everybody. What is wrong is said on the form itself."""
    params = exchange.request.params()
    if exchange.request.method != "POST":
        return pages.signup(exchange, "/web/signup", "Sign up")
    login, name, password, again = (str(params.get(field, "")) for field in SIGNUP_FIELDS)
    if exchange.db.user_by_login(login) or not password or password != again:
        return pages.signup(exchange, "/web/signup", "Sign up", error="Could not create an account")
    user = exchange.db.sign_up(login, name, password)
    _open(exchange, user)
    exchange.log("create", model="res.users", method="/web/signup", ids=[user["id"]])
    return redirect(params.get("redirect") or _landing(exchange, user))


@route("/web/reset_password", auth="public")
def reset_password(exchange):
    """Without a token it sends a mail; with one it sets the password, and until 18 logs in too."""
    params = exchange.request.params()
    token = params.get("token")
    if exchange.request.method != "POST":
        return pages.signup(exchange, "/web/reset_password", "Reset password", token=token or "")
    user = exchange.db.user_by_login(str(params.get("login", "")))
    if not token:
        if user is not None:
            exchange.app.reset_tokens["reset-" + user["login"]] = user["id"]
        return pages.signup(exchange, "/web/reset_password", "Reset password", error="Mail sent")
    uid = exchange.app.reset_tokens.pop(token, None)
    if uid is None or params.get("password") != params.get("confirm_password"):
        return pages.signup(exchange, "/web/reset_password", "Reset password", error="Invalid")
    with exchange.db.transaction():
        exchange.db.put("res.users", uid, {"_password": str(params["password"])})
    exchange.log("call", model="res.users", method="/web/reset_password", ids=[uid])
    if exchange.version.major >= 19:
        return pages.signup(exchange, "/web/reset_password", "Reset password", error="Done")
    _open(exchange, exchange.db.user(uid))
    return redirect(params.get("redirect") or _landing(exchange, exchange.db.user(uid)))
