/* A file of settings: whatever it holds, what is taken from it writes and reads back as the same,
 * and adds up with a floor to nothing less than the floor. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <apr_general.h>

#include "settings/settings_file.h"
#include "target.h"

#define FLOOR_TIME apr_time_from_sec(900)

static void require(int truth)
{
    if (!truth) {
        abort();
    }
}

static void require_same(const settings_t *left, const settings_t *right)
{
    for (int field = 0; field < SETTINGS_FIELDS; field++) {
        require(settings_equal(left, right, (settings_field_t)field));
    }
}

static void read_back(const settings_record_t *record, apr_pool_t *pool)
{
    settings_record_t again;
    buffer_t buffer;

    buffer_init(&buffer, pool, SETTINGS_MAX_RECORD);
    settings_record_write(record, &buffer);
    require(!buffer.overflow);
    require(!settings_record_read(&again, buffer.data, buffer.length, pool));
    require(settings_record_compare(record, &again) == 0);
    require_same(&record->settings, &again.settings);
}

static void add_up(const settings_t *page, apr_pool_t *pool)
{
    settings_t floor, sum;

    settings_init(&floor, pool);
    floor.values = VALUES_NAMES;
    floor.idle_timeout = floor.max_lifetime = FLOOR_TIME;
    floor.max_user_sessions = 3;
    APR_ARRAY_PUSH(floor.lines[SETTINGS_TRACK], const char *) = "write *";
    settings_effective(&sum, &floor, page, pool);
    require(sum.values >= VALUES_NAMES && sum.values <= VALUES_FULL);
    require(sum.idle_timeout > 0 && sum.idle_timeout <= FLOOR_TIME);
    require(sum.max_lifetime > 0 && sum.max_lifetime <= FLOOR_TIME);
    require(sum.max_user_sessions > 0 && sum.max_user_sessions <= 3);
    require(sum.lines[SETTINGS_TRACK]->nelts == 1 + page->lines[SETTINGS_TRACK]->nelts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *pool;
    settings_book_t book;
    const char *problem;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    problem = settings_book_read(&book, (const char *)data, size, pool);
    require(!problem || book.records->nelts == 0);
    for (int i = 0; i < book.records->nelts; i++) {
        const settings_record_t *record = &APR_ARRAY_IDX(book.records, i, settings_record_t);

        read_back(record, pool);
        add_up(&record->settings, pool);
    }
    apr_pool_destroy(pool);
    return 0;
}
