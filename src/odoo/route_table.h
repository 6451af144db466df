/* The endpoints of Odoo 16 to 19 that mean something here, as data. The first row that matches
 * counts, so a longer path stands before a shorter one with a tail. */
#ifndef ODOO_ROUTE_TABLE_H
#define ODOO_ROUTE_TABLE_H

#include "odoo/route.h"

extern const route_t route_table[];
extern const apr_size_t route_table_length;

#endif
