"""Differential test: of any body, call_driver must read the call that Python's json.loads and
dict() would hand to Odoo (as Odoo 16 and 17 do), or say "unparsed" where they hand over none.

Prints TAP. Arguments: the driver's path, and perhaps a seed.
"""
import json
import os
import random
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from calldriver import Driver, Tap  # noqa: E402

SEED = 20261123
BODIES = 4000
CUT_BODIES = 20

# Methods whose first argument is ids, and one of which nobody knows: there it is if it looks so.
ID_METHODS = ["unlink", "write", "read", "action_archive", "web_resequence"]
METHODS = ID_METHODS + ["action_confirm"]
MODELS = ["res.partner", "sale.order", "x", "r\u00e9s", "a b", "mod\ud800el", "nul\0byte"]
IDS = [[1], [1, 2, 3], 7, 0, None, False, True, [], "", "12", "1x", {"5": 1, "6": 0}, {}, [4.0],
       [4.5], ["8", " 9 "], ["x"], [None], [[1]], 12.0, [True], [10 ** 30], list(range(1, 1200)),
       {"$ids": 3}, [-1], "\u0665", ["\u0665"], 1e3, [1e3]]
JUNK = [None, 1, "x", [], {}, [[1, 2], {"a": {"b": []}}], {"model": "evil", "method": "unlink"},
        float("nan"), float("inf"), "\ud800", 10 ** 40, "params", "\u2028<&>"]


class Pairs(list):
    """An object as its members in order, so that a key may come twice."""


class Writer:
    """Writes JSON in one of the many ways that Python takes."""

    def __init__(self, chance):
        self.chance = chance

    def blank(self):
        return self.chance.choice(["", "", "", " ", "\n", "\t \r\n"])

    def string(self, text):
        out = []
        for character in text:
            if ord(character) > 0xffff:
                out.append(json.dumps(character)[1:-1])
            elif character in "\"\\" or ord(character) < 32 or 0xd800 <= ord(character) < 0xe000 \
                    or self.chance.random() < 0.1:
                out.append("\\u%04x" % ord(character))
            else:
                out.append(character)
        return '"%s"' % "".join(out)

    def members(self, value):
        members = list(value) if isinstance(value, Pairs) else list(value.items())
        return ["%s%s%s:%s%s" % (self.blank(), self.string(key), self.blank(), self.write(member),
                                 self.blank()) for key, member in members]

    def write(self, value):
        if isinstance(value, (dict, Pairs)):
            return "{%s}" % (",".join(self.members(value)) or self.blank())
        if isinstance(value, (list, tuple)):
            return "[%s]" % (",".join(self.blank() + self.write(item) for item in value))
        if isinstance(value, str):
            return self.string(value)
        return self.blank() + json.dumps(value) + self.blank()


class Maker:
    """Makes up bodies."""

    def __init__(self, seed):
        self.chance = random.Random(seed)
        self.writer = Writer(self.chance)

    def odds(self, chance):
        return self.chance.random() < chance

    def junk(self):
        return self.chance.choice(JUNK)

    def mixed(self, members, repeat=0.15):
        """The members in any order, some of them twice, some with others between them."""
        members = list(members)
        self.chance.shuffle(members)
        for key, _ in list(members):
            if self.odds(repeat):
                members.insert(self.chance.randrange(len(members) + 1), (key, self.junk()))
        if self.odds(0.3):
            members.insert(self.chance.randrange(len(members) + 1), ("extra", self.junk()))
        return members

    def mapping(self, members):
        """An object, or the arrays and objects of two that dict() takes for one."""
        if self.odds(0.7):
            return Pairs(members)
        pairs = [[key, value] for key, value in members]
        for index, (key, value) in enumerate(pairs):
            if isinstance(value, str) and value != key and self.odds(0.3):
                pairs[index] = Pairs([(key, self.junk()), (value, self.junk())])
        if self.odds(0.1):
            pairs.insert(0, self.chance.choice([["model"], ["a", 1, 2], [[], 1], 5, [None, 1], []]))
        return pairs

    def arguments(self):
        if self.odds(0.1):
            return self.chance.choice(["57", "", {}, None, "5", 3])
        ids = self.chance.choice(IDS)
        return [] if self.odds(0.05) else [ids] + [self.junk() for _ in range(self.chance.choice(
            [0, 1, 1, 2, 9]))]

    def keywords(self):
        return self.mapping(self.mixed([("context", {"lang": "en_US", "uid": 2})], 0.05))

    def parameters(self):
        members = [("model", self.chance.choice(MODELS)), ("method", self.chance.choice(METHODS)),
                   ("args", self.arguments()), ("kwargs", self.keywords())]
        if self.odds(0.05):
            members.pop(self.chance.randrange(4))
        return self.mapping(self.mixed(members))

    def body(self):
        members = [("jsonrpc", "2.0"), ("id", self.junk()), ("method", "call"),
                   ("params", self.parameters())]
        if self.odds(0.1):
            members.append(("params", self.parameters() if self.odds(0.7) else self.junk()))
        top = Pairs(self.mixed(members, 0.05))
        text = self.writer.write([top] if self.odds(0.03) else top).encode("utf-8")
        return self.spoil(text) if self.odds(0.15) else text

    def spoil(self, text):
        place = self.chance.randrange(len(text) + 1)
        bad = self.chance.choice([b"\xff", b"\xc3", b"\xed\xa0\x80", b"\0", b",", b"}", b"\xef\xbb\xbf",
                                  b"'", b"\\", b"\"", b"\x0b", b"]", b"NaN"])
        return text[:place] + bad + text[place + self.chance.choice([0, 0, 1]):]


def repaired(text):
    """As our trail keeps it: no lone surrogates, no NUL."""
    text = text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    return text.replace("\0", "\ufffd")


def ids_of(value):
    """The ids that browse() makes of a value, and whether all of them are plain."""
    if not value:
        return [], True
    if isinstance(value, int) and not isinstance(value, bool):
        return ([value], True) if abs(value) < 2 ** 63 else ([], False)
    if not isinstance(value, (list, str, dict)):
        return [], False
    ids = [plain_id(item) for item in value]
    return [item for item in ids if item is not None], None not in ids


def plain_id(item):
    if isinstance(item, str):
        item = item.strip(" \t\n\r\f\v")
        return int(item) if item.isascii() and item.isdigit() and len(item) < 19 else None
    if isinstance(item, float) and item.is_integer():
        item = int(item)
    whole = isinstance(item, int) and not isinstance(item, bool) and abs(item) < 2 ** 63
    return item if whole else None


def looks_like_ids(value):
    items = value if isinstance(value, list) else [value]
    numbers = (int,) if items is not value else (int, float)
    return all(isinstance(item, numbers) and plain_id(item) is not None for item in items)


class Expected:
    """What Python hands to Odoo; call is None where it hands over nothing."""

    def __init__(self, body):
        self.call = None
        try:
            top = json.loads(body.decode("utf-8", "replace"))
            parameters = dict(top.get("params", {})) if isinstance(top, dict) else {}
        except (ValueError, TypeError, RecursionError):
            return
        model, method = parameters.get("model"), parameters.get("method")
        if not (isinstance(model, str) and isinstance(method, str) and model and method):
            return
        self.call = (repaired(model), repaired(method))
        arguments = parameters.get("args")
        first = arguments[0] if isinstance(arguments, (list, str)) and arguments else None
        if method not in ID_METHODS and not looks_like_ids(first):
            first = None
        self.ids, self.plain = ids_of(first)
        self.count = len(first) if isinstance(first, (list, dict, str)) else len(self.ids)


def has_strange_pairs(body):
    """dict() takes strings of two characters for pairs, and tells keys apart that are too long or
    too odd for our reader: there it may say "unparsed"."""
    parameters = json.loads(body.decode("utf-8", "replace"))["params"]
    return not isinstance(parameters, dict) and any(isinstance(item, (str, dict))
                                                    for item in parameters)


def compare(tap, kind, answer, body):
    call, expected = answer["is"]["call"], Expected(body)
    tap.check(kind + ": any cutting gives the same", answer["stable"], body)
    if expected.call is None:
        tap.check(kind + ": unparsed where Python has no call",
                  not call["parsed"] and call["flags"] == "unparsed" and
                  call["operation"] == "unparsed_call" and call["model"] is None, call, body)
        return
    if not call["parsed"]:
        tap.check(kind + ": parsed where Python has a call", has_strange_pairs(body), call, body)
        return
    tap.check(kind + ": model and method", (call["model"], call["method"]) == expected.call, call,
              expected.call, body)
    ids = [int(word) for word in (call["record_ids"] or "").split()]
    tap.check(kind + ": ids", ids == expected.ids[:1000], ids, expected.ids, body)
    if expected.plain and expected.count:
        tap.check(kind + ": number of ids", call["record_count"] == expected.count, call, body)
    if not expected.plain:
        tap.check(kind + ": odd ids are kept as they came",
                  call["record_count"] == -1 and '"$ids":' in call["values"], call, body)


def main():
    driver, tap = Driver(sys.argv[1]), Tap()
    maker = Maker(int(sys.argv[2]) if len(sys.argv) > 2 else SEED)

    def ask(kind, body):
        answer = driver.ask(method="POST", path="/web/dataset/call_kw", body=body)
        compare(tap, kind, answer, body)

    for _ in range(BODIES):
        ask("made up", maker.body())
    for _ in range(CUT_BODIES):
        body = maker.body()
        for length in range(min(len(body), 600)):
            ask("cut", body[:length])
    tap.check("the driver ends in peace", driver.close() == 0)
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
