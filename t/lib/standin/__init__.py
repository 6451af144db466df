"""A small server that behaves on the wire as Odoo 16, 17, 18 and 19 do."""
