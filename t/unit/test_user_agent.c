/* Rules, their replacements and limits, and the cache. That uap-core's own rules give what they
 * should is tested by user_agent_python.sh. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <apr_time.h>

#include "client/user_agent.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define RULES T_SOURCE "/unit/user_agent_rules.yaml"

static apr_pool_t *pool;
static char file[] = "/tmp/test_user_agent.XXXXXX";

static void write_file(const char *text, size_t length)
{
    FILE *stream = fopen(file, "wb");

    assert_non_null(stream);
    assert_int_equal(fwrite(text, 1, length, stream), length);
    assert_int_equal(fclose(stream), 0);
}

/* From rules in YAML; they must be right. */
static user_agents_t *load(const char *yaml)
{
    user_agents_t *agents;

    write_file(yaml, strlen(yaml));
    assert_null(user_agents_load(&agents, file, pool));
    assert_non_null(agents);
    return agents;
}

static void assert_problem(const char *yaml, const char *expected)
{
    user_agents_t *agents = (user_agents_t *)file;
    const char *problem;

    write_file(yaml, strlen(yaml));
    problem = user_agents_load(&agents, file, pool);
    assert_null(agents);
    assert_non_null(problem);
    if (!strstr(problem, expected) || !strstr(problem, file)) {
        fail_msg("\"%s\" does not say \"%s\"", problem, expected);
    }
}

static void assert_text(const char *is, const char *expected)
{
    assert_int_equal(!is, !expected);
    if (expected) {
        assert_string_equal(is, expected);
    }
}

/* ---- replacements ---- */

static void fields_come_from_groups(void **state)
{
    user_agents_t *agents = load("user_agent_parsers:\n"
                                 "  - regex: '(Fire\\w+)/(\\d+)\\.(\\d+)(?:\\.(\\d+)|)'\n"
                                 "os_parsers:\n"
                                 "  - regex: '(Sys)(\\d)(\\d)(\\d)(\\d)'\n"
                                 "device_parsers:\n"
                                 "  - regex: 'dev (\\w+)'\n");
    const user_agent_t *agent = user_agent_parse(agents, "Firefox/12.3 Sys4567 dev ice");

    (void)state;
    assert_text(agent->browser.family, "Firefox");
    assert_text(agent->browser.major, "12");
    assert_text(agent->browser.minor, "3");
    assert_text(agent->browser.patch, NULL);
    assert_text(agent->os.family, "Sys");
    assert_text(agent->os.major, "4");
    assert_text(agent->os.patch_minor, "7");
    assert_text(agent->device.family, "ice");
    assert_text(agent->device.brand, NULL);
    assert_text(agent->device.model, "ice");
    assert_int_equal(user_agents_rule_count(agents), 3);
}

static void replacements_name_groups(void **state)
{
    user_agents_t *agents = load("device_parsers:\n"
                                 "  - regex: '(a)(b)(c)(d)(e)(f)(g)(h)(i)(j)'\n"
                                 "    device_replacement: ' $9$1 - $2$0$ $$3 '\n"
                                 "    brand_replacement: '$4'\n"
                                 "    model_replacement: ' '\n"
                                 "  - regex: '(x)|(y)'\n"
                                 "    device_replacement: '$1$2$3'\n"
                                 "    brand_replacement: 'B'\n");
    const user_agent_t *agent = user_agent_parse(agents, "abcdefghij");

    (void)state;
    assert_text(agent->device.family, "ia - b$0$ $c");
    assert_text(agent->device.brand, "d");
    assert_text(agent->device.model, NULL);
    agent = user_agent_parse(agents, "y");
    assert_text(agent->device.family, "y");
    assert_text(agent->device.model, NULL);
}

static void the_first_rule_with_a_family_counts(void **state)
{
    user_agents_t *agents = load("user_agent_parsers:\n"
                                 "  - regex: '( *)Thing/(\\d+)'\n"
                                 "  - regex: '(Thing)/(\\d+)'\n"
                                 "  - regex: 'Thing'\n"
                                 "    family_replacement: 'never'\n");
    const user_agent_t *agent = user_agent_parse(agents, "Thing/5");

    (void)state;
    assert_text(agent->browser.family, "Thing");
    assert_text(agent->browser.major, "5");
    assert_text(agent->os.family, "Other");
    assert_text(agent->device.family, "Other");
    agent = user_agent_parse(agents, "thing/5");
    assert_text(agent->browser.family, "Other");
    assert_text(agent->browser.major, NULL);
}

static void a_flag_makes_case_not_count(void **state)
{
    user_agents_t *agents =
        load("device_parsers:\n"
             "  - {regex: 'BOT', regex_flag: 'i', device_replacement: 'Spider'}\n");

    (void)state;
    assert_true(user_agent_parse(agents, "a robot")->is_bot);
    assert_false(user_agent_parse(agents, "a person")->is_bot);
}

static void what_a_later_version_may_bring_is_passed_over(void **state)
{
    user_agents_t *agents = load("%YAML 1.1\n---\n"
                                 "version: 7\n"
                                 "engine_parsers: [{a: [1, {b: c}]}, d]\n"
                                 "os_parsers:\n"
                                 "  - regex: 'X'\n"
                                 "    tags: [a, {b: c}]\n"
                                 "    os_replacement: 'Known'\n");

    (void)state;
    assert_text(user_agent_parse(agents, "X")->os.family, "Known");
}

/* ---- files that are refused ---- */

static void wrong_files_are_told_with_their_line(void **state)
{
    static const char *const cases[][2] = {
        {"", "missing"},
        {"just a word", "line 1"},
        {"os_parsers: []", "no rules"},
        {"os_parsers: {regex: x}", "a list of rules"},
        {"os_parsers:\n  - x", "line 2: a rule is keys"},
        {"os_parsers:\n  - os_replacement: 'x'", "line 2: a rule without regex"},
        {"os_parsers:\n  - regex: 'a'\n  - regex: '('", "line 3: a wrong regular expression"},
        {"os_parsers:\n  - regex: 'a'\n    regex_flag: 'x'", "regex_flag"},
        {"os_parsers:\n  - regex: [a]", "a text is missing"},
        {"os_parsers:\n  - [a]: b", "must be"},
        {"? [a]\n: b", "must be a word"},
        {"os_parsers:\n  - &x {regex: a}\n  - *x", "line 2: anchors"},
        {"os_parsers: &x\n  - regex: a", "anchors"},
        {"os_parsers:\n  - regex: &x a", "anchors"},
        {"os_parsers:\n  - *x", "line 2: anchors"},
        {"os_parsers:\n  - regex: 'a", "line"},
        {"os_parsers:\n\t- regex: 'a'", "line 2"},
        {"os_parsers:\n  - regex: '\\C'", "a wrong regular expression"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_problem(cases[i][0], cases[i][1]);
    }
}

static void files_have_limits(void **state)
{
    char *word = apr_pcalloc(pool, 8 * 1024 + 2);
    char *many = apr_pcalloc(pool, 16 * 10001 + 32), *end = many;

    (void)state;
    memset(word, 'a', 8 * 1024 + 1);
    assert_problem(apr_pstrcat(pool, "os_parsers:\n  - regex: ", word, NULL), "longer than 8 KiB");
    end += sprintf(end, "os_parsers:\n");
    for (int i = 0; i < 10001; i++) {
        end += sprintf(end, "  - {regex: a}\n");
    }
    assert_problem(many, "more than 10000 rules");
}

static void a_file_that_is_too_long_is_not_read(void **state)
{
    user_agents_t *agents;

    (void)state;
    write_file("", 0);
    assert_int_equal(truncate(file, 8 * 1024 * 1024 + 1), 0);
    assert_non_null(strstr(user_agents_load(&agents, file, pool), "at most 8 MiB"));
    assert_non_null(strstr(user_agents_load(&agents, "/tmp", pool), "is no file"));
    assert_non_null(
        strstr(user_agents_load(&agents, "/nowhere/x", pool), "cannot be read: No such"));
    assert_null(agents);
}

/* ---- texts ---- */

static void only_the_start_of_a_long_text_is_looked_at(void **state)
{
    user_agents_t *agents = load("user_agent_parsers:\n  - regex: '(End)'\n");
    char text[USER_AGENT_MAX + 4];

    (void)state;
    memset(text, ' ', sizeof(text));
    memcpy(text + USER_AGENT_MAX - 3, "End", 4);
    assert_text(user_agent_parse(agents, text)->browser.family, "End");
    memcpy(text + USER_AGENT_MAX - 3, " End", 5);
    assert_text(user_agent_parse(agents, text)->browser.family, "Other");
    assert_int_equal(strlen(user_agent_parse(agents, text)->text), USER_AGENT_MAX);
}

static void broken_texts_are_repaired(void **state)
{
    user_agents_t *agents = load("user_agent_parsers:\n  - regex: '<(.)>'\n");

    (void)state;
    assert_text(user_agent_parse(agents, "<\xff>")->browser.family, "\xef\xbf\xbd");
    assert_text(user_agent_parse(agents, "<\xc3\xa9>")->browser.family, "\xc3\xa9");
    assert_text(user_agent_parse(agents, "")->browser.family, "Other");
    assert_text(user_agent_parse(agents, NULL)->browser.family, "Other");
}

/* A rule that would try for years counts as one that does not match. */
static void a_match_has_an_end(void **state)
{
    user_agents_t *agents = load("user_agent_parsers:\n"
                                 "  - regex: '^(a+)+$'\n"
                                 "  - regex: '(b)'\n");
    char text[USER_AGENT_MAX];
    apr_time_t begun = apr_time_now();

    (void)state;
    memset(text, 'a', sizeof(text));
    text[sizeof(text) - 2] = 'b';
    text[sizeof(text) - 1] = '\0';
    assert_text(user_agent_parse(agents, text)->browser.family, "b");
    assert_true(apr_time_now() - begun < apr_time_from_sec(60));
}

/* ---- cache ---- */

static void what_is_used_stays_and_what_is_not_goes(void **state)
{
    user_agents_t *agents = load("user_agent_parsers:\n  - regex: '(n)(\\d+)'\n");
    const user_agent_t *first = user_agent_parse(agents, "n0");

    (void)state;
    assert_ptr_equal(user_agent_parse(agents, "n0"), first);
    for (int i = 1; i < 3 * USER_AGENT_CACHE; i++) {
        const user_agent_t *agent = user_agent_parse(agents, apr_psprintf(pool, "n%d", i));

        assert_string_equal(agent->browser.major, apr_itoa(pool, i));
        assert_string_equal(agent->text, apr_psprintf(pool, "n%d", i));
        agent = user_agent_parse(agents, "n0");
        assert_string_equal(agent->browser.family, "n");
        assert_string_equal(agent->browser.major, "0");
        assert_null(agent->browser.minor);
        assert_string_equal(agent->os.family, "Other");
    }
}

/* ---- kinds and names ---- */

typedef struct kind_case_t {
    const char *text;
    const char *kinds; /* mobile, tablet, touch, pc, bot, mail */
    const char *string;
} kind_case_t;

static const kind_case_t kind_cases[] = {
    {"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
     "Chrome/126.0.0.0 Safari/537.36",
     "000100", "PC / Windows 10 / Chrome 126.0.0"},
    {"Mozilla/5.0 (Linux; Android 14; SM-G991B) AppleWebKit/537.36 (KHTML, like Gecko) "
     "Chrome/126.0.0.0 Mobile Safari/537.36",
     "101000", "Samsung SM-G991B / Android 14 / Chrome Mobile 126.0.0"},
    {"Mozilla/5.0 (Linux; Android 13; SM-X700) AppleWebKit/537.36 (KHTML, like Gecko) "
     "Chrome/126.0.0.0 Safari/537.36",
     "011000", "Samsung SM-X700 / Android 13 / Chrome 126.0.0"},
    {"Mozilla/5.0 (iPhone; CPU iPhone OS 17_05 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
     "Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
     "101000", "iPhone / iOS 17.5 / Mobile Safari 17.5"},
    {"Mozilla/5.0 (iPad; CPU OS 16_0 like Mac OS X) Version/16.0 Mobile/15E148 Safari/604.1",
     "011000", "iPad / iOS 16.0 / Mobile Safari 16.0"},
    {"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/17.5 Safari/605.1.15", "000100",
     "PC / Mac OS X 10.15.7 / Safari 17.5"},
    {"Mozilla/5.0 (X11; Linux x86_64; rv:38.0) Gecko/20100101 Thunderbird/38.2.0", "000101",
     "PC / Linux / Thunderbird 38.2.0"},
    {"Mozilla/5.0 (compatible; MSIE 10.0; Windows NT 6.2; ARM; Trident/6.0)", "011100",
     "PC / Windows RT / IE 10.0"},
    {"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "000010",
     "Spider / Other / Googlebot 2.1"},
    {"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) Chrome/126.0.0.0 Safari/537.36", "000100",
     "PC / Chrome OS 14541.0 / Chrome 126.0.0"},
    {"SomeThing MIDP-2.1", "100000", "Other / Other / Other"},
    {"", "000000", "Other / Other / Other"},
};

static void kinds_and_names_are_those_of_user_agents(void **state)
{
    user_agents_t *agents;

    (void)state;
    assert_null(user_agents_load(&agents, RULES, pool));
    for (size_t i = 0; i < COUNT(kind_cases); i++) {
        const user_agent_t *agent = user_agent_parse(agents, kind_cases[i].text);
        const char *kinds = apr_psprintf(pool, "%d%d%d%d%d%d", agent->is_mobile, agent->is_tablet,
                                         agent->is_touch_capable, agent->is_pc, agent->is_bot,
                                         agent->is_email_client);

        assert_string_equal(user_agent_string(agent, pool), kind_cases[i].string);
        assert_string_equal(kinds, kind_cases[i].kinds);
    }
}

static int set_up(void **state)
{
    int descriptor = mkstemp(file);

    (void)state;
    apr_pool_create(&pool, NULL);
    return descriptor < 0 || close(descriptor) != 0;
}

static int tear_down(void **state)
{
    (void)state;
    apr_pool_destroy(pool);
    return unlink(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_come_from_groups),
        cmocka_unit_test(replacements_name_groups),
        cmocka_unit_test(the_first_rule_with_a_family_counts),
        cmocka_unit_test(a_flag_makes_case_not_count),
        cmocka_unit_test(what_a_later_version_may_bring_is_passed_over),
        cmocka_unit_test(wrong_files_are_told_with_their_line),
        cmocka_unit_test(files_have_limits),
        cmocka_unit_test(a_file_that_is_too_long_is_not_read),
        cmocka_unit_test(only_the_start_of_a_long_text_is_looked_at),
        cmocka_unit_test(broken_texts_are_repaired),
        cmocka_unit_test(a_match_has_an_end),
        cmocka_unit_test(what_is_used_stays_and_what_is_not_goes),
        cmocka_unit_test(kinds_and_names_are_those_of_user_agents),
    };
    int failed;

    apr_initialize();
    failed = cmocka_run_group_tests(tests, set_up, tear_down);
    apr_terminate();
    return failed;
}
