/* The trail as a page and as JSON: filters, paging, rights, escaping, and its own trail. */
#include "admin_fixture.h"

#include <apr_general.h>
#include <apr_strings.h>
#include <string.h>

static const json_value_t *events_of(visitor_t visitor, const char *query)
{
    return json_member(get_json(visitor, "/activity", query, 200), "events");
}

static void expect_count(visitor_t visitor, const char *query, int count)
{
    int found = (int)events_of(visitor, query)->count;

    if (found != count) {
        fail_msg("%s: %d events instead of %d", query, found, count);
    }
}

static const char *cell(const json_value_t *event, event_column_t column)
{
    const json_value_t *value = json_member(event, event_columns[column].name);

    assert_non_null(value);
    return value->text;
}

/* ---- JSON ---- */

static void test_events_have_the_columns_of_the_csv(void **state)
{
    const json_value_t *event;
    int column = 0;

    (void)state;
    fixture_trail();
    event = events_of(ANN, "operation=write")->first;
    for (const json_value_t *value = event->first; value; value = value->next) {
        assert_string_equal(value->key, event_columns[column++].name);
    }
    assert_int_equal(column, EVENT_PUBLIC_COLUMNS);
    assert_int_equal(json_member(event, "id")->type, JSON_TYPE_NUMBER);
    assert_int_equal(json_member(event, "uid")->type, JSON_TYPE_NUMBER);
    assert_int_equal(json_member(event, "city")->type, JSON_TYPE_NULL);
    assert_string_equal(cell(event, EVENT_RECORD_IDS), "7 9");
    assert_string_equal(cell(event, EVENT_TIME), "2026-11-20T09:00:00.000Z");
    assert_string_equal(json_string(json_member(json_member(event, "values"), "name")), "New");
    assert_string_equal(json_string(json_member(json_member(event, "old_values"), "name")), "Old");
    assert_int_equal(strlen(cell(event, EVENT_HASH)), 64);
}

static void test_filters_narrow(void **state)
{
    (void)state;
    fixture_trail();
    expect_count(MANAGER, NULL, 5);
    expect_count(MANAGER, "user=8", 2);
    expect_count(MANAGER, "user=bob%40example.com", 2);
    expect_count(MANAGER, "model=res.partner", 3);
    expect_count(MANAGER, "record=res.partner%2C7", 1);
    expect_count(MANAGER, "record=sale.order,7", 1);
    expect_count(MANAGER, "operation=create,unlink", 2);
    expect_count(MANAGER, "outcome=denied", 1);
    expect_count(MANAGER, "ip=198.51.100.0/24", 2);
    expect_count(MANAGER, "ip=192.0.2.7", 2);
    expect_count(MANAGER, "ip=2001:db8::/32", 0);
    expect_count(MANAGER, "from=2026-11-20T09:00&to=2026-11-20T11:00:00Z", 2);
    expect_count(MANAGER, "from=2026-11-20T10:00%2B01:00&to=2026-11-20T11:00%2B01:00", 1);
}

static void test_an_empty_field_of_the_form_is_no_filter(void **state)
{
    (void)state;
    fixture_trail();
    expect_count(MANAGER,
                 "from=&to=&user=&model=&record=&operation=&outcome=&ip=&session=&site=&before=",
                 5);
    expect_count(MANAGER, apr_psprintf(fixture.pool, "session=%s", fixture_reference(BOB)), 2);
}

static void test_wrong_filters_are_told(void **state)
{
    static const char *const wrong[] = {
        "from=yesterday",
        "to=2026-13-01",
        "session=abc",
        "session=%27OR1",
        "record=7",
        "record=res.partner",
        "record=%2C7",
        "record=res.partner,0",
        "record=res.partner,-7",
        "record=a,7x",
        "operation=steal",
        "operation=write,,steal",
        "operation=%2C",
        "outcome=good",
        "ip=localhost",
        "ip=096.0.2.0/24",
        "ip=192.0.2.0/99",
        "ip=1.2.3.4.5",
        "ip=1.2.3",
        "ip=192.0.2.0/255.255.255.0",
        "ip=192.0.2.0/",
        "ip=2001:db8::/129",
        "ip=::g",
        "before=0",
        "before=-1",
        "before=1e3",
        "before=99999999999999999999",
        "from=2026-11-21&to=2026-11-21",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        answer_t *page = get(ANN, "/activity", wrong[i]);
        answer_t *csv = get(ANN, "/activity.csv", wrong[i]);

        if (page->status != 400 || csv->status != 400) {
            fail_msg("%s: %d", wrong[i], page->status);
        }
        assert_true(strstr(answer_text(page), "needs") || strstr(answer_text(page), "earlier"));
    }
    assert_int_equal(fixture.notes->nelts, 0);
}

static void test_own_events_only_whatever_is_asked(void **state)
{
    static const char *const tries[] = {
        NULL,
        "user=8",
        "user=bob%40example.com",
        "site=other.example.com",
        "site=" SITE,
        "own_only=0&own_uid=8&manager=1&database=test",
        "model=res.partner",
        "ip=198.51.100.8",
        "user=7&user=8",
    };

    (void)state;
    fixture_trail();
    expect_count(ANN, NULL, 2);
    for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
        const json_value_t *event = events_of(ANN, tries[i])->first;

        for (; event; event = event->next) {
            assert_string_equal(cell(event, EVENT_UID), "7");
            assert_string_equal(cell(event, EVENT_SITE), SITE);
            assert_string_equal(cell(event, EVENT_DATABASE), DATABASE);
        }
    }
    expect_count(ANN, apr_psprintf(fixture.pool, "session=%s", fixture_reference(BOB)), 0);
    expect_count(MANAGER, "site=other.example.com", 0);
    expect_count(MANAGER, "site=" SITE, 5);
}

static apr_int64_t next_of(const json_value_t *answer)
{
    apr_int64_t next = 0;

    json_integer(json_member(answer, "next"), &next);
    return next;
}

/* Events that arrive between two pages move nothing: a page starts behind an id. */
static void test_pages_follow_a_cursor(void **state)
{
    json_value_t *answer;
    apr_int64_t next, last = 251;

    (void)state;
    fixture_events(250, "write", "res.partner");
    answer = get_json(ANN, "/activity", "model=res.partner", 200);
    for (int page = 0;; page++) {
        const json_value_t *event = json_member(answer, "events")->first;

        assert_int_equal(json_member(answer, "events")->count, page < 2 ? ADMIN_PAGE_ROWS : 50);
        for (; event; event = event->next) {
            assert_int_equal(apr_atoi64(cell(event, EVENT_ID)), --last);
        }
        if ((next = next_of(answer)) == 0) {
            break;
        }
        fixture_events(3, "create", "res.partner");
        answer =
            get_json(ANN, "/activity",
                     apr_psprintf(fixture.pool, "model=res.partner&before=%d", (int)next), 200);
    }
    assert_int_equal(last, 1);
}

static void test_a_full_last_page_has_no_next(void **state)
{
    (void)state;
    fixture_events(ADMIN_PAGE_ROWS, "write", "res.partner");
    assert_int_equal(json_member(get_json(ANN, "/activity", NULL, 200), "next")->type,
                     JSON_TYPE_NULL);
}

/* Old values of several records stand under their ids, on the page beside the field. */
static void test_old_values_of_several_records(void **state)
{
    (void)state;
    fixture_event(EVENT_OPERATION, "write", EVENT_UID, "7", EVENT_VALUES,
                  "{\"city\":\"Lund\",\"zip\":\"1\"}", EVENT_OLD_VALUES,
                  "{\"7\":{\"city\":\"Kiel\"},\"8\":{\"city\":\"Tracy\"}}", -1);
    assert_non_null(strstr(answer_text(get(ANN, "/activity", NULL)),
                           "<bdi>{&quot;7&quot;:&quot;Kiel&quot;,&quot;8&quot;:&quot;Tracy&quot;}"
                           "</bdi></td><td class=\"new\"><bdi>Lund</bdi>"));
}

static void test_long_or_broken_values_stay_text(void **state)
{
    char *list = apr_palloc(fixture.pool, 20001);
    const json_value_t *event;

    (void)state;
    for (int i = 0; i < 20000; i += 2) {
        list[i] = i ? ',' : '[';
        list[i + 1] = '1';
    }
    strcpy(list + 19999, "]");
    fixture_event(EVENT_OPERATION, "write", EVENT_UID, "7", EVENT_VALUES, list, EVENT_OLD_VALUES,
                  "[1", -1);
    event = events_of(ANN, NULL)->first;
    assert_string_equal(json_string(json_member(event, "values")), list);
    assert_non_null(json_string(json_member(event, "old_values")));
    assert_int_equal(get(ANN, "/activity", NULL)->status, 200);
}

/* ---- the page ---- */

static void test_the_page_shows_an_event_with_its_links(void **state)
{
    const char *page;

    (void)state;
    fixture_trail();
    page = answer_text(get(ANN, "/activity", "operation=write&model=res.partner"));
    assert_non_null(strstr(page, "2026-11-20 09:00:00"));
    assert_non_null(strstr(page, "/records/res.partner,7\">7</a>"));
    assert_non_null(strstr(page, "/web#id=7&amp;model=res.partner&amp;view_type=form\""));
    assert_non_null(
        strstr(page, apr_psprintf(fixture.pool, "/sessions/%s\"", fixture_reference(ANN))));
    assert_non_null(strstr(page, "activity.csv?model=res.partner&amp;operation=write"));
    assert_non_null(strstr(page, "<bdi>Old</bdi></td><td class=\"new\"><bdi>New</bdi>"));
    assert_non_null(strstr(page, "[[6,0,[1,2]]]"));
    assert_non_null(strstr(page, "<option value=\"write\" selected>write</option>"));
    assert_non_null(strstr(page, "value=\"res.partner\""));
    assert_non_null(strstr(page, "Reset"));
    assert_null(strstr(page, "sale.order"));
}

static void test_the_page_leads_to_older_and_newest(void **state)
{
    const char *page;

    (void)state;
    fixture_events(150, "write", "res.partner");
    page = answer_text(get(ANN, "/activity", "model=res.partner"));
    assert_non_null(strstr(page, "/activity?model=res.partner&amp;before=51\" rel=\"next\""));
    assert_null(strstr(page, "rel=\"prev\""));
    page = answer_text(get(ANN, "/activity", "model=res.partner&before=51"));
    assert_null(strstr(page, "rel=\"next\""));
    assert_non_null(strstr(page, "/activity?model=res.partner\" rel=\"prev\""));
}

static void test_an_empty_trail_says_so(void **state)
{
    (void)state;
    assert_non_null(strstr(answer_text(get(ANN, "/activity", NULL)), "Nothing has been recorded"));
    fixture_events(1, "write", "res.partner");
    assert_non_null(strstr(answer_text(get(ANN, "/activity", "model=none")), "No event matches."));
}

static void test_running_calls_are_shown_as_such(void **state)
{
    event_t *event = event_create(fixture.pool);
    buffer_t buffer;
    store_t *store;
    json_value_t *answer;

    (void)state;
    event_set_time(event, EVENT_TIME, fixture.now);
    event_set(event, EVENT_SITE, SITE);
    event_set(event, EVENT_DATABASE, DATABASE);
    event_set(event, EVENT_UID, "7");
    event_set(event, EVENT_OPERATION, "call");
    event_set(event, EVENT_METHOD, "action_slow");
    buffer_init(&buffer, fixture.pool, 65536);
    event_encode(event, &buffer);
    store_open(&store, fixture.pool, &fixture.store, STORE_WRITE, NULL);
    store_begin(store);
    assert_int_equal(store_pending_put(store, "node", "incarnation", 1, buffer.data, buffer.length),
                     APR_SUCCESS);
    store_commit(store);
    store_close(store);
    answer = get_json(ANN, "/activity", NULL, 200);
    assert_int_equal(json_member(answer, "events")->count, 0);
    assert_string_equal(cell(json_member(answer, "running")->first, EVENT_METHOD), "action_slow");
    assert_int_equal(json_member(get_json(BOB, "/activity", NULL, 200), "running")->count, 0);
    assert_non_null(strstr(answer_text(get(ANN, "/activity", NULL)), ">running</span>"));
}

/* ---- following, one event, one record ---- */

static void test_the_trail_is_followed_from_a_cursor(void **state)
{
    const json_value_t *answer;
    const char *rows;

    (void)state;
    fixture_events(120, "write", "res.partner");
    answer = get_json(ANN, "/activity", NULL, 200);
    assert_string_equal(json_member(answer, "latest")->text, "120");
    assert_string_equal(json_member(answer, "count")->text, "120");
    answer = get_json(ANN, "/activity", "after=118", 200);
    assert_int_equal(json_member(answer, "events")->count, 2);
    assert_string_equal(cell(json_member(answer, "events")->first, EVENT_ID), "120");
    answer = get_json(ANN, "/activity", "after=120", 200);
    assert_int_equal(json_member(answer, "events")->count, 0);
    assert_string_equal(json_member(answer, "latest")->text, "120");
    /* more than a page can hold come in their order, so that none is left out */
    answer = get_json(ANN, "/activity", "after=0", 200);
    assert_int_equal(json_member(answer, "events")->count, 100);
    assert_string_equal(json_member(answer, "latest")->text, "100");
    assert_int_equal(get(ANN, "/activity", "after=1&before=5")->status, 400);
    rows = answer_text(get(ANN, "/activity", "after=119&format=rows"));
    assert_non_null(strstr(rows, "<tbody id=\"e120\""));
    assert_null(strstr(rows, "<html"));
    assert_null(strstr(rows, "e119"));
}

static void test_an_event_has_a_page_of_its_own(void **state)
{
    const json_value_t *first, *second;
    const json_value_t *own;
    const char *path;

    (void)state;
    fixture_trail();
    own = events_of(ANN, "operation=write")->first;
    path = apr_pstrcat(fixture.pool, "/activity/", cell(own, EVENT_ID), NULL);
    assert_string_equal(cell(json_member(get_json(ANN, path, NULL, 200), "events")->first,
                             EVENT_HASH),
                        cell(own, EVENT_HASH));
    assert_non_null(strstr(answer_text(get(ANN, path, NULL)), "matches its hash"));
    assert_int_equal(get(BOB, path, NULL)->status, 404);
    assert_int_equal(get(MANAGER, path, NULL)->status, 200);
    assert_int_equal(get(NOBODY, path, NULL)->status, 303);
    first = json_member(get_json(MANAGER, "/activity/1", NULL, 200), "events")->first;
    assert_true(json_truthy(json_member(first, "first")));
    assert_int_equal(json_member(first, "previous")->type, JSON_TYPE_NULL);
    second = json_member(get_json(MANAGER, "/activity/2", NULL, 200), "events")->first;
    assert_false(json_truthy(json_member(second, "first")));
    assert_true(json_truthy(json_member(json_member(second, "previous"), "follows")));
    assert_int_equal(get(MANAGER, "/activity/999999", NULL)->status, 404);
    assert_int_equal(get(MANAGER, "/activity/0x1", NULL)->status, 404);
    assert_int_equal(get(MANAGER, "/activity/99999999999999999999", NULL)->status, 404);
}

static void test_a_record_has_its_history(void **state)
{
    const char *page;

    (void)state;
    fixture_trail();
    page = answer_text(get(ANN, "/records/res.partner,7", NULL));
    assert_non_null(strstr(page, "History of res.partner,7"));
    assert_non_null(strstr(page, "<bdi>Old</bdi>"));
    assert_non_null(strstr(page, "/activity.csv?record=res.partner%2c7\""));
    assert_int_equal(
        json_member(get_json(ANN, "/records/res.partner,7", NULL, 200), "events")->count, 1);
    assert_int_equal(
        json_member(get_json(BOB, "/records/res.partner,7", NULL, 200), "events")->count, 0);
    assert_int_equal(get(ANN, "/records/res.partner", NULL)->status, 404);
    assert_int_equal(get(NOBODY, "/records/res.partner,7", NULL)->status, 303);
}

static void test_times_are_by_the_clock_of_a_zone(void **state)
{
    (void)state;
    fixture_trail();
    expect_count(MANAGER,
                 "zone=Europe/Berlin&from=2026-11-20T10:00&to=2026-11-20T10:30&model=res.partner",
                 1);
    expect_count(MANAGER, "from=2026-11-20T10:00&to=2026-11-20T10:30&model=res.partner", 0);
    expect_count(MANAGER, "last=365d", 5);
    expect_count(MANAGER, "from=2026-11-01&to=2026-12-01&text=TAG_IDS", 1);
    expect_count(MANAGER, "from=2026-11-01&to=2026-12-01&text=accesserror", 1);
    expect_count(MANAGER, "from=2026-11-01&to=2026-12-01&text=%25", 0);
    expect_count(BOB, "from=2026-11-01&to=2026-12-01&text=TAG_IDS", 0);
    expect_count(MANAGER, "country=Atlantis", 0);
    assert_int_equal(get(ANN, "/activity", "text=name")->status, 400);
    assert_int_equal(get(ANN, "/activity", "zone=Mars")->status, 400);
    assert_int_equal(get(ANN, "/activity", "last=soon")->status, 400);
    assert_int_equal(get(ANN, "/activity", "last=1h&from=2026-11-20")->status, 400);
}

/* ---- hostile texts ---- */

static void expect_harmless(answer_t *answer)
{
    const char *page = answer_text(answer);

    assert_null(strstr(page, "<x9"));
    assert_null(strstr(page, "</x9"));
    assert_null(strstr(page, "\"'>"));
    assert_null(strstr(page, "'><"));
    assert_null(strchr(page, '\x1b'));
}

static void name_hostile(visitor_t visitor)
{
    session_t session = fixture_session(visitor);
    int changed;

    apr_cpystrn(session.login, HOSTILE, sizeof(session.login));
    apr_cpystrn(session.name, HOSTILE, sizeof(session.name));
    session_table_identify(fixture.sessions, &session.fingerprint, &session, &changed);
}

static void test_hostile_texts_stay_texts(void **state)
{
    const char *query = "model=%22%27%3E%3Cx9%3E&user=7";
    answer_t *answer;

    (void)state;
    fixture_hostile_events();
    name_hostile(ANN);
    answer = get(ANN, "/activity", NULL);
    expect_harmless(answer);
    assert_non_null(strstr(answer_text(answer), "&lt;x9 onload=x9()&gt;"));
    answer = get(ANN, "/sessions", "state=all");
    expect_harmless(answer);
    assert_non_null(strstr(answer_text(answer), "&lt;x9 onload=x9()&gt;"));
    answer = get(ANN, "/activity", query);
    expect_harmless(answer);
    assert_non_null(strstr(answer_text(answer), "value=\"&quot;&#39;&gt;&lt;x9&gt;\""));
    expect_harmless(get(MANAGER, "/sessions", "user=%22%27%3E%3Cx9%3E"));
    expect_harmless(get(MANAGER, "/sessions", "state=%22%27%3E%3Cx9%3E"));
    expect_harmless(get(MANAGER, "/activity", "operation=%22%27%3E%3Cx9%3E"));
    expect_harmless(get(ANN, "/activity", "format=json"));
    expect_harmless(get(ANN, "/sessions", "format=json"));
}

static void test_hostile_texts_come_back_from_json(void **state)
{
    const json_value_t *event;

    (void)state;
    fixture_hostile_events();
    event = events_of(ANN, "operation=write")->first;
    assert_string_equal(cell(event, EVENT_PATH), HOSTILE);
    assert_string_equal(cell(event, EVENT_MODEL), HOSTILE);
}

/* ---- the trail of the trail ---- */

static const event_t *note(int number)
{
    assert_true(number < fixture.notes->nelts);
    return APR_ARRAY_IDX(fixture.notes, number, const event_t *);
}

static void test_reading_is_told_once_per_filter_and_person(void **state)
{
    (void)state;
    get(ANN, "/activity", "model=res.partner");
    get(ANN, "/activity", "model=res.partner");
    get(ANN, "/activity", "model=res.partner&before=7&format=json");
    assert_int_equal(fixture.notes->nelts, 1);
    assert_string_equal(note(0)->cell[EVENT_OPERATION], "trail_read");
    assert_string_equal(note(0)->cell[EVENT_VALUES], "{\"model\":\"res.partner\"}");
    assert_string_equal(note(0)->cell[EVENT_LOGIN], "ann@example.com");
    assert_string_equal(note(0)->cell[EVENT_SESSION], fixture_reference(ANN));
    assert_string_equal(note(0)->cell[EVENT_IP], "192.0.2.99");
    get(ANN, "/activity", "model=res.users");
    get(BOB, "/activity", "model=res.partner");
    assert_int_equal(fixture.notes->nelts, 3);
    fixture.now += apr_time_from_sec(301);
    get(ANN, "/activity", "model=res.partner");
    assert_int_equal(fixture.notes->nelts, 4);
}

static void test_exporting_is_told_apart(void **state)
{
    (void)state;
    fixture_events(2, "write", "res.partner");
    get(ANN, "/activity", NULL);
    get(ANN, "/activity.csv", NULL);
    get(ANN, "/activity.csv", NULL);
    assert_int_equal(fixture.notes->nelts, 2);
    get(ANN, "/activity.jsonl", NULL);
    assert_string_equal(note(2)->cell[EVENT_OPERATION], "trail_exported");
    request_send(request_new(ANN, "HEAD", "/activity.csv", "model=a"));
    assert_int_equal(fixture.notes->nelts, 3);
    assert_string_equal(note(1)->cell[EVENT_OPERATION], "trail_exported");
    assert_string_equal(note(1)->cell[EVENT_VALUES], "{}");
    get(ANN, "/sessions", NULL);
    assert_int_equal(fixture.notes->nelts, 3);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_events_have_the_columns_of_the_csv),
        TEST(test_filters_narrow),
        TEST(test_an_empty_field_of_the_form_is_no_filter),
        TEST(test_wrong_filters_are_told),
        TEST(test_own_events_only_whatever_is_asked),
        TEST(test_pages_follow_a_cursor),
        TEST(test_a_full_last_page_has_no_next),
        TEST(test_old_values_of_several_records),
        TEST(test_long_or_broken_values_stay_text),
        TEST(test_the_page_shows_an_event_with_its_links),
        TEST(test_the_page_leads_to_older_and_newest),
        TEST(test_an_empty_trail_says_so),
        TEST(test_running_calls_are_shown_as_such),
        TEST(test_the_trail_is_followed_from_a_cursor),
        TEST(test_an_event_has_a_page_of_its_own),
        TEST(test_a_record_has_its_history),
        TEST(test_times_are_by_the_clock_of_a_zone),
        TEST(test_hostile_texts_stay_texts),
        TEST(test_hostile_texts_come_back_from_json),
        TEST(test_reading_is_told_once_per_filter_and_person),
        TEST(test_exporting_is_told_apart),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
