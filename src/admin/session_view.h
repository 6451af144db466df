/* A session as JSON, and what is added for people. Private to the room. */
#ifndef ADMIN_SESSION_VIEW_H
#define ADMIN_SESSION_VIEW_H

#include "session_list.h"

json_value_t *session_view(const page_t *page, const session_row_t *row);

/* Adds the member "shown" to such a view: clocks, words, an icon, links and forms. */
void session_view_complete(const page_t *page, json_value_t *view, const session_row_t *row);

/* A form that ends sessions, for the template "end_menu". */
json_value_t *session_view_end(const page_t *page, const char *label, const char *question,
                               const char *path, const char *button);

#endif
