/* Hands events on as they are stored: to a local syslog socket, or to a file of JSON Lines that any
 * shipper follows. The store is the queue: how far each target has come stands in it, and purging
 * leaves alone what a target has not had yet. */
#include "keeper_state.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <apr_strings.h>

#include "text/duration.h"
#include "trail/event_ecs.h"

#define STEP_EVENTS 1000 /* handed on in one step, so that the journal is drained between */
#define STEP_GAP apr_time_from_msec(500)
#define STEP_BYTES (4 * 1024 * 1024)
#define RETRY_FIRST apr_time_from_sec(1)
#define RETRY_LONGEST apr_time_from_sec(60)
#define TAIL_BYTES EVENT_ECS_MOST /* of a file, in which its last line stands */
/* Events are stored a little out of the order of their times. */
#define TIME_SLACK apr_time_from_sec(86400)

struct forward_t {
    keeper_t *keeper;
    const keeper_forward_t *target;
    const char *meta;     /* name of its position in the store */
    apr_int64_t position; /* id of the last event it has had; -1: not known yet */
    apr_int64_t handed;   /* the same, of the step under way */
    apr_time_t waiting;   /* time of an event that it has not had; 0: it has all */
    int file;             /* descriptor, or -1 */
    apr_time_t retry_at;  /* boot clock */
    apr_interval_time_t retry_gap;
    int reported;
    apr_status_t status; /* of the step under way */
    buffer_t buffer;
    apr_pool_t *pool, *row_pool;
};

static void give_up(forward_t *forward)
{
    if (forward->file >= 0) {
        close(forward->file);
        forward->file = -1;
    }
}

static apr_status_t give_up_forward(void *payload)
{
    give_up(payload);
    return APR_SUCCESS;
}

void forward_create(keeper_t *keeper)
{
    const keeper_config_t *config = keeper->config;

    keeper->forwards = apr_array_make(keeper->pool, 1, sizeof(forward_t *));
    for (int i = 0; i < config->forward_count; i++) {
        forward_t *forward = apr_pcalloc(keeper->pool, sizeof(*forward));

        forward->keeper = keeper;
        forward->target = &config->forwards[i];
        forward->meta =
            apr_pstrcat(keeper->pool, "forward ", keeper->node, " ", forward->target->path, NULL);
        forward->position = -1;
        forward->file = -1;
        apr_pool_create(&forward->pool, keeper->pool);
        apr_pool_create(&forward->row_pool, keeper->pool);
        apr_pool_cleanup_register(keeper->pool, forward, give_up_forward, apr_pool_cleanup_null);
        APR_ARRAY_PUSH(keeper->forwards, forward_t *) = forward;
    }
}

static forward_t *forward_at(const keeper_t *keeper, int index)
{
    return APR_ARRAY_IDX(keeper->forwards, index, forward_t *);
}

/* ---- a file ---- */

/* The end of the file: cuts off half a line that a crash has left, and takes the position from the
 * last whole one, which may be ahead of what the store knows. */
static apr_status_t resume(forward_t *forward, off_t size)
{
    off_t from = size > TAIL_BYTES ? size - TAIL_BYTES : 0;
    char *tail = apr_palloc(forward->pool, TAIL_BYTES + 1);
    ssize_t length = pread(forward->file, tail, (size_t)(size - from), from), end, start;
    const char *node;
    apr_int64_t sequence, id;

    if (length < 0) {
        return errno;
    }
    for (end = length; end > 0 && tail[end - 1] != '\n'; end--) {
    }
    if (end < length && ftruncate(forward->file, from + end) != 0) {
        return errno;
    }
    for (start = end > 0 ? end - 1 : 0; start > 0 && tail[start - 1] != '\n'; start--) {
    }
    if (end > start &&
        event_ecs_identify(tail + start, (apr_size_t)(end - 1 - start), &node, &sequence, &id,
                           forward->pool) == APR_SUCCESS &&
        strcmp(node, forward->keeper->node) == 0 && id > forward->position) {
        forward->position = id;
    }
    return APR_SUCCESS;
}

static apr_status_t open_file(forward_t *forward)
{
    struct stat info;

    forward->file = open(forward->target->path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY,
                         S_IRUSR | S_IWUSR | S_IRGRP);
    if (forward->file < 0 || fstat(forward->file, &info) != 0) {
        return errno;
    }
    if (!S_ISREG(info.st_mode)) {
        return APR_EINVAL;
    }
    return info.st_size > 0 ? resume(forward, info.st_size) : APR_SUCCESS;
}

/* Rotated: the name leads elsewhere now. */
static int has_moved(const forward_t *forward)
{
    struct stat named, opened;

    return stat(forward->target->path, &named) != 0 || fstat(forward->file, &opened) != 0 ||
           named.st_ino != opened.st_ino || named.st_dev != opened.st_dev;
}

static apr_status_t write_all(int file, const char *data, apr_size_t length)
{
    while (length > 0) {
        ssize_t written = write(file, data, length);

        if (written < 0 && errno != EINTR) {
            return errno;
        }
        if (written > 0) {
            data += written;
            length -= (apr_size_t)written;
        }
    }
    return APR_SUCCESS;
}

/* All lines of a step at once, forced to disk before the position is. A part that a full disk takes
 * is cut back: half a line would spoil the next. */
static apr_status_t write_lines(forward_t *forward)
{
    struct stat before;
    apr_status_t status;

    if (fstat(forward->file, &before) != 0) {
        return errno;
    }
    status = write_all(forward->file, forward->buffer.data, forward->buffer.length);
    if (status == APR_SUCCESS && fdatasync(forward->file) != 0) {
        status = errno;
    }
    if (status != APR_SUCCESS && ftruncate(forward->file, before.st_size) != 0) {
        give_up(forward); /* opening it again cuts off the half line */
    }
    return status;
}

/* ---- syslog ---- */

static apr_status_t open_socket(forward_t *forward)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    apr_cpystrn(address.sun_path, forward->target->path, sizeof(address.sun_path));
    forward->file = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (forward->file < 0 ||
        connect(forward->file, (struct sockaddr *)&address, sizeof(address)) != 0) {
        return errno;
    }
    return APR_SUCCESS;
}

static apr_status_t send_message(forward_t *forward)
{
    ssize_t sent;

    do {
        sent = send(forward->file, forward->buffer.data, forward->buffer.length, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    return sent < 0 ? errno : APR_SUCCESS;
}

/* ---- a step ---- */

static int is_own(const forward_t *forward, const event_t *event)
{
    const char *node = event->cell[EVENT_NODE];

    return node && strcmp(node, forward->keeper->node) == 0;
}

/* Another node's events are its own keeper's to hand on. */
static int hand_on(void *payload, const event_t *event)
{
    forward_t *forward = payload;
    apr_int64_t id = event->cell[EVENT_ID] ? apr_atoi64(event->cell[EVENT_ID]) : 0;

    if (is_own(forward, event)) {
        apr_pool_clear(forward->row_pool);
        if (forward->target->kind == KEEPER_FORWARD_FILE) {
            event_ecs_line(&forward->buffer, event);
        }
        else {
            buffer_reset(&forward->buffer);
            event_syslog(&forward->buffer, event, forward->row_pool);
            forward->status = send_message(forward);
        }
        if (forward->status != APR_SUCCESS) {
            if (!event->cell[EVENT_TIME] ||
                time_parse(event->cell[EVENT_TIME], &forward->waiting) != APR_SUCCESS) {
                forward->waiting = apr_time_now();
            }
            return 1;
        }
    }
    forward->handed = id;
    return forward->buffer.length >= STEP_BYTES - EVENT_ECS_MOST;
}

/* Where it fails the file is opened anew, which tells how far it really came. */
static apr_status_t save_position(forward_t *forward)
{
    keeper_t *keeper = forward->keeper;
    apr_status_t status = database_begin(keeper);

    if (status == APR_SUCCESS) {
        status = store_meta_set(keeper->store, forward->meta,
                                apr_psprintf(forward->pool, "%" APR_INT64_T_FMT, forward->handed));
        status = database_end(keeper, status);
    }
    if (status == APR_SUCCESS) {
        forward->position = forward->handed;
    }
    else {
        give_up(forward);
    }
    return status;
}

/* A target that is new gets what happens from now on. */
static apr_status_t read_position(forward_t *forward)
{
    store_t *store = forward->keeper->store;
    const char *text, *hash;
    apr_int64_t sequence;
    apr_status_t status = store_meta_get(store, forward->meta, &text, forward->pool);

    if (status == APR_SUCCESS) {
        forward->position = apr_atoi64(text);
    }
    if (!APR_STATUS_IS_NOTFOUND(status)) {
        return status;
    }
    status = store_chain_tip(store, forward->keeper->node, &forward->handed, &sequence, &hash,
                             forward->pool);
    return status == APR_SUCCESS ? save_position(forward) : status;
}

apr_status_t forward_connected(keeper_t *keeper)
{
    apr_status_t status = APR_SUCCESS;

    for (int i = 0; i < keeper->forwards->nelts && status == APR_SUCCESS; i++) {
        forward_t *forward = forward_at(keeper, i);

        if (forward->position < 0) {
            status = read_position(forward);
            apr_pool_clear(forward->pool);
        }
    }
    return status;
}

static apr_status_t open_target(forward_t *forward)
{
    apr_status_t status = APR_SUCCESS;

    if (forward->target->kind == KEEPER_FORWARD_FILE && forward->file >= 0 && has_moved(forward)) {
        give_up(forward);
    }
    if (forward->file < 0) {
        status = forward->target->kind == KEEPER_FORWARD_FILE ? open_file(forward)
                                                              : open_socket(forward);
    }
    if (status != APR_SUCCESS) {
        give_up(forward);
    }
    return status;
}

static void went_wrong(forward_t *forward, apr_status_t status)
{
    if (!APR_STATUS_IS_EAGAIN(status)) {
        give_up(forward);
        forward->retry_gap = forward->retry_gap ? 2 * forward->retry_gap : RETRY_FIRST;
        forward->retry_gap =
            forward->retry_gap > RETRY_LONGEST ? RETRY_LONGEST : forward->retry_gap;
        if (!forward->reported) {
            forward->reported = 1;
            keeper_log(forward->keeper, KEEPER_ERROR, status,
                       "cannot forward events to %s; they wait in the database until it takes them",
                       forward->target->path);
        }
    }
    forward->retry_at = boot_time_now() + forward->retry_gap;
}

static void went_well(forward_t *forward)
{
    if (forward->reported) {
        forward->reported = 0;
        keeper_log(forward->keeper, KEEPER_NOTICE, APR_SUCCESS, "%s takes events again",
                   forward->target->path);
    }
    forward->retry_gap = 0;
    forward->waiting = 0;
}

/* Returns how the target fares; a database that fails has been dealt with and disconnected. */
static apr_status_t step(forward_t *forward)
{
    event_filter_t everything = {0};
    keeper_t *keeper = forward->keeper;
    apr_status_t status;

    forward->handed = forward->position;
    forward->status = APR_SUCCESS;
    buffer_init(&forward->buffer, forward->pool, STEP_BYTES);
    status = store_events_after(keeper->store, &everything, forward->position, STEP_EVENTS, hand_on,
                                forward, forward->pool);
    if (status != APR_SUCCESS) {
        database_failed(keeper, status);
        return APR_SUCCESS;
    }
    if (forward->target->kind == KEEPER_FORWARD_FILE && forward->buffer.length > 0) {
        status = write_lines(forward);
        if (status != APR_SUCCESS) {
            forward->waiting = forward->waiting ? forward->waiting : apr_time_now();
            return status;
        }
    }
    if (forward->handed > forward->position && save_position(forward) == APR_SUCCESS) {
        keeper->forwarding = 1;
    }
    return forward->status;
}

static void forward_one(forward_t *forward)
{
    apr_status_t status;

    if (boot_time_now() < forward->retry_at) {
        return;
    }
    status = open_target(forward);
    if (status == APR_SUCCESS) {
        status = step(forward);
    }
    else if (!forward->waiting) {
        forward->waiting = apr_time_now();
    }
    if (status == APR_SUCCESS) {
        went_well(forward);
    }
    else {
        went_wrong(forward, status);
    }
    apr_pool_clear(forward->pool);
}

/* Of the target that is furthest behind. */
static void tell_waiting(const keeper_t *keeper)
{
    apr_time_t since = 0;

    for (int i = 0; i < keeper->forwards->nelts; i++) {
        apr_time_t waiting = forward_at(keeper, i)->waiting;

        if (waiting && (!since || waiting < since)) {
            since = waiting;
        }
    }
    if (keeper->config->board) {
        board_set(keeper->config->board, BOARD_FORWARD_WAITING, since);
    }
}

void forward_tick(keeper_t *keeper)
{
    apr_time_t now = boot_time_now();

    /* Each step ends in a commit: what trickles in is handed on together. */
    if (!keeper->forwarding && now - keeper->forwarded_at < STEP_GAP) {
        return;
    }
    keeper->forwarded_at = now;
    keeper->forwarding = 0;
    for (int i = 0; i < keeper->forwards->nelts && keeper->store; i++) {
        forward_one(forward_at(keeper, i));
    }
    tell_waiting(keeper);
}

apr_time_t forward_limit(const keeper_t *keeper, apr_time_t before)
{
    for (int i = 0; i < keeper->forwards->nelts; i++) {
        apr_time_t waiting = forward_at(keeper, i)->waiting;

        if (waiting && waiting - TIME_SLACK < before) {
            before = waiting - TIME_SLACK;
        }
    }
    return before;
}
