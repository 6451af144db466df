/* The settings of the visitor's site, as a page and as JSON. Private to the room. */
#ifndef ADMIN_SETTINGS_PAGE_H
#define ADMIN_SETTINGS_PAGE_H

#include "page.h"
#include "settings/settings_file.h"

/* What a page about settings shows: the version that is in force, and, where a change was refused,
 * what somebody wrote instead and why not. */
typedef struct settings_view_t {
    settings_record_t record; /* time 0: nothing was ever set */
    settings_t effective;
    const char *written[SETTINGS_FIELDS]; /* NULL: show what is set */
    const char *problem[SETTINGS_FIELDS];
} settings_view_t;

/* Reads what is set; a file that cannot be read shows as a notice. */
void settings_view_read(settings_view_t *view, page_t *page);
apr_status_t settings_view_answer(page_t *page, const settings_view_t *view);

/* "test" of the view: would this call be logged, by which line; NULL if nothing was asked. */
json_value_t *settings_test(const page_t *page, const settings_view_t *view);

#endif
