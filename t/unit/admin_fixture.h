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
#define UNKNOWN_REFERENCE "0123456789abcdef0123456789abcdef"
#define AGENT "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120"

/* Hostile in every context at once: element, attribute, script, URL, CSV, terminal. */
#define HOSTILE "=\"'><x9 onload=x9()></script></td>&amp;{{id}}\x1b[2J,\r\nx9"

typedef enum visitor_t { NOBODY, ANN, BOB, MANAGER, NAMELESS } visitor_t;

typedef struct fixture_t {
    apr_pool_t *pool;
    const char *folder;
    store_config_t store;
    session_table_t *sessions;
    board_t *board;
    settings_t floor; /* what httpd.conf says: nothing */
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

/* Logins, writes, an unlink, a create: of Ann, of Bob, on another site and in another database. */
void fixture_trail(void);
/* Two of Ann's events with hostile text wherever a client can put text. */
void fixture_hostile_events(void);

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

/* The text of a member; its absence is a failure. */
const char *json_text(const json_value_t *object, const char *name);

/* ---- sessions ---- */

/* Of an answer of the sessions page; NULL if it is not there. */
const json_value_t *session_find(const json_value_t *answer, const char *reference);
/* Asserts which sessions a visitor is shown. */
void expect_sessions(visitor_t visitor, const char *query, int ann, int bob, int manager);
/* Ends it in the session table. */
void session_end(visitor_t visitor, session_state_t state, session_reason_t reason);
/* Makes the store know a visitor's session, as this user's. */
void session_store(visitor_t visitor, const char *uid, const char *login);

/* ---- forms ---- */

const char *form_token(visitor_t visitor);
/* The POST that ends a session, as a browser sends it from our page; form: with a token and the
 * reason "lost & found". */
admin_request_t *revoke_request(visitor_t visitor, const char *reference, const char *body);
admin_request_t *revoke_form(visitor_t visitor, visitor_t whose);
/* Sends it; asserts the status and that no session was ended. */
void expect_not_revoked(admin_request_t *request, int status);

#endif
