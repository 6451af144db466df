/* The form of the filters, what is set as chips, and spans of time to choose from. Private to the
 * room. */
#ifndef ADMIN_FILTER_FORM_H
#define ADMIN_FILTER_FORM_H

#include "filter.h"

/* Sets "form", "chips", "spans" and "count_text" of the page's view, for people. */
void filter_form_add(page_t *page, const filter_t *filter);

#endif
