/* Between the outbox in the store and the threads that send: the keeper's own thread alone uses the
 * store, the senders get copies and give back results. A message whose sending the keeper did not
 * live to note is sent again, under the same id. */
#include <string.h>

#include <apr_strings.h>

#include "alert/delivery.h"
#include "keeper_state.h"
#include "store/alert_store.h"
#include "text/json_value.h"

#define LOOK_GAP apr_time_from_msec(500)
#define GIVE_UP apr_time_from_sec(86400)
#define RETRY_FIRST apr_time_from_sec(5)
#define RETRY_LONGEST apr_time_from_sec(3600)
#define PURGE_GAP apr_time_from_sec(3600)
#define ADOPT_GAP apr_time_from_sec(60)
#define ADOPT_AFTER apr_time_from_sec(900) /* a machine that lives has tried by then */
#define UNFIT_MAX 16                       /* addresses that no mail can be sent to, told of once */
#define KNOWN_KEPT apr_time_from_sec(APR_INT64_C(400) * 86400)
#define TELL_LIMIT_GAP apr_time_from_sec(3600)
#define STOP_PATIENCE apr_time_from_msec(300)
#define VALUES_MAX 2048

/* A message that a sender has. */
typedef struct under_way_t {
    char id[DELIVERY_ID_SIZE]; /* "": none */
    char recipient[256], about[256], site[256];
    apr_time_t made;
    int tries;
} under_way_t;

typedef struct channel_t {
    const char *name, *what;
    const delivery_config_t *config; /* NULL: there is no such channel */
    delivery_t *sender;              /* NULL: not started, or it cannot be */
    under_way_t under_way[DELIVERY_QUEUE];
    delivery_result_t result;
    int has_result; /* taken, not stored yet */
    int trouble;    /* told in the log, not over yet */
} channel_t;

typedef struct unfit_t {
    char address[256], about[256], site[256];
    int told;
} unfit_t;

struct alerts_t {
    channel_t channels[2];
    apr_time_t looked_at, purged_at; /* boot clock, as the next */
    apr_time_t limit_told_at;
    apr_time_t adopted_at; /* boot clock */
    unfit_t unfit[UNFIT_MAX];
    unsigned unfit_count; /* ever; the oldest gives its place up */
    unsigned limited;     /* messages not sent because of the limits, not told yet */
    apr_pool_t *pool;     /* cleared by each step */
};

/* ---- starting and stopping ---- */

static apr_status_t stop_with_pool(void *keeper)
{
    outbox_stop(keeper);
    return APR_SUCCESS;
}

static alerts_t *alerts_of(keeper_t *keeper)
{
    if (!keeper->alerts) {
        alerts_t *alerts = apr_pcalloc(keeper->pool, sizeof(*alerts));

        alerts->channels[0] =
            (channel_t){.name = OUTBOX_MAIL, .what = "mail server", .config = keeper->config->mail};
        alerts->channels[1] = (channel_t){.name = OUTBOX_WEBHOOK,
                                          .what = "webhook",
                                          .config = keeper->config->webhook};
        apr_pool_create(&alerts->pool, keeper->pool);
        apr_pool_cleanup_register(keeper->pool, keeper, stop_with_pool, apr_pool_cleanup_null);
        keeper->alerts = alerts;
    }
    return keeper->alerts;
}

void outbox_stop(keeper_t *keeper)
{
    for (int i = 0; keeper->alerts && i < 2; i++) {
        channel_t *channel = &keeper->alerts->channels[i];

        if (channel->sender) {
            delivery_stop(channel->sender, STOP_PATIENCE / 2);
        }
        channel->sender = NULL;
        channel->config = NULL;
    }
}

static int start(keeper_t *keeper, channel_t *channel)
{
    apr_status_t status = APR_SUCCESS;

    if (!channel->sender) {
        status = delivery_start(&channel->sender, channel->config);
        if (status != APR_SUCCESS) {
            channel->config = NULL;
            keeper_log(keeper, KEEPER_ERROR, status,
                       "the thread for the %s cannot be started; alerts wait until httpd is "
                       "restarted",
                       channel->what);
        }
    }
    return status == APR_SUCCESS;
}

/* ---- results ---- */

static under_way_t *find(channel_t *channel, const char *id)
{
    for (int i = 0; i < DELIVERY_QUEUE; i++) {
        if (!strcmp(channel->under_way[i].id, id)) {
            return &channel->under_way[i];
        }
    }
    return NULL;
}

static void tell_trouble(keeper_t *keeper, channel_t *channel, const char *reason)
{
    if (!channel->trouble) {
        keeper_log(keeper, KEEPER_WARNING, APR_SUCCESS,
                   "the %s does not take an alert: %s; it is tried again", channel->what, reason);
    }
    channel->trouble = 1;
}

static void tell_over(keeper_t *keeper, channel_t *channel)
{
    if (channel->trouble) {
        keeper_log(keeper, KEEPER_NOTICE, APR_SUCCESS, "the %s takes alerts again", channel->what);
    }
    channel->trouble = 0;
}

/* What an alert_failed tells. */
typedef struct failure_t {
    const char *channel, *recipient, *about, *site, *reason;
    const char *message; /* NULL: there is none */
    int tries;
} failure_t;

static void append_failed(keeper_t *keeper, const failure_t *failure)
{
    apr_pool_t *pool = keeper->alerts->pool;
    event_t *event = own_event(pool, "alert_failed");
    json_value_t *values = json_new_object(pool);
    buffer_t text;

    json_set(values, "channel", json_new_string(pool, failure->channel));
    json_set(values, "recipient", json_new_string(pool, failure->recipient));
    json_set(values, "alerts", json_new_string(pool, failure->about));
    json_set(values, "message", json_new_string(pool, failure->message));
    json_set(values, "tries", json_new_integer(pool, failure->tries));
    json_set(values, "reason", json_new_string(pool, failure->reason));
    buffer_init(&text, pool, VALUES_MAX);
    json_write(&text, values);
    event_set(event, EVENT_OUTCOME, "failed");
    event_set(event, EVENT_SITE, failure->site);
    event_set(event, EVENT_VALUES, buffer_string(&text));
    own_event_append(keeper, event);
    keeper_log(keeper, KEEPER_WARNING, APR_SUCCESS, "an alert (%s) is given up: %s", failure->about,
               failure->reason);
}

static void tell_failed(keeper_t *keeper, const channel_t *channel, const under_way_t *message)
{
    const failure_t failure = {.channel = channel->name,
                               .recipient = message->recipient,
                               .about = message->about,
                               .site = message->site,
                               .reason = channel->result.reason,
                               .message = message->id,
                               .tries = message->tries + 1};

    append_failed(keeper, &failure);
}

static apr_interval_time_t gap_after(const keeper_t *keeper, int tries)
{
    apr_interval_time_t gap =
        keeper->config->alert_retry ? keeper->config->alert_retry : RETRY_FIRST;

    while (tries-- > 0 && gap < RETRY_LONGEST) {
        gap *= 2;
    }
    return gap < RETRY_LONGEST ? gap : RETRY_LONGEST;
}

static int is_given_up(const keeper_t *keeper, const channel_t *channel, const under_way_t *message)
{
    apr_interval_time_t patience =
        keeper->config->alert_give_up ? keeper->config->alert_give_up : GIVE_UP;

    return channel->result.outcome == DELIVERY_REFUSED ||
           apr_time_now() + gap_after(keeper, message->tries) - message->made > patience;
}

/* The event first: it would be missing if the keeper died in between, and is only twice there so.
 */
static apr_status_t store_result(keeper_t *keeper, channel_t *channel, const under_way_t *message)
{
    int done = channel->result.outcome == DELIVERY_DONE;
    int given_up = !done && is_given_up(keeper, channel, message);
    apr_status_t status = database_begin(keeper);

    if (status != APR_SUCCESS) {
        return status;
    }
    if (given_up) {
        tell_failed(keeper, channel, message);
    }
    status = done || given_up
                 ? store_outbox_remove(keeper->store, message->id)
                 : store_outbox_retry(keeper->store, message->id,
                                      apr_time_now() + gap_after(keeper, message->tries));
    return database_end(keeper, status);
}

static apr_status_t take_results(keeper_t *keeper, channel_t *channel)
{
    apr_status_t status = APR_SUCCESS;

    while (status == APR_SUCCESS &&
           (channel->has_result || delivery_take(channel->sender, &channel->result))) {
        under_way_t *message = find(channel, channel->result.id);

        channel->has_result = 1;
        if (channel->result.outcome == DELIVERY_DONE) {
            tell_over(keeper, channel);
        }
        else if (channel->result.outcome == DELIVERY_AGAIN) {
            tell_trouble(keeper, channel, channel->result.reason);
        }
        status = message ? store_result(keeper, channel, message) : APR_SUCCESS;
        if (status == APR_SUCCESS) {
            channel->has_result = 0;
            if (message) {
                memset(message, 0, sizeof(*message));
            }
        }
    }
    return status;
}

/* ---- what is due ---- */

static void hand_over(channel_t *channel, const store_outbox_t *row)
{
    under_way_t *free_place = find(channel, "");

    if (!free_place || find(channel, row->id) || strlen(row->id) >= DELIVERY_ID_SIZE ||
        delivery_offer(channel->sender, row->id, row->recipient ? row->recipient : "",
                       row->content) != APR_SUCCESS) {
        return;
    }
    apr_cpystrn(free_place->id, row->id, sizeof(free_place->id));
    apr_cpystrn(free_place->recipient, row->recipient ? row->recipient : "",
                sizeof(free_place->recipient));
    apr_cpystrn(free_place->about, row->about ? row->about : "", sizeof(free_place->about));
    apr_cpystrn(free_place->site, row->site ? row->site : "", sizeof(free_place->site));
    free_place->made = row->made;
    free_place->tries = row->tries;
}

static apr_status_t offer_due(keeper_t *keeper, channel_t *channel)
{
    apr_array_header_t *rows;
    apr_status_t status =
        store_outbox_due(keeper->store, keeper->node, channel->name, apr_time_now(), DELIVERY_QUEUE,
                         &rows, keeper->alerts->pool);

    if (status != APR_SUCCESS) {
        database_failed(keeper, status);
        return status;
    }
    for (int i = 0; i < rows->nelts && start(keeper, channel); i++) {
        hand_over(channel, &APR_ARRAY_IDX(rows, i, store_outbox_t));
    }
    return APR_SUCCESS;
}

/* ---- */

void outbox_limited(keeper_t *keeper)
{
    alerts_of(keeper)->limited++;
}

static void tell_limited(keeper_t *keeper, apr_time_t now)
{
    alerts_t *alerts = keeper->alerts;
    event_t *event;

    if (!alerts->limited ||
        (alerts->limit_told_at && now - alerts->limit_told_at < TELL_LIMIT_GAP)) {
        return;
    }
    event = own_event(alerts->pool, "alert_failed");
    event_set(event, EVENT_OUTCOME, "failed");
    event_set(event, EVENT_VALUES,
              apr_psprintf(alerts->pool, "{\"reason\":\"limit\",\"messages\":%u}",
                           alerts->limited));
    own_event_append(keeper, event);
    keeper_log(keeper, KEEPER_WARNING, APR_SUCCESS,
               "more alerts than UserAuditAlertLimit allows: %u were not sent", alerts->limited);
    alerts->limited = 0;
    alerts->limit_told_at = now;
}

void outbox_unfit(keeper_t *keeper, const char *address, const char *about, const char *site)
{
    alerts_t *alerts = alerts_of(keeper);
    unfit_t *unfit = alerts->unfit;

    for (int i = 0; i < UNFIT_MAX; i++) {
        if (!strncmp(unfit[i].address, address, sizeof(unfit->address) - 1)) {
            return;
        }
    }
    unfit += alerts->unfit_count++ % UNFIT_MAX;
    apr_cpystrn(unfit->address, address, sizeof(unfit->address));
    apr_cpystrn(unfit->about, about, sizeof(unfit->about));
    apr_cpystrn(unfit->site, site, sizeof(unfit->site));
    unfit->told = 0;
}

static void tell_unfit(keeper_t *keeper)
{
    for (int i = 0; i < UNFIT_MAX; i++) {
        unfit_t *unfit = &keeper->alerts->unfit[i];

        if (*unfit->address && !unfit->told) {
            const failure_t failure = {.channel = OUTBOX_MAIL,
                                       .recipient = unfit->address,
                                       .about = unfit->about,
                                       .site = unfit->site,
                                       .reason = "no address that mail can be sent to"};

            append_failed(keeper, &failure);
            unfit->told = 1;
        }
    }
}

/* ---- what other machines left ---- */

static apr_status_t adopt(keeper_t *keeper, const channel_t *channel)
{
    int count = 0;
    apr_status_t status = database_begin(keeper);

    if (status != APR_SUCCESS) {
        return status;
    }
    status = store_outbox_adopt(keeper->store, keeper->node, channel->name,
                                apr_time_now() - ADOPT_AFTER, &count);
    if (status == APR_SUCCESS && count) {
        keeper_log(keeper, KEEPER_NOTICE, APR_SUCCESS,
                   "alerts that another machine left unsent: %d, sent by this one now", count);
    }
    return database_end(keeper, status);
}

static apr_status_t adopt_all(keeper_t *keeper, apr_time_t now)
{
    alerts_t *alerts = keeper->alerts;
    apr_status_t status = APR_SUCCESS;

    if (alerts->adopted_at && now - alerts->adopted_at < ADOPT_GAP) {
        return APR_SUCCESS;
    }
    alerts->adopted_at = now;
    for (int i = 0; i < 2 && status == APR_SUCCESS; i++) {
        status = alerts->channels[i].config ? adopt(keeper, &alerts->channels[i]) : APR_SUCCESS;
    }
    return status;
}

/* ---- */

static apr_status_t purge(keeper_t *keeper, apr_time_t now)
{
    apr_time_t wall = apr_time_now();
    apr_status_t status;

    if (keeper->alerts->purged_at && now - keeper->alerts->purged_at < PURGE_GAP) {
        return APR_SUCCESS;
    }
    keeper->alerts->purged_at = now;
    status = database_begin(keeper);
    return status == APR_SUCCESS
               ? database_end(keeper, store_alerts_purge(keeper->store, wall, wall - KNOWN_KEPT))
               : status;
}

void outbox_tick(keeper_t *keeper)
{
    alerts_t *alerts = alerts_of(keeper);
    apr_time_t now = boot_time_now();
    apr_status_t status = APR_SUCCESS;

    if (!keeper->store || (alerts->looked_at && now - alerts->looked_at < LOOK_GAP)) {
        return;
    }
    alerts->looked_at = now;
    apr_pool_clear(alerts->pool);
    tell_limited(keeper, now);
    tell_unfit(keeper);
    status = adopt_all(keeper, now);
    for (int i = 0; i < 2 && status == APR_SUCCESS; i++) {
        channel_t *channel = &alerts->channels[i];

        if (channel->sender) {
            status = take_results(keeper, channel);
        }
        if (channel->config && status == APR_SUCCESS) {
            status = offer_due(keeper, channel);
        }
    }
    if (status == APR_SUCCESS) {
        purge(keeper, now);
    }
}
