#include "plot.h"

#include <apr_escape.h>
#include <apr_strings.h>

#include "text/duration.h"
#include "view.h"

#define WIDTH 1200
#define HEIGHT 240
#define LEFT 48
#define TOP 10
#define FLOOR 214 /* where the bars stand */
#define LABELS 8  /* below the bars, at most */
#define LINES 4   /* across, at most */

#define CELL 26
#define CELL_GAP 3
#define WEEK_LEFT 48
#define WEEK_TOP 4
#define HEAT_STEPS 5

static void set_number(apr_pool_t *pool, json_value_t *object, const char *name, apr_int64_t number)
{
    json_set(object, name, json_new_integer(pool, number));
}

static void set_text(apr_pool_t *pool, json_value_t *object, const char *name, const char *text)
{
    json_set(object, name, json_new_string(pool, text));
}

const char *plot_address(const page_t *page, apr_time_t from, apr_time_t to, const char *query)
{
    return apr_psprintf(page->pool, "%s/activity?from=%s&to=%s%s", page->request->base,
                        time_format(page->pool, from), time_format(page->pool, to), query);
}

/* ---- bars ---- */

/* The smallest of 1, 2, 5, 10, 20 ... of which LINES are enough for that many. */
static apr_int64_t step_for(apr_int64_t most)
{
    static const int factors[] = {2, 5, 10};
    apr_int64_t power = 1;

    for (;;) {
        if (power * LINES >= most) {
            return power;
        }
        for (int i = 0; i < 2; i++) {
            if (power * factors[i] * LINES >= most) {
                return power * factors[i];
            }
        }
        power *= factors[2];
    }
}

static apr_int64_t highest(const overview_t *overview)
{
    apr_int64_t most = 1;

    for (int i = 0; i < overview->span->buckets; i++) {
        most = overview->buckets[i].total > most ? overview->buckets[i].total : most;
    }
    return most;
}

static json_value_t *lines_across(apr_pool_t *pool, apr_int64_t step, apr_int64_t most)
{
    json_value_t *lines = json_new_array(pool);

    for (apr_int64_t value = 0; value <= most; value += step) {
        json_value_t *line = json_push(lines, json_new_object(pool));

        set_number(pool, line, "y", FLOOR - value * (FLOOR - TOP) / most);
        set_text(pool, line, "label", view_number(pool, value));
    }
    return lines;
}

static const char *bucket_label(const page_t *page, const overview_t *overview, apr_time_t start)
{
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    apr_time_exp_t clock;

    zone_explode(page->zone, start, &clock);
    if (overview->span->hours == 1) {
        return apr_psprintf(page->pool, "%02d:00", clock.tm_hour);
    }
    return apr_psprintf(page->pool, "%d %s", clock.tm_mday, months[clock.tm_mon]);
}

static json_value_t *bar_parts(apr_pool_t *pool, const overview_bucket_t *bucket, apr_int64_t most,
                               int x, int width)
{
    json_value_t *parts = json_new_array(pool);
    apr_int64_t below = 0;

    for (int series = 1; series <= EVENT_SERIES; series++) {
        apr_int64_t low = FLOOR - below * (FLOOR - TOP) / most, high;
        json_value_t *part;

        below += bucket->series[series];
        high = FLOOR - below * (FLOOR - TOP) / most;
        if (bucket->series[series] == 0) {
            continue;
        }
        part = json_push(parts, json_new_object(pool));
        set_text(pool, part, "series", apr_psprintf(pool, "s%d", series));
        set_number(pool, part, "x", x);
        set_number(pool, part, "width", width);
        set_number(pool, part, "y", high);
        set_number(pool, part, "height", low > high ? low - high : 1);
    }
    return parts;
}

static json_value_t *bar(const page_t *page, const overview_t *overview, int i, apr_int64_t most)
{
    apr_pool_t *pool = page->pool;
    const overview_bucket_t *bucket = &overview->buckets[i];
    int room = WIDTH - LEFT, count = overview->span->buckets;
    int x = LEFT + room * i / count, next = LEFT + room * (i + 1) / count;
    int gap = (next - x) / 5 + 1;
    int labelled = i % ((count + LABELS - 1) / LABELS) == 0;
    json_value_t *object = json_new_object(pool);

    set_text(pool, object, "href", plot_address(page, bucket->start, bucket->end, ""));
    set_text(pool, object, "title",
             apr_pstrcat(pool, zone_format(page->zone, bucket->start, pool), ": ",
                         view_number(pool, bucket->total), " events", NULL));
    set_number(pool, object, "x", x);
    set_number(pool, object, "width", next - x);
    set_number(pool, object, "middle", (x + next) / 2);
    set_text(pool, object, "label", labelled ? bucket_label(page, overview, bucket->start) : NULL);
    json_set(object, "parts", bar_parts(pool, bucket, most, x + gap / 2, next - x - gap));
    return object;
}

json_value_t *plot_activity(const page_t *page, const overview_t *overview)
{
    apr_pool_t *pool = page->pool;
    json_value_t *plot = json_new_object(pool), *bars;
    apr_int64_t step = step_for(highest(overview));
    apr_int64_t most = (highest(overview) + step - 1) / step * step;

    set_number(pool, plot, "view_width", WIDTH);
    set_number(pool, plot, "view_height", HEIGHT);
    set_number(pool, plot, "left", LEFT);
    set_number(pool, plot, "label_x", LEFT - 8);
    set_number(pool, plot, "top", TOP);
    set_number(pool, plot, "bar_height", FLOOR - TOP);
    set_number(pool, plot, "label_y", FLOOR + 17);
    json_set(plot, "lines", lines_across(pool, step, most));
    bars = json_set(plot, "bars", json_new_array(pool));
    for (int i = 0; i < overview->span->buckets; i++) {
        json_push(bars, bar(page, overview, i, most));
    }
    return plot;
}

/* ---- the week ---- */

static const char *const weekdays[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};

static apr_int64_t busiest_hour(const overview_t *overview)
{
    apr_int64_t most = 1;

    for (int day = 0; day < 7; day++) {
        for (int hour = 0; hour < 24; hour++) {
            most = overview->week[day][hour] > most ? overview->week[day][hour] : most;
        }
    }
    return most;
}

/* Within seven days a cell is one hour, which has its list. */
static int cells_are_hours(const overview_t *overview)
{
    return overview->to - overview->from <= apr_time_from_sec(7 * 86400 + 7200);
}

static const char *hour_address(const page_t *page, const overview_t *overview, int day, int hour)
{
    apr_time_exp_t clock;

    if (!cells_are_hours(overview)) {
        return NULL;
    }
    for (apr_time_t time = overview->from; time < overview->to; time += apr_time_from_sec(3600)) {
        zone_explode(page->zone, time, &clock);
        if ((clock.tm_wday + 6) % 7 == day && clock.tm_hour == hour) {
            return plot_address(page, time, time + apr_time_from_sec(3600), "");
        }
    }
    return NULL;
}

static json_value_t *week_cell(const page_t *page, const overview_t *overview, int day, int hour,
                               apr_int64_t most)
{
    apr_pool_t *pool = page->pool;
    apr_int64_t count = overview->week[day][hour];
    json_value_t *cell = json_new_object(pool);

    set_number(pool, cell, "x", WEEK_LEFT + hour * (CELL + CELL_GAP));
    set_number(pool, cell, "y", WEEK_TOP + day * (CELL + CELL_GAP));
    set_text(pool, cell, "heat",
             apr_psprintf(pool, "h%d", (int)((count * HEAT_STEPS + most - 1) / most)));
    set_text(pool, cell, "title",
             apr_psprintf(pool, "%s %02d:00: %s events", weekdays[day], hour,
                          view_number(pool, count)));
    set_text(pool, cell, "href", count ? hour_address(page, overview, day, hour) : NULL);
    return cell;
}

static json_value_t *week_labels(apr_pool_t *pool)
{
    json_value_t *labels = json_new_array(pool);

    for (int day = 0; day < 7; day++) {
        json_value_t *label = json_push(labels, json_new_object(pool));

        set_number(pool, label, "x", 0);
        set_number(pool, label, "y", WEEK_TOP + day * (CELL + CELL_GAP) + CELL * 2 / 3);
        set_text(pool, label, "text", weekdays[day]);
    }
    for (int hour = 0; hour < 24; hour += 3) {
        json_value_t *label = json_push(labels, json_new_object(pool));

        set_number(pool, label, "x", WEEK_LEFT + hour * (CELL + CELL_GAP));
        set_number(pool, label, "y", WEEK_TOP + 7 * (CELL + CELL_GAP) + 18);
        set_text(pool, label, "text", apr_psprintf(pool, "%02d", hour));
    }
    return labels;
}

/* The same for who hears the page: a row an hour, a column a day. */
static json_value_t *week_rows(const page_t *page, const overview_t *overview)
{
    apr_pool_t *pool = page->pool;
    json_value_t *rows = json_new_array(pool);

    for (int hour = 0; hour < 24; hour++) {
        json_value_t *row = json_push(rows, json_new_object(pool)), *days;

        set_text(pool, row, "hour", apr_psprintf(pool, "%02d:00", hour));
        days = json_set(row, "days", json_new_array(pool));
        for (int day = 0; day < 7; day++) {
            json_value_t *cell = json_push(days, json_new_object(pool));
            apr_int64_t count = overview->week[day][hour];

            set_text(pool, cell, "number", view_number(pool, count));
            set_text(pool, cell, "href", count ? hour_address(page, overview, day, hour) : NULL);
        }
    }
    return rows;
}

json_value_t *plot_week(const page_t *page, const overview_t *overview)
{
    apr_pool_t *pool = page->pool;
    json_value_t *plot = json_new_object(pool), *cells;
    apr_int64_t most = busiest_hour(overview);

    set_number(pool, plot, "view_width", WEEK_LEFT + 24 * (CELL + CELL_GAP));
    set_number(pool, plot, "view_height", WEEK_TOP + 7 * (CELL + CELL_GAP) + 24);
    set_number(pool, plot, "size", CELL);
    json_set(plot, "labels", week_labels(pool));
    json_set(plot, "rows", week_rows(page, overview));
    json_set(plot, "leads", json_new_boolean(pool, cells_are_hours(overview)));
    cells = json_set(plot, "cells", json_new_array(pool));
    for (int day = 0; day < 7; day++) {
        for (int hour = 0; hour < 24; hour++) {
            json_push(cells, week_cell(page, overview, day, hour, most));
        }
    }
    return plot;
}

/* ---- rows ---- */

static apr_int64_t number_of(const json_value_t *row, const char *name)
{
    apr_int64_t number = 0;

    json_integer(json_member(row, name), &number);
    return number;
}

void plot_rows(apr_pool_t *pool, json_value_t *rows)
{
    apr_int64_t most = 1;

    for (json_value_t *row = rows->first; row; row = row->next) {
        most = number_of(row, "events") > most ? number_of(row, "events") : most;
    }
    for (json_value_t *row = rows->first; row; row = row->next) {
        set_number(pool, row, "width", number_of(row, "events") * 100 / most);
        set_number(pool, row, "bad_width",
                   (number_of(row, "denied") + number_of(row, "failed")) * 100 / most);
    }
}
