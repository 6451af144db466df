"""Differential test: of any XML-RPC document, body_driver must read the values that Python's
xmlrpc.client hands to Odoo, or refuse it where Python refuses it or where our reader says that it
is stricter.

Prints TAP. Arguments: the driver's path, and perhaps a seed.
"""
import base64
import os
import random
import sys
import xmlrpc.client
from xml.parsers import expat
from xml.sax.saxutils import escape

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from bodydriver import Driver  # noqa: E402
from calldriver import Tap  # noqa: E402

SEED = 20261124
DOCUMENTS = 1200
CUT_DOCUMENTS = 6
LEAVES = {"string", "name", "int", "i1", "i2", "i4", "i8", "biginteger", "double", "float",
          "bigdecimal", "boolean", "nil", "base64", "dateTime.iso8601", "methodName"}
TEXTS = ["", "x", "res.partner", " a b ", "\n", "é\u20ac\U0001f600", "<&>]]>", "a\r\nb", "\u2028",
         "0", "None", "x" * 3000, " " * 1500, "\t", "]]"]


class Stricter(Exception):
    """Python takes it, our reader says that it does not."""


class Strict(xmlrpc.client.Unmarshaller):
    """Python's reader, but for what the header of ours says that it refuses or does not check."""

    dispatch = {**xmlrpc.client.Unmarshaller.dispatch,
                "base64": xmlrpc.client.Unmarshaller.end_string,
                "dateTime.iso8601": xmlrpc.client.Unmarshaller.end_string}

    def __init__(self):
        super().__init__()
        self.open_leaf = False
        self.open_value = False
        self.pieces = ""

    def start(self, tag, attributes):
        tag = tag.split(":")[-1]
        if self.open_leaf or (self.open_value and (self.pieces.strip(" \t\n\r\v\f") or
                                                   len(self.pieces) > 1024)):
            raise Stricter(tag)
        self.open_leaf, self.open_value, self.pieces = tag in LEAVES, tag == "value", ""
        super().start(tag, attributes)

    def data(self, text):
        self.pieces += text
        super().data(text)

    def end(self, tag, *rest):
        self.open_leaf = self.open_value = False
        super().end(tag, *rest)


def plain(value):
    """As the driver writes it."""
    if isinstance(value, dict):
        return {key if isinstance(key, str) else str(key): plain(item)
                for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, float) and (value != value or value in (float("inf"), -float("inf"))):
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, str):
        return value.replace("\0", "\ufffd")
    return value


def same(expected, seen):
    if isinstance(expected, dict):
        return isinstance(seen, dict) and expected.keys() == seen.keys() and \
            all(same(expected[key], seen[key]) for key in expected)
    if isinstance(expected, list):
        return isinstance(seen, list) and len(expected) == len(seen) and \
            all(map(same, expected, seen))
    return expected == seen and isinstance(expected, bool) == isinstance(seen, bool) and \
        isinstance(expected, float) == isinstance(seen, float)


def python_reads(document):
    """What Odoo gets, None if nothing."""
    reader = Strict()
    reader.xml(None, None)  # expat has decoded all text already
    parser = expat.ParserCreate(None, None)
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.data
    parser.StartDoctypeDeclHandler = lambda *_: (_ for _ in ()).throw(Stricter("DOCTYPE"))
    try:
        parser.Parse(document, False)
        parser.Parse(b"", True)
        if reader._type is None or reader._marks:
            return None
        values, method = plain(reader._stack), reader.getmethodname()
    except Exception:  # whatever it is, it makes a fault of Odoo's
        return None
    found = {"fault" if reader._type == "fault" else "params": values}
    if method is not None:
        found["methodName"] = method
    return found


class Maker:
    """Makes up documents."""

    def __init__(self, seed):
        self.chance = random.Random(seed)

    def odds(self, chance):
        return self.chance.random() < chance

    def blank(self):
        return self.chance.choice(["", "", "", "\n", "  ", "<!-- <int>1</int> -->", "<?x y?>"])

    def text(self, text):
        if self.odds(0.1) and "]]>" not in text:
            return "<![CDATA[%s]]>" % text
        return "".join("&#%d;" % ord(character) if self.odds(0.05) else escape(character)
                       for character in text).replace("\r", "&#13;")

    def tag(self, name, content):
        prefix = "ex:" if self.odds(0.03) else ""
        return "<%s%s>%s</%s%s>" % (prefix, name, content, prefix, name)

    def integer(self):
        number = str(self.chance.choice([0, 1, -5, 7, 12, 10 ** 12, 2 ** 70, 10 ** 30]))
        return self.tag(self.chance.choice(["int", "i4", "i8", "i1", "i2", "biginteger"]),
                        self.chance.choice(["%s", " %s ", "+%s", "00%s"]) % number
                        if number[0] != "-" else number)

    def floating(self):
        return self.tag(self.chance.choice(["double", "float"]), self.chance.choice(
            ["1.5", "-0.25", "1e3", "5", " 2. ", ".5", "nan", "inf", "-Infinity", "1_0.5", "1E-2"]))

    def leaf(self):
        kind = self.chance.randrange(9)
        text = self.text(self.chance.choice(TEXTS))
        if kind < 3:
            return self.tag("string", text)
        if kind == 3:
            return text  # bare
        return [self.integer, self.floating,
                lambda: self.tag("boolean", self.chance.choice("01")),
                lambda: self.tag("nil", ""),
                lambda: self.chance.choice([
                    self.tag("base64", "\n" + base64.b64encode(b"bytes" * 9).decode() + "\n"),
                    self.tag("dateTime.iso8601", "20260102T03:04:05")])][kind - 4]()

    def content(self, depth):
        if depth == 0 or self.odds(0.6):
            return self.leaf()
        if self.odds(0.5):
            return self.blank() + self.tag("array", self.blank() + self.tag("data", "".join(
                self.value(depth - 1) for _ in range(self.chance.randrange(4))))) + self.blank()
        return self.blank() + self.tag("struct", "".join(
            self.tag("member", self.blank() + self.tag("name", self.text(
                self.chance.choice(["a", "b", "name", "é", " a"]))) + self.value(depth - 1))
            for _ in range(self.chance.randrange(4))))

    def value(self, depth):
        return self.blank() + self.tag("value", self.content(depth)) + self.blank()

    def document(self):
        params = self.tag("params", "".join(self.tag("param", self.value(3))
                                            for _ in range(self.chance.randrange(6))))
        kind = self.chance.randrange(10)
        if kind == 0:
            body = self.tag("methodResponse", params)
        elif kind == 1:
            body = self.tag("methodResponse", self.tag("fault", self.tag("value", self.tag(
                "struct", "<member><name>faultCode</name><value><int>4</int></value></member>"
                "<member><name>faultString</name><value>%s</value></member>" % self.text("no")))))
        else:
            parts = [self.tag("methodName", "execute_kw"), params]
            if self.odds(0.1):
                parts.append(self.tag("methodName", "login"))
            if self.odds(0.1):
                self.chance.shuffle(parts)
            body = self.tag("methodCall", self.blank().join(parts))
        return self.encoded(body)

    def encoded(self, body):
        encoding = self.chance.choice(["utf-8"] * 6 + ["iso-8859-1", "utf-16", "us-ascii", "latin-1", "koi8-r", "windows-1252", "cp437"])
        head = "<?xml version='1.0' encoding='%s'?>" % encoding
        if encoding == "utf-8" and self.odds(0.5):
            head = self.chance.choice(["", "<?xml version='1.0'?>", "\ufeff"])
        return (head + body).encode(encoding, "xmlcharrefreplace")

    def spoil(self, document):
        for _ in range(self.chance.randrange(1, 4)):
            place = self.chance.randrange(len(document) + 1)
            bad = self.chance.choice([
                b"<int>5</int>", b"</value>", b"<value>", b"<string>", b"<array>", b"</array>",
                b"<struct/>", b"&lt;", b"&x;", b"\xff", b"\0", b"<nil/>", b"<foo>", b"<params/>",
                b"<methodName>unlink</methodName>", b"<fault>", b"text", b"<value/>", b"]]>", b"<"])
            document = document[:place] + bad + document[place + self.chance.choice([0, 0, 4]):]
        return document

    def moved(self, document):
        """The same tags in another order, or some of them gone."""
        pieces = document.split(b"<")
        first = self.chance.randrange(1, len(pieces))
        second = self.chance.randrange(1, len(pieces))
        pieces[first], pieces[second] = pieces[second], pieces[first]
        return b"<".join(pieces)


FIXED = [
    b"", b"<a/>", b"<params/>", b"<methodCall><methodName>x</methodName></methodCall>",
    b"<methodCall><methodName>x</methodName><string>a</string><int>1</int></methodCall>",
    b"<x><methodName>x</methodName><struct><string>a</string><int>1</int></struct></x>",
    b"<x><methodName>x</methodName><struct><string>a</string></struct></x>",
    b"<x><methodName>x</methodName><struct><array/><int>1</int></struct></x>",
    b"<x><params/><array><struct><name>a</name><array/></struct></array></x>",
    b"<x><params/><int>1_0</int><int>1__0</int></x>", b"<x><params/><int></int></x>",
    b"<x><params/><int>1.5</int></x>", b"<x><params/><boolean>2</boolean></x>",
    b"<x><params/><boolean> 1</boolean></x>", b"<x><params/><double>0x1</double></x>",
    b"<x><params/><value><int>1</int>tail</value></x>",
    b"<x><params/><value>  <int>1</int><int>2</int></value></x>",
    b"<x><params/><value><foo/></value></x>", b"<x><params/><value><params/></value></x>",
    b"<!DOCTYPE x [<!ENTITY m 'unlink'>]><x><params/><string>&m;</string></x>",
    b"<x><methodName>a</methodName><methodName>b</methodName></x>",
    b"<x><params/></x><x/>", b"<x><params/></x>tail",
]


def compare(tap, kind, answer, document):
    expected, seen = python_reads(document), answer["is"]
    tap.check(kind + ": any cutting gives the same", answer["stable"], document)
    tap.check(kind + ": taken where Python takes it", seen["accepted"] == (expected is not None),
              seen, expected, document)
    if expected is not None and seen["accepted"]:
        tap.check(kind + ": the values that Python reads", same(expected, seen["value"]), seen,
                  expected, document)


def main():
    driver, tap = Driver(sys.argv[1]), Tap()
    maker = Maker(int(sys.argv[2]) if len(sys.argv) > 2 else SEED)

    def ask(kind, document):
        compare(tap, kind, driver.ask("xml", document), document)

    for document in FIXED:
        ask("fixed", document)
    for _ in range(DOCUMENTS):
        document = maker.document()
        ask("made up", document)
        ask("spoilt", maker.spoil(document))
        ask("moved", maker.moved(document))
    for _ in range(CUT_DOCUMENTS):
        document = maker.document()
        for length in range(min(len(document), 500)):
            ask("cut", document[:length])
    tap.check("the driver ends in peace", driver.close() == 0)
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
