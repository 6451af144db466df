/* What an alert says, and that nothing of an event gets out of its place in a mail. What Python's
 * email package makes of whole mails is in t/70-alerts.t. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "alert/message.h"
#include "mail_text.h"
#include "text/json_value.h"

#define NASTY "<img src=x>\r\nBcc: v@example.com\r\n\r\n--=_0\r\n\"'&\xe2\x82\xac"

static apr_pool_t *pool;

static const char *header(const char *name, const char *value)
{
    buffer_t mail;

    buffer_init(&mail, pool, 100000);
    mail_header(&mail, name, value);
    return apr_pstrdup(pool, buffer_string(&mail));
}

static const char *quoted(const char *text)
{
    buffer_t mail;

    buffer_init(&mail, pool, 100000);
    mail_quoted_printable(&mail, text);
    return apr_pstrdup(pool, buffer_string(&mail));
}

/* Each line ends in CR LF, is ASCII and not too long. */
static void assert_lines(const char *text)
{
    while (*text) {
        apr_size_t length = strcspn(text, "\r\n");

        assert_true(length <= 78);
        for (apr_size_t i = 0; i < length; i++) {
            assert_true(text[i] >= ' ' && text[i] <= '~');
        }
        assert_memory_equal(text + length, "\r\n", 2);
        text += length + 2;
    }
}

static void test_headers(void **state)
{
    const char *longest = apr_psprintf(pool, "%0500d", 7);
    const char *text;

    (void)state;
    assert_string_equal(header("Subject", "New login"), "Subject: New login\r\n");
    assert_string_equal(header("Subject", "a\r\nBcc: b"), "Subject: a  Bcc: b\r\n");
    assert_string_equal(header("Subject", "\xc3\xa9"), "Subject: =?utf-8?B?w6k=?=\r\n");
    assert_string_equal(header("Subject", "=?utf-8?Q?x?="),
                        "Subject: =?utf-8?B?PT91dGYtOD9RP3g/PQ==?=\r\n");
    text = header("Subject", longest);
    assert_lines(text);
    for (const char *line = strstr(text, "\r\n"); line[2]; line = strstr(line + 2, "\r\n")) {
        assert_int_equal(line[2], ' '); /* a folded line, never a header of its own */
    }
    assert_lines(header("Subject", "\xff\x80 broken \xe2\x82"));
}

static void test_quoted_printable(void **state)
{
    (void)state;
    assert_string_equal(quoted("a=b\n.c\nFrom x \n"), "a=3Db\r\n=2Ec\r\n=46rom x=20\r\n");
    assert_string_equal(quoted("\xc3\xa9"), "=C3=A9\r\n");
    assert_string_equal(quoted("a\r\nb"), "a=0D\r\nb\r\n");
    assert_string_equal(quoted(""), "");
    assert_lines(quoted(apr_psprintf(pool, "%01000d\n%0200d", 1, 1)));
    assert_lines(quoted(apr_pstrcat(pool, apr_psprintf(pool, "%074d", 1), "\xc3\xa9", NULL)));
}

static event_t *login_event(const char *text)
{
    event_t *event = event_create(pool);

    event_set(event, EVENT_TIME, "2026-11-26T10:38:12.000Z");
    event_set(event, EVENT_OPERATION, "session_identified");
    event_set(event, EVENT_SITE, text);
    event_set(event, EVENT_LOGIN, text);
    event_set(event, EVENT_USER, text);
    event_set(event, EVENT_SESSION, text);
    event_set(event, EVENT_IP, "198.51.100.7");
    event_set(event, EVENT_CITY, text);
    event_set(event, EVENT_BROWSER, text);
    event_set(event, EVENT_HASH, "h");
    return event;
}

static message_t message_of(const event_t *event, unsigned kinds)
{
    static char id[MESSAGE_ID_SIZE];

    message_id(event, "mail", "a@b", id);
    return (message_t){.id = id,
                       .host = "node one\r\n",
                       .from = "audit@example.com",
                       .to = "mia@example.com",
                       .now = apr_time_from_sec(1700000000),
                       .page = "https://erp.example.com/audit-admin",
                       .event = event,
                       .kinds = kinds};
}

static int count(const char *text, const char *part)
{
    int found = 0;

    while ((text = strstr(text, part))) {
        found++;
        text += strlen(part);
    }
    return found;
}

static void test_nothing_gets_out_of_its_place(void **state)
{
    (void)state;
    for (int kind = 0; kind < ALERT_KINDS; kind++) {
        message_t message = message_of(login_event(NASTY), ALERT_BIT(kind));
        const char *mail = message_mail(&message, pool), *body;

        assert_non_null(mail);
        assert_lines(mail);
        assert_int_equal(count(mail, "\r\nBcc:"), 0);
        assert_int_equal(count(strstr(mail, "text/html"), "<img"), 0);
        assert_int_equal(count(mail, "\r\n--=_"), 3);
        assert_int_equal(count(mail, "Message-ID: <"), 1);
        assert_non_null(strstr(mail, "@node-one-->\r\n"));
        body = strstr(mail, "\r\n\r\n");
        assert_true(strstr(mail, "Subject: ") < body);
        assert_int_equal(count(mail, "\r\nFrom: audit@example.com\r\n"), 1);
        assert_int_equal(count(mail, "\r\nTo: mia@example.com\r\n"), 1);
    }
}

/* Parts are quoted-printable; what is looked for must not fall on the end of a line. */
static const char *unfolded(const char *mail)
{
    char *text = apr_pstrdup(pool, mail), *to = text;

    for (const char *from = text; *from; from++) {
        if (!strncmp(from, "=\r\n", 3)) {
            from += 2;
            continue;
        }
        *to++ = *from;
    }
    *to = '\0';
    return text;
}

static void test_times_are_by_the_users_clock(void **state)
{
    message_t message = message_of(login_event("mia"), ALERT_BIT(ALERT_NEW_LOGIN));

    (void)state;
    assert_non_null(
        strstr(unfolded(message_mail(&message, pool)), "Thu 26 Nov 2026, 10:38:12, UTC"));
    message.zone = "Europe/Berlin";
    assert_non_null(strstr(unfolded(message_mail(&message, pool)),
                           "Thu 26 Nov 2026, 11:38:12, Europe/Berlin (UTC+01:00)"));
    message.zone = "Nowhere/\r\nBcc: x";
    assert_non_null(
        strstr(unfolded(message_mail(&message, pool)), "Thu 26 Nov 2026, 10:38:12, UTC"));
}

static void test_longest_cells_fit(void **state)
{
    char *longest = apr_palloc(pool, 1001);
    message_t message;

    (void)state;
    memset(longest, '\xe2', 1000);
    longest[1000] = '\0';
    message = message_of(login_event(longest), ALERT_BIT(ALERT_NEW_LOGIN));
    assert_non_null(message_mail(&message, pool));
    assert_non_null(message_json(&message, pool));
    memset(longest, '"', 1000); /* as long as an entity can be */
    message = message_of(login_event(longest), ALERT_BIT(ALERT_NEW_LOGIN));
    assert_non_null(message_mail(&message, pool));
}

static void test_id_is_the_same_for_every_try(void **state)
{
    char one[MESSAGE_ID_SIZE], two[MESSAGE_ID_SIZE];
    event_t *event = login_event("x");

    (void)state;
    message_id(event, "mail", "a@b", one);
    message_id(event, "mail", "a@b", two);
    assert_string_equal(one, two);
    message_id(event, "mail", "a@c", two);
    assert_string_not_equal(one, two);
    message_id(event, "webhook", "a@b", two);
    assert_string_not_equal(one, two);
    event_set(event, EVENT_HASH, "i");
    message_id(event, "mail", "a@b", two);
    assert_string_not_equal(one, two);
}

static void test_json(void **state)
{
    static const json_limits_t limits = {200, 20000, 2000, 50};
    alert_limit_t limit = {5, apr_time_from_sec(600)};
    message_t message = message_of(login_event(NASTY), ALERT_BIT(ALERT_FAILED_LOGINS));
    const json_value_t *object;
    const char *text;
    apr_int64_t number;

    (void)state;
    message.limit = &limit;
    message.counted = 6;
    text = message_json(&message, pool);
    object = json_parse(pool, text, strlen(text), &limits);
    assert_non_null(object);
    assert_string_equal(json_string(json_element(json_member(object, "alerts"), 0)),
                        "failed_logins");
    assert_string_equal(json_string(json_member(object, "ip")), "198.51.100.7");
    assert_string_equal(json_string(json_member(object, "within")), "10m");
    assert_true(json_integer(json_member(object, "count"), &number) && number == 6);
    assert_null(strstr(text, "<img"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_quoted_printable),
        cmocka_unit_test(test_nothing_gets_out_of_its_place),
        cmocka_unit_test(test_times_are_by_the_users_clock),
        cmocka_unit_test(test_longest_cells_fit),
        cmocka_unit_test(test_id_is_the_same_for_every_try),
        cmocka_unit_test(test_json),
    };
    int failed;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_terminate();
    return failed;
}
