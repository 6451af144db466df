/* A mail about an event, whatever its cells: the same headers in the same order, lines of printable
 * ASCII that end in CR LF and are no longer than mail allows; and a webhook's body is JSON. The
 * first byte chooses the kind of alert. */
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "alert/message.h"
#include "event_cells.h"
#include "target.h"
#include "text/json_value.h"
#include "text/utf8.h"

#define LINE_MOST 998 /* RFC 5322, 2.1.1 */

static const json_limits_t limits = {10000, MESSAGE_MAX, MESSAGE_MAX, 10000};

static void require(int truth)
{
    if (!truth) {
        abort();
    }
}

static message_t message_about_event(const event_t *event, unsigned kinds, char *id)
{
    message_id(event, "mail", "mia@example.com", id);
    return (message_t){.id = id,
                       .host = event->cell[EVENT_SITE] ? event->cell[EVENT_SITE] : "",
                       .from = "audit@example.com",
                       .to = "mia@example.com",
                       .now = apr_time_from_sec(1700000000),
                       .page = "https://erp.example.com/audit-admin",
                       .event = event,
                       .kinds = kinds};
}

static void check_lines(const char *mail)
{
    while (*mail) {
        const char *end = strstr(mail, "\r\n");

        require(end && end - mail <= LINE_MOST);
        for (; mail < end; mail++) {
            require(*mail == '\t' || (*mail >= ' ' && *mail <= '~'));
        }
        mail = end + 2;
    }
}

/* The names of the headers, folded lines passed over. */
static const char *header_names(const char *mail, apr_pool_t *pool)
{
    const char *names = "";

    while (strncmp(mail, "\r\n", 2) != 0) {
        if (*mail != ' ' && *mail != '\t') {
            names =
                apr_pstrcat(pool, names, apr_pstrndup(pool, mail, strcspn(mail, ":\r")), ",", NULL);
        }
        mail = strstr(mail, "\r\n") + 2;
    }
    return names;
}

static void check_json(const char *text, apr_pool_t *pool)
{
    require(utf8_valid_prefix(text, strlen(text)) == strlen(text));
    require(json_parse(pool, text, strlen(text), &limits) != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *pool;
    char id[MESSAGE_ID_SIZE], plain_id[MESSAGE_ID_SIZE];
    message_t message, plain;
    const char *mail, *json;
    unsigned kinds;

    if (size < 1) {
        return 0;
    }
    apr_initialize();
    apr_pool_create(&pool, NULL);
    kinds = ALERT_BIT(data[0] % ALERT_KINDS);
    message = message_about_event(event_of_cells(data + 1, size - 1, pool), kinds, id);
    plain = message_about_event(event_create(pool), kinds, plain_id);
    mail = message_mail(&message, pool);
    json = message_json(&message, pool);
    require(mail && json);
    check_lines(mail);
    require(strcmp(header_names(mail, pool), header_names(message_mail(&plain, pool), pool)) == 0);
    check_json(json, pool);
    apr_pool_destroy(pool);
    return 0;
}
