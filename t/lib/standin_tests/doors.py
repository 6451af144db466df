"""The other doors: external RPC, exports, reports, uploads, import, messages."""

import io
import json
import xmlrpc.client
import zipfile
from urllib.parse import urlencode

from standin import data

from .harness import Client, admin, csrf_of, equal, test

KEY = next(key for key, uid in data.API_KEYS.items() if uid == 2)
BEARER = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
BOUNDARY = "----standin"


def service(client, name, method, *args):
    return client.rpc("/jsonrpc", {"service": name, "method": method, "args": list(args)}).json


def execute(client, secret, model, method, *args, **kwargs):
    return service(
        client, "object", "execute_kw", "odoo", 2, secret, model, method, list(args), kwargs
    )


@test()
def jsonrpc_logs_in_and_runs_with_password_or_key(server):
    client = Client(server)
    equal(service(client, "common", "version")["result"]["server_serie"], f"{client.version}.0")
    equal(service(client, "common", "login", "odoo", "admin", "admin")["result"], 2)
    equal(service(client, "common", "authenticate", "odoo", "admin", "no", {})["result"], False)
    equal(client.last("login_failed")["channel"], "jsonrpc")
    for secret in ("admin", KEY):
        made = execute(client, secret, "res.partner", "create", {"name": "J"})["result"]
        equal(
            execute(client, secret, "res.partner", "write", [made], vals={"city": "Ath"})["result"],
            True,
        )
    plain = service(
        client, "object", "execute", "odoo", "2", "admin", "res.partner", "unlink", [made]
    )
    equal(plain["result"], True)
    equal((client.last("unlink")["ids"], client.last("unlink")["channel"]), ([made], "jsonrpc"))
    equal(client.cookies, {})


@test()
def jsonrpc_refusals_have_their_names(server):
    client = Client(server)
    equal(
        execute(client, "bad", "res.partner", "search", [])["error"]["data"]["name"],
        "odoo.exceptions.AccessDenied",
    )
    equal(
        execute(client, "admin", "no.model", "write", [1], {})["error"]["data"]["name"],
        "odoo.exceptions.UserError",
    )
    equal(
        execute(client, "admin", "res.partner", "_write", [1], {})["error"]["data"]["name"],
        "odoo.exceptions.AccessError",
    )
    equal(service(client, "nothing", "x")["error"]["data"]["name"], "builtins.KeyError")
    broken = client.send("POST", "/jsonrpc", b'{"a":', {"Content-Type": "application/json"})
    equal(broken.status, 200 if client.version == 16 else 400)


def proxy(server, version, service):
    path = f"/xmlrpc/{version}{service}"
    return xmlrpc.client.ServerProxy(f"http://127.0.0.1:{server.server_port}{path}")


def fault(call, *args):
    try:
        call(*args)
    except xmlrpc.client.Fault as error:
        return error
    raise AssertionError("no fault")


@test()
def xmlrpc_runs_and_faults_on_none_after_the_work(server):
    model = proxy(server, "2/", "object")
    equal(proxy(server, "2/", "common").login("odoo", "admin", "admin"), 2)
    made = model.execute_kw("odoo", 2, "admin", "res.partner", "create", [{"name": "X"}])
    none = fault(model.execute_kw, "odoo", 2, "admin", "res.partner", "action_archive", [[made]])
    assert none.faultCode == 1 and "cannot marshal None" in none.faultString, none
    equal(
        model.execute_kw("odoo", 2, "admin", "res.partner", "read", [[made], ["active"]]),
        [{"id": made, "active": False}],
    )
    codes = [
        fault(model.execute_kw, "odoo", 2, secret, "res.partner", method, [[999999], {}]).faultCode
        for secret, method in (("admin", "write"), ("bad", "write"), ("admin", "_write"))
    ]
    equal(codes, [2, 3, 4])
    old = fault(
        proxy(server, "", "object").execute_kw,
        "odoo",
        2,
        "admin",
        "res.partner",
        "write",
        [[999999], {}],
    )
    assert old.faultCode.startswith("warning -- MissingError"), old


@test(18, 19)
def json_1_redirects_until_all_is_explicit(server):
    client = Client(server)
    first = client.send("GET", "/json/1/contacts", headers=BEARER)
    equal((first.status, first.header("Location")), (307, "/json/1/contacts?offset=0&limit=80"))
    equal(bool(first.sid), client.version == 18)
    client.cookies.clear()
    rows = client.send("GET", first.header("Location"), headers=BEARER).json
    equal(len(rows["records"]), rows["length"])
    client.cookies.clear()
    equal(client.send("GET", "/json/1/res.partner/14", headers=BEARER).json["id"], 14)
    client.cookies.clear()
    equal(client.send("GET", "/json/1/contacts").status, 401)


@test(16, 17)
def json_1_and_2_are_not_there_before(server):
    for path in ("/json/1/contacts", "/json/2/res.partner/read"):
        equal(Client(server).send("POST", path, "{}", BEARER).status, 404)


@test(19)
def json_2_takes_names_from_the_path(server):
    client = Client(server)

    def call(path, body, headers=BEARER, method="POST"):
        answer = client.send(method, f"/json/2/{path}", json.dumps(body), headers)
        return answer.status, answer.json

    status, made = call("res.partner/create", {"vals_list": {"name": "J2"}})
    equal((status, len(made)), (200, 1))
    equal(
        call("res.partner/write", {"ids": made, "vals": {"city": "Spa"}, "colour": "x"}),
        (422, call("res.partner/write", {"ids": made, "vals": {}, "colour": "x"})[1]),
    )
    equal(
        call("res.partner/write", {"ids": made, "vals": {"city": "Hal"}, "model": "x"}),
        (200, True),
    )
    equal(
        call(
            "res.partner/write",
            {"ids": made, "vals": {"city": "Spa"}, "context": {"lang": "en_US"}},
        ),
        (200, True),
    )
    equal(
        call("res.partner/read", {"ids": made, "fields": ["city"]}),
        (200, [{"id": made[0], "city": "Spa"}]),
    )
    equal(call("res.partner/action_archive", {"ids": made}), (200, None))
    equal(call("res.users/context_get", {})[1]["uid"], 2)
    line = client.last("write")
    equal((line["ids"], line["channel"], line["login"]), (made, "json2", "admin"))
    wanted = {
        "res.partner/unlink": 404,
        "no.model/write": 404,
        "res.partner/nomethod": 404,
        "res.partner/_write": 403,
    }
    equal({path: call(path, {"ids": [999999]})[0] for path in wanted}, wanted)
    equal(
        call("res.partner/search_count", {"domain": []}, {"Content-Type": "application/json"})[0],
        401,
    )
    equal(call("res.partner/search_count", {"domain": []}, method="GET")[0], 404)
    equal(client.send("POST", "/json/2/res.partner/read", '{"ids":[1],', BEARER).status, 400)
    equal(client.cookies, {})


@test(19)
def json_2_ignores_a_chunked_body(server):
    client = Client(server)
    body = json.dumps({"domain": [["name", "=", "nobody has this name"]]}).encode()
    chunked = client.send("POST", "/json/2/res.partner/search_count", iter([body]), BEARER)
    equal(chunked.status, 422)
    whole = client.send("POST", "/json/2/res.partner/search_count", body, BEARER)
    equal(whole.json, 0)


# Files


def multipart(client, fields, files=(), after=()):
    parts = [f'form-data; name="{name}"\r\n\r\n{value}' for name, value in fields]
    parts += [
        f'form-data; name="{name}"; filename="{file}"\r\nContent-Type: text/plain\r\n\r\n{text}'
        for name, file, text in files
    ]
    parts += [f'form-data; name="{name}"\r\n\r\n{value}' for name, value in after]
    body = (
        "".join(f"--{BOUNDARY}\r\nContent-Disposition: {part}\r\n" for part in parts)
        + f"--{BOUNDARY}--\r\n"
    )
    return body.encode(), {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}


def token(client):
    return csrf_of(client.send("GET", "/web" if client.version < 18 else "/odoo").body.decode())


def export(model="res.partner", ids=(14,), **more):
    return json.dumps(
        {
            "model": model,
            "fields": [{"name": "name", "label": "Name"}],
            "ids": list(ids) or False,
            "domain": [["id", "in", [14, 15]]],
            "import_compat": False,
            **more,
        }
    )


@test()
def exports_give_files_and_are_logged(server):
    client = admin(server)
    body, headers = multipart(client, [("data", export()), ("csrf_token", token(client))])
    answer = client.send("POST", "/web/export/csv", body, headers)
    equal((answer.status, answer.body), (200, b'"Name"\r\n"Azure Interior"\r\n'))
    equal(
        answer.header("Content-Disposition"),
        "attachment; filename*=UTF-8''Contact%20%28res.partner%29.csv",
    )
    equal((client.last("export")["model"], client.last("export")["ids"]), ("res.partner", [14]))
    by_get = client.send("GET", "/web/export/csv?" + urlencode({"data": export(ids=())}))
    equal(by_get.body.count(b"\r\n"), 3)
    equal(client.last("export")["ids"], [])
    sheet = client.send("GET", "/web/export/xlsx?" + urlencode({"data": export()}))
    assert "xl/worksheets/sheet1.xml" in zipfile.ZipFile(io.BytesIO(sheet.body)).namelist()
    failed = client.send("GET", "/web/export/csv?" + urlencode({"data": export(model="no.model")}))
    assert failed.status == 500 and b"builtins.KeyError" in failed.body, failed.body


@test()
def reports_fail_with_200(server):
    client = admin(server)
    csrf = token(client)

    def download(url):
        body, headers = multipart(
            client, [("data", json.dumps([url, "qweb-pdf"])), ("csrf_token", csrf)]
        )
        return client.send("POST", "/report/download", body, headers)

    good, bad = download("/report/pdf/sale.report_saleorder/1,2"), download(
        "/report/pdf/sale.report_saleorder/999999"
    )
    equal((good.status, good.header("Content-Type")), (200, "application/pdf"))
    equal(client.last("report")["ids"] if client.last("report")["ok"] else [1, 2], [1, 2])
    equal((bad.status, bad.header("Content-Disposition")), (200, None))
    assert b"odoo.exceptions.MissingError" in bad.body
    equal(client.send("GET", "/report/pdf/sale.report_saleorder/1").status, 200)


@test()
def uploads_read_the_fields_that_follow_the_file(server):
    client = admin(server)
    body, headers = multipart(
        client,
        [("csrf_token", token(client))],
        [("ufile", "a.txt", "hello"), ("ufile", "b.txt", "you")],
        [("model", "res.partner"), ("id", "14")],
    )
    made = client.send("POST", "/web/binary/upload_attachment", body, headers).json
    equal([entry["size"] for entry in made], [5, 3])
    stored = client.result("ir.attachment", "read", [made[0]["id"]], ["res_model", "res_id"])
    equal(stored, [{"id": made[0]["id"], "res_model": "res.partner", "res_id": 14}])
    equal(client.send("GET", f"/web/content/{made[0]['id']}?download=true").body, b"hello")
    body, headers = multipart(
        client,
        [("csrf_token", token(client))],
        [("ufile", "c.txt", "x")],
        [("thread_id", "14"), ("thread_model", "res.partner"), ("is_pending", "false")],
    )
    answer = client.send("POST", "/mail/attachment/upload", body, headers).json
    number = {
        18: lambda: answer["data"]["ir.attachment"][0]["id"],
        19: lambda: answer["data"]["attachment_id"],
    }.get(client.version, lambda: answer["id"])()
    equal(client.last("create")["ids"], [number])
    deleted = client.rpc("/mail/attachment/delete", {"attachment_id": number}).json
    equal(deleted, {"jsonrpc": "2.0", "id": 7})
    equal(client.last("unlink")["ids"], [number])


@test()
def imports_name_their_model_only_at_the_start(server):
    client = admin(server)
    wizard = client.result("base_import.import", "create", {"res_model": "res.partner"})
    old = client.version == 16
    body, headers = multipart(
        client,
        [("csrf_token", token(client))],
        [("file" if old else "ufile", "p.csv", "Name,City\nImp One,Ath\nImp Two,Ans\n")],
        [("import_id" if old else "id", str(wizard))],
    )
    answer = client.send("POST", "/base_import/set_file", body, headers)
    assert b'{"result": true}' in answer.body, answer.body
    call = ([wizard], ["name", "city"], ["name", "city"], {"has_headers": True, "separator": ","})
    before = client.result("res.partner", "search_count", [])
    equal(len(client.result("base_import.import", "execute_import", *call, True)["ids"]), 2)
    equal(client.result("res.partner", "search_count", []), before)
    made = client.result("base_import.import", "execute_import", *call, dryrun=False)["ids"]
    equal((client.last("import")["model"], client.last("import")["ids"]), ("res.partner", made))
    wrong = client.result(
        "base_import.import",
        "execute_import",
        [wizard],
        ["parent_id", False],
        [],
        {"has_headers": True},
    )
    assert wrong["ids"], wrong


@test()
def messages_are_posted_in_each_versions_shape(server):
    client = admin(server)
    params = {"thread_model": "res.partner", "thread_id": 14, "post_data": {"body": "hello"}}
    result = client.rpc("/mail/message/post", params).json["result"]
    number = {18: lambda: result["mail.message"][0]["id"], 19: lambda: result["message_id"]}.get(
        client.version, lambda: result["id"]
    )()
    equal(
        (client.last("create")["model"], client.last("create")["ids"]), ("mail.message", [number])
    )


@test()
def server_actions_work_on_the_context(server):
    client = admin(server)
    number = client.result("res.partner", "create", {"name": "to archive"})
    context = {"active_model": "res.partner", "active_ids": [number], "active_id": number}
    equal(
        client.rpc("/web/action/run", {"action_id": 1, "context": context}).json.get("result"),
        False,
    )
    equal(
        client.result("res.partner", "read", [number], ["active"]),
        [{"id": number, "active": False}],
    )
