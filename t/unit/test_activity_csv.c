/* The trail as CSV: every event once, the page's filters and rights, cells that come back. */
#include "admin_fixture.h"

#include <apr_general.h>
#include <apr_strings.h>
#include <string.h>

#include "text/csv.h"

#define MAX_RECORDS 2000

typedef struct csv_t {
    int records;
    const char *cell[MAX_RECORDS][EVENT_PUBLIC_COLUMNS]; /* NULL where the record is shorter */
} csv_t;

/* One cell by RFC 4180, without its quotes; *at then points at the comma or CR behind it. */
static const char *parse_cell(const char **at)
{
    char *cell_text = apr_palloc(fixture.pool, strlen(*at) + 1), *to = cell_text;
    const char *from = *at;
    int quoted = *from == '"';

    from += quoted;
    while (quoted ? from[0] != '"' || from[1] == '"' : !strchr(",\r", *from)) {
        assert_true(*from);
        from += quoted && *from == '"';
        *to++ = *from++;
    }
    *to = '\0';
    *at = from + quoted;
    return apr_pstrdup(fixture.pool, cell_text);
}

static csv_t *parse_csv(const char *text)
{
    csv_t *csv = apr_pcalloc(fixture.pool, sizeof(*csv));

    while (*text) {
        int column = 0;

        assert_true(csv->records < MAX_RECORDS);
        for (;; text++) {
            assert_true(column < EVENT_PUBLIC_COLUMNS);
            csv->cell[csv->records][column++] = parse_cell(&text);
            if (*text != ',') {
                break;
            }
        }
        assert_int_equal(column, EVENT_PUBLIC_COLUMNS);
        assert_memory_equal(text, "\r\n", 2);
        text += 2;
        csv->records++;
    }
    return csv;
}

static csv_t *get_csv(visitor_t visitor, const char *query)
{
    answer_t *answer = get(visitor, "/activity.csv", query);

    assert_int_equal(answer->status, 200);
    assert_non_null(strstr(answer->type, "text/csv"));
    assert_non_null(strstr(answer_header(answer, "Content-Disposition"), "attachment"));
    return parse_csv(answer_text(answer));
}

static void test_the_header_is_the_contract(void **state)
{
    csv_t *csv = get_csv(ANN, NULL);

    (void)state;
    assert_int_equal(csv->records, 1);
    assert_string_equal(
        answer_text(get(ANN, "/activity.csv", NULL)),
        "id,time,site,database,uid,login,user,session,ip,country,city,browser,os,device,channel,"
        "operation,model,record_ids,record_count,method,fields,values,outcome,error,status,"
        "duration_ms,path,flags,hash,peer_ip,node,sequence,previous_hash,old_values\r\n");
}

static void test_the_csv_has_every_event_once_oldest_first(void **state)
{
    csv_t *csv;

    (void)state;
    fixture_events(1203, "write", "res.partner");
    csv = get_csv(ANN, NULL);
    assert_int_equal(csv->records, 1204);
    for (int record = 1; record < csv->records; record++) {
        assert_int_equal(apr_atoi64(csv->cell[record][EVENT_ID]), record);
        assert_string_equal(csv->cell[record][EVENT_PREVIOUS_HASH],
                            record > 1 ? csv->cell[record - 1][EVENT_HASH]
                                       : csv->cell[record][EVENT_PREVIOUS_HASH]);
    }
}

/* Large cells end a chunk before its number of rows does. */
static void test_large_cells_do_not_disturb_the_order(void **state)
{
    char *values = apr_palloc(fixture.pool, 60004);
    csv_t *csv;

    (void)state;
    memset(values, '1', 60003);
    memcpy(values, "{\"a\":", 5);
    strcpy(values + 60002, "}");
    for (int i = 0; i < 12; i++) {
        fixture_event(EVENT_OPERATION, "write", EVENT_UID, "7", EVENT_VALUES, values, -1);
    }
    csv = get_csv(ANN, NULL);
    assert_int_equal(csv->records, 13);
    for (int record = 1; record < csv->records; record++) {
        assert_int_equal(apr_atoi64(csv->cell[record][EVENT_ID]), record);
        assert_string_equal(csv->cell[record][EVENT_VALUES], values);
    }
}

static void test_the_csv_takes_the_pages_filters_and_rights(void **state)
{
    csv_t *csv;

    (void)state;
    fixture_trail();
    csv = get_csv(MANAGER, "model=res.partner&outcome=failed&site=" SITE);
    assert_int_equal(csv->records, 2);
    assert_string_equal(csv->cell[1][EVENT_RECORD_IDS], "11");
    assert_int_equal(get_csv(MANAGER, NULL)->records, 6);
    assert_int_equal(get_csv(ANN, "user=8")->records, 1);
    assert_int_equal(get_csv(ANN, "site=other.example.com")->records, 1);
    assert_int_equal(get_csv(ANN, NULL)->records, 3);
    assert_int_equal(get_csv(NAMELESS, NULL)->records, 1);
}

static void test_hostile_cells_come_back_from_the_csv(void **state)
{
    csv_t *csv;

    (void)state;
    fixture_hostile_events();
    csv = get_csv(ANN, "operation=write");
    assert_int_equal(csv->records, 2);
    assert_int_equal(csv->cell[1][EVENT_PATH][0], '\'');
    assert_string_equal(csv_unguard(csv->cell[1][EVENT_PATH]), HOSTILE);
    assert_string_equal(csv_unguard(csv->cell[1][EVENT_MODEL]), HOSTILE);
    assert_string_equal(csv_unguard(csv->cell[1][EVENT_LOGIN]), HOSTILE);
}

static void test_the_csv_handler_answers_on_any_path(void **state)
{
    admin_request_t *request = request_new(ANN, "GET", "/exports/all.csv", "operation=write");

    (void)state;
    fixture_trail();
    request->csv_only = 1;
    assert_int_equal(parse_csv(answer_text(request_send(request)))->records, 2);
    request->method = "POST";
    assert_int_equal(request_send(request)->status, 405);
}

static void test_a_client_that_goes_away_is_told(void **state)
{
    answer_t *answer;

    (void)state;
    fixture_events(600, "write", "res.partner");
    fixture.write_limit = 30000;
    answer = request_send_problem(request_new(ANN, "GET", "/activity.csv", NULL));
    assert_int_equal(answer->status, 200);
    assert_int_equal(answer->result, APR_ECONNABORTED);
    assert_null(answer->problem);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_the_header_is_the_contract),
        TEST(test_the_csv_has_every_event_once_oldest_first),
        TEST(test_large_cells_do_not_disturb_the_order),
        TEST(test_the_csv_takes_the_pages_filters_and_rights),
        TEST(test_hostile_cells_come_back_from_the_csv),
        TEST(test_the_csv_handler_answers_on_any_path),
        TEST(test_a_client_that_goes_away_is_told),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
