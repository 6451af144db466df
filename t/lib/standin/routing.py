"""From a path to an endpoint, in werkzeug's manner."""

import re
from dataclasses import dataclass

from . import data

_CONVERTERS = {"path": "[^/].*?", "int": r"\d+", "": "[^/]+"}
_PLACEHOLDER = re.compile(r"<(?:(\w+):)?(\w+)>")

ROUTES = []


@dataclass(frozen=True)
class Route:
    pattern: re.Pattern
    handler: object
    kind: str                       # "json" or "http"
    auth: str                       # "user", "public", "bearer" or "none"
    methods: tuple                  # empty: any verb, invented ones too
    csrf: bool
    probes: bool                    # 18 and 19 look into the body before anything else
    saves: bool                     # may the answer carry a session cookie
    since: int
    until: int


def _compile(path):
    def converter(match):
        return f"(?P<{match[2]}>{_CONVERTERS[match[1] or '']})"
    escaped = re.sub(r"([.])", r"\\\1", path)
    # strict_slashes is off: one trailing slash is the same route.
    return re.compile(_PLACEHOLDER.sub(converter, escaped).rstrip("/") + "/?", re.S)


def route(*paths, kind="http", auth="user", methods=(), csrf=True, probes=False, saves=True,
          since=16, until=99):
    """Registers `handler(exchange, **path arguments)` for each path."""
    def register(handler):
        for path in paths:
            ROUTES.append(Route(_compile(path), handler, kind, auth,
                                tuple(methods) + (("OPTIONS",) if methods else ()), csrf, probes,
                                saves, since, until))
        return handler
    return register


class Router:
    def __init__(self, version):
        self.routes = [rule for rule in ROUTES if rule.since <= version.major <= rule.until]

    def match(self, path):
        """(route, arguments) or (None, {})."""
        for rule in self.routes:
            found = rule.pattern.fullmatch(path)
            if found:
                return rule, found.groupdict()
        return None, {}

    def match_language(self, path):
        """(language, rest) where the first segment is an installed language's url code."""
        first, _, rest = path.lstrip("/").partition("/")
        return (first, "/" + rest.lstrip("/")) if first in data.LANGUAGES else (None, path)
