#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "text/csv.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static apr_pool_t *pool;

static const char *cell(const char *text)
{
    static buffer_t buffer;

    buffer_init(&buffer, pool, 1000);
    csv_append_cell(&buffer, text);
    return buffer_string(&buffer);
}

static void cells_are_quoted_where_needed(void **state)
{
    (void)state;
    assert_string_equal(cell("plain text"), "plain text");
    assert_string_equal(cell(NULL), "");
    assert_string_equal(cell(""), "");
    assert_string_equal(cell("a,b"), "\"a,b\"");
    assert_string_equal(cell("say \"hi\""), "\"say \"\"hi\"\"\"");
    assert_string_equal(cell("\""), "\"\"\"\"");
    assert_string_equal(cell("one\r\ntwo"), "\"one\r\ntwo\"");
    assert_string_equal(cell("one\ntwo"), "\"one\ntwo\"");
    assert_string_equal(cell("{\"a\":1,\"b\":\"\"}"), "\"{\"\"a\"\":1,\"\"b\"\":\"\"\"\"}\"");
    assert_string_equal(cell("a;b\tc"), "a;b\tc");
}

static void formulas_are_disarmed(void **state)
{
    (void)state;
    assert_string_equal(cell("=1+1"), "'=1+1");
    assert_string_equal(cell("+1"), "'+1");
    assert_string_equal(cell("-1"), "'-1");
    assert_string_equal(cell("@SUM(A1)"), "'@SUM(A1)");
    assert_string_equal(cell("\tx"), "'\tx");
    assert_string_equal(cell("\rx"), "\"'\rx\"");
    assert_string_equal(cell("'x"), "''x");
    assert_string_equal(cell("=A1,B1"), "\"'=A1,B1\"");
    assert_string_equal(cell("a=1"), "a=1");
}

static void the_guard_can_be_undone(void **state)
{
    static const char *const texts[] = {"=1", "+",  "-5",  "@x", "\tx",
                                        "'",  "''", "'=x", "x'", "plain"};

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        assert_string_equal(csv_unguard(cell(texts[i])), texts[i]);
    }
    assert_string_equal(csv_unguard(""), "");
    assert_null(csv_unguard(NULL));
}

typedef struct pieces_t {
    const char *text;
    size_t at, length, most; /* given at a time */
} pieces_t;

static apr_size_t give_piece(void *payload, char *data, apr_size_t room)
{
    pieces_t *pieces = payload;
    size_t length = pieces->length - pieces->at;

    length = length < pieces->most ? length : pieces->most;
    length = length < room ? length : room;
    memcpy(data, pieces->text + pieces->at, length);
    pieces->at += length;
    return length;
}

/* The cells in brackets, rows parted by "/"; "?" for what is no CSV. */
static const char *read_in_pieces(const char *text, size_t most)
{
    pieces_t pieces = {text, 0, strlen(text), most};
    csv_reader_t *reader = csv_reader_create(pool, give_piece, &pieces);
    const char **cells, *result = "";
    int count;
    apr_status_t status;

    while ((status = csv_read_row(reader, &cells, &count)) == APR_SUCCESS) {
        for (int i = 0; i < count; i++) {
            result = apr_pstrcat(pool, result, "[", cells[i], "]", NULL);
        }
        result = apr_pstrcat(pool, result, "/", NULL);
    }
    return status == APR_EOF ? result : apr_pstrcat(pool, result, "?", NULL);
}

static void rows_are_read_however_they_are_cut(void **state)
{
    static const char *const texts[][2] = {
        {"a,b\r\nc,d\r\n", "[a][b]/[c][d]/"},
        {"a,b\n,\n", "[a][b]/[][]/"},
        {"one", "[one]/"},
        {"\"a,b\",\"say \"\"hi\"\"\",\"\"\r\n", "[a,b][say \"hi\"][]/"},
        {"\"\"\"\",\"one\r\ntwo\"\r\nx,y\r\n", "[\"][one\r\ntwo]/[x][y]/"},
        {"\"open", "?"},
        {"\"shut\"behind\r\n", "?"},
        {"a\r\n\"\"\"", "[a]/?"},
        {"", ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        for (size_t most = 1; most <= strlen(texts[i][0]) + 1; most++) {
            assert_string_equal(read_in_pieces(texts[i][0], most), texts[i][1]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cells_are_quoted_where_needed),
        cmocka_unit_test(formulas_are_disarmed),
        cmocka_unit_test(the_guard_can_be_undone),
        cmocka_unit_test(rows_are_read_however_they_are_cut),
    };
    int failed;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_terminate();
    return failed;
}
