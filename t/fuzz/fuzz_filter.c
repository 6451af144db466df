/* A query of the trail's pages: what is taken is written as a query that is taken as the same; the
 * statement made of it, on either database, has a parameter for each value and no byte of what was
 * asked for; and a visitor who is no manager is kept to what is theirs. The first byte chooses the
 * visitor. */
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "../../src/admin/filter.h"
#include "../../src/store/search.h"
#include "target.h"

#define MARK "\x01" /* stands in no statement */

static void require(int truth)
{
    if (!truth) {
        abort();
    }
}

static const admin_request_t *request_of(const char *query, int manager, apr_pool_t *pool)
{
    admin_request_t *request = apr_pcalloc(pool, sizeof(*request));

    request->pool = pool;
    request->query = query;
    request->site = "erp";
    request->now = apr_time_from_sec(1700000000);
    request->visitor.known = 1;
    request->visitor.manager = manager;
    request->visitor.session.uid = 7;
    strcpy(request->visitor.session.site, "erp");
    strcpy(request->visitor.session.database, "prod");
    strcpy(request->visitor.session.login, "ann");
    return request;
}

static const char *read_filter(filter_t *filter, const char *query, int manager, apr_pool_t *pool)
{
    page_t *page = apr_pcalloc(pool, sizeof(*page));

    page->pool = pool;
    page->request = (admin_request_t *)request_of(query, manager, pool);
    return filter_read(filter, page);
}

static void check_again(const filter_t *filter, int manager, apr_pool_t *pool)
{
    const char *query = filter_query(filter, FILTER_COUNT, NULL, pool);
    filter_t again;

    require(read_filter(&again, *query ? query + 1 : query, manager, pool) == NULL);
    for (int name = 0; name < FILTER_COUNT; name++) {
        require(!filter->text[name] == !again.text[name]);
        require(!filter->text[name] || !strcmp(filter->text[name], again.text[name]));
    }
    require(again.event.from == filter->event.from && again.event.to == filter->event.to);
    require(filter_used(&again) == filter_used(filter));
}

static int parameters(const char *sql)
{
    int count = 0;

    for (; *sql; sql++) {
        if (*sql == '%') {
            sql++;
            require(*sql == '%' || *sql == 's');
            count += *sql == 's';
        }
    }
    return count;
}

static const char *statement(const event_filter_t *filter, const dialect_t *dialect,
                             apr_pool_t *pool)
{
    store_t *store = apr_pcalloc(pool, sizeof(*store));
    query_t *query = apr_palloc(pool, sizeof(*query));

    store->dialect = dialect;
    query_init(query, pool, "SELECT id FROM events");
    search_rows(query, store, filter);
    require(!query->sql.overflow && query->values <= QUERY_MAX_VALUES);
    require(parameters(buffer_string(&query->sql)) == query->values);
    return buffer_string(&query->sql);
}

static void mark(const char **text, apr_pool_t *pool)
{
    if (*text) {
        *text = apr_pstrcat(pool, *text, MARK "';--", NULL);
    }
}

/* The same statement whatever the words are. */
static void check_statement(const filter_t *filter, apr_pool_t *pool)
{
    static const dialect_t *const dialects[] = {&dialect_sqlite, &dialect_postgresql};
    event_filter_t marked = filter->event;

    mark(&marked.session, pool);
    mark(&marked.model, pool);
    mark(&marked.record_model, pool);
    mark(&marked.outcome, pool);
    mark(&marked.site, pool);
    mark(&marked.country, pool);
    mark(&marked.city, pool);
    mark(&marked.channel, pool);
    mark(&marked.flag, pool);
    for (int i = 0; marked.operations[i]; i++) {
        mark(&marked.operations[i], pool);
    }
    for (size_t i = 0; i < sizeof(dialects) / sizeof(dialects[0]); i++) {
        const char *sql = statement(&marked, dialects[i], pool);

        require(strstr(sql, MARK) == NULL);
        require(strcmp(sql, statement(&filter->event, dialects[i], pool)) == 0);
    }
}

static void check(const filter_t *filter, int manager, apr_pool_t *pool)
{
    check_again(filter, manager, pool);
    require(filter->event.own_only == !manager || filter->nothing);
    if (!filter->nothing) {
        require(manager || (filter->event.own_uid == 7 && !strcmp(filter->event.own_site, "erp")));
        require(!strcmp(filter->event.site, "erp"));
        require(search_check(&filter->event) == APR_SUCCESS);
        check_statement(filter, pool);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *pool;
    filter_t filter;
    int manager;

    if (size < 1) {
        return 0;
    }
    apr_initialize();
    apr_pool_create(&pool, NULL);
    manager = data[0] & 1;
    if (!read_filter(&filter, apr_pstrmemdup(pool, (const char *)data + 1, size - 1), manager,
                     pool)) {
        check(&filter, manager, pool);
    }
    apr_pool_destroy(pool);
    return 0;
}
