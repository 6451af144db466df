"""Exports, reports, uploads, downloads, import files and messages."""

import base64
import csv
import html
import io
import json
import re
import zipfile
from urllib.parse import quote
from xml.sax.saxutils import escape

from . import data, pages, registry, rpc_routes
from .errors import OdooError, not_found, rpc_error
from .orm import normalise_ids
from .routing import route
from .wire import Part, file_response, html_response, json_response

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
XLSX_PARTS = (
    "[Content_Types].xml",
    "_rels/.rels",
    "xl/workbook.xml",
    "xl/_rels/workbook.xml.rels",
    "xl/worksheets/sheet1.xml",
)
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
REPORT_MODELS = {"sale.report_saleorder": "sale.order", "account.report_invoice": "account.move"}


class BadData(OdooError):
    name = "builtins.ValueError"


def _form_json(exchange, name):
    """A form field with JSON in it; the pivot of 19 sends it as a file part."""
    value = exchange.request.params().get(name, "")
    text = value.content.decode("utf-8", "replace") if isinstance(value, Part) else value
    return json.loads(text)


# Export


def _export_rows(exchange, wanted):
    env = exchange.env(wanted.get("context"))
    model, ids = wanted["model"], wanted.get("ids")
    if not exchange.app.registry.known(model):
        raise KeyError(model)
    names = [field["name"] for field in wanted["fields"]]

    def work():
        records = exchange.app.registry.records(env, model, ())
        chosen = normalise_ids(ids) or records._search(wanted.get("domain") or [])
        env.note("export", model, normalise_ids(ids))
        return records._with(chosen)._exported(names)

    rows = rpc_routes.logged(exchange, env, model, exchange.request.path, "http", [ids], work)
    return [field.get("label") or field["name"] for field in wanted["fields"]], rows


def _csv(head, rows):
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerow(head)
    # As Odoo does, so that no spreadsheet takes a cell for a formula.
    writer.writerows(
        [["'" + cell if cell[:1] in ("=", "-", "+") else cell for cell in row] for row in rows]
    )
    return out.getvalue().encode()


def _xlsx_row(row):
    cells = (f'<c t="inlineStr"><is><t>{escape(str(cell))}</t></is></c>' for cell in row)
    return f"<row>{''.join(cells)}</row>"


def _xlsx(head, rows):
    """The smallest package that a spreadsheet program opens."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in XLSX_PARTS:
            rendered = pages.fill(f"xlsx/{name}", rows="".join(map(_xlsx_row, [head, *rows])))
            archive.writestr(name, rendered)
    return out.getvalue()


def _export_name(model, ending):
    return quote(f"{data.MODELS[model][0]} ({model}).{ending}", safe="")


@route("/web/export/csv")
def export_csv(exchange):
    wanted = _form_json(exchange, "data")
    content = _csv(*_export_rows(exchange, wanted))
    return file_response(content, "text/csv;charset=utf8", _export_name(wanted["model"], "csv"))


@route("/web/export/xlsx")
def export_xlsx(exchange):
    wanted = _form_json(exchange, "data")
    content = _xlsx(*_export_rows(exchange, wanted))
    return file_response(content, XLSX, _export_name(wanted["model"], "xlsx"))


@route("/web/pivot/export_xlsx")
def export_pivot(exchange):
    """The browser sends the finished table: neither model nor ids are asked of the database."""
    wanted = _form_json(exchange, "data")
    exchange.log("export", method="/web/pivot/export_xlsx", channel="http")
    rows = [
        [row.get("title"), *(cell.get("value") for cell in row.get("values", []))]
        for row in wanted.get("rows", [])
    ]
    name = quote(f"Pivot {wanted.get('title')} ({wanted.get('model')}).xlsx", safe="")
    return file_response(_xlsx(["", wanted.get("title")], rows), XLSX, name)


def _export_failure(exchange, error):
    """A page with the JSON error in it, which the client's download() digs out."""
    text = html.escape(json.dumps(rpc_error(exchange.version, error)))
    return html_response(
        f"<!doctype html>\n<html lang=en>\n<title>500 Internal Server Error</title>\n"
        f"<h1>Internal Server Error</h1>\n<p>{text}</p>\n",
        500,
    )


export_csv.failure = export_xlsx.failure = export_pivot.failure = _export_failure


@route("/web/export/formats", kind="json")
def export_formats(exchange, params):
    return [{"tag": "xlsx", "label": "XLSX", "error": None}, {"tag": "csv", "label": "CSV"}]


@route("/web/export/get_fields", "/web/export/namelist", kind="json")
def export_fields(exchange, params):
    names = sorted(data.STRICT_FIELDS.get(params.get("model"), {"id", "name"}))
    return [{"id": name, "string": name, "value": name, "children": False} for name in names]


# Reports


def _render(exchange, report, ids):
    model = REPORT_MODELS.get(report)
    if model is None:
        raise BadData(f"External ID not found in the system: {report}")
    env = exchange.env()

    def work():
        records = exchange.app.registry.records(env, model, ids)
        if len(records._read_rows(["name"])) < len(ids):
            raise records._missing(list(ids))
        env.note("report", model, ids)
        return PDF

    return rpc_routes.logged(exchange, env, model, exchange.request.path, "http", [list(ids)], work)


def _ids(text):
    return [int(number) for number in (text or "").split(",") if number.isdigit()]


@route("/report/<converter>/<name>", "/report/<converter>/<name>/<docids>")
def report(exchange, converter, name, docids=""):
    if converter not in ("pdf", "html", "text"):
        raise not_found()
    content = _render(exchange, name, _ids(docids))
    if converter == "pdf":
        return file_response(content, "application/pdf")
    return html_response("<!DOCTYPE html><html><body>report</body></html>")


@route("/report/download")
def report_download(exchange):
    """Its failures are 200 too: an escaped JSON error without Content-Disposition."""
    try:
        url, kind = _form_json(exchange, "data")[:2]
        match = re.match(r"/report/(?:pdf|text)/([^/?]+)(?:/([0-9,]+))?", url)
        if kind not in ("qweb-pdf", "qweb-text") or not match:
            raise BadData(f"Unknown report {url!r}")
        content = _render(exchange, match[1], _ids(match[2]))
    except Exception as error:  # the boundary of this route in Odoo as well
        return html_response(html.escape(json.dumps(rpc_error(exchange.version, error))))
    return file_response(content, "application/pdf", quote(f"{match[1]}.pdf", safe=""))


@route("/report/check_wkhtmltopdf", kind="json")
def check_wkhtmltopdf(exchange, params):
    return "ok"


# Attachments


def _attach(exchange, part, model, number):
    env = exchange.env()

    def work():
        made = exchange.app.registry.records(env, "ir.attachment", ())._create_one(
            {
                "name": part.filename,
                "mimetype": part.mimetype,
                "res_model": model,
                "res_id": number,
                "file_size": len(part.content),
                "datas": base64.b64encode(part.content).decode(),
            }
        )
        env.note("create", "ir.attachment", [made])
        return made

    return rpc_routes.logged(
        exchange, env, "ir.attachment", exchange.request.path, "http", [], work
    )


@route("/web/binary/upload_attachment")
def upload_attachment(exchange):
    params, answers = exchange.request.params(), []
    number = int(params["id"]) if str(params.get("id", "")).isdigit() else 0
    for part in exchange.request.files("ufile"):
        try:
            made = _attach(exchange, part, params.get("model"), number)
            answers.append(
                {
                    "filename": part.filename,
                    "mimetype": part.mimetype,
                    "id": made,
                    "size": len(part.content),
                }
            )
        except OdooError as error:
            answers.append({"error": str(error)})
    text = json.dumps(answers)
    if params.get("callback"):
        name = json.dumps(params["callback"]).replace("<", "\\u003c")
        script = f"var win = window.top.window; win.jQuery(win).trigger({name}, {text});"
        return html_response(f"<script>{script}</script>")
    return html_response(text)


@route("/website/form/<path:model>", methods=("POST",), auth="public")
def website_form(exchange, model):
    env = exchange.env()
    values = {
        name: value
        for name, value in exchange.request.params().items()
        if isinstance(value, str) and name != "csrf_token"
    }

    def work():
        made = exchange.app.registry.records(env, model, ())._create_one(values)
        env.note("create", model, (made,))
        return made

    if not values.get("name"):
        return json_response({"error_fields": ["name"]})
    made = rpc_routes.logged(exchange, env, model, exchange.request.path, "http", [], work)
    return json_response({"id": made})


@route("/mail/attachment/upload", methods=("POST",), auth="public")
def mail_upload(exchange):
    params = exchange.request.params()
    pending = params.get("is_pending") == "true"
    model, number = params.get("thread_model"), params.get("thread_id", "0")
    target = (
        ("mail.compose.message", 0)
        if pending
        else (model, int(number) if str(number).isdigit() else 0)
    )
    files = exchange.request.files("ufile")
    try:
        made = _attach(exchange, files[0], *target)
    except (OdooError, IndexError):
        return json_response({"error": "You are not allowed to upload an attachment here."})
    facts = {
        "id": made,
        "filename": files[0].filename,
        "name": files[0].filename,
        "mimetype": files[0].mimetype,
        "size": len(files[0].content),
        "thread": {"id": target[1], "model": target[0]},
    }
    shapes = {
        18: {"data": {"ir.attachment": [facts]}},
        19: {"data": {"store_data": {"ir.attachment": [facts]}, "attachment_id": made}},
    }
    return json_response(shapes.get(exchange.version.major, facts))


@route("/mail/attachment/delete", kind="json", auth="public")
def mail_delete(exchange, params):
    (number,) = rpc_routes.take(
        "DiscussController.mail_attachment_delete", params, ("attachment_id",)
    )
    rpc_routes.run(exchange, "ir.attachment", "unlink", [[number]], {})
    return registry.NO_RESULT


@route("/web/content", "/web/content/<path:path>", auth="public")
def content(exchange, path=""):
    named = re.fullmatch(r"(\d+)(?:/[^/]*)?", path)
    number = int(named[1]) if named else int(exchange.request.params().get("id") or 0)
    record = exchange.db.tables["ir.attachment"].get(number)
    if record is None or exchange.uid is None:
        raise not_found()
    exchange.log(
        "download", model="ir.attachment", method="/web/content", ids=[number], channel="http"
    )
    return file_response(
        base64.b64decode(record.get("datas") or ""),
        record.get("mimetype") or "application/octet-stream",
        quote(str(record.get("name")), safe=""),
    )


# Import: the file goes another way than its model and its columns


@route("/base_import/set_file", methods=("POST",))
def set_file(exchange):
    old = exchange.version.major == 16
    params, files = exchange.request.params(), exchange.request.files("file" if old else "ufile")
    number = int(params["import_id" if old else "id"])
    env = exchange.env()

    def work():
        records = exchange.app.registry.records(env, "base_import.import", (number,))
        records._write(
            {
                "file": files[0].content,
                "file_name": files[0].filename,
                "file_type": files[0].mimetype,
            }
        )
        env.note("write", "base_import.import", [number])

    rpc_routes.logged(
        exchange, env, "base_import.import", "/base_import/set_file", "http", [[number]], work
    )
    if old:
        return html_response(
            f"window.top.{params.get('jsonp', 'callback')}({json.dumps({'result': True})})"
        )
    return html_response('{"result": true}')


# Messages


@route("/mail/message/post", kind="json", auth="public", methods=("POST",))
def message_post(exchange, params):
    model, number, post = rpc_routes.take(
        "ThreadController.mail_message_post", params, ("thread_model", "thread_id", "post_data")
    )
    env = exchange.env(params.get("context"))
    if exchange.uid is None or not exchange.app.registry.known(model):
        raise not_found()

    def work():
        made = exchange.app.registry.records(env, model, (int(number),))._post(
            post.get("body", ""), post.get("attachment_ids")
        )
        env.note("create", "mail.message", [made])
        return made

    made = rpc_routes.logged(exchange, env, "mail.message", "/mail/message/post", "web", [], work)
    facts = {"id": made, "body": f"<p>{post.get('body', '')}</p>", "model": model, "res_id": number}
    shapes = {
        18: {"mail.message": [facts]},
        19: {"store_data": {"mail.message": [facts]}, "message_id": made},
    }
    return shapes.get(exchange.version.major, facts)


@route("/mail/message/update_content", kind="json", auth="public", methods=("POST",))
def message_update(exchange, params):
    changes = params.get("update_data") or params
    rpc_routes.run(
        exchange,
        "mail.message",
        "write",
        [[params["message_id"]], {"body": changes.get("body")}],
        {},
    )
    return {"id": params["message_id"]}


def _follow(exchange, params, method):
    return rpc_routes.run(
        exchange, params["res_model"], method, [[params["res_id"]], params.get("partner_ids")], {}
    )


@route("/mail/thread/subscribe", kind="json", methods=("POST",), since=19)
def thread_subscribe(exchange, params):
    return _follow(exchange, params, "message_subscribe")


@route("/mail/thread/unsubscribe", kind="json", methods=("POST",), since=19)
def thread_unsubscribe(exchange, params):
    return _follow(exchange, params, "message_unsubscribe")


# What a module of a customer's own does: the module under test knows nothing of it.


@route("/my/sheets/<int:number>", auth="public")
def customers_sheet(exchange, number):
    if exchange.request.params().get("paper"):
        return file_response(b"%PDF-1.4 sheet", "application/pdf")
    return html_response(f"<p>Sheet {number}</p>")
