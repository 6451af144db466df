#!/usr/bin/env python3
"""A real SMTP server for tests, by aiosmtpd: takes mail, refuses it, stalls or hangs up.

mail_sink.py FOLDER [--starttls | --smtps] [--certificate FILE --key FILE] [--auth USER:PASSWORD]

What it does is read anew for each message from FOLDER/mode: accept (if there is none), 450, 550,
450-rcpt, 550-rcpt, stall, close, hold (takes it, but never says so). Each message that it takes is
written to FOLDER as one file, which begins with lines "X-Sink-From:", "X-Sink-To:" and
"X-Sink-Tls:"; FOLDER/tries has a line for each try.
"""

import argparse
import asyncio
import os
import ssl

from aiosmtpd.smtp import SMTP, AuthResult


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--starttls", action="store_true")
    parser.add_argument("--smtps", action="store_true")
    parser.add_argument("--certificate")
    parser.add_argument("--key")
    parser.add_argument("--auth")
    return parser.parse_args()


class Handler:
    def __init__(self, folder, smtps):
        self.folder = folder
        self.smtps = smtps
        self.count = 0

    def mode(self):
        try:
            with open(os.path.join(self.folder, "mode"), encoding="ascii") as file:
                return file.read().strip()
        except FileNotFoundError:
            return "accept"

    def note_try(self, mode):
        with open(os.path.join(self.folder, "tries"), "a", encoding="ascii") as file:
            file.write(mode + "\n")

    async def handle_RCPT(self, server, session, envelope, address, options):
        mode = self.mode()
        if mode.endswith("-rcpt"):
            self.note_try(mode)
            return mode[:3] + " no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        mode = self.mode()
        self.note_try(mode)
        if mode == "stall":
            await asyncio.sleep(3600)
        if mode == "close":
            server.transport.abort()
            return "421 gone"
        if mode not in ("accept", "hold"):
            return mode + " not now"
        self.keep(session, envelope)
        if mode == "hold":
            await asyncio.sleep(3600)
        return "250 taken"

    def keep(self, session, envelope):
        self.count += 1
        path = os.path.join(self.folder, "%04d.eml" % self.count)
        tls = self.smtps or session.ssl is not None
        head = "X-Sink-From: %s\r\nX-Sink-To: %s\r\nX-Sink-Tls: %d\r\nX-Sink-Auth: %d\r\n" % (
            envelope.mail_from, " ".join(envelope.rcpt_tos), tls, bool(session.authenticated))
        with open(path + ".new", "wb") as file:
            file.write(head.encode() + envelope.content)
        os.rename(path + ".new", path)


def authenticator(credentials):
    user, password = credentials.encode().split(b":", 1)

    def check(server, session, envelope, mechanism, data):
        good = data.login == user and data.password == password
        return AuthResult(success=good, handled=False)

    return check


async def serve(options):
    context = None
    handler = Handler(options.folder, options.smtps)
    if options.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.certificate, options.key)

    def connection():
        return SMTP(
            handler,
            hostname="sink.example.com",
            tls_context=context if options.starttls else None,
            require_starttls=options.starttls,
            auth_required=options.auth is not None,
            auth_require_tls=options.starttls,
            authenticator=authenticator(options.auth) if options.auth else None,
        )

    server = await asyncio.get_running_loop().create_server(
        connection, "127.0.0.1", 0, ssl=context if options.smtps else None)
    print("listening on smtp://127.0.0.1:%d" % server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(serve(arguments()))
