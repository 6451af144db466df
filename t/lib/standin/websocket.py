"""/websocket: the RFC 6455 handshake, then a connection that stays open and answers pings."""

import base64
import hashlib
import select
import socket
import struct
import threading
import time

from .errors import HttpError
from .wire import HTML_UTF8, Response

_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
MAX_FRAME = 1 << 20
PING_SECONDS = 45  # Odoo pings what was silent so long, and cuts after 60
CLOSE_TOO_BIG, CLOSE_PROTOCOL = 1009, 1002
OP_TEXT, OP_CLOSE, OP_PING, OP_PONG = 1, 8, 9, 10


class Sockets:
    """How many are open, for tests and the page."""

    def __init__(self):
        self.lock, self.open = threading.Lock(), 0

    def change(self, by):
        with self.lock:
            self.open += by


def handshake(exchange):
    request = exchange.request
    key = request.header("Sec-WebSocket-Key")
    wanted = {"Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    missing = [name for name, value in wanted.items() if request.header(name).lower() != value]
    if not key or missing or "upgrade" not in request.header("Connection").lower():
        raise HttpError(400, "Invalid websocket handshake")
    if exchange.version.major >= 17 and not request.header("Origin"):
        raise HttpError(400, "Empty or missing header(s): origin")
    accept = base64.b64encode(hashlib.sha1(key.encode() + _MAGIC).digest()).decode()
    exchange.session.dirty = True  # the 101 carries the session cookie again
    sockets = exchange.app.sockets
    return Response(
        101,
        [
            ("Upgrade", "websocket"),
            ("Connection", "Upgrade"),
            ("Sec-WebSocket-Accept", accept),
            ("Content-Type", HTML_UTF8),
            ("Access-Control-Allow-Origin", "*"),
            ("Access-Control-Allow-Methods", "GET, POST"),
        ],
        takeover=lambda connection: serve(connection, sockets),
    )


def serve(connection, sockets):
    sockets.change(+1)
    try:
        _loop(connection)
    except (OSError, EOFError, ValueError):
        pass  # the client or a proxy went away
    finally:
        sockets.change(-1)


def _loop(connection):
    last = time.monotonic()
    while True:
        if not select.select([connection], [], [], PING_SECONDS)[0]:
            if time.monotonic() - last > 2 * PING_SECONDS:
                return
            connection.sendall(frame(OP_PING, b""))
            continue
        operation, payload = read_frame(connection)
        last = time.monotonic()
        if operation == OP_PING:
            connection.sendall(frame(OP_PONG, payload))
        elif operation == OP_CLOSE:
            connection.sendall(frame(OP_CLOSE, payload[:2]))
            connection.shutdown(socket.SHUT_WR)
            return


def read_frame(connection, masked=True):
    first, second = _exactly(connection, 2)
    size = second & 0x7F
    if size == 126:
        size = struct.unpack(">H", _exactly(connection, 2))[0]
    elif size == 127:
        size = struct.unpack(">Q", _exactly(connection, 8))[0]
    if size > MAX_FRAME or masked and not second & 0x80:
        code = CLOSE_TOO_BIG if size > MAX_FRAME else CLOSE_PROTOCOL
        connection.sendall(frame(OP_CLOSE, struct.pack(">H", code)))
        raise ValueError("websocket frame refused")
    mask = _exactly(connection, 4) if second & 0x80 else bytes(4)
    data = _exactly(connection, size)
    return first & 0x0F, bytes(byte ^ mask[index % 4] for index, byte in enumerate(data))


def _exactly(connection, size):
    data = b""
    while len(data) < size:
        piece = connection.recv(min(size - len(data), 65536))
        if not piece:
            raise EOFError("websocket closed")
        data += piece
    return data


def frame(operation, payload):
    """A server's frame: final and unmasked."""
    size = len(payload)
    if size < 126:
        head = struct.pack(">BB", 0x80 | operation, size)
    elif size < 65536:
        head = struct.pack(">BBH", 0x80 | operation, 126, size)
    else:
        head = struct.pack(">BBQ", 0x80 | operation, 127, size)
    return head + payload
