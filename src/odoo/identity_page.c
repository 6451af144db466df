#include <string.h>

#include <apr_strings.h>

#include "odoo/identity.h"

/* How far into a page the variable is looked for. */
#define PAGE_MAX (256 * 1024)

static const char variable[] = "odoo.__session_info__";

typedef enum page_state_t {
    PAGE_NAME,   /* looking for the variable's name */
    PAGE_EQUALS, /* behind the name: blanks, then "=" */
    PAGE_BRACE,  /* behind "=": blanks, then "{" */
    PAGE_VALUE,  /* inside the object */
    PAGE_DONE
} page_state_t;

struct identity_page_t {
    page_state_t state;
    apr_size_t matched; /* characters of the name that stand right before this place */
    apr_size_t seen;    /* bytes of the page so far */
    json_scan_t *scan;
    identity_reader_t *reader;
};

static void sink_token(void *payload, json_token_t token)
{
    identity_page_t *page = payload;

    identity_reader_token(page->reader, page->scan, token);
}

static void sink_text(void *payload, json_token_t token, const char *data, apr_size_t length,
                      int last)
{
    identity_page_t *page = payload;

    identity_reader_text(page->reader, token, data, length, last);
}

identity_page_t *identity_page_create(apr_pool_t *pool)
{
    identity_page_t *page = apr_pcalloc(pool, sizeof(*page));
    json_sink_t sink = {sink_token, sink_text, page};

    page->scan = json_scan_create(pool, &sink);
    page->reader = identity_reader_create(pool);
    return page;
}

/* Knuth, Morris and Pratt: the only start of the name that is also the end of a longer one is "o".
 */
static void match_name(identity_page_t *page, char character)
{
    while (character != variable[page->matched] && page->matched > 0) {
        page->matched = page->matched > 1 && variable[page->matched - 1] == variable[0];
    }
    if (character == variable[page->matched]) {
        page->matched++;
    }
    if (variable[page->matched] == '\0') {
        page->state = PAGE_EQUALS;
        page->matched = 0;
    }
}

static int is_blank(char character)
{
    return character == ' ' || character == '\t' || character == '\n' || character == '\r';
}

/* Behind the name, one character must come, whatever blanks before it. */
static void expect(identity_page_t *page, char character, char wanted, page_state_t next)
{
    if (character == wanted) {
        page->state = next;
    }
    else if (!is_blank(character)) {
        page->state = PAGE_NAME;
        match_name(page, character);
    }
}

/* Returns how many bytes were looked at before the object starts or the data ends. */
static apr_size_t find_object(identity_page_t *page, const char *data, apr_size_t length)
{
    apr_size_t i = 0;

    while (i < length && page->state != PAGE_VALUE) {
        if (page->state == PAGE_NAME && page->matched == 0) {
            const char *start = memchr(data + i, variable[0], length - i);

            if (!start) {
                return length;
            }
            i = (apr_size_t)(start - data);
        }
        if (page->state == PAGE_NAME) {
            match_name(page, data[i]);
        }
        else if (page->state == PAGE_EQUALS) {
            expect(page, data[i], '=', PAGE_BRACE);
        }
        else {
            expect(page, data[i], '{', PAGE_VALUE);
        }
        i++;
    }
    return i;
}

static void feed_value(identity_page_t *page, const char *data, apr_size_t length)
{
    apr_size_t used = 0;

    if (json_scan_feed_value(page->scan, data, length, &used) != APR_SUCCESS) {
        page->state = PAGE_DONE; /* complete, or no JSON after all */
    }
}

int identity_page_feed(identity_page_t *page, const char *data, apr_size_t length)
{
    apr_size_t used;

    if (page->state == PAGE_DONE) {
        return 1;
    }
    if (page->state != PAGE_VALUE) {
        used = find_object(page, data, length);
        page->seen += used;
        data += used;
        length -= used;
        if (page->state == PAGE_VALUE) {
            feed_value(page, "{", 1);
        }
        else if (page->seen >= PAGE_MAX) {
            page->state = PAGE_DONE;
        }
    }
    if (page->state == PAGE_VALUE && length > 0) {
        feed_value(page, data, length);
    }
    return page->state == PAGE_DONE;
}

identity_t *identity_page_result(identity_page_t *page)
{
    return identity_reader_result(page->reader);
}
