"""Instructions of httpd for one request, in user mode, by callgrind: one process, one connection."""
import contextlib
import http.client
import pathlib
import re
import time

import load
from servers import PATIENCE, READ, STATIC, WRITE, Httpd, set_ups, untracked

WARM = 12  # seconds: longer than it takes until Odoo is asked for a name
FEW, MANY = 20, 220
MARK = "/audit-admin"  # not proxied, so that a TRACE of it comes to this function of httpd's
MARKED = "ap_send_http_trace"


class Counted(Httpd):
    """An httpd under callgrind, which writes down what it has counted, and begins anew, at each mark."""

    def __init__(self, set_up, folder, backend):
        self.out = folder / "callgrind" / set_up[0]
        self.out.mkdir(parents=True)
        self.out.parent.chmod(0o777)
        self.out.chmod(0o777)
        super().__init__(set_up, self.out, backend, threads=4, children=1, alone=True,
                         under=["valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={self.out}/%p",
                                f"--dump-before={MARKED}"])

    def mark(self, connection):
        """The counts of what ran since the last mark."""
        before = set(self.out.iterdir())
        connection.request("TRACE", MARK)
        connection.getresponse().read()
        return next(file for file in set(self.out.iterdir()) - before if file.name.startswith(f"{self.process.pid}."))


class Client(http.client.HTTPConnection):
    """Sends a request by one call, so that none comes in more pieces than another."""

    def ask(self, path, body):
        lines = [f"{'POST' if body else 'GET'} {path} HTTP/1.1", "Host: localhost", f"Cookie: {load.COOKIE}",
                 f"User-Agent: {load.AGENT}"]
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"] if body else []
        self.sock.sendall("\r\n".join([*lines, "", body or ""]).encode())
        answer = http.client.HTTPResponse(self.sock)
        answer.begin()
        answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{path} was answered with {answer.status}")


def counted(server, connection, path, body, requests):
    server.mark(connection)
    for _ in range(requests):
        connection.ask(path, body)
    return int(re.search(r"^(?:totals|summary): (\d+)", server.mark(connection).read_text(), re.M).group(1))


def each(server, path, body):
    """Of one request more; what goes on beside the requests is in neither."""
    with contextlib.closing(Client("127.0.0.1", server.port, timeout=PATIENCE)) as connection:
        connection.connect()
        until = time.monotonic() + WARM
        while time.monotonic() < until:
            connection.ask(path, body)
            time.sleep(0.1)
        few = counted(server, connection, path, body, FEW)
        return (counted(server, connection, path, body, MANY) - few) / (MANY - FEW)


def kinds(build):
    """(set-up, what is asked of it)"""
    bare, audit = set_ups(build)[:2]
    off = ("old_values_off", *audit[1:3], audit[3] + "\n UserAuditOldValues Off")
    write = (WRITE, load.web_save_body())
    read = (READ, load.read_body())
    return [(bare, {"web_save": write, "read_200": read, "static": (STATIC, None)}),
            (audit, {"web_save": write, "read_200": read, "static": (STATIC, None)}),
            (off, {"web_save": write, "read_200": read}),
            (untracked(build), {"web_save": write})]


def measure(build, folder, backend):
    """Prints a table."""
    print("| | " + " | ".join(("web_save", "read_200", "static")) + " |\n|---|---|---|---|")
    for set_up, asked in kinds(build):
        server = Counted(set_up, pathlib.Path(folder), backend)
        try:
            found = {name: each(server, *request) for name, request in asked.items()}
        finally:
            server.stop()
        print(f"| {set_up[0]} | " + " | ".join(f"{found[name]:,.0f}" if name in found else ""
                                              for name in ("web_save", "read_200", "static")) + " |", flush=True)
