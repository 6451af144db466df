#include "note.h"

#include <string.h>

#include <apr_strings.h>

#include "text/digest.h"

#define MAX_VALUES 8192

/* An export is another in another format; pages are one reading, whatever they show of it. */
static apr_uint64_t mark_of(const page_t *page, operation_t operation, const char *filter)
{
    const session_t *session = &page->request->visitor.session;
    const char *text =
        apr_psprintf(page->pool, "%s\n%s\n%s\n%d\n%s\n%s\n%s", page->request->site,
                     session->database, session->login, (int)session->uid,
                     operation_name(operation), filter,
                     operation == OPERATION_TRAIL_EXPORTED ? page->request->path : "");
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

    if (!board_told(page->request->board, mark_of(page, operation, values), page->request->now,
                    NOTE_INTERVAL)) {
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
