#!/usr/bin/env python3
"""Prints a mail as Python's email package understands it, as JSON: headers decoded, parts, defects."""

import email
import email.policy
import json
import sys

with open(sys.argv[1], "rb") as file:
    mail = email.message_from_binary_file(file, policy=email.policy.default)

parts = [part for part in mail.walk() if not part.is_multipart()]
json.dump({
    "headers": {name.lower(): str(value) for name, value in mail.items()},
    "count": {name.lower(): len(mail.get_all(name)) for name in mail.keys()},
    "type": mail.get_content_type(),
    "parts": [{"type": part.get_content_type(), "charset": part.get_content_charset(),
               "text": part.get_content()} for part in parts],
    "addresses": [str(a) for a in mail["to"].addresses] + [str(a) for a in mail["from"].addresses],
    "date": mail["date"].datetime.isoformat() if mail["date"] else None,
    "defects": [str(defect) for part in mail.walk() for defect in part.defects]
    + [str(defect) for value in mail.values() for defect in getattr(value, "defects", [])],
}, sys.stdout)
