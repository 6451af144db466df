#!/usr/bin/env python3
"""Plays the requests of a recording, in order, through a proxy in front of replay.py.

Each request is sent as it was recorded, with two additions: X-Replay names its line for the
backend, and " replay/<line>" at the end of User-Agent lets a trail's events be told apart."""

import argparse
import http.client
import os
import random
import sys
import time
from urllib.parse import urlsplit

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import recording  # noqa: E402

TIMEOUT_SECONDS = 60
MAX_PIECE = 1000
DROPPED = recording.HOP_BY_HOP
COMPARED = ("set-cookie", "location", "content-type")


class Player:
    def __init__(self, url, chunks=None, compare_headers=True):
        parts = urlsplit(url)
        self.host, self.port = parts.hostname, parts.port or 80
        self.random = None if chunks is None else random.Random(chunks)
        self.compare_headers = compare_headers
        self.connection = None

    def play(self, line):
        """None, or what was wrong with the answer."""
        fresh = self.connection is None
        try:
            return self._exchange(line)
        except (http.client.HTTPException, OSError) as error:
            self.close()
            # A kept connection may have been closed meanwhile: that proves nothing.
            return f"no answer: {error!r}" if fresh else self.play(line)

    def _exchange(self, line):
        if self.connection is None:
            self.connection = http.client.HTTPConnection(
                self.host, self.port, timeout=TIMEOUT_SECONDS
            )
        self._send(line)
        response = self.connection.getresponse()
        # After a 101 the connection speaks another protocol.
        body = b"" if response.status == 101 else response.read()
        if response.status == 101 or response.will_close:
            self.close()
        return self._difference(line, response, body)

    def close(self):
        if self.connection:
            self.connection.close()
            self.connection = None

    def _send(self, line):
        connection, body = self.connection, line.request_body
        connection.putrequest(line.method, line.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self._headers(line):
            connection.putheader(name, value.encode("utf-8"))
        pieces = self._pieces(line, body)
        if pieces is not None:
            connection.putheader("Transfer-Encoding", "chunked")
            connection.endheaders(iter(pieces), encode_chunked=True)
            return
        if body or line.request_header("Content-Length"):
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)

    def _headers(self, line):
        agent = ""
        for name, value in line.request["headers"].items():
            if name.lower() == "user-agent":
                agent = value + " "
            elif name.lower() not in DROPPED or value.lower() == "upgrade":
                yield name, value
        yield "User-Agent", f"{agent}replay/{line.number}"
        yield "X-Replay", str(line.number)

    def _pieces(self, line, body):
        """The body in chunks where it was recorded so, or in random ones where asked for; json2
        ignores a chunked body, so that one is never cut."""
        chunked = line.request_header("Transfer-Encoding").lower() == "chunked"
        if not body or self.random is None or line.path.startswith("/json/2"):
            return [body] if chunked and body else None
        pieces, start = [], 0
        while start < len(body):
            size = self.random.choice((1, 2, 7, self.random.randint(1, MAX_PIECE), len(body)))
            pieces.append(body[start : start + size])
            start += size
            if len(pieces) > 200:  # an 8 MB upload need not come byte by byte
                pieces.append(body[start:])
                break
        return [piece for piece in pieces if piece]

    def _difference(self, line, response, body):
        if response.status != line.status:
            return f"status {response.status} instead of {line.status}"
        wanted = (
            b"" if line.method == "HEAD" or line.status in (101, 204, 304) else line.response_body
        )
        if body != wanted:
            return f"body of {len(body)} bytes instead of the recorded {len(wanted)}"
        if not self.compare_headers:
            return None
        got = [
            (key.lower(), value) for key, value in response.getheaders() if key.lower() in COMPARED
        ]
        sent = [
            (key.lower(), value) for key, value in line.response_headers if key.lower() in COMPARED
        ]
        if sorted(got) != sorted(sent):
            return f"headers {sorted(set(got) ^ set(sent))}"
        return None


def play(lines, url, chunks=None, compare_headers=True, progress=None):
    """Plays all; returns [(line, what was wrong)]."""
    player, wrong = Player(url, chunks, compare_headers), []
    for line in lines:
        difference = player.play(line)
        if difference:
            wrong.append((line, difference))
        if progress:
            progress(line)
    player.close()
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    add = parser.add_argument
    add("--corpus", required=True, metavar="FILE")
    add("--url", required=True, help="of the proxy, or of replay.py itself")
    add("--chunks", type=int, metavar="SEED", help="cut request bodies into random chunks")
    add("--lines", metavar="FROM-TO", help="only these lines of the recording")
    add("--no-headers", action="store_true", help="compare status and body alone")
    options = parser.parse_args()
    lines = recording.read(options.corpus)
    if options.lines:
        first, _, last = options.lines.partition("-")
        lines = lines[int(first) - 1 : int(last or first)]
    begin = time.monotonic()
    wrong = play(lines, options.url, options.chunks, not options.no_headers)
    for line, difference in wrong:
        print(f"line {line.number} {line.method} {line.path[:100]}: {difference}")
    print(f"{len(lines)} requests, {len(wrong)} answers changed, {time.monotonic() - begin:.1f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
