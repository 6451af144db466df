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
    weight: tuple  # of several matching rules werkzeug takes the most literal one
    handler: object
    kind: str  # "json" or "http"
    auth: str  # "user", "public", "bearer" or "none"
    methods: tuple  # empty: any verb, invented ones too
    csrf: bool
    probes: bool  # 18 and 19 look into the body before anything else
    saves: bool  # may the answer carry a session cookie
    since: int
    until: int


def _compile(path):
    def converter(match):
        return f"(?P<{match[2]}>{_CONVERTERS[match[1] or '']})"

    escaped = re.sub(r"([.])", r"\\\1", path)
    # strict_slashes is off: one trailing slash is the same route.
    return re.compile(_PLACEHOLDER.sub(converter, escaped).rstrip("/") + "/?", re.S)


def _weigh(path):
    placeholders = _PLACEHOLDER.findall(path)
    literal = _PLACEHOLDER.sub("", path)
    return ("path" in (kind for kind, _ in placeholders), len(placeholders), -len(literal))


def route(
    *paths,
    kind="http",
    auth="user",
    methods=(),
    csrf=True,
    probes=False,
    saves=True,
    since=16,
    until=99,
):
    """Registers `handler(exchange, **path arguments)` for each path."""

    def register(handler):
        for path in paths:
            ROUTES.append(
                Route(
                    _compile(path),
                    _weigh(path),
                    handler,
                    kind,
                    auth,
                    tuple(methods) + (("OPTIONS",) if methods else ()),
                    csrf,
                    probes,
                    saves,
                    since,
                    until,
                )
            )
        return handler

    return register


class Router:
    def __init__(self, version):
        served = [rule for rule in ROUTES if rule.since <= version.major <= rule.until]
        self.routes = sorted(served, key=lambda rule: rule.weight)

    def match(self, path, method=None):
        """(route, arguments); (None, {}) where none fits the path; the route that does not take
        the method, without arguments, where that is all that is wrong."""
        refused = None
        for rule in self.routes:
            found = rule.pattern.fullmatch(path)
            if found and (method is None or not rule.methods or method in rule.methods):
                return rule, found.groupdict()
            refused = refused or (rule if found else None)
        return refused, None if refused else {}

    def match_language(self, path):
        """(language, rest) where the first segment is an installed language's url code."""
        first, _, rest = path.lstrip("/").partition("/")
        return (first, "/" + rest.lstrip("/")) if first in data.LANGUAGES else (None, path)
