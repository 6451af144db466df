"""The stand-in's own list of what it executed: what a trail is compared with."""

import json
import threading
import time
from collections import deque

KEPT_IN_MEMORY = 1000000


class OperationLog:
    def __init__(self, path=None):
        self.lock = threading.Lock()
        self.file = open(path, "a", encoding="utf-8", buffering=1) if path else None
        self.lines = deque(maxlen=KEPT_IN_MEMORY)

    def add(
        self, operation, model=None, method=None, ids=(), uid=None, login=None, ok=True, **more
    ):
        line = {
            "time": time.time(),
            "model": model,
            "method": method,
            "operation": operation,
            "ids": list(ids),
            "uid": uid,
            "login": login,
            "ok": ok,
            **more,
        }
        with self.lock:
            self.lines.append(line)
            if self.file:
                self.file.write(json.dumps(line, default=str) + "\n")

    def all(self):
        with self.lock:
            return list(self.lines)

    def clear(self):
        with self.lock:
            self.lines.clear()
