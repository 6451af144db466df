"""Pages, static files and the small routes that a browser asks for by itself."""

import base64
import hashlib
from urllib.parse import quote

from . import pages, websocket
from .errors import HttpError, not_found
from .routing import route
from .versions import DATABASE
from .wire import Response, file_response, html_response, json_response, redirect

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA"
    "60e6kgAAAABJRU5ErkJggg=="
)
YEAR = "public, max-age=31536000"
_ASSETS = {
    "css": ("client.css", "text/css; charset=utf-8"),
    "js": ("client.js", "application/javascript; charset=utf-8"),
}
SERVICE_WORKER = """/* eslint-disable no-restricted-globals */
self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("fetch", () => {});
"""


def _to_login(exchange):
    """16 and 17 keep the #hash in the browser; 18 and 19 have to name the page themselves."""
    if exchange.version.major <= 17:
        return redirect("/web/login")
    wanted = exchange.request.path + "?" + exchange.request.query_string
    return redirect("/web/login?redirect=" + quote(wanted, safe=""))


def _client(exchange):
    if exchange.uid is None:
        return _to_login(exchange)
    if "base.group_user" not in exchange.user.get("_groups", ()):
        return redirect("/my")
    debug = dict(exchange.request.query).get("debug")
    if debug is not None:
        exchange.session.debug = debug[:32]
    exchange.session.dirty = True
    return pages.client(exchange)


@route("/web", auth="none", csrf=False)
def web(exchange):
    return _client(exchange)


@route(
    "/odoo", "/odoo/<path:subpath>", "/scoped_app/<path:subpath>", auth="none", csrf=False, since=18
)
def odoo(exchange, subpath=""):
    if subpath == "offline":
        return html_response(
            "<!DOCTYPE html><html><head><title>Offline</title></head><body>Offline</body></html>"
        )
    return _client(exchange)


@route("/", auth="none", csrf=False)
def index(exchange):
    return redirect(exchange.version.landing)


@route("/my", "/my/home", "/web/login_successful")
def my(exchange):
    return pages.portal(exchange)


@route("/web/health", auth="none", saves=False, csrf=False)
def health(exchange):
    return json_response({"status": "pass"})


@route("/web/webclient/version_info", kind="json", auth="none")
def version_info(exchange, params):
    version = exchange.version
    return {
        "server_version": version.name,
        "server_serie": version.name,
        "protocol_version": 1,
        "server_version_info": [version.major, 0, 0, "final", 0, ""],
    }


@route("/web/version", "/json/version", auth="none", since=19, csrf=False)
def version_page(exchange):
    major = exchange.version.major
    return json_response(
        {"version_info": [major, 0, 0, "final", 0, ""], "version": exchange.version.name}
    )


@route(
    "/web/webclient/translations",
    "/web/webclient/translations/<path:unique>",
    "/website/translations",
    "/website/translations/<path:unique>",
    auth="public",
)
def translations(exchange, unique=""):
    return json_response(
        {"lang": "en_US", "modules": {}, "multi_lang": False}, headers=[("Cache-Control", YEAR)]
    )


@route("/web/webclient/load_menus", "/web/webclient/load_menus/<path:unique>")
def load_menus(exchange, unique=""):
    root = {"id": "root", "name": "root", "children": [1], "appID": False}
    return json_response(
        {"root": root, "1": {"id": 1, "name": "Contacts", "children": [], "appID": 1}},
        headers=[("Cache-Control", YEAR)],
    )


@route("/web/manifest.webmanifest", auth="public", csrf=False)
def manifest(exchange):
    return json_response(
        {
            "name": "Odoo stand-in",
            "scope": exchange.version.landing,
            "start_url": exchange.version.landing,
            "display": "standalone",
        }
    )


@route("/web/service-worker.js", auth="public", csrf=False)
def service_worker(exchange):
    return Response(
        200,
        [("Content-Type", "text/javascript"), ("Service-Worker-Allowed", exchange.version.landing)],
        SERVICE_WORKER.encode(),
    )


# Files: no session, no cookie


def _static(exchange, content, mimetype):
    tag = f'"{hashlib.sha1(content).hexdigest()}"'
    headers = [("Content-Type", mimetype), ("Cache-Control", YEAR), ("ETag", tag)]
    if exchange.request.header("If-None-Match") == tag:
        return Response(304, headers[1:])
    return Response(200, headers, content)


@route(
    "/web/static/<path:path>", "/<module>/static/<path:path>", auth="none", saves=False, csrf=False
)
def static(exchange, path, module="web"):
    return _static(exchange, PIXEL, "image/png")


@route("/web/assets/<path:path>", auth="public", saves=False, csrf=False)
def assets(exchange, path):
    file, mimetype = _ASSETS.get(path.rpartition(".")[2], (None, None))
    if file is None:
        raise not_found()
    return _static(exchange, pages.template(file).encode(), mimetype)


@route("/bus/websocket_worker_bundle", auth="public", csrf=False)
def worker_bundle(exchange):
    return file_response(
        b"// the stand-in's client opens its socket itself\n",
        "application/javascript; charset=utf-8",
    )


@route(
    "/web/image",
    "/web/image/<path:path>",
    "/web/binary/company_logo",
    "/logo.png",
    "/logo",
    auth="public",
    csrf=False,
)
def image(exchange, path=""):
    return _static(exchange, PIXEL, "image/png")


# The bus


@route("/websocket", auth="public", csrf=False)
def open_websocket(exchange):
    return websocket.handshake(exchange)


@route("/websocket/health", auth="none", saves=False, csrf=False)
def websocket_health(exchange):
    return json_response({"status": "pass"})


@route("/websocket/peek_notifications", kind="json", auth="public")
def peek_notifications(exchange, params):
    return {"channels": [], "notifications": []}


@route("/websocket/update_bus_presence", "/websocket/on_closed", kind="json", auth="public")
def bus_presence(exchange, params):
    return {}


@route(
    "/bus/has_missed_notifications",
    "/bus/get_autovacuum_info",
    "/bus/im_status",
    kind="json",
    auth="public",
)
def bus_poll(exchange, params):
    return False


@route("/mail/init_messaging", "/mail/load_message_failures", kind="json", auth="public", until=17)
def init_messaging(exchange, params):
    return {"channels": [], "current_user_id": exchange.uid, "needaction_inbox_counter": 0}


@route(
    "/mail/data",
    "/mail/thread/data",
    "/mail/inbox/messages",
    "/mail/history/messages",
    "/mail/starred/messages",
    "/mail/thread/messages",
    "/mail/action",
    kind="json",
    auth="public",
)
def mail_data(exchange, params):
    return {}


@route("/web/database/selector", "/web/database/manager", auth="none", csrf=False)
def database_pages(exchange):
    raise HttpError(403, "The database manager has been disabled by the administrator")


@route("/web/database/list", kind="json", auth="none")
def database_list(exchange, params):
    return [DATABASE]
