"""Two differential tests of user_agent_driver, each where what it needs is installed.

The rows of uap-core's test files, field by field; and every text in them beside Python's
user-agents over the same rules. UAP_CORE names another copy of uap-core than Debian's. Prints TAP.
Argument: the driver's path.
"""

import ast
import importlib.util
import json
import os
import subprocess
import sys

import yaml

ROOT = os.environ.get("UAP_CORE", "/usr/share/uap-core")
RULES = os.path.join(ROOT, "regexes.yaml")
MAX_SHOWN = 5

UA = ("family", "major", "minor", "patch")
OS = ("family", "major", "minor", "patch", "patch_minor")
DEVICE = ("family", "brand", "model")

FILES = (
    ("tests/test_ua.yaml", "browser", UA),
    ("tests/test_os.yaml", "os", OS),
    ("tests/test_device.yaml", "device", DEVICE),
    ("test_resources/firefox_user_agent_strings.yaml", "browser", UA),
    ("test_resources/pgts_browser_list.yaml", "browser", UA),
    ("test_resources/opera_mini_user_agent_strings.yaml", "browser", UA),
    ("test_resources/podcasting_user_agent_strings.yaml", "browser", UA),
    ("test_resources/additional_os_tests.yaml", "os", OS),
)

# Texts that uap-core's files do not have: Odoo's clients, and what user-agents tells by words.
MORE_TEXTS = (
    "",
    "Python-xmlrpc/3.11",
    "OdooIoTBox/1.0",
    "python-requests/2.31.0",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/534.34 (KHTML, like Gecko) wkhtmltopdf Safari/534.34",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    "Mozilla/5.0 (compatible; MSIE 10.0; Windows NT 6.2; ARM; Trident/6.0)",
    "Mozilla/5.0 (compatible; MSIE 10.0; Windows NT 6.2; Trident/6.0; Touch)",
    "Mozilla/5.0 (Windows; Windows ME; rv:1.8) Gecko Firefox/1.5",
    "Mozilla/5.0 (PlayBook; U; RIM Tablet OS 2.0.1; en-US) AppleWebKit/535.8+ (KHTML, like Gecko) Version/7.2.0.1 Safari/535.8+",
    "Mozilla/5.0 (Tablet; rv:26.0) Gecko/26.0 Firefox/26.0",
    "Mozilla/5.0 (Maemo; Linux; U; Jolla; Sailfish; Mobile; rv:31.0) Gecko/31.0 Firefox/31.0 SailfishBrowser/1.0",
    "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:38.0) Gecko/20100101 Thunderbird/38.2.0 Lightning/4.0.2",
    "Mozilla/5.0 (BlackBerry; U; Blackberry 9930; en-US) AppleWebKit/534.11+ (KHTML, like Gecko) Mobile Safari",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 6_0 like Mac OS X) (compatible; Googlebot-Mobile/2.1)",
    "NokiaBrowser/7.3 Mobile Symbian/3",
    "Opera/9.80 (J2ME/MIDP; Opera Mini/9.80 (J2ME/22.478; U; en) Presto/2.5.25 Version/10.54",
)


class Driver:
    """The program under test: one text in, its fields out."""

    def __init__(self, path):
        self.process = subprocess.Popen(
            [path, RULES], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self.answers = {}

    def ask(self, text):
        if text not in self.answers:
            self.answers[text] = self.asked(text)
        return self.answers[text]

    def asked(self, text):
        data = text.encode()
        self.process.stdin.write(b"%d\n" % len(data) + data)
        self.process.stdin.flush()
        fields = self.process.stdout.readline().decode().rstrip("\n").split("\x1f")
        if len(fields) != 14:
            raise SystemExit("Bail out! user_agent_driver died on %r" % text)
        fields = [None if field == "\x1e" else field for field in fields]
        return {
            "browser": dict(zip(UA, fields[0:4])),
            "os": dict(zip(OS, fields[4:9])),
            "device": dict(zip(DEVICE, fields[9:12])),
            "kind": fields[12],
            "string": fields[13],
        }


class Tap:
    """Counts the differences of one test and shows the first."""

    def __init__(self):
        self.number = 0
        self.failed = False

    def test(self, name, differences, count):
        self.number += 1
        verdict = "not ok" if differences or not count else "ok"
        self.failed |= verdict == "not ok"
        print("%s %d - %s: %d texts" % (verdict, self.number, name, count))
        for text, got, expected in differences[:MAX_SHOWN]:
            print("#   %r\n#     is  %r\n#     not %r" % (text, got, expected))
        if differences:
            print("#   %d differences" % len(differences))


def rows_of(name):
    """A file's rows; uap-core writes what is unknown as nothing or as an empty text."""
    with open(os.path.join(ROOT, name), encoding="utf-8") as file:
        return yaml.load(file, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))["test_cases"]


def check_file(tap, driver, rows, name, part, fields):
    differences = []

    for row in rows:
        expected = {key: row.get(key) or None for key in fields if key in row}
        answer = driver.ask(row["user_agent_string"])[part]
        got = {key: answer[key] for key in expected}
        if got != expected:
            differences.append((row["user_agent_string"], got, expected))
    tap.test("uap-core's " + name, differences, len(rows))


def texts_of_user_agents():
    """The texts of user-agents' own tests, as far as the package brings them."""
    folder = os.path.dirname(importlib.util.find_spec("user_agents").origin)
    texts = []

    with open(os.path.join(folder, "tests.py"), encoding="utf-8") as file:
        tree = ast.parse(file.read())
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            texts.append(node.value.value)
    devices = os.path.join(folder, "devices.json")
    if os.path.exists(devices):
        with open(devices, encoding="utf-8") as file:
            texts.extend(device["ua_string"] for device in json.load(file).values())
    return texts


def python_says(parse, text):
    agent = parse(text)
    kind = (
        agent.is_mobile,
        agent.is_tablet,
        agent.is_touch_capable,
        agent.is_pc,
        agent.is_bot,
        agent.is_email_client,
    )
    return "".join("1" if truth else "0" for truth in kind), str(agent)


def check_python(tap, driver, texts):
    """Whether the same rules give Python's answers."""
    os.environ["UA_PARSER_YAML"] = RULES
    try:
        from user_agents import parse
    except ImportError:
        tap.number += 1
        print("ok %d # SKIP python3-user-agents is missing" % tap.number)
        return
    differences, own = [], texts_of_user_agents()
    texts = list(dict.fromkeys(own + texts))
    for text in texts:
        answer = driver.ask(text)
        got, expected = (answer["kind"], answer["string"]), python_says(parse, text)
        if got != expected:
            differences.append((text, got, expected))
    tap.test("Python's user-agents", differences, len(texts) if own else 0)


def main():
    if not os.path.exists(RULES):
        print("1..0 # SKIP uap-core is missing")
        return 77
    driver, tap, texts = Driver(sys.argv[1]), Tap(), dict.fromkeys(MORE_TEXTS)
    for name, part, fields in FILES:
        if os.path.exists(os.path.join(ROOT, name)):
            rows = rows_of(name)
            check_file(tap, driver, rows, name, part, fields)
            texts.update((row["user_agent_string"], None) for row in rows)
    check_python(tap, driver, list(texts))
    print("1..%d" % tap.number)
    return tap.failed


if __name__ == "__main__":
    sys.exit(main())
