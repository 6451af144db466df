"""Search domains in Odoo's prefix notation."""

import operator

from .errors import OdooError


class DomainError(OdooError):
    name = "builtins.ValueError"


def _text(value):
    return "" if value in (None, False) else str(value)


def _like(value, wanted):
    return _text(wanted).strip("%") in _text(value)


def _ilike(value, wanted):
    return _text(wanted).strip("%").lower() in _text(value).lower()


def _equal(value, wanted):
    if isinstance(value, (list, tuple)):
        return wanted in value if wanted else not value
    if not wanted and wanted != 0:
        return value in (None, False, "", 0)
    return value == wanted


def _in(value, wanted):
    wanted = wanted if isinstance(wanted, (list, tuple)) else [wanted]
    if isinstance(value, (list, tuple)):
        return any(item in wanted for item in value)
    return value in wanted


def _ordered(compare):
    def test(value, wanted):
        try:
            return value not in (None, False) and compare(value, wanted)
        except TypeError:
            return compare(_text(value), _text(wanted))

    return test


OPERATORS = {
    "=": _equal,
    "==": _equal,
    "!=": lambda v, w: not _equal(v, w),
    "<>": lambda v, w: not _equal(v, w),
    "=?": lambda v, w: not w or _equal(v, w),
    "in": _in,
    "not in": lambda v, w: not _in(v, w),
    "any": lambda v, w: bool(v),
    "like": _like,
    "not like": lambda v, w: not _like(v, w),
    "=like": _like,
    "ilike": _ilike,
    "not ilike": lambda v, w: not _ilike(v, w),
    "=ilike": _ilike,
    "<": _ordered(operator.lt),
    "<=": _ordered(operator.le),
    ">": _ordered(operator.gt),
    ">=": _ordered(operator.ge),
    "child_of": _in,
    "parent_of": _in,
}


def _leaf(leaf, value_of):
    if not isinstance(leaf, (list, tuple)) or len(leaf) != 3:
        raise DomainError(f"Invalid domain term {leaf!r}")
    name, sign, wanted = leaf
    if not isinstance(sign, str) or sign.lower() not in OPERATORS:
        raise DomainError(f"Invalid operator in domain term {leaf!r}")
    return bool(OPERATORS[sign.lower()](value_of(name), wanted))


def matches(domain, value_of):
    """Whether a record fits; `value_of(path)` gives its field values. No recursion: the domain
    comes from the wire, so it is evaluated from its end with a stack."""
    stack = []
    for term in reversed(list(domain or [])):
        if term == "!":
            stack.append(not stack.pop() if stack else False)
        elif term in ("&", "|") and isinstance(term, str):
            if len(stack) < 2:
                raise DomainError(f"Domain {domain!r} lacks operands")
            first, second = stack.pop(), stack.pop()
            stack.append(first and second if term == "&" else first or second)
        else:
            stack.append(_leaf(term, value_of) if term not in (True, False) else term)
    return all(stack)
