"""Models with methods of their own: users, orders, leads, wizards, import."""

import csv
import io
import time

from . import data
from .base_model import BaseModel
from .errors import AccessDenied, AccessError, UserError, ValidationError
from .registry import Registry, rpc

IDENTITY_SECONDS = 600  # a confirmed password counts for ten minutes
RELOAD = {"type": "ir.actions.client", "tag": "reload"}
CLOSE = {"type": "ir.actions.act_window_close"}
_DUPLICATE_LOGIN = (
    "The operation cannot be completed: You can not have two users with the same login{mark}"
)


def window(model, res_id=False, **more):
    return {
        "type": "ir.actions.act_window",
        "res_model": model,
        "res_id": res_id,
        "target": "new",
        "views": [[False, "form"]],
        **more,
    }


class ResUsers(BaseModel):
    _name = "res.users"

    def _constrain(self, ids, values):
        login = values.get("login")
        for number, user in self._table().items():
            if login is not None and user["login"] == login and number not in ids:
                mark = " !" if self.env.version.major == 16 else "!"
                raise ValidationError(_DUPLICATE_LOGIN.format(mark=mark))

    def _complete(self, values, number):
        values = super()._complete(values, number)
        values.setdefault("name", values.get("login"))
        if not values.get("partner_id"):
            values["partner_id"] = self._with((), "res.partner")._create_one(
                {"name": values["name"]}
            )
        return {**values, "_groups": set(data.USERS[2][5]), "_totp": None, "_password": None}

    def _store(self, ids, values):
        values = dict(values)
        password = values.pop("password", None)
        if password:
            values["_password"] = str(password)
        super()._store(ids, values)

    @rpc("meta", ids="none", model=True)
    def context_get(self):
        return {"lang": "en_US", "tz": "UTC", "uid": self.env.uid}

    @rpc("meta", ids="none", model=True)
    def has_group(self, *args):
        """16, 17: (group) about oneself; 18, 19: (ids, group)."""
        multi = self.env.version.major >= 18
        if len(args) != 1 + multi:
            raise TypeError(
                f"Users.has_group() takes 2 positional arguments but {len(args) + 1} were given"
            )
        group = args[-1]
        if not isinstance(group, str) or "." not in group:
            raise TypeError(f"External ID '{group}' must be fully qualified")
        asked = (args[0] if isinstance(args[0], list) else [args[0]]) if multi else [self.env.uid]
        if asked != [self.env.uid] and not self.env.has_group(data.INTERNAL):
            raise AccessError("You can ony call user.has_group() with your current user.")
        return any(group in (self.env.db.user(uid) or {}).get("_groups", ()) for uid in asked)

    @rpc("call", ids="none", model=True)
    def change_password(self, old_passwd, new_passwd):
        if self.env.db.authenticate(self.env.user["login"], old_passwd) is None:
            raise AccessDenied()
        self._set_password(self.env.uid, new_passwd)
        return True

    def _set_password(self, uid, password):
        if not password:
            raise UserError("Setting empty passwords is not allowed for security reasons!")
        self.env.db.put("res.users", uid, {"_password": str(password)})

    def _confirmed(self, method):
        """None once the password was confirmed lately; else the dialog that asks for it."""
        session = self.env.session
        if session is None or time.time() - session.identity_checked < IDENTITY_SECONDS:
            return None
        wizard = self._with((), "res.users.identitycheck")._create_one(
            {"request": [self.model, list(self.ids), method]}
        )
        return window("res.users.identitycheck", wizard, name="Access Control")

    @rpc("call")
    def preference_change_password(self):
        return self._confirmed("preference_change_password") or window("change.password.own")

    @rpc("call")
    def api_key_wizard(self):
        return self._confirmed("api_key_wizard") or window("res.users.apikeys.description")

    @rpc("call")
    def preference_save(self):
        return {"type": "ir.actions.client", "tag": "reload_context"}

    @rpc("call", since=18)
    def action_revoke_all_devices(self):
        dialog = self._confirmed("action_revoke_all_devices")
        if dialog:
            return dialog
        end_other_sessions(self.env)
        return RELOAD

    @rpc("call")
    def action_reset_password(self):
        self.env.check_access("res.users", "write")
        return None

    @rpc("call", ids="none", model=True)
    def web_create_users(self, emails):
        self.env.note(
            "create",
            self.model,
            [self._create_one({"login": email, "email": email}) for email in emails],
        )
        return True


def end_other_sessions(env):
    keep, uid = env.session and env.session.prefix, env.uid
    return env.app.sessions.end_where(lambda session: session.uid == uid and session.prefix != keep)


class IdentityCheck(BaseModel):
    _name = "res.users.identitycheck"

    def _check(self):
        record = self._table().get(self.ids[0] if self.ids else 0, {})
        password = self.env.context.get("password") or record.get("password")
        if self.env.db.authenticate(self.env.user["login"], password) is None:
            raise UserError(
                "Incorrect Password, try again or click on Forgot Password to reset your password."
            )
        return record

    @rpc("call")
    def run_check(self):
        """Confirms the password, renews the session id and runs what was asked for before."""
        record = self._check()
        session = self.env.session
        if session is not None:
            session.identity_checked, session.dirty, session.rotate = time.time(), True, True
        self.env.db.put(self.model, record["id"], {"password": False})
        model, ids, method = record.get("request") or (None, None, None)
        return getattr(self._with(ids, model), method)() if model else None

    @rpc("call", since=17, until=17)
    def revoke_all_devices(self):
        """17 writes the same password anew: its new hash ends every session, this one too."""
        self._check()
        uid = self.env.uid
        self.env.app.sessions.end_where(lambda session: session.uid == uid)
        return RELOAD


class Device(BaseModel):
    """Device 1 is always the one that asks."""

    _name = "res.device"

    @rpc("call", since=18)
    def revoke(self):
        dialog = ResUsers(self.env, "res.device", self.ids)._confirmed("revoke")
        if dialog:
            return dialog
        if list(self.ids) == [1]:
            self.env.log_out()
        else:
            end_other_sessions(self.env)
        return None


class ChangePasswordWizard(BaseModel):
    _name = "change.password.wizard"

    @rpc("call")
    def change_password_button(self):
        self.env.check_access("res.users", "write")
        for wizard in self._read_rows(["user_ids"]):
            for number in wizard["user_ids"]:
                line = self._table("change.password.user")[number]
                self._with((line["user_id"],), "res.users")._write({"password": line["new_passwd"]})
                self.env.db.put("change.password.user", number, {"new_passwd": False})
        return CLOSE


class ChangePasswordOwn(BaseModel):
    _name = "change.password.own"

    @rpc("call")
    def change_password(self):
        dialog = ResUsers(self.env, self._name, self.ids)._confirmed("change_password")
        if dialog:
            return dialog
        record = self._table().get(self.ids[0] if self.ids else 0, {})
        if record.get("new_password") != record.get("confirm_password"):
            raise ValidationError("The new password and its confirmation must be the same.")
        self._with((), "res.users")._set_password(self.env.uid, record.get("new_password"))
        self.env.db.drop(self.model, record["id"])
        return RELOAD


class ApiKeyDescription(BaseModel):
    _name = "res.users.apikeys.description"

    @rpc("call")
    def make_key(self):
        key = self.env.app.sessions.secret_text(20)
        self.env.db.api_keys[key] = self.env.uid
        return window("res.users.apikeys.show", context={"default_key": key})


class ConfigSettings(BaseModel):
    _name = "res.config.settings"

    @rpc("call")
    def execute(self):
        self.env.check_access(self.model, "write")
        return RELOAD

    @rpc("call")
    def set_values(self):
        self.env.check_access(self.model, "write")


class ConfigParameter(BaseModel):
    _name = "ir.config_parameter"

    @rpc("read", ids="none", model=True)
    def get_param(self, key, default=False):
        found = self._search([["key", "=", key]])
        return self._table()[found[0]]["value"] if found else default

    @rpc("call", ids="none", model=True)
    def set_param(self, key, value):
        found = self._search([["key", "=", key]])
        if found:
            self._with(found)._write({"value": value})
        else:
            self._create_one({"key": key, "value": value})
        return bool(found)


class Filters(BaseModel):
    _name = "ir.filters"

    @rpc("create", ids="result", model=True, until=18)
    def create_or_replace(self, vals):
        return self._create_one(vals)

    @rpc("create", ids="result", model=True, since=19)
    def create_filter(self, vals):
        return self._create_one(vals)


class Attachment(BaseModel):
    _name = "ir.attachment"

    @rpc("create", ids="result", model=True)
    def create_unique(self, values_list):
        return [self._create_one(values) for values in values_list]


class ServerAction(BaseModel):
    _name = "ir.actions.server"

    @rpc("call")
    def run(self):
        """The one seeded action archives the contacts named by the context."""
        ids = self.env.context.get("active_ids") or []
        self._with(ids, "res.partner")._write({"active": False})
        return False


class Module(BaseModel):
    _name = "ir.module.module"

    @rpc("call")
    def button_immediate_install(self):
        self._write({"state": "installed"})
        return RELOAD

    @rpc("call")
    def button_immediate_uninstall(self):
        self._write({"state": "uninstalled"})
        return RELOAD


class Activity(BaseModel):
    _name = "mail.activity"

    @rpc("call")
    def action_feedback(self, feedback=False, attachment_ids=None):
        message = False
        for activity in self._read_rows():
            target = self._with(
                (activity.get("res_id"),), activity.get("res_model") or "res.partner"
            )
            message = target._post(feedback or "")
        self._unlink()
        return message

    @rpc("call")
    def action_done(self):
        return self.action_feedback()


class SaleOrder(BaseModel):
    _name = "sale.order"

    def _complete(self, values, number):
        return {"state": "draft", "amount_total": 0.0, **super()._complete(values, number)}

    def _move(self, allowed, state, refusal):
        wrong = [
            row["name"] for row in self._read_rows(["name", "state"]) if row["state"] not in allowed
        ]
        if wrong:
            raise UserError(f"{refusal}: {', '.join(wrong)}")
        self._write({"state": state})

    @rpc("call")
    def action_confirm(self):
        self._move(
            ("draft", "sent"),
            "sale",
            "The following orders are not in a state requiring confirmation",
        )
        return True

    @rpc("call")
    def action_cancel(self):
        self._move(("draft", "sent", "sale"), "cancel", "These orders cannot be cancelled")
        return True

    @rpc("call")
    def action_draft(self):
        self._move(("cancel", "sent"), "draft", "These orders cannot be set to draft")
        return True

    @rpc("call")
    def action_quotation_send(self):
        return window("mail.compose.message", context={"active_ids": list(self.ids)})


class Lead(BaseModel):
    _name = "crm.lead"

    @rpc("call")
    def action_set_won_rainbowman(self):
        self._write({"stage_id": 4, "probability": 100})
        return {"effect": {"fadeout": "slow", "type": "rainbow_man", "message": "Boom!"}}

    @rpc("call")
    def action_set_lost(self, **additional_values):
        self._write({"active": False, "probability": 0, **additional_values})
        return True

    @rpc("call", since=19)
    def action_restore(self):
        self._write({"active": True})


class LeadLost(BaseModel):
    _name = "crm.lead.lost"

    @rpc("call")
    def action_lost_reason_apply(self):
        """The wizard's id says nothing of the leads: those stand in the context alone."""
        self._with(self.env.context.get("active_ids") or [], "crm.lead")._write({"active": False})


class PosOrder(BaseModel):
    _name = "pos.order"

    @rpc("create", ids="result", model=True, until=17)
    def create_from_ui(self, orders, draft=False):
        made = [self._create_one({"pos_reference": order.get("id")}) for order in orders]
        return [
            {
                "id": number,
                "pos_reference": self._table()[number]["pos_reference"],
                "account_move": False,
            }
            for number in made
        ]

    @rpc("create", ids="none", model=True, since=18)
    def sync_from_ui(self, orders):
        made = [self._create_one({"pos_reference": order.get("id")}) for order in orders]
        self.env.note("create", self.model, made)
        return {"pos.order": self._with(made)._read_rows(["pos_reference"])}


class Import(BaseModel):
    _name = "base_import.import"

    def _rows(self, options):
        content = self._table()[self.ids[0]].get("file") or b""
        text = content.decode((options or {}).get("encoding") or "utf-8", "replace")
        rows = list(
            csv.reader(io.StringIO(text), delimiter=(options or {}).get("separator") or ",")
        )
        return rows[1:] if (options or {}).get("has_headers", True) else rows

    @rpc("meta")
    def parse_preview(self, options, count=10):
        content = self._table()[self.ids[0]].get("file") or b""
        rows = list(csv.reader(io.StringIO(content.decode("utf-8", "replace"))))
        return {
            "headers": rows[:1] and rows[0],
            "preview": rows[1 : count + 1],
            "options": options,
            "headers_type": [],
            "matches": {},
            "fields": [],
            "file_length": len(content),
        }

    @rpc("import", ids="none")
    def execute_import(self, fields, columns, options, dryrun=False):
        """Nothing of a dry run is kept, and yet its answer names the ids it would have made."""
        model = self._table()[self.ids[0]].get("res_model")
        target = self._with((), model)
        try:
            with self.env.db.transaction():
                ids = [
                    target._load_row({name: cell for name, cell in zip(fields, row) if name})
                    for row in self._rows(options)
                ]
                if dryrun:
                    raise _DryRun(ids)
        except _DryRun as done:
            self.env.note("meta", model, [])
            return self._outcome(done.args[0], fields)
        except (UserError, ValidationError) as error:
            self.env.note("import", model, [])
            return {
                "ids": False,
                "messages": [{"type": "error", "message": error.message}],
                "nextrow": 0,
            }
        self.env.note("import", model, ids)
        return self._outcome(ids, fields)

    def _outcome(self, ids, fields):
        return {"ids": ids, "messages": [], "nextrow": 0, "name": [str(number) for number in ids]}


class _DryRun(Exception):
    pass


def make_registry():
    classes = [
        cls
        for cls in globals().values()
        if isinstance(cls, type) and issubclass(cls, BaseModel) and cls._name
    ]
    return Registry(BaseModel, classes)
