"""The methods that every model has."""

from . import data
from .errors import UserError
from .orm import Records
from .registry import rpc


class BaseModel(Records):
    # Create

    @rpc("create", ids="result", model=True)
    def create(self, vals_list):
        if isinstance(vals_list, list):
            return [self._create_one(values) for values in vals_list]
        return self._create_one(vals_list)

    @rpc("create", ids="none", model=True)
    def name_create(self, name):
        number = self._create_one({"name": name})
        self.env.note("create", self.model, [number])
        return [number, self._label(self._table()[number])]

    @rpc("create", ids="result")
    def copy(self, default=None):
        if self.env.version.copies_give_list:
            return [self._copy_one(number, default) for number in self.ids]
        if len(self.ids) != 1:
            raise ValueError(f"Expected singleton: {self}")
        return self._copy_one(self.ids[0], default)

    @rpc("create", ids="result", since=17, until=17)
    def copy_multi(self, default=None):
        return [self._copy_one(number, default) for number in self.ids]

    # Write

    @rpc("write")
    def write(self, vals):
        self._write(vals)
        return True

    @rpc("write", until=18)
    def update(self, values):
        self._write(values)

    @rpc("write", since=17)
    def web_save(self, vals, specification, next_id=None):
        ids = self.ids or (self._create_one(vals),)
        if self.ids:
            self._write(vals)
        self.env.note("write" if self.ids else "create", self.model, ids)
        shown = (next_id,) if next_id else ids
        return self._with(shown)._spec_rows(specification)

    @rpc("write", since=19)
    def web_save_multi(self, vals_list, specification):
        if len(vals_list) != len(self.ids):
            raise ValueError("web_save_multi: one dictionary of values for each record")
        for number, values in zip(self.ids, vals_list):
            self._with((number,))._write(values)
        return self._spec_rows(specification)

    @rpc("write", since=19)
    def web_resequence(self, specification, field_name="sequence", offset=0):
        self._resequence(field_name, offset)
        return self._spec_rows(specification)

    def _resequence(self, field, offset):
        for position, number in enumerate(self.ids):
            self._with((number,))._write({field: position + (offset or 0)})

    @rpc("write")
    def action_archive(self):
        self._write({"active": False})

    @rpc("write")
    def action_unarchive(self):
        self._write({"active": True})

    @rpc("write")
    def toggle_active(self):
        for number in self._existing():
            active = self._table()[number].get("active", True)
            self._with((number,))._write({"active": not active})

    @rpc("write")
    def update_field_translations(self, field_name, translations, source_lang=None):
        text = next(iter(translations.values()), None)
        if isinstance(text, str):
            self._write({field_name: text})
        return True

    @rpc("unlink")
    def unlink(self):
        self._unlink()
        return True

    # Read

    @rpc("read", ids="result")
    def read(self, fields=None, load="_classic_read"):
        return self._read_rows(fields)

    @rpc("read", ids="result", since=17)
    def web_read(self, specification):
        return self._spec_rows(specification)

    @rpc("search", ids="result", model=True)
    def search(self, domain, offset=0, limit=None, order=None, count=False):
        return self._search(domain, limit, offset, order)

    @rpc("search", ids="none", model=True)
    def search_count(self, domain, limit=None):
        return len(self._search(domain, limit))

    @rpc("read", ids="result", model=True)
    def search_read(self, domain=None, fields=None, offset=0, limit=None, order=None, **_):
        return self._with(self._search(domain, limit, offset, order))._read_rows(fields)

    @rpc("read", ids="result", model=True)
    def web_search_read(
        self,
        domain=None,
        fields=None,
        offset=0,
        limit=None,
        order=None,
        count_limit=None,
        specification=None,
    ):
        found = self._search(domain)
        shown = self._with(self._search(domain, limit, offset, order))
        # 17 put the specification where 16 had the field names.
        specification = fields if isinstance(fields, dict) else specification
        rows = (
            shown._read_rows(fields) if specification is None else shown._spec_rows(specification)
        )
        return {"length": len(found), "records": rows}

    @rpc("read", ids="result", until=17)
    def name_get(self):
        table = self._table()
        return [[number, self._label(table[number])] for number in self._existing()]

    @rpc("read", ids="result", model=True)
    def name_search(self, name="", args=None, operator="ilike", limit=100, domain=None):
        found = self._name_search(name, domain or args, operator, limit)
        return [[number, self._label(self._table()[number])] for number in found]

    @rpc("read", ids="result", model=True, since=19)
    def web_name_search(
        self, name="", specification=None, domain=None, operator="ilike", limit=100
    ):
        found = self._name_search(name, domain, operator, limit)
        return self._with(found)._spec_rows(specification or {"display_name": {}})

    def _name_search(self, name, domain, operator, limit):
        named = [["name", operator, name]] if name else []
        return self._search([*named, *(domain or [])], limit)

    @rpc("search")
    def exists(self):
        return self._with(self._existing())

    # Groups and counts

    @rpc("search", ids="none", model=True)
    def read_group(
        self, domain, fields=None, groupby=(), offset=0, limit=None, orderby=False, lazy=True
    ):
        return self._groups(domain, groupby, "__count")

    @rpc("search", ids="none", model=True)
    def web_read_group(
        self,
        domain,
        fields=None,
        groupby=(),
        limit=None,
        offset=0,
        expand=False,
        auto_unfold=False,
        unfold_read_specification=None,
        **_,
    ):
        # 19 put the names of the groups where those before had the fields.
        names = groupby or fields or ()
        groups = self._groups(domain, names, "__count")
        for group in groups:
            found = self._with(self._search((domain or []) + self._members(group, names)))
            if auto_unfold and self.env.version.major >= 19:
                group["__records"] = found._spec_rows(unfold_read_specification or {})
            elif expand and self.env.version.major == 16:
                group["__data"] = {"length": len(found.ids), "records": found._read_rows(fields)}
        return {"groups": groups, "length": len(groups)}

    def _members(self, group, names):
        name = names if isinstance(names, str) else names[0]
        value = group[name]
        return [[name, "=", value[0] if isinstance(value, list) else value]]

    @rpc("search", ids="none", model=True, since=19)
    def formatted_read_group(self, domain, groupby=(), aggregates=(), **_):
        return self._groups(domain, groupby, "__count")

    @rpc("search", ids="none", model=True, since=19)
    def formatted_read_grouping_sets(self, domain, grouping_sets, aggregates=(), **_):
        return [self._groups(domain, groupby, "__count") for groupby in grouping_sets]

    @rpc("search", ids="none", model=True)
    def read_progress_bar(self, domain, group_by, progress_bar):
        return {}

    def _groups(self, domain, groupby, count):
        names = [groupby] if isinstance(groupby, str) else list(groupby or ())
        name = names[0].split(":")[0] if names else None
        buckets = {}
        for number in self._search(domain):
            value = self._read_value(self._table()[number], name) if name else None
            key = tuple(value) if isinstance(value, list) else value
            buckets.setdefault(key, []).append(number)
        return [
            {
                **({names[0]: list(key) if isinstance(key, tuple) else key} if name else {}),
                count: len(members),
                "__domain": domain or [],
            }
            for key, members in buckets.items()
        ]

    # About the model; nothing is saved here

    @rpc("meta")
    def onchange(self, values, field_name, field_onchange, *_):
        return {
            "value": {
                name: False for name in field_onchange if "." not in name and name not in values
            }
            if not field_name
            else {}
        }

    @rpc("meta", ids="none", model=True)
    def default_get(self, fields_list):
        return {}

    @rpc("meta", ids="none", model=True)
    def fields_get(self, allfields=None, attributes=None):
        names = sorted(data.STRICT_FIELDS.get(self.model, {"id", "name", "active", "display_name"}))
        return {
            name: self._field_facts(name) for name in names if not allfields or name in allfields
        }

    def _field_facts(self, name):
        kind = (
            "one2many" if name in data.TO_MANY else "many2one" if name in data.RELATIONS else "char"
        )
        facts = {"type": kind, "string": name.replace("_", " ").title(), "readonly": False}
        if name in data.RELATIONS:
            facts["relation"] = data.RELATIONS[name]
        return facts

    @rpc("meta", ids="none", model=True)
    def get_views(self, views, options=None):
        shown = {
            kind: {
                "arch": f'<{kind}><field name="name"/></{kind}>',
                "id": view_id or 1,
                "model": self.model,
            }
            for view_id, kind in views
        }
        return {"views": shown, "models": {self.model: self.fields_get()}}

    @rpc("meta", ids="none", model=True, until=18)
    def check_access_rights(self, operation, raise_exception=True):
        self.env.check_access(self.model, operation)
        return True

    @rpc("meta")
    def get_formview_action(self, access_uid=None):
        return {
            "type": "ir.actions.act_window",
            "res_model": self.model,
            "res_id": self.ids[0] if self.ids else False,
        }

    @rpc("read")
    def get_metadata(self):
        return [
            {
                "id": row["id"],
                "create_uid": row["create_uid"],
                "write_uid": row["write_uid"],
                "create_date": row["create_date"],
                "write_date": row["write_date"],
            }
            for row in self._read_rows(["create_uid", "write_uid", "create_date", "write_date"])
        ]

    @rpc("read")
    def copy_data(self, default=None):
        return self._read_rows()

    # Export and import

    @rpc("export")
    def export_data(self, fields_to_export):
        return {"datas": self._exported(fields_to_export)}

    def _exported(self, names):
        if not self.env.has_group(data.EXPORT):
            raise UserError(
                "You don't have the rights to export data. Please contact an Administrator."
            )
        rows = self._read_rows([name.split("/")[0] for name in names])
        return [[self._cell(row.get(name.split("/")[0])) for name in names] for row in rows]

    def _cell(self, value):
        if isinstance(value, list):
            return str(value[1]) if len(value) == 2 and isinstance(value[1], str) else ""
        return "" if value in (None, False) else str(value)

    @rpc("import", ids="none", model=True)
    def load(self, fields, data):
        ids = [self._load_row(dict(zip(fields, row))) for row in data]
        self.env.note("import", self.model, ids)
        return {"ids": ids, "messages": [], "nextrow": 0}

    def _load_row(self, row):
        number = row.pop(".id", None) or row.pop("id", None)
        values = {name.split("/")[0]: value for name, value in row.items()}
        if number and str(number).isdigit() and int(number) in self._table():
            self._with((int(number),))._write(values)
            return int(number)
        return self._create_one(values)

    # Chatter

    @rpc("call")
    def message_post(self, body="", attachment_ids=(), partner_ids=(), **_):
        number = self._post(body, attachment_ids)
        return (
            self._with((number,), "mail.message")
            if self.env.version.recordsets_give_ids
            else number
        )

    def _post(self, body, attachment_ids=()):
        if not self._existing():
            raise self._missing(list(self.ids))
        return self._with((), "mail.message")._create_one(
            {
                "model": self.model,
                "res_id": self.ids[0],
                "body": f"<p>{body}</p>",
                "author_id": self.env.user.get("partner_id"),
                "attachment_ids": [[6, 0, list(attachment_ids or [])]],
            }
        )

    @rpc("call")
    def message_subscribe(self, partner_ids=None, subtype_ids=None):
        for number in self._existing():
            for partner in partner_ids or []:
                self._with((), "mail.followers")._create_one(
                    {"res_model": self.model, "res_id": number, "partner_id": partner}
                )
        return True

    @rpc("call")
    def message_unsubscribe(self, partner_ids=None):
        gone = [
            number
            for number, follower in self._table("mail.followers").items()
            if follower.get("res_model") == self.model
            and follower.get("res_id") in self.ids
            and follower.get("partner_id") in (partner_ids or [])
        ]
        self._with(gone, "mail.followers")._unlink()
        return True

    @rpc("call")
    def activity_schedule(self, act_type_xmlid="", date_deadline=None, summary="", note="", **_):
        made = [
            self._with((), "mail.activity")._create_one(
                {"res_model": self.model, "res_id": number, "summary": summary}
            )
            for number in self.ids
        ]
        return self._with(made, "mail.activity")
