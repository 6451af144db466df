"""Pages, websockets, faults on demand, hostile clients."""

import http.client
import json
import socket
import time

from standin import websocket

from .harness import Client, admin, equal, test


@test()
def portal_users_see_no_client_and_change_nothing(server):
    client = Client(server)
    equal(client.login("portal").header("Location"), "/my")
    equal(client.send("GET", "/web" if client.version < 18 else "/odoo").status, 303)
    equal(client.error("res.partner", "create", {"name": "x"}), "odoo.exceptions.AccessError")


def open_socket(client, path="/websocket", **headers):
    connection = socket.create_connection(client.server.server_address, timeout=10)
    lines = {
        "Host": "x",
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Origin": "http://x",
        "Cookie": f"session_id={client.sid()}",
        **headers,
    }
    connection.sendall(
        f"GET {path} HTTP/1.1\r\n".encode()
        + b"".join(f"{k}: {v}\r\n".encode() for k, v in lines.items())
        + b"\r\n"
    )
    head = b""
    while b"\r\n\r\n" not in head:
        piece = connection.recv(1)
        assert piece, head
        head += piece
    return connection, head.decode()


def masked(operation, payload):
    mask = b"\x01\x02\x03\x04"
    return (
        bytes([0x80 | operation, 0x80 | len(payload)])
        + mask
        + bytes(b ^ mask[i % 4] for i, b in enumerate(payload))
    )


@test()
def websockets_shake_hands_and_answer_pings(server):
    connection, head = open_socket(admin(server))
    assert (
        head.startswith("HTTP/1.1 101 ")
        and "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in head
        and "session_id=" in head
    ), head
    connection.sendall(
        masked(websocket.OP_TEXT, b'{"event_name":"subscribe"}') + masked(websocket.OP_PING, b"hi")
    )
    equal(websocket.read_frame(connection, masked=False), (websocket.OP_PONG, b"hi"))
    connection.sendall(masked(websocket.OP_CLOSE, b"\x03\xe8"))
    equal(websocket.read_frame(connection, masked=False), (websocket.OP_CLOSE, b"\x03\xe8"))
    connection.close()


@test()
def pages_and_files_a_browser_asks_for_are_there(server):
    client = Client(server)
    for path in (
        "/web/health",
        "/websocket/health",
        "/web/static/img/favicon.ico",
        "/web/service-worker.js",
        "/web/image/1",
        "/web/assets/standin/web.assets_web.min.js",
        "/web/assets/standin/web.assets_web.min.css",
        "/web/manifest.webmanifest",
        "/web/binary/company_logo",
    ):
        equal((path, client.send("GET", path).status), (path, 200))
    equal(client.send("GET", "/web/static/x.png").sid, None)
    equal(
        client.rpc("/web/webclient/version_info", {}).json["result"]["server_version"],
        f"{client.version}.0",
    )


@test()
def connections_close_as_werkzeugs_do(server):
    answer = Client(server).send("GET", "/web/health")
    equal(
        (answer.header("Connection"), answer.header("Server")),
        ("close", "Werkzeug/2.2.2 Python/3.11.2"),
    )


@test(18, keepalive=True)
def connections_stay_open_when_asked(server):
    connection = http.client.HTTPConnection(*server.server_address, timeout=10)
    for _ in range(3):
        connection.request("GET", "/web/health")
        equal(json.loads(connection.getresponse().read()), {"status": "pass"})


@test(17)
def faults_come_on_demand_after_the_work_was_done(server):
    client = admin(server)
    body = json.dumps(
        {
            "params": {
                "model": "res.partner.category",
                "method": "name_create",
                "args": ["f"],
                "kwargs": {},
            }
        }
    )
    headers = {"Content-Type": "application/json"}
    path = "/web/dataset/call_kw"
    equal(client.send("POST", path, body, {**headers, "X-Standin-Fault": "502"}).status, 502)
    equal(
        client.send("POST", path, body, {**headers, "X-Standin-Fault": "gzip"}).header(
            "Content-Encoding"
        ),
        "gzip",
    )
    try:
        client.send("POST", path, body, {**headers, "X-Standin-Fault": "cut"})
        raise AssertionError("the answer was not cut")
    except http.client.IncompleteRead:
        pass
    begin = time.monotonic()
    client.send("GET", "/web/health", headers={"X-Standin-Delay": "0.3"})
    assert time.monotonic() - begin >= 0.3
    equal(len([line for line in client.log() if line["method"] == "name_create"]), 3)


@test(16, 19)
def hostile_bytes_do_not_end_the_server(server):
    for garbage in (
        b"\x00\xff\r\n\r\n",
        b"GET\r\n\r\n",
        b"POST /web/login HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
        b"POST /web/login HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /%ff%00 HTTP/1.1\r\n\r\n",
        b"POST /web/login HTTP/1.1\r\nContent-Type: multipart/form-data\r\n"
        b"Content-Length: 2\r\n\r\nab",
        b"GET / HTTP/9.9\r\n\r\n",
        b"A" * 70000,
    ):
        connection = socket.create_connection(server.server_address, timeout=10)
        connection.sendall(garbage)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass
        connection.close()
    equal(Client(server).send("GET", "/web/health").status, 200)
