#!/usr/bin/env python3
"""An Odoo stand-in: behaves on the wire as Odoo 16, 17, 18 or 19, with records in memory."""

import argparse
import logging
import os
import signal
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from standin import (
    control_routes,
    data,
    external_routes,
    file_routes,
    login_routes,  # noqa: E402,F401
    page_routes,
    rpc_routes,
)
from standin.app import App  # noqa: E402
from standin.server import Server  # noqa: E402
from standin.sessions import GRACE_SECONDS, ROTATION_SECONDS  # noqa: E402
from standin.versions import VERSIONS  # noqa: E402


def parse_arguments(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--version", type=int, choices=sorted(VERSIONS), default=19)
    add("--host", default="127.0.0.1")
    add("--port", type=int, default=0, help="0 takes a free one")
    add("--log", metavar="FILE", help="one JSON line per executed operation")
    add(
        "--rotate",
        type=float,
        default=ROTATION_SECONDS,
        metavar="SECONDS",
        help="age at which 19 renews half of a session id",
    )
    add(
        "--rotate-grace",
        type=float,
        default=GRACE_SECONDS,
        metavar="SECONDS",
        help="how long the old id still works",
    )
    add(
        "--old-carriers",
        action="store_true",
        help="as early 16 and 17: the session id also by query and header",
    )
    add("--control", action="store_true", help="/_standin/*, X-Standin-Delay, X-Standin-Fault")
    add("--keepalive", action="store_true", help="do not close after each answer")
    add("--debug", action="store_true", help="tracebacks of failed calls on stderr")
    return parser.parse_args(arguments)


def make_server(options):
    app = App(
        VERSIONS[options.version],
        rotation=options.rotate,
        grace=options.rotate_grace,
        old_carriers=options.old_carriers,
        control=options.control,
        log_path=options.log,
    )
    return Server((options.host, options.port), app, keepalive=options.keepalive)


def announce(server, options):
    print(f"listening on http://{options.host}:{server.server_port}")
    print(
        f"Odoo {options.version}.0 stand-in; "
        "logins: admin/admin, demo/demo, portal/portal, totp/totp"
    )
    print(f"second factor of totp: {data.TOTP_SECRET}")
    for key, uid in data.API_KEYS.items():
        print(f"API key of {server.app.db.user(uid)['login']}: {key}")
    sys.stdout.flush()


def main():
    options = parse_arguments()
    logging.basicConfig(level=logging.DEBUG if options.debug else logging.WARNING)
    server = make_server(options)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    announce(server, options)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        server.server_close()


if __name__ == "__main__":
    main()
