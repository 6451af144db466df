"""Records in memory with Odoo's rules: rights, required fields, commands, rollback on failure."""

import contextlib
import hashlib
import hmac
import os
import threading
import time

from . import data
from .domain import matches
from .errors import AccessError, MissingError, OdooError, RedirectWarning, SqlError, ValidationError

MAX_RECORDS = 200000  # per model: a hostile client must not fill the memory
FIRST_FREE_ID = 41
_VERBS = {"read": "access", "write": "modify", "create": "create", "unlink": "delete"}
_SELF_WRITABLE = {
    "name",
    "email",
    "lang",
    "tz",
    "signature",
    "notification_type",
    "image_1920",
    "phone",
}
# What users without the internal group may see at all.
_PORTAL_READS = {
    "res.partner",
    "res.users",
    "sale.order",
    "res.company",
    "res.country",
    "res.currency",
    "res.lang",
}
_GROUP_IDS = {1: data.INTERNAL, 2: data.ACCESS_RIGHTS, 3: data.SYSTEM, 10: data.PORTAL}
_GROUP_FIELDS = ("groups_id", "group_ids")
_MANDATORY = (
    "The operation cannot be completed:\n- Create/update: a mandatory field is not set.\n"
    "- Delete: another "
    "model requires the record being deleted. If possible, archive it instead.\n\n"
    "Model: {label} ({model})\nField: {field_label} ({field})\n"
)


class InvalidField(OdooError):
    name = "builtins.ValueError"

    def __init__(self, text, field=None):
        super().__init__(text)
        self.field = field


class Database:
    """All tables. Every change goes through `transaction`, which takes it back on failure."""

    def __init__(self):
        self.lock = threading.RLock()
        self.secret = os.urandom(32)
        self.tables = {model: {} for model in data.MODELS}
        self.next_ids = {}
        self.undo = None
        self.api_keys = dict(data.API_KEYS)
        self._seed()

    def _seed(self):
        for model, rows in data.SEEDS.items():
            self.tables[model] = {row["id"]: dict(row) for row in rows}
        for number, name, email, city, company in data.PARTNERS:
            self.tables["res.partner"][number] = {
                "id": number,
                "name": name,
                "email": email,
                "city": city,
                "is_company": company,
                "active": number != 2,
            }
        for uid, login, password, name, partner, groups, totp in data.USERS:
            self.tables["res.users"][uid] = {
                "id": uid,
                "login": login,
                "name": name,
                "partner_id": partner,
                "active": uid != 1,
                "_password": password,
                "_groups": set(groups),
                "_totp": totp,
            }

    @contextlib.contextmanager
    def transaction(self):
        with self.lock:
            outer, self.undo = self.undo, []
            try:
                yield
            except BaseException:
                for restore in reversed(self.undo):
                    restore()
                raise
            finally:
                self.undo = outer

    def _remember(self, table, number):
        old = table.get(number)
        saved = None if old is None else dict(old)
        self.undo.append(
            lambda: table.pop(number, None) if saved is None else table.__setitem__(number, saved)
        )

    def put(self, model, number, values):
        table = self.tables[model]
        self._remember(table, number)
        table[number] = {**table.get(number, {}), **values}

    def drop(self, model, number):
        table = self.tables[model]
        self._remember(table, number)
        table.pop(number, None)

    def new_id(self, model):
        """Ids are never given twice, rolled back or not, as a PostgreSQL sequence does it."""
        if len(self.tables[model]) >= MAX_RECORDS:
            raise MemoryError(f"the stand-in holds no more than {MAX_RECORDS} records of {model}")
        used = max(self.tables[model], default=0) + 1
        start = FIRST_FREE_ID if model == "res.partner" else 1
        number = max(self.next_ids.get(model, start), used)
        self.next_ids[model] = number + 1
        return number

    def user(self, uid):
        return self.tables["res.users"].get(uid)

    def user_by_login(self, login):
        for user in self.tables["res.users"].values():
            if user["login"] == login:
                return user
        return None

    def authenticate(self, login, password):
        """The user record, or None. A user without a password cannot log in."""
        user = self.user_by_login(login) if isinstance(login, str) else None
        good = (
            user is not None
            and user.get("active", True)
            and user["_password"]
            and isinstance(password, str)
            and hmac.compare_digest(user["_password"].encode(), password.encode("utf-8", "replace"))
        )
        return user if good else None

    def sign_up(self, login, name, password):
        """A new portal user with a partner of the same name."""
        with self.transaction():
            partner, uid = self.new_id("res.partner"), self.new_id("res.users")
            self.put("res.partner", partner, {"id": partner, "name": name, "email": login})
            facts = {"id": uid, "login": login, "name": name, "partner_id": partner}
            rights = {"_groups": {data.PORTAL}, "_totp": None}
            self.put("res.users", uid, {**facts, **rights, "active": True, "_password": password})
        return self.user(uid)

    def token(self, uid, sid):
        """Dies with login, password and active flag, so that changing these ends sessions."""
        user = self.user(uid) or {}
        facts = repr([sid, uid, user.get("login"), user.get("_password"), user.get("active", True)])
        return hmac.new(self.secret, facts.encode(), hashlib.sha256).hexdigest()


def normalise_ids(ids):
    """browse(): falsy is nothing, an int is one, anything else its items (keys of an object)."""
    if not ids:
        return ()
    if isinstance(ids, int) and not isinstance(ids, bool):
        return (ids,)
    try:
        items = tuple(ids)
    except TypeError:
        raise SqlError(f"operator does not exist: integer = {type(ids).__name__}") from None
    for item in items:
        if isinstance(item, bool) or not isinstance(item, int):
            raise SqlError(f"operator does not exist: integer = {type(item).__name__}")
    return items


class Environment:
    """Who asks, in which context, on which version; the session is None for external RPC."""

    def __init__(self, db, version, uid, context=None, session=None, app=None):
        self.db, self.version, self.uid = db, version, uid
        self.context = context if isinstance(context, dict) else {}
        self.session, self.app = session, app
        self.log_out = None  # where there is a session to log out
        self.noted = None  # (operation, model, ids) where a method knows better

    @property
    def user(self):
        return self.db.user(self.uid) or {}

    def has_group(self, group):
        return group in self.user.get("_groups", ())

    def note(self, operation, model, ids):
        self.noted = (operation, model, list(ids))

    def check_access(self, model, operation, ids=(), fields=()):
        """Refuses with Odoo's words where the user lacks the group for it."""
        if self.uid == 1 or self._allowed(model, operation, ids, fields):
            return
        label, _, groups = data.MODELS[model]
        needed = groups[operation != "read"] or data.INTERNAL
        raise AccessError(
            f"You are not allowed to {_VERBS[operation]} '{label}' ({model}) records.\n\n"
            f"This operation is allowed for the following groups:\n\t- {data.GROUP_LABELS[needed]}"
            "\n\nContact your administrator to request access if necessary."
        )

    def _allowed(self, model, operation, ids, fields):
        if not self.has_group(data.INTERNAL):
            return operation == "read" and model in _PORTAL_READS
        if model == "res.users" and operation == "write" and set(ids) == {self.uid}:
            if set(fields) <= _SELF_WRITABLE:
                return True
        needed = data.MODELS[model][2][operation != "read"]
        return needed is None or self.has_group(needed)


class Records:
    """Some records of one model. Names with one underscore are for the stand-in itself; what a
    client may call is marked with `rpc` in the subclasses."""

    _name = None

    def __init__(self, env, model, ids=()):
        self.env, self.model, self.ids = env, model, tuple(ids)

    def __str__(self):
        return f"{self.model}({', '.join(map(str, self.ids))}{',' if len(self.ids) == 1 else ''})"

    def _table(self, model=None):
        return self.env.db.tables[model or self.model]

    def _existing(self):
        table = self._table()
        return [number for number in self.ids if number in table]

    def _with(self, ids, model=None):
        return self.env.app.registry.records(self.env, model or self.model, ids)

    def _check_fields(self, names):
        strict = data.STRICT_FIELDS.get(self.model)
        for name in names:
            if not isinstance(name, str):
                raise TypeError(f"unhashable field name {name!r}")
            known = strict is None or name.split(".")[0].split(":")[0] in strict
            if not known or name.startswith("_") and name != "__last_update":
                raise InvalidField(f"Invalid field {name!r} on model {self.model!r}", name)

    def _missing(self, ids):
        shown = f"{ids[0]}," if len(ids) == 1 else ", ".join(map(str, ids))
        return MissingError(
            "Record does not exist or has been deleted.\n"
            f"(Record: {self.model}({shown}), User: {self.env.uid})"
        )

    # Changing

    def _create_one(self, values):
        if not isinstance(values, dict):
            raise TypeError(f"'{type(values).__name__}' object does not support item assignment")
        self.env.check_access(self.model, "create")
        self._check_fields(values)
        number = self.env.db.new_id(self.model)
        defaults = {
            key[8:]: value
            for key, value in self.env.context.items()
            if key.startswith("default_") and self._is_default(key[8:])
        }
        full = self._complete({**defaults, **values}, number)
        self._check_mandatory(full)
        self._constrain([number], full)
        self.env.db.put(
            self.model, number, self._stamp({"id": number, "active": True}, created=True)
        )
        self._store([number], full)
        return number

    def _is_default(self, name):
        strict = data.STRICT_FIELDS.get(self.model)
        return strict is None or name in strict

    def _complete(self, values, number):
        pattern = data.SEQUENCES.get(self.model)
        if pattern and not values.get("name"):
            values["name"] = pattern.format(number)
        return values

    def _check_mandatory(self, values):
        label, required, _ = data.MODELS[self.model]
        for field in required:
            if values.get(field) in (None, False, ""):
                raise ValidationError(
                    _MANDATORY.format(
                        label=label,
                        model=self.model,
                        field=field,
                        field_label=data.FIELD_LABELS.get(field, field),
                    )
                )

    def _constrain(self, ids, values):
        if self.model == "res.partner" and values.get("parent_id") in ids:
            raise ValidationError("You cannot create recursive Partner hierarchies.")

    def _stamp(self, values, created=False):
        now = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())
        stamped = {**values, "write_date": now, "write_uid": self.env.uid}
        return {**stamped, "create_date": now, "create_uid": self.env.uid} if created else stamped

    def _write(self, values):
        if not self.ids:
            return
        self.env.check_access(self.model, "write", self.ids, values)
        self._check_written(values)
        existing = self._existing()
        if len(existing) < len(self.ids):
            raise self._missing([number for number in self.ids if number not in existing])
        self._constrain(self.ids, values)
        self._store(self.ids, values)

    def _check_written(self, names):
        """19 looks the field up before it has words for a wrong one."""
        try:
            self._check_fields(names)
        except InvalidField as error:
            raise KeyError(error.field) if self.env.version.major >= 19 else error from None

    def _store(self, ids, values):
        for number in ids:
            plain = {
                name: value
                for name, value in values.items()
                if not self._command_field(name, value)
            }
            self.env.db.put(self.model, number, self._stamp(plain))
            for name in values.keys() - plain.keys():
                self._apply_commands(number, name, values[name])

    def _command_field(self, name, value):
        return name in data.TO_MANY and isinstance(value, (list, bool, type(None)))

    def _unlink(self):
        if not self.ids:
            return
        self.env.check_access(self.model, "unlink")
        existing = self._existing()
        if not existing:
            raise self._missing(list(self.ids))
        self._guard_unlink(existing)
        for number in existing:
            self.env.db.drop(self.model, number)

    def _guard_unlink(self, ids):
        if self.model != "res.partner":
            return
        linked = [
            user["name"]
            for user in self._table("res.users").values()
            if user["partner_id"] in ids and user.get("active")
        ]
        if linked:
            raise RedirectWarning(
                "You cannot delete contacts linked to an active user.\n"
                "You should rather archive them after archiving their associated user.\n\n"
                f"Linked active users : {', '.join(linked)}",
                {"type": "ir.actions.act_window", "res_model": "res.users"},
                "Go to users",
                None,
            )

    def _copy_one(self, number, default):
        record = self._table().get(number)
        if record is None:
            raise self._missing([number])
        skipped = {"id", "create_date", "write_date", "create_uid", "write_uid", "state"}
        values = {
            key: value
            for key, value in record.items()
            if key not in skipped
            and not key.startswith("_")
            and (self.model, key) not in data.INVERSES
        }
        if self.model in data.SEQUENCES:
            values.pop("name", None)
        elif values.get("name"):
            values["name"] = f"{values['name']} (copy)"
        values = {
            key: [[6, 0, value]] if key in data.TO_MANY else value for key, value in values.items()
        }
        return self._create_one({**values, **(default or {})})

    # x2many commands

    def _apply_commands(self, number, field, commands):
        current = list(self._table()[number].get(field) or [])
        if not commands:
            commands = [[5]]
        if all(isinstance(item, int) and not isinstance(item, bool) for item in commands):
            commands = [[6, 0, commands]]
        for command in commands:
            if not isinstance(command, list) or not command:
                raise InvalidField(f"Invalid command {command!r} for field {field}")
            current = self._apply_command(number, field, current, command)
        self.env.db.put(self.model, number, {field: current})
        if self.model == "res.users" and field in _GROUP_FIELDS:
            self.env.db.put(
                self.model,
                number,
                {"_groups": {_GROUP_IDS[item] for item in current if item in _GROUP_IDS}},
            )

    def _comodel(self, field):
        if field in _GROUP_FIELDS:
            return "res.groups"
        name = data.RELATIONS.get((self.model, field)) or data.RELATIONS.get(field, "mail.message")
        return name

    def _apply_command(self, number, field, current, command):
        code, target, payload = (command + [None, None])[:3]
        comodel = self._comodel(field)
        inverse = data.INVERSES.get((self.model, field))
        if code == 0:
            values = dict(payload or {})
            if inverse:
                values[inverse] = number
            return [*current, self._with((), comodel)._create_one(values)]
        if code == 1:
            self._with((target,), comodel)._write(payload or {})
            return current
        if code == 2:
            self._with((target,), comodel)._unlink()
        if code in (2, 3):
            return [item for item in current if item != target]
        if code == 4:
            return current if target in current else [*current, target]
        if code == 5:
            return []
        if code == 6:
            return list(payload or [])
        raise InvalidField(f"Invalid command code {code!r} for field {field}")

    # Reading

    def _search(self, domain, limit=None, offset=0, order=None):
        self.env.check_access(self.model, "read")
        found = [
            number
            for number, record in self._table().items()
            if self._visible(record, domain) and matches(domain, self._reader(record))
        ]
        found = self._ordered(found, order)[offset or 0 :]
        return found[:limit] if limit else found

    def _visible(self, record, domain):
        """Archived records show only where the domain or the context speaks of them."""
        if record.get("active", True) or self.env.context.get("active_test") is False:
            return True
        return any(
            isinstance(term, (list, tuple)) and term[:1] in (["active"], ("active",))
            for term in domain or []
        )

    def _ordered(self, ids, order):
        field, _, direction = (order or "id").split(",")[0].strip().partition(" ")
        table = self._table()
        return sorted(
            ids,
            key=lambda number: (str(table[number].get(field) or ""), number)
            if field != "id"
            else ("", number),
            reverse=direction.strip().lower() == "desc",
        )

    def _reader(self, record):
        return lambda path: self._value_at(record, path)

    def _value_at(self, record, path):
        name, _, rest = str(path).partition(".")
        value = record.get(name, False) if not name.startswith("_") else False
        if rest and name in data.RELATIONS and isinstance(value, int):
            related = self._table(data.RELATIONS[name]).get(value, {})
            return self._value_at(related, rest)
        if name == "display_name":
            return self._label(record)
        return value

    def _label(self, record):
        return record.get("name") or f"{self.model},{record['id']}"

    def _label_of(self, model, number):
        record = self._table(model).get(number)
        return Records(self.env, model)._label(record) if record else False

    def _plain(self, record, name):
        if name.startswith("_"):
            return False
        if name in ("password", "new_passwd") and self.model == "res.users":
            return ""
        value = self._value_at(record, name)
        return [] if value is False and name in data.TO_MANY else value

    def _read_value(self, record, name):
        value = self._plain(record, name)
        relation = data.RELATIONS.get(name)
        if relation and name not in data.TO_MANY and isinstance(value, int) and value:
            return [value, self._label_of(relation, value)]
        return value

    def _spec_value(self, record, name, spec):
        value = self._plain(record, name)
        relation = data.RELATIONS.get((self.model, name)) or data.RELATIONS.get(name)
        fields = spec.get("fields") if isinstance(spec, dict) else None
        if fields is None or relation is None or not value:
            return value
        if name in data.TO_MANY:
            return self._with(value, relation)._spec_rows(fields)
        return {
            "id": value,
            **(
                {"display_name": self._label_of(relation, value)}
                if "display_name" in fields
                else {}
            ),
        }

    def _spec_rows(self, specification):
        self.env.check_access(self.model, "read")
        self._check_fields(specification)
        table = self._table()
        return [
            {
                "id": number,
                **{
                    name: self._spec_value(table[number], name, spec)
                    for name, spec in specification.items()
                    if name != "id"
                },
            }
            for number in self._existing()
        ]

    def _read_rows(self, fields=None):
        self.env.check_access(self.model, "read")
        self._check_fields(fields or ())
        table = self._table()
        rows = []
        for number in self._existing():
            names = fields or [name for name in table[number] if not name.startswith("_")]
            rows.append(
                {
                    "id": number,
                    **{
                        name: self._read_value(table[number], name)
                        for name in names
                        if name != "id"
                    },
                }
            )
        return rows
