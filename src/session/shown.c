#include "session/shown.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <apr_shm.h>
#include <apr_strings.h>

#include "shared_lock.h"

#define SHOWN_MAGIC APR_UINT64_C(0x314e574f48534155)
#define SHOWN_LAYOUT 2u /* counts up with every change of what follows */

#define DATABASE_SIZE 128 /* more than any database's name has */
#define BUCKETS 1024      /* of each lane */
#define LANES 2           /* the small notes, and the large ones */
#define MAX_STEPS 256     /* through a bucket, where views share it */
#define HALF_KEY (DIGEST_SIZE / 2)

/* In front of each note. */
typedef struct head_t {
    apr_uint64_t key[2];
    shown_place_t before; /* the note of the same bucket before it */
    apr_uint64_t length;
} head_t;

/* Positions count all bytes that were ever written; the memory has the last SHOWN_LANE_SIZE of
 * them, and no note goes over its end. */
typedef struct lane_t {
    apr_uint64_t end;
    shown_place_t last[BUCKETS];
} lane_t;

/* What is written least often stands apart from the notes, so that memory is only taken as it
 * fills. */
typedef struct shard_t {
    pthread_mutex_t lock;
    apr_uint64_t turn;
    lane_t lanes[LANES];
} shard_t;

struct shown_t {
    apr_uint64_t magic; /* these two keep their place in every layout */
    apr_uint32_t layout;
    unsigned char hash_key[DIGEST_SIZE];
    shard_t shards[SHOWN_SHARDS];
    char notes[SHOWN_SHARDS][LANES][SHOWN_LANE_SIZE];
};

/* ---- the memory ---- */

/* Positions begin behind 0, which is nowhere, and those of a walk under way lead nowhere either. */
static void empty(shard_t *shard)
{
    for (int i = 0; i < LANES; i++) {
        lane_t *lane = &shard->lanes[i];

        memset(lane->last, 0, sizeof(lane->last));
        lane->end = (lane->end / SHOWN_LANE_SIZE + 2) * SHOWN_LANE_SIZE;
    }
}

/* What people saw is nothing for a core dump. Whole pages only. */
static void keep_from_dumps(shown_t *shown)
{
    apr_uintptr_t page = (apr_uintptr_t)sysconf(_SC_PAGESIZE);
    apr_uintptr_t first = (apr_uintptr_t)shown->notes, last = first + sizeof(shown->notes);

    first = (first + page - 1) / page * page;
    (void)madvise((void *)first, last / page * page - first, MADV_DONTDUMP);
}

/* The kernel hands the memory out zeroed. */
apr_status_t shown_create(shown_t **shown, apr_pool_t *pool)
{
    apr_shm_t *memory;
    apr_status_t status = apr_shm_create(&memory, sizeof(shown_t), NULL, pool);

    *shown = NULL;
    if (status != APR_SUCCESS) {
        return status;
    }
    *shown = apr_shm_baseaddr_get(memory);
    status = digest_random((*shown)->hash_key, sizeof((*shown)->hash_key));
    for (int i = 0; status == APR_SUCCESS && i < SHOWN_SHARDS; i++) {
        status = shared_lock_init(&(*shown)->shards[i].lock);
        empty(&(*shown)->shards[i]);
    }
    if (status != APR_SUCCESS) {
        apr_shm_destroy(memory);
        *shown = NULL;
        return status;
    }
    keep_from_dumps(*shown);
    (*shown)->layout = SHOWN_LAYOUT;
    (*shown)->magic = SHOWN_MAGIC;
    return APR_SUCCESS;
}

apr_status_t shown_check(const shown_t *shown)
{
    return shown->magic == SHOWN_MAGIC && shown->layout == SHOWN_LAYOUT ? APR_SUCCESS
                                                                        : APR_EMISMATCH;
}

/* ---- keys ---- */

int shown_view(const shown_t *shown, const fingerprint_t *session, apr_int64_t uid,
               const char *database, const char *model, shown_view_t *view)
{
    char text[sizeof(*session) + sizeof(uid) + DATABASE_SIZE + SHOWN_MODEL_SIZE];
    apr_size_t database_size = strlen(database) + 1, model_size = strlen(model) + 1;
    char *end = text;

    if (database_size > DATABASE_SIZE || model_size > SHOWN_MODEL_SIZE) {
        return 0;
    }
    memcpy(end, session, sizeof(*session));
    end += sizeof(*session);
    memcpy(end, &uid, sizeof(uid));
    end += sizeof(uid);
    memcpy(end, database, database_size);
    end += database_size;
    memcpy(end, model, model_size);
    end += model_size;
    for (int i = 0; i < 2; i++) {
        view->key[i] =
            digest_siphash(shown->hash_key + i * HALF_KEY, text, (apr_size_t)(end - text));
    }
    return 1;
}

static apr_size_t shard_of(const shown_view_t *view)
{
    return (apr_size_t)(view->key[0] % SHOWN_SHARDS);
}

static apr_size_t bucket_of(const shown_view_t *view)
{
    return (apr_size_t)(view->key[1] % BUCKETS);
}

/* NULL if the lock cannot be had. A dead owner may have left anything half written. */
static shard_t *lock(shown_t *shown, const shown_view_t *view)
{
    shard_t *shard = &shown->shards[shard_of(view)];
    int error = pthread_mutex_lock(&shard->lock);

    if (error == EOWNERDEAD) {
        empty(shard);
        error = pthread_mutex_consistent(&shard->lock);
    }
    return error == 0 ? shard : NULL;
}

/* ---- within the lock ---- */

static char *at(shown_t *shown, const shown_view_t *view, int lane, apr_uint64_t position)
{
    return shown->notes[shard_of(view)][lane] + position % SHOWN_LANE_SIZE;
}

/* 1 if what stood there has not been written over. */
static int is_kept(const lane_t *lane, const shown_place_t *place)
{
    return place->position && place->position + SHOWN_LANE_SIZE >= lane->end;
}

/* Room for so many bytes at the end of the lane; returns its position. */
static apr_uint64_t extend(lane_t *lane, apr_size_t size)
{
    apr_uint64_t position = lane->end;

    if (position % SHOWN_LANE_SIZE + size > SHOWN_LANE_SIZE) {
        position += SHOWN_LANE_SIZE - position % SHOWN_LANE_SIZE;
    }
    lane->end = position + size;
    return position;
}

static apr_size_t rounded(apr_size_t size)
{
    return APR_ALIGN(size, sizeof(apr_uint64_t));
}

/* The later one of the two lanes' next notes; -1 if there is none, or it is gone. */
static int later_lane(const shard_t *shard, const shown_walk_t *walk)
{
    int lane = walk->next[0].turn >= walk->next[1].turn ? 0 : 1;

    return is_kept(&shard->lanes[lane], &walk->next[lane]) ? lane : -1;
}

static void begin(const shard_t *shard, const shown_view_t *view, shown_walk_t *walk)
{
    walk->begun = 1;
    for (int lane = 0; lane < LANES; lane++) {
        walk->next[lane] = shard->lanes[lane].last[bucket_of(view)];
    }
}

/* The head of the view's next note, which the walk then goes past; NULL if there is none. */
static const char *step(shown_t *shown, const shard_t *shard, const shown_view_t *view,
                        shown_walk_t *walk, head_t *head)
{
    for (int steps = 0; steps < MAX_STEPS; steps++) {
        int lane = later_lane(shard, walk);
        const char *note;

        if (lane < 0) {
            break;
        }
        note = at(shown, view, lane, walk->next[lane].position);
        memcpy(head, note, sizeof(*head));
        walk->next[lane] = head->before;
        if (memcmp(head->key, view->key, sizeof(head->key)) == 0) {
            return note;
        }
    }
    memset(walk->next, 0, sizeof(walk->next));
    return NULL;
}

/* ---- what others call ---- */

void shown_add(shown_t *shown, const shown_view_t *view, const struct iovec *pieces, int count)
{
    head_t head = {.key = {view->key[0], view->key[1]}};
    shown_place_t *last;
    lane_t *lane;
    shard_t *shard;
    apr_uint64_t position;
    char *to;
    int large;

    for (int i = 0; i < count; i++) {
        head.length += pieces[i].iov_len;
    }
    shard = lock(shown, view);
    if (!shard) {
        return;
    }
    large = head.length > SHOWN_SMALL_SIZE;
    lane = &shard->lanes[large];
    last = &lane->last[bucket_of(view)];
    head.before = *last;
    position = extend(lane, rounded(sizeof(head) + head.length));
    to = at(shown, view, large, position);
    memcpy(to, &head, sizeof(head));
    to += sizeof(head);
    for (int i = 0; i < count; i++) {
        if (pieces[i].iov_len > 0) { /* an empty one may have no place at all */
            memcpy(to, pieces[i].iov_base, pieces[i].iov_len);
            to += pieces[i].iov_len;
        }
    }
    last->position = position;
    last->turn = ++shard->turn;
    pthread_mutex_unlock(&shard->lock);
}

int shown_any(shown_t *shown, const shown_view_t *view)
{
    shown_walk_t walk = {0};
    shard_t *shard = lock(shown, view);
    head_t head;
    int any = 0;

    if (shard) {
        begin(shard, view, &walk);
        any = step(shown, shard, view, &walk, &head) != NULL;
        pthread_mutex_unlock(&shard->lock);
    }
    return any;
}

const char *shown_next(shown_t *shown, const shown_view_t *view, shown_walk_t *walk,
                       apr_size_t *length, apr_pool_t *pool)
{
    shard_t *shard = lock(shown, view);
    const char *note;
    char *copy = NULL;
    head_t head;

    if (!shard) {
        return NULL;
    }
    if (!walk->begun) {
        begin(shard, view, walk);
    }
    note = step(shown, shard, view, walk, &head);
    if (note) {
        *length = (apr_size_t)head.length;
        copy = apr_pmemdup(pool, note + sizeof(head), *length);
    }
    pthread_mutex_unlock(&shard->lock);
    return copy;
}
