"""Odoo's exceptions and the shapes in which they reach a client."""

import builtins
import html
import json

NOT_FOUND_TEXT = (
    "The requested URL was not found on the server. If you entered the URL manually please "
    "check your spelling and try again."
)


class OdooError(Exception):
    """A failure with the name that Odoo's own exception class carries on the wire."""

    name = "odoo.exceptions.UserError"

    @property
    def message(self):
        return str(self.args[0]) if self.args else ""


class UserError(OdooError):
    pass


class ValidationError(OdooError):
    name = "odoo.exceptions.ValidationError"


class RedirectWarning(OdooError):
    name = "odoo.exceptions.RedirectWarning"


class MissingError(OdooError):
    name = "odoo.exceptions.MissingError"


class AccessError(OdooError):
    name = "odoo.exceptions.AccessError"


class AccessDenied(OdooError):
    name = "odoo.exceptions.AccessDenied"

    def __init__(self, text="Access Denied"):
        super().__init__(text)


class SqlError(OdooError):
    name = "psycopg2.errors.UndefinedFunction"


class SessionExpired(OdooError):
    name = "odoo.http.SessionExpiredException"

    def __init__(self):
        super().__init__("Session expired")


class HttpError(Exception):
    """An answer werkzeug itself gives: a status and a small HTML page."""

    titles = {
        400: "Bad Request",
        401: "Unauthorized",
        403: "Forbidden",
        404: "Not Found",
        405: "Method Not Allowed",
        413: "Request Entity Too Large",
        415: "Unsupported Media Type",
        422: "Unprocessable Entity",
        500: "Internal Server Error",
    }

    def __init__(self, status, text="", headers=()):
        super().__init__(text)
        self.status, self.text, self.headers = status, text, list(headers)

    @property
    def title(self):
        return self.titles.get(self.status, "Error")

    @property
    def name(self):
        return f"werkzeug.exceptions.{self.title.replace(' ', '')}"

    def page(self):
        return (
            f"<!doctype html>\n<html lang=en>\n<title>{self.status} {self.title}</title>\n"
            f"<h1>{self.title}</h1>\n<p>{html.escape(self.text)}</p>\n"
        )


def not_found(text=NOT_FOUND_TEXT):
    return HttpError(404, text)


def exception_name(error):
    if isinstance(error, (OdooError, HttpError)):
        return error.name
    if isinstance(error, json.JSONDecodeError):
        return "json.decoder.JSONDecodeError"
    kind = type(error)
    module = "builtins" if hasattr(builtins, kind.__name__) else kind.__module__
    return f"{module}.{kind.__name__}"


def exception_message(error):
    if isinstance(error, HttpError):
        return f"{error.status} {error.title}: {error.text}"
    if isinstance(error, KeyError) and error.args:
        return str(error.args[0])
    return str(error)


def exception_data(error, debug_last):
    """The object that all of Odoo's interfaces share; only the place of `debug` differs."""
    name, message = exception_name(error), exception_message(error)
    arguments = [] if isinstance(error, HttpError) else list(error.args)
    debug = {"debug": f"Traceback (most recent call last):\n{name}: {message}\n"}
    rest = {"message": message, "arguments": arguments, "context": {}}
    parts = [{"name": name}, rest, debug] if debug_last else [{"name": name}, debug, rest]
    return {key: value for part in parts for key, value in part.items()}


def rpc_error(version, error):
    """The `error` member of a JSON-RPC answer."""
    code, message = version.error_code, "Odoo Server Error"
    if isinstance(error, SessionExpired):
        code, message = 100, "Odoo Session Expired"
    elif isinstance(error, HttpError) and error.status == 404:
        code, message = 404, "404: Not Found"
    return {"code": code, "message": message, "data": exception_data(error, version.debug_last)}


# Status of a failure on a route that is not JSON: ≤18, 19.
_HTTP_STATUS = {
    AccessDenied: (403, 403),
    AccessError: (403, 403),
    MissingError: (400, 404),
    ValidationError: (400, 422),
    RedirectWarning: (400, 422),
    UserError: (400, 422),
    SessionExpired: (403, 403),
}


def http_status(version, error):
    if isinstance(error, HttpError):
        return error.status
    return _HTTP_STATUS.get(type(error), (500, 500))[version.major >= 19]
