/* What the tests of the pages share: a real store in a folder of its own, a real session table,
 * visitors, and requests whose answers are kept. */
#ifndef ADMIN_FIXTURE_H
#define ADMIN_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <apr_tables.h>

#include "admin/admin.h"
#include "text/json_value.h"

#define SITE "odoo.example.com"
#define DATABASE "prod"
#define BASE "/audit-admin"

typedef enum visitor_t { NOBODY, ANN, BOB, MANAGER, NAMELESS } visitor_t;

typedef struct fixture_t {
    apr_pool_t *pool;
    const char *folder;
    store_config_t store;
    session_table_t *sessions;
    site_key_t key;
    apr_time_t now; /* moves on from test to test, by more than anything is remembered */

    /* what the callbacks were called with */
    const char *revoked, *revoke_note;
    session_reason_t revoke_reason;
    apr_status_t revoke_status; /* what the callback answers */
    apr_array_header_t *notes;  /* event_t * */
    apr_size_t write_limit;     /* the client goes away behind so many bytes */
} fixture_t;

extern fixture_t fixture;

int fixture_setup(void **state);
int fixture_teardown(void **state);

/* The session of a visitor, as the table has it; each visitor has one, named as below. */
session_t fixture_session(visitor_t visitor);
const char *fixture_reference(visitor_t visitor);

/* Chains and stores an event: pairs of column and text, ended by -1. SITE, DATABASE, time and
 * outcome success are there unless said otherwise; an empty text takes them away. */
void fixture_event(int column, ...);
/* That many of the operation on a model, one second apart, in one transaction. */
void fixture_events(int count, const char *operation, const char *model);

typedef struct answer_t {
    int status, starts;
    const char *type;
    apr_table_t *headers;
    buffer_t body;
    apr_status_t result;
    const char *problem;
} answer_t;

admin_request_t *request_new(visitor_t visitor, const char *method, const char *path,
                             const char *query);
/* Sends it and keeps the answer. A problem is a failure of the test, unless sent by
 * request_send_problem. */
answer_t *request_send(admin_request_t *request);
answer_t *request_send_problem(admin_request_t *request);

/* GET, as a browser asks. */
answer_t *get(visitor_t visitor, const char *path, const char *query);
/* GET with ?format=json; asserts the status and gives the parsed body. */
json_value_t *get_json(visitor_t visitor, const char *path, const char *query, int status);

json_value_t *answer_json(answer_t *answer);
const char *answer_text(answer_t *answer);
const char *answer_header(answer_t *answer, const char *name);

#endif
