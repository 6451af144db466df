"""Time-based one-time passwords (RFC 6238) as auth_totp checks them."""

import base64
import hmac
import struct
import time

STEP_SECONDS = 30
DIGITS = 6


def code(secret, moment=None):
    counter = int((time.time() if moment is None else moment) // STEP_SECONDS)
    digest = hmac.new(base64.b32decode(secret), struct.pack(">Q", counter), "sha1").digest()
    start = digest[-1] & 0x0F
    number = struct.unpack(">I", digest[start : start + 4])[0] & 0x7FFFFFFF
    return f"{number % 10 ** DIGITS:0{DIGITS}d}"


def valid(secret, given):
    """One step of clock drift either way."""
    now = time.time()
    return (
        any(
            hmac.compare_digest(code(secret, now + drift), given)
            for drift in (-STEP_SECONDS, 0, STEP_SECONDS)
        )
        if len(given) == DIGITS and given.isascii()
        else False
    )
