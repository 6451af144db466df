"""Calls: bodies, paths, methods, shapes of results and failures."""

import json

from .harness import Client, admin, equal, test


@test()
def records_are_made_changed_found_and_deleted(server):
    client = admin(server)
    number = client.result("res.partner", "create", {"name": "Ada", "city": "Ghent"})
    many = client.result("res.partner", "create", [{"name": "Bob"}, {"name": "Cy"}])
    assert isinstance(number, int) and len(many) == 2, (number, many)
    equal(client.result("res.partner", "write", [number], {"city": "Lier"}), True)
    equal(
        client.result("res.partner", "read", [number], ["name", "city"]),
        [{"id": number, "name": "Ada", "city": "Lier"}],
    )
    equal(
        client.result("res.partner", "search", ["|", ["name", "=", "Ada"], ["name", "=", "Bob"]]),
        [number, many[0]],
    )
    equal(client.result("res.partner", "unlink", [number, 999999]), True)
    equal(client.result("res.partner", "read", [number], ["name"]), [])
    line = client.last("unlink")
    equal(
        (line["model"], line["ids"], line["login"], line["ok"]),
        ("res.partner", [number, 999999], "admin", True),
    )


@test(17, 18, 19)
def web_save_makes_or_changes_and_shows_the_next(server):
    client = admin(server)
    made = client.result("res.partner", "web_save", [], {"name": "W"}, specification={"name": {}})
    equal(made, [{"id": made[0]["id"], "name": "W"}])
    changed = client.result(
        "res.partner", "web_save", [made[0]["id"]], {"name": "W2"}, specification={}
    )
    equal(changed, [{"id": made[0]["id"]}])
    shown = client.result(
        "res.partner", "web_save", [], {"name": "W3"}, specification={}, next_id=14
    )
    equal(shown, [{"id": 14}])
    line = client.last("create")
    equal((line["method"], line["ids"]), ("web_save", [made[0]["id"] + 1]))


@test(16)
def web_save_does_not_exist_in_16(server):
    equal(
        admin(server).error("res.partner", "web_save", [], {"name": "x"}, specification={}),
        "builtins.AttributeError",
    )


@test()
def copies_and_archives_answer_in_their_versions_shape(server):
    client = admin(server)
    ids = client.result("res.partner", "create", [{"name": "A"}, {"name": "B"}])
    one = client.result("res.partner", "copy", ids[:1])
    equal(isinstance(one, list), client.version >= 18)
    archived = client.call("res.partner", "action_archive", ids)
    assert "result" not in archived and "error" not in archived, archived
    equal(client.result("res.partner", "search_count", [["id", "in", ids]]), 0)
    equal(
        client.result("res.partner", "search_count", [["id", "in", ids], ["active", "=", False]]), 2
    )
    if client.version == 17:
        equal(len(client.result("res.partner", "copy_multi", ids)), 2)


@test()
def recordsets_are_text_before_19(server):
    client = admin(server)
    made = client.result("res.partner", "activity_schedule", [14], summary="x")
    assert (
        isinstance(made, list) if client.version == 19 else made.startswith("mail.activity(")
    ), made
    posted = client.result("res.partner", "message_post", [14], body="hello")
    equal(isinstance(posted, list), client.version == 19)


@test()
def the_body_decides_not_the_path(server):
    client = admin(server)
    params = {"model": "res.partner", "method": "write", "args": [[14], {"ref": "x"}], "kwargs": {}}
    for path in (
        "call_kw",
        "call_kw/sale.order/unlink",
        "%63all_kw/res.partner/read",
        "call_kw/",
        "call_kw?x=1",
        "call_kw/../../x",
    ):
        answer = client.rpc(f"/web/dataset/{path}", params)
        equal((path, answer.json.get("result")), (path, True))
    equal(client.last("write")["ids"], [14])


@test()
def paths_match_as_werkzeug_matches_them(server):
    client = admin(server)
    params = {"model": "res.partner", "method": "search_count", "args": [[]], "kwargs": {}}
    for path, status in (
        ("//web/dataset/call_kw", 200),
        ("/web%2Fdataset%2Fcall_kw", 200),
        ("/call%255Fkw", 404),
        ("/Web/dataset/call_kw", 404),
        ("/web/./dataset/call_kw", 404),
        ("/fr/web/dataset/call_kw", 200),
        ("/fr//web/dataset/call_kw", 200),
        ("/web//dataset/call_kw", 308),
        ("http://any.host/web/dataset/call_kw", 200),
        ("/web/dataset/call_kw;a=b", 404),
    ):
        equal((path, client.rpc(path, params).status), (path, status))
    for verb in ("GET", "PUT", "BREW", "OPTIONS"):
        equal((verb, client.rpc("/web/dataset/call_kw", params, method=verb).status), (verb, 200))


@test()
def call_button_throws_results_away_but_runs_anything(server):
    client = admin(server)
    number = client.result("res.partner", "create", {"name": "gone"})
    params = {"model": "res.partner", "method": "unlink", "args": [[number]], "kwargs": {}}
    tail = client.rpc("/web/dataset/call_button/res.partner/unlink", params)
    equal(tail.status, 404 if client.version <= 17 else 200)
    equal(
        client.rpc(
            "/web/dataset/call_button", {**params, "method": "write", "args": [[14], {}]}
        ).json["result"],
        False,
    )
    order = client.result("sale.order", "create", {"partner_id": 14})
    button = {"model": "sale.order", "method": "action_confirm", "args": [[order]], "kwargs": {}}
    equal(client.rpc("/web/dataset/call_button", button).json["result"], False)
    equal(client.last("call")["ids"], [order])
    again = client.rpc("/web/dataset/call_button", button).json["error"]["data"]
    equal(again["name"], "odoo.exceptions.UserError")


@test()
def resequence_is_a_route_or_a_method(server):
    client = admin(server)
    route = client.rpc("/web/dataset/resequence", {"model": "crm.stage", "ids": [2, 1]})
    if client.version == 19:
        equal(route.status, 404)
        rows = client.result("crm.stage", "web_resequence", [2, 1], specification={"sequence": {}})
        equal(rows, [{"id": 2, "sequence": 0}, {"id": 1, "sequence": 1}])
    else:
        equal(route.json["result"], True)
    equal(client.last("write")["ids"], [2, 1])


@test()
def refusals_have_their_names_and_leave_nothing(server):
    client, demo = admin(server), Client(server)
    demo.login("demo")
    access, missing = "odoo.exceptions.AccessError", "odoo.exceptions.MissingError"
    equal(demo.error("res.users", "unlink", [2]), access)
    equal(demo.error("ir.config_parameter", "search_read", []), access)
    equal(demo.error("res.users", "write", [6], {"groups_id": [[4, 3]]}), access)
    equal(demo.result("res.users", "write", [6], {"signature": "x"}), True)
    equal(client.error("res.partner", "_write", [14], {}), access)
    equal(client.error("res.partner", "write", [999999], {"name": "x"}), missing)
    equal(
        client.error("res.partner", "write", [14], {"parent_id": 14}),
        "odoo.exceptions.ValidationError",
    )
    equal(
        client.error("res.partner.category", "create", {"color": 1}),
        "odoo.exceptions.ValidationError",
    )
    equal(client.error("res.partner", "unlink", [3]), "odoo.exceptions.RedirectWarning")
    wrong_field = "builtins.KeyError" if client.version == 19 else "builtins.ValueError"
    equal(client.error("res.partner", "write", [14], {"no_such_field": 1}), wrong_field)
    equal(
        client.error("res.users", "create", [{"name": "dup", "login": "demo"}]),
        "odoo.exceptions.ValidationError",
    )
    equal(client.error("res.partner", "no_such_method", [1]), "builtins.AttributeError")
    before = client.result("res.partner", "search_count", [])
    assert "error" in client.call("res.partner", "create", [{"name": "good"}, {"no_such_field": 1}])
    equal(client.result("res.partner", "search_count", []), before)
    equal(client.last("create")["ok"], False)


@test()
def unknown_models_fail_by_version(server):
    answer = admin(server).call("no.such.model", "write", [1], {"a": 1})
    wanted = (
        (7, 200, "builtins.KeyError")
        if server.app.version.major <= 17
        else (None, 404, "werkzeug.exceptions.NotFound")
    )
    equal((answer["id"], answer["error"]["code"], answer["error"]["data"]["name"]), wanted)


@test()
def ids_come_in_several_shapes(server):
    client = admin(server)
    equal(client.result("res.partner", "write", 14, {"ref": "bare"}), True)
    equal(client.result("res.partner", "write", [], {"ref": "none"}), True)
    equal(client.result("res.partner", "write", False, {"ref": "none"}), True)
    assert client.error("res.partner", "write", "14", {"ref": "text"}).startswith(
        "psycopg2.errors."
    )
    assert client.error("res.partner", "write", [14.0], {"ref": "float"}).startswith(
        "psycopg2.errors."
    )
    keyword = {
        "model": "res.partner",
        "method": "write",
        "args": [],
        "kwargs": {"ids": [14], "vals": {"ref": "x"}},
    }
    equal(
        client.rpc("/web/dataset/call_kw", keyword).json["error"]["data"]["name"],
        "builtins.IndexError",
    )
    equal(client.result("res.partner", "write", [14], vals={"ref": "named"}), True)
    equal(client.result("res.partner", "read", [14], ["ref"]), [{"id": 14, "ref": "named"}])


def raw_call(client, body, content_type="application/json"):
    return client.send("POST", "/web/dataset/call_kw", body, {"Content-Type": content_type})


@test()
def json_is_read_as_python_reads_it(server):
    client = admin(server)
    call = '"model":"res.partner","method":"write","args":[[14],{"ref":"%s"}],"kwargs":{}'
    good = [
        '{"params":{%s}}' % call % "plain",
        '{"params":{"model":"sale.order",%s}}' % call % "last key wins",
        '{"params":{%s}}' % (call % "e").replace("model", r"\u006dodel"),
        '{"id":NaN,"params":{%s}}' % call % "nan",
        ' \r\n{"params":{%s}}\t' % call % "blank",
    ]
    for body in [
        *(text.encode() for text in good),
        b'{"params":{%s}}' % (call % "@").encode().replace(b"@", b"\xff\xfe"),
    ]:
        equal((body, raw_call(client, body).json.get("result")), (body, True))
    equal(
        raw_call(client, good[0].encode(), "application/json-rpc; charset=latin-1").json["result"],
        True,
    )
    bad = raw_call(client, good[0].encode(), "text/plain")
    equal(bad.status, 415 if client.version == 19 else 400)
    for body in (
        b"\xef\xbb\xbf" + good[0].encode(),
        good[0].encode() + b"x",
        b"",
        b'{"params":{"model":\'x\'}}',
    ):
        broken(client, raw_call(client, body))


def broken(client, answer):
    if client.version == 17:
        equal((answer.status, answer.body), (400, b"Invalid JSON data"))
        return
    name = (
        "werkzeug.exceptions.BadRequest" if client.version == 16 else "json.decoder.JSONDecodeError"
    )
    equal(
        (answer.status, answer.json["id"], answer.json["error"]["data"]["name"]), (200, None, name)
    )


@test()
def params_may_be_pairs_only_before_18(server):
    client = admin(server)
    pairs = [["model", "res.partner"], ["method", "search_count"], ["args", [[]]], ["kwargs", {}]]
    answer = client.rpc("/web/dataset/call_kw", pairs).json
    equal("result" in answer, client.version <= 17)
    whole = raw_call(client, b"[1,2,3]")
    equal(whole.status, {16: 500, 17: 400, 18: 200, 19: 200}[client.version])
    none = raw_call(client, b'{"id":5}').json
    wanted = (5, "builtins.TypeError") if client.version <= 17 else (None, "builtins.KeyError")
    equal((none["id"], none["error"]["data"]["name"]), wanted)


@test()
def deep_nesting_is_an_ordinary_error(server):
    client = admin(server)
    answer = raw_call(client, b"[" * 100000)
    assert answer.status in (200, 400), answer.status


@test()
def chunked_bodies_are_read(server):
    client = admin(server)
    body = json.dumps(
        {"params": {"model": "res.partner", "method": "search_count", "args": [[]], "kwargs": {}}}
    ).encode()
    answer = client.send(
        "POST",
        "/web/dataset/call_kw",
        iter([body[:9], body[9:10], body[10:]]),
        {"Content-Type": "application/json"},
    )
    assert answer.json["result"] > 5, answer.body


@test()
def groups_are_asked_in_each_versions_way(server):
    client = admin(server)
    old = client.call("res.users", "has_group", "base.group_system")
    new = client.call("res.users", "has_group", [2], "base.group_system")
    good, bad = (old, new) if client.version <= 17 else (new, old)
    equal(good.get("result"), True)
    assert "error" in bad, bad


@test()
def many_values_make_and_unmake_lines(server):
    client = admin(server)
    number = client.result(
        "res.partner", "create", {"name": "Parent", "child_ids": [[0, 0, {"name": "Child"}]]}
    )
    (child,) = client.result("res.partner", "search", [["parent_id", "=", number]])
    client.result(
        "res.partner",
        "write",
        [number],
        {"child_ids": [[1, child, {"city": "Aalst"}]], "category_id": [[6, 0, [1, 2]]]},
    )
    equal(
        client.result("res.partner", "read", [child], ["city", "parent_id"]),
        [{"id": child, "city": "Aalst", "parent_id": [number, "Parent"]}],
    )
    client.result("res.partner", "write", [number], {"child_ids": [[2, child]]})
    equal(client.result("res.partner", "read", [child], ["city"]), [])


@test(16)
def old_dataset_routes_exist_in_16(server):
    client = admin(server)
    found = client.rpc(
        "/web/dataset/search_read",
        {"model": "res.partner", "fields": ["name"], "domain": [], "limit": 2},
    ).json
    equal(len(found["result"]["records"]), 2)
    made = client.rpc(
        "/web/dataset/call", {"model": "res.partner", "method": "create", "args": [{"name": "c"}]}
    ).json
    assert isinstance(made["result"], int), made
