#include "keeper_state.h"

#include <string.h>

#include <apr_strings.h>

#define BATCH_BYTES (16 * 1024 * 1024) /* of payload; bounds the memory of one transaction */

static int open_segment(keeper_t *keeper, keeper_segment_t *segment)
{
    apr_status_t status;

    if (segment->reader) {
        return 1;
    }
    status = journal_reader_open(&segment->reader, segment->pool, keeper->journal_folder,
                                 &segment->file, segment->position);
    if (status == APR_SUCCESS) {
        return 1;
    }
    segment->reader = NULL;
    if (APR_STATUS_IS_ENOENT(status)) {
        segment->ended = segment->removed = 1;
        segment->ended_at = keeper->listing;
        keeper->list_now = 1;
    }
    else if (!segment->reported) {
        segment->reported = 1;
        keeper_log(keeper, KEEPER_ERROR, status, "cannot open %s/%s; its events wait there",
                   keeper->journal_folder, segment->file.name);
    }
    return 0;
}

static void end_reading(keeper_t *keeper, keeper_segment_t *segment)
{
    segment->ended = 1;
    segment->ended_at = keeper->listing;
    keeper->list_now = 1;
    journal_reader_close(segment->reader);
    segment->reader = NULL;
}

static keeper_item_t *add_item(keeper_batch_t *batch, keeper_segment_t *segment)
{
    keeper_item_t *item = &batch->items[batch->count++];

    memset(item, 0, sizeof(*item));
    item->segment = segment;
    item->start = segment->position;
    item->event.pool = batch->pool;
    segment->moved = 1;
    return item;
}

static void take_record(keeper_batch_t *batch, keeper_segment_t *segment,
                        const journal_record_t *record)
{
    keeper_item_t *item = add_item(batch, segment);

    item->kind = record->kind;
    item->number = record->number;
    item->payload = apr_pmemdup(batch->pool, record->payload, record->length);
    item->length = record->length;
    item->end = segment->position = record->end;
    item->damaged = event_decode_in_place(&item->event, item->payload, item->length) != APR_SUCCESS;
}

static void take_damage(keeper_batch_t *batch, keeper_segment_t *segment,
                        const journal_record_t *record)
{
    keeper_item_t *item = add_item(batch, segment);

    item->damaged = 1;
    item->end = segment->position = record->end;
}

static void report_reading(keeper_t *keeper, keeper_segment_t *segment, apr_status_t status)
{
    if (!segment->reported) {
        segment->reported = 1;
        keeper_log(keeper, KEEPER_ERROR, status, "cannot read %s/%s; its events wait there",
                   keeper->journal_folder, segment->file.name);
    }
}

/* Takes from one segment; *bytes is what may still be taken. */
static void read_segment(keeper_t *keeper, keeper_batch_t *batch, keeper_segment_t *segment,
                         apr_size_t *bytes)
{
    journal_record_t record;

    if (!open_segment(keeper, segment)) {
        return;
    }
    while (batch->count<keeper->limit && * bytes> 0) {
        apr_status_t status = journal_reader_next(segment->reader, &record);

        if (status == APR_SUCCESS) {
            take_record(batch, segment, &record);
            *bytes -= record.length < *bytes ? record.length : *bytes;
        }
        else if (status == APR_EINVAL) {
            take_damage(batch, segment, &record);
        }
        else if (status == APR_EOF) {
            end_reading(keeper, segment);
            return;
        }
        else {
            if (status != APR_EAGAIN) {
                report_reading(keeper, segment, status);
            }
            return;
        }
    }
}

/* The segments of one incarnation in their order: an outcome may lie in a later one than its
 * intent, never in an earlier one. */
static void read_run(keeper_t *keeper, keeper_batch_t *batch, int first, int end, apr_size_t *bytes)
{
    for (int i = first; i < end; i++) {
        keeper_segment_t *segment = segment_at(keeper, i);

        if (!segment->ended) {
            read_segment(keeper, batch, segment, bytes);
        }
        if (!segment->ended) {
            return;
        }
    }
}

void batch_read(keeper_t *keeper, keeper_batch_t *batch)
{
    int count = keeper->segments->nelts;
    int turn = count ? (int)(keeper->turn % (unsigned)count) : 0;
    apr_size_t bytes = BATCH_BYTES;

    batch->pool = keeper->batch_pool;
    batch->items = apr_palloc(batch->pool, (apr_size_t)keeper->limit * sizeof(keeper_item_t));
    batch->count = 0;
    /* From the run that `turn` lies in, around to the one before it. */
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0, end; i < count; i = end) {
            end = segments_run_end(keeper, i);
            if ((pass == 0) == (end > turn)) {
                read_run(keeper, batch, i, end, &bytes);
            }
        }
    }
    batch->full = batch->count == keeper->limit || bytes == 0;
}
