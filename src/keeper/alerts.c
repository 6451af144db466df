/* From an event to messages in the outbox: judged by the rules of its site, against what the store
 * knows, in the transaction that appends it. */
#include <string.h>

#include <apr_strings.h>

#include "alert/message.h"
#include "alert/risk.h"
#include "judging.h"
#include "store/alert_store.h"
#include "text/digest.h"
#include "text/json_value.h"

#define LIMIT_BUCKETS 12
#define TEST_OPERATION "alert_test"
#define OPT_OUT_OPERATION "alert_opt_out"
#define FAILED_OPERATION "login_failed"

static int is_operation(const event_t *event, const char *name)
{
    return !strcmp(event_text(event, EVENT_OPERATION), name);
}

/* Most events are none of these: they cost a few comparisons. */
static int matters(const event_t *event)
{
    static const char *const operations[] = {"session_identified",
                                             "login",
                                             FAILED_OPERATION,
                                             "session_revoked",
                                             "read",
                                             "export",
                                             "gap",
                                             TEST_OPERATION,
                                             OPT_OUT_OPERATION,
                                             NULL};

    for (int i = 0; operations[i]; i++) {
        if (is_operation(event, operations[i])) {
            return 1;
        }
    }
    return !strcmp(event_text(event, EVENT_OUTCOME), "denied");
}

/* ---- whose event it is ---- */

/* A failed login names a user without proof, a program's login no uid: the user who was last known
 * by that login is meant. Nobody: a uid that is none. */
static apr_status_t find_user(judging_t *judging)
{
    const event_t *event = judging->event;
    apr_status_t status;

    judging->user.site = judging->site_name;
    judging->user.database = event_text(event, EVENT_DATABASE);
    judging->user.uid = event_text(event, EVENT_UID);
    if (*judging->user.uid || !event->cell[EVENT_LOGIN]) {
        return APR_SUCCESS;
    }
    status = store_known_holder(judging->keeper->store, judging->site_name, ALERT_KNOWN_LOGIN,
                                event->cell[EVENT_LOGIN], &judging->user, judging->pool);
    if (status == APR_NOTFOUND) {
        judging->user.uid = apr_pstrcat(judging->pool, "login:", event->cell[EVENT_LOGIN], NULL);
        status = APR_SUCCESS;
    }
    return status;
}

/* Mail goes to a name that Odoo itself has confirmed, never to what somebody typed into a form. */
static int is_confirmed(const judging_t *judging)
{
    return *judging->user.uid && strncmp(judging->user.uid, "login:", 6) != 0;
}

/* ---- who is told ---- */

static void add_recipient(judging_t *judging, const char *address, unsigned kinds, int is_user)
{
    recipient_t *recipient = judging->recipients;

    if (!alert_address_valid(address)) {
        if (address && strchr(address, '@')) {
            outbox_unfit(judging->keeper, address, message_about(kinds, judging->pool),
                         judging->site_name);
        }
        return;
    }
    for (; recipient < judging->recipients + judging->count; recipient++) {
        if (!strcasecmp(recipient->address, address)) {
            recipient->kinds |= kinds;
            return;
        }
    }
    if (judging->count < RECIPIENTS_MAX) {
        recipient->address = address;
        recipient->kinds = kinds;
        recipient->is_user = is_user;
        judging->count++;
    }
}

static apr_status_t add_user(judging_t *judging, unsigned kinds)
{
    int out = 0;
    apr_status_t status = APR_SUCCESS;

    if (is_confirmed(judging)) {
        status = store_opted_out(judging->keeper->store, &judging->user, &out);
        if (status == APR_SUCCESS && !out) {
            add_recipient(judging, judging->event->cell[EVENT_LOGIN], kinds, 1);
        }
    }
    return status;
}

static apr_status_t add_managers(judging_t *judging, unsigned kinds)
{
    apr_array_header_t *logins;
    apr_status_t status = store_known_values(judging->keeper->store, judging->site->name,
                                             ALERT_KNOWN_MANAGER, &logins, judging->pool);

    for (int i = 0; i < judging->site->manager_count; i++) {
        add_recipient(judging, judging->site->managers[i], kinds, 0);
    }
    for (int i = 0; i < logins->nelts; i++) {
        add_recipient(judging, APR_ARRAY_IDX(logins, i, const char *), kinds, 0);
    }
    return status;
}

static void add_addresses(judging_t *judging, const alert_line_t *line, unsigned kinds)
{
    for (int i = 0; i < line->addresses->nelts; i++) {
        add_recipient(judging, APR_ARRAY_IDX(line->addresses, i, const char *), kinds, 0);
    }
}

static apr_status_t add_line(judging_t *judging, const alert_line_t *line, unsigned kinds)
{
    apr_status_t status = APR_SUCCESS;

    if (line->to & ALERT_TO_USER) {
        status = add_user(judging, kinds);
    }
    if (status == APR_SUCCESS && line->to & ALERT_TO_MANAGERS) {
        status = add_managers(judging, kinds);
    }
    add_addresses(judging, line, kinds);
    return status;
}

/* ---- limits ---- */

/* Anybody can raise an alert of failed logins about anybody; what that uses up is counted apart, so
 * that it hides no login that succeeds. */
static const char *limit_name(const judging_t *judging, int of_user)
{
    int by_anybody = is_operation(judging->event, FAILED_OPERATION);
    const char *text =
        apr_psprintf(judging->pool, "%s\n%s\n%s%s", event_text(judging->event, EVENT_SITE),
                     event_text(judging->event, EVENT_DATABASE), judging->user.uid,
                     by_anybody ? "\n" FAILED_OPERATION : "");
    char hex[DIGEST_HEX_SIZE];

    if (!of_user) {
        return by_anybody ? "messages/" FAILED_OPERATION : "messages";
    }
    digest_sha256_hex(text, strlen(text), hex);
    return apr_pstrcat(judging->pool, "messages/", hex, NULL);
}

/* Counts one message, unless so many have been sent within the time. */
static apr_status_t count_message(const judging_t *judging, int of_user, const alert_limit_t *limit,
                                  int *over)
{
    store_t *store = judging->keeper->store;
    const char *name = limit_name(judging, of_user);
    apr_time_t now = apr_time_now();
    apr_interval_time_t width = limit->within / LIMIT_BUCKETS;
    apr_int64_t sent = 0;
    apr_status_t status;

    if (*over || limit->count == 0) {
        return APR_SUCCESS;
    }
    status = store_counter_sum(store, name, (now - limit->within) / width, &sent);
    *over = sent >= limit->count;
    if (status == APR_SUCCESS && !*over) {
        status = store_counter_add(store, name, now / width, 1, now + 2 * limit->within);
    }
    return status;
}

static apr_status_t within_limits(const judging_t *judging, int *over)
{
    const keeper_config_t *config = judging->keeper->config;
    apr_status_t status;

    *over = 0;
    status = count_message(judging, 1, &config->alerts_of_user, over);
    if (status == APR_SUCCESS) {
        status = count_message(judging, 0, &config->alerts_of_all, over);
    }
    if (*over) {
        outbox_limited(judging->keeper);
    }
    return status;
}

/* ---- into the outbox ---- */

static apr_status_t put(const judging_t *judging, const char *channel, const char *address,
                        unsigned kinds, int to_user)
{
    const keeper_config_t *config = judging->keeper->config;
    char id[MESSAGE_ID_SIZE];
    apr_time_t now = apr_time_now();
    int is_mail = !strcmp(channel, OUTBOX_MAIL), over;
    apr_status_t status = within_limits(judging, &over);

    if (status != APR_SUCCESS || over) {
        return status;
    }
    message_id(judging->event, channel, address, id);
    message_t message = {.id = id,
                         .host = judging->keeper->node,
                         .from = is_mail ? config->mail->from : NULL,
                         .to = address,
                         .now = now,
                         .page = judging->site->page,
                         .zone = judging->zone,
                         .event = judging->event,
                         .kinds = kinds,
                         .limit = judging->verdict.limit,
                         .counted = judging->verdict.counted,
                         .to_user = to_user};
    store_outbox_t row = {.id = id,
                          .site = judging->site->name,
                          .channel = channel,
                          .recipient = address,
                          .about = message_about(kinds, judging->pool),
                          .content = is_mail ? message_mail(&message, judging->pool)
                                             : message_json(&message, judging->pool),
                          .made = now,
                          .due = now};

    return row.content ? store_outbox_put(judging->keeper->store, judging->keeper->node, &row)
                       : APR_SUCCESS;
}

static apr_status_t put_all(const judging_t *judging, unsigned webhook_kinds)
{
    apr_status_t status = APR_SUCCESS;

    for (int i = 0; judging->keeper->config->mail && i < judging->count && status == APR_SUCCESS;
         i++) {
        const recipient_t *recipient = &judging->recipients[i];

        status =
            put(judging, OUTBOX_MAIL, recipient->address, recipient->kinds, recipient->is_user);
    }
    if (status == APR_SUCCESS && webhook_kinds && judging->keeper->config->webhook) {
        status = put(judging, OUTBOX_WEBHOOK, "", webhook_kinds, 0);
    }
    return status;
}

static apr_status_t tell(judging_t *judging)
{
    unsigned webhook_kinds = 0;
    apr_status_t status = APR_SUCCESS;

    judging->count = 0;
    judging_find_zone(judging);
    for (int i = 0; i < judging->line_count && status == APR_SUCCESS; i++) {
        const alert_line_t *line = &judging->lines[i];
        unsigned kinds = judging->verdict.of_line[i];

        if (kinds) {
            status = add_line(judging, line, kinds);
            webhook_kinds |= line->to & ALERT_TO_WEBHOOK ? kinds : 0;
        }
    }
    return status == APR_SUCCESS ? put_all(judging, webhook_kinds) : status;
}

/* ---- what managers ask for on the page ---- */

/* To whoever asked, or to the site's fixed addresses if that is no mail address. */
static apr_status_t tell_test(judging_t *judging)
{
    unsigned webhook_kinds = 0, test = ALERT_BIT(ALERT_TEST);

    judging->count = 0;
    if (!judging->site) {
        return APR_SUCCESS;
    }
    judging_find_zone(judging);
    add_recipient(judging, judging->event->cell[EVENT_LOGIN], test, 0);
    for (int i = 0; i < judging->line_count; i++) {
        if (!alert_address_valid(judging->event->cell[EVENT_LOGIN])) {
            add_addresses(judging, &judging->lines[i], test);
        }
        webhook_kinds |= judging->lines[i].to & ALERT_TO_WEBHOOK ? test : 0;
    }
    return put_all(judging, webhook_kinds);
}

static apr_status_t take_opt_out(judging_t *judging)
{
    static const json_limits_t limits = {.nodes = 32, .bytes = 2048, .string = 512, .members = 16};
    const char *text = event_text(judging->event, EVENT_VALUES);
    const json_value_t *values = json_parse(judging->pool, text, strlen(text), &limits);
    apr_int64_t uid;
    store_user_t user = {.site = judging->site_name,
                         .database = json_string(json_member(values, "database"))};

    if (!json_integer(json_member(values, "uid"), &uid)) {
        return APR_SUCCESS;
    }
    user.uid = apr_psprintf(judging->pool, "%" APR_INT64_T_FMT, uid);
    return store_opt_out(judging->keeper->store, &user, json_truthy(json_member(values, "opt_out")),
                         event_text(judging->event, EVENT_LOGIN), judging_time(judging));
}

/* ---- */

/* httpd.conf's lines first, so that their counters stay theirs whatever managers add. */
static void find_lines(judging_t *judging)
{
    const keeper_site_t *site = judging->site;
    const settings_t *page = site ? rules_of_page(judging->keeper, site->name) : NULL;
    const apr_array_header_t *more = page ? page->lines[SETTINGS_ALERTS] : NULL;

    judging->line_count = 0;
    for (int i = 0; site && i < site->alert_count && i < ALERT_MAX_LINES; i++) {
        judging->lines[judging->line_count++] = site->alerts[i];
    }
    for (int i = 0; more && i < more->nelts && judging->line_count < ALERT_MAX_LINES; i++) {
        if (!alert_line_parse(&judging->lines[judging->line_count],
                              APR_ARRAY_IDX(more, i, const char *), judging->pool)) {
            judging->line_count++;
        }
    }
}

static apr_status_t judge(judging_t *judging)
{
    const alert_history_t history = judging_history(judging);
    apr_status_t status = find_user(judging);

    find_lines(judging);
    if (status != APR_SUCCESS) {
        return status;
    }
    if (is_operation(judging->event, TEST_OPERATION)) {
        return tell_test(judging);
    }
    if (is_operation(judging->event, OPT_OUT_OPERATION)) {
        return take_opt_out(judging);
    }
    status = alert_judge(&judging->verdict, judging->lines, judging->line_count, judging->event,
                         &history, judging->pool);
    if (status == APR_SUCCESS) {
        status =
            risk_judge(&judging->risks, &judging->verdict, judging->event, &history, judging->pool);
    }
    return status == APR_SUCCESS && judging->verdict.kinds ? tell(judging) : status;
}

/* A gap belongs to no site: each is told whose lines ask for it. */
static apr_status_t judge_for_sites(judging_t *judging)
{
    const keeper_config_t *config = judging->keeper->config;
    const char *name = judging->event->cell[EVENT_SITE];
    apr_status_t status = APR_SUCCESS;
    int known = 0;

    for (int i = 0; i < config->site_count && status == APR_SUCCESS; i++) {
        if (!name || !strcmp(config->sites[i].name, name)) {
            judging->site = &config->sites[i];
            judging->site_name = judging->site->name;
            status = judge(judging);
            known = 1;
        }
        if (known && name) {
            break;
        }
    }
    if (!known && name && status == APR_SUCCESS) {
        judging->site = NULL;
        judging->site_name = name;
        status = judge(judging);
    }
    return status;
}

apr_status_t alerts_mark(keeper_t *keeper, const event_t *event, unsigned risks)
{
    apr_status_t status = APR_SUCCESS;

    for (int risk = 0; risk < RISKS && event->cell[EVENT_SESSION] && !status; risk++) {
        if (risks & RISK_BIT(risk)) {
            status = store_session_risk(keeper->store, event->cell[EVENT_SESSION],
                                        risk_name((risk_t)risk));
        }
    }
    return status;
}

apr_status_t alerts_event(keeper_t *keeper, event_t *event, unsigned *risks)
{
    judging_t *judging;
    apr_pool_t *pool;
    apr_status_t status;

    *risks = 0;
    if (!matters(event)) {
        return APR_SUCCESS;
    }
    rules_refresh(keeper); /* what was set before this event holds for it */
    apr_pool_create(&pool, keeper->batch_pool);
    judging = apr_pcalloc(pool, sizeof(*judging));
    judging->keeper = keeper;
    judging->event = event;
    judging->pool = pool;
    status = judge_for_sites(judging);
    *risks = judging->risks;
    apr_pool_destroy(pool);
    return status;
}
