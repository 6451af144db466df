/* Names of the exceptions that end Odoo's calls (facts D). Pure. */
#ifndef ODOO_EXCEPTION_H
#define ODOO_EXCEPTION_H

/* "AccessError" of "odoo.exceptions.AccessError": forks of Odoo rename the module of an exception,
 * not its class. */
const char *exception_class(const char *name);

/* 1 if it says that somebody was not allowed to. */
int exception_is_denial(const char *name);

#endif
