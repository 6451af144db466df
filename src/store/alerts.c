#include "store/alert_store.h"

#include "handle.h"

static const char *text_of(const char *text)
{
    return text ? text : "";
}

static const char *msec_text(const store_t *store, apr_time_t time)
{
    return number_text(apr_time_as_msec(time), store->step);
}

/* Pages may ask as well, outside of any transaction. */
static apr_status_t asking(store_t *store)
{
    return store->mode == STORE_READ ? APR_SUCCESS : store_step(store);
}

static apr_status_t select_number(store_t *store, statement_id_t id, const char *const *values,
                                  apr_int64_t *number)
{
    rows_t rows;
    apr_status_t status = store_select(store, id, values, &rows, store->step);

    *number = !status && rows_next(&rows) ? rows_integer(&rows, 0) : 0;
    return status;
}

/* ---- what is known of a user ---- */

apr_status_t store_known_note(store_t *store, const store_user_t *user, const char *kind,
                              const char *value, apr_time_t when, int *is_new)
{
    apr_status_t status = store_step(store);
    const char *time;
    int changed = 0;

    *is_new = 0;
    if (status) {
        return status;
    }
    time = msec_text(store, when);
    const char *put[] = {text_of(user->site),
                         text_of(user->database),
                         text_of(user->uid),
                         kind,
                         text_of(value),
                         time,
                         time};
    const char *seen[] = {time, put[0], put[1], put[2], kind, put[4], time};

    status = store_execute(store, KNOWN_PUT, put, &changed);
    if (!status && !changed) {
        status = store_execute(store, KNOWN_SEEN, seen, NULL);
    }
    *is_new = !status && changed;
    return status;
}

apr_status_t store_known_count(store_t *store, const store_user_t *user, const char *kind,
                               apr_int64_t *count)
{
    const char *values[] = {text_of(user->site), text_of(user->database), text_of(user->uid), kind};
    apr_status_t status = asking(store);

    return status ? status : select_number(store, KNOWN_COUNT, values, count);
}

apr_status_t store_known_forget(store_t *store, const store_user_t *user, const char *kind)
{
    const char *values[] = {text_of(user->site), text_of(user->database), text_of(user->uid), kind};
    apr_status_t status = store_step(store);

    return status ? status : store_execute(store, KNOWN_FORGET, values, NULL);
}

apr_status_t store_known_holder(store_t *store, const char *site, const char *kind,
                                const char *value, store_user_t *user, apr_pool_t *pool)
{
    const char *values[] = {text_of(site), kind, text_of(value), "1"};
    rows_t rows;
    apr_status_t status = asking(store);

    if (!status) {
        status = store_select(store, KNOWN_HOLDERS, values, &rows, pool);
    }
    if (status) {
        return status;
    }
    if (!rows_next(&rows)) {
        return APR_NOTFOUND;
    }
    user->site = site;
    user->database = rows_text(&rows, 0);
    user->uid = rows_text(&rows, 1);
    return APR_SUCCESS;
}

apr_status_t store_known_values(store_t *store, const char *site, const char *kind,
                                apr_array_header_t **list, apr_pool_t *pool)
{
    const char *values[] = {text_of(site), kind, number_text(STORE_MAX_KNOWN, pool)};
    rows_t rows;
    apr_status_t status = asking(store);

    *list = apr_array_make(pool, 4, sizeof(const char *));
    if (!status) {
        status = store_select(store, KNOWN_VALUES, values, &rows, pool);
    }
    while (!status && rows_next(&rows)) {
        APR_ARRAY_PUSH(*list, const char *) = text_of(rows_text(&rows, 0));
    }
    return status;
}

/* ---- counters ---- */

apr_status_t store_counter_add(store_t *store, const char *name, apr_int64_t bucket,
                               apr_int64_t amount, apr_time_t expires)
{
    apr_status_t status = store_step(store);

    if (status) {
        return status;
    }
    const char *values[] = {name, number_text(bucket, store->step),
                            number_text(amount, store->step), msec_text(store, expires)};
    return store_execute(store, COUNTER_ADD, values, NULL);
}

apr_status_t store_counter_sum(store_t *store, const char *name, apr_int64_t first,
                               apr_int64_t *sum)
{
    apr_status_t status = store_step(store);

    if (status) {
        return status;
    }
    const char *values[] = {name, number_text(first, store->step)};
    return select_number(store, COUNTER_SUM, values, sum);
}

apr_status_t store_alerts_purge(store_t *store, apr_time_t now, apr_time_t before)
{
    apr_status_t status = store_step(store);

    if (status) {
        return status;
    }
    const char *expired[] = {msec_text(store, now)}, *unseen[] = {msec_text(store, before)};

    status = store_execute(store, COUNTER_EXPIRE, expired, NULL);
    return status ? status : store_execute(store, KNOWN_EXPIRE, unseen, NULL);
}

/* ---- the outbox ---- */

apr_status_t store_outbox_put(store_t *store, const char *node, const store_outbox_t *message)
{
    apr_status_t status = store_step(store);

    if (status) {
        return status;
    }
    const char *values[] = {message->id,
                            node,
                            message->site,
                            message->channel,
                            text_of(message->recipient),
                            message->about,
                            message->content,
                            msec_text(store, message->made),
                            msec_text(store, message->due),
                            number_text(message->tries, store->step)};
    return store_execute(store, OUTBOX_PUT, values, NULL);
}

static void read_message(const rows_t *rows, store_outbox_t *message)
{
    const char **const texts[] = {&message->id,        &message->site,  &message->channel,
                                  &message->recipient, &message->about, &message->content};
    int column = 0;

    for (; column < (int)(sizeof(texts) / sizeof(texts[0])); column++) {
        *texts[column] = rows_text(rows, column);
    }
    message->made = apr_time_from_msec(rows_integer(rows, column++));
    message->due = apr_time_from_msec(rows_integer(rows, column++));
    message->tries = (int)rows_integer(rows, column);
}

apr_status_t store_outbox_due(store_t *store, const char *node, const char *channel, apr_time_t now,
                              int limit, apr_array_header_t **messages, apr_pool_t *pool)
{
    const char *values[] = {node, channel, number_text(apr_time_as_msec(now), pool),
                            number_text(limit < STORE_MAX_OUTBOX ? limit : STORE_MAX_OUTBOX, pool)};
    rows_t rows;
    apr_status_t status = store_select(store, OUTBOX_DUE, values, &rows, pool);

    *messages = apr_array_make(pool, 4, sizeof(store_outbox_t));
    while (!status && rows_next(&rows)) {
        read_message(&rows, &APR_ARRAY_PUSH(*messages, store_outbox_t));
    }
    return status;
}

apr_status_t store_outbox_retry(store_t *store, const char *id, apr_time_t due)
{
    apr_status_t status = store_step(store);

    if (status) {
        return status;
    }
    const char *values[] = {msec_text(store, due), id};
    return store_execute(store, OUTBOX_RETRY, values, NULL);
}

apr_status_t store_outbox_adopt(store_t *store, const char *node, const char *channel,
                                apr_time_t before, int *count)
{
    apr_status_t status = store_step(store);

    *count = 0;
    if (status) {
        return status;
    }
    const char *values[] = {node, node, channel, msec_text(store, before)};
    return store_execute(store, OUTBOX_ADOPT, values, count);
}

apr_status_t store_outbox_remove(store_t *store, const char *id)
{
    apr_status_t status = store_step(store);

    return status ? status : store_execute(store, OUTBOX_REMOVE, &id, NULL);
}

apr_status_t store_outbox_count(store_t *store, const char *site, apr_int64_t *count)
{
    apr_status_t status = asking(store);

    return status ? status : select_number(store, OUTBOX_COUNT, &site, count);
}

/* ---- who wants none ---- */

apr_status_t store_opt_out(store_t *store, const store_user_t *user, int out, const char *set_by,
                           apr_time_t when)
{
    apr_status_t status = store_step(store);

    if (status) {
        return status;
    }
    const char *values[] = {text_of(user->site), text_of(user->database), text_of(user->uid),
                            set_by, msec_text(store, when)};
    return store_execute(store, out ? OPT_OUT_SET : OPT_OUT_LIFT, values, NULL);
}

apr_status_t store_opted_out(store_t *store, const store_user_t *user, int *out)
{
    const char *values[] = {text_of(user->site), text_of(user->database), text_of(user->uid)};
    apr_int64_t found = 0;
    apr_status_t status = asking(store);

    if (!status) {
        status = select_number(store, OPT_OUT_GET, values, &found);
    }
    *out = found != 0;
    return status;
}

apr_status_t store_opt_outs(store_t *store, const char *site, apr_array_header_t **list,
                            apr_pool_t *pool)
{
    const char *values[] = {text_of(site), number_text(STORE_MAX_OPT_OUTS, pool)};
    rows_t rows;
    apr_status_t status = asking(store);

    *list = apr_array_make(pool, 4, sizeof(store_opt_out_t));
    if (!status) {
        status = store_select(store, OPT_OUT_LIST, values, &rows, pool);
    }
    while (!status && rows_next(&rows)) {
        store_opt_out_t *out = &APR_ARRAY_PUSH(*list, store_opt_out_t);

        out->database = text_of(rows_text(&rows, 0));
        out->uid = text_of(rows_text(&rows, 1));
        out->set_by = rows_text(&rows, 2);
        out->since = apr_time_from_msec(rows_integer(&rows, 3));
    }
    return status;
}
