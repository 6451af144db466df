#include "note.h"

#include <pthread.h>
#include <string.h>

#include <apr_strings.h>

#include "text/digest.h"

#define MAX_VALUES 8192
#define TOLD_SETS 128
#define TOLD_WAYS 4

typedef struct told_t {
    apr_uint64_t mark; /* who read what */
    apr_time_t when;   /* 0: unused */
} told_t;

/* What was told lately. Full sets forget their oldest entry: then something is told once more. */
static pthread_mutex_t told_lock = PTHREAD_MUTEX_INITIALIZER;
static told_t told[TOLD_SETS][TOLD_WAYS];

static int told_lately(apr_uint64_t mark, apr_time_t now)
{
    told_t *set = told[mark % TOLD_SETS], *oldest = set;
    int lately = 0;

    pthread_mutex_lock(&told_lock);
    for (int i = 0; i < TOLD_WAYS && !lately; i++) {
        if (set[i].mark == mark && set[i].when && now - set[i].when < NOTE_INTERVAL) {
            lately = 1;
        }
        if (set[i].when < oldest->when) {
            oldest = &set[i];
        }
    }
    if (!lately) {
        oldest->mark = mark;
        oldest->when = now;
    }
    pthread_mutex_unlock(&told_lock);
    return lately;
}

static apr_uint64_t mark_of(const page_t *page, operation_t operation, const char *filter)
{
    const session_t *session = &page->request->visitor.session;
    const char *text =
        apr_psprintf(page->pool, "%s\n%s\n%s\n%d\n%s\n%s", page->request->site, session->database,
                     session->login, (int)session->uid, operation_name(operation), filter);
    unsigned char digest[DIGEST_SIZE];
    apr_uint64_t mark;

    digest_sha256(text, strlen(text), digest);
    memcpy(&mark, digest, sizeof(mark));
    return mark;
}

static const char *used_filters(const page_t *page, const filter_t *filter)
{
    json_value_t *used = json_new_object(page->pool);
    buffer_t buffer;

    for (int name = 0; name < FILTER_COUNT; name++) {
        if (filter->text[name]) {
            json_set(used, filter_word((filter_name_t)name),
                     json_new_string(page->pool, filter->text[name]));
        }
    }
    buffer_init(&buffer, page->pool, MAX_VALUES);
    json_write(&buffer, used);
    return buffer.overflow ? "{}" : buffer_string(&buffer);
}

void note_reading(const page_t *page, operation_t operation, const filter_t *filter)
{
    const char *values = used_filters(page, filter);

    if (!told_lately(mark_of(page, operation, values), page->request->now)) {
        note_write(page, operation, values);
    }
}

apr_status_t note_write(const page_t *page, operation_t operation, const char *values)
{
    const admin_request_t *request = page->request;
    const session_t *session = &request->visitor.session;
    event_t *event = event_create(page->pool);

    event_set_time(event, EVENT_TIME, request->now);
    event_set(event, EVENT_SITE, request->site);
    event_set(event, EVENT_DATABASE, session->database);
    if (session->uid > 0) {
        event_set_integer(event, EVENT_UID, session->uid);
    }
    event_set(event, EVENT_LOGIN, session->login);
    event_set(event, EVENT_USER, session->name);
    event_set(event, EVENT_SESSION, session->reference);
    event_set(event, EVENT_IP, request->address);
    event_set(event, EVENT_CHANNEL, "module");
    event_set(event, EVENT_OPERATION, operation_name(operation));
    event_set(event, EVENT_VALUES, values);
    event_set(event, EVENT_OUTCOME, outcome_name(OUTCOME_SUCCESS));
    event_set(event, EVENT_PATH, apr_pstrcat(page->pool, request->base, request->path, NULL));
    return request->note(request->payload, event);
}
