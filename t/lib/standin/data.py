"""What the stand-in's database holds at the start, and who may do what with it."""

SYSTEM = "base.group_system"
ACCESS_RIGHTS = "base.group_erp_manager"
INTERNAL = "base.group_user"
PORTAL = "base.group_portal"
EXPORT = "base.group_allow_export"
CONTACTS = "base.group_partner_manager"

GROUP_LABELS = {
    SYSTEM: "Administration/Settings",
    ACCESS_RIGHTS: "Administration/Access Rights",
    INTERNAL: "User types/Internal User",
}

# RFC 4648 base32, as an authenticator application takes it.
TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
API_KEYS = {
    "5f1c0ffee0badc0de5f1c0ffee0badc0de5f1c0f": 2,
    "de305d5475b4431badb2eb6b9e546014de305d54": 6,
}

_ADMIN = {INTERNAL, ACCESS_RIGHTS, SYSTEM, EXPORT, CONTACTS}
_DEMO = {INTERNAL, EXPORT, CONTACTS}

# id, login, password, name, partner, groups, second factor
USERS = [
    (1, "__system__", None, "OdooBot", 2, _ADMIN, None),
    (2, "admin", "admin", "Mitchell Admin", 3, _ADMIN, None),
    (6, "demo", "demo", "Marc Demo", 7, _DEMO, None),
    (7, "portal", "portal", "Joel Willis", 8, {PORTAL}, None),
    (8, "totp", "totp", "Tara Totp", 9, _DEMO, TOTP_SECRET),
]

PARTNERS = [
    (1, "YourCompany", "info@yourcompany.com", "San Francisco", True),
    (2, "OdooBot", "odoobot@example.com", "", False),
    (3, "Mitchell Admin", "admin@yourcompany.example.com", "Scranton", False),
    (7, "Marc Demo", "mark.brown23@example.com", "Rome", False),
    (8, "Joel Willis", "joel.willis63@example.com", "Toledo", False),
    (9, "Tara Totp", "totp@example.com", "Ghent", False),
    (14, "Azure Interior", "azure.Interior24@example.com", "Fremont", True),
    (15, "Deco Addict", "deco_addict@yourcompany.example.com", "Pleasant Hill", True),
    (16, "Gemini Furniture", "gemini_furniture@fake.geminifurniture.com", "Fairfield", True),
    (17, "Ready Mat", "ready.mat28@example.com", "Tracy", True),
]

# Model: label, required fields, and the group that reading or changing takes.
_FREE = (None, None)
MODELS = {
    "res.partner": ("Contact", (), _FREE),
    "res.partner.category": ("Tag", ("name",), _FREE),
    "res.partner.bank": ("Bank Accounts", (), _FREE),
    "res.users": ("User", ("login",), (None, ACCESS_RIGHTS)),
    "res.users.log": ("Users Log", (), (INTERNAL, SYSTEM)),
    "res.users.settings": ("User Settings", (), _FREE),
    "res.users.identitycheck": ("Password Check Wizard", (), _FREE),
    "res.users.apikeys": ("Users API Keys", (), _FREE),
    "res.users.apikeys.description": ("API Key Description", (), _FREE),
    "res.device": ("Devices", (), _FREE),
    "res.groups": ("Access Groups", ("name",), (INTERNAL, ACCESS_RIGHTS)),
    "res.company": ("Companies", ("name",), (None, ACCESS_RIGHTS)),
    "res.currency": ("Currency", ("name",), (None, SYSTEM)),
    "res.country": ("Country", ("name",), (None, SYSTEM)),
    "res.lang": ("Languages", ("name",), (None, SYSTEM)),
    "res.config.settings": ("Config Settings", (), (SYSTEM, SYSTEM)),
    "ir.config_parameter": ("System Parameter", ("key",), (SYSTEM, SYSTEM)),
    "ir.attachment": ("Attachment", (), _FREE),
    "ir.filters": ("Filters", (), _FREE),
    "ir.default": ("Default Values", (), (INTERNAL, SYSTEM)),
    "ir.model": ("Models", (), (INTERNAL, SYSTEM)),
    "ir.actions.server": ("Server Actions", (), (INTERNAL, SYSTEM)),
    "ir.cron": ("Scheduled Actions", (), (SYSTEM, SYSTEM)),
    "ir.module.module": ("Module", (), (SYSTEM, SYSTEM)),
    "ir.ui.view": ("View", (), (INTERNAL, SYSTEM)),
    "change.password.wizard": ("Change Password Wizard", (), (ACCESS_RIGHTS, ACCESS_RIGHTS)),
    "change.password.user": ("User, Change Password Wizard", (), (ACCESS_RIGHTS, ACCESS_RIGHTS)),
    "change.password.own": ("User, change own password wizard", (), _FREE),
    "mail.message": ("Message", (), _FREE),
    "mail.activity": ("Activity", (), _FREE),
    "mail.followers": ("Document Followers", (), _FREE),
    "base_import.import": ("Base Import", (), _FREE),
    "crm.lead": ("Lead/Opportunity", ("name",), _FREE),
    "crm.stage": ("CRM Stages", ("name",), _FREE),
    "crm.lead.lost": ("Get Lost Reason", (), _FREE),
    "crm.tag": ("CRM Tag", ("name",), _FREE),
    "sale.order": ("Sales Order", ("partner_id",), _FREE),
    "sale.order.line": ("Sales Order Line", (), _FREE),
    "account.move": ("Journal Entry", (), _FREE),
    "product.template": ("Product", ("name",), _FREE),
    "product.product": ("Product Variant", ("name",), _FREE),
    "project.project": ("Project", ("name",), _FREE),
    "project.task": ("Task", ("name",), _FREE),
    "calendar.event": ("Calendar Event", ("name",), _FREE),
    "hr.employee": ("Employee", ("name",), _FREE),
    "pos.order": ("Point of Sale Orders", (), _FREE),
    "note.note": ("Note", (), _FREE),
}

# Where a mandatory field's message names it with its label.
FIELD_LABELS = {"name": "Name", "login": "Login", "key": "Key", "partner_id": "Customer"}

RELATIONS = {
    "partner_id": "res.partner",
    "parent_id": "res.partner",
    "user_id": "res.users",
    "company_id": "res.company",
    "country_id": "res.country",
    "currency_id": "res.currency",
    "stage_id": "crm.stage",
    "order_id": "sale.order",
    "product_id": "product.product",
    "product_template_id": "product.template",
    "project_id": "project.project",
    "create_uid": "res.users",
    "write_uid": "res.users",
    "author_id": "res.partner",
    "category_id": "res.partner.category",
    "tag_ids": "crm.tag",
    "child_ids": "res.partner",
    "order_line": "sale.order.line",
    "user_ids": "res.users",
    "message_ids": "mail.message",
    "activity_ids": "mail.activity",
    "attachment_ids": "ir.attachment",
    "bank_ids": "res.partner.bank",
    "company_ids": "res.company",
    "invoice_line_ids": "account.move",
    ("change.password.wizard", "user_ids"): "change.password.user",
}
TO_MANY = {
    "category_id",
    "tag_ids",
    "child_ids",
    "order_line",
    "user_ids",
    "message_ids",
    "activity_ids",
    "attachment_ids",
    "bank_ids",
    "company_ids",
    "invoice_line_ids",
    "group_ids",
    "groups_id",
    "message_follower_ids",
    "message_partner_ids",
}
# One2many fields, with the field of the line that points back.
INVERSES = {
    ("res.partner", "child_ids"): "parent_id",
    ("sale.order", "order_line"): "order_id",
    ("res.partner", "bank_ids"): "partner_id",
}

# Models whose field names are checked, so that a wrong one fails as it does in Odoo.
PARTNER_FIELDS = set(
    """
    active additional_info autopost_bills avatar_128 bank_ids category_id child_ids city
    color comment commercial_partner_id company_id company_name company_registry
    company_type complete_name contact_address country_id credit_limit customer_rank date
    display_name email email_formatted employee function global_location_number
    ignore_abnormal_invoice_amount ignore_abnormal_invoice_date image_128 image_1920
    industry_id invoice_edi_format invoice_sending_method invoice_template_pdf_report_id
    is_company lang mobile name parent_id partner_gid partner_share peppol_eas
    peppol_endpoint phone properties ref sale_warn sale_warn_msg signup_type state_id street
    street2 supplier_rank team_id title type tz ubl_cii_format use_partner_credit_limit
    user_id user_ids vat website website_message_ids zip message_follower_ids
    message_partner_ids message_ids activity_ids property_account_position_id
    property_inbound_payment_method_line_id property_payment_method_id
    property_outbound_payment_method_line_id property_payment_term_id
    property_product_pricelist property_supplier_payment_term_id barcode create_date
    write_date create_uid write_uid id __last_update
    """.split()
)
STRICT_FIELDS = {
    "res.partner": PARTNER_FIELDS,
    "res.partner.category": {
        "id",
        "name",
        "color",
        "active",
        "parent_id",
        "child_ids",
        "partner_ids",
        "display_name",
        "create_date",
        "write_date",
        "create_uid",
        "write_uid",
    },
}

SEEDS = {
    "res.company": [{"id": 1, "name": "YourCompany", "partner_id": 1}],
    "res.currency": [{"id": 1, "name": "USD", "symbol": "$"}],
    "res.country": [{"id": 20, "name": "Belgium"}, {"id": 233, "name": "United States"}],
    "res.lang": [{"id": 1, "name": "English (US)", "code": "en_US"}],
    "res.groups": [
        {"id": 1, "name": "Internal User"},
        {"id": 2, "name": "Access Rights"},
        {"id": 3, "name": "Settings"},
        {"id": 10, "name": "Portal"},
    ],
    "res.partner.category": [{"id": 1, "name": "Vendor"}, {"id": 2, "name": "Prospects"}],
    "crm.stage": [
        {"id": number, "name": name, "sequence": number}
        for number, name in enumerate(["New", "Qualified", "Proposition", "Won"], 1)
    ],
    "crm.lead": [
        {
            "id": 1,
            "name": "Office design",
            "stage_id": 1,
            "type": "opportunity",
            "expected_revenue": 9000.0,
            "partner_id": 14,
        },
        {
            "id": 2,
            "name": "Quote for 12 tables",
            "stage_id": 2,
            "type": "opportunity",
            "expected_revenue": 40000.0,
            "partner_id": 15,
        },
    ],
    "product.template": [
        {"id": 1, "name": "Large Desk", "list_price": 1799.0},
        {"id": 2, "name": "Office Lamp", "list_price": 40.0},
    ],
    "product.product": [
        {"id": 1, "name": "Large Desk", "product_tmpl_id": 1},
        {"id": 2, "name": "Office Lamp", "product_tmpl_id": 2},
    ],
    "sale.order": [
        {"id": 1, "name": "S00001", "partner_id": 14, "state": "draft", "amount_total": 1740.0},
        {"id": 2, "name": "S00002", "partner_id": 15, "state": "draft", "amount_total": 2947.5},
    ],
    "ir.config_parameter": [
        {"id": 1, "key": "web.base.url", "value": "http://127.0.0.1"},
        {"id": 2, "key": "database.secret", "value": "not shown to anybody"},
    ],
    "ir.actions.server": [{"id": 1, "name": "Archive contacts", "model_name": "res.partner"}],
    "ir.module.module": [{"id": 1, "name": "sale", "state": "installed"}],
    "project.project": [{"id": 1, "name": "Office move"}],
}
SEQUENCES = {"sale.order": "S{:05d}"}
LANGUAGES = ("en", "fr", "nl", "en_US", "fr_BE")
DEFAULT_LANGUAGE = "en"
