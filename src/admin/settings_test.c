/* The tester: would a call be logged, by which line; would a field's value be kept. */
#include <string.h>

#include <apr_strings.h>

#include "odoo/method.h"
#include "odoo/redact.h"
#include "odoo/track.h"
#include "settings_page.h"

#define FROM_FILE "httpd.conf"
#define FROM_PAGE "this page"

typedef struct question_t {
    const char *model, *method, *field;
    operation_t operation;
} question_t;

static void say(json_value_t *test, const char *sentence, apr_pool_t *pool)
{
    json_set(test, "answer", json_new_string(pool, sentence));
}

/* ---- calls ---- */

static track_t *all_lines(const apr_array_header_t *lines, apr_pool_t *pool)
{
    track_t *track = track_create(pool);

    for (int i = 0; i < lines->nelts; i++) {
        track_add_line(track, APR_ARRAY_IDX(lines, i, const char *));
    }
    return track;
}

static void set_line(json_value_t *test, const page_t *page, const apr_array_header_t *lines,
                     int number)
{
    int floor = page->request->floor->lines[SETTINGS_TRACK]->nelts;

    json_set(test, "rule", json_new_string(page->pool, APR_ARRAY_IDX(lines, number, const char *)));
    json_set(test, "from", json_new_string(page->pool, number < floor ? FROM_FILE : FROM_PAGE));
}

static const char *why_not(const track_decision_t *decision, apr_pool_t *pool)
{
    return decision->excluded_by < 0
               ? "No: no rule names it."
               : apr_psprintf(pool, "No: a rule names it but leaves out !%s.", decision->excluded);
}

static void test_rules(json_value_t *test, const question_t *question, const page_t *page,
                       const settings_view_t *view)
{
    const apr_array_header_t *lines = view->effective.lines[SETTINGS_TRACK];
    track_decision_t decision =
        track_explain(all_lines(lines, page->pool), question->operation, question->model);

    json_set(test, "logged", json_new_boolean(page->pool, decision.line >= 0));
    if (decision.line >= 0) {
        set_line(test, page, lines, decision.line);
        say(test, "Yes.", page->pool);
        return;
    }
    if (decision.excluded_by >= 0) {
        set_line(test, page, lines, decision.excluded_by);
    }
    say(test, why_not(&decision, page->pool), page->pool);
}

static void test_call(json_value_t *test, const question_t *question, const page_t *page,
                      const settings_view_t *view)
{
    if (question->operation == OPERATION_NONE) {
        json_set(test, "logged", json_new_boolean(page->pool, 0));
        say(test, "No: this method only prepares a form or a view and is never logged.",
            page->pool);
    }
    else if (operation_by_module(question->operation)) {
        json_set(test, "logged", json_new_boolean(page->pool, 1));
        say(test, "Yes: this is always logged, whatever the rules say.", page->pool);
    }
    else {
        test_rules(test, question, page, view);
    }
}

/* ---- fields ---- */

static int redacts(const apr_array_header_t *globs, const char *field, apr_pool_t *pool)
{
    redact_t *redact = redact_create(pool);

    for (int i = 0; globs && i < globs->nelts; i++) {
        redact_add(redact, APR_ARRAY_IDX(globs, i, const char *));
    }
    return redact_name(redact, field);
}

static void test_field(json_value_t *test, const char *field, const page_t *page,
                       const settings_view_t *view)
{
    apr_pool_t *pool = page->pool;
    const char *by = NULL;

    if (redacts(NULL, field, pool)) {
        by = "the built-in list";
    }
    else if (redacts(page->request->floor->lines[SETTINGS_REDACT], field, pool)) {
        by = FROM_FILE;
    }
    else if (redacts(view->effective.lines[SETTINGS_REDACT], field, pool)) {
        by = FROM_PAGE;
    }
    json_set(test, "redacted", json_new_boolean(pool, by != NULL));
    json_set(test, "redacted_by", json_new_string(pool, by));
    json_set(test, "field_answer",
             json_new_string(pool, by ? apr_psprintf(pool, "Its value is never kept, by %s.", by)
                                      : "Its value is kept as far as values are kept at all."));
}

/* ---- what is asked ---- */

/* 0 if the operation is no word of ours. */
static int read_question(question_t *question, const page_t *page)
{
    const char *operation = page_parameter(page, "operation");
    const char *model = page_parameter(page, "model");

    question->model = model ? model : "";
    question->method = page_parameter(page, "method");
    question->field = page_parameter(page, "field");
    question->operation = OPERATION_NONE;
    if (operation) {
        question->operation = operation_from_name(operation);
        return question->operation != OPERATION_NONE;
    }
    if (question->method) {
        question->operation = method_find(question->model, question->method)->operation;
    }
    return 1;
}

json_value_t *settings_test(const page_t *page, const settings_view_t *view)
{
    json_value_t *test = json_new_object(page->pool);
    question_t question;
    int known = read_question(&question, page);

    if (known && !question.method && question.operation == OPERATION_NONE && !question.field) {
        return json_new_string(page->pool, NULL);
    }
    if (!known) {
        say(test,
            "There is no such operation: say create, write, unlink, read, search, export, "
            "import, report, download or call.",
            page->pool);
    }
    else if (question.method || question.operation != OPERATION_NONE) {
        json_set(test, "model", json_new_string(page->pool, question.model));
        json_set(test, "operation",
                 json_new_string(page->pool, operation_name(question.operation)));
        test_call(test, &question, page, view);
    }
    if (question.field) {
        json_set(test, "field", json_new_string(page->pool, question.field));
        test_field(test, question.field, page, view);
    }
    return test;
}
