#!/usr/bin/env python3
"""Compares a trail with the labels of a recording that was played through the proxy.

Events find their request by the " replay/<line>" that replay_client.py puts at the end of
User-Agent, which the trail keeps in its database (not in the CSV); without a database they are
aligned by order and path. How a label maps to an event is told in t/corpus/README.md."""

import argparse
import csv
import json
import os
import re
import sqlite3
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass
from urllib.parse import unquote

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import recording  # noqa: E402

# Methods that are the operation itself, not a way to it.
DIRECT = {
    None,
    "web_save_multi",
    "action_archive",
    "action_unarchive",
    "toggle_active",
    "web_resequence",
    "resequence",
    "copy",
    "copy_multi",
    "name_create",
}
READ_KINDS = {
    "records": "read",
    "name": "read",
    "json1": "read",
    "search": "search",
    "count": "search",
    "group": "search",
    "download": "download",
}
SHOWN = {"records", "name", "json1"}  # kinds whose label names the records shown
READS = {"read", "search", "download"}
DATA = {
    "create",
    "write",
    "unlink",
    "export",
    "import",
    "report",
    "login",
    "login_failed",
    "logout",
}
# Any other operation is what the module records of itself, no request's doing.
OF_REQUESTS = DATA | READS | {"call", "password_changed"}
# Buttons that the trail calls by what they do.
OWN_NAMES = {
    "change_password": "password_changed",
    "change_password_button": "password_changed",
}
FAILURES = {"denied", "failed"}

WAYS = [
    (re.compile(pattern), way)
    for pattern, way in (
        (r"/web/dataset/call_kw", "call_kw"),
        (r"/web/dataset/call_button", "call_button"),
        (r"/web/dataset/resequence", "resequence"),
        (r"/web/dataset/", "dataset"),
        (r"/web/login", "login"),
        (r"/web/session/authenticate", "login_json"),
        (r"/web/session/(logout|destroy)", "logout"),
        (r"/web/(export|pivot)/", "export"),
        (r"/base_import/", "import"),
        (r"/report/", "report"),
        (r"/mail/attachment/|/web/binary/", "upload"),
        (r"/mail/|/discuss/", "mail"),
        (r"/jsonrpc", "jsonrpc"),
        (r"/xmlrpc/", "xmlrpc"),
        (r"/json/2/", "json2"),
        (r"/json/", "json1"),
        (r"/web/(content|image)", "download"),
    )
]
COLUMNS = ("labelled", "found", "wrong", "missed", "invented", "calls", "left out")
_NUMBER = re.compile(r"replay/(\d+)$")


@dataclass
class Event:
    id: int
    operation: str
    model: str
    ids: list
    method: str
    outcome: str
    login: str
    path: str

    def __str__(self):
        return (
            f"{self.operation} {self.model} {self.ids} method={self.method} {self.outcome} "
            f"login={self.login} (event {self.id})"
        )


@dataclass
class Expected:
    """One event that must be there. None means that it does not matter."""

    operation: str
    ok: bool
    model: str | None = None
    ids: list | None = None
    login: str | None = None
    via: str | None = None

    def __str__(self):
        return (
            f"{self.operation} {self.model} {self.ids} via={self.via} "
            f"{'ok' if self.ok else 'not ok'} "
            f"login={self.login}"
        )

    def fits(self, event):
        return (
            self._fits_operation(event)
            and self._fits_outcome(event)
            and (self.login is None or self.login == event.login)
        )

    def _fits_operation(self, event):
        if self._more_telling(event):
            return True
        return (
            event.operation == self.operation
            and (self.model is None or self.model == event.model)
            and (self.ids is None or sorted(self.ids) == sorted(event.ids))
            and self._fits_via(event)
        )

    def _fits_via(self, event):
        return self.via is None or self.via in (event.method, event.path.split("?")[0])

    def _more_telling(self, event):
        """A button or an unnamed path may be told as the create or write that it was."""
        return self.via is not None and event.operation in DATA and self._fits_via(event)

    def _fits_outcome(self, event):
        return event.outcome == "success" if self.ok else event.outcome in FAILURES


# From labels to events


def called_ids(line):
    """The ids that a button or method was called on."""
    try:
        body = json.loads(line.request_body)
        if line.path.startswith("/json/2/"):
            first = body.get("ids")
        elif line.path.startswith("/jsonrpc"):
            first = body["params"]["args"][5][0]
        else:
            first = body["params"]["args"][0]
    except (ValueError, LookupError, TypeError, AttributeError):
        return None
    first = [first] if isinstance(first, int) else first
    return (
        first if isinstance(first, list) and all(isinstance(item, int) for item in first) else None
    )


def _expected_of(line, label):
    operation, ok, ids, model = label["op"], label["ok"], label["ids"], label["model"]
    if operation == "read":
        return Expected(
            READ_KINDS[label.get("kind", "records")],
            ok,
            None if model == "?" else model,
            ids if ok and label.get("kind") in SHOWN else None,
        )
    if operation == "export":
        named = label.get("kind") != "pivot"
        return Expected(
            "report" if label.get("kind") == "report" else "export",
            ok,
            model if named else None,
            ids if named else None,
        )
    if operation in ("login", "login_failed", "logout"):
        return Expected(operation, ok, login=label.get("login"))
    if label.get("via") == "execute_import":
        return Expected("import", ok, model, ids)
    if operation == "call" or label.get("via") not in DIRECT:
        return Expected(
            OWN_NAMES.get(label.get("via"), "call"),
            ok,
            model if operation == "call" else None,
            ids if operation == "call" else called_ids(line),
            via=label["via"],
        )
    return Expected(operation, ok, model, ids)


def expected_of(line):
    """All side effects of one button are one event."""
    wanted = {}
    for number, label in enumerate(line.expect):
        expected = _expected_of(line, label)
        wanted[number if expected.via is None else expected.via] = expected
    return list(wanted.values())


def way_of(line):
    # An import runs by call_kw, but what it is only its earlier steps tell.
    if any(label.get("via") == "execute_import" for label in line.expect):
        return "import"
    path = "/" + unquote(line.path.split("?")[0]).lstrip("/")
    return next((way for pattern, way in WAYS if pattern.match(path)), "other")


# Reading the trail


def _cell(text):
    # The guard against formulas in spreadsheets is no part of the value.
    return text[1:] if text[:1] == "'" and text[1:2] in ("=", "+", "-", "@", "\t", "\r") else text


def _event(row):
    value = {name: _cell(str(cell)) if cell is not None else "" for name, cell in row.items()}
    return Event(
        int(value["id"]),
        value["operation"],
        value["model"],
        [int(number) for number in value["record_ids"].split()],
        value["method"],
        value["outcome"],
        value["login"],
        value["path"],
    )


def read_csv(path):
    csv.field_size_limit(1 << 28)
    with open(path, encoding="utf-8", newline="") as file:
        return [_event(row) for row in csv.DictReader(file)]


def read_database(path):
    """(events, {event id: line number})."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    connection.row_factory = sqlite3.Row
    rows = [dict(row) for row in connection.execute("SELECT * FROM events ORDER BY id")]
    connection.close()
    numbers = {row["id"]: _NUMBER.search(row["user_agent"] or "") for row in rows}
    return [_event(row) for row in rows], {
        key: int(match[1]) for key, match in numbers.items() if match
    }


def align(events, lines):
    """Without User-Agent: the client played in order, so an event belongs to the next request with
    its path, and rather to one whose label it fits."""
    numbers, start = {}, 0
    taken = Counter()
    for event in sorted(events, key=lambda event: event.id):
        near = [
            index
            for index in range(start, len(lines))
            if _same_path(event.path, lines[index].path)
            and taken[index] < max(1, len(expected_of(lines[index])))
        ]
        fitting = (
            index
            for index in near
            if any(expected.fits(event) for expected in expected_of(lines[index]))
        )
        found = next(fitting, near[0] if near else None)
        if found is not None:
            numbers[event.id], start = lines[found].number, found
            taken[found] += 1
    return numbers


def _same_path(seen, played):
    return bool(seen) and unquote(seen).split("?")[0] == unquote(played).split("?")[0]


# Comparing


class Score:
    def __init__(self, reads=False):
        self.reads = reads
        self.counts = defaultdict(Counter)  # (version, way) -> column -> n
        self.differences = []

    def line(self, line, events):
        key = (line.version, way_of(line))
        wanted = [
            expected
            for expected in expected_of(line)
            if self.reads or expected.operation not in READS
        ]
        if line.answer_unreadable:
            self.counts[key]["left out"] += len(wanted)
            return
        self.counts[key]["labelled"] += len(wanted)
        rest = list(events)
        unmet = [expected for expected in wanted if not self._take(key, expected, rest)]
        for expected in unmet:
            self._explain(key, line, expected, rest)
        for event in rest:
            self._leftover(key, line, event)

    def _take(self, key, expected, rest):
        for event in rest:
            if expected.fits(event):
                rest.remove(event)
                self.counts[key]["found"] += 1
                return True
        return False

    def _explain(self, key, line, expected, rest):
        """An event that says something else of this request is wrong rather than missing."""
        near = [event for event in rest if self._competes(event)]
        if near:
            rest.remove(near[0])
        self._differ(key, "wrong" if near else "missed", line, expected, near[0] if near else None)

    def _competes(self, event):
        return event.operation in OF_REQUESTS and (self.reads or event.operation not in READS)

    def _leftover(self, key, line, event):
        if event.operation not in OF_REQUESTS or event.operation in READS and not self.reads:
            return
        # The labels leave out pictures and files that a page shows.
        if event.operation in ("call", "download") and not line.expect:
            self.counts[key]["calls"] += 1
            return
        self._differ(key, "invented", line, None, event)

    def stray(self, event):
        """Of no request at all."""
        if event.operation in OF_REQUESTS:
            self.counts[(0, "stray")]["invented"] += 1
            self.differences.append(("stray", "invented", 0, f"of no request: {event}"))

    def _differ(self, key, kind, line, expected, event):
        self.counts[key][kind] += 1
        text = f"{key[1]} {line.method} {line.path[:80]}"
        if expected:
            text += f"\n      wanted {expected}"
        if event:
            text += f"\n      got    {event}"
        self.differences.append((key[1], kind, line.number, f"{line.version}.0 {text}"))

    def add(self, lines, events, numbers):
        by_line = defaultdict(list)
        for event in events:
            by_line[numbers.get(event.id, 0)].append(event)
        for event in by_line.pop(0, []):
            self.stray(event)
        for line in lines:
            self.line(line, by_line.pop(line.number, []))

    def table(self):
        rows = [("version", "way", *COLUMNS)]
        for (version, way), counts in sorted(self.counts.items()):
            if any(counts.values()):
                rows.append((f"{version}.0", way, *(str(counts[name]) for name in COLUMNS)))
        total = Counter()
        for counts in self.counts.values():
            total.update(counts)
        rows.append(("all", "", *(str(total[name]) for name in COLUMNS)))
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        return "\n".join(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip()
            for row in rows
        )

    def incomplete(self, must):
        return sorted(
            {
                way
                for (_, way), counts in self.counts.items()
                if way in must | {"stray"}
                and (counts["wrong"] or counts["missed"] or counts["invented"])
            }
        )


def load(options):
    events, numbers = read_database(options.database) if options.database else ([], {})
    if options.trail:
        events = read_csv(options.trail)
    return events, numbers


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    add = parser.add_argument
    add("--corpus", required=True, metavar="FILE")
    add("--trail", metavar="CSV", help="columns of the CSV export")
    add(
        "--database",
        metavar="SQLITE",
        help="for user_agent, and for the events where there is no CSV",
    )
    add("--reads", action="store_true", help="reads were tracked: score them too")
    add(
        "--must",
        default="",
        metavar="WAYS",
        help="comma list of ways in that must be complete, or all",
    )
    add("--show", type=int, default=50, metavar="N", help="differences listed")
    options = parser.parse_args()
    if not options.trail and not options.database:
        parser.error("--trail or --database is needed")
    lines = recording.read(options.corpus)
    events, numbers = load(options)
    score = Score(options.reads)
    score.add(lines, events, numbers or align(events, lines))
    print(score.table())
    must = {way for way in options.must.split(",") if way}
    if "all" in must:
        must = {way for _, way in score.counts}
    shown = [entry for entry in score.differences if not must or entry[0] in must | {"stray"}]
    for _, kind, number, text in shown[: options.show]:
        print(f"  {kind} line {number}: {text}")
    incomplete = score.incomplete(must)
    if incomplete:
        print(f"not complete: {', '.join(incomplete)}")
    return 1 if incomplete or not events else 0


if __name__ == "__main__":
    sys.exit(main())
