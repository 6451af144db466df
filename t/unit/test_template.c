/* The template language: escaping above all, then sections, names, partials and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <string.h>

#include "admin/template.h"

typedef struct source_t {
    const char *name, *text;
} source_t;

static apr_pool_t *pool;

static int make_pool(void **state)
{
    (void)state;
    return apr_pool_create(&pool, NULL) != APR_SUCCESS;
}

static int drop_pool(void **state)
{
    (void)state;
    apr_pool_destroy(pool);
    return 0;
}

static const char *find_source(void *payload, const char *name, apr_size_t *length)
{
    for (const source_t *source = payload; source->name; source++) {
        if (strcmp(source->name, name) == 0) {
            *length = strlen(source->text);
            return source->text;
        }
    }
    return NULL;
}

static apr_status_t keep(void *payload, const char *data, apr_size_t length)
{
    buffer_append(payload, data, length);
    return APR_SUCCESS;
}

static json_value_t *view_of(const char *json)
{
    static const json_limits_t limits = {1000, 100000, 100000, 1000};
    json_value_t *view = json_parse(pool, json, strlen(json), &limits);

    assert_non_null(view);
    return view;
}

static template_t *parse_sources(source_t *sources)
{
    template_t *template;
    const char *problem;

    if (template_parse(&template, pool, sources->name, find_source, sources, &problem)) {
        fail_msg("%s", problem);
    }
    assert_null(problem);
    return template;
}

static const char *render_sources(source_t *sources, const char *json, const char **missing)
{
    buffer_t buffer;

    buffer_init(&buffer, pool, 1000000);
    assert_int_equal(template_render(parse_sources(sources), view_of(json), keep, &buffer, missing),
                     APR_SUCCESS);
    assert_false(buffer.overflow);
    return buffer_string(&buffer);
}

static void expect(const char *text, const char *json, const char *result)
{
    source_t sources[] = {{"page", text}, {NULL, NULL}};
    const char *missing;

    assert_string_equal(render_sources(sources, json, &missing), result);
    assert_null(missing);
}

static void test_every_markup_character_is_escaped(void **state)
{
    (void)state;
    expect("<a title=\"{{x}}\">{{x}}</a>", "{\"x\":\"<script>&\\\"'\"}",
           "<a title=\"&lt;script&gt;&amp;&quot;&#39;\">&lt;script&gt;&amp;&quot;&#39;</a>");
    expect("{{x}}", "{\"x\":\"{{y}}&lt;\"}", "{{y}}&amp;lt;");
}

static void test_control_characters_become_visible(void **state)
{
    (void)state;
    expect("{{x}}", "{\"x\":\"a\\u0001b\\u007fc\\td\\ne\\u001b[0m\"}",
           "a\xef\xbf\xbd"
           "b\xef\xbf\xbd"
           "c\td\ne\xef\xbf\xbd[0m");
}

static void test_other_characters_stay(void **state)
{
    (void)state;
    expect("{{x}}", "{\"x\":\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\"}",
           "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80");
}

static void test_values_of_each_type(void **state)
{
    (void)state;
    expect("{{a}},{{b}},{{c}},{{d}},{{e}}",
           "{\"a\":12.50,\"b\":true,\"c\":false,\"d\":null,\"e\":\"\"}", "12.50,true,false,,");
}

static void test_sections_repeat_over_arrays(void **state)
{
    (void)state;
    expect("{{#rows}}[{{name}}{{^last}},{{/last}}]{{/rows}}{{^rows}}none{{/rows}}",
           "{\"rows\":[{\"name\":\"a\"},{\"name\":\"b\",\"last\":true}]}", "[a,][b]");
    expect("{{#rows}}x{{/rows}}{{^rows}}none{{/rows}}", "{\"rows\":[]}", "none");
    expect("{{#rows}}<{{.}}>{{/rows}}", "{\"rows\":[1,\"b\",true]}", "<1><b><true>");
}

static void test_sections_ask_for_truth(void **state)
{
    const char *const falses[] = {"null", "false", "0", "\"\"", "[]", "{}"};
    const char *const truths[] = {"true", "1", "\"0\"", "[0]", "{\"a\":1}"};

    (void)state;
    for (size_t i = 0; i < sizeof(falses) / sizeof(falses[0]); i++) {
        expect("{{#x}}yes{{/x}}{{^x}}no{{/x}}", apr_psprintf(pool, "{\"x\":%s}", falses[i]), "no");
    }
    for (size_t i = 0; i < sizeof(truths) / sizeof(truths[0]); i++) {
        expect("{{#x}}yes{{/x}}{{^x}}no{{/x}}", apr_psprintf(pool, "{\"x\":%s}", truths[i]), "yes");
    }
    expect("{{#x}}yes{{/x}}{{^x}}no{{/x}}", "{}", "no");
}

static void test_names_are_found_outwards(void **state)
{
    (void)state;
    expect("{{#a}}{{#b}}{{x}}{{y}}{{a.x}}{{/b}}{{/a}}",
           "{\"x\":1,\"y\":2,\"a\":{\"x\":3,\"b\":{\"x\":4}}}", "423");
    expect("{{#rows}}{{top}}{{/rows}}", "{\"top\":\"t\",\"rows\":[1,2]}", "tt");
    expect("{{a.b.c}}", "{\"a\":{\"b\":{\"c\":\"deep\"}}}", "deep");
}

/* What an inner object lacks must not be taken from an outer one half-way through a dotted name. */
static void test_dotted_names_do_not_wander(void **state)
{
    source_t sources[] = {{"page", "{{#a}}{{b.c}}{{/a}}"}, {NULL, NULL}};
    const char *missing;

    (void)state;
    assert_string_equal(render_sources(sources, "{\"b\":{\"c\":1},\"a\":{\"b\":{}}}", &missing),
                        "");
    assert_string_equal(missing, "b.c");
}

static void test_missing_names_are_told(void **state)
{
    source_t sources[] = {{"page", "a{{nothing}}b{{x}}{{other}}"}, {NULL, NULL}};
    const char *missing;

    (void)state;
    assert_string_equal(render_sources(sources, "{\"x\":[1]}", &missing), "ab");
    assert_string_equal(missing, "nothing");
}

static void test_partials_share_the_view(void **state)
{
    source_t sources[] = {{"page", "{{>head}}{{#rows}}{{>row}}{{/rows}}"},
                          {"head", "<h1>{{title}}</h1>"},
                          {"row", "({{name}}{{>tail}})"},
                          {"tail", "!"},
                          {NULL, NULL}};
    const char *missing;

    (void)state;
    assert_string_equal(render_sources(sources,
                                       "{\"title\":\"<t>\",\"rows\":[{\"name\":1},{\"name\":2}]}",
                                       &missing),
                        "<h1>&lt;t&gt;</h1>(1!)(2!)");
    assert_null(missing);
}

static void test_comments_are_nothing(void **state)
{
    (void)state;
    expect("a{{! <b> {{x }}c", "{}", "ac");
}

static void test_malformed_templates_are_refused(void **state)
{
    const char *const texts[] = {
        "{{#a}}",
        "{{/a}}",
        "{{#a}}{{/b}}",
        "{{#a}}{{#b}}{{/a}}{{/b}}",
        "{{a",
        "{{}}",
        "{{a b}}",
        "{{ a }}",
        "{{{a}}}",
        "{{&a}}",
        "{{.a.}}{{..}}",
        "{{a.b.c.d.e}}",
        "<a href={{url}}>",
        "{{>page}}",
        "{{#a}}{{>page}}{{/a}}",
        "{{aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        source_t sources[] = {{"page", texts[i]}, {NULL, NULL}};
        template_t *template;
        const char *problem = NULL;

        if (template_parse(&template, pool, "page", find_source, sources, &problem) != APR_EINVAL) {
            fail_msg("not refused: %s", texts[i]);
        }
        assert_non_null(strstr(problem, "template page"));
    }
}

static void test_absent_templates_are_told(void **state)
{
    source_t sources[] = {{"page", "{{>other}}"}, {NULL, NULL}};
    template_t *template;
    const char *problem;

    (void)state;
    assert_int_equal(template_parse(&template, pool, "none", find_source, sources, &problem),
                     APR_NOTFOUND);
    assert_non_null(strstr(problem, "none"));
    assert_int_equal(template_parse(&template, pool, "page", find_source, sources, &problem),
                     APR_NOTFOUND);
    assert_non_null(strstr(problem, "other"));
}

static const char *nested(int depth)
{
    const char *text = "x";

    for (int i = 0; i < depth; i++) {
        text = apr_pstrcat(pool, "{{#a}}", text, "{{/a}}", NULL);
    }
    return text;
}

static void test_depth_has_a_limit(void **state)
{
    source_t sources[] = {{"page", nested(TEMPLATE_MAX_DEPTH)}, {NULL, NULL}};
    template_t *template;

    (void)state;
    assert_int_equal(template_parse(&template, pool, "page", find_source, sources, NULL),
                     APR_EINVAL);
    expect(nested(TEMPLATE_MAX_DEPTH - 1), "{\"a\":1}", "x");
}

static void test_long_pages_come_whole(void **state)
{
    char *text = apr_palloc(pool, 50001), *json;

    (void)state;
    memset(text, 'a', 50000);
    text[50000] = '\0';
    json = apr_psprintf(pool, "{\"x\":\"%s\"}", text);
    expect("{{x}}", json, text);
    expect(text, "{}", text);
}

static apr_status_t break_off(void *payload, const char *data, apr_size_t length)
{
    (void)data;
    (void)length;
    ++*(int *)payload;
    return APR_ECONNABORTED;
}

static void test_a_failing_client_ends_it(void **state)
{
    source_t sources[] = {{"page", "{{#rows}}{{>row}}{{/rows}}"},
                          {"row", "{{#.}}{{top}}{{top}}{{/.}}"},
                          {NULL, NULL}};
    char *text = apr_palloc(pool, 10001);
    int calls = 0;
    json_value_t *view;

    (void)state;
    memset(text, 'a', 10000);
    text[10000] = '\0';
    view = view_of(apr_psprintf(pool, "{\"top\":\"%s\",\"rows\":[1,2,3]}", text));
    assert_int_equal(template_render(parse_sources(sources), view, break_off, &calls, NULL),
                     APR_ECONNABORTED);
    assert_int_equal(calls, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_every_markup_character_is_escaped, make_pool,
                                        drop_pool),
        cmocka_unit_test_setup_teardown(test_control_characters_become_visible, make_pool,
                                        drop_pool),
        cmocka_unit_test_setup_teardown(test_other_characters_stay, make_pool, drop_pool),
        cmocka_unit_test_setup_teardown(test_values_of_each_type, make_pool, drop_pool),
        cmocka_unit_test_setup_teardown(test_sections_repeat_over_arrays, make_pool, drop_pool),
        cmocka_unit_test_setup_teardown(test_sections_ask_for_truth, make_pool, drop_pool),
        cmocka_unit_test_setup_teardown(test_names_are_found_outwards, make_pool, drop_pool),
        cmocka_unit_test_setup_teardown(test_dotted_names_do_not_wander, make_pool, drop_pool),
        cmocka_unit_test_setup_teardown(test_missing_names_are_told, make_pool, drop_pool),
        cmocka_unit_test_setup_teardown(test_partials_share_the_view, make_pool, drop_pool),
        cmocka_unit_test_setup_teardown(test_comments_are_nothing, make_pool, drop_pool),
        cmocka_unit_test_setup_teardown(test_malformed_templates_are_refused, make_pool, drop_pool),
        cmocka_unit_test_setup_teardown(test_absent_templates_are_told, make_pool, drop_pool),
        cmocka_unit_test_setup_teardown(test_depth_has_a_limit, make_pool, drop_pool),
        cmocka_unit_test_setup_teardown(test_long_pages_come_whole, make_pool, drop_pool),
        cmocka_unit_test_setup_teardown(test_a_failing_client_ends_it, make_pool, drop_pool),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
