"""Differential test: json_driver must take exactly the texts that json.loads takes once their
bytes are decoded as UTF-8 with replacement, and must write the same values.

Prints TAP. Arguments: the driver's path, and perhaps a seed.
"""

import hashlib
import json
import math
import random
import re
import subprocess
import sys

SEED = 20240229
MAX_DIGITS = 4300
TREE_DEPTH = 128
KEY_SIZE = 256
NUMBER_SIZE = 64
FAULT_DIGITS = 3
RANDOM_TEXTS = 800

LONG_KEY = re.compile(r'"(?:[^"\\]|\\.)*\.\.\.[0-9a-f]{64}"')
SURROGATE = re.compile("[\ud800-\udfff]")


class Driver:
    """The program under test: one text in, one answer out."""

    def __init__(self, path):
        self.process = subprocess.Popen(
            [path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def ask(self, text):
        self.process.stdin.write(b"%d\n" % len(text) + text)
        self.process.stdin.flush()
        line = self.process.stdout.readline().split()
        if len(line) != 5:
            raise SystemExit("Bail out! json_driver died on %r" % text[:200])
        accepted, fault, duplicate, same, length = map(int, line)
        return accepted, fault, duplicate, same, self.process.stdout.read(length)


class Expected:
    """What Python makes of a text, in the form in which our writer puts it."""

    def __init__(self, text):
        self.duplicate = 0
        decoded = text.decode("utf-8", "replace")
        self.exceeds = False
        try:
            json.loads(decoded)
        except RecursionError:
            self.accepted = None
            return
        except ValueError as error:
            self.accepted = False
            self.exceeds = "digits" in str(error)
            return
        self.accepted = True
        self.depth = nesting(decoded)
        self.value = json.loads(
            decoded,
            parse_float=self.number,
            parse_int=self.number,
            parse_constant=str,
            object_pairs_hook=self.object,
        )
        self.value = self.strings(self.value)

    @staticmethod
    def text(string):
        """Our texts are UTF-8 without NUL: a lone surrogate is three broken bytes."""
        return SURROGATE.sub("\ufffd" * 3, string).replace("\0", "\ufffd")

    def strings(self, value):
        if self.depth > TREE_DEPTH:
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.strings(element) for element in value]
        return value

    @staticmethod
    def number(text):
        if len(text) > NUMBER_SIZE:
            return {"$head": text[:NUMBER_SIZE] + "...", "$length": len(text)}
        if math.isinf(float(text)):
            return text
        return json.loads(text)

    def key(self, key):
        raw = key.encode("utf-8", "surrogatepass")
        text = self.text(key)
        if len(raw) <= KEY_SIZE and len(text.encode()) <= KEY_SIZE:
            return text
        head = text.encode()[:KEY_SIZE].decode("utf-8", "ignore")
        return head + "..." + hashlib.sha256(raw).hexdigest()

    def object(self, pairs):
        members = {}
        for key, value in pairs:
            key = self.key(key)
            if key in members:
                self.duplicate = 1
            members[key] = self.strings(value)
        return members


def nesting(decoded):
    """The depth of a valid text."""
    depth = deepest = 0
    for mark in re.findall(r'"(?:[^"\\]|\\.)*"|[][{}]', decoded, re.S):
        if mark in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif mark in "]}":
            depth -= 1
    return deepest


def complaint(driver, text):
    """None, or what is wrong with the driver's answer."""
    expected = Expected(text)
    accepted, fault, duplicate, same, output = driver.ask(text)
    if not same:
        return "depends on how the text is cut"
    if expected.accepted is None:
        return None
    if bool(accepted) != expected.accepted:
        return "accepted %d, fault %d, Python says %s" % (accepted, fault, expected.accepted)
    if not accepted:
        if expected.exceeds and fault != FAULT_DIGITS:
            return "fault %d instead of %d" % (fault, FAULT_DIGITS)
        return None
    if duplicate != expected.duplicate:
        return "duplicate key %d instead of %d" % (duplicate, expected.duplicate)
    if expected.depth > TREE_DEPTH:
        json.loads(output.decode("utf-8"))
        return None
    ours = json.dumps(json.loads(output.decode("utf-8")))
    theirs = json.dumps(expected.value)
    if "\ufffd" in text.decode("utf-8", "replace"):
        # Where a long key is cut and what its hash is depends on the bytes as sent, which the
        # decoded text has lost.
        ours, theirs = (LONG_KEY.sub('"..."', one) for one in (ours, theirs))
    if ours != theirs:
        return "wrote %r for %r" % (output[:300], expected.value)
    return None


# ---- texts ----

PLAIN = [
    b"", b" ", b"null", b"true", b"false", b"nul", b"nulll", b"True", b"{}", b"[]", b"{", b"[",
    b"}", b"]", b"[]]", b"{}}", b"[}", b"{]", b"[1,]", b"[,1]", b"[,]", b"[1 2]", b"[1,,2]",
    b'{"a"}', b'{"a":}', b'{"a":1,}', b'{,"a":1}', b'{"a" 1}', b'{"a":1 "b":2}', b"{a:1}",
    b"{'a':1}", b"{1:2}", b'{null:1}', b'{"a":1}x', b'{"a":1}\0', b'\0{"a":1}', b'{"a":1} \t\r\n',
    b' \t\r\n{ \t\r\n"a" \t\r\n: \t\r\n1 \t\r\n, \t\r\n"b":[ \t\r\n] \t\r\n}', b"\x0b[]", b"\x0c[]",
    b"[]\x0b", b"\xc2\xa0[]", b"[\xe2\x80\x83]", b"\xef\xbb\xbf{}", b"{}\xef\xbb\xbf", b"\xef\xbb",
    b"\xff\xfe[\0]\0", b"\0[\0]", b"\xff", b"[\xff]", b'{"a":1}\xff', b"/**/[]", b"[]//", b"[] #",
    b'""', b'"', b'"a', b'"a"b', b"'a'", b'"a" "b"', b'"\t"', b'"\n"', b'"\x1f"', b'"\x7f"',
    b'"\x00"', b'["\x00"]', b'"\\u0000"', b'{"\\u0000":1}', b'{"":1}', b'{"":1,"":2}',
    b'{"a":1,"b":2,"a":3}', b'{"a":{"b":1},"a":{"b":2,"c":3}}', b'{"a":[1,2],"\\u0061":[3]}',
    b'{"a":{"b":1},"a":{},"a":{"b":2}}', b'{"a":{"b":1,"b":2}}', b'[{"a":1},{"a":2}]',
    b'{"a":{"a":{"a":1}}}', b'{"\xff":1,"\xfe":2}', b'{"\xc3\xa9":1,"\\u00e9":2}',
    b'"\\x41"', b'"\\"', b'"\\', b'"\\a"', b'"\\v"', b'"\\0"', b'"\\\'"', b'"\\\n"', b'"\\u"',
    b'"\\u1"', b'"\\u12"', b'"\\u123"', b'"\\u123g"', b'"\\U1234"', b'"\\u 123"', b'"\\u+123"',
    b'"\\u0x12"', b'"\\u1_23"', b'"\\ud83d\\ude00"', b'"\\ude00\\ud83d"', b'"\\ud83d"',
    b'"\\ud83d\\ud83d\\ude00"', b'"\\ud83dx\\ude00"', b'"\\ud83d\\n\\ude00"', b'"\\ud83d\\u0041"',
    b'"\\ud83d\\u"', b'"\\ud83d\\ude0"', b'"\\ud83d\\ude0g"', b'"\\ud83d\\', b'"\\ud83d',
    b'"\\uDBFF\\uDFFF"', b'"\\uD800\\uDC00"', b'"\\uFFFF"', b'"\\ud83d\xed\xb8\x80"',
    b'"\xed\xa0\xbd\xed\xb8\x80"', b'"\xed\xa0\xbd\\ude00"', b'"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"',
    b'"\xc3"', b'"\xe2\x82"', b'"\xf0\x9f\x98"', b'"\xc0\xaf"', b'"\xf4\x90\x80\x80"', b'"\x80\xbf"',
    b'"\xf8\x88\x80\x80\x80"', b'"\xe0\x80\x80"', b'"\xf0\x80\x80\x80"', b'"<script>&amp;"',
    b"NaN", b"-NaN", b"+NaN", b"nan", b"Na", b"NaNN", b"Infinity", b"-Infinity", b"+Infinity",
    b"Infinit", b"-Infinit", b"-Infinityy", b"-I", b"- Infinity", b"-inf", b"[NaN,-Infinity]",
    b"--Infinity", b"1Infinity", b"[-Infinity,Infinity ,NaN]", b"\xef\xbc\x91", b"\xd9\xa1", b"1\xd9\xa1",
]

NUMBERS = [
    "0", "-0", "-", "+1", "01", "-01", "00", "1.", "1.0", ".5", "-.5", "1.e5", "1e5", "1E5",
    "1e+5", "1e-5", "1e", "1e+", "1e-", "1ee5", "1.5.5", "0.0", "-0.0", "0e0", "0e", "0x10", "1_0",
    "1e400", "-1e400", "1e-400", "1e999999999999999999", "9" * 64, "9" * 65, "0." + "1" * 62,
    "0." + "1" * 63, "12345678901234567890", "9" * MAX_DIGITS, "9" * (MAX_DIGITS + 1),
    "-" + "9" * MAX_DIGITS, "-" + "9" * (MAX_DIGITS + 1), "9" * (MAX_DIGITS + 1) + ".5",
    "9" * (MAX_DIGITS + 1) + "e1", "0." + "9" * (MAX_DIGITS + 1), "1 ", " 1", "1,", "1]", "1}",
    "1a", "1-", "1+1", "1\"", "٣", "1e٣", "1²",
]

ESCAPES = [
    "\\n", "\\\"", "\\\\", "\\/", "\\b", "\\u0041", "\\u00e9", "\\u20ac", "\\ud83d", "\\ude00",
    "\\ud83d\\ude00", "\\u0000", "\\uDFFF", "\\uDBFF", "a", "bc", "<", "é", "€", "😀", "{", "x" * 40,
]

BYTES = [b"\xff", b"\x80", b"\xc3", b"\xe2\x82", b"\xf0\x9f", b"\xed\xa0\x80", b"\0", b"\x1f", b"\n"]

MARKS = b'{}[],:"\\ \n0123456789-+.eEtfnNIu\x00\x1f\x7f\xc3\xe2\xf0\xff'


def spaces(chance):
    return "".join(chance.choice(" \t\r\n") for _ in range(chance.choice([0, 0, 0, 1, 3])))


def a_string(chance):
    return '"' + "".join(chance.choice(ESCAPES) for _ in range(chance.randrange(6))) + '"'


def a_key(chance):
    if chance.random() < 0.7:
        return '"%s"' % chance.choice(["a", "b", "\\u0061", "model", "", "é"])
    if chance.random() < 0.1:
        return '"%s"' % (chance.choice("kl") * chance.randrange(250, 262))
    return a_string(chance)


def a_number(chance):
    if chance.random() < 0.5:
        return str(chance.randrange(-1000, 1000000))
    return repr(chance.uniform(-1, 1) * 10 ** chance.randrange(-30, 30))


def a_value(chance, depth=0):
    kind = chance.randrange(8 if depth < 6 else 5)
    if kind == 0:
        return a_number(chance)
    if kind == 1:
        return chance.choice(["true", "false", "null", "NaN", "-Infinity", "Infinity"])
    if kind < 5:
        return a_string(chance)
    if kind == 5:
        members = (a_value(chance, depth + 1) for _ in range(chance.randrange(5)))
        return "[" + ",".join(spaces(chance) + one + spaces(chance) for one in members) + "]"
    members = (
        a_key(chance) + spaces(chance) + ":" + spaces(chance) + a_value(chance, depth + 1)
        for _ in range(chance.randrange(6))
    )
    return "{" + ",".join(spaces(chance) + one + spaces(chance) for one in members) + "}"


def mutated(chance, text):
    text = bytearray(text)
    for _ in range(chance.randrange(1, 4)):
        place = chance.randrange(len(text) + 1)
        end = place + chance.randrange(4)
        text[place:end] = bytes(chance.choice(MARKS) for _ in range(chance.randrange(3)))
    return bytes(text)


def corrupted(chance, text):
    place = chance.randrange(len(text) + 1)
    return text[:place] + chance.choice(BYTES) + text[place:]


def numbers(chance):
    texts = list(NUMBERS)
    texts += ["".join(chance.choice("-+0019.eE") for _ in range(chance.randrange(1, 9)))
              for _ in range(RANDOM_TEXTS)]
    for text in texts:
        yield text.encode()
        yield b"[" + text.encode() + b"]"
        yield b'{"a":' + text.encode() + b',"b":1}'


def single_bytes(_):
    for byte in range(256):
        one = bytes([byte])
        for frame in (b"%s", b"[%s]", b"1%s", b'"%s"', b'"\\%s"', b'"\\u00%s1"', b"%s[]", b"{}%s",
                      b'"\xe2%s"', b'"\xf0%s\x80\x80"', b'"\xed%s\x80"', b"-%s", b"1.%s", b"1e%s"):
            yield frame.replace(b"%s", one)


def nested(chance):
    for depth in (1, 2, 127, 128, 129, 130, 500, 900):
        yield b"[" * depth + b"]" * depth
        yield b'{"a":' * depth + b"1" + b"}" * depth
        yield b'[{"a":' * (depth // 2) + b"[]" + b"}]" * (depth // 2)
        yield b'{"a":{},"a":' * depth + b"1" + b"}" * depth
        yield b"[" * depth + b"]" * (depth - 1)
        yield b"[" * depth + b"]" * (depth - 1) + b"}"
        marks = [chance.choice([b"[", b'{"k":']) for _ in range(depth)]
        yield b"".join(marks) + b"0" + b"".join(
            b"]" if mark == b"[" else b"}" for mark in reversed(marks))


def strings(chance):
    for _ in range(RANDOM_TEXTS):
        yield a_string(chance).encode()
    for length in list(range(40)) + [63, 64, 65, 255, 256, 257, 1000, 70000]:
        yield b'"' + b"a" * length + b'"'
        yield b'"' + b"a" * length + b'\\n"'
        yield b'"' + b"\\u00e9" * length + b'"'
        yield b'{"' + b"a" * length + b'":1}'
        yield b'"' + b"a" * length + b"\x1f" + b'"'


def values(chance):
    for _ in range(RANDOM_TEXTS):
        yield a_value(chance).encode()


def mutations(chance):
    for _ in range(RANDOM_TEXTS * 3):
        yield mutated(chance, a_value(chance).encode())


def corruptions(chance):
    for _ in range(RANDOM_TEXTS):
        yield corrupted(chance, a_value(chance).encode())


def truncations(chance):
    for _ in range(20):
        text = a_value(chance).encode()[:300]
        for end in range(len(text)):
            yield text[:end]


def many_members(chance):
    yield json.dumps({str(n): n for n in range(5000)}).encode()
    yield ("{" + ",".join('"%d":%d' % (n % 700, n) for n in range(5000)) + "}").encode()
    yield json.dumps([[n] for n in range(5000)]).encode()
    yield ("[" + ",".join(a_value(chance) for _ in range(500)) + "]").encode()


GROUPS = [
    ("plain texts", lambda chance: PLAIN),
    ("numbers", numbers),
    ("every byte in every place", single_bytes),
    ("nesting", nested),
    ("strings and keys", strings),
    ("random values", values),
    ("mutated values", mutations),
    ("broken UTF-8 and control bytes", corruptions),
    ("texts cut short", truncations),
    ("many members", many_members),
]


def main(path, seed):
    driver = Driver(path)
    failed = 0
    print("1..%d" % len(GROUPS))
    print("# seed %d, Python %s" % (seed, sys.version.split()[0]))
    for number, (name, texts) in enumerate(GROUPS, 1):
        wrong = count = 0
        for text in texts(random.Random(seed + number)):
            count += 1
            reason = complaint(driver, text)
            if reason:
                wrong += 1
                if wrong <= 5:
                    print("# %r: %s" % (text[:200], reason))
        failed |= wrong > 0
        print("%s %d - %s: %d texts" % ("not ok" if wrong else "ok", number, name, count))
        sys.stdout.flush()
    driver.process.stdin.close()
    return failed or driver.process.wait() != 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else SEED))
