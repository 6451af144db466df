#!/usr/bin/env python3
"""Tests of the Odoo stand-in; prints TAP. An argument chooses tests by a part of their name."""

import sys
import traceback

from standin_tests import (  # noqa: F401
    as_recorded,
    calls,
    doors,
    replaying,
    serving,
    sessions,
)
from standin_tests.harness import TESTS, server


def run_one(number, function, version, options):
    name = f"{version}.0 {function.__name__.replace('_', ' ')}"
    try:
        function(server(version, options))
    except Exception:
        print(f"not ok {number} - {name}")
        print("".join(f"# {line}\n" for line in traceback.format_exc().splitlines()), end="")
        return False
    print(f"ok {number} - {name}")
    return True


def main():
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    chosen = [entry for entry in TESTS if wanted in entry[0].__name__]
    print(f"1..{len(chosen)}")
    results = [run_one(number, *entry) for number, entry in enumerate(chosen, 1)]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
