#!/usr/bin/env python3
"""Side by side: bare mod_proxy, the same with mod_user_audit, and with ModSecurity 2.9, in front of the
same fast backend, in turn (A B C A B C ...), so that a machine whose speed drifts slows all of them;
then parts of the module alone. Builds the module first.

Prints tables in Markdown: medians with their range, and the ratio to bare mod_proxy of the same
round. What fails is told in its place, and the rest goes on. All of it takes about ten minutes on two
processors that have nothing else to do.

    bench/run.py [--build DIR] [--rounds N] [--seconds S] [--only NAME,...] [--without SET_UP,...]
                 [--events N] [--sockets N]

Needs wrk, nginx (the backend), curl, nghttp2-client (h2load), sqlite3 and valgrind, and
libapache2-mod-security2 for the third set-up.
"""
import argparse
import contextlib
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import alone
import instructions
import load
import sockets
from servers import READ, STATIC, WRITE, Backend, Httpd, set_ups, untracked

TOP = pathlib.Path(__file__).resolve().parent.parent


class Bench:
    """Servers are started when a section first needs them."""

    def __init__(self, args, folder, stack):
        self.args, self.folder, self.stack = args, folder, stack
        self.backend = self.servers = None

    def answering(self):
        if not self.backend:
            self.backend = Backend(self.folder)
            self.stack.callback(self.backend.stop)
        return self.backend

    def compared(self):
        if not self.servers:
            self.answering()
            self.servers = [self.start(set_up) for set_up in set_ups(self.args.build)
                            if set_up[0] not in self.args.without.split(",")]
        return self.servers

    def start(self, set_up, folder=None, **more):
        server = Httpd(set_up, folder or self.folder, self.backend, **more)
        self.stack.callback(server.stop)
        return server

    def rounds(self, servers, measure):
        results = {server.name: [] for server in servers}
        for _ in range(self.args.rounds):
            for server in servers:
                results[server.name].append(measure(server))
        return results


def saturated(path, name, body):
    def run(bench):
        servers, script = bench.compared(), load.script_of(bench.folder, name, body)
        for server in servers:
            load.wrk(server, path, script, 6)  # longer than it takes until Odoo is asked for a name
        return bench.rounds(servers, lambda server: load.wrk(server, path, script, bench.args.seconds))
    return run


def half_load(bench):
    """At half of what bare mod_proxy carries."""
    servers, body = bench.compared(), load.web_save_body()
    script = load.script_of(bench.folder, "web_save", body)
    rate = int(load.wrk(servers[0], WRITE, script, bench.args.seconds)["requests/s"] / 2)
    print(f"\n  (paced at {rate} requests/s)")
    return bench.rounds(servers,
                        lambda server: load.paced(server, WRITE, bench.folder, body, rate, bench.args.seconds))


SLOW = "modsecurity"  # quadratic in the size of a JSON body: 13 s for 8 MB, minutes for 64 MB


def attachment(size, with_slow):
    """Three uploads a round; of the slow one a single upload in all."""
    def run(bench):
        body = load.attachment_body(size)
        servers = [server for server in bench.compared() if server.name != SLOW]
        for server in servers:
            load.post_file(server, body, 1)
        results = bench.rounds(servers, lambda server: load.post_file(server, body, 3))
        for server in bench.compared():
            if server.name == SLOW and with_slow:
                results[SLOW] = [load.post_file(server, body, 1)]
        return results
    return run


def nothing_tracked(bench):
    bare = bench.compared()[0]
    servers = [bare, bench.start(untracked(bench.args.build))]
    script = load.script_of(bench.folder, "web_save", load.web_save_body())
    for server in servers:
        load.wrk(server, WRITE, script, 6)
    return bench.rounds(servers, lambda server: load.wrk(server, WRITE, script, bench.args.seconds))


def websockets(bench):
    names = [server.name for server in bench.compared()]
    echo = sockets.Echo()
    echo.start()
    servers = [bench.start(set_up, bench.folder / "sockets", threads=600, sockets=echo.port)
               for set_up in set_ups(bench.args.build) if set_up[0] in names]
    for server in servers:
        sockets.measure(server, 50)
    return bench.rounds(servers, lambda server: sockets.measure(server, bench.args.sockets))


SECTIONS = {
    "web_save": saturated(WRITE, "web_save", load.web_save_body()),
    "web_save_half": half_load,
    "read_200": saturated(READ, "read", load.read_body()),
    "static": saturated(STATIC, "static", None),
    "untracked": nothing_tracked,
    "attachment_8mb": attachment(8 << 20, True),
    "attachment_64mb": attachment(64 << 20, False),
    "websockets": websockets,
}


INSTRUCTIONS = "instructions"
ALL = [*SECTIONS, INSTRUCTIONS, *alone.PARTS]


def spread(values, digits):
    middle = statistics.median(values)
    if len(values) == 1:
        return f"{middle:,.{digits}f}"
    return f"{middle:,.{digits}f} ({min(values):,.{digits}f} to {max(values):,.{digits}f})"


def cell(figure, runs, bare):
    values = [run[figure] for run in runs]
    digits = 0 if min(values) >= 1000 else 1 if min(values) >= 10 else 2
    ratios = [run[figure] / base[figure] for run, base in zip(runs, bare) if base[figure] and runs is not bare]
    return spread(values, digits) + (f", ratio {spread(ratios, 2)}" if ratios else "")


def report(name, results):
    print(f"\n{name}\n\n| | " + " | ".join(results) + " |\n" + "|---" * (1 + len(results)) + "|")
    for figure in results["bare"][0]:
        print(f"| {figure} | "
              + " | ".join(cell(figure, runs, results["bare"]) for runs in results.values()) + " |", flush=True)


def run_section(name, bench):
    """False if it failed."""
    begun = time.monotonic()
    try:
        if name in SECTIONS:
            report(name, SECTIONS[name](bench))
        elif name == INSTRUCTIONS:
            print(f"\n{name}\n")
            instructions.measure(bench.args.build, bench.folder, bench.answering())
        else:
            print(f"\n{name}\n")
            alone.PARTS[name](bench.args.build / "bench" / "alone", bench.folder / "alone", bench.args)
    except (RuntimeError, OSError, subprocess.SubprocessError) as error:
        print(f"\n{name} failed: {error}", flush=True)
        return False
    print(f"\n({name}: {time.monotonic() - begun:.0f} s)", flush=True)
    return True


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=lambda path: pathlib.Path(path).resolve(), default=TOP / "build")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--events", type=int, default=50_000, help="that the keeper stores")
    parser.add_argument("--sockets", type=int, default=1000)
    parser.add_argument("--only", default=",".join(ALL), help=f"of {', '.join(ALL)}")
    parser.add_argument("--without", default="", help="set-ups to leave out, e.g. modsecurity")
    parser.add_argument("--keep", action="store_true", help="leave logs and databases behind")
    args = parser.parse_args()
    os.umask(0o022)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that servers are stopped
    subprocess.run(["make", "-s", "-C", str(args.build), "all", "bench/alone"], check=True,
                   stdout=subprocess.DEVNULL)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="audit-bench-"))
    folder.chmod(0o755)
    print(load.versions(args.build))
    with contextlib.ExitStack() as stack:
        if args.keep:
            print(f"kept in {folder}")
        else:
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
        bench = Bench(args, folder, stack)
        done = [run_section(name, bench) for name in args.only.split(",")]
    sys.exit(0 if all(done) else 1)


if __name__ == "__main__":
    main()
