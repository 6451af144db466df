/* The values that XML-RPC documents hold, written as JSON; what is refused; how much a document may
 * cost. xmlrpc_python.py compares with Python at length. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "text/json_value.h"
#include "text/xml_scan.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define CALL(params)                                                                               \
    "<?xml version='1.0'?><methodCall><methodName>m</methodName><params>" params                   \
    "</params></methodCall>"
#define PARAM(value) "<param><value>" value "</value></param>"

static apr_pool_t *pool;

static const json_limits_t limits = {100000, 1u << 22, 1u << 20, 100000};

static void on_token(void *payload, json_token_t token)
{
    json_tree_token(payload, token);
}

static void on_text(void *payload, json_token_t token, const char *data, apr_size_t length,
                    int last)
{
    json_tree_text(payload, token, data, length, last);
}

static const char *written(const json_value_t *value)
{
    buffer_t buffer;

    buffer_init(&buffer, pool, 1u << 22);
    json_write(&buffer, value);
    return apr_pstrdup(pool, buffer_string(&buffer));
}

/* The document's values as JSON, NULL if it is refused. */
static const char *read_bytes(const char *data, apr_size_t length, apr_size_t piece)
{
    json_tree_t *tree = json_tree_create(pool, &limits);
    const json_sink_t sink = {on_token, on_text, tree};
    xml_scan_t *scan = xml_scan_create(pool, &sink);

    for (apr_size_t at = 0; at < length; at += piece) {
        (void)xml_scan_feed(scan, data + at, length - at < piece ? length - at : piece);
    }
    return xml_scan_end(scan) == APR_SUCCESS ? written(json_tree_value(tree)) : NULL;
}

static const char *read_document(const char *document)
{
    return read_bytes(document, strlen(document), strlen(document) + 1);
}

static void assert_reads(const char *document, const char *expected)
{
    const char *seen = read_document(document);

    assert_non_null(seen);
    assert_string_equal(seen, expected);
}

static void values_of_every_type_are_read(void **state)
{
    static const char *const cases[][2] = {
        {"<int>7</int>", "7"},
        {"<i4> -7 </i4>", "-7"},
        {"<i8>+0012</i8>", "12"},
        {"<biginteger>123456789012345678901234567890</biginteger>",
         "123456789012345678901234567890"},
        {"<double>1</double>", "1.0"},
        {"<double>-.5e3</double>", "-0.5e3"},
        {"<double>nan</double>", "\"NaN\""},
        {"<double>-inf</double>", "\"-Infinity\""},
        {"<boolean>1</boolean>", "true"},
        {"<boolean>0</boolean>", "false"},
        {"<nil/>", "null"},
        {"<ex:nil/>", "null"},
        {"<string>a &amp; b</string>", "\"a \\u0026 b\""},
        {"bare", "\"bare\""},
        {"", "\"\""},
        {"  ", "\"  \""},
        {" \n<int>1</int> ", "1"},
        {"<![CDATA[<x>]]>", "\"\\u003cx\\u003e\""},
        {"<base64>YWJj</base64>", "\"YWJj\""},
        {"<dateTime.iso8601>20260102T03:04:05</dateTime.iso8601>", "\"20260102T03:04:05\""},
        {"<array><data><value><int>1</int></value><value>b</value></data></array>", "[1,\"b\"]"},
        {"<array><data/></array>", "[]"},
        {"<struct><member><name>a</name><value><struct/></value></member></struct>", "{\"a\":{}}"},
    };

    (void)state;
    for (apr_size_t i = 0; i < COUNT(cases); i++) {
        assert_reads(apr_psprintf(pool, CALL(PARAM("%s")), cases[i][0]),
                     apr_psprintf(pool, "{\"params\":[%s],\"methodName\":\"m\"}", cases[i][1]));
    }
}

static void calls_answers_and_faults_differ(void **state)
{
    (void)state;
    assert_reads("<methodResponse><params>" PARAM("<int>1</int>") "</params></methodResponse>",
                 "{\"params\":[1]}");
    assert_reads("<methodResponse><fault><value><struct><member><name>faultCode</name>"
                 "<value><int>3</int></value></member></struct></value></fault></methodResponse>",
                 "{\"fault\":[{\"faultCode\":3}]}");
    assert_reads("<methodCall><methodName>m</methodName></methodCall>",
                 "{\"params\":[],\"methodName\":\"m\"}");
}

/* Python looks at no tag around a value. */
static void loose_documents_are_read_as_python_reads_them(void **state)
{
    (void)state;
    assert_reads("<x><methodName>a</methodName><methodName>b</methodName><string>s</string></x>",
                 "{\"params\":[\"s\"],\"methodName\":\"b\"}");
    assert_reads("<x><params/><struct><string>a</string><int>1</int></struct></x>",
                 "{\"params\":[{\"a\":1}]}");
}

static void what_python_refuses_is_refused(void **state)
{
    static const char *const documents[] = {
        "",
        "<a/>",
        "text",
        "<methodCall><methodName>m</methodName>",
        "<params/><params/>",
        CALL(PARAM("<int>x</int>")),
        CALL(PARAM("<int></int>")),
        CALL(PARAM("<int>1.0</int>")),
        CALL(PARAM("<int>1__0</int>")),
        CALL(PARAM("<double>0x1</double>")),
        CALL(PARAM("<boolean>2</boolean>")),
        CALL(PARAM("<foo/>")),
        CALL(PARAM("<struct><member><name>a</name></member></struct>")),
        CALL(PARAM("<struct><array/><int>1</int></struct>")),
        CALL(PARAM("&undefined;"))};

    (void)state;
    for (apr_size_t i = 0; i < COUNT(documents); i++) {
        assert_null(read_document(documents[i]));
    }
}

static void no_doctype_is_read(void **state)
{
    (void)state;
    assert_null(read_document("<!DOCTYPE x [<!ENTITY m 'unlink'>]>" CALL(PARAM("&m;"))));
    assert_null(read_document("<!DOCTYPE x SYSTEM 'file:///etc/passwd'>" CALL("")));
    assert_null(read_document("<!DOCTYPE methodCall>" CALL("")));
}

static void any_cutting_gives_the_same(void **state)
{
    static const char document[] =
        CALL(PARAM(" b\xc3\xa9re ") PARAM("<string>a&#233;&lt;</string>")
                 PARAM("<struct><member><name>long name</name><value>  <double>1.5</double>"
                       "</value></member></struct>") PARAM("<![CDATA[x]]>y"));
    const char *whole = read_document(document);

    (void)state;
    assert_non_null(whole);
    for (apr_size_t piece = 1; piece < sizeof(document); piece++) {
        assert_string_equal(read_bytes(document, sizeof(document) - 1, piece), whole);
    }
}

static void a_document_cut_short_is_refused(void **state)
{
    static const char document[] = CALL(PARAM("<string>a</string>"));

    (void)state;
    for (apr_size_t length = 0; length < sizeof(document) - 1; length++) {
        assert_null(read_bytes(document, length, 5));
    }
}

#define NAMED(encoding) "<?xml version='1.0' encoding='" encoding "'?><x><params/><string>"

static void other_encodings_are_read(void **state)
{
    static const char latin[] = "<?xml version='1.0' encoding='iso-8859-1'?><x><params/>"
                                "<string>\xe9</string></x>";
    const char *utf8 = "<x><params/><string>ab</string></x>";
    apr_size_t length = strlen(utf8);
    char *utf16 = apr_pcalloc(pool, 2 + 2 * length);

    (void)state;
    memcpy(utf16, "\xff\xfe", 2);
    for (apr_size_t i = 0; i < length; i++) {
        utf16[2 + 2 * i] = utf8[i];
    }
    assert_reads(latin, "{\"params\":[\"\xc3\xa9\"]}");
    assert_string_equal(read_bytes(utf16, 2 + 2 * length, 1), "{\"params\":[\"ab\"]}");
    assert_reads(NAMED("latin_1") "\xe9</string></x>", "{\"params\":[\"\xc3\xa9\"]}");
    assert_reads(NAMED("KOI8-R") "\xc1</string></x>", "{\"params\":[\"\xd0\xb0\"]}");
    assert_reads(NAMED("windows-1252") "\x80</string></x>", "{\"params\":[\"\xe2\x82\xac\"]}");
    assert_reads(NAMED("iso_8859-15") "\xa4</string></x>", "{\"params\":[\"\xe2\x82\xac\"]}");
    assert_null(read_document(NAMED("windows-1252") "\x81</string></x>")); /* stands for nothing */
    assert_null(read_document(NAMED("cp037") "a</string></x>")); /* no letter where ASCII has it */
    assert_null(read_document(NAMED("no-such-one") "a</string></x>"));
    assert_null(read_document(NAMED("a/../b") "a</string></x>"));
}

static const char *repeated(const char *text, unsigned times)
{
    apr_size_t length = strlen(text);
    char *all = apr_palloc(pool, length * times + 1);

    for (unsigned i = 0; i < times; i++) {
        memcpy(all + i * length, text, length);
    }
    all[length * times] = '\0';
    return all;
}

static void nesting_has_a_limit(void **state)
{
    unsigned deepest = XML_SCAN_MAX_DEPTH;

    (void)state;
    assert_non_null(read_document(apr_pstrcat(pool, "<x><params/>", repeated("<array>", deepest),
                                              repeated("</array>", deepest), "</x>", NULL)));
    deepest++;
    assert_null(read_document(apr_pstrcat(pool, "<x><params/>", repeated("<array>", deepest),
                                          repeated("</array>", deepest), "</x>", NULL)));
    assert_null(
        read_document(apr_pstrcat(pool, "<x><params/>", repeated("<y>", XML_SCAN_MAX_ELEMENTS),
                                  repeated("</y>", XML_SCAN_MAX_ELEMENTS), "</x>", NULL)));
}

/* Feeds the text over and over; returns how often until it was refused, `most` if it never was. */
static unsigned feed_until_refused(const char *start, const char *text, unsigned most)
{
    json_tree_t *tree = json_tree_create(pool, &limits);
    const json_sink_t sink = {on_token, on_text, tree};
    xml_scan_t *scan = xml_scan_create(pool, &sink);
    unsigned times = 0;

    (void)xml_scan_feed(scan, start, strlen(start));
    while (times < most && xml_scan_feed(scan, text, strlen(text)) == APR_SUCCESS) {
        times++;
    }
    return times;
}

static void memory_has_a_limit(void **state)
{
    const char *kilobyte = repeated("abcdefgh", 128);
    unsigned most = 4 * XML_SCAN_MAX_MEMORY / 1024;

    (void)state;
    assert_true(feed_until_refused("<x y='", kilobyte, most) < most);
    assert_true(feed_until_refused("<", kilobyte, most) < most);
    assert_true(feed_until_refused("<!--", kilobyte, most) < most);
    assert_int_equal(feed_until_refused("<x><params/><string>", kilobyte, most), most);
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
        cmocka_unit_test(values_of_every_type_are_read),
        cmocka_unit_test(calls_answers_and_faults_differ),
        cmocka_unit_test(loose_documents_are_read_as_python_reads_them),
        cmocka_unit_test(what_python_refuses_is_refused),
        cmocka_unit_test(no_doctype_is_read),
        cmocka_unit_test(any_cutting_gives_the_same),
        cmocka_unit_test(a_document_cut_short_is_refused),
        cmocka_unit_test(other_encodings_are_read),
        cmocka_unit_test(nesting_has_a_limit),
        cmocka_unit_test(memory_has_a_limit),
    };

    return cmocka_run_group_tests(tests, start_group, stop_group);
}
