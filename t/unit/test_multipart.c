/* Multipart forms as werkzeug reads them. multipart_python.py compares with it at length. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "text/buffer.h"
#include "text/multipart.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define TYPE "multipart/form-data; boundary=B"
#define HEAD(name) "Content-Disposition: form-data; name=\"" name "\"\r\n\r\n"
#define END "\r\n--B--\r\n"

static apr_pool_t *pool;

/* What was reported, as text: "[name|filename|type:data=size]". */
typedef struct report_t {
    buffer_t text;
    int silent; /* no data is asked for */
} report_t;

static void put(report_t *report, const char *text)
{
    buffer_append_string(&report->text, text ? text : "-");
}

static int begin_part(void *payload, const multipart_part_t *part)
{
    report_t *report = payload;

    put(report, "[");
    put(report, part->name);
    put(report, "|");
    put(report, part->filename);
    put(report, "|");
    put(report, part->content_type);
    put(report, ":");
    return !report->silent;
}

static void part_data(void *payload, const char *data, apr_size_t length)
{
    buffer_append(&((report_t *)payload)->text, data, length);
}

static void end_part(void *payload, apr_uint64_t size)
{
    put(payload, apr_psprintf(pool, "=%d]", (int)size));
}

static const char *read_pieces(const char *content_type, const char *body, apr_size_t length,
                               apr_size_t piece, int silent)
{
    report_t report = {.silent = silent};
    const multipart_sink_t sink = {begin_part, part_data, end_part, &report};
    multipart_t *multipart = multipart_create(pool, content_type, &sink);

    buffer_init(&report.text, pool, 1u << 20);
    for (apr_size_t at = 0; at < length; at += piece) {
        multipart_feed(multipart, body + at, length - at < piece ? length - at : piece);
    }
    if (multipart_end(multipart) != APR_SUCCESS) {
        return "malformed";
    }
    return apr_pstrdup(pool, buffer_string(&report.text));
}

static const char *read_form(const char *body)
{
    return read_pieces(TYPE, body, strlen(body), strlen(body) + 1, 0);
}

static const char browser_form[] = "--B\r\n" HEAD(
    "csrf_token") "abc\r\n--B\r\n"
                  "Content-Disposition: form-data; name=\"ufile\"; filename=\"a \xc3\xa9.csv\"\r\n"
                  "Content-Type: text/csv\r\n\r\nid\r\n--\r\n--Bx\r\n--B-\r\n1\r\n--B\r\n" HEAD(
                      "empty") "\r\n--B\r\n" HEAD("id") "7" END;

static void parts_come_out_however_the_body_is_cut(void **state)
{
    static const char expected[] =
        "[csrf_token|-|-:abc=3][ufile|a \xc3\xa9.csv|text/csv:id\r\n--\r\n--Bx\r\n--B-\r\n1=21]"
        "[empty|-|-:=0][id|-|-:7=1]";

    (void)state;
    for (apr_size_t piece = 1; piece <= sizeof(browser_form); piece++) {
        assert_string_equal(read_pieces(TYPE, browser_form, sizeof(browser_form) - 1, piece, 0),
                            expected);
    }
}

static void unwanted_data_is_measured(void **state)
{
    (void)state;
    for (apr_size_t piece = 1; piece <= sizeof(browser_form); piece++) {
        assert_string_equal(read_pieces(TYPE, browser_form, sizeof(browser_form) - 1, piece, 1),
                            "[csrf_token|-|-:=3][ufile|a \xc3\xa9.csv|text/csv:=21]"
                            "[empty|-|-:=0][id|-|-:=1]");
    }
}

static void heads_are_read_as_werkzeug_reads_them(void **state)
{
    static const char *const cases[][2] = {
        {"Content-Disposition: form-data; name=a\r\n\r\nx", "[a|-|-:x=1]"},
        {"content-disposition:x;NAME=\"a\"\n\nx", "[a|-|-:x=1]"},
        {"Content-Disposition: form-data; name=\"a\\\"b\\\\c\"\r\n\r\nx", "[a\"b\\c|-|-:x=1]"},
        {"Content-Disposition: form-data; name=\"a%22b\"\r\n\r\nx", "[a\"b|-|-:x=1]"},
        {"Content-Disposition: form-data; name*=utf-8''%61b\r\n\r\nx", "[ab|-|-:x=1]"},
        {"Content-Disposition: form-data; name*0=a; name*1=b\r\n\r\nx", "[ab|-|-:x=1]"},
        {"Content-Disposition: form-data; name=a; name=b\r\n\r\nx", "[b|-|-:x=1]"},
        {"Content-Disposition: form-data\r\n\r\nx", "[|-|-:x=1]"},
        {"Content-Disposition:\r\n form-data;\r\n\tname=a\r\n\r\nx", "[a|-|-:x=1]"},
        {"X: y\rContent-Disposition: z; name=a\r\rx", "[a|-|-:x=1]"},
        {"Content-Disposition: z; name=a\r\nContent-Disposition: z; name=b\r\n\r\nx",
         "[a|-|-:x=1]"},
        {"\r\nContent-Disposition: z; name=a\r\n\r\nx", "[a|-|-:x=1]"},
        {"Content-Disposition: z; name=a; filename=\"\"\r\n\r\nx", "[a||-:x=1]"},
        {"Content-Type: text/plain\r\n\r\nx", "malformed"},
        {"Content-Disposition: z; name=\xff\r\n\r\nx", "malformed"},
    };

    (void)state;
    for (apr_size_t i = 0; i < COUNT(cases); i++) {
        const char *body = apr_pstrcat(pool, "--B\r\n", cases[i][0], END, NULL);

        assert_string_equal(read_form(body), cases[i][1]);
    }
}

static void boundaries_may_look_odd(void **state)
{
    static const char *const cases[][2] = {
        {"--B--", ""},
        {"preamble --B\r\n" HEAD("a") "x" END, "[a|-|-:x=1]"},
        {"--B \t\r\n" HEAD("a") "x\r\n--B \t--B" END, "[a|-|-:x\r\n--B \t--B=11]"},
        {"--B\n" HEAD("a") "x\n--B\r" HEAD("b") "y\r--B--epilogue", "[a|-|-:x=1][b|-|-:y=1]"},
        {"--B\r\n" HEAD("a") "\r\n\r\n\r\n--B-- \r\n--B\r\n", "[a|-|-:\r\n\r\n=4]"},
        {"--B\r\n" HEAD("a") "x\r\r\n--B--", "[a|-|-:x\r=2]"},
        {"--B\r\n" HEAD("a") "--B\r\n" HEAD("b") "y" END, "[a|-|-:=0][b|-|-:y=1]"},
    };

    (void)state;
    for (apr_size_t i = 0; i < COUNT(cases); i++) {
        assert_string_equal(read_form(cases[i][0]), cases[i][1]);
    }
}

static void a_form_without_its_last_boundary_is_malformed(void **state)
{
    apr_size_t whole = sizeof(browser_form) - 1 - strlen("\r\n");

    (void)state;
    for (apr_size_t length = 0; length < whole; length++) {
        assert_string_equal(read_pieces(TYPE, browser_form, length, 7, 0), "malformed");
    }
    assert_string_not_equal(read_pieces(TYPE, browser_form, whole, 7, 0), "malformed");
}

static const char *boundary_of(apr_size_t length)
{
    char *boundary = apr_palloc(pool, length + 1);

    memset(boundary, 'b', length);
    boundary[length] = '\0';
    return boundary;
}

static const char *read_with_boundary(const char *boundary)
{
    const char *body =
        apr_pstrcat(pool, "--", boundary, "\r\n" HEAD("a") "x\r\n--", boundary, "--", NULL);

    return read_pieces(apr_pstrcat(pool, "multipart/form-data; boundary=\"", boundary, "\"", NULL),
                       body, strlen(body), 3, 0);
}

static void boundaries_have_a_limit(void **state)
{
    (void)state;
    assert_string_equal(read_with_boundary(boundary_of(MULTIPART_MAX_BOUNDARY)), "[a|-|-:x=1]");
    assert_string_equal(read_with_boundary(boundary_of(MULTIPART_MAX_BOUNDARY + 1)), "malformed");
    assert_string_equal(read_with_boundary("a b:?"), "[a|-|-:x=1]");
    assert_string_equal(read_pieces("multipart/form-data", "", 0, 1, 0), "malformed");
    assert_string_equal(read_pieces("multipart/form-data; boundary=", "", 0, 1, 0), "malformed");
}

static void heads_have_a_limit(void **state)
{
    char *long_line = apr_palloc(pool, MULTIPART_MAX_HEAD + 1);

    (void)state;
    memset(long_line, 'x', MULTIPART_MAX_HEAD);
    long_line[MULTIPART_MAX_HEAD] = '\0';
    assert_string_equal(read_form(apr_pstrcat(pool, "--B\r\nX: ", long_line,
                                              "\r\n" HEAD("a") "x" END, NULL)),
                        "malformed");
}

static void parts_have_a_limit(void **state)
{
    static const char part[] = "--B\r\n" HEAD("a") "\r\n";
    apr_size_t length = sizeof(part) - 1, count = MULTIPART_MAX_PARTS + 1;
    char *body = apr_palloc(pool, count * length + sizeof("--B--"));

    (void)state;
    for (apr_size_t i = 0; i < count; i++) {
        memcpy(body + i * length, part, length);
    }
    strcpy(body + count * length, "--B--");
    assert_string_equal(read_pieces(TYPE, body, count * length + 5, 4096, 1), "malformed");
    assert_string_not_equal(read_pieces(TYPE, body + length, (count - 1) * length + 5, 4096, 1),
                            "malformed");
}

static void only_form_data_is_a_form(void **state)
{
    (void)state;
    assert_true(multipart_is("multipart/form-data; boundary=x"));
    assert_true(multipart_is(" Multipart/Form-Data"));
    assert_false(multipart_is("multipart/form-datax"));
    assert_false(multipart_is("multipart/mixed; boundary=x"));
}

static int start_group(void **state)
{
    (void)state;
    apr_initialize();
    return apr_pool_create(&pool, NULL) != APR_SUCCESS;
}

static int stop_group(void **state)
{
    (void)state;
    apr_pool_destroy(pool);
    apr_terminate();
    return 0;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_come_out_however_the_body_is_cut),
        cmocka_unit_test(unwanted_data_is_measured),
        cmocka_unit_test(heads_are_read_as_werkzeug_reads_them),
        cmocka_unit_test(boundaries_may_look_odd),
        cmocka_unit_test(a_form_without_its_last_boundary_is_malformed),
        cmocka_unit_test(boundaries_have_a_limit),
        cmocka_unit_test(heads_have_a_limit),
        cmocka_unit_test(parts_have_a_limit),
        cmocka_unit_test(only_form_data_is_a_form),
    };

    return cmocka_run_group_tests(tests, start_group, stop_group);
}
