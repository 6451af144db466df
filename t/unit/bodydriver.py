"""Talks to t/unit/body_driver: what do the readers of XML-RPC and of multipart forms make of it?"""
import json
import subprocess
import sys


class Driver:
    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, kind, body, head=b""):
        """Answers {"stable": ..., "is": {"accepted": ..., "value": ...}}."""
        self.process.stdin.write(b"%s %d %d\n" % (kind.encode(), len(head), len(body)))
        self.process.stdin.write(head + body)
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            sys.exit("Bail out! body_driver died on %r" % body[:500])
        return json.loads(line)

    def close(self):
        self.process.stdin.close()
        return self.process.wait()
