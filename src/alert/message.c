#include "alert/message.h"

#include <string.h>

#include <apr_escape.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include "mail_text.h"
#include "text/digest.h"
#include "text/duration.h"
#include "text/json_value.h"
#include "text/utf8.h"
#include "text/zone.h"

#define BODY_MAX 49152 /* twelve lines of nothing but `"`, as entities, and what is around them */

typedef struct line_t {
    const char *name, *value;
} line_t;

#define LINES_MAX 12

/* What a mail says, before it is text or HTML. */
typedef struct words_t {
    apr_pool_t *pool;
    const message_t *message;
    const char *headline; /* "New login as admin" */
    const char *sentence;
    const char *advice; /* or NULL */
    const char *link, *link_name;
    const char *footer;
    line_t lines[LINES_MAX];
    int count;
} words_t;

static const char *cell(const message_t *message, event_column_t column)
{
    return event_text(message->event, column);
}

/* One line of at most so many bytes: whatever a client sent looks like no line of ours. */
static const char *one_line(const char *text, apr_pool_t *pool)
{
    const char *whole = utf8_repair(pool, text, strlen(text));
    char *copy = apr_pstrmemdup(pool, whole, utf8_cut(whole, strlen(whole), MESSAGE_TEXT_MAX));

    for (char *at = copy; *at; at++) {
        if (apr_iscntrl(*at)) {
            *at = ' ';
        }
    }
    return copy;
}

static const char *shown(const message_t *message, event_column_t column, apr_pool_t *pool)
{
    return one_line(cell(message, column), pool);
}

void message_id(const event_t *event, const char *channel, const char *recipient,
                char id[MESSAGE_ID_SIZE])
{
    const char *parts[] = {event->cell[EVENT_NODE], event->cell[EVENT_HASH], channel, recipient};
    unsigned char result[DIGEST_SIZE];
    digest_t *digest = digest_create(event->pool);

    for (int i = 0; i < 4; i++) {
        const char *part = parts[i] ? parts[i] : "";

        digest_update(digest, part, strlen(part) + 1);
    }
    digest_finish(digest, result);
    digest_hex(result, (MESSAGE_ID_SIZE - 1) / 2, id);
}

const char *message_about(unsigned kinds, apr_pool_t *pool)
{
    const char *words = "";

    for (int kind = 0; kind < ALERT_KINDS; kind++) {
        if (kinds & ALERT_BIT(kind)) {
            words = apr_pstrcat(pool, words, *words ? " " : "", alert_kind_name(kind), NULL);
        }
    }
    return words;
}

/* ---- what it says ---- */

static const char *who(const words_t *words)
{
    const char *user = shown(words->message, EVENT_USER, words->pool);
    const char *login = shown(words->message, EVENT_LOGIN, words->pool);

    if (*user && *login && strcmp(user, login) != 0) {
        return apr_pstrcat(words->pool, user, " (", login, ")", NULL);
    }
    return *user ? user : *login ? login : "an unknown user";
}

static const char *login_or_user(const words_t *words)
{
    const char *login = shown(words->message, EVENT_LOGIN, words->pool);

    return *login ? login : who(words);
}

static const char *within(const words_t *words)
{
    const alert_limit_t *limit = words->message->limit;

    return limit ? duration_format(words->pool, limit->within) : "a short time";
}

/* "from a device and a place that were not seen before" */
static const char *news(const words_t *words)
{
    int device = (words->message->kinds & ALERT_BIT(ALERT_NEW_DEVICE)) != 0;
    int place = (words->message->kinds & ALERT_BIT(ALERT_NEW_PLACE)) != 0;

    return device && place ? ", from a device and a place that were not seen before"
           : device        ? ", from a device that was not seen before"
           : place         ? ", from a place that was not seen before"
                           : "";
}

#define LOGIN_ADVICE                                                                               \
    "If this was you, there is nothing to do. If it was not, end the session on the page below "   \
    "and "                                                                                         \
    "change your password at once."
#define FAILURES_ADVICE                                                                            \
    "None of these logins succeeded. If they were not yours, somebody may be trying to guess a "   \
    "password."
#define ENDED_ADVICE "If you did not expect this, ask an administrator of the site."

static void say(words_t *words, const char *headline, const char *sentence, const char *advice)
{
    words->headline = headline;
    words->sentence = sentence;
    words->advice = advice;
}

static void say_count(words_t *words, const char *headline, const char *what, const char *advice)
{
    say(words, headline,
        apr_psprintf(words->pool, "%" APR_INT64_T_FMT " %s within %s.", words->message->counted,
                     what, within(words)),
        advice);
}

static void say_login(words_t *words)
{
    const char *login = login_or_user(words);
    apr_pool_t *pool = words->pool;

    say(words, apr_pstrcat(pool, "New login as ", login, NULL),
        apr_pstrcat(pool, "Somebody logged in as ", who(words), news(words), ".", NULL),
        words->message->to_user ? LOGIN_ADVICE : NULL);
    if (words->message->kinds & ALERT_BIT(ALERT_IMPOSSIBLE_TRAVEL)) {
        say(words, apr_pstrcat(pool, "Login as ", login, " from too far away", NULL),
            apr_pstrcat(pool, "Somebody logged in as ", who(words),
                        " from a place that the person who was active before cannot have reached "
                        "in the time between",
                        news(words), ".", NULL),
            words->advice);
    }
}

static void say_what(words_t *words)
{
    unsigned kinds = words->message->kinds;
    const char *login = login_or_user(words);
    apr_pool_t *pool = words->pool;

    if (kinds & ALERT_BIT(ALERT_MANAGER_GRANTED)) {
        say(words, apr_pstrcat(pool, login, " has settings rights now", NULL),
            apr_pstrcat(pool, who(words),
                        " logged in with settings rights, and was not known to have them.", NULL),
            NULL);
    }
    else if (kinds & ALERT_BIT(ALERT_FAILED_LOGINS)) {
        say_count(words, apr_pstrcat(pool, "Failed logins as ", login, NULL),
                  "logins failed, of this user or from this address,", FAILURES_ADVICE);
    }
    else if (kinds & ALERT_BIT(ALERT_MASS_READ)) {
        say_count(words, apr_pstrcat(pool, login, " reads a great many records", NULL),
                  "records were read", NULL);
    }
    else if (kinds & ALERT_BIT(ALERT_MASS_EXPORT)) {
        say_count(words, apr_pstrcat(pool, login, " exports a great many records", NULL),
                  "records were exported", NULL);
    }
    else if (kinds & ALERT_BIT(ALERT_SESSION_REVOKED)) {
        say(words, apr_pstrcat(pool, "A session of ", login, " was ended", NULL),
            apr_pstrcat(pool, "A session of ", who(words), " was ended on the audit page.", NULL),
            words->message->to_user ? ENDED_ADVICE : NULL);
    }
    else if (kinds & ALERT_BIT(ALERT_TRAIL_GAP)) {
        say(words, "The audit trail has a gap",
            "A part of the journal could not be read, so that something may be missing from the "
            "trail. The error log tells more.",
            NULL);
    }
    else if (kinds & ALERT_BIT(ALERT_TEST)) {
        say(words, "Test of the audit's alerts",
            apr_pstrcat(pool, who(words), " asked for this message, to see that alerts arrive.",
                        NULL),
            NULL);
    }
    else {
        say_login(words);
    }
}

static void add_line(words_t *words, const char *name, const char *value)
{
    if (*value && words->count < LINES_MAX) {
        words->lines[words->count].name = name;
        words->lines[words->count++].value = one_line(value, words->pool);
    }
}

/* "Thu 26 Nov 2026, 11:38:12, Europe/Berlin (UTC+01:00)" */
static const char *when(const words_t *words)
{
    const zone_t *zone = zone_find(words->pool, words->message->zone);
    apr_time_exp_t clock;
    apr_time_t time;

    if (time_parse(cell(words->message, EVENT_TIME), &time) != APR_SUCCESS) {
        time = words->message->now;
    }
    zone_explode(zone, time, &clock);
    return apr_psprintf(words->pool, "%s %d %s %d, %02d:%02d:%02d, %s",
                        apr_day_snames[clock.tm_wday], clock.tm_mday,
                        apr_month_snames[clock.tm_mon], clock.tm_year + 1900, clock.tm_hour,
                        clock.tm_min, clock.tm_sec, zone_words(zone, time, words->pool));
}

/* Whoever ended a session says so in the event's values. */
static const char *ended_by(const words_t *words)
{
    static const json_limits_t limits = {.nodes = 64, .bytes = 4096, .string = 512, .members = 32};
    const char *values = cell(words->message, EVENT_VALUES), *by;

    if (!(words->message->kinds & ALERT_BIT(ALERT_SESSION_REVOKED)) || !*values) {
        return "";
    }
    by = json_string(json_member(json_parse(words->pool, values, strlen(values), &limits), "by"));
    return by ? by : "";
}

static void say_details(words_t *words)
{
    const message_t *message = words->message;
    apr_pool_t *pool = words->pool;

    add_line(words, "Who", message->kinds == ALERT_BIT(ALERT_TRAIL_GAP) ? "" : who(words));
    add_line(words, "When", when(words));
    add_line(words, "Ended by", ended_by(words));
    add_line(words, "Address", shown(message, EVENT_IP, pool));
    add_line(words, "Place", alert_place(message->event, pool));
    add_line(words, "Browser", shown(message, EVENT_BROWSER, pool));
    add_line(words, "System", shown(message, EVENT_OS, pool));
    add_line(words, "Device", shown(message, EVENT_DEVICE, pool));
    add_line(words, "Site", shown(message, EVENT_SITE, pool));
    add_line(words, "Database", shown(message, EVENT_DATABASE, pool));
    add_line(words, "Session", shown(message, EVENT_SESSION, pool));
}

static void say_link(words_t *words)
{
    const message_t *message = words->message;
    const char *session = cell(message, EVENT_SESSION);

    if (!message->page) {
        return;
    }
    if (*session) {
        words->link = apr_pstrcat(words->pool, message->page, "/sessions/",
                                  apr_pescape_urlencoded(words->pool, session), NULL);
        words->link_name = "See this session, or end it";
    }
    else {
        words->link = apr_pstrcat(words->pool, message->page, "/activity", NULL);
        words->link_name = "See what happened";
    }
}

static void say_why(words_t *words)
{
    const char *site = shown(words->message, EVENT_SITE, words->pool);

    words->footer =
        apr_pstrcat(words->pool, "The audit of ", *site ? site : "this site",
                    words->message->to_user ? " sends this to the user whom it is about."
                                            : " sends this to those who watch over it.",
                    NULL);
}

static void find_words(words_t *words, const message_t *message, apr_pool_t *pool)
{
    memset(words, 0, sizeof(*words));
    words->pool = pool;
    words->message = message;
    say_what(words);
    say_details(words);
    say_link(words);
    say_why(words);
}

/* ---- as text and as HTML ---- */

static const char *plain_body(const words_t *words)
{
    buffer_t body;

    buffer_init(&body, words->pool, BODY_MAX);
    buffer_append_string(&body, words->sentence);
    buffer_append_string(&body, "\n\n");
    for (int i = 0; i < words->count; i++) {
        buffer_append_string(&body,
                             apr_psprintf(words->pool, "%-10s%s\n",
                                          apr_pstrcat(words->pool, words->lines[i].name, ":", NULL),
                                          words->lines[i].value));
    }
    if (words->advice) {
        buffer_append_string(&body, apr_pstrcat(words->pool, "\n", words->advice, "\n", NULL));
    }
    if (words->link) {
        buffer_append_string(&body, apr_pstrcat(words->pool, "\n", words->link_name, ":\n",
                                                words->link, "\n", NULL));
    }
    buffer_append_string(&body, apr_pstrcat(words->pool, "\n-- \n", words->footer, "\n", NULL));
    return body.overflow ? NULL : buffer_string(&body);
}

static const char *escaped(const words_t *words, const char *text)
{
    return apr_pescape_entity(words->pool, text, 0);
}

static void html(buffer_t *body, const words_t *words, const char *before, const char *text,
                 const char *after)
{
    buffer_append_string(body, before);
    buffer_append_string(body, escaped(words, text));
    buffer_append_string(body, after);
}

/* Styles stand with the elements, since many readers of mail drop a sheet; what a sheet adds is the
 * dark form, for those that know it. */
#define HTML_HEAD                                                                                  \
    "<meta charset=\"utf-8\">\n"                                                                   \
    "<meta name=\"viewport\" content=\"width=device-width\">\n"                                    \
    "<meta name=\"color-scheme\" content=\"light dark\">\n"                                        \
    "<style>\n"                                                                                    \
    "@media (prefers-color-scheme: dark) {\n"                                                      \
    "body, .page { background: #15181c !important; }\n"                                            \
    ".card { background: #1f242a !important; border-color: #343b44 !important; }\n"                \
    ".text, .value { color: #e8eaed !important; }\n"                                               \
    ".name, .foot { color: #a3abb5 !important; }\n"                                                \
    ".name, .value { border-color: #343b44 !important; }\n"                                        \
    ".link { background: #7db4ff !important; color: #10151b !important; }\n"                       \
    "}\n"                                                                                          \
    "</style>\n"
#define BODY_STYLE                                                                                 \
    "margin: 0; padding: 24px 12px; background: #f3f4f6; "                                         \
    "font-family: system-ui, -apple-system, 'Segoe UI', Roboto, Arial, sans-serif; "               \
    "font-size: 15px; line-height: 1.5"
#define CARD_STYLE                                                                                 \
    "max-width: 560px; margin: 0 auto; padding: 24px; background: #ffffff; "                       \
    "border: 1px solid #d9dde3; border-radius: 8px"
#define ROW_STYLE "padding: 6px 0; border-top: 1px solid #e6e9ed; vertical-align: top; "
#define NAME_STYLE                                                                                 \
    ROW_STYLE "width: 88px; padding-right: 16px; text-align: left; font-weight: 400; color: "      \
              "#5b6470"
#define VALUE_STYLE ROW_STYLE "color: #1d2127; word-break: break-word; overflow-wrap: anywhere"
#define LINK_STYLE                                                                                 \
    "display: inline-block; padding: 10px 18px; background: #1a56b0; color: #ffffff; "             \
    "border-radius: 6px; text-decoration: none; font-weight: 600"

static void html_lines(buffer_t *body, const words_t *words)
{
    buffer_append_string(body, "<table style=\"width: 100%; "
                               "border-collapse: collapse; margin: 0 0 20px\">\n");
    for (int i = 0; i < words->count; i++) {
        html(body, words, "<tr><th class=\"name\" style=\"" NAME_STYLE "\">", words->lines[i].name,
             "</th>\n");
        html(body, words, "<td class=\"value\" style=\"" VALUE_STYLE "\">", words->lines[i].value,
             "</td></tr>\n");
    }
    buffer_append_string(body, "</table>\n");
}

static const char *html_body(const words_t *words)
{
    buffer_t body;

    buffer_init(&body, words->pool, BODY_MAX);
    html(&body, words, "<!DOCTYPE html>\n<html lang=\"en\"><head>\n" HTML_HEAD "<title>",
         words->headline, "</title>\n</head>\n");
    html(&body, words,
         "<body class=\"page\" style=\"" BODY_STYLE "\">\n<div class=\"card\" style=\"" CARD_STYLE
         "\">\n<h1 class=\"text\" style=\"margin: 0 0 8px; font-size: 20px; line-height: 1.3; "
         "color: #1d2127; overflow-wrap: anywhere\">",
         words->headline, "</h1>\n");
    html(&body, words,
         "<p class=\"text\" style=\"margin: 0 0 20px; color: #1d2127; overflow-wrap: anywhere\">",
         words->sentence, "</p>\n");
    html_lines(&body, words);
    if (words->advice) {
        html(&body, words, "<p class=\"text\" style=\"margin: 0 0 20px; color: #1d2127\">",
             words->advice, "</p>\n");
    }
    if (words->link) {
        html(&body, words,
             "<p style=\"margin: 0\"><a class=\"link\" style=\"" LINK_STYLE "\" href=\"",
             words->link, "\">");
        html(&body, words, "", words->link_name, "</a></p>\n");
    }
    html(
        &body, words,
        "</div>\n<p class=\"foot\" style=\"max-width: 560px; margin: 16px auto 0; font-size: 13px; "
        "color: #5b6470; text-align: center\">",
        words->footer, "</p>\n</body></html>\n");
    return body.overflow ? NULL : buffer_string(&body);
}

/* ---- the mail ---- */

/* A domain, whatever the administrator named the site. */
static const char *domain(const char *host, apr_pool_t *pool)
{
    char *copy = apr_pstrdup(pool, host && *host ? host : "localhost");

    for (char *at = copy; *at; at++) {
        if (!apr_isalnum(*at) && *at != '-' && *at != '.') {
            *at = '-';
        }
    }
    return copy;
}

static void part(buffer_t *mail, const char *boundary, const char *type, const char *body)
{
    buffer_append_string(mail, apr_pstrcat(mail->pool, "--", boundary, "\r\nContent-Type: ", type,
                                           "; charset=utf-8\r\n"
                                           "Content-Transfer-Encoding: quoted-printable\r\n\r\n",
                                           NULL));
    mail_quoted_printable(mail, body);
}

const char *message_mail(const message_t *message, apr_pool_t *pool)
{
    const char *boundary = apr_pstrcat(pool, "=_", message->id, NULL);
    const char *plain, *rich;
    words_t words;
    buffer_t mail;

    find_words(&words, message, pool);
    plain = plain_body(&words);
    rich = html_body(&words);
    if (!plain || !rich) {
        return NULL;
    }
    buffer_init(&mail, pool, MESSAGE_MAX);
    buffer_append_string(&mail, apr_pstrcat(pool, "Date: ", mail_date(pool, message->now),
                                            "\r\nFrom: ", message->from, "\r\nTo: ", message->to,
                                            "\r\nMessage-ID: <", message->id, "@",
                                            domain(message->host, pool), ">\r\n", NULL));
    mail_header(&mail, "Subject",
                apr_pstrcat(pool, "[", shown(message, EVENT_SITE, pool), "] ", words.headline,
                            NULL));
    buffer_append_string(&mail, "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
                                "Content-Type: multipart/alternative;\r\n boundary=\"");
    buffer_append_string(&mail, boundary);
    buffer_append_string(&mail, "\"\r\n\r\n");
    part(&mail, boundary, "text/plain", plain);
    part(&mail, boundary, "text/html", rich);
    buffer_append_string(&mail, apr_pstrcat(pool, "--", boundary, "--\r\n", NULL));
    return mail.overflow ? NULL : buffer_string(&mail);
}

/* ---- as JSON ---- */

static void add_kinds(json_value_t *object, unsigned kinds, apr_pool_t *pool)
{
    json_value_t *list = json_set(object, "alerts", json_new_array(pool));

    for (int kind = 0; kind < ALERT_KINDS; kind++) {
        if (kinds & ALERT_BIT(kind)) {
            json_push(list, json_new_string(pool, alert_kind_name(kind)));
        }
    }
}

const char *message_json(const message_t *message, apr_pool_t *pool)
{
    static const event_column_t columns[] = {EVENT_TIME,         EVENT_SITE,      EVENT_DATABASE,
                                             EVENT_UID,          EVENT_LOGIN,     EVENT_USER,
                                             EVENT_IP,           EVENT_COUNTRY,   EVENT_CITY,
                                             EVENT_BROWSER,      EVENT_OS,        EVENT_DEVICE,
                                             EVENT_SESSION,      EVENT_OPERATION, EVENT_MODEL,
                                             EVENT_RECORD_COUNT, EVENT_HASH};
    json_value_t *object = json_new_object(pool);
    words_t words;
    buffer_t text;

    find_words(&words, message, pool);
    json_set(object, "id", json_new_string(pool, message->id));
    add_kinds(object, message->kinds, pool);
    json_set(object, "text", json_new_string(pool, words.headline));
    for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
        json_set(object, event_columns[columns[i]].name,
                 json_new_string(pool, shown(message, columns[i], pool)));
    }
    if (message->limit) {
        json_set(object, "count", json_new_integer(pool, message->counted));
        json_set(object, "within", json_new_string(pool, within(&words)));
    }
    json_set(object, "url", json_new_string(pool, words.link));
    buffer_init(&text, pool, MESSAGE_MAX);
    json_write(&text, object);
    return text.overflow ? NULL : buffer_string(&text);
}
