"""Talks to t/unit/call_driver: what does the odoo room make of a request and its answer?"""
import json
import subprocess
import sys

FRAMES = ("method", "path", "query", "content_type", "referer", "authorization", "body", "status",
          "location", "set_session", "sent_session", "reply_type", "disposition", "reply_body")


def to_bytes(value):
    return value if isinstance(value, bytes) else str(value).encode()


class Driver:
    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, **frames):
        """The frames that are not given are empty. Answers {"stable": ..., "is": {...}}."""
        for name in FRAMES:
            data = to_bytes(frames.get(name) or "")
            self.process.stdin.write(b"%d\n%s" % (len(data), data))
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            sys.exit("Bail out! call_driver died on %r" % frames["body"][:500])
        return json.loads(line)

    def close(self):
        self.process.stdin.close()
        return self.process.wait()


class Tap:
    """Counts checks under a name; a name passes if all of its checks did."""

    def __init__(self):
        self.passed = {}
        self.failed = {}

    def check(self, name, good, *details):
        """The details are shown of the first failures."""
        self.passed.setdefault(name, 0)
        if good:
            self.passed[name] += 1
            return
        self.failed[name] = self.failed.get(name, 0) + 1
        if self.failed[name] <= 5:
            print("#", name, *[str(detail)[:400] for detail in details])

    def finish(self):
        for number, name in enumerate(self.passed, 1):
            failures = self.failed.get(name, 0)
            print("%s %d - %s (%d of %d)" % ("not ok" if failures else "ok", number, name,
                                             self.passed[name], self.passed[name] + failures))
        print("1..%d" % len(self.passed))
        return 1 if self.failed or not self.passed else 0
