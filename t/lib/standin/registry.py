"""Which model answers to which methods, and how a call reaches one."""

import inspect

from . import data
from .errors import AccessError, OdooError, not_found
from .orm import Records, normalise_ids

NO_RESULT = object()  # a method that returned None: the answer has no result at all


class NoMethod(OdooError):
    name = "builtins.AttributeError"


def rpc(operation, ids="self", model=False, since=16, until=99):
    """Marks a method as callable from outside. `ids` tells the operation log where the record
    ids are: those it was called on ("self"), its result ("result"), or none."""

    def mark(function):
        function.rpc = {
            "operation": operation,
            "ids": ids,
            "model": model,
            "since": since,
            "until": until,
        }
        return function

    return mark


class Registry:
    """Model classes by name; every model has what `base` has."""

    def __init__(self, base, classes):
        self.base = base
        self.classes = {cls._name: cls for cls in classes}

    def known(self, model):
        return isinstance(model, str) and model in data.MODELS

    def records(self, env, model, ids):
        return self.classes.get(model, self.base)(env, model, ids)

    def method(self, version, model, name):
        """The function, or None where this version's model has no such public method."""
        function = getattr(self.classes.get(model, self.base), name, None)
        facts = getattr(function, "rpc", None)
        if facts is None or not facts["since"] <= version.major <= facts["until"]:
            return None
        return function


_PRIVATE = {
    16: "Private methods (such as {method}) cannot be called remotely.",
    19: "Private methods (such as '{model}.{method}') cannot be called remotely.",
}
_UNKNOWN = {
    16: "type object '{model}' has no attribute '{method}'",
    17: "The method '{method}' does not exist on the model '{model}'",
    18: "The method '{method}' does not exist on the model '{model}'",
    19: "The method '{model}.{method}' does not exist",
}


def resolve(env, model, method):
    """The method to run, refused as this version refuses: private first, then model, then name."""
    registry = env.app.registry
    if not isinstance(method, str):
        raise TypeError("expected string or bytes-like object")
    if method.startswith("_") or method == "init":
        text = _PRIVATE[19 if env.version.major >= 19 else 16]
        raise AccessError(text.format(model=model, method=method))
    if not registry.known(model):
        raise KeyError(model) if env.version.major <= 17 else not_found()
    function = registry.method(env.version, model, method)
    if function is None:
        raise NoMethod(_UNKNOWN[env.version.major].format(model=model, method=method))
    return function


def call(env, model, method, args, kwargs):
    """execute_kw: ids are args[0] unless the method is a model method; context is a keyword."""
    function = resolve(env, model, method)
    args, kwargs = list(args), dict(kwargs)
    context = kwargs.pop("context", None)
    if isinstance(context, dict):
        env.context = context
    if method == "create" or not function.rpc["model"]:
        first = args[0]  # an IndexError is also Odoo's answer to ids given by keyword
    ids = ()
    if not function.rpc["model"]:
        ids, args = normalise_ids(first), args[1:]
    records = env.app.registry.records(env, model, ids)
    result = function(records, *args, **kwargs)
    note_call(env, records, function, result)
    return convert(env, result)


def call_named(env, model, method, ids, kwargs):
    """/json/2: everything is named; a call that does not bind is 422 there."""
    function = resolve(env, model, method)
    context = kwargs.pop("context", None)
    env.context = context if isinstance(context, dict) else {}
    records = env.app.registry.records(env, model, normalise_ids(ids))
    try:
        inspect.signature(function).bind(records, **kwargs)
    except TypeError as error:
        raise UnboundArguments(str(error)) from None
    if function.rpc["model"] and ids:
        raise UnboundArguments(f"cannot call {model}.{method} with ids")
    result = function(records, **kwargs)
    note_call(env, records, function, result)
    result = convert(env, result)
    return [result] if method == "create" and isinstance(result, int) else result


class UnboundArguments(OdooError):
    name = "werkzeug.exceptions.UnprocessableEntity"


def note_call(env, records, function, result):
    if env.noted is None:
        facts = function.rpc
        env.note(facts["operation"], records.model, logged_ids(facts["ids"], records.ids, result))


def logged_ids(source, ids, result):
    if source == "self":
        return list(ids)
    if source == "none":
        return []
    return ids_of(result)


def ids_of(result):
    """Record ids out of any result shape: 5, [5, 6], [{id}], [5, "name"], {"records": [...]}."""
    if isinstance(result, Records):
        return list(result.ids)
    if isinstance(result, bool) or result is None:
        return []
    if isinstance(result, int):
        return [result]
    if isinstance(result, dict):
        return ids_of(result.get("records") or result.get("ids") or [])
    found = []
    for item in result if isinstance(result, (list, tuple)) else ():
        first = item.get("id") if isinstance(item, dict) else item
        first = first[0] if isinstance(first, (list, tuple)) and first else first
        if isinstance(first, int) and not isinstance(first, bool):
            found.append(first)
    return found


def convert(env, result):
    """None has no result; a recordset becomes ids in 19 and text before, as its name is printed."""
    if result is None:
        return NO_RESULT
    if isinstance(result, Records):
        return list(result.ids) if env.version.recordsets_give_ids else str(result)
    return result
