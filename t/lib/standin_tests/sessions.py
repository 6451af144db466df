"""Cookies, logging in and out, rotation, what ends a session."""

import base64
import json
import re
import time
from urllib.parse import urlencode

from standin import data, totp

from .harness import FORM, Client, admin, csrf_of, equal, test


@test()
def anonymous_visitors_get_a_cookie_of_the_right_form(server):
    client = Client(server)
    answer = client.send("GET", "/web/login")
    cookie = next(value for key, value in answer.headers if key == "Set-Cookie")
    pattern, age = (
        (r"[0-9a-f]{40}", 7776000)
        if client.version == 16
        else ((r"[0-9a-f]{40}", 604800) if client.version == 17 else (r"[\w-]{84}", 604800))
    )
    assert re.fullmatch(
        rf"session_id={pattern}; Expires=[^;]+ GMT; Max-Age={age}; HttpOnly; Path=/", cookie
    ), cookie
    equal(client.send("GET", "/web/login").sid, None)


@test()
def a_form_login_renews_the_id_and_leads_to_the_client(server):
    client = Client(server)
    client.send("GET", "/web/login")
    before = client.sid()
    answer = client.login()
    equal(
        (answer.status, answer.header("Location")),
        (303, "/web" if client.version < 18 else "/odoo"),
    )
    assert client.sid() != before and len(client.sid()) == len(before)
    page = client.send("GET", answer.header("Location")).body.decode()
    info = json.loads(re.search(r"odoo\.__session_info__ = (\{.*\});", page)[1])
    equal(
        (info["uid"], info["username"], info["is_system"], info["db"]), (2, "admin", True, "odoo")
    )
    equal(client.last("login")["ids"], [2])


@test()
def a_wrong_password_is_a_page_and_no_cookie(server):
    client = Client(server)
    answer = client.login(password="wrong")
    equal((answer.status, answer.sid), (200, None))
    assert b"Wrong login/password" in answer.body
    equal(
        (client.last("login_failed")["login"], client.last("login_failed")["ok"]), ("admin", False)
    )


@test()
def a_login_without_csrf_token_is_refused(server):
    answer = Client(server).send(
        "POST", "/web/login", urlencode({"login": "admin", "password": "admin"}), FORM
    )
    equal(answer.status, 400)


@test()
def a_second_factor_is_asked_and_checked(server):
    client = Client(server)
    first = client.login("totp")
    equal((first.status, first.header("Location")), (303, "/web/login/totp"))
    before = client.sid()
    page = client.send("GET", "/web/login/totp").body.decode()
    wrong = client.send(
        "POST",
        "/web/login/totp",
        urlencode({"csrf_token": csrf_of(page), "totp_token": "000000"}),
        FORM,
    )
    equal((wrong.status, client.sid()), (200, before))
    right = {
        "csrf_token": csrf_of(page),
        "totp_token": totp.code(data.TOTP_SECRET),
        "remember": "1",
    }
    named = {**FORM, "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Firefox/128.0"}
    done = client.send("POST", "/web/login/totp", urlencode(right), named)
    equal(done.status, 303)
    assert client.sid() != before and "td_id" in client.cookies
    client.send("GET", "/web/session/logout")
    client.login("totp")
    equal(client.send("GET", "/web/login/totp").status, 303)


@test()
def codes_are_those_of_rfc_6238(_):
    secret = base64.b32encode(b"12345678901234567890").decode()
    equal(
        [totp.code(secret, moment) for moment in (59, 1111111109, 2000000000)],
        ["287082", "081804", "279037"],
    )


@test()
def json_login_tells_the_uid_or_nothing_or_an_error(server):
    client = Client(server)
    path, good = "/web/session/authenticate", {"db": "odoo", "login": "admin", "password": "admin"}
    done = client.rpc(path, good)
    equal(done.json["result"]["uid"], 2)
    cookies = [value for name, value in done.headers if name == "Set-Cookie"]
    equal((len(cookies), len(set(cookies))), (2 if client.version == 19 else 1, 1))
    equal(
        client.rpc(path, {**good, "login": "totp", "password": "totp"}).json["result"],
        {"uid": None},
    )
    failed = client.rpc(path, {**good, "password": "no"})
    equal(
        (failed.json["error"]["data"]["name"], failed.sid), ("odoo.exceptions.AccessDenied", None)
    )
    equal(failed.json["error"]["code"], 0 if client.version == 19 else 200)
    other = client.rpc(path, {**good, "db": "other"}).json["error"]["data"]
    equal((other["name"], other["message"]), ("odoo.exceptions.AccessError", "Database not found."))


@test()
def logout_brings_a_new_anonymous_id(server):
    for path, method in (("/web/session/logout", "GET"), ("/web/session/destroy", "POST")):
        client = admin(server)
        before = client.sid()
        answer = (
            client.rpc(path, {}, method=method) if method == "POST" else client.send(method, path)
        )
        equal(answer.status, 200 if method == "POST" else 303)
        assert client.sid() not in (before, None)
        equal(client.error("res.partner", "search", []), "odoo.http.SessionExpiredException")


@test()
def an_unknown_id_is_adopted_and_an_expired_one_refused(server):
    client = Client(server)
    made_up = "a" * (40 if client.version <= 17 else 84)
    client.cookies["session_id"] = made_up
    equal(client.send("GET", "/web/login").sid, None)
    answer = client.rpc("/web/session/get_session_info", {})
    equal((answer.status, answer.json["id"], answer.json["error"]["code"]), (200, None, 100))
    equal(
        (answer.json["error"]["data"]["name"], answer.sid),
        ("odoo.http.SessionExpiredException", None),
    )


@test()
def a_lost_session_sends_pages_to_the_login(server):
    client = admin(server)
    client.send("GET", f"/_standin/expire?session_id={client.sid()}")
    equal(client.error("res.partner", "search", []), "odoo.http.SessionExpiredException")
    page = client.send("GET", "/web" if client.version <= 17 else "/odoo/contacts")
    wanted = "/web/login" if client.version <= 17 else "/web/login?redirect=%2Fodoo%2Fcontacts%3F"
    equal((page.status, page.header("Location"), page.sid), (303, wanted, None))


@test()
def a_password_change_ends_the_users_other_sessions(server):
    other = Client(server)
    other.login("portal")
    equal(admin(server).result("res.users", "write", [7], {"password": "portal"}), True)
    equal(other.result("res.users", "context_get")["uid"], 7)
    equal(admin(server).result("res.users", "write", [7], {"password": "new"}), True)
    equal(other.error("res.users", "context_get"), "odoo.http.SessionExpiredException")
    page = other.send("GET", "/my")
    assert page.status == 303 and page.sid
    admin(server).result("res.users", "write", [7], {"password": "portal"})


@test()
def the_first_of_several_cookies_counts_and_quotes_are_removed(server):
    client = admin(server)
    sid = client.sid()
    for cookie, known in (
        (f"session_id={sid}; session_id={'b' * len(sid)}", True),
        (f'session_id="{sid}"', True),
        (f"session_id={'b' * len(sid)}; session_id={sid}", False),
        (f"Session_id={sid}", False),
    ):
        fresh = Client(server)
        body = json.dumps({"params": {}})
        answer = fresh.send(
            "POST",
            "/web/session/check",
            body,
            {"Content-Type": "application/json", "Cookie": cookie},
        )
        equal((cookie, "error" in answer.json), (cookie, not known))


@test(16, 17, old_carriers=True)
def early_versions_take_the_id_from_query_and_header(server):
    sid = admin(server).sid()
    for path, headers in (
        (f"/web/session/check?session_id={sid}", {}),
        ("/web/session/check", {"X-Openerp-Session-Id": sid}),
    ):
        answer = Client(server).send(
            "POST", path, "{}", {"Content-Type": "application/json", **headers}
        )
        assert "error" not in answer.json and answer.sid is None, answer.body


@test()
def query_and_header_carry_no_id_otherwise(server):
    sid = admin(server).sid()
    answer = Client(server).send(
        "POST",
        f"/web/session/check?session_id={sid}",
        "{}",
        {"Content-Type": "application/json", "X-Openerp-Session-Id": sid},
    )
    equal(answer.json["error"]["code"], 100)


@test(19, rotate="0.2", rotate_grace="0.6")
def soft_rotation_keeps_the_first_half(server):
    client = admin(server)
    old = client.sid()
    time.sleep(0.25)
    client.result("res.users", "context_get")
    new = client.sid()
    assert new != old and new[:42] == old[:42]
    late = Client(server)
    late.cookies["session_id"] = old
    late.result("res.users", "context_get")
    equal(late.sid()[:42], old[:42])
    time.sleep(0.7)
    late.cookies["session_id"] = old
    equal(late.error("res.users", "context_get"), "odoo.http.SessionExpiredException")


@test()
def become_keeps_the_id_and_changes_the_user(server):
    client = admin(server)
    before = client.sid()
    equal(client.send("GET", "/web/become").status, 303)
    equal((client.result("res.users", "context_get")["uid"], client.sid()), (1, before))


@test()
def own_password_change_asks_for_the_password_first(server):
    client = Client(server)
    client.login("demo")
    before = client.sid()
    dialog = client.result("res.users", "preference_change_password", [6])
    equal(dialog["res_model"], "res.users.identitycheck")
    wizard = dialog["res_id"]
    client.result("res.users.identitycheck", "write", [wizard], {"password": "demo"})
    equal(
        client.result("res.users.identitycheck", "run_check", [wizard])["res_model"],
        "change.password.own",
    )
    assert client.sid() != before
    own = client.result(
        "change.password.own", "create", {"new_password": "demo2", "confirm_password": "demo2"}
    )
    client.result("change.password.own", "change_password", [own])
    equal(client.error("res.users", "context_get"), "odoo.http.SessionExpiredException")
    admin(server).result("res.users", "write", [6], {"password": "demo"})
