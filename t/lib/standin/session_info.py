"""What Odoo says about a session: the JSON of get_session_info and of its pages."""

import hashlib

from . import data
from .versions import DATABASE

_VIEWS = {
    kind: {
        "display_name": kind.title(),
        "icon": f"oi oi-view-{kind}",
        "multi_record": kind != "form",
    }
    for kind in ("list", "form", "graph", "pivot", "calendar", "kanban", "search", "activity")
}
_COMPANY = {"id": 1, "name": "YourCompany", "sequence": 0}


def _digest(text):
    return hashlib.sha1(text.encode()).hexdigest()


def _base_url(exchange):
    # Odoo's default proxy_mode looks at X-Forwarded-Host, which mod_proxy sends.
    return (
        f"http://{exchange.request.header('X-Forwarded-Host') or exchange.request.header('Host')}"
    )


def session_info(exchange):
    """Keys and their order as each version sends them."""
    major, user = exchange.version.major, exchange.user
    groups = user.get("_groups", set())
    internal = data.INTERNAL in groups
    info = {
        "uid": exchange.uid,
        "is_system": data.SYSTEM in groups,
        "is_admin": exchange.uid == 1 or data.ACCESS_RIGHTS in groups,
    }
    if major >= 18:
        info["is_public"] = False
    if major >= 17:
        info["is_internal_user"] = internal
    context = {"lang": "en_US", "tz": user.get("tz") or "UTC", "uid": exchange.uid}
    info.update(user_context=context, db=DATABASE)
    if major >= 19:
        info["registry_hash"] = hashlib.sha256(b"registry").hexdigest()
    if major >= 17:
        info["user_settings"] = {"id": exchange.uid, "user_id": {"id": exchange.uid}}
    info.update(_server(exchange), **_person(exchange, user))
    info.update(_limits(exchange, major))
    if major >= 19:
        info["groups"] = {data.EXPORT: data.EXPORT in groups}
    if internal:
        info["user_companies"] = _companies(major)
    return {**info, **_tail(exchange, major)}


def _server(exchange):
    major = exchange.version.major
    return {
        "server_version": exchange.version.name,
        "server_version_info": [major, 0, 0, "final", 0, ""],
        "support_url": "https://www.odoo.com/buy",
    }


def _person(exchange, user):
    major = exchange.version.major
    person = {"name": user["name"], "username": user["login"]}
    if major >= 19:
        person["quick_login"] = True
    if major >= 18:
        person["partner_write_date"] = "2026-01-01 00:00:00"
    person["partner_display_name"] = f"YourCompany, {user['name']}"
    if major == 16:
        person["company_id"] = 1
    return {**person, "partner_id": user["partner_id"], "web.base.url": _base_url(exchange)}


def _limits(exchange, major):
    limits = {
        "active_ids_limit": 20000,
        "profile_session": None,
        "profile_collectors": None,
        "profile_params": None,
        "max_file_upload_size": 134217728,
        "home_action_id": False,
    }
    if major <= 18:
        limits["cache_hashes"] = {
            "translations": _digest("translations"),
            "load_menus": _digest("menus"),
        }
    named = {"name": "USD"} if major >= 19 else {}
    limits["currencies"] = {"1": {**named, "symbol": "$", "position": "before", "digits": [69, 2]}}
    limits["bundle_params"] = {"lang": "en_US"}
    if major >= 18:
        limits.update(test_mode=False, view_info=_VIEWS)
    return limits


def _companies(major):
    company = _COMPANY if major == 16 else {**_COMPANY, "child_ids": [], "parent_id": False}
    companies = {"current_company": 1, "allowed_companies": {"1": company}}
    return companies if major == 16 else {**companies, "disallowed_ancestor_companies": {}}


def _tail(exchange, major):
    tail = {"show_effect": True}
    if major <= 18:
        tail["display_switch_company_menu"] = False
    if major <= 17:
        tail["user_id"] = [exchange.uid]
    else:
        tail["websocket_worker_version"] = exchange.version.websocket_version
    return tail


def frontend_info(exchange):
    """What login and portal pages embed under the same variable: no user name in it."""
    major, uid = exchange.version.major, exchange.uid
    info = {"is_admin": False, "is_system": False}
    if major >= 18:
        info["is_public"] = uid is None
    info["is_website_user"] = False
    info["user_id" if major <= 17 else "uid"] = uid if uid else (False if major <= 17 else None)
    return {
        **info,
        "is_frontend": True,
        "profile_session": None,
        "show_effect": True,
        "bundle_params": {"lang": "en_US"},
        "translationURL": "/website/translations",
    }
