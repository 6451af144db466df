"""A thousand websockets: a backend that echoes, and clients that hold on."""
import base64
import hashlib
import os
import selectors
import socket
import statistics
import threading
import time

from load import COOKIE
from servers import free_port

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
PING = b"\x81\x82\x00\x00\x00\x00hi"  # masked with zeroes
ECHO = b"\x81\x02hi"


class Echo(threading.Thread):
    """Takes each upgrade and sends back what it gets, without reading its meaning."""

    def __init__(self):
        super().__init__(daemon=True)
        self.port = free_port()
        self.listener = socket.create_server(("127.0.0.1", self.port), backlog=1024)
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.listener, selectors.EVENT_READ)

    def answer(self, connection):
        data = connection.recv(65536)
        if not data:
            self.selector.unregister(connection)
            connection.close()
        elif data.startswith(b"GET "):
            key = next(line.split(b":")[1].strip() for line in data.split(b"\r\n")
                       if line.lower().startswith(b"sec-websocket-key"))
            accept = base64.b64encode(hashlib.sha1(key + GUID).digest())
            connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                               b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n")
        else:
            connection.sendall(ECHO)

    def run(self):
        while True:
            for event, _ in self.selector.select():
                if event.fileobj is self.listener:
                    connection, _ = self.listener.accept()
                    self.selector.register(connection, selectors.EVENT_READ)
                else:
                    self.answer(event.fileobj)


def open_one(port):
    connection = socket.create_connection(("127.0.0.1", port), 30)
    key = base64.b64encode(os.urandom(16)).decode()
    connection.sendall((f"GET /websocket HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\nCookie: {COOKIE}\r\n\r\n").encode())
    answer = b""
    while b"\r\n\r\n" not in answer:
        piece = connection.recv(4096)
        if not piece:
            raise RuntimeError("a websocket was not opened")
        answer += piece
    if not answer.startswith(b"HTTP/1.1 101"):
        raise RuntimeError("a websocket was refused")
    return connection


def measure(server, count):
    """Opens so many, sends a message through each, and closes them."""
    before, spent = server.memory("VmRSS"), sum(server.processor_time())
    begun = time.monotonic()
    connections = [open_one(server.port) for _ in range(count)]
    opened = time.monotonic()
    times = []
    for connection in connections:
        sent = time.monotonic()
        connection.sendall(PING)
        connection.recv(64)
        times.append(1000 * (time.monotonic() - sent))
    numbers = {"open ms each": 1000 * (opened - begun) / count, "echo p50 ms": statistics.median(times),
               "echo p99 ms": sorted(times)[len(times) * 99 // 100],
               "memory KB each": (server.memory("VmRSS") - before) / count,
               "httpd us each": 1e6 * (sum(server.processor_time()) - spent) / count}
    for connection in connections:
        connection.close()
    return numbers
