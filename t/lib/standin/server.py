"""The listening side: a threaded HTTP/1.1 server with werkzeug's manners."""

import gzip
import http.server
import socketserver
import time

from .errors import HttpError
from .wire import Request, Response, html_response

MAX_BODY = 512 << 20  # 8 MB attachments and more, but not the whole memory
READ_SIZE = 65536
SOCKET_TIMEOUT = 120
HANG_SECONDS = 600
MAX_DELAY = 600.0


class BadBody(Exception):
    pass


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 256
    allow_reuse_address = True

    def __init__(self, address, app, keepalive=False):
        self.app, self.keepalive = app, keepalive
        super().__init__(address, Handler)

    def server_bind(self):
        # HTTPServer would look up the host's name, which can take seconds without DNS.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]

    def handle_error(self, request, client_address):
        pass  # clients that vanish in the middle are part of the job


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "Werkzeug/2.2.2"
    timeout = SOCKET_TIMEOUT
    wbufsize = -1
    disable_nagle_algorithm = True

    def __getattr__(self, name):
        # Odoo runs a route for any verb, invented ones too.
        if name.startswith("do_"):
            return self._answer
        raise AttributeError(name)

    def log_message(self, *_):
        pass

    def _answer(self):
        try:
            request = self._read_request()
        except BadBody:
            self.close_connection = True
            self._send(html_response(HttpError(400, "Bad body").page(), 400))
            return
        fault = self._fault(request)
        self._send(self.server.app.serve(request), fault)

    # Reading

    def _read_request(self):
        chunked = "chunked" in self.headers.get("Transfer-Encoding", "").lower()
        body = self._read_chunks() if chunked else self._read_length()
        return Request(self.command, self.path, self.headers, body, chunked, self.client_address[0])

    def _read_length(self):
        text = self.headers.get("Content-Length", "0").strip()
        if not (text.isascii() and text.isdigit()) or int(text) > MAX_BODY:
            raise BadBody()
        return self._read_exactly(int(text))

    def _read_exactly(self, size):
        data = self.rfile.read(size)
        if len(data) < size:
            raise BadBody()
        return data

    def _read_chunks(self):
        pieces, total = [], 0
        while True:
            line = self.rfile.readline(READ_SIZE).split(b";", 1)[0].strip()
            try:
                size = int(line, 16)
            except ValueError:
                raise BadBody() from None
            total += size
            if size < 0 or total > MAX_BODY:
                raise BadBody()
            if size == 0:
                break
            pieces.append(self._read_exactly(size))
            self.rfile.readline(READ_SIZE)
        while self.rfile.readline(READ_SIZE).strip():
            pass  # trailers
        return b"".join(pieces)

    # Faults on demand, for tests of what stands in front

    def _fault(self, request):
        if not self.server.app.control:
            return ""
        delay = request.header("X-Standin-Delay")
        self.server.app.delayed += bool(delay)
        try:
            time.sleep(min(max(float(delay or 0), 0.0), MAX_DELAY))
        except ValueError:
            pass
        return request.header("X-Standin-Fault")

    # Writing

    def _send(self, response, fault=""):
        if fault in _FAULTS:
            response = _FAULTS[fault](response)
        elif fault == "hang":
            time.sleep(HANG_SECONDS)
        if not self.server.keepalive and response.status != 101:
            self.close_connection = True
        self.send_response(response.status)
        chunked = response.chunked and self.request_version == "HTTP/1.1"
        for name, value in self._framing(response, chunked):
            self.send_header(name, value)
        self.end_headers()
        self._send_body(response, chunked, cut=fault == "cut")

    def version_string(self):
        return "Werkzeug/2.2.2 Python/3.11.2"

    def _framing(self, response, chunked):
        headers = list(response.headers)
        if response.status not in (101, 204, 304):
            length = (
                ("Transfer-Encoding", "chunked")
                if chunked
                else ("Content-Length", str(len(response.body)))
            )
            headers.append(length)
        if self.close_connection and response.status != 101:
            headers.append(("Connection", "close"))
        return headers

    def _send_body(self, response, chunked, cut):
        body = response.body
        if self.command != "HEAD" and response.status not in (101, 204, 304):
            if cut:
                body = body[: len(body) // 2]
                self.close_connection = True
            self.wfile.write(_as_chunks(body) if chunked else body)
        self.wfile.flush()
        if response.takeover:
            self.close_connection = True
            response.takeover(self.connection)


def _as_chunks(body):
    pieces = [body[start : start + READ_SIZE] for start in range(0, len(body), READ_SIZE)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def _gzipped(response):
    """The operation was executed; only its answer cannot be read without unpacking."""
    return Response(
        response.status,
        [*response.headers, ("Content-Encoding", "gzip")],
        gzip.compress(response.body),
    )


def _bad_gateway(response):
    return html_response(HttpError(502, "fault asked for").page(), 502)


_FAULTS = {"gzip": _gzipped, "502": _bad_gateway}
