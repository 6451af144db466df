/* Counting events into the table of summaries while they are written, see store/summary.h. What a
 * transaction counts is gathered in memory and written once per key. */
#ifndef STORE_SUMMARISE_H
#define STORE_SUMMARISE_H

#include "row.h"
#include "store/store.h"

/* Written as soon as so many keys have gathered; stands for about 4 MB. */
#define SUMMARISE_MAX_CELLS 16384

/* The numbers stand in the database. Those that do not say so are by the day. */
typedef enum summarise_kind_t {
    SUMMARISE_HOUR_OPERATION = 1,
    SUMMARISE_DAY_OPERATION = 2,
    SUMMARISE_USER = 3, /* value: summarise_owner */
    SUMMARISE_MODEL = 4,
    SUMMARISE_ADDRESS = 5, /* value: the address as the events have it */
    SUMMARISE_PLACE = 6,   /* value: country, TAB, city */
    /* What has many values once more by ten days, for everybody: a quarter of a year is read as
     * eight of these and the days around them. */
    SUMMARISE_USER_TEN_DAYS = 7,
    SUMMARISE_ADDRESS_TEN_DAYS = 8
} summarise_kind_t;

#define SUMMARISE_OTHERS "*" /* the value of what is not told apart */
#define SUMMARISE_OWNER_MAX 192

/* Milliseconds; what starts are whole multiples of. */
#define SUMMARISE_HOUR APR_INT64_C(3600000)
#define SUMMARISE_DAY (24 * SUMMARISE_HOUR)
#define SUMMARISE_TEN_DAYS (10 * SUMMARISE_DAY)

/* The span that counts of a kind are kept by. */
apr_int64_t summarise_span(summarise_kind_t kind);

/* A user of a database as one text: the uid, a blank, the database. */
void summarise_owner(char owner[SUMMARISE_OWNER_MAX], const char *uid, const char *database);

typedef enum summarise_part_t {
    SUMMARISE_EVERYBODY = 1, /* what is counted whosever event it is */
    SUMMARISE_USERS = 2,     /* what is counted for its user, and that there is one */
    SUMMARISE_WHOLE = 3
} summarise_part_t;

/* Counts an event in (sign 1) or out again (-1). Columns of row_mark_names are enough. */
apr_status_t summarise_row(store_t *store, const row_t *row, summarise_part_t part, int sign);
apr_status_t summarise_flush(store_t *store);
void summarise_forget(store_t *store);

#endif
