#include "admin_fixture.h"

#include <apr_file_io.h>
#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

#include "admin/csrf.h"
#include "trail/chain.h"

#define BODY_LIMIT (64 * 1024 * 1024)
#define SLOTS 256

fixture_t fixture;

typedef struct person_t {
    const char *login, *name, *address;
    int uid, manager;
} person_t;

static const person_t people[] = {
    [ANN] = {"ann@example.com", "Ann Lee", "192.0.2.7", 7, 0},
    [BOB] = {"bob@example.com", "Bob Roe", "192.0.2.8", 8, 0},
    [MANAGER] = {"admin", "Mitchell Admin", "192.0.2.2", 2, 1},
    [NAMELESS] = {"", "", "192.0.2.9", 0, 0},
};

static void open_session(visitor_t visitor)
{
    const person_t *person = &people[visitor];
    session_t session, evicted;
    int changed;

    memset(&session, 0, sizeof(session));
    session.fingerprint.bytes[0] = (unsigned char)visitor;
    fingerprint_reference(&fixture.key, &session.fingerprint, session.reference);
    strcpy(session.site, SITE);
    strcpy(session.database, DATABASE);
    strcpy(session.login, person->login);
    strcpy(session.name, person->name);
    strcpy(session.address, person->address);
    session.uid = person->uid;
    session.manager = (apr_byte_t)person->manager;
    session.state = SESSION_OPEN;
    session.started = fixture.now - apr_time_from_sec(3600);
    session.last_action = session.last_seen = fixture.now - apr_time_from_sec(60 * visitor);
    session.started_boot = session.last_action_boot = boot_time_now();
    session.rights_checked = fixture.now;
    assert_int_equal(session_table_admit(fixture.sessions, &session, &changed, &evicted),
                     APR_SUCCESS);
    if (person->uid) {
        assert_int_equal(session_table_identify(fixture.sessions, &session.fingerprint, &session,
                                                &changed),
                         APR_SUCCESS);
    }
}

int fixture_setup(void **state)
{
    static apr_time_t now = APR_TIME_C(1790000000000000);
    char *folder;

    (void)state;
    memset(&fixture, 0, sizeof(fixture));
    apr_pool_create(&fixture.pool, NULL);
    fixture.now = now += apr_time_from_sec(86400);
    folder = apr_pstrdup(fixture.pool, "/tmp/test_admin.XXXXXX");
    if (!mkdtemp(folder)) {
        return 1;
    }
    fixture.folder = folder;
    fixture.store.driver = "sqlite3";
    fixture.store.params = apr_pstrcat(fixture.pool, folder, "/audit.db", NULL);
    fixture.write_limit = BODY_LIMIT;
    fixture.notes = apr_array_make(fixture.pool, 4, sizeof(event_t *));
    memcpy(fixture.key.bytes, "0123456789abcdef0123456789abcdef", DIGEST_SIZE);
    settings_init(&fixture.floor, fixture.pool);
    if (session_table_create(&fixture.sessions, fixture.pool, SLOTS) != APR_SUCCESS ||
        board_create(&fixture.board, fixture.pool) != APR_SUCCESS) {
        return 1;
    }
    for (visitor_t visitor = ANN; visitor <= NAMELESS; visitor++) {
        open_session(visitor);
    }
    return 0;
}

int fixture_teardown(void **state)
{
    apr_dir_t *folder;
    apr_finfo_t file;

    (void)state;
    if (apr_dir_open(&folder, fixture.folder, fixture.pool) == APR_SUCCESS) {
        while (apr_dir_read(&file, APR_FINFO_NAME, folder) == APR_SUCCESS) {
            apr_file_remove(apr_pstrcat(fixture.pool, fixture.folder, "/", file.name, NULL),
                            fixture.pool);
        }
        apr_dir_close(folder);
    }
    apr_dir_remove(fixture.folder, fixture.pool);
    apr_pool_destroy(fixture.pool);
    return 0;
}

session_t fixture_session(visitor_t visitor)
{
    fingerprint_t fingerprint = {{(unsigned char)visitor}};
    session_t session;

    memset(&session, 0, sizeof(session));
    if (visitor != NOBODY) {
        assert_int_equal(session_table_find(fixture.sessions, &fingerprint, &session), APR_SUCCESS);
    }
    return session;
}

const char *fixture_reference(visitor_t visitor)
{
    return apr_pstrdup(fixture.pool, fixture_session(visitor).reference);
}

/* ---- events ---- */

typedef struct chain_t {
    store_t *store;
    apr_int64_t id, sequence;
    const char *hash;
    buffer_t scratch;
} chain_t;

static void chain_open(chain_t *chain)
{
    const char *problem = NULL;

    if (store_open(&chain->store, fixture.pool, &fixture.store, STORE_WRITE, &problem)) {
        fail_msg("%s", problem);
    }
    buffer_init(&chain->scratch, fixture.pool, CHAIN_SCRATCH_LIMIT);
    assert_int_equal(store_begin(chain->store), APR_SUCCESS);
    assert_int_equal(store_chain_tip(chain->store, "node", &chain->id, &chain->sequence,
                                     &chain->hash, fixture.pool),
                     APR_SUCCESS);
}

static void chain_append(chain_t *chain, event_t *event)
{
    apr_status_t status;

    event_set_integer(event, EVENT_ID, ++chain->id);
    event_set(event, EVENT_NODE, "node");
    event_set_integer(event, EVENT_SEQUENCE, ++chain->sequence);
    chain_link(event, chain->hash, &chain->scratch);
    chain->hash = event->cell[EVENT_HASH];
    status = store_append(chain->store, event);
    if (status != APR_SUCCESS) {
        fail_msg("%s", store_error(chain->store));
    }
}

static void chain_close(chain_t *chain)
{
    assert_int_equal(store_commit(chain->store), APR_SUCCESS);
    store_close(chain->store);
}

static event_t *usual_event(void)
{
    event_t *event = event_create(fixture.pool);

    event_set_time(event, EVENT_TIME, fixture.now - apr_time_from_sec(600));
    event_set(event, EVENT_SITE, SITE);
    event_set(event, EVENT_DATABASE, DATABASE);
    event_set(event, EVENT_OUTCOME, "success");
    return event;
}

void fixture_event(int column, ...)
{
    event_t *event = usual_event();
    chain_t chain;
    va_list arguments;

    va_start(arguments, column);
    for (; column >= 0; column = va_arg(arguments, int)) {
        event_set(event, (event_column_t)column, va_arg(arguments, const char *));
    }
    va_end(arguments);
    chain_open(&chain);
    chain_append(&chain, event);
    chain_close(&chain);
}

void fixture_events(int count, const char *operation, const char *model)
{
    chain_t chain;

    chain_open(&chain);
    for (int i = 0; i < count; i++) {
        event_t *event = usual_event();

        event_set_time(event, EVENT_TIME, fixture.now + apr_time_from_sec(i - 4000));
        event_set(event, EVENT_OPERATION, operation);
        event_set(event, EVENT_MODEL, model);
        event_set(event, EVENT_UID, "7");
        event_set(event, EVENT_LOGIN, "ann@example.com");
        event_set_integer(event, EVENT_RECORD_IDS, i + 1);
        chain_append(&chain, event);
    }
    chain_close(&chain);
}

void fixture_trail(void)
{
    const char *ann = fixture_reference(ANN), *bob = fixture_reference(BOB);

    fixture_event(EVENT_OPERATION, "login", EVENT_UID, "7", EVENT_LOGIN, "ann@example.com",
                  EVENT_SESSION, ann, EVENT_IP, "192.0.2.7", EVENT_TIME, "2026-11-20T08:00:00.000Z",
                  -1);
    fixture_event(EVENT_OPERATION, "write", EVENT_UID, "7", EVENT_LOGIN, "ann@example.com",
                  EVENT_SESSION, ann, EVENT_IP, "192.0.2.7", EVENT_MODEL, "res.partner",
                  EVENT_RECORD_IDS, "7 9", EVENT_RECORD_COUNT, "2", EVENT_METHOD, "web_save",
                  EVENT_FIELDS, "name tag_ids", EVENT_VALUES,
                  "{\"name\":\"New\",\"tag_ids\":[[6,0,[1,2]]]}", EVENT_OLD_VALUES,
                  "{\"name\":\"Old\"}", EVENT_STATUS, "200", EVENT_TIME, "2026-11-20T09:00:00.000Z",
                  -1);
    fixture_event(EVENT_OPERATION, "unlink", EVENT_UID, "8", EVENT_LOGIN, "bob@example.com",
                  EVENT_SESSION, bob, EVENT_IP, "198.51.100.8", EVENT_MODEL, "sale.order",
                  EVENT_RECORD_IDS, "7", EVENT_RECORD_COUNT, "1", EVENT_OUTCOME, "denied",
                  EVENT_ERROR, "odoo.exceptions.AccessError", EVENT_TIME,
                  "2026-11-20T10:00:00.000Z", -1);
    fixture_event(EVENT_OPERATION, "create", EVENT_UID, "8", EVENT_LOGIN, "bob@example.com",
                  EVENT_SESSION, bob, EVENT_IP, "198.51.100.8", EVENT_MODEL, "res.partner",
                  EVENT_RECORD_IDS, "11", EVENT_RECORD_COUNT, "1", EVENT_OUTCOME, "failed",
                  EVENT_TIME, "2026-11-20T11:00:00.000Z", -1);
    fixture_event(EVENT_OPERATION, "write", EVENT_UID, "7", EVENT_LOGIN, "ann@example.com",
                  EVENT_SITE, "other.example.com", EVENT_MODEL, "res.partner", EVENT_RECORD_IDS,
                  "7", EVENT_TIME, "2026-11-20T12:00:00.000Z", -1);
    fixture_event(EVENT_OPERATION, "write", EVENT_UID, "7", EVENT_LOGIN, "ann@example.com",
                  EVENT_DATABASE, "test", EVENT_MODEL, "res.partner", EVENT_TIME,
                  "2026-11-20T13:00:00.000Z", -1);
}

void fixture_hostile_events(void)
{
    fixture_event(EVENT_OPERATION, "write", EVENT_UID, "7", EVENT_LOGIN, HOSTILE, EVENT_USER,
                  HOSTILE, EVENT_IP, "192.0.2.7", EVENT_CHANNEL, "web", EVENT_MODEL, HOSTILE,
                  EVENT_RECORD_IDS, "7 " HOSTILE, EVENT_METHOD, HOSTILE, EVENT_FIELDS, HOSTILE,
                  EVENT_ERROR, HOSTILE, EVENT_PATH, HOSTILE, EVENT_FLAGS, HOSTILE, EVENT_USER_AGENT,
                  HOSTILE, EVENT_PEER_IP, HOSTILE, EVENT_SESSION, fixture_reference(ANN), -1);
    fixture_event(EVENT_OPERATION, "session_started", EVENT_UID, "7", EVENT_LOGIN, HOSTILE,
                  EVENT_USER, HOSTILE, EVENT_SESSION, "0123456789abcdef0123456789abcdef",
                  EVENT_USER_AGENT, HOSTILE, EVENT_VALUES,
                  "{\"<x9>\":\"\\\"'><x9>\",\"b\":[\"<x9>\"]}", EVENT_OLD_VALUES,
                  "{\"<x9>\":{\"<x9>\":1}}", -1);
}

/* ---- requests ---- */

static apr_status_t on_revoke(void *payload, const char *reference, session_reason_t reason,
                              const char *note)
{
    (void)payload;
    fixture.revoked = apr_pstrdup(fixture.pool, reference);
    fixture.revoke_reason = reason;
    fixture.revoke_note = apr_pstrdup(fixture.pool, note);
    return fixture.revoke_status;
}

static apr_status_t on_note(void *payload, event_t *event)
{
    (void)payload;
    APR_ARRAY_PUSH(fixture.notes, event_t *) = event;
    return fixture.revoke_status;
}

static apr_status_t on_write(void *payload, const char *data, apr_size_t length)
{
    answer_t *answer = payload;

    assert_int_equal(answer->starts, 1);
    if (answer->body.length + length > fixture.write_limit) {
        return APR_ECONNABORTED;
    }
    buffer_append(&answer->body, data, length);
    return APR_SUCCESS;
}

static void on_start(void *payload, int status, const char *content_type,
                     const char *const *headers)
{
    answer_t *answer = payload;

    answer->starts++;
    answer->status = status;
    answer->type = content_type;
    for (; *headers; headers += 2) {
        apr_table_add(answer->headers, headers[0], headers[1]);
    }
}

admin_request_t *request_new(visitor_t visitor, const char *method, const char *path,
                             const char *query)
{
    admin_request_t *request = apr_pcalloc(fixture.pool, sizeof(*request));

    request->pool = fixture.pool;
    request->method = method;
    request->base = BASE;
    request->path = path;
    request->query = query;
    request->accept = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    request->host = SITE;
    request->visitor.known = visitor != NOBODY;
    request->visitor.manager = visitor == MANAGER;
    request->visitor.session = fixture_session(visitor);
    request->address = "192.0.2.99";
    request->site = SITE;
    request->key = &fixture.key;
    request->sessions = fixture.sessions;
    request->board = fixture.board;
    request->node = "node-1";
    request->floor = &fixture.floor;
    request->settings_file = apr_pstrcat(fixture.pool, fixture.folder, "/" SETTINGS_FILE, NULL);
    request->store = &fixture.store;
    request->now = fixture.now;
    request->revoke = on_revoke;
    request->note = on_note;
    request->write = on_write;
    request->start = on_start;
    return request;
}

answer_t *request_send_problem(admin_request_t *request)
{
    answer_t *answer = apr_pcalloc(fixture.pool, sizeof(*answer));

    answer->headers = apr_table_make(fixture.pool, 16);
    buffer_init(&answer->body, fixture.pool, BODY_LIMIT);
    request->payload = answer;
    answer->result = admin_handle(request, &answer->problem);
    assert_int_equal(answer->starts, 1);
    assert_false(answer->body.overflow);
    return answer;
}

answer_t *request_send(admin_request_t *request)
{
    answer_t *answer = request_send_problem(request);

    if (answer->problem) {
        fail_msg("%s", answer->problem);
    }
    assert_int_equal(answer->result, APR_SUCCESS);
    return answer;
}

answer_t *get(visitor_t visitor, const char *path, const char *query)
{
    return request_send(request_new(visitor, "GET", path, query));
}

json_value_t *answer_json(answer_t *answer)
{
    static const json_limits_t limits = {1000000, 10000000, 1000000, 100000};
    json_value_t *value;

    assert_string_equal(answer->type, "application/json");
    value = json_parse(fixture.pool, answer->body.data, answer->body.length, &limits);
    assert_non_null(value);
    return value;
}

json_value_t *get_json(visitor_t visitor, const char *path, const char *query, int status)
{
    answer_t *answer =
        get(visitor, path,
            query ? apr_pstrcat(fixture.pool, query, "&format=json", NULL) : "format=json");

    assert_int_equal(answer->status, status);
    return answer_json(answer);
}

const char *answer_text(answer_t *answer)
{
    return buffer_string(&answer->body);
}

const char *answer_header(answer_t *answer, const char *name)
{
    return apr_table_get(answer->headers, name);
}

/* ---- sessions by reference ---- */

const json_value_t *session_find(const json_value_t *answer, const char *reference)
{
    const json_value_t *sessions = json_member(answer, "sessions");

    for (const json_value_t *session = sessions->first; session; session = session->next) {
        if (strcmp(json_string(json_member(session, "reference")), reference) == 0) {
            return session;
        }
    }
    return NULL;
}

const char *json_text(const json_value_t *object, const char *name)
{
    const json_value_t *value = json_member(object, name);

    assert_non_null(value);
    return value->text;
}

void expect_sessions(visitor_t visitor, const char *query, int ann, int bob, int manager)
{
    json_value_t *answer = get_json(visitor, "/sessions", query, 200);

    assert_int_equal(session_find(answer, fixture_reference(ANN)) != NULL, ann);
    assert_int_equal(session_find(answer, fixture_reference(BOB)) != NULL, bob);
    assert_int_equal(session_find(answer, fixture_reference(MANAGER)) != NULL, manager);
}

void session_end(visitor_t visitor, session_state_t state, session_reason_t reason)
{
    session_t session = fixture_session(visitor), ended;

    assert_int_equal(session_table_end(fixture.sessions, &session.fingerprint, state, reason, NULL,
                                       &ended),
                     APR_SUCCESS);
}

void session_store(visitor_t visitor, const char *uid, const char *login)
{
    fixture_event(EVENT_OPERATION, "session_started", EVENT_SESSION, fixture_reference(visitor),
                  EVENT_UID, uid, EVENT_LOGIN, login, EVENT_IP, "192.0.2.50", EVENT_USER_AGENT,
                  AGENT, -1);
}

/* ---- forms ---- */

const char *form_token(visitor_t visitor)
{
    char token[CSRF_TOKEN_SIZE];

    csrf_token(&fixture.key, fixture_reference(visitor), fixture.now, token);
    return apr_pstrdup(fixture.pool, token);
}

admin_request_t *revoke_request(visitor_t visitor, const char *reference, const char *body)
{
    admin_request_t *request =
        request_new(visitor, "POST",
                    apr_pstrcat(fixture.pool, "/sessions/", reference, "/revoke", NULL), NULL);

    request->content_type = "application/x-www-form-urlencoded; charset=UTF-8";
    request->origin = "https://" SITE;
    request->sec_fetch_site = "same-origin";
    request->body = body;
    request->body_length = body ? strlen(body) : 0;
    return request;
}

admin_request_t *revoke_form(visitor_t visitor, visitor_t whose)
{
    return revoke_request(visitor, fixture_reference(whose),
                          apr_psprintf(fixture.pool, "csrf_token=%s&reason=lost+%%26+found",
                                       form_token(visitor)));
}

void expect_not_revoked(admin_request_t *request, int status)
{
    fixture.revoked = NULL;
    assert_int_equal(request_send(request)->status, status);
    assert_null(fixture.revoked);
}
