"""/web/dataset/* and the other JSON routes that run methods."""

from . import registry
from .errors import SessionExpired, exception_name, not_found
from .orm import normalise_ids
from .routing import route

CALL = ("model", "method", "args", "kwargs")


def take(where, params, names):
    """Required parameters of a JSON route; extras are ignored, as Odoo's wrapper does."""
    missing = [name for name in names if name not in params]
    if missing:
        plural = "s" if len(missing) > 1 else ""
        listed = " and ".join(
            [", ".join(map(repr, missing[:-1])), repr(missing[-1])]
            if len(missing) > 1
            else [repr(missing[0])]
        )
        listed = listed.replace(" and ", ", and ") if len(missing) > 2 else listed
        raise TypeError(
            f"{where}() missing {len(missing)} required positional " f"argument{plural}: {listed}"
        )
    return [params[name] for name in names]


def run(exchange, model, method, args, kwargs, channel="web", context=None):
    """One call in one transaction; logged with its outcome either way."""
    env = exchange.env(context)
    env.session = None if channel != "web" else exchange.session
    return logged(
        exchange,
        env,
        model,
        method,
        channel,
        args,
        lambda: registry.call(env, model, method, args, kwargs),
    )


def logged(exchange, env, model, method, channel, args, work):
    """`args` only name the ids of a call that failed."""
    facts = {
        "model": model,
        "method": method,
        "channel": channel,
        "uid": env.uid,
        "login": env.user.get("login"),
    }
    try:
        with exchange.db.transaction():
            result = work()
    except Exception as error:
        exchange.log(
            _asked_operation(env, model, method),
            ids=_asked_ids(args),
            ok=False,
            error=exception_name(error),
            **facts,
        )
        raise
    operation, noted_model, ids = env.noted
    exchange.log(operation, ids=ids, **{**facts, "model": noted_model})
    return result


def _asked_operation(env, model, method):
    found = env.app.registry.method(env.version, model, method) if isinstance(method, str) else None
    return found.rpc["operation"] if found else "call"


def _asked_ids(args):
    try:
        return list(normalise_ids(args[0]))
    except Exception:  # whatever stood there, it named no records
        return []


@route("/web/dataset/call_kw", "/web/dataset/call_kw/<path:path>", kind="json", probes=True)
def call_kw(exchange, params):
    model, method, args, kwargs = take("DataSet.call_kw", params, CALL)
    return run(exchange, model, method, args, kwargs)


def _button(exchange, params):
    model, method, args, kwargs = take("DataSet.call_button", params, CALL)
    result = run(exchange, model, method, args, kwargs)
    return result if isinstance(result, dict) and result.get("type") else False


@route("/web/dataset/call_button", kind="json", probes=True)
def call_button(exchange, params):
    return _button(exchange, params)


@route("/web/dataset/call_button/<path:path>", kind="json", probes=True, since=18)
def call_button_with_tail(exchange, params):
    return _button(exchange, params)


@route("/web/dataset/resequence", kind="json", until=18)
def resequence(exchange, params):
    model, ids = take("DataSet.resequence", params, ("model", "ids"))
    env = exchange.env(params.get("context"))
    if not exchange.app.registry.known(model):
        raise KeyError(model)

    def work():
        records = exchange.app.registry.records(env, model, normalise_ids(ids))
        env.note("write", model, records.ids)
        records._resequence(params.get("field") or "sequence", params.get("offset") or 0)
        return True

    return logged(exchange, env, model, "resequence", "web", [ids], work)


@route("/web/dataset/call", kind="json", until=16)
def dataset_call(exchange, params):
    model, method, args = take("DataSet.call", params, CALL[:3])
    return run(exchange, model, method, args, {})


@route("/web/dataset/search_read", kind="json", until=16)
def search_read(exchange, params):
    (model,) = take("DataSet.search_read", params, ("model",))
    kwargs = {
        "fields": params.get("fields") or None,
        "domain": params.get("domain"),
        "offset": params.get("offset") or 0,
        "limit": params.get("limit") or None,
        "order": params.get("sort") or None,
    }
    return run(exchange, model, "web_search_read", [], kwargs, context=params.get("context"))


@route("/web/dataset/load", kind="json", until=16)
def load(exchange, params):
    model, number, fields = take("DataSet.load", params, ("model", "id", "fields"))
    rows = run(exchange, model, "read", [[number], fields], {})
    return {"value": rows[0] if rows else {}}


@route("/web/action/load", kind="json")
def action_load(exchange, params):
    (action,) = take("Action.load", params, ("action_id",))
    return {
        "id": 1,
        "type": "ir.actions.act_window",
        "name": str(action),
        "res_model": "res.partner",
        "views": [[False, "list"], [False, "form"]],
        "context": {},
    }


@route("/web/action/run", kind="json")
def action_run(exchange, params):
    (action,) = take("Action.run", params, ("action_id",))
    context = params.get("context") or {}
    return run(exchange, "ir.actions.server", "run", [[action]], {"context": context})


@route("/web/action/load_breadcrumbs", kind="json", since=18)
def load_breadcrumbs(exchange, params):
    return [{"display_name": "Contacts"} for _ in params.get("actions") or []]


@route("/web/session/check", kind="json")
def session_check(exchange, params):
    if exchange.uid is None:
        raise SessionExpired()
    return registry.NO_RESULT


@route("/web/domain/validate", kind="json", since=17)
def domain_validate(exchange, params):
    model, _ = take("Domain.validate", params, ("model", "domain"))
    if not exchange.app.registry.known(model):
        raise not_found()
    return True
