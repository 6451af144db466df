"""Differential test: of any multipart form, body_driver must read the parts that werkzeug, with
which Odoo reads forms, makes of it, or refuse it where werkzeug hands over no field.

Prints TAP. Arguments: the driver's path, and perhaps a seed.
"""
import io
import os
import random
import re
import sys

from werkzeug.formparser import FormDataParser
from werkzeug.http import parse_options_header

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from bodydriver import Driver  # noqa: E402
from calldriver import Tap  # noqa: E402

SEED = 20261125
FORMS = 1500
CUT_FORMS = 5
BOUNDARIES = [b"x", b"----WebKitFormBoundaryAbC123", b"a-b", b"-", b"--", b"'()+_,./:=?", b"a b",
              b"B" * 70, b"-a-", b"ab--ab"]
NAMES = ["model", "id", "ufile", "login", "a b", "\u00e9", "", "data", 'q"q', "back\\\\slash"]
BREAKS = [b"\r\n"] * 8 + [b"\n", b"\r"]


class Maker:
    """Makes up forms."""

    def __init__(self, seed):
        self.chance = random.Random(seed)

    def odds(self, chance):
        return self.chance.random() < chance

    def data(self, boundary):
        if self.odds(0.2):
            return b""
        pieces = [b"text", b"\r", b"\n", b"\r\n", b"--", b"--" + boundary, b"\r\n--" + boundary,
                  b"\n--" + boundary[:-1], b"\r\n--" + boundary + b"-", b"\r\n--" + boundary + b" x",
                  b"\r\r\n", b" ", b"-", b"\xff\x00\xe9", b"\r\n\r\n", b"x" * 300, b"res.partner"]
        return b"".join(self.chance.choice(pieces) for _ in range(self.chance.randrange(8)))

    def head(self, name, filename, end):
        quoted = name.replace('"', '\\"')
        value = 'form-data; name="%s"' % quoted
        if self.odds(0.1) and name.isalpha() and name.isascii():
            value = self.chance.choice(["form-data;name=%s", "FORM-DATA; NAME=%s",
                                        "x; name*=utf-8''%s"]) % name
        if filename is not None:
            value += '; filename="%s"' % filename
        lines = [self.chance.choice(["Content-Disposition: %s", "content-disposition:%s",
                                     "Content-Disposition:\t %s "]) % value]
        if self.odds(0.4):
            lines.append("Content-Type: text/csv")
        if self.odds(0.1):
            lines.append("X-Other: \0a" + end.decode() + " b")
        if self.odds(0.05):
            lines.append('Content-Disposition: form-data; name="second"')
        self.chance.shuffle(lines) if self.odds(0.2) else None
        return end.join(line.encode() for line in lines) + end + end

    def part(self, boundary):
        end = self.chance.choice(BREAKS)
        filename = self.chance.choice(["a.csv", "", "\u00e9.txt"]) if self.odds(0.4) else None
        return self.head(self.chance.choice(NAMES), filename, end) + self.data(boundary)

    def form(self, boundary):
        body = self.chance.choice([b"", b"", b"preamble\r\n", b"\r\n", b"--", b"x--" + boundary])
        for _ in range(self.chance.randrange(6)):
            body += b"--" + boundary + self.chance.choice([b"", b"", b"", b" \t"])
            body += self.chance.choice(BREAKS) + self.part(boundary) + self.chance.choice(BREAKS)
        body += b"--" + boundary + b"--"
        return body + self.chance.choice([b"\r\n", b"", b"epilogue", b"\r\n--" + boundary + b"\r\n"])

    def spoil(self, body):
        """Not in heads: releases of werkzeug read odd ones differently."""
        place = self.chance.randrange(len(body) + 1)
        if b"ontent-" in body[place - 200 if place > 200 else 0:place + 40]:
            return body[:place]
        bad = self.chance.choice([b"\r\n", b"\n", b"--", b"\xff", b"\0", b'"', b";", b":", b"\r"])
        return body[:place] + bad + body[place + self.chance.choice([0, 0, 1, 5]):]


def werkzeug_reads(content_type, body):
    """Fields and files in order, None if it hands over none."""
    mimetype, options = parse_options_header(content_type.decode("latin-1"))
    parser = FormDataParser(silent=False)
    try:
        _, form, files = parser.parse(io.BytesIO(body), mimetype, len(body), options)
    except ValueError:
        return None
    fields = [(name or "", value) for name, value in form.items(multi=True)]
    parts = [(name or "", file.filename, file.content_type or None, file.read())
             for name, file in files.items(multi=True)]
    return fields, parts


def repaired(text):
    return text.replace("\0", "\ufffd")


def seen_parts(value):
    fields, files = [], []
    for part in value:
        data = bytes.fromhex(part["data"])
        assert part["size"] == len(data)
        if part["filename"] is None:
            fields.append((part["name"], data.decode("utf-8", "replace")))
        else:
            files.append((part["name"], part["filename"], part["type"], data))
    return fields, files


def by_name(parts):
    """werkzeug groups the values of a name."""
    return sorted(parts, key=lambda part: part[0])


def is_version_matter(body, boundary):
    """Releases of werkzeug disagree about a boundary right behind a head, about a line of a head
    without a colon, and about a blank line of CR CR LF."""
    delimiter = b"--" + boundary
    twice = re.escape(delimiter) + b"[ \t]*[\r\n]+" + re.escape(delimiter)
    return any(end * 2 + delimiter in body for end in (b"\r\n", b"\r", b"\n")) or \
        b"\r\r\n" in body or re.search(twice, body) is not None


def compare(tap, kind, answer, boundary, content_type, body):
    tap.check(kind + ": any cutting gives the same", answer["stable"], boundary, body)
    if is_version_matter(body, boundary):
        return
    expected, seen = werkzeug_reads(content_type, body), answer["is"]
    tap.check(kind + ": taken where werkzeug takes it", seen["accepted"] == (expected is not None),
              seen, expected, boundary, body)
    if expected is None or not seen["accepted"]:
        return
    fields, files = seen_parts(seen["value"])
    tap.check(kind + ": the fields", by_name(fields) == by_name(expected[0]), fields, expected[0],
              boundary, body)
    tap.check(kind + ": the files", by_name(files) == by_name(expected[1]), files, expected[1],
              boundary, body)


def main():
    driver, tap = Driver(sys.argv[1]), Tap()
    maker = Maker(int(sys.argv[2]) if len(sys.argv) > 2 else SEED)

    def ask(kind, boundary, body):
        content_type = b'multipart/form-data; boundary="%s"' % boundary
        answer = driver.ask("multipart", body, content_type)
        compare(tap, kind, answer, boundary, content_type, body)

    for _ in range(FORMS):
        boundary = maker.chance.choice(BOUNDARIES)
        body = maker.form(boundary)
        ask("made up", boundary, body)
        ask("spoilt", boundary, maker.spoil(body))
    for _ in range(CUT_FORMS):
        boundary = maker.chance.choice(BOUNDARIES)
        body = maker.form(boundary)
        for length in range(min(len(body), 500)):
            ask("cut", boundary, body[:length])
    tap.check("the driver ends in peace", driver.close() == 0)
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
