/* user-audit export: the whole trail as CSV. */
#include <apr_strings.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/proof.h"
#include "tool.h"
#include "trail/event_csv.h"

#define PAGE_ROWS 500
#define ROW_MOST (1024 * 1024)

typedef struct export_t {
    buffer_t row;
    apr_int64_t last; /* id of the event written last */
    int rows;
} export_t;

static int export_event(void *payload, const event_t *event)
{
    export_t *export = payload;

    export->last = apr_atoi64(event->cell[EVENT_ID]);
    export->rows++;
    buffer_reset(&export->row);
    event_csv_row(&export->row, event);
    return fwrite(export->row.data, 1, export->row.length, stdout) != export->row.length;
}

/* One state of the database, so that what is purged meanwhile leaves no hole in it. */
int tool_export(tool_t *tool)
{
    static const event_filter_t everything;
    export_t export = {.rows = PAGE_ROWS};
    apr_pool_t *page;
    apr_status_t status = store_snapshot(tool->store);

    buffer_init(&export.row, tool->pool, ROW_MOST);
    event_csv_header(&export.row);
    fwrite(export.row.data, 1, export.row.length, stdout);
    apr_pool_create(&page, tool->pool);
    while (status == APR_SUCCESS && export.rows == PAGE_ROWS) {
        export.rows = 0;
        status = store_events_after(tool->store, &everything, export.last, PAGE_ROWS, export_event,
                                    &export, page);
        apr_pool_clear(page);
    }
    if (status != APR_SUCCESS) {
        return tool_unreadable(tool);
    }
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "user-audit: the export could not be written whole\n");
        return EXIT_UNREADABLE;
    }
    return EXIT_SUCCESS;
}
