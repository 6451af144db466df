/* Fills an empty store with weeks of an office's work, as the keeper would have, so that pages and
 * screenshots have something to show.
 *
 *   demo_trail FILE SITE DATABASE NOW    NOW in seconds since 1970
 *
 * The same NOW gives the same trail. */
#include <stdio.h>
#include <stdlib.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "alert/risk.h"
#include "store/store.h"
#include "trail/chain.h"

#define NODE "odoo-1"
#define DAYS 30
#define SLOTS 5 /* an hour's */
#define DAY APR_TIME_C(86400)

typedef struct person_t {
    const char *uid, *login, *name, *ip, *city, *country, *browser, *os, *device;
    int first_hour, last_hour; /* of the working day, UTC */
} person_t;

static const person_t people[] = {
    {"2", "admin", "Mitchell Admin", "198.51.100.7", "Ghent", "Belgium", "Firefox 141", "Ubuntu",
     "PC", 7, 16},
    {"6", "demo", "Marc Demo", "203.0.113.21", "Rome", "Italy", "Chrome 139", "Windows 11", "PC", 7,
     17},
    {"9", "anita@example.com", "Anita Oliver", "203.0.113.40", "Lisbon", "Portugal", "Safari 18",
     "macOS 15", "Mac", 8, 18},
    {"10", "jo@example.com", "Jo Hansen", "192.0.2.88", "Oslo", "Norway", "Chrome Mobile 139",
     "Android 15", "Pixel 9", 6, 14},
    {"11", "walter@example.com", "Walter Horton", "192.0.2.90", "Oslo", "Norway", "Edge 139",
     "Windows 11", "PC", 7, 15},
    {"12", "ines@example.com", "Inés Rey", "203.0.113.77", "Madrid", "Spain", "Mobile Safari 18",
     "iOS 18", "iPhone", 9, 19},
};
#define PEOPLE (int)(sizeof(people) / sizeof(people[0]))

typedef struct deed_t {
    const char *operation, *model, *method, *fields, *before, *after, *outcome, *error;
    int weight;
} deed_t;

static const deed_t deeds[] = {
    {"write", "sale.order", "web_save", "note state", "{\"note\":\"\",\"state\":\"draft\"}",
     "{\"note\":\"Deliver before noon\",\"state\":\"sent\"}", "success", NULL, 22},
    {"write", "res.partner", "web_save", "phone city",
     "{\"phone\":\"+32 9 210 00 00\",\"city\":\"Gent\"}",
     "{\"phone\":\"+32 9 210 11 22\",\"city\":\"Ghent\"}", "success", NULL, 14},
    {"create", "sale.order", "web_save", "partner_id order_line", NULL,
     "{\"partner_id\":14,\"order_line\":[[0,0,{\"product_id\":31}]]}", "success", NULL, 10},
    {"create", "crm.lead", "web_save", "name email_from", NULL,
     "{\"name\":\"Office chairs\",\"email_from\":\"buyer@example.com\"}", "success", NULL, 7},
    {"call", "sale.order", "action_confirm", NULL, NULL, NULL, "success", NULL, 8},
    {"call", "account.move", "action_post", NULL, NULL, NULL, "success", NULL, 5},
    {"unlink", "crm.lead", "unlink", NULL, NULL, NULL, "success", NULL, 2},
    {"report", "account.move", NULL, NULL, NULL, NULL, "success", NULL, 4},
    {"export", "res.partner", NULL, "name email phone", NULL, NULL, "success", NULL, 1},
    {"read", "hr.employee", "web_read", "name private_email", NULL, NULL, "success", NULL, 8},
    {"write", "account.move", "web_save", "date", NULL, "{\"date\":\"2024-12-31\"}", "failed",
     "odoo.exceptions.UserError", 2},
    {"unlink", "account.move", "unlink", NULL, NULL, NULL, "denied", "odoo.exceptions.AccessError",
     2},
};
#define DEEDS (int)(sizeof(deeds) / sizeof(deeds[0]))

typedef struct demo_t {
    apr_pool_t *pool;
    store_t *store;
    const char *site, *database, *hash;
    apr_int64_t id, sequence;
    buffer_t scratch;
    apr_uint32_t random;
} demo_t;

static int dice(demo_t *demo, int sides)
{
    demo->random = demo->random * 1664525u + 1013904223u;
    return (int)((demo->random >> 8) % (apr_uint32_t)sides);
}

static void must(demo_t *demo, apr_status_t status, const char *what)
{
    if (status != APR_SUCCESS) {
        const char *error = demo->store ? store_error(demo->store) : NULL;

        fprintf(stderr, "demo_trail: %s: %s\n", what, error ? error : "failed");
        exit(1);
    }
}

static const char *session_of(demo_t *demo, const person_t *person, int day)
{
    return apr_psprintf(demo->pool, "%08x%08x%08x%08x", 0xd0000000u + (unsigned)day,
                        (unsigned)atoi(person->uid) * 2654435761u, 0x51a7e5u * (unsigned)(day + 3),
                        (unsigned)day * 40503u);
}

static event_t *new_event(demo_t *demo, const person_t *person, int day, apr_time_t time)
{
    event_t *event = event_create(demo->pool);

    event_set_time(event, EVENT_TIME, time);
    event_set(event, EVENT_SITE, demo->site);
    event_set(event, EVENT_DATABASE, demo->database);
    event_set(event, EVENT_UID, person->uid);
    event_set(event, EVENT_LOGIN, person->login);
    event_set(event, EVENT_USER, person->name);
    event_set(event, EVENT_SESSION, session_of(demo, person, day));
    event_set(event, EVENT_IP, person->ip);
    event_set(event, EVENT_COUNTRY, person->country);
    event_set(event, EVENT_CITY, person->city);
    event_set(event, EVENT_BROWSER, person->browser);
    event_set(event, EVENT_OS, person->os);
    event_set(event, EVENT_DEVICE, person->device);
    event_set(event, EVENT_CHANNEL, "web");
    event_set(event, EVENT_OUTCOME, "success");
    event_set(event, EVENT_STATUS, "200");
    return event;
}

static void append(demo_t *demo, event_t *event)
{
    event_set_integer(event, EVENT_ID, ++demo->id);
    event_set(event, EVENT_NODE, NODE);
    event_set_integer(event, EVENT_SEQUENCE, ++demo->sequence);
    chain_link(event, demo->hash, &demo->scratch);
    demo->hash = apr_pstrdup(demo->pool, event->cell[EVENT_HASH]);
    must(demo, store_append(demo->store, event), "an event cannot be stored");
}

/* Now and then something is odd about a session. */
static void mark(demo_t *demo, const event_t *event)
{
    int risk = dice(demo, 40);

    if (risk < RISKS) {
        must(demo,
             store_session_risk(demo->store, event->cell[EVENT_SESSION], risk_name((risk_t)risk)),
             "a session cannot be marked");
    }
}

static void log_in(demo_t *demo, const person_t *person, int day, apr_time_t time)
{
    event_t *event = new_event(demo, person, day, time);

    if (dice(demo, 12) == 0) {
        event_t *failed = new_event(demo, person, day, time - apr_time_from_sec(9));

        event_set(failed, EVENT_OPERATION, "login_failed");
        event_set(failed, EVENT_SESSION, NULL);
        event_set(failed, EVENT_OUTCOME, "denied");
        event_set(failed, EVENT_PATH, "/web/login");
        append(demo, failed);
    }
    event_set(event, EVENT_OPERATION, "login");
    event_set(event, EVENT_PATH, "/web/login");
    append(demo, event);
    mark(demo, event);
}

static const deed_t *some_deed(demo_t *demo)
{
    int sum = 0, at;

    for (int i = 0; i < DEEDS; i++) {
        sum += deeds[i].weight;
    }
    at = dice(demo, sum);
    for (int i = 0; i < DEEDS; i++) {
        if ((at -= deeds[i].weight) < 0) {
            return &deeds[i];
        }
    }
    return deeds;
}

static void act(demo_t *demo, const person_t *person, int day, apr_time_t time)
{
    const deed_t *deed = some_deed(demo);
    event_t *event = new_event(demo, person, day, time);

    event_set(event, EVENT_OPERATION, deed->operation);
    event_set(event, EVENT_MODEL, deed->model);
    event_set_integer(event, EVENT_RECORD_IDS,
                      deed->before || deed->operation[0] != 'c' ? 11 + dice(demo, 40)
                                                                : 100 + demo->id);
    event_set(event, EVENT_RECORD_COUNT, "1");
    event_set(event, EVENT_METHOD, deed->method);
    event_set(event, EVENT_FIELDS, deed->fields);
    event_set(event, EVENT_VALUES, deed->after);
    event_set(event, EVENT_OLD_VALUES, deed->before);
    event_set(event, EVENT_OUTCOME, deed->outcome);
    event_set(event, EVENT_ERROR, deed->error);
    event_set_integer(event, EVENT_DURATION_MS, 12 + dice(demo, 90));
    event_set(event, EVENT_PATH, deed->method ? "/web/dataset/call_kw" : "/report/download");
    append(demo, event);
}

static void log_out(demo_t *demo, const person_t *person, int day, apr_time_t time)
{
    event_t *event = new_event(demo, person, day, time);

    if (dice(demo, 9) == 0) {
        event_set(event, EVENT_OPERATION, "session_revoked");
        event_set(
            event, EVENT_VALUES,
            "{\"reason\":\"manager\",\"by\":\"admin\",\"note\":\"Left the laptop on the train\"}");
        event_set(event, EVENT_CHANNEL, "module");
    }
    else {
        event_set(event, EVENT_OPERATION, "logout");
        event_set(event, EVENT_PATH, "/web/session/logout");
    }
    append(demo, event);
}

/* What a person does at a moment of the day. */
static void work(demo_t *demo, const person_t *person, int day, int slot, apr_time_t time)
{
    int first = person->first_hour * SLOTS, last = person->last_hour * SLOTS;

    if (slot == first) {
        log_in(demo, person, day, time);
    }
    else if (slot == last) {
        log_out(demo, person, day, time);
    }
    else if (slot > first && slot < last && dice(demo, 3) > 0) {
        act(demo, person, day, time);
    }
}

static int is_weekend(apr_time_t time)
{
    apr_time_exp_t clock;

    apr_time_exp_gmt(&clock, time);
    return clock.tm_wday == 0 || clock.tm_wday == 6;
}

/* Who works that day: a bit for each. */
static unsigned at_work(demo_t *demo, apr_time_t midnight)
{
    unsigned present = 0;

    for (int i = 0; i < PEOPLE; i++) {
        if (is_weekend(midnight) ? dice(demo, 6) == 0 : dice(demo, 9) > 0) {
            present |= 1u << i;
        }
    }
    return present;
}

static void fill(demo_t *demo, apr_time_t now)
{
    apr_time_t today = now - now % apr_time_from_sec(DAY);

    for (int day = 0; day <= DAYS; day++) {
        apr_time_t midnight = today - apr_time_from_sec((DAYS - day) * DAY);
        unsigned present = at_work(demo, midnight);

        for (int slot = 0; slot < 24 * SLOTS; slot++) {
            for (int i = 0; i < PEOPLE; i++) {
                apr_time_t time = midnight + apr_time_from_sec(slot * (3600 / SLOTS) + 70 * i);

                if (present & 1u << i && time < now) {
                    work(demo, &people[i], day, slot, time);
                }
            }
        }
    }
}

int main(int argc, char **argv)
{
    store_config_t config = {.driver = "sqlite3"};
    demo_t demo = {.random = 20261126};
    const char *problem = NULL;

    apr_initialize();
    if (argc != 5) {
        fprintf(stderr, "usage: demo_trail FILE SITE DATABASE NOW\n");
        return 2;
    }
    apr_pool_create(&demo.pool, NULL);
    config.params = argv[1];
    demo.site = argv[2];
    demo.database = argv[3];
    buffer_init(&demo.scratch, demo.pool, CHAIN_SCRATCH_LIMIT);
    if (store_open(&demo.store, demo.pool, &config, STORE_WRITE, &problem) != APR_SUCCESS) {
        fprintf(stderr, "demo_trail: %s\n", problem);
        return 1;
    }
    must(&demo, store_begin(demo.store), "no transaction");
    must(&demo, store_chain_tip(demo.store, NODE, &demo.id, &demo.sequence, &demo.hash, demo.pool),
         "no chain");
    fill(&demo, apr_time_from_sec(apr_atoi64(argv[4])));
    must(&demo, store_commit(demo.store), "cannot be kept");
    store_close(demo.store);
    return 0;
}
