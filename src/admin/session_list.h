/* Sessions as the store and the session table of this machine know them together: for a session
 * that the table holds, its state and last action count, because the store learns of them a moment
 * later; sessions that the store has not seen yet are there too. Private to the room. */
#ifndef ADMIN_SESSION_LIST_H
#define ADMIN_SESSION_LIST_H

#include "page.h"

/* The most recently active ones that are looked at; what lies behind them is found by narrowing. */
#define SESSION_LIST_MAX 1000

typedef struct session_list_t {
    apr_array_header_t *rows; /* const session_row_t *, most recent action first */
    int cut;                  /* there were more */
} session_list_t;

typedef struct session_choice_t {
    const char *state;       /* open, ended, or NULL for all */
    const char *user;        /* uid or login, or NULL */
    const char *risk;        /* a risk_name, or NULL */
    apr_time_t active_since; /* 0: whenever */
} session_choice_t;

/* Only what the visitor may see.
 * If the store cannot be read the table's sessions are listed all the same and the page says so. */
void session_list_read(session_list_t *list, page_t *page, const session_choice_t *choice);

/* One that the visitor may see. APR_NOTFOUND, or why the store could not be asked. */
apr_status_t session_list_find(const session_row_t **row, page_t *page, const char *reference);

int session_row_open(const session_row_t *row);

#endif
