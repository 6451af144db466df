"""Plays recorded requests of real Odoo 16 to 19 through the odoo room and holds what it makes of
them against their labels. The recordings lie in t/corpus or where $CORPUS says.

Prints TAP. Argument: the driver's path.
"""
import base64
import glob
import gzip
import json
import os
import re
import sys
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from calldriver import Driver, Tap  # noqa: E402

CORPUS = os.environ.get("CORPUS", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..",
                                               "corpus"))

# Labels made by these methods are the operation itself, all other `via` are one call.
SAME = {None, "web_save_multi", "action_archive", "action_unarchive", "toggle_active",
        "web_resequence", "resequence", "copy", "copy_multi", "name_create"}
READS = {"records": "read", "name": "read", "json1": "read", "search": "search",
         "count": "search", "group": "search"}

# Methods without a label that may write for all the wire tells: a call is the right word for them.
UNLABELLED_CALLS = {"autocomplete", "autocomplete_by_name", "channel_fetched",
                    "check_synchronization_status", "get_attendee_detail",
                    "get_company_currency_for_spreadsheet", "get_currencies_for_spreadsheet",
                    "get_default_duration", "get_last_update_or_default", "get_rainbowman_message",
                    "get_single_product_variant", "render_public_asset", "action_get",
                    "action_view_tasks"}


def body_of(message):
    if "body_b64" in message:
        return base64.b64decode(message["body_b64"])
    if "body_parts" in message:
        return "".join(text * times for text, times in message["body_parts"]).encode()
    return (message.get("body") or "").encode("utf-8", "surrogatepass")


def header(message, name):
    headers = message.get("headers") or []
    pairs = headers.items() if isinstance(headers, dict) else headers
    return [value for key, value in pairs if key.lower() == name]


def session_in(values):
    for value in values:
        found = re.match(r"(?:.*;\s*)?session_id=([^;]*)", value)
        if found:
            return found.group(1)
    return ""


def ids_in(text):
    return [int(word) for word in (text or "").split()]


# What says more than that a method was called.
TELLING = ("password_changed", "devices_revoked")


def expected_operation(label):
    """The operation that a label stands for, by the corpus's own table."""
    if label["op"] == "read":
        return READS.get(label.get("kind"))
    if label["op"] == "export":
        return "report" if label.get("kind") == "report" else "export"
    if label.get("via") == "execute_import":
        return "import"
    if label["op"] in ("create", "write", "unlink"):
        return label["op"] if label.get("via") in SAME else "call"
    return label["op"]


def seen_ids(answer):
    """The ids an event would have: those of the answer if it told any, else the request's."""
    reply = answer.get("reply") or {}
    if reply.get("record_count", -1) >= 0:
        return ids_in(reply["record_ids"])
    return ids_in(answer["call"]["record_ids"])


def check_outcome(tap, label, answer, record):
    outcome = answer["reply"]["outcome"]
    wanted = ("success",) if label["ok"] else ("denied", "failed")
    tap.check("outcome of " + expected_operation(label), outcome in wanted, outcome, label,
              record["response"].get("body"))


def way_of(path):
    """The first segments of a path that are no record's."""
    words = [word for word in path.split("/")[1:4] if not any(c in word for c in "0123456789.")]
    return "/" + "/".join(words)


def check_label(tap, label, answer, record):
    call = answer["call"]
    operation = expected_operation(label)
    name = "%s by %s" % (operation, way_of(record["request"]["path"].split("?")[0]))
    told = answer["reply"]["operation"]
    tap.check("operation " + name, told == operation or (operation == "call" and told in TELLING),
              call, label)
    if operation == "import":
        tap.check("import record " + name, call["import_record"] > 0, call, label)
    elif (operation in ("create", "write", "unlink", "read", "search", "export", "report") and
          label["model"] != "?"):
        tap.check("model " + name, call["model"] == label["model"], call, label)
    if record["response"].get("body_truncated") and operation != "report":
        return
    if label["ok"] and operation in ("create", "write", "unlink", "read", "import", "export",
                                     "report"):
        tap.check("ids " + name, sorted(seen_ids(answer)) == sorted(label["ids"]),
                  seen_ids(answer), label)
    check_outcome(tap, label, answer, record)


def check_login(tap, label, answer):
    reply, call = answer["reply"], answer["call"]
    tap.check("operation " + label["op"], reply["operation"] == label["op"], reply, label)
    tap.check("outcome of " + label["op"],
              (reply["outcome"] == "success") == (label["op"] != "login_failed"), reply, label)
    if label.get("login") and label["op"] != "logout" and "totp" not in str(label.get("via")):
        tap.check("name at " + label["op"], call["login"] in (label["login"], None), call, label)


DATA = ("create", "write", "unlink", "export", "import", "report", "login", "login_failed",
        "logout")


def check_unlabelled(tap, answer, record):
    """What has no label did nothing that has one. A call by a method or on a route that nobody
    knows may have; one that names a known method went wrong, or had no records."""
    call, reply = answer["call"], answer["reply"]
    if "/dataset/" in record["request"]["path"] and call["method"]:
        known = call["operation"] in ("", "read", "search") or (
            call["operation"] == "call" and
            (call["record_count"] == 0 or call["method"] in UNLABELLED_CALLS or
             "call_button" in record["request"]["path"]))
        tap.check("no write event without a write", known or reply["outcome"] != "success" or
                  (call["operation"] in ("write", "unlink", "create") and
                   not call["record_ids"]), call, reply)
        return
    tap.check("nothing invented", reply["operation"] not in DATA or
              reply["outcome"] in ("denied", "failed"), record["request"]["path"], call, reply)


def check_python(tap, answer, body):
    """The call is the one that Python reads."""
    try:
        parameters = json.loads(body.decode("utf-8", "replace"))["params"]
        model, method = parameters["model"], parameters["method"]
    except (ValueError, KeyError, TypeError):
        tap.check("what Python cannot read is unparsed", answer["call"]["parsed"] is False,
                  answer["call"], body)
        return
    call = answer["call"]
    tap.check("the call that Python reads", (call["model"], call["method"]) == (model, method),
              call, body)


# The body says which method runs.
BY_BODY = ("/web/dataset/call_kw", "/web/dataset/call_button")


def first(values):
    return values[0] if values else ""


def play(tap, driver, record):
    request, response = record["request"], record["response"]
    path, _, query = request["path"].partition("?")
    decoded = urllib.parse.unquote(path)
    if "/static/" in decoded or request.get("body_truncated"):
        return
    body = body_of(request)
    result = driver.ask(method=request["method"], path=path, query=query, body=body,
                        content_type=first(header(request, "content-type")),
                        referer=first(header(request, "referer")),
                        authorization=first(header(request, "authorization")),
                        status=response["status"], location=first(header(response, "location")),
                        set_session=session_in(header(response, "set-cookie")),
                        sent_session=session_in(header(request, "cookie")),
                        reply_type=first(header(response, "content-type")),
                        disposition=first(header(response, "content-disposition")),
                        reply_body=body_of(response))
    answer = result["is"]
    tap.check("any cutting gives the same", result["stable"], body)
    # An answer whose method this 17 does not route, and one that is not Odoo's, tells nothing.
    if decoded.startswith("/web/") and response["status"] in (404, 405, 415, 400):
        return
    if decoded.startswith(BY_BODY):
        check_python(tap, answer, body)
    judge(tap, record, answer)


def judge(tap, record, answer):
    labels = record["expect"]
    for label in labels:
        if label["op"] in ("login", "login_failed", "logout"):
            check_login(tap, label, answer)
    labels = [label for label in labels if label["op"] not in ("login", "login_failed", "logout")]
    calls = [label for label in labels if expected_operation(label) == "call"]
    if calls:
        check_label(tap, calls[0], answer, record)
    for label in labels if not calls else []:
        check_label(tap, label, answer, record)
    if not record["expect"]:
        check_unlabelled(tap, answer, record)


def main():
    files = [name for name in sorted(glob.glob(os.path.join(CORPUS, "odoo-*.jsonl.gz")))
             if "revoked" not in name]
    if not files:
        print("1..0 # SKIP no recordings in t/corpus")
        return 0
    tap, driver = Tap(), Driver(sys.argv[1])
    for name in files:
        with gzip.open(name, "rt", encoding="utf-8", errors="surrogatepass") as lines:
            for line in lines:
                play(tap, driver, json.loads(line))
    tap.check("the driver ends in peace", driver.close() == 0)
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
