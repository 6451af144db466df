#!/usr/bin/env python3
"""Side by side: bare mod_proxy, the same with mod_user_audit, and with ModSecurity 2.9, in front of the
same fast backend, in turn (A B C A B C ...), so that a machine whose speed drifts slows all of them;
then parts of the module alone. Builds the module first.

Prints medians with their spread, and each ratio to bare mod_proxy of the same round.

    bench/run.py [--build DIR] [--rounds N] [--seconds S] [--only NAME,...] [--without SET_UP,...]

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

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import alone
import load
import sockets
from servers import READ, STATIC, WRITE, Backend, Httpd, set_ups, untracked

TOP = pathlib.Path(__file__).resolve().parent.parent


class Bench:
    """Servers are started when a section first needs them."""

    def __init__(self, args, folder, stack):
        self.args, self.folder, self.stack = args, folder, stack
        self.backend = self.servers = None

    def compared(self):
        if not self.servers:
            self.backend = Backend(self.folder)
            self.stack.callback(self.backend.stop)
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


def attachment(size):
    def run(bench):
        servers, body = bench.compared(), load.attachment_body(size)
        for server in servers:
            load.post_file(server, body, 1)
        return bench.rounds(servers, lambda server: load.post_file(server, body, 3))
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
    return bench.rounds(servers, lambda server: sockets.measure(server, 1000))


SECTIONS = {
    "web_save": saturated(WRITE, "web_save", load.web_save_body()),
    "web_save_half": half_load,
    "read_200": saturated(READ, "read", load.read_body()),
    "static": saturated(STATIC, "static", None),
    "untracked": nothing_tracked,
    "attachment_8mb": attachment(8 << 20),
    "attachment_64mb": attachment(64 << 20),
    "websockets": websockets,
}


def report(name, results):
    print(f"\n{name}")
    bare = results["bare"]
    for server, runs in results.items():
        for figure in runs[0]:
            values = [run[figure] for run in runs]
            ratios = [run[figure] / base[figure] for run, base in zip(runs, bare) if base[figure]]
            ratio = (f"  ratio to bare {statistics.median(ratios):.3f} ({min(ratios):.3f} .. {max(ratios):.3f})"
                     if ratios and server != "bare" else "")
            print(f"  {server:12} {figure:15} {statistics.median(values):10.2f} "
                  f"({min(values):.2f} .. {max(values):.2f}){ratio}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=lambda path: pathlib.Path(path).resolve(), default=TOP / "build")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--only", default=",".join([*SECTIONS, *alone.PARTS]),
                        help=f"of {', '.join([*SECTIONS, *alone.PARTS])}")
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
        for name in args.only.split(","):
            if name in SECTIONS:
                report(name, SECTIONS[name](bench))
            else:
                print(f"\n{name}")
                alone.PARTS[name](args.build / "bench" / "alone", folder / "alone")


if __name__ == "__main__":
    main()
