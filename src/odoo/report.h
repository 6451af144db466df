/* Which model a report of Odoo's own modules prints: its URL names the report, never the model. */
#ifndef ODOO_REPORT_H
#define ODOO_REPORT_H

/* NULL for a report that is not among them. */
const char *report_model(const char *name);

#endif
